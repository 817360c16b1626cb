"""Arrays of JAX, and values that it traces: held to what NumPy arrays and integers give."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

import convcost
from convcost import hardware
from convcost.layers import Conv2D

LAPTOP = hardware.Machine("laptop", 100e9, 20e9)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: jnp.ones(3), TypeError, "m must be .* dtype float32"),
        (lambda: jnp.array([3, 0]), ValueError, r"m\[0, 1\]|m\[1\] must be"),
    ],
)
def test_what_is_no_size_is_refused_by_name(wrong, error, message):
    with pytest.raises(error, match=message):
        convcost.separable(3, wrong(), 8, 7)
    with pytest.raises(error, match=message.replace("m", "filters", 1).replace("|m", "|filters")):
        Conv2D(wrong(), 3).cost((9, 9, 4))


def test_arrays_that_do_not_go_together_are_refused():
    m = xr.DataArray([1, 2], dims="m")
    with pytest.raises(ValueError, match=r"shapes|broadcast"):
        convcost.standard(3, jnp.array([1, 2]), jnp.array([1, 2, 3]), 7)
    with pytest.raises(TypeError, match="JAX tracers can't be mixed"):
        jax.jit(lambda n: convcost.standard(3, m, n, 7).macs)(3)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=4))
def test_jax_arrays(numbers):
    cost = convcost.separable(3, jnp.array(numbers), 16, 7)
    assert isinstance(cost.macs, jax.Array)
    expected = convcost.separable(3, np.array(numbers), 16, 7)
    np.testing.assert_array_equal(cost.macs, expected.macs)
    np.testing.assert_allclose(
        (cost / convcost.standard(3, jnp.array(numbers), 16, 7)).macs,
        (expected / convcost.standard(3, np.array(numbers), 16, 7)).macs,
        rtol=1e-6,
    )


def test_what_jax_can_not_hold_is_refused():
    wide = jnp.array([2**20])
    with pytest.raises(OverflowError, match=r"1,099,522,113,536, more than .* JAX's int32 holds"):
        convcost.separable(3, wide, 2**20, 7)
    with jax.enable_x64(True):
        assert convcost.separable(3, jnp.array([2**20]), 2**20, 7).params.item() == 1099522113536
    # NumPy's counts of JAX's numbers are exact, but nothing that JAX could hold.
    with pytest.raises(TypeError, match="JAX has no exact numbers"):
        convcost.standard(np.array([3], dtype=object), wide, 8, 7)


@given(st.integers(1, 5), st.integers(1, 40), st.integers(1, 40), st.integers(1, 20))
@examples(20)
def test_traced_values(dk, m, n, df):
    def macs(dk, m, n, df):
        return convcost.separable(dk, m, n, df).macs

    assert jax.jit(macs)(dk, m, n, df) == macs(dk, m, n, df)
    mapped = jax.vmap(lambda n: macs(dk, m, n, df))(jnp.arange(1, n + 1))
    assert mapped.tolist() == [macs(dk, m, i, df) for i in range(1, n + 1)]


def test_traced_sizes_of_layers():
    def count(n, side):
        layer = Conv2D(n, 3, strides=2, padding="same", groups=2)
        cost = layer.cost((side, side, 8), effective=True)
        return cost.params, cost.macs, cost.flops, layer.output_shape((side, side, 8))[0]

    for side in (9, 28):
        assert tuple(map(int, jax.jit(count)(16, side))) == count(16, side)

    def ratio(n):
        return convcost.ratio(3, 32, n).macs

    assert jax.jit(ratio)(64) == pytest.approx(float(ratio(64)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda n: convcost.separable(3, 8, n, 7).macs, TypeError, "dtype float32"),
        (lambda n: Conv2D(8, n.astype(int)).cost((9, 9, 4), effective=True), TypeError, "taps"),
        (
            lambda n: (
                convcost.standard(3, 8, n.astype(int), 7)
                == convcost.standard(3, n.astype(int), 8, 7)
            ),
            jax.errors.TracerBoolConversionError,
            "boolean conversion of traced array",
        ),
        (
            lambda n: convcost.standard(3, n.astype(int), n[:2].astype(int), 7),
            ValueError,
            r"m and n must broadcast; got shapes m \(3,\) and n \(2,\)",
        ),
        (lambda n: convcost.standard(3, n[:0].astype(int), 8, 7), ValueError, "m must be"),
        # A constant that int32 doesn't hold; nothing wraps unseen.
        (lambda n: convcost.standard(3, 2**33, n.astype(int), 7), OverflowError, "overflow"),
    ],
)
def test_what_tracing_refuses(call, error, message):
    with pytest.raises(error, match=message):
        jax.jit(call)(jnp.ones(3))


def test_narrow_integers_are_widened_where_they_are_traced():
    count = jax.jit(lambda n: convcost.standard(3, 32, n, 7).macs)
    assert int(count(np.int8(100))) == convcost.standard(3, 32, 100, 7).macs


def test_a_traced_cost_shows_what_is_known():
    shown = []
    jax.jit(lambda n: shown.append(str(convcost.standard(3, 8, n, 7))))(np.arange(1, 4))
    assert shown[0].startswith("[traced 3 of int32] parameters")


def test_traced_sums_and_products():
    def count(n):
        cost = convcost.separable(3, n, 8, 7) + convcost.depthwise(3, n, 7)
        return cost.macs, hardware.roofline(Conv2D(n, 3), (9, 9, 4), LAPTOP, batch=2).flops

    for n in (3, 40):
        assert tuple(map(int, jax.jit(count)(n))) == count(n)
