"""Arrays of xarray and Dask, against NumPy arrays."""

import pickle
from fractions import Fraction

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from strategies import COSTS, FUNCTIONS, examples
from test_layer_numbers import VARIED

import convcost
from convcost import hardware
from convcost._cost import formulas
from convcost._exact import lazy_arrays
from convcost.layers import Conv1D, Conv2D, Conv2DTranspose, Dense, Flatten, SeparableConv2D
from convcost.symbols import symbol

QUANTITIES = ("params", "macs", "bias_adds", "flops")
DIMS = ("dk", "m", "n", "df")


def axis(name, values):
    return xr.DataArray(np.asarray(values), dims=name, coords={name: list(values)})


values = st.lists(st.integers(1, 60), min_size=1, max_size=4, unique=True)
grids = st.fixed_dictionaries(dict.fromkeys(DIMS, values))


def never(*_, **__):
    raise AssertionError("computed too early")


@examples(60)
@given(st.sampled_from(COSTS), grids, st.sampled_from([None, 1, 2]))
def test_named_axes_broadcast_by_name(kind, grid, chunk):
    function, names = FUNCTIONS[kind]
    named = {name: axis(name, grid[name]) for name in names}
    if chunk:
        named = {name: array.chunk(chunk) for name, array in named.items()}
    with dask.config.set(scheduler=never):
        cost = function(**named)
        lazy = {quantity: getattr(cost, quantity) for quantity in QUANTITIES}
    open_grid = dict(zip(names, np.ix_(*(grid[name] for name in names)), strict=True))
    expected = function(**open_grid)
    for quantity, count in lazy.items():
        assert isinstance(count, xr.DataArray)
        assert count.name is None
        numbers = np.broadcast_to(getattr(expected, quantity), [len(grid[name]) for name in names])
        full = count.broadcast_like(xr.Dataset(named)).transpose(*names)
        np.testing.assert_array_equal(full.values, numbers)
        for name in count.dims:
            assert count[name].values.tolist() == grid[name]
    if chunk:
        assert lazy["macs"].chunks is not None


@given(grids)
def test_a_count_has_the_dimensions_that_it_depends_on(grid):
    cost = convcost.separable(**{name: axis(name, grid[name]) for name in DIMS})
    assert cost.params.dims == ("dk", "m", "n")
    assert cost.macs.dims == cost.flops.dims == DIMS
    assert cost.bias_adds.dims == ("n", "df")
    assert convcost.ratio(*(axis(name, grid[name]) for name in DIMS[:3])).macs.dims == DIMS[:3]


def test_symmetric_functions_of_named_axes_have_named_ratios():
    quotient = convcost.ratio(axis("dk", [3, 5]), 8, axis("n", [2, 4]))
    assert quotient.macs.sel(dk=5, n=4).item() == pytest.approx(1 / 4 + 1 / 25)
    exact = convcost.ratio(axis("dk", [3, 5]).astype(object), 8, 4)
    assert exact.macs.sel(dk=3).item() == Fraction(1, 4) + Fraction(1, 9)
    lazy = convcost.ratio(axis("dk", [3, 5]).chunk(1), 8, 4)
    assert lazy.macs.dtype == float
    np.testing.assert_array_equal(lazy.macs.values, [1 / 4 + 1 / 9, 1 / 4 + 1 / 25])


@examples(60)
@given(st.lists(st.integers(1, 99), min_size=2, max_size=9), st.integers(1, 4))
def test_dask_arrays_broadcast_as_numpy_arrays_do(numbers, chunk):
    m = np.array(numbers)
    lazy = da.from_array(m, chunk)
    with dask.config.set(scheduler=never):
        cost = convcost.separable(3, lazy[:, None], m, 7) + convcost.depthwise(5, lazy, 7)
        quotient = cost / convcost.standard(3, lazy[:, None], m, 7)
    expected = convcost.separable(3, m[:, None], m, 7) + convcost.depthwise(5, m, 7)
    for quantity in ("params", "macs", "flops"):
        count = getattr(cost, quantity)
        assert count.shape == (len(m), len(m))
        np.testing.assert_array_equal(count.compute(), getattr(expected, quantity))
    ratio = expected / convcost.standard(3, m[:, None], m, 7)
    np.testing.assert_array_equal(quotient.macs.compute(), ratio.macs)


