"""Roofline bounds for a layer, and for each layer of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._cost import text
from convcost._exact import arithmetic
from convcost._exact.scalars import is_array, refuse
from convcost._exact.sizes import check_flag, check_integer
from convcost._hardware.machines import Bound, Machine, limit_text, number_text
from convcost._layers import Layer
from convcost._layers.results import passes

if TYPE_CHECKING:
    from typing import Any

    from convcost._exact.types import Count, InputShape, Size
    from convcost._models.network import Network
    from convcost._models.rows import Row


class LayerBound(NamedTuple):
    """The bound of one layer of a network.

    Attributes
    ----------
    row
        The layer's row.
    bound
        The layer's roofline bound.
    """

    row: Row
    bound: Bound


class Prediction(tuple[LayerBound, ...]):
    """The bounds of a network's layers, in order."""

    __slots__ = ()

    @property
    def seconds(self) -> Count:
        """Total seconds, with each layer at its own roof."""
        return arithmetic.total("seconds", [layer.bound.seconds for layer in self])

    def __repr__(self) -> str:
        return str(self)  # a REPL shows the table

    def __str__(self) -> str:
        lines = text.align([_HEAD, *map(_cells, self)], right=(1, 2))
        return "\n".join((*lines, *self._total()))

    def _repr_html_(self) -> str:
        made = text.table(_HEAD, [_cells(layer) for layer in self], right=(1, 2))
        return made + "".join(f"<p>{text.escape(line)}</p>" for line in self._total())

    def _total(self) -> list[str]:
        machines = dict.fromkeys(layer.bound.machine.name for layer in self)
        return [
            f"total: at least {number_text(self.seconds, '.2e')} s on {name}" for name in machines
        ]


_HEAD = ("layer", "FLOPs/byte", "seconds", "limited by")


def _cells(layer: LayerBound) -> tuple[str, ...]:
    row, bound = layer
    intensity, seconds = number_text(bound.intensity, ".2f"), number_text(bound.seconds, ".2e")
    return row.name, intensity, seconds, limit_text(bound)


def roofline(
    layer: Layer[Any],
    input_shape: InputShape,
    machine: Machine,
    *,
    batch: Size = 1,
    element_size: Size = 4,
    effective: bool = False,
    training: bool = False,
    first: bool = False,
) -> Bound:
    """Return the roofline bound of a layer on a machine.

    Parameters
    ----------
    layer
        The layer.
    input_shape
        Shape of one input in elements, without the batch dimension.
    machine
        The machine.
    batch
        Number of inputs computed together, which share one read of the weights.
    element_size
        Bytes of one element: 4 for float32, 2 for float16.
    effective
        Whether to count only the taps that lie inside the input.
    training
        Whether to count a training step: also the gradients with respect to weights and input.
    first
        Whether the layer is a model's first, whose input needs no gradient.

    Returns
    -------
    Bound
        Intensity, limit and minimum seconds, for the batch.

    Raises
    ------
    TypeError, ValueError, OverflowError
        If an argument is not valid, or a count does not fit into int64.

    Notes
    -----
    Williams, Waterman and Patterson, "Roofline" (doi:10.1145/1498765.1498785), with every element
    moved once per pass. Each pass of a training step moves the same number of bytes as the forward
    pass, since a gradient has the shape of what it is taken with respect to.

    Examples
    --------
    >>> from convcost.hardware import find, roofline
    >>> from convcost.layers import Conv2D, DepthwiseConv2D
    >>> a100 = find("NVIDIA A100 SXM4 80 GB")
    >>> for layer in (Conv2D(512, 3, padding="same"), DepthwiseConv2D(3, padding="same")):
    ...     print(roofline(layer, (14, 14, 512), a100, batch=256))
    1101.41 FLOPs per byte on NVIDIA A100 SXM4 80 GB: at least 1.21e-02 s, limited by its peak
    2.25 FLOPs per byte on NVIDIA A100 SXM4 80 GB: at least 1.01e-04 s, limited by its bandwidth
    """
    if not isinstance(layer, Layer):
        refuse(TypeError, "layer", layer, "a layer of convcost.layers")
    _check_machine(machine)
    cost = layer.cost(input_shape, effective=effective, training=training, first=first)
    traffic = layer.traffic(input_shape, batch=batch)
    weighted = is_array(traffic.weights) or traffic.weights != 0
    flops = arithmetic.multiply("flops", cost.flops, check_integer("batch", batch))
    size = check_integer("element_size", element_size)
    return _bound(machine, flops, traffic.elements, passes(training, first, weighted), size)


def predict(
    network: Network,
    machine: Machine,
    *,
    batch: Size = 1,
    element_size: Size = 4,
    effective: bool = False,
    training: bool = False,
) -> Prediction:
    """Return the roofline bound of each layer of a network.

    Parameters
    ----------
    network
        The network, as returned by `convcost.from_keras`.
    machine, batch, element_size, effective, training
        As in `roofline`; the model's first layers are found automatically.

    Returns
    -------
    Prediction
        The rows with their bounds. `seconds` is the minimum time for computing layer by layer;
        fused layers move fewer bytes.

    Examples
    --------
    >>> import convcost
    >>> dense = {"class_name": "Dense", "config": {"name": "head", "units": 10}}
    >>> network = convcost.from_keras({"name": "tiny", "layers": [dense]}, (1152,))
    >>> laptop = convcost.hardware.Machine("laptop", 100e9, 20e9)
    >>> print(convcost.hardware.predict(network, laptop).seconds)
    3173/1250000000
    """
    from convcost._models.network import Network

    if not isinstance(network, Network):
        allowed = "a Network, such as convcost.from_keras(model); a layer has hardware.roofline"
        refuse(TypeError, "network", network, allowed)
    _check_machine(machine)
    training = check_flag("training", training)
    effective = check_flag("effective", effective)
    batch = check_integer("batch", batch)
    element_size = check_integer("element_size", element_size)
    trained: set[str] = set()
    layers = []
    for row in network:
        # Nothing before it is trained: its input needs no gradient.
        first = training and trained.isdisjoint(row.sources)
        if not first or row.trainable_params:
            trained.add(row.name)
        modes = {"training": training, "first": first}
        if isinstance(row.layer, Layer):
            together = arithmetic.multiply("batch", batch, row.times)
            sizes = {"batch": together, "element_size": element_size}
            bound = roofline(row.layer, row.shape, machine, **sizes, effective=effective, **modes)
        else:
            bound = _operation_bound(row, machine, batch, element_size, **modes)
        layers.append(LayerBound(row, bound))
    return Prediction(layers)


def _operation_bound(
    row: Row, machine: Machine, batch: Count, element_size: Count, *, training: bool, first: bool
) -> Bound:
    """Return the bound of an operation, which multiplies two of its inputs and has no weights."""
    number = passes(training, first, row.macs != 0)
    flops = arithmetic.multiply(
        "flops", row.cost.flops, arithmetic.multiply("passes", batch, number)
    )
    elements = arithmetic.multiply("elements", row.elements, batch)
    return _bound(machine, flops, elements, number, element_size)


def _bound(
    machine: Machine, flops: Count, elements: Count, number: int, element_size: Count
) -> Bound:
    """Return the bound when all elements are moved once in each of `number` passes."""
    moved = arithmetic.multiply("elements", elements, number)
    return machine.bound(flops, arithmetic.multiply("bytes", moved, element_size))


def _check_machine(machine: object) -> None:
    if not isinstance(machine, Machine):
        refuse(TypeError, "machine", machine, 'a Machine, or find("NVIDIA ...")')
