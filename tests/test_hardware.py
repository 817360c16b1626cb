"""Check rooflines against arithmetic with Fractions, arrays, symbols and XLA's byte counts."""

from decimal import Decimal
from fractions import Fraction

import dask.array
import jax.numpy as jnp
import keras
import numpy as np
import pytest
import sympy
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from strategies import name_of

import convcost
from convcost import hardware
from convcost.hardware import Bound, Machine, find, predict, roofline
from convcost.layers import Conv2D, Dense, DepthwiseConv2D, MaxPooling2D, SeparableConv2D
from convcost.symbols import m, symbol

LAPTOP = Machine("laptop", 100e9, 20e9)
rates = st.integers(1, 10**15)
numbers = st.integers(1, 10**18)


@given(rates, rates, st.integers(0, 10**18), numbers)
def test_no_time_is_shorter_than_either_limit(peak, bandwidth, flops, moved):
    bound = Machine("any", peak, bandwidth).bound(flops, moved)
    times = Fraction(flops, peak), Fraction(moved, bandwidth)
    assert bound.seconds == max(times)
    assert bound.is_limited_by_memory == (times[1] > times[0])
    assert bound.intensity == Fraction(flops, moved)
    # The roof: the slope up to the ridge, the peak from there on.
    assert bound.attainable == min(peak, bound.intensity * bandwidth)
    assert bound.is_limited_by_memory == (bound.intensity < bound.machine.ridge)
    assert bound.share(float(bound.seconds) * 4) == pytest.approx(0.25)


@given(
    st.sampled_from([Conv2D, SeparableConv2D]),
    st.integers(1, 5),
    st.integers(1, 64),
    st.integers(1, 64),
    st.integers(5, 30),
    st.integers(1, 300),
    st.sampled_from([2, 4]),
)
def test_a_layers_roofline_is_its_flops_over_its_bytes(make, k, m, n, side, batch, size):
    layer, shape = make(n, k), (side, side, m)
    bound = roofline(layer, shape, LAPTOP, batch=batch, element_size=size)
    assert bound.flops == batch * layer.cost(shape).flops
    assert bound.moved == size * layer.traffic(shape, batch=batch).elements
    assert bound.intensity == layer.intensity(shape, batch=batch, element_size=size)
    effective = roofline(layer, shape, LAPTOP, batch=batch, effective=True)
    assert effective.flops == batch * layer.cost(shape, effective=True).flops


def test_the_bytes_of_a_dense_layer_are_those_that_xla_counts():
    jax = pytest.importorskip("jax")
    compiled = jax.jit(lambda x, w: x @ w).lower(np.ones((32, 40)), np.ones((40, 50))).compile()
    analysis = compiled.cost_analysis()
    analysis = analysis[0] if isinstance(analysis, list) else analysis
    bound = roofline(Dense(50, use_bias=False), (40,), LAPTOP, batch=32)
    assert (bound.flops, bound.moved) == (analysis["flops"], analysis["bytes accessed"])


def test_training_moves_the_elements_for_each_pass():
    shape = (14, 14, 32)
    for layer, passes in ((Conv2D(8, 3), 3), (MaxPooling2D(2), 2)):
        once = roofline(layer, shape, LAPTOP)
        step = roofline(layer, shape, LAPTOP, training=True)
        first = roofline(layer, shape, LAPTOP, training=True, first=True)
        assert step.moved == passes * once.moved
        assert first.moved == (passes - 1) * once.moved
        assert step.flops == 3 * once.flops
        assert first.flops == 2 * once.flops


def test_arrays_give_arrays():
    filters = np.array([8, 64, 512])
    bound = roofline(Conv2D(filters, 3), (16, 16, 64), LAPTOP)
    alone = [roofline(Conv2D(int(n), 3), (16, 16, 64), LAPTOP) for n in filters]
    np.testing.assert_allclose(bound.seconds, [float(one.seconds) for one in alone])
    np.testing.assert_allclose(bound.attainable, [float(one.attainable) for one in alone])
    assert bound.is_limited_by_memory.tolist() == [one.is_limited_by_memory for one in alone]
    low = Machine("low", 1e9, 1e9)
    assert roofline(DepthwiseConv2D(3), (np.array([9, 99]), 9, 4), low).seconds.shape == (2,)


def test_symbols_give_formulas():
    n = symbol("n")
    bound = roofline(Conv2D(n, 3), (16, 16, 64), LAPTOP)
    assert isinstance(bound.seconds, sympy.Max)
    for value in (1, 64):
        expected = roofline(Conv2D(value, 3), (16, 16, 64), LAPTOP).seconds
        assert bound.seconds.subs(n, value) == sympy.Rational(expected)


def model():
    layers = keras.layers
    x = inputs = keras.Input((12, 12, 3))
    x = layers.Rescaling(0.1)(x)
    x = layers.SeparableConv2D(8, 3)(x)
    x = layers.BatchNormalization()(x)
    x = keras.ops.relu(x)
    x = keras.ops.matmul(x, keras.ops.transpose(x, (0, 1, 3, 2)))
    x = layers.Flatten()(x)
    return keras.Model(inputs, layers.Dense(5)(x))


