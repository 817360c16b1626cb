"""Every argument gets every kind of number: it answers exactly, or names what is wrong."""

from fractions import Fraction

import numpy as np
import pytest
from any_numbers import CALLS, OTHERS, THREE
from hypothesis import given
from hypothesis import strategies as st

import convcost
from convcost._exact import arrays
from convcost.symbols import m

ERRORS = (TypeError, ValueError, OverflowError, ZeroDivisionError)
# Messages about two arrays, none of which is the wrong one.
ABOUT_BOTH = (
    *("mixed with named arrays", "arrays of unknown lengths", "JAX has no exact numbers"),
    *("arrays must broadcast; got", "Reshape can't take lazy (Dask) arrays", "share for measured"),
)
# The properties of a result; what is computed late may be refused late.
PARTS = ("flops", "latex", "explain", "_repr_html_", "seconds", "attainable", "intensity", "ridge")


def read(result):
    """Print a result, and each part of it."""
    str(result), repr(result)
    for name in PARTS:
        if hasattr(type(result), name):
            part = getattr(result, name)
            str(part() if callable(part) else part)


def names(error, argument):
    message = str(error)
    assert len(message) < 3000
    # `roofline` names the argument of a count that it computes itself.
    return argument in message or any(text in message for text in ABOUT_BOTH)


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_or_a_sentence_that_names_the_argument(call):
    argument = call.partition(" ")[0]
    for kind, value in {**OTHERS, **THREE}.items():
        try:
            read(CALLS[call](value))
        except ERRORS as error:
            if not names(error, argument):
                raise AssertionError(f"{call}, {kind}") from error
        except Exception as error:
            raise AssertionError(f"{call}, {kind}") from error


COSTS = [
    *("params of Cost", "macs of Cost", "bias_adds of Cost", "dk of standard", "m of separable"),
    *("filters of Conv2D", "kernel_size of Conv2D", "strides of Conv2D"),
    *("dilation_rate of Conv2D", "groups of Conv2D", "input_shape of Conv2D"),
    *("input_shape of Conv2D, channels", "output_padding of Conv2DTranspose", "units of Dense"),
    *("pool_size of MaxPooling2D", "input_dim of Embedding"),
]
COUNTS = ("params", "macs", "bias_adds", "flops")


@pytest.mark.parametrize("call", COSTS)
def test_three_is_three_in_every_form(call):
    expected = CALLS[call](3)
    for kind, value in THREE.items():
        try:
            found = CALLS[call](value)
        except TypeError as error:
            # Strides and kernels of arrays are for what needs no effective counts; named above.
            assert kind not in ("int", "Fraction", "sympy"), error  # noqa: PT017
            continue
        for name in COUNTS:
            count = np.asarray(getattr(found, name), dtype=object)
            assert count.reshape(-1).tolist() == [getattr(expected, name)], (kind, name)


@pytest.mark.parametrize("kind", ["jax", "dask", "xarray", "xarray lazy"])
def test_small_integers_do_not_wrap(kind):
    import dask.array as da
    import jax.numpy as jnp
    import xarray as xr

    small = np.array([100], dtype=np.int8)
    make = {
        "jax": jnp.array,
        "dask": da.from_array,
        "xarray": lambda array: xr.DataArray(array, dims="x"),
        "xarray lazy": lambda array: xr.DataArray(da.from_array(array), dims="x"),
    }[kind]
    cost = convcost.Cost(make(small), make(small), make(small))
    for value in ((cost + cost).params, cost.flops, (cost + cost).bias_adds):
        assert np.asarray(value).tolist() == [200]


def test_lazy_counts_are_checked_when_they_are_computed():
    import dask.array as da

    cost = convcost.Cost(da.from_array(np.array([1, -3])), 2)
    with pytest.raises(ValueError, match=r"params\[1\] must be a non-negative") as caught:
        cost.params.compute()
    assert caught.value.__notes__ == ["in a block of shape (2,); indices count from its corner"]
    source = da.from_array(np.array([1, 2, 3, 4]), chunks=2)
    late = source[source > 2]  # whose first block is empty
    assert (convcost.Cost(late, 1) + convcost.Cost(1, 1)).params.compute().tolist() == [4, 5]