def test_a_block_is_counted_once_for_all_quantities(monkeypatch):
    calls = []
    count = formulas.separable
    monkeypatch.setattr(formulas, "separable", lambda *sizes: calls.append(1) or count(*sizes))
    cost = convcost.separable(3, da.arange(1, 9, chunks=4), 8, 7)
    dask.compute(cost.params, cost.macs, cost.bias_adds, scheduler="single-threaded")
    # Two blocks; the formula runs on each, and once more on its largest sizes.
    assert len(calls) == 4


def test_what_is_promised_is_refused_when_it_comes():
    broken = convcost.separable(3, da.from_array(np.array([1, 2, 0, 4]), 2), 8, 7)
    with pytest.raises(ValueError, match=r"m\[0\] must be a positive integer.*got 0") as caught:
        broken.macs.compute(scheduler="single-threaded")
    assert caught.value.__notes__ == ["in a block of shape (2,); indices count from its corner"]
    large = convcost.standard(3, da.from_array(np.array([2**31]), 1), 2**31, 7)
    with pytest.raises(OverflowError, match=r"params reaches 41,505,174,16"):
        large.params.compute()
    exact = convcost.standard(3, da.from_array(np.array([2**31], dtype=object), 1), 2**31, 7)
    assert exact.params.dtype == object
    assert exact.params.compute().tolist() == [(9 * 2**31 + 1) * 2**31]


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: axis("m", [1.5, 2.0]), TypeError, "m must be .* dtype float64"),
        (lambda: axis("m", [True, False]), TypeError, "m must be .* dtype bool"),
        (lambda: axis("m", [3, -1]), ValueError, r"m\[1\] must be .*got -1"),
        (lambda: axis("m", np.array([2**63], dtype="u8")), OverflowError, "m reaches"),
        (lambda: da.ones(3), TypeError, "m must be .* dtype float64"),
        (lambda: axis("m", [3]).chunk().astype(float), TypeError, "float64"),
    ],
)
def test_what_is_no_size_is_refused_by_name(wrong, error, message):
    # Dask arrays know their dtype immediately, and their values later.
    with pytest.raises(error, match=message):
        np.asarray(convcost.separable(3, wrong(), 8, 7).macs)
    with pytest.raises(error, match=message.replace("m", "filters", 1).replace("|m", "|filters")):
        np.asarray(Conv2D(wrong(), 3).cost((9, 9, 4)).macs)


def test_arrays_that_do_not_go_together_are_refused():
    m = axis("m", [1, 2])
    with pytest.raises(TypeError, match="an array mixed with named arrays must be an xarray"):
        convcost.separable(3, m, np.array([3, 4]), 7)
    with pytest.raises(ValueError, match="must have the same coordinates"):
        convcost.standard(3, m, axis("m", [1, 3]), 7)


# Layers that also take NumPy arrays, with input shapes that are valid for each value.
LAYERS = {
    "Conv1D": (lambda **v: Conv1D(**v), (60, 12)),
    "Conv2D": (lambda **v: Conv2D(padding="same", **v), (40, 30, 12)),
    "SeparableConv2D": (lambda **v: SeparableConv2D(**v), (40, 30, 12)),
    "Conv2DTranspose": (lambda **v: Conv2DTranspose(**v), (40, 30, 12)),
    "Dense": (lambda units: Dense(units), (40,)),
}


