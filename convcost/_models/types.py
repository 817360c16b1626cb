"""Types of what models are read from; only type checkers import them."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias

from convcost._exact.types import InputShape, Size
from convcost._models.graph import Call, Entry, Graph, Held


class KerasModel(Protocol):
    """A live model of Keras 2 or 3."""

    def to_json(self) -> str: ...


class KerasLayer(Protocol):
    """A live layer of Keras 3, or an operation, which has no weights."""

    @property
    def name(self) -> str: ...
    @property
    def trainable(self) -> bool: ...
    @property
    def built(self) -> bool: ...
    @property
    def compute_dtype(self) -> str: ...
    @property
    def _trainable_variables(self) -> Sequence["KerasVariable"]: ...
    @property
    def _non_trainable_variables(self) -> Sequence["KerasVariable"]: ...
    @property
    def weights(self) -> Sequence["KerasVariable"]: ...
    @property
    def _tracker(self) -> Any: ...
    @property
    def _call_has_mask_arg(self) -> bool: ...
    @property
    def _inbound_nodes(self) -> list["KerasNode"]: ...
    @property
    def _outbound_nodes(self) -> list["KerasNode"]: ...
    def _flatten_layers(self, include_self: bool = True) -> Sequence["KerasLayer"]: ...
    def get_config(self) -> dict[str, object]: ...
    def call(self, *args: object, **kwargs: object) -> object: ...


class KerasGraph(KerasLayer, Protocol):
    """A live functional model of Keras 3, or what a Sequential one computes."""

    @property
    def operations(self) -> Sequence[KerasLayer]: ...
    @property
    def _inputs_struct(self) -> object: ...
    @property
    def _outputs_struct(self) -> object: ...


class KerasTensor(Protocol):
    """A symbolic tensor of Keras 3, or one of its variables."""

    @property
    def shape(self) -> Sequence[int | None]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def _keras_history(self) -> tuple[KerasLayer, int, int]: ...


class KerasArguments(Protocol):
    """The arguments of a recorded call."""

    @property
    def args(self) -> tuple[object, ...]: ...
    @property
    def kwargs(self) -> dict[str, object]: ...


class KerasNode(Protocol):
    """A recorded call of a layer or an operation."""

    @property
    def operation(self) -> KerasLayer: ...
    @property
    def arguments(self) -> KerasArguments: ...
    @property
    def input_tensors(self) -> Sequence[KerasTensor]: ...
    @property
    def output_tensors(self) -> Sequence[KerasTensor]: ...


class KerasVariable(Protocol):
    """A weight of a live layer."""

    @property
    def name(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def trainable(self) -> bool: ...


class Reader(Protocol):
    """Makes graphs of what Keras recorded.

    `within` tells, within a call, whether that has the sizes with which the model was built.
    """

    within: bool | None

    def traced(
        self,
        name: str,
        kind: str,
        inputs: object,
        outputs: object,
        assigned: Sequence[KerasTensor] = (),
    ) -> Graph: ...


class LayerReader(Reader, Protocol):
    """Makes what an entry holds for a layer."""

    def called_with_one(self, layer: KerasLayer, dtype: object) -> Held: ...
    def inside(self, layer: KerasLayer) -> tuple[str, Held]: ...
    def holding(
        self, layer: KerasLayer, name: str, made: Held, calls: tuple[Call, ...]
    ) -> Entry: ...


# A live model, a path, the text of its JSON, or its configuration.
ModelSource: TypeAlias = KerasModel | str | PathLike[str] | Mapping[str, object]
# A shape with None for open sides.
OpenShape: TypeAlias = Sequence[Size | None]
# One shape, a list of shapes, or shapes by input name; None for the shape that the model declares.
ModelShape: TypeAlias = (
    InputShape | OpenShape | Sequence[OpenShape] | Mapping[str, OpenShape] | None
)
OnUnknown: TypeAlias = Literal["error", "warn"]
# The output shape of a layer by its name, or a list of shapes if it has several outputs.
OutputShapes: TypeAlias = Mapping[str, Sequence[Size] | Sequence[Sequence[Size]]]