def test_arrays_of_unknown_length():
    import dask.array as da

    source = da.from_array(np.array([1, 2, 3, 4]))
    late = source[source > 2]
    assert convcost.standard(1, late, late, 1).macs.compute().tolist() == [9, 16]
    blocks = da.from_array(np.array([1, 2, 3, 4]), chunks=2)
    assert convcost.standard(1, blocks[blocks > 2], 2, 1).macs.compute().tolist() == [6, 8]
    assert (convcost.Cost(1, late).macs * 2).compute().tolist() == [6, 8]
    with pytest.raises(ValueError, match=r"unknown lengths can't be combined; got shapes \(nan,\)"):
        convcost.standard(1, late, source, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a, b: convcost.Cost(a, b), r"params and macs must broadcast; got shapes params"),
        (lambda a, b: convcost.Cost(a, 1) + convcost.Cost(b, 1), "costs must broadcast to be adde"),
        (lambda a, b: convcost.Cost(a, 1) / convcost.Cost(b, 1), "costs must broadcast to be divi"),
        (
            lambda a, b: convcost.layers.Conv2D(a, 3).intensity((8, 8, 3), batch=b),
            "arrays must broadcast; got elements of shapes",
        ),
    ],
)
def test_arrays_that_do_not_broadcast_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.array([3, 4]), np.array([3, 4, 5]))
    large = np.full(10**6, 2**40)
    with pytest.raises(ValueError, match=message):  # and not that they are too large
        call(large, large[1:])


def test_other_arrays_in_a_cost_must_broadcast():
    import dask.array as da
    import jax
    import xarray as xr

    with pytest.raises(ValueError, match="params and macs must broadcast"):
        convcost.Cost(da.from_array(np.array([1, 2])), np.array([1, 2, 3]))
    with pytest.raises(ValueError, match="named arrays must have the same coordinates"):
        convcost.Cost(xr.DataArray([1, 2], dims="x"), xr.DataArray([1, 2, 3], dims="x"))
    with pytest.raises(ValueError, match="params and macs must broadcast"):
        jax.jit(lambda a, b: convcost.Cost(a, b).macs)(np.array([1, 2]), np.array([1, 2, 3]))
    kept = convcost.Cost(xr.DataArray([1, 2], dims="x"), xr.DataArray([1, 2, 3], dims="y"))
    assert kept.macs.dims == ("y",)


sides = st.lists(st.integers(1, 3), max_size=3)


@given(sides, sides, st.data(), st.sampled_from([np.add, np.multiply]))
def test_the_largest_of_all_combinations(first, second, data, operation):
    def draw(shape):
        number = int(np.prod(shape))
        numbers = data.draw(st.lists(st.integers(0, 2**62), min_size=number, max_size=number))
        return np.array(numbers, dtype=np.int64).reshape(shape)

    left, right = draw(first), draw(second)
    try:
        np.broadcast_shapes(left.shape, right.shape)
    except ValueError:
        return
    expected = operation(np.asarray(left, dtype=object), np.asarray(right, dtype=object))
    assert arrays._largest_of(operation, left, right) == np.max(expected)


def test_a_sum_over_a_grid_that_does_not_fit_into_memory_is_refused_by_its_size():
    rows, columns = np.full((10**5, 1), 2**62), np.full(10**5, 2**62)
    with pytest.raises(OverflowError, match="params reaches 9,223,372,036,854,775,808"):
        convcost.Cost(rows, 3) + convcost.Cost(columns, 3)


def test_ratios_are_exact():
    assert convcost.Ratio(np.int8(1), Fraction(2, 4)).macs == Fraction(1, 2)
    assert convcost.Ratio(m / (2 * m + 1), m + Fraction(1, 2)).params == m / (2 * m + 1)
    assert convcost.Ratio(np.array([0.5]), 0).params.tolist() == [0.5]
    with pytest.raises(TypeError, match=r"params must be a non-negative, exact number .*got 0\.5"):
        convcost.Ratio(0.5, 1)
    for value in (np.array([0.5, -1]), np.array([np.nan]), np.array([], dtype=float), -m):
        with pytest.raises(ValueError, match="macs must be a non-negative, exact number"):
            convcost.Ratio(1, value)


def test_errors_of_dask_are_its_own(monkeypatch):
    import dask.array as da

    def fail(*_):
        raise ValueError("what Dask says")

    monkeypatch.setattr(da.core, "unify_chunks", fail)
    with pytest.raises(ValueError, match="what Dask says"):
        convcost.standard(1, da.from_array(np.array([1, 2])), 3, 4)


def test_reshaping_in_jax():
    import jax

    layer = convcost.layers.Reshape((-1, 6))
    assert jax.jit(lambda side: layer.output_shape((side, 6))[0])(4) == 4
    whole = convcost.layers.Reshape((4, 6))
    assert jax.jit(lambda side: whole.output_shape((side, 6))[0] * side)(4) == 16


def test_reshaping_to_arrays():
    sides, channels = np.array([[4], [6]]), np.array([2, 3])
    layer = convcost.layers.Reshape((channels, sides))
    assert layer.output_shape((sides, channels))[0] is not None
    assert convcost.layers.Reshape((channels, -1)).output_shape((sides, channels))[1].tolist() == [
        [4, 4],
        [6, 6],
    ]
    with pytest.raises(ValueError, match="target_shape must be a shape with the same number"):
        convcost.layers.Reshape((channels, sides)).output_shape((sides, channels + 1))