@st.composite
def layer_cases(draw):
    name = draw(st.sampled_from(sorted(LAYERS)))
    make, shape = LAYERS[name]
    required = ["units"] if name == "Dense" else ["filters", "kernel_size"]
    # Not both: Keras, and so convcost, rejects some strides together with some dilation rates.
    optional = [] if name == "Dense" else [draw(st.sampled_from(["strides", "dilation_rate"]))]
    values = {
        key: draw(st.lists(st.integers(*VARIED[key]), min_size=1, max_size=3, unique=True))
        for key in required + optional
    }
    side = draw(st.lists(st.integers(30, 50), min_size=1, max_size=3, unique=True))
    return make, values, {"side": side}, shape[1:]


@examples(60)
@given(layer_cases(), st.booleans(), st.sampled_from(["cost", "training", "traffic"]))
def test_layers_take_named_arrays_as_they_take_numpys(case, lazy, method):
    make, values, side, rest = case
    axes = {**values, **side}
    named = {name: axis(name, of) for name, of in axes.items()}
    if lazy:
        named = {name: array.chunk(2) for name, array in named.items()}
    bare = dict(zip(axes, np.ix_(*axes.values()), strict=True))
    results = []
    for given_axes in (named, bare):
        layer = make(**{name: given_axes[name] for name in values})
        shape = (given_axes["side"], *rest)
        result = getattr(layer, method)(shape)
        numbers = {
            "cost": lambda cost: (cost.params, cost.macs, cost.bias_adds),
            "training": lambda training: (training.total.macs, training.weight_gradient.bias_adds),
            "traffic": lambda traffic: (traffic.weights, traffic.elements),
        }[method](result)
        results.append((*numbers, *layer.output_shape(shape), layer.intensity(shape)))
    for count, expected in zip(*results, strict=True):
        full = xr.DataArray(count).broadcast_like(xr.Dataset(named)).transpose(*axes)
        numbers = np.broadcast_to(expected, [len(of) for of in axes.values()])
        np.testing.assert_array_equal(full.values, numbers)


def test_a_layer_with_named_arguments_shows_and_pickles():
    layer = Conv2D(axis("n", [8, 16]), 3)
    assert repr(layer) == "Conv2D(<[8..16] (2 DataArray of int64 over n)>, 3)"
    again = pickle.loads(pickle.dumps(layer))
    assert again.cost((9, 9, 4)) == layer.cost((9, 9, 4))
    assert "2 lazy" in repr(Conv2D(axis("n", [8, 16]).chunk(1), 3))
    cost = layer.cost((9, 9, 4))
    assert "2 DataArray of int64 over n) MACs" in str(cost)
    assert cost != Conv2D(np.array([8, 16]), 3).cost((9, 9, 4))
    assert "[296..592]" in str(cost.explain())


def test_what_takes_no_such_arrays_says_so():
    assert Flatten().output_shape((axis("h", [3]), 4))[0].item() == 12
    with pytest.raises(
        TypeError, match=r"Flatten can't take lazy .* how many sides its output has"
    ):
        Flatten().output_shape((axis("h", [3]).chunk(), 4))
    with pytest.raises(TypeError, match="pass NumPy arrays here"):
        Conv2D(axis("n", [8]), 3).output_and_cost((9, 9, 4))


def test_rooflines_of_named_arrays():
    laptop = hardware.Machine("laptop", 100e9, 20e9)
    bound = hardware.roofline(Conv2D(axis("n", [8, 512]), 3), (16, 16, 64), laptop)
    for n in (8, 512):
        alone = hardware.roofline(Conv2D(n, 3), (16, 16, 64), laptop)
        assert bound.seconds.sel(n=n).item() == pytest.approx(float(alone.seconds))
    lazy = hardware.roofline(Conv2D(axis("n", [8, 512]).chunk(1), 3), (16, 16, 64), laptop)
    np.testing.assert_allclose(lazy.seconds.values, bound.seconds.values)


def test_coordinates_that_differ_are_dropped():
    m = axis("m", [1, 2]).assign_coords(label=("m", ["a", "b"]), run=1)
    n = axis("n", [3, 4]).assign_coords(run=2)
    macs = convcost.standard(3, m, n, 7).macs
    assert macs.label.values.tolist() == ["a", "b"]
    assert "run" not in macs.coords


