"""Sizes and kinds for property-based tests."""

from hypothesis import settings
from hypothesis import strategies as st

import convcost
from convcost._exact.scalars import shorten
from convcost._verify.drawing import LAYER_CLASSES as LAYERS
from convcost._verify.drawing import draw_layer

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


def examples(count):
    """Return settings for that many examples in CI, ten times as many in the thorough profile."""
    return settings(max_examples=max(1, count * settings.default.max_examples // 200))


@st.composite
def layers_with_shapes(draw, kinds=tuple(LAYERS)):
    """Layers of those kinds with any options, each with an input shape that it takes."""
    kind = draw(st.sampled_from(kinds)) if len(kinds) > 1 else kinds[0]
    return draw_layer(kind, draw(st.randoms(use_true_random=False)))


def name_of(value):
    """Return what a test with this value is called: the same in every process."""
    return shorten(value).split(" at 0x")[0]
