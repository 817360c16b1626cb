"""Which configurations are verified: one by one, or drawn at random."""

import random
from dataclasses import asdict, dataclass
from typing import Any

import convcost
from convcost.cost import Cost
from convcost.exact import join_names, refuse
from convcost.sizes import check_bias

# The sizes that each kind takes, in the order of its function's arguments.
SIZES = {
    "standard": ("dk", "m", "n", "df"),
    "depthwise": ("dk", "m", "df"),
    "pointwise": ("m", "n", "df"),
    "separable": ("dk", "m", "n", "df"),
}
KINDS = tuple(SIZES)

# Layers in float32 count exactly up to here, and a count of a filter's weights must not pass it.
_MAX_WEIGHTS = 2**24 - 1
# 1 GiB of float32: what one tensor of a check may take.
_MAX_ELEMENTS = 2**28
_KERNELS = (1, 2, 3, 4, 5, 7)
_CHANNELS = (1, 1, 2, 3, 5, 8, 16, 32)
_SIDES = (1, 2, 3, 5, 8, 14)


@dataclass(frozen=True)
class Case:
    """One configuration: a kind of convolution and its sizes.

    Parameters
    ----------
    kind
        `standard`, `depthwise`, `pointwise` or `separable`.
    dk, m, n, df
        The sizes that the kind takes, in elements and channels; None for those it does not take.
    bias
        Whether there is a bias.

    Raises
    ------
    TypeError, ValueError
        If the kind is unknown, a size is missing, superfluous or not a positive Python integer, or
        the configuration is too large to be run as one layer.
    """

    kind: str
    dk: int | None = None
    m: int | None = None
    n: int | None = None
    df: int | None = None
    bias: bool = True

    def __post_init__(self) -> None:
        check_bias(self.bias)
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {join_names(KINDS)}; got {self.kind!r}")
        for name in ("dk", "m", "n", "df"):
            self._check_size(name, getattr(self, name))
        self._check_extent()

    def _check_size(self, name: str, size: Any) -> None:
        if name not in SIZES[self.kind]:
            if size is not None:
                raise ValueError(f"{name} is no size of a {self.kind} convolution; got {size!r}")
        elif type(size) is not int:
            refuse(TypeError, name, size, "one Python integer, since a real layer is built")
        elif size <= 0:
            refuse(ValueError, name, size, "a positive integer")

    def _check_extent(self) -> None:
        dk, m, n, df = self.dk or 1, self.m or 1, self.n or self.m or 1, self.df or 1
        weights, side = dk * dk * m, df + dk - 1
        if weights > _MAX_WEIGHTS:
            raise ValueError(
                f"dk*dk*m must be at most {_MAX_WEIGHTS:,}, where float32 stops counting exactly;"
                f" got {weights:,}"
            )
        if side * side * max(m, n) > _MAX_ELEMENTS or dk * dk * m * n > _MAX_ELEMENTS:
            raise ValueError(
                f"a tensor of the layer would have more than {_MAX_ELEMENTS:,} elements; choose a"
                f" smaller dk, m, n or df (got dk={dk}, m={m}, n={n}, df={df})"
            )

    def cost(self) -> Cost:
        """Return what convcost says of it."""
        function = getattr(convcost, self.kind)
        cost: Cost = function(**self.sizes(), bias=self.bias)
        return cost

    def sizes(self) -> dict[str, int]:
        """Return the sizes that the kind takes, by name."""
        return {name: getattr(self, name) for name in SIZES[self.kind]}

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as plain data, without what the kind does not take."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        sizes = ", ".join(f"{name}={size}" for name, size in self.sizes().items())
        return f"{self.kind}({sizes}, bias={self.bias})"


def draw(count: int, seed: int) -> list[Case]:
    """Draw configurations: all kinds in turn, odd and even kernels, single channels, both biases.

    Parameters
    ----------
    count
        How many; positive.
    seed
        The same seed draws the same configurations.

    Returns
    -------
    list of Case
        The configurations.

    Raises
    ------
    TypeError, ValueError
        If `count` is no positive integer or `seed` no integer.

    Examples
    --------
    >>> [case.kind for case in draw(4, seed=0)]
    ['standard', 'depthwise', 'pointwise', 'separable']
    """
    if type(count) is not int:
        refuse(TypeError, "cases", count, "a positive integer")
    if count <= 0:
        refuse(ValueError, "cases", count, "a positive integer")
    if type(seed) is not int:
        refuse(TypeError, "seed", seed, "an integer")
    source = random.Random(seed)
    return [_draw_one(KINDS[position % len(KINDS)], source) for position in range(count)]


def _draw_one(kind: str, source: random.Random) -> Case:
    choices = {"dk": _KERNELS, "m": _CHANNELS, "n": _CHANNELS, "df": _SIDES}
    sizes = {name: source.choice(choices[name]) for name in SIZES[kind]}
    return Case(kind, **sizes, bias=source.random() < 0.5)
