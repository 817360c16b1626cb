"""Types of what models are read from; only type checkers import them."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias

from convcost._exact.types import InputShape, Size


class KerasModel(Protocol):
    """A live model of Keras 2 or 3."""

    def to_json(self) -> Any: ...


# A live model, a path, the text of its JSON, or its configuration.
ModelSource: TypeAlias = KerasModel | str | PathLike[str] | Mapping[str, Any]
# One shape, a list of shapes, or shapes by input name; None for the shape that the model declares.
ModelShape: TypeAlias = InputShape | Mapping[str, Sequence[Size]] | None
OnUnknown: TypeAlias = Literal["error", "warn"]
