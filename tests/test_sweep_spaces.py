"""Design spaces: their axes, and functions, layers and networks as subjects."""

from fractions import Fraction

import numpy as np
import pytest
import xarray as xr
from design_spaces import METHODS

import convcost
from convcost._cost.cost import Cost
from convcost.layers import Conv2D, Dense
from convcost.symbols import symbol


def test_words_and_tuples_are_axes():
    costs = convcost.sweep(
        Conv2D,
        filters=[8, 16],
        kernel_size=[(3, 3), (1, 7)],
        padding=["same", "valid"],
        use_bias=[True, False],
        input_shape=(14, 14, 8),
    )
    assert costs.macs.dims == ("filters", "kernel_size", "padding", "use_bias")
    picked = costs.sel(filters=8, kernel_size="(1, 7)", padding="valid", use_bias=False)
    layer = Conv2D(8, (1, 7), padding="valid", use_bias=False)
    assert int(picked.macs) == layer.cost((14, 14, 8)).macs
    space = convcost.Space(Conv2D, filters=[8, 16], padding=["same", "valid"], kernel_size=3,
                           input_shape=(14, 14, 8))  # fmt: skip
    assert space.count("padding == 'same' and filters > 8") == 1
    assert space.count("padding != 'same'") == 2
    assert space.count("'valid' == padding or padding in ('same',)") == 4
    assert space.top(1, "macs", "padding == 'valid'").padding.tolist() == ["valid"]


def test_two_arguments_may_go_together():
    space = convcost.Space(
        Conv2D, filters="width", groups="width", kernel_size=3, padding="same",
        input_shape=(14, 14, "width"), width=[4, 8, 16],
    )  # fmt: skip
    assert space.directions({}) == {"width": None}
    front = space.top(3, "macs")
    assert front.width.tolist() == [16, 8, 4]
    assert front.macs.tolist() == [9 * w * 14 * 14 for w in (16, 8, 4)]


def test_effective_costs_are_known_to_grow_with_channels_alone():
    space = convcost.Space(
        Conv2D, filters=[4, 8], kernel_size=[1, 3], effective=True,
        input_shape=("side", "side", 3), side=[7, 14],
    )  # fmt: skip
    assert space.directions({}) == {"filters": 1, "kernel_size": None, "side": None}


def test_a_network_at_several_sizes():
    network = convcost.from_keras("docs/gallery/fashion_mnist.json", (32, 32, 1))
    costs = convcost.sweep(network, width=[0.5, 1, 2], resolution=[32, 64])
    for width in (0.5, 1, 2):
        for resolution in (32, 64):
            total = network.scale(width, resolution).total()
            picked = costs.sel(width=width, resolution=resolution)
            assert (int(picked.params), int(picked.macs)) == (total.params, total.macs)
    space = convcost.Space(network, width=[0.5, 1, 2])
    assert space.top(1, "macs").width.tolist() == [2]


def test_a_network_is_gone_through():
    network = convcost.from_keras("docs/gallery/fashion_mnist.json", (32, 32, 1))
    space = convcost.Space(network, width=[0.5, 1], resolution=[32, 64])
    for method in METHODS:
        assert space.top(1, "macs", method=method).resolution.tolist() == [64]
        assert space.count("resolution <= 32", method=method) == 2
    assert convcost.Space(network, width=2, resolution=[32, 64]).shape == (1, 2)


def test_any_function_that_returns_a_cost():
    def block(m, n, df):
        return convcost.depthwise(3, m, df) + convcost.pointwise(m, n, df)

    space = convcost.Space(block, m=range(1, 9), n=[8], df=[7, 14])
    assert space.directions({}) == {"m": None, "n": None, "df": None}
    assert space.top(1, "macs").macs[0] == block(8, 8, 14).macs
    with pytest.raises(TypeError, match="what must be a function that returns a Cost"):
        convcost.Space(lambda m: m, m=[1]).count("macs > 1")


@pytest.mark.parametrize(
    ("what", "arguments", "message"),
    [
        (convcost.separable, {"dk": ["banana"], "m": ["apple"]}, "dk must be .*got 'banana'"),
        (convcost.separable, {"n": (1, 2)}, r"n must be a positive integer .*got \(1, 2\)"),
        (convcost.separable, {"m": "8"}, "m must be a positive integer .*got '8'"),
        (convcost.separable, {"m": [True, False]}, "m must be a positive integer .*got True"),
        (convcost.separable, {"bias": [True, "no"]}, "bias must be True or False; got 'no'"),
        (convcost.separable, {"m": Fraction(1, 2)}, "params of separable must be integers"),
        (convcost.separable, {"m": symbol("q")}, "params of separable must be integers"),
        (Conv2D, {"padding": ["same", "vlaid"]}, "padding must be 'valid' or .*got 'vlaid'"),
        (Conv2D, {"kernel_size": [(3, 3), (0, 3)]}, r"kernel_size\[0\] must be"),
        (Conv2D, {"side": [2, 14]}, r"input_shape\[0\] must be at least as long"),
        (Conv2D, {"effective": ["yes"]}, "effective must be True or False; got 'yes'"),
    ],
)
def test_values_that_are_not_valid_are_refused_before_anything_is_asked(what, arguments, message):
    given = {
        convcost.separable: {"dk": [3], "m": [8], "n": [8, 16], "df": 7},
        Conv2D: {"filters": [8], "kernel_size": 3, "input_shape": ("side", 9, 3), "side": [9]},
    }
    with pytest.raises((TypeError, ValueError), match=message):
        convcost.Space(what, **{**given[what], **arguments})


