"""Budgets of models: limits, baselines and the lines that say by how much a model is over."""

from fractions import Fraction

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from keras_models import opaque

import convcost
from convcost.testing import assert_budget


def make(units=8, name="tiny", **how):
    entry = keras.Input((5,), name="x")
    return keras.Model(entry, kl.Dense(units, name="head", **how)(entry), name=name)


def config(units):
    dense = {"class_name": "Dense", "config": {"name": "head", "units": units}}
    return {"name": "tiny", "layers": [dense]}


def network(units):
    return convcost.from_keras(config(units), (5,))


@given(st.integers(1, 300), st.integers(0, 4000), st.integers(0, 4000), st.integers(0, 4000))
def test_limits_are_exact(units, params, macs, size):
    check = convcost.check(
        network(units), max_params=params, max_macs=macs, max_flops=2 * macs + 1, max_size=size
    )
    expected = {"params": 6 * units, "macs": 5 * units, "flops": 10 * units, "size": 24 * units}
    assert {one.quantity: one.measured for one in check.limits} == expected
    fits = [6 * units <= params, 5 * units <= macs, 5 * units <= macs, 24 * units <= size]
    assert [one.fits for one in check.limits] == fits
    assert check.fits == all(fits)
    assert [one.over for one in check.limits] == [
        max(0, one.measured - one.limit) for one in check.limits
    ]


@given(st.integers(1, 300), st.integers(1, 300), st.fractions(0, Fraction(99, 100)))
def test_nothing_may_grow_by_more_than_the_tolerance(units, before, tolerance):
    check = convcost.check(network(units), baseline=network(before), tolerance=tolerance)
    assert [one.quantity for one in check.limits] == ["params", "macs", "flops", "size"]
    assert [one.fits for one in check.limits] == [units <= before * (1 + tolerance)] * 4
    for one in check.limits:
        assert one.limit <= one.baseline * (1 + tolerance) < one.limit + 1


def test_lines():
    check = convcost.check(make(), max_params="48", max_macs="39", max_flops=10**6, max_size=0)
    assert repr(check) == str(check)
    assert repr(check).splitlines() == [
        "tiny: over budget",
        "  ok    parameters         48  at most 48",
        "  OVER  MACs               40  at most 39: 1 too many (2.56 %)",
        "  ok    FLOPs              80  at most 1,000,000",
        "  OVER  size        192 bytes  at most 0 bytes: 192 too many",
    ]
    assert str(check.limits[1]) == "OVER  MACs  40  at most 39: 1 too many (2.56 %)"


def test_lines_against_a_baseline():
    check = convcost.check(make(), baseline=make(4), tolerance="1%")
    assert repr(check).splitlines() == [
        "tiny: over budget",
        "  OVER  parameters         48  at most 24, 1 % more than 24 in the baseline: 24 too many"
        " (100 %)",
        "  OVER  MACs               40  at most 20, 1 % more than 20 in the baseline: 20 too many"
        " (100 %)",
        "  OVER  FLOPs              80  at most 40, 1 % more than 40 in the baseline: 40 too many"
        " (100 %)",
        "  OVER  size        192 bytes  at most 96 bytes, 1 % more than 96 in the baseline: 96 too"
        " many (100 %)",
    ]
    same = convcost.check(make(), baseline=make())
    assert str(same.limits[0]) == "ok  parameters  48  at most 48 as in the baseline"


def test_html():
    found = convcost.check(make(name="a<b"), max_macs=39)._repr_html_()
    assert found.startswith("<p>a&lt;b: over budget</p><table>")
    left, right = ('<td style="text-align: ' + one + '">' for one in ("left", "right"))
    row = f"{right}40</td>{left}at most 39</td>{left}1 too many (2.56 %)</td></tr>"
    assert row in found


def test_the_types_of_the_weights_count():
    assert convcost.check(make(dtype="float16"), max_size="96B").fits
    assert not convcost.check(make(), max_size="96B").fits
    assert convcost.check(make(dtype="mixed_float16"), max_size=192).fits


