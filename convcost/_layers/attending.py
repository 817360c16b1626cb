"""What all layers of attention share: their inputs, their call, and the products that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._exact import arithmetic
from convcost._exact.scalars import refuse
from convcost._layers import arguments
from convcost._layers.merging import Merging
from convcost._layers.steps import Product

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from convcost._exact.types import Count, Factors, InputShape


class Mask(NamedTuple):
    """The mask that a layer makes by itself; key j is left for query i.

    Attributes
    ----------
    causal
        Whether only keys with j <= i are left.
    window
        Only keys with abs(i - j) < window are left; None for all.
    """

    causal: bool
    window: Count | None = None

    def pairs(self, queries: Count, keys: Count) -> Count:
        """Count the pairs of a query and a key that are left.

        Examples
        --------
        >>> Mask(True).pairs(4, 4), Mask(False, 2).pairs(4, 4), Mask(True, 2).pairs(4, 4)
        (10, 10, 7)
        """
        left = _lower(queries, keys) if self.causal else arithmetic.elements(queries, keys)
        if self.window is None:
            return left
        left = left - _lower(arithmetic.maximum(queries - self.window, 0), keys)
        if self.causal:
            return left
        return left - _lower(arithmetic.maximum(keys - self.window, 0), queries)


def _lower(rows: Count, columns: Count) -> Count:
    """Count the places of a matrix on and below its diagonal."""
    short = arithmetic.minimum(rows, columns)
    triangle = arithmetic.divide_evenly(short * (short + 1), 2)
    return triangle + arithmetic.maximum(rows - columns, 0) * columns


class Attending(Merging):
    """A layer with queries, values and keys; without keys, the values are the keys as well.

    Its `input_shape` is a list of one to three shapes: one for all, or query, value and key.
    """

    if TYPE_CHECKING:
        return_attention_scores: bool
        use_causal_mask: bool

    def __post_init__(self) -> None:
        self._check_flags("return_attention_scores", "use_causal_mask")

    def called(self, options: Mapping[str, object]) -> Self:
        """Return the layer for a call with these options."""
        own = self.arguments()
        names = ("return_attention_scores", "use_causal_mask")
        given = {name: bool(options[name]) for name in names if options.get(name) is not None}
        if all(own[name] == value for name, value in given.items()):
            return self
        return self._with({**own, **given})

    def _several(self, shape: object) -> Sequence[Factors]:
        several = super()._several(shape)
        if len(several) > 3:
            refuse(ValueError, "input_shape", shape, "the shapes of query, value and key")
        return several

    def _three(self, shape: Factors) -> tuple[Factors, Factors, Factors]:
        """Return the shapes of query, value and key, which must fit each other."""
        query, *others = map(tuple, self._several(shape))
        value, key = (others * 2)[:2] if others else (query, query)
        if not len(query) == len(value) == len(key) or len(query) < 2:
            allowed = f"shapes {self._axes()} of query, value and key, for {type(self).__name__}"
            refuse(ValueError, "input_shape", tuple(shape), allowed)
        if not all(map(arithmetic.may_equal, value[:-1], key[:-1])):
            shown = arguments.show_all([value, key])
            raise ValueError(f"value and key must be equally long; got shapes {shown}")
        return query, value, key

    def _check_rank(self, shape: Factors) -> None:
        self._three(shape)

    def _align(self, input_shape: InputShape) -> tuple[Self, tuple[Factors, ...]]:
        layer, shape = super()._align(input_shape)
        layer._check_rank(shape)
        if layer.has_arrays:
            layer = layer._with(arguments.align_arrays(layer.arguments()))
        return layer, shape

    def _axes(self) -> str:
        return "(steps, features)"

    def _output(self, made: Factors, scores: Factors) -> Factors:
        """Return the shape of the output, with that of the scores if they are returned."""
        return (made, scores) if self.return_attention_scores else made


class Attended(NamedTuple):
    """Queries, keys and values that attend to each other.

    Attributes
    ----------
    batch
        Sides in which each meets only its own: heads, for example.
    queries, keys
        Sides in which each query meets each key.
    size, width
        The lengths of a query and of a value.
    """

    batch: Factors
    queries: Factors
    keys: Factors
    size: Count
    width: Count

    @property
    def scores(self) -> Factors:
        """Sides of the scores."""
        return (*self.batch, *self.queries, *self.keys)

    def score_product(self, mask: Mask) -> Product:
        """Return the products of each query with each key."""
        masked = self._masked(mask, (self.size,))
        return Product(self.scores, (self.size,), masked)

    def value_product(self, mask: Mask) -> Product:
        """Return the products of the scores with the values."""
        masked = self._masked(mask, (self.width,))
        return Product((*self.batch, *self.queries, self.width), self.keys, masked)

    def _masked(self, mask: Mask, inner: Factors) -> Product | None:
        if not mask.causal and mask.window is None:
            return None
        return Product((*self.batch, mask.pairs(*self.queries, *self.keys)), inner)