def test_a_network_is_its_layers_one_after_the_other():
    network = convcost.from_keras(model())
    forward = predict(network, LAPTOP, batch=4)
    assert [layer.row.name for layer in forward] == [row.name for row in network]
    assert sum(layer.bound.flops for layer in forward) == 4 * network.total().flops
    assert forward.seconds == sum(layer.bound.seconds for layer in forward)
    by_kind = {layer.row.kind: layer.bound for layer in forward}
    assert by_kind["SeparableConv2D"].flops == 4 * SeparableConv2D(8, 3).cost((12, 12, 3)).flops
    assert by_kind["Dense"].moved == 4 * (4 * 1000 + 5 * 1001 + 4 * 5)
    matmul = by_kind[next(kind for kind in by_kind if "matmul" in kind.lower())]
    assert matmul.moved == 4 * 4 * (2 * 10 * 10 * 8 + 10 * 10 * 10)


def test_a_prediction_prints_as_a_table():
    prediction = predict(TINY, LAPTOP)
    assert (
        repr(prediction)
        == str(prediction)
        == (
            "layer  FLOPs/byte   seconds  limited by\n"
            "d            0.27  4.40e-09  bandwidth\n"
            "total: at least 4.40e-09 s on laptop"
        )
    )
    html = prediction._repr_html_()
    assert '<td style="text-align: right">4.40e-09</td>' in html
    assert html.endswith("<p>total: at least 4.40e-09 s on laptop</p>")
    # One number for each batch, in a range.
    assert "4.40e-09 to 5.80e-09" in str(predict(TINY, LAPTOP, batch=np.array([1, 2])))


def test_an_operation_with_several_outputs_writes_them_all():
    inputs = keras.Input((8, 8, 6))
    left, right = keras.ops.split(inputs, 2, axis=-1)
    network = convcost.from_keras(keras.Model(inputs, left + right))
    split, add = predict(network, LAPTOP)
    assert split.row.output_shape == ((8, 8, 3), (8, 8, 3))
    assert split.bound.moved == 4 * (8 * 8 * 6 + 2 * 8 * 8 * 3)
    assert add.bound.moved == 4 * 3 * 8 * 8 * 3


def test_a_network_in_training_needs_no_gradients_before_its_first_weights():
    network = convcost.from_keras(model())
    forward = {layer.row.kind: layer.bound for layer in predict(network, LAPTOP)}
    training = {layer.row.kind: layer.bound for layer in predict(network, LAPTOP, training=True)}
    passes = {kind: training[kind].moved / forward[kind].moved for kind in forward}
    matmul = next(kind for kind in passes if "matmul" in kind.lower())
    assert (passes["Rescaling"], passes["SeparableConv2D"], passes["Dense"]) == (1, 2, 3)
    assert (passes["Flatten"], passes[matmul]) == (2, 3)
    assert training[matmul].flops == 3 * forward[matmul].flops


def test_the_machines_of_the_data_sheets():
    for name in hardware.MACHINES:
        machine = find(name)
        assert machine.name == name
        assert 1e12 < machine.flops_per_second < 1e14
        assert find(name, "float16").flops_per_second > machine.flops_per_second
    assert find("NVIDIA A100 SXM4 80 GB").flops_per_second == 19_500_000_000_000
    assert find("NVIDIA A100 SXM4 80 GB").bytes_per_second == 2_039_000_000_000


TINY = convcost.from_keras(
    {"name": "tiny", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 3}}]}, (4,)
)


@pytest.mark.parametrize(
    "rate",
    [
        *(np.float16(3), np.float32(3), np.float64(3), np.longdouble(3), np.int8(3), np.uint64(3)),
        *(np.array(3), np.array(3.0), Fraction(3), Decimal(3), sympy.Integer(3), sympy.Float(3)),
    ],
    ids=name_of,
)
def test_rates_and_times_may_be_any_finite_number(rate):
    assert Machine("x", rate, rate) == Machine("x", 3, 3)
    assert LAPTOP.bound(1, 1).share(rate) == LAPTOP.bound(1, 1).share(3)


