"""The interface of an oracle: third-party code that counts something about a layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from convcost._layers import Dense
from convcost._layers.depthwise import SeparableConvolution
from convcost._layers.spatial import Spatial
from convcost._verify.oracles.description import steps

if TYPE_CHECKING:
    from convcost._layers import Layer
    from convcost._verify.devices import Device
    from convcost._verify.types import Counts


class NotVisible(Exception):  # noqa: N818 - an answer, not a failure
    """The oracle can't see this configuration; the message says why."""

    __module__ = "convcost.verify"  # where users import it from


class Oracle(ABC):
    """An independent count, made by third-party code.

    Parameters
    ----------
    device
        The device to run on, if anything has to run.
    """

    # Its name for `--oracle`, its title, the module it needs, and how to install that.
    name: ClassVar[str]
    title: ClassVar[str]
    module: ClassVar[str]
    install: ClassVar[str]

    def __init__(self, device: Device) -> None:
        self.device = device

    @classmethod
    def is_installed(cls) -> bool:
        """Return whether the framework is installed, without importing it."""
        return find_spec(cls.module) is not None

    @abstractmethod
    def count(self, layer: Layer, input_shape: tuple[int, ...]) -> Counts:
        """Count what this oracle can see of a layer and one input.

        Parameters
        ----------
        layer
            The layer, with integers as arguments.
        input_shape
            Shape of the input in elements, without the batch.

        Returns
        -------
        dict
            Counts under the names that `convcost._verify.cases.claims` uses.

        Raises
        ------
        NotVisible
            If this oracle can't see the configuration.
        """


def require_kernel(layer: Layer) -> None:
    """Refuse a layer that multiplies by no kernel.

    Raises
    ------
    NotVisible
        If the layer is neither a convolution nor a dense layer.
    """
    if not isinstance(layer, (Spatial, Dense)):
        raise NotVisible("it counts convolutions and dense layers only")


class StepOracle(Oracle):
    """An oracle that counts a separable layer step by step, and adds up the counts."""

    def count(self, layer: Layer, input_shape: tuple[int, ...]) -> dict[str, int]:
        """Count the layer, or each of its two steps."""
        require_kernel(layer)
        if not isinstance(layer, SeparableConvolution):
            return self.count_step(layer, input_shape)
        depthwise, pointwise = steps(layer)
        first = self.count_step(depthwise, input_shape)
        second = self.count_step(pointwise, depthwise.output_shape(input_shape))
        return {name: first[name] + second[name] for name in first}

    @abstractmethod
    def count_step(self, layer: Layer, input_shape: tuple[int, ...]) -> dict[str, int]:
        """Count a layer of one step."""