def test_each_width_and_resolution_of_a_network_is_checked():
    network = convcost.from_keras("docs/gallery/fashion_mnist.json", (32, 32, 1))
    with pytest.raises(TypeError, match=r"width must be a positive number.*got 'w'"):
        convcost.Space(network, width=[1, "w"])
    with pytest.raises(ValueError, match="resolution must be one integer, or a tuple of 2"):
        convcost.Space(network, resolution=[(32, 32), (32, 32, 32)])


def test_counts_that_are_not_integers_are_refused():
    def half(m):
        return Cost(m, m * Fraction(1, 2))

    def whole(m):
        return Cost(m, m.astype(object) * 2)

    with pytest.raises(TypeError, match=r"macs of half must be integers, for .*got Fraction\(1, 2"):
        convcost.Space(half, m=[1, 2])
    assert convcost.Space(whole, m=[1, 2]).count("macs == 4") == 1


@pytest.mark.parametrize("name", ["params", "macs", "flops", "bias_adds"])
def test_arguments_named_like_counts_are_refused(name):
    def block(m, **given):
        return convcost.standard(3, m, 8, 7)

    message = f"{name} is the name of a count, so block can't have an argument '{name}'"
    with pytest.raises(ValueError, match=message):
        convcost.Space(block, m=[1, 2], **{name: [3, 4]})
    with pytest.raises(ValueError, match=f"give it another name, such as {name}_in"):
        convcost.Space(Conv2D, filters=3, kernel_size=1, input_shape=(9, 9, name), **{name: [3]})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"dk": [3], "m": [1], "n": [1]},
            TypeError,
            "separable needs df; it takes dk, m, n, df and bias",
        ),
        (
            {"dk": 3, "m": 1, "n": 1, "df": 1, "x": [1]},
            TypeError,
            "separable has no argument 'x', only dk, m",
        ),
        ({"m": []}, ValueError, r"m must have one value or more; got \[\], which is empty"),
        ({"m": range(5, 5)}, ValueError, r"got range\(5, 5\), which is empty"),
        ({"m": range(1, 10**12)}, ValueError, "m must be a range, .* 1 to 134,217,728 of them"),
        ({"m": range(10**30, 1, -1)}, ValueError, "m must be a range, .* 1 to 134,217,728 of them"),
        ({"m": [0, 1]}, ValueError, r"m\[0\] must be a positive integer"),
        ({"m": range(-2, 3)}, ValueError, "m must be a positive integer.*got -2"),
        ({"m": [8, 8]}, ValueError, "m must have each value once; got 8 twice"),
        ({"m": [8, 2.5]}, TypeError, r"m\[1\] must be a positive integer .*got 2.5"),
        ({"m": [8, "x"]}, TypeError, r"m\[1\] must be a positive integer"),
        ({"m": [8, True]}, TypeError, r"m\[1\] must be a positive integer .*got True"),
        ({"m": np.array([[1, 2]])}, ValueError, "one-dimensional"),
        ({"m": np.array([1.0, 2.0])}, TypeError, "m must be .*dtype float64"),
        ({"m": [2**70]}, OverflowError, "m reaches"),
        ({"m": range(1, 2**70, 2**69)}, OverflowError, "m reaches"),
        ({"m": 2.5}, TypeError, "m must be a positive integer"),
    ],
)
def test_what_is_no_axis_is_refused_by_name(arguments, error, message):
    full = arguments if len(arguments) > 1 else {"dk": [3], "n": [1, 2], "df": [1], **arguments}
    with pytest.raises(error, match=message):
        convcost.Space(convcost.separable, **full).count("macs > 0")


def test_axes_may_be_arrays_of_others_and_categorical_alone():
    axis = xr.DataArray([8, 16], dims="m")
    space = convcost.Space(convcost.separable, dk=[3], m=axis, n=np.array([4]), df=[7])
    assert space.axes["m"].values.tolist() == [8, 16]
    flags = convcost.Space(convcost.separable, dk=3, m=8, n=4, df=7, bias=[True, False])
    assert flags.categorical_axes["bias"].values == (True, False)
    for method in (None, "all"):
        assert flags.count("params > 0", method=method) == 2
    assert flags.top(1, "params").bias.tolist() == [True]
    with pytest.raises(ValueError, match="bias must have each value once; got True twice"):
        convcost.Space(convcost.separable, dk=3, m=8, n=4, df=7, bias=[True, True])
    with pytest.raises(TypeError, match=r"m\[0\] must be .*Fraction"):
        convcost.Space(convcost.separable, dk=[3], m=[Fraction(1, 2), 3], n=[4], df=[7])
    with pytest.raises(TypeError, match=r"m\[0\] must be a positive integer"):
        convcost.Space(convcost.separable, dk=[3], m=[symbol("q"), 3], n=[4], df=[7])


def test_costs_of_dense_layers_grow_with_every_size():
    space = convcost.Space(
        Dense, units=range(1, 9), input_shape=("places", "m"), places=[1, 2], m=[4]
    )
    assert space.directions({}) == {"units": 1, "places": 1, "m": 1}
    assert space.count("macs <= 16", method="prune") == space.count("macs <= 16", method="all") == 6