def test_fractions_and_objects_of_layers_and_checks_that_wait():
    exact = axis("n", [8, 16]).astype(object)
    assert Conv2D(exact, 3).cost((9, 9, 4)).macs.dtype == object
    with pytest.raises(TypeError, match=r"filters\[0\] must be .*Fraction\(1, 2\)"):
        Conv2D(xr.DataArray(np.array([Fraction(1, 2)], dtype=object), dims="n"), 3)
    # Whether groups divide is checked when the count is computed.
    layer = Conv2D(axis("n", [8, 9]), 3, groups=2)
    with pytest.raises(ValueError, match="groups must divide filters"):
        layer.cost((9, 9, 4))
    weights = Conv2D(axis("n", [8]), 3).weights((9, 9, 4))
    assert weights[0].shape[3].item() == 8
    assert len(Conv2D(8, 3).weights((axis("h", [9]), 9, 4))) == 2
    assert convcost.Cost(axis("n", [8, 16]), 3).params.sel(n=16).item() == 16


def test_a_count_that_can_not_be_converted_is_no_matter_of_the_others():
    # Mixed with a symbol or a fraction, lazy arrays are exact, like NumPy's.
    cost = convcost.separable(32, da.from_array(np.array([2])), 1, symbol("k"))
    assert cost.params.compute().tolist() == [2051]
    assert cost.macs.compute().tolist() == [2050 * symbol("k") ** 2]
    half = convcost.pointwise(Fraction(1, 2), da.arange(3, 5, chunks=1), 1, bias=False)
    assert half.macs.compute().tolist() == [Fraction(3, 2), 2]
    large = convcost.standard(2, da.from_array(np.array(3)), 10**19, 3, bias=False)
    assert large.bias_adds.compute() == 0
    with pytest.raises(OverflowError, match=r"a count reaches 120,000,000,000,000,000,000"):
        large.params.compute()


def test_lazy_arrays_that_do_not_broadcast_are_refused_with_their_shapes():
    with pytest.raises(ValueError, match=r"must broadcast; got shapes \(2,\) and \(3,\)"):
        convcost.standard(3, da.ones(2, dtype=int), da.ones(3, dtype=int), 1)
    unknown = da.arange(1, 9, chunks=4)
    unknown = unknown[unknown > 3]
    assert convcost.standard(3, unknown, 8, 7).params.compute().shape == (5,)


def test_options_and_passes_of_layers_of_named_arrays():
    filters = [8, 16]
    layer = Conv2D(axis("n", filters), 3, padding="same")
    training = layer.training((9, 9, 4), effective=True, first=True)
    costs = layer.cost((9, 9, 4), effective=True)
    traffic = layer.traffic((9, 9, 4), batch=5)
    for place, number in enumerate(filters):
        one = Conv2D(number, 3, padding="same")
        expected = one.training((9, 9, 4), effective=True, first=True)
        for name in ("forward", "weight_gradient", "input_gradient"):
            for quantity in ("params", "macs", "bias_adds"):
                found = getattr(getattr(training, name), quantity)
                value = found.values[place] if found.ndim else found.item()
                assert value == getattr(getattr(expected, name), quantity)
        assert costs.macs.values[place] == one.cost((9, 9, 4), effective=True).macs
        assert traffic.elements.values[place] == one.traffic((9, 9, 4), batch=5).elements


def test_blocks_of_python_integers_become_int64_if_they_fit():
    own = np.dtype("int64")
    assert lazy_arrays._convert(np.array([3, 4], dtype=object), own).dtype == own
    assert lazy_arrays._convert(np.array([3, 4]), own).tolist() == [3, 4]
    with pytest.raises(OverflowError, match="a count reaches 9,223,372,036,854,775,808"):
        lazy_arrays._convert(np.array([2**63], dtype=object), own)
