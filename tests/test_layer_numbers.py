"""Layers with arrays and symbols among their arguments and the sides of their inputs."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, layers_with_shapes

from convcost.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    SeparableConv2D,
)
from convcost.symbols import m, n, symbol

QUANTITIES = ("params", "macs", "bias_adds", "flops")
h, w, k = symbol("h"), symbol("w"), symbol("k")


# --- arrays ---------------------------------------------------------------------------------------

# The integers that vary, besides the sides: those that don't decide whether a layer is valid.
VARIED = {
    "filters": (1, 6),
    "units": (1, 6),
    "kernel_size": (1, 4),
    "strides": (1, 4),
    "dilation_rate": (1, 3),
    "depth_multiplier": (1, 3),
}


@st.composite
def layers_of_arrays(draw):
    """Draw a layer and an input shape, in which some integers are arrays."""
    layer, shape = draw(layers_with_shapes())
    if getattr(layer, "groups", 1) != 1:
        layer = replace(layer, groups=1)
    if getattr(layer, "output_padding", None) is not None:
        layer = replace(layer, output_padding=None)
    if layer.arguments().get("padding") not in (None, "same", "valid", "causal"):
        layer = replace(layer, padding="same")

    def varied(low, high):
        # Two axes, so that the arrays have to broadcast: 2 rows, and 3 columns.
        side, grid = draw(st.sampled_from([(2, (2, 1)), (3, (1, 3)), (3, (3,))]))
        values = draw(st.lists(st.integers(low, high), min_size=side, max_size=side))
        return np.array(values, dtype=draw(st.sampled_from(["i1", "u2", "i8", object]))).reshape(
            grid
        )

    changes = {}
    for name, bounds in VARIED.items():
        if name in layer.arguments() and draw(st.booleans()):
            changes[name] = varied(*bounds)
    layer = replace(layer, **changes) if changes else layer
    # Long enough for every kernel.
    shape = tuple(
        np.array([[side + 111], [side + 118]]) if draw(st.booleans()) else side + 111
        for side in shape
    )
    return layer, shape


def designs(layer, shape):
    """Yield every single design of the arrays, with its index."""
    leaves = [*(value for value in layer.arguments().values()), *shape]
    flat = []
    for leaf in leaves:
        flat.extend(leaf if isinstance(leaf, tuple) else (leaf,))
    grid = np.broadcast_shapes(*(np.shape(x) for x in flat if isinstance(x, np.ndarray)))
    for index in np.ndindex(grid):

        def pick(value, index=index):
            if isinstance(value, tuple):
                return tuple(map(pick, value))
            if isinstance(value, np.ndarray):
                return int(np.broadcast_to(value, grid)[index])
            return value

        single = {name: pick(value) for name, value in layer.arguments().items()}
        yield index, grid, type(layer)(**single), tuple(map(pick, shape))


@examples(100)
@given(drawn=layers_of_arrays())
def test_arrays_equal_the_loop_of_scalars(drawn):
    layer, shape = drawn
    costs = {
        effective: layer.cost(shape, effective=effective, training=True)
        for effective in (False, True)
    }
    output, traffic = layer.output_shape(shape), layer.traffic(shape)
    intensity = layer.intensity(shape)
    for index, grid, single, sides in designs(layer, shape):

        def at(value, index=index, grid=grid):
            return np.broadcast_to(np.asarray(value, dtype=object), grid)[index]

        for effective, cost in costs.items():
            expected = single.cost(sides, effective=effective, training=True)
            for quantity in QUANTITIES:
                assert at(getattr(cost, quantity)) == getattr(expected, quantity)
        assert tuple(map(at, output)) == single.output_shape(sides)
        assert at(traffic.elements) == single.traffic(sides).elements
        assert float(at(intensity)) == float(single.intensity(sides))


def test_an_open_grid_stays_as_small_as_it_can():
    sides, channels, kernels, strides = np.ix_([7, 14], [8, 16, 32], [1, 3], [1, 2])
    cost = Conv2D(64, kernels, strides=strides, padding="same").cost((sides, sides, channels))
    assert cost.params.shape == (1, 3, 2, 1)
    assert cost.macs.shape == (2, 3, 2, 2)
    assert cost.bias_adds.shape == (2, 1, 1, 2)


def test_counts_of_integers_are_integers():
    cost = Conv2D(4, np.array([1, 3]), padding="same").cost((9, 9, 2), effective=True)
    for quantity in QUANTITIES:
        assert np.asarray(getattr(cost, quantity)).dtype == np.int64
    sides = Conv2D(4, 3, strides=np.array([1, 2]), padding="same").output_shape((9, 9, 2))
    assert sides[0].dtype == np.int64


def test_one_axis_may_vary_alone():
    cost = Conv2D(4, (np.array([1, 3]), 5)).cost((9, 9, 2))
    assert cost.macs.tolist() == [Conv2D(4, (side, 5)).cost((9, 9, 2)).macs for side in (1, 3)]


def test_groups_and_padding_may_be_arrays():
    groups = np.array([1, 2, 4])
    cost = Conv2D(8, 3, groups=groups, padding=np.array([0, 1, 2])).cost((5, 5, 4))
    assert cost.macs.tolist() == [
        Conv2D(8, 3, groups=g, padding=p).cost((5, 5, 4)).macs for g, p in ((1, 0), (2, 1), (4, 2))
    ]
    assert cost.explain().macs.startswith("3*3*(4/[1..4])*8*")
    transposed = Conv2DTranspose(8, 3, strides=3, output_padding=np.array([0, 2]), groups=2)
    assert transposed.output_shape((5, 5, 4))[0].tolist() == [15, 17]


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Conv2D(np.array([1, 2]), 3), (np.array([9, 9, 9]), 9, 1), r"filters \(2,\).*input_shape"),
        (Conv2D(4, np.array([1, 2])), (np.ones((3, 1), int) * 9, 9, np.ones(5, int)), "broadcast"),
    ],
)
def test_arrays_that_do_not_broadcast(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer.cost(shape)


def test_sides_that_do_not_broadcast():
    with pytest.raises(ValueError, match=r"^input_shape\[0\] and input_shape\[1\] must broadcast"):
        Conv2D(4, 3).cost((np.array([9, 9]), np.array([9, 9, 9]), 1))


def test_sides_compute_exactly_together():
    cost = Conv2D(n, 1).cost((np.array([2**62]), np.array([2**62]), 1))
    assert cost.macs.tolist() == [2**124 * n]


def test_arrays_that_do_not_broadcast_within_a_layer():
    with pytest.raises(ValueError, match=r"groups \(2,\) and filters \(3,\)"):
        Conv2D(np.array([2, 4, 6]), 3, groups=np.array([1, 2]))


def test_one_impossible_design_among_many_is_named():
    with pytest.raises(ValueError, match=r"along input_shape\[0\]\[1\] would be empty"):
        Conv2D(4, np.array([3, 9, 5])).cost((7, 7, 1))
    with pytest.raises(ValueError, match=r"along input_shape\[0\]\[0, 2\] would be empty"):
        Conv2D(4, np.array([[3, 3, 9]], dtype=object)).cost((7, 7, 1))
    with pytest.raises(ValueError, match=r"groups=\[2..3\]"):
        Conv2D(6, 3, groups=np.array([2, 3])).cost((7, 7, 4))
    with pytest.raises(ValueError, match=r"groups must divide filters"):
        Conv2D(6, 3, groups=np.array([2, 4], dtype=object))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Conv2D(1, 3), (np.array([2**62, 5]), 2**62, 1)),
        (Conv2D(np.array([2**40]), 1), (2**20, 2**20, 1)),
        (Conv1D(1, np.array([2**40]), dilation_rate=2**40, padding="same"), (5, 1)),
        (Conv1D(1, 3, strides=np.array([2**62])), (2**62, 1)),
        (Conv1DTranspose(1, 1, strides=np.array([2**40])), (2**40, 1)),
        (DepthwiseConv2D(1, depth_multiplier=np.array([2**40])), (1, 1, 2**40)),
        (SeparableConv2D(1, 1, depth_multiplier=np.array([2**40])), (1, 1, 2**40)),
        (Dense(np.array([2**40])), (2**40,)),
        (Conv1D(1, 1, padding=((np.array([2**62]), 2**62),)), (5, 1)),
    ],
    ids=str,
)
def test_nothing_wraps(layer, shape):
    for ask in (layer.output_shape, layer.cost, layer.traffic, layer.weights):
        try:
            ask(shape)
        except OverflowError as error:
            assert "more than the 9,223,372,036,854,775,807 that int64" in str(error)  # noqa: PT017
    with pytest.raises(OverflowError, match=r"astype\(object\)"):
        layer.cost(shape)


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda: Conv1D(1, 1).traffic((3, 1), batch=np.array([2**62])), "elements"),
        (
            lambda: SeparableConv2D(1, 1).traffic((2**31, 2**10, 2**10), batch=np.array([2**12])),
            "elements",
        ),
        (lambda: Conv1D(1, 1).intensity((3, 1), element_size=np.array([2**62])), "bytes"),
        (lambda: Dense(2**20).intensity((2**20,), batch=np.array([2**24])), "flops"),
        (
            lambda: DepthwiseConv2D(1, depth_multiplier=np.array([2**40])).weights((1, 1, 2**40)),
            "params|the depthwise channels",
        ),
        (lambda: Conv1D(1, np.array([2**40])).cost((2**41, 1)), r"\(side \+ padding"),
    ],
)
def test_an_overflow_says_of_what(ask, name):
    with pytest.raises(OverflowError, match=rf"^({name}).* reaches [\d,]+, more than"):
        ask()


def test_object_arrays_have_no_limit():
    layer = Conv2D(np.array([10**30, 2], dtype=object), 3, padding="same")
    cost = layer.cost((10**20, 7, 1), effective=True)
    assert cost.macs.tolist() == [
        Conv2D(filters, 3, padding="same").cost((10**20, 7, 1), effective=True).macs
        for filters in (10**30, 2)
    ]
    intensity = layer.intensity((3, 3, 1), batch=2)
    assert isinstance(intensity[0], Fraction)


def test_layers_of_arrays_are_values_without_a_hash():
    kernels = np.array([1, 3])
    layer = Conv2D(8, kernels)
    kernels[0] = 99
    assert layer == Conv2D(8, np.array([1, 3])) != Conv2D(8, np.array([1, 5]))
    with pytest.raises(TypeError, match=r"^layers .* cannot be hashed: arrays have no hash$"):
        hash(layer)
    with pytest.raises(ValueError, match="read-only"):
        layer.kernel_size[0][0] = 5
    assert repr(layer) == "Conv2D(8, array([1, 3]))"


# --- symbols --------------------------------------------------------------------------------------


def test_symbolic_costs_have_closed_forms():
    layer = Conv2D(n, 3, strides=2, padding="same")
    cost = layer.cost((h, w, m))
    assert cost.params == n * (9 * m + 1)
    assert cost.macs == 9 * m * n * sympy.ceiling(h / 2) * sympy.ceiling(w / 2)
    assert cost.macs.subs({h: 32 * k, w: 32 * k}) == 9 * m * n * (16 * k) ** 2
    assert layer.cost((32 * k, 32 * k, m)).macs == 2304 * k**2 * m * n


def test_valid_padding_has_a_floor():
    assert Conv2D(n, 3, strides=2).output_shape((h, w, m))[0] == sympy.ceiling(h / 2) - 1
    assert Conv2D(n, 3).output_shape((h, w, m)) == (h - 2, w - 2, n)


def test_effective_costs_are_polynomials_where_they_can_be():
    cost = Conv2D(n, 3, padding="same").cost((h, w, m), effective=True)
    assert sympy.expand(cost.macs - m * n * (3 * h - 2) * (3 * w - 2)) == 0
    strided = Conv2D(n, 3, strides=2, padding="same").cost((32 * k, 32 * k, m), effective=True)
    assert sympy.expand(strided.macs - m * n * (48 * k - 1) ** 2) == 0


def test_a_symbolic_kernel_has_no_effective_form():
    advice = "pass kernel_size as an integer, or count nominal MACs"
    with pytest.raises(
        ValueError, match=rf"no closed form for a kernel_size of k, .* taps; {advice}$"
    ):
        Conv2D(n, k, padding="same").cost((h, w, m), effective=True)
    with pytest.raises(ValueError, match="no closed form"):
        Conv1D(n, np.array([k, 3]), padding="same").cost((h, m), effective=True)
    assert Conv2D(n, k).cost((h, w, m)).macs == k**2 * m * n * (h - k + 1) * (w - k + 1)


SYMBOLIC = ("filters", "units", "strides", "dilation_rate", "depth_multiplier", "sides")


@examples(100)
@given(drawn=layers_with_shapes(), data=st.data())
def test_symbols_substituted_equal_numbers(drawn, data):
    layer, shape = drawn
    values = {}

    def hide(name, value):
        # A symbol is a positive integer, so it can't stand for 0.
        if not data.draw(st.booleans()):
            return value
        values[symbol(name)] = value
        return symbol(name)

    sides = tuple(hide(f"x{axis}", side) for axis, side in enumerate(shape))
    changes = {}
    for name in SYMBOLIC:
        if name in layer.arguments() and getattr(layer, "groups", 1) == 1:
            value = getattr(layer, name)
            changes[name] = (
                tuple(hide(f"{name}{axis}", part) for axis, part in enumerate(value))
                if isinstance(value, tuple)
                else hide(name, value)
            )
    symbolic = replace(layer, **changes)
    for effective in (False, True):
        exact = layer.cost(shape, effective=effective)
        cost = symbolic.cost(sides, effective=effective)
        for quantity in QUANTITIES:
            found = sympy.sympify(getattr(cost, quantity)).subs(values)
            assert found == getattr(exact, quantity), (symbolic, sides)
    outputs = [sympy.sympify(side).subs(values) for side in symbolic.output_shape(sides)]
    assert tuple(outputs) == layer.output_shape(shape)


def test_symbolic_groups_are_a_quotient():
    g = symbol("g")
    assert Conv2D(n, 1, groups=g, use_bias=False).cost((1, 1, m)).macs == m * n / g
    assert Conv2D(m, 1, groups=m, use_bias=False).cost((1, 1, m)).macs == m
    assert Conv2D(4 * k, 1, groups=4).cost((1, 1, 4 * k)).explain().macs == (
        "1*1*((4*k)/4)*(4*k)*1*1 = 4*k**2"
    )
    with pytest.raises(ValueError, match="groups must divide"):
        Conv2D(8, 1, groups=4).cost((1, 1, 4 * k + 2))


def test_symbols_that_can_not_be_are_refused():
    with pytest.raises(ValueError, match="at least as long as kernel_size"):
        Conv1D(n, 5 + k).cost((4, m))
    with pytest.raises(ValueError, match="less than strides"):
        Conv1DTranspose(n, 3, strides=k, output_padding=k).output_shape((h, m))


def test_arrays_and_symbols_mix():
    cost = Conv2D(n, np.array([1, 3]), padding="same").cost((h, w, m))
    assert cost.macs.tolist() == [h * m * n * w, 9 * h * m * n * w]
    effective = Conv2D(n, np.array([1, 3]), padding="same").cost((h, w, m), effective=True)
    assert sympy.expand(effective.macs[1] - m * n * (3 * h - 2) * (3 * w - 2)) == 0


def test_symbolic_memory():
    traffic = Conv2D(n, 1, use_bias=False).traffic((h, w, m))
    assert traffic.elements == h * m * w + h * n * w + m * n
    intensity = Conv2D(n, 1, use_bias=False).intensity((h, w, m))
    assert sympy.simplify(intensity - h * m * n * w / (2 * traffic.elements)) == 0


def test_output_padding_is_an_array_with_padding_in_numbers_too():
    ends = np.array([0, 1, 2])

    def layer(end):
        return Conv2DTranspose(3, 3, strides=3, padding=1, output_padding=end)

    height, width, _ = layer(ends).output_shape((5, 6, 4))
    singles = [layer(int(end)) for end in ends]
    assert height.tolist() == [one.output_shape((5, 6, 4))[0] for one in singles]
    assert width.tolist() == [one.output_shape((5, 6, 4))[1] for one in singles]
    counted = layer(ends).cost((5, 6, 4)).bias_adds
    assert counted.tolist() == [one.cost((5, 6, 4)).bias_adds for one in singles]
