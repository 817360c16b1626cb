"""Sizes and kinds for property-based tests."""

from hypothesis import strategies as st

import convcost

KERNELS = st.integers(1, 9)
CHANNELS = st.integers(1, 64)
SIDES = st.integers(1, 32)
BIASES = st.booleans()
ANY_SIZE = st.integers(1, 10**40)

# Each kind's function, and which of dk, m, n, df it takes.
FUNCTIONS = {
    "standard": (convcost.standard, ("dk", "m", "n", "df")),
    "depthwise": (convcost.depthwise, ("dk", "m", "df")),
    "pointwise": (convcost.pointwise, ("m", "n", "df")),
    "separable": (convcost.separable, ("dk", "m", "n", "df")),
    "ratio": (convcost.ratio, ("dk", "m", "n")),
}
COSTS = ("standard", "depthwise", "pointwise", "separable")
# Every kind with every size that it takes.
ARGUMENTS = [(kind, name) for kind, (_, names) in FUNCTIONS.items() for name in names]


def call(kind, sizes, **options):
    """Call a kind's function with those of the sizes that it takes."""
    function, names = FUNCTIONS[kind]
    return function(**{name: sizes[name] for name in names}, **options)


@st.composite
def sizes(draw, kernels=KERNELS, channels=CHANNELS, sides=SIDES):
    return {
        "dk": draw(kernels),
        "m": draw(channels),
        "n": draw(channels),
        "df": draw(sides),
    }
