"""The types of what design spaces are made of and asked; only type checkers import them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar

from distributed import Client

from convcost._cost.cost import Cost
from convcost._exact.types import Count
from convcost._layers.base import Layer
from convcost._models.network import Network

# What has designs: a function of sizes, a class of layers, or a network.
Subject: TypeAlias = Callable[..., Cost[Any]] | type[Layer[Any]] | Network
# A condition, or several that must all hold.
Where: TypeAlias = str | Sequence[str] | None
Method: TypeAlias = Literal["prune", "all"]
Quantity: TypeAlias = Literal["params", "macs", "flops", "bias_adds"]
# Called with the fraction that is done.
Progress: TypeAlias = Callable[[float], None]
# Values per chunk, for all axes or by name.
Chunks: TypeAlias = int | Literal["auto"] | Mapping[str, int] | None

# A value for each categorical axis.
Categories: TypeAlias = Mapping[str, object]
# An integer, or an array of integers, for each axis of sizes.
Sizes: TypeAlias = Mapping[str, Count]
# The least and the largest value of something: numbers, or arrays with a value for each box.
Interval: TypeAlias = tuple[Count, Count]
# For each variant, the values of its categorical axes and the answer.
A = TypeVar("A")
Found: TypeAlias = list[tuple[Categories, A]]


class Engine(TypedDict, total=False):
    """Where each design is counted, and how many at once."""

    client: Client
    block: int
