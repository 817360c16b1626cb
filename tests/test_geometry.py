"""The public geometry: the layers' functions, with checked arguments and exact results."""

import inspect

import jax
import numpy as np
import pytest
import xarray as xr
from any_numbers import THREE
from hypothesis import given
from hypothesis import strategies as st

import convcost
from convcost import geometry
from convcost._layers import geometry as internal
from convcost.symbols import m

NAMES = [name for name in geometry.__all__ if hasattr(internal, name)]
WORDS = {
    "padding": st.sampled_from(["same", "valid"]),
    "around": st.tuples(*[st.integers(0, 9)] * 2),
}
large = st.integers(1, 2**40)


def draw_arguments(data, function, numbers):
    names = inspect.signature(function).parameters
    drawn = {name: data.draw(WORDS.get(name, numbers)) for name in names}
    if drawn.get("output_padding") and data.draw(st.booleans()) and "padding" in drawn:
        drawn["output_padding"] = None
    return drawn


@given(st.sampled_from(NAMES), st.data())
def test_arrays_are_exact_or_refused(name, data):
    """Each element is what Python's integers give, also where int64 would wrap."""
    function = getattr(geometry, name)
    numbers = st.integers(1, 9) if name == "taps_inside" else large
    several = [draw_arguments(data, function, numbers) for _ in range(3)]
    words = {key: several[0][key] for key in several[0] if key in ("padding", "around")}
    if None in [one.get("output_padding", 0) for one in several]:
        words["output_padding"] = None
    several = [one | words for one in several]
    right = [getattr(internal, name)(**one) for one in several]
    assert [function(**one) for one in several] == right
    columns = {key: np.array([one[key] for one in several]) for key in several[0]} | words
    if max(map(abs, right)) > np.iinfo(np.int64).max:
        with pytest.raises(OverflowError, match=f"{name} reaches "):
            function(**columns)
    else:
        found = function(**columns)
        assert (found.tolist(), found.dtype) == (right, np.int64)
    exact = {
        key: one.astype(object) if hasattr(one, "dtype") else one for key, one in columns.items()
    }
    assert function(**exact).tolist() == right


@pytest.mark.parametrize("kind", THREE)
def test_three_is_three_in_every_form(kind):
    found = geometry.valid_length(28, THREE[kind], 2)
    assert np.asarray(found).reshape(-1).tolist() == [13]


def test_symbols_named_arrays_and_tracers():
    assert geometry.same_length(m, 1) == m
    assert geometry.valid_length(np.array([28, 9]), m, 1).tolist() == [29 - m, 10 - m]
    sizes = xr.DataArray([28, 9], dims="size"), xr.DataArray([3, 5], dims="kernel")
    assert geometry.valid_length(*sizes, 1).dims == ("size", "kernel")
    assert jax.jit(lambda size: geometry.valid_length(size, 3, 2))(28) == 13


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: geometry.valid_length(28.5, 3, 1), TypeError, r"size must be .*got 28\.5"),
        (lambda: geometry.valid_length(28, 0, 1), ValueError, "extent must be .*got 0"),
        (lambda: geometry.valid_length(28, 3), TypeError, "missing .*'stride'"),
        (lambda: geometry.valid_length(28, 3, size=3), TypeError, "multiple values"),
        (lambda: geometry.same_length(28, 3, 4), TypeError, "positional arguments but 3"),
        (
            lambda: geometry.transposed_length(14, 3, 2, "smae", None),
            ValueError,
            "padding must be one of same, valid; got 'smae' .*did you mean 'same'",
        ),
        (
            lambda: geometry.padded_transposed_length(14, 3, 2, 1, 0),
            TypeError,
            "around must be the padding before and after",
        ),
        (
            lambda: geometry.padded_transposed_length(
                np.array([3, 4]), 3, 2, [np.array([1, 2, 3]), 0], 0
            ),
            ValueError,
            r"positions and around\[0\] must broadcast",
        ),
        (
            lambda: geometry.taps_inside(28, 28, m, 1, 1, 1),
            TypeError,
            "kernel must be a number or an array: its taps are counted one by one; got m",
        ),
        (
            lambda: geometry.taps_inside(28, 28, np.array([m, 3], dtype=object), 1, 1, 1),
            TypeError,
            "kernel must be a number or an array",
        ),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_docs_are_those_of_the_functions():
    assert convcost.geometry.valid_length.__doc__ == internal.valid_length.__doc__
    assert convcost.geometry.valid_length.__module__ == "convcost.geometry"