def test_a_saved_report_is_a_baseline(tmp_path):
    path = tmp_path / "saved.json"
    convcost.summary(make()).to_json(path)
    assert convcost.check(make(), (5,), baseline=path).fits
    assert convcost.check(path, baseline=make(9)).fits
    assert not convcost.check(make(9), baseline=str(path), tolerance=0.12).fits
    assert convcost.check(make(9), baseline=str(path), tolerance=0.125).fits
    with pytest.raises(convcost.ModelError, match="leave out input_shape"):
        convcost.check(path, (5,), max_macs=1)


def test_another_input_shape_is_noted():
    given = keras.Input((None, None, 3))
    model = keras.Model(given, kl.Conv2D(4, 3)(given), name="wide")
    check = convcost.check(model, (8, 8, 3), baseline=model)
    assert check.fits
    assert check.notes == ()
    check = convcost.check(
        convcost.from_keras(model, (8, 8, 3)), baseline=convcost.from_keras(model, (9, 9, 3))
    )
    assert repr(check).splitlines()[-1] == (
        "  note: the baseline is for inputs of (9, 9, 3), and the model for (8, 8, 3)"
    )
    assert "<p>the baseline is for inputs" in check._repr_html_()


def test_layers_left_out_are_noted():
    with pytest.warns(UserWarning, match="left out"):
        check = convcost.check(
            opaque().to_json(), max_macs="1G", baseline=opaque().to_json(), on_unknown="warn"
        )
    assert check.notes == (
        "without 'mystery' of the model, whose cost is not known",
        "without 'mystery' of the baseline, whose cost is not known",
    )


def test_open_sides_are_refused_by_name():
    given = keras.Input((None, None, 3))
    model = keras.Model(given, kl.Conv2D(4, 3)(given), name="wide")
    assert convcost.check(model, max_params=112).fits
    with pytest.raises(convcost.ModelError) as found:
        convcost.check(model, max_macs="1M")
    assert str(found.value) == (
        "max_macs needs input_shape in numbers: 'wide' leaves h and w open, and its MACs are the"
        " formula 108*(h - 2)*(w - 2)"
    )
    with pytest.raises(convcost.ModelError, match="baseline needs input_shape in numbers"):
        convcost.check(model, baseline=model)


def test_sizes_that_are_not_known():
    model = keras.Sequential([keras.Input((4,)), kl.Normalization(name="norm")], name="scaled")
    saved = model.to_json()
    with pytest.raises(convcost.ModelError) as found:
        convcost.check(saved, max_size="1kB")
    assert str(found.value) == (
        "max_size needs the type of every weight, and that of a weight of layer 'norm'"
        " (Normalization) is not known: give the live model"
    )
    for before, after in ((model, saved), (saved, model)):
        check = convcost.check(after, baseline=before)
        assert [one.quantity for one in check.limits] == ["params", "macs", "flops"]
        assert check.notes == (
            "bytes are not compared: they need the types, and that of a weight of layer 'norm'"
            " (Normalization) is not known",
        )


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ValueError, "give a limit: max_params, max_macs, max_flops, max_size or baseline"),
        ({"max_macs": 3, "tolerance": "1%"}, ValueError, "tolerance needs a baseline: the model"),
        ({"max_params": "4MiB"}, ValueError, "'4MiB', which is a size in bytes"),
        ({"max_size": "4M"}, ValueError, "did you mean '4MB' or '4MiB'"),
        ({"max_macs": -1}, ValueError, "max_macs must be an integer"),
        ({"max_flops": []}, TypeError, "max_flops must be an integer"),
        ({"baseline": 7}, TypeError, "baseline must be a Keras model"),
    ],
)
def test_wrong_arguments(given, error, message):
    with pytest.raises(error, match=message):
        convcost.check(make(), **given)


def test_assert_budget():
    assert_budget(make(), max_macs="40")
    with pytest.raises(AssertionError) as found:
        assert_budget(make(), max_macs="39", max_params="1k")
    assert str(found.value) == str(convcost.check(make(), max_macs="39", max_params="1k"))
    assert convcost.testing.assert_budget is assert_budget
    with pytest.raises(ValueError, match="give a limit"):
        assert_budget(make())