def test_bounds_of_arrays_and_symbols_print():
    arrays = LAPTOP.bound(np.array([1, 10**6]), 10)
    assert str(arrays) == (
        "0.10 to 100000.00 FLOPs per byte on laptop: at least 5.00e-10 to 1.00e-05 s, limited by"
        " its bandwidth for 1 of 2, and by its peak for the others"
    )
    assert str(LAPTOP.bound(np.array([10**6, 10**6]), 10)).endswith(
        "1.00e-05 s, limited by its peak"
    )
    assert str(LAPTOP.bound(np.array([1, 2]), 10)).endswith("limited by its bandwidth")
    symbols = LAPTOP.bound(m, 10)
    assert "m/10 FLOPs per byte" in str(symbols)
    assert "limited by its bandwidth if m/100000000000 < 1/2000000000, else" in str(symbols)
    assert symbols.share(2) == symbols.seconds / 2
    mixed = LAPTOP.bound(np.array([m, 3], dtype=object), 10)
    assert str(mixed).endswith("limited by its peak or its bandwidth")
    with pytest.raises(TypeError, match="which limit applies depends on the symbols"):
        mixed.is_limited_by_memory  # noqa: B018
    assert mixed.share(2)[0] == symbols.seconds / 2
    lazy = LAPTOP.bound(dask.array.from_array(np.array([1, 10**6])), 10)
    assert str(lazy).endswith("limited by its peak or its bandwidth")
    assert lazy.share(2).compute().tolist() == list(map(float, arrays.share(2)))
    named = LAPTOP.bound(xr.DataArray(1), 10)
    assert str(named).endswith("5.00e-10 s, limited by its bandwidth")
    assert LAPTOP.bound(10, np.array([1, 10])).is_limited_by_memory.tolist() == [False, True]
    single = LAPTOP.bound(jnp.array(1), 10)
    assert bool(single.is_limited_by_memory)
    huge = LAPTOP.bound(10**400, 1)
    assert str(huge).startswith(
        "more than 1e308 FLOPs per byte on laptop: at least more than 1e308"
    )
    both = roofline(Conv2D(np.array([3, 40]), 3), (14, 14, m), LAPTOP)
    assert "2 expressions" in str(both)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Machine(3, 1, 1), TypeError, "name must be a string; got 3"),
        (lambda: Machine("x", "1", 1), TypeError, "flops_per_second must be a positive.*'1'"),
        (lambda: Machine("x", True, 1), TypeError, "flops_per_second must .*True"),
        (lambda: Machine("x", 1, np.ones(2)), TypeError, "bytes_per_second must"),
        (lambda: Machine("x", 1, -2), ValueError, "bytes_per_second must .*-2"),
        (lambda: Machine("x", float("nan"), 1), ValueError, "flops_per_second must .*nan"),
        (lambda: Machine("x", float("inf"), 1), ValueError, "flops_per_second must .*inf"),
        (lambda: Machine("x", 0.2, 1), ValueError, "flops_per_second must .*0.2"),
        (lambda: LAPTOP.bound(-1, 1), ValueError, "flops must be a non-negative integer"),
        (lambda: LAPTOP.bound(1.0, 1), TypeError, r"flops must be .*1\.0"),
        (lambda: LAPTOP.bound(1, 0), ValueError, "moved must be a positive integer"),
        (lambda: LAPTOP.bound(1, 1).share(0), ValueError, "measured_seconds must .*got 0"),
        (lambda: LAPTOP.bound(1, 1).share("1"), TypeError, "measured_seconds must .*'1'"),
        (lambda: roofline(3, (1, 1, 1), LAPTOP), TypeError, "layer must be a layer of"),
        (lambda: roofline(Dense(3), (1,), "A100"), TypeError, "machine must be a Machine.*'A100'"),
        (lambda: roofline(Dense(3), (1,), LAPTOP, batch=0), ValueError, "batch must .*got 0"),
        (lambda: roofline(Dense(3), (1,), LAPTOP, batch=1.5), TypeError, "batch must"),
        (lambda: roofline(Dense(3), (1,), LAPTOP, element_size=0), ValueError, "element_size"),
        (lambda: roofline(Dense(3), (1,), LAPTOP, training=1), TypeError, "training must"),
        (lambda: predict([], LAPTOP), TypeError, "network must be a Network, such as"),
        (lambda: predict(Dense(3), LAPTOP), TypeError, "network must .*a layer has hardware.roof"),
        (lambda: predict(TINY, None), TypeError, "machine must be"),
        (lambda: predict(TINY, LAPTOP, batch=-1), ValueError, "batch must"),
        (lambda: predict(TINY, LAPTOP, training=1), TypeError, "training must"),
        (lambda: predict(TINY, LAPTOP, element_size=0), ValueError, "element_size must"),
        (lambda: find(["NVIDIA T4"]), ValueError, "name must be one of NVIDIA V100 SXM2"),
        (lambda: LAPTOP.bound(10**400, 1).share(1), OverflowError, "the share .* exceeds 1e308"),
        (lambda: LAPTOP.bound(1, np.array([0, 1])), ValueError, r"moved\[0\] must be a positive"),
        (lambda: find("NVIDIA"), ValueError, "name must be one of NVIDIA V100 SXM2, .*'NVIDIA'"),
        (lambda: find("NVIDIA T4", "bfloat16"), ValueError, "one of float32, float16 on NVIDIA T4"),
    ],
)
def test_what_is_no_rate_and_no_machine_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_bound_prints_as_a_sentence():
    assert str(Bound(LAPTOP, 10**9, 10**9)) == (
        "1.00 FLOPs per byte on laptop: at least 5.00e-02 s, limited by its bandwidth"
    )
    assert str(LAPTOP.bound(10**9, 10**6)).endswith("at least 1.00e-02 s, limited by its peak")


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(OverflowError, match="flops"):
        roofline(Conv2D(np.array([2**20]), 3), (2**10, 2**10, 64), LAPTOP, batch=2**20)
