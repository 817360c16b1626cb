"""EinsumDense against Keras, live and from JSON, against JAX's record, and against sums of ones."""

import re

import keras
import numpy as np
import pytest
from both_forms import hold, hold_to_jax, shapes_of, walked
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from strategies import examples
from test_verify_models import reasons, report_of

import convcost
from convcost import layers
from convcost.symbols import symbol

SMALL = st.integers(1, 4)


@st.composite
def equations(draw):
    """Draw an equation over any axes, output sides, axes with a bias, and an input's shape."""
    form = draw(st.sampled_from(["plain", "plain", "plain", "before", "after"]))
    lengths = {letter: draw(SMALL) for letter in "bcdefgh"}
    given_axes = draw(st.permutations("bcd"))[: draw(st.integers(1, 3))]
    # Axes of the input that the kernel has: summed, or kept (as in 'abc,bc->abc').
    shared = [one for one in given_axes if draw(st.booleans())] or given_axes[:1]
    kept = [one for one in shared if form == "plain" and draw(st.booleans())]
    new = list("efg"[: draw(st.integers(0, 2))]) or (["e"] if not kept else [])
    kernel = draw(st.permutations([*shared, *new]))
    left = [one for one in given_axes if one not in shared]
    made = draw(st.permutations([*left, *kept, *new]))
    hidden = draw(st.lists(SMALL, max_size=2)) if form != "plain" else []
    terms = ["".join(one) for one in (given_axes, kernel, made)]
    ends = [lengths[one] for one in given_axes]
    bias = "".join(draw(st.permutations(made))[: draw(st.integers(0, len(made)))]) or None
    known = {*new, *kept, *(bias or "")}  # Keras wants them
    sides = tuple(lengths[one] if one in known or draw(st.booleans()) else None for one in made)
    if form == "plain":
        equation = f"a{terms[0]},{terms[1]}->a{terms[2]}"
        return equation, sides, bias, tuple(ends), None
    if form == "before":
        equation = f"...{terms[0]},{terms[1]}->...{terms[2]}"
        return equation, sides, bias, (*hidden, *ends), hidden
    equation = f"a{terms[0]}...,{terms[1]}->a{terms[2]}..."
    return equation, sides, bias, (*ends, *hidden), hidden


def combinations(equation, shape, kernel):
    """Return the number of combinations of the axes: the sum of products of ones."""
    return int(np.einsum(equation, np.ones((1, *shape), int), np.ones(kernel, int)).sum())


def built(equation, sides, bias):
    return kl.EinsumDense(equation, sides, bias_axes=bias)


@examples(100)
@given(equations(), st.booleans())
def test_layers_as_in_keras(drawn, trainable):
    equation, sides, bias, shape, hidden = drawn
    theirs = built(equation, sides, bias)
    theirs.trainable = trainable
    ours = layers.EinsumDense(equation, sides, bias_axes=bias)
    entry = keras.Input(shape)
    model = keras.Model(entry, theirs(entry))
    if hidden is None:
        row = hold(model).rows[-1]
        assert row.layer == ours
        assert row.cost == ours.cost(shape)
    # Keras says the sides of an ellipsis in front in reverse, and of one behind without them.
    made = tuple(theirs(np.ones((1, *shape), "float32")).shape[1:])
    assert ours.output_shape(shape) == made
    for form in (model, model.to_json()):
        network = convcost.from_keras(form)
        assert network.params == model.count_params()
        assert network.rows[-1].output_shape == made
    cost = ours.cost(shape)
    assert [one.shape for one in ours.weights(shape)] == shapes_of(theirs.weights)
    assert [one.name for one in ours.weights(shape)] == [one.name for one in theirs.weights]
    assert cost.macs == combinations(equation, shape, theirs.kernel.shape)
    assert cost.bias_adds == (int(np.prod(made)) if bias else 0)
    assert ours.weights_for(shape) == ours.weights(shape)
    training = ours.training(shape)
    assert training.total.macs == 3 * cost.macs
    assert training.weight_gradient.bias_adds == cost.bias_adds
    assert (training.weight_gradient.params, training.input_gradient.bias_adds) == (0, 0)
    assert ours.training(shape, first=True).input_gradient.macs == 0


@pytest.mark.usefixtures("jax_process")
def test_the_macs_in_the_record_of_jax():
    entry = keras.Input((5, 6))
    outputs = [
        kl.EinsumDense("abc,cd->abd", (None, 7), bias_axes="d")(entry),
        kl.EinsumDense("abc,cde->abde", (5, 2, 3), bias_axes="be")(entry),
        kl.EinsumDense("abc,bcd->abd", (5, 3))(entry),
        kl.EinsumDense("abc,bd->adc", (4, None))(entry),
    ]
    hold_to_jax(keras.Model(entry, outputs))
    model = keras.Model(entry, kl.EinsumDense("...x,xy->...y", 4)(entry))
    assert walked(model, convcost.from_keras(model)) == 5 * 6 * 4
    # A product without a sum, which JAX's record does not call a matrix product.
    model = keras.Model(entry, kl.EinsumDense("abc,bc->abc", (5, 6))(entry))
    assert hold(model).macs == 5 * 6


def test_what_verify_can_not_see_is_named():
    entry = keras.Input((5, 6))
    x = kl.EinsumDense("abc,cd->adb", (4, None), name="turned")(entry)
    dots = kl.EinsumDense("...x,xy->...y", 7, name="dots")(entry)
    model = keras.Model(entry, [kl.LSTM(3, name="lstm")(kl.Reshape((4, 5))(x)), dots])
    report = report_of(model, oracles=["keras", "kernels"])
    assert report.agrees
    assert reasons(report, "kernels")[:1] == [
        "it has no kernel that is applied once at each position"
    ]
    quantities = {name: found.quantities for name, found in report.findings if found.quantities}
    assert [one.name for one in quantities["turned"]] == ["params"]
    assert [one.name for one in quantities["dots"]] == ["params"]
    assert [one.name for one in quantities["lstm"]] == ["params", "output shape"]


def test_repeated_parts_share_the_bias():
    layer = layers.TimeDistributed(layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="b"))
    cost = layer.cost((3, 5, 6))
    assert (cost.params, cost.bias_adds) == (6 * 4 + 5, 3 * 5 * 4)
    assert cost.explain().bias_adds == "3*5*4 = 60"


def test_open_sides_and_arrays():
    t = symbol("t")
    layer = layers.EinsumDense("abc,cde->abde", (None, 8, 64), bias_axes="de")
    assert layer.output_shape((t, 512)) == (t, 8, 64)
    assert layer.cost((t, 512)).macs == 8 * 64 * 512 * t
    units, steps = np.array([[1], [4]]), np.array([3, 5])
    found = layers.EinsumDense("abc,cd->abd", (None, units), bias_axes="d").cost((steps, 6))
    for name in ("params", "macs", "bias_adds"):
        one_by_one = [
            [
                getattr(
                    layers.EinsumDense("abc,cd->abd", (None, n), bias_axes="d").cost((s, 6)), name
                )
                for s in (3, 5)
            ]
            for n in (1, 4)
        ]
        assert np.broadcast_to(getattr(found, name), (2, 2)).tolist() == one_by_one
    with pytest.raises(OverflowError, match="macs reaches"):
        layers.EinsumDense("abc,cd->abd", (None, np.array([2**40, 1]))).cost((2**30, 6))


def test_models_of_open_length():
    entry = keras.Input((None, 6))
    model = keras.Model(entry, built("abc,cd->abd", (None, 4), "d")(entry))
    net = convcost.from_keras(model)
    assert net.macs == 24 * symbol("t")
    assert convcost.from_keras(model.to_json()).at((9, 6)).macs == net.at((9, 6)).macs == 9 * 24


def test_traffic_and_printing():
    layer = layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="b")
    assert repr(layer) == "EinsumDense('abc,cd->abd', (None, 4), bias_axes='b')"
    assert eval(repr(layer), vars(layers)) == layer
    traffic = layer.traffic((5, 6))
    assert (traffic.input, traffic.intermediate, traffic.output) == (30, 0, 20)
    assert traffic.weights == 6 * 4 + 5
    spaced = layers.EinsumDense("abc, cd -> abd", (None, 4), bias_axes="")
    assert spaced.cost((5, 6)) == layers.EinsumDense("abc,cd->abd", [None, 4]).cost((5, 6))


FORM = "equation must be an equation such as 'abc,cd->abd', '...a,ab->...b' or 'ab...,bc->ac...'"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: layers.EinsumDense(3, 3), TypeError, f"{FORM}, whose first axis is the batch;"),
        (lambda: layers.EinsumDense("abc", 3), ValueError, FORM),
        (lambda: layers.EinsumDense("aab,bc->ac", 3), ValueError, FORM),
        (lambda: layers.EinsumDense("bac,cd->abd", (2, 3)).cost((2, 5)), ValueError, FORM),
        (lambda: layers.EinsumDense("abc,ad->abd", (2, 3)).cost((2, 5)), ValueError, FORM),
        (
            lambda: layers.EinsumDense("abc,cd->abd", (None, True)),
            TypeError,
            "output_shape[1] must be a positive integer",
        ),
        (
            lambda: layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="x"),
            ValueError,
            "bias_axes must be letters of the output 'abd', or None; got 'x'",
        ),
        (
            lambda: layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes=3),
            ValueError,
            "bias_axes must be letters of the output 'abd', or None; got 3",
        ),
        (
            lambda: layers.EinsumDense("...x,xy->...y", 4, bias_axes="."),
            ValueError,
            "bias_axes must be letters of the output '...y', or None; got '.'",
        ),
        (
            lambda: layers.EinsumDense("abc,cd->abd", (None, 3)).cost((5,)),
            ValueError,
            "input_shape must be as many sides as 'abc,cd->abd' has; got (5,)",
        ),
        (
            lambda: layers.EinsumDense("abc,cd->abd", (None, 3)).cost((5, 6, 7)),
            ValueError,
            "input_shape must be as many sides as 'abc,cd->abd' has; got (5, 6, 7)",
        ),
        (
            lambda: layers.EinsumDense("abc,cd->abd", 3).cost((2, 5)),
            ValueError,
            "output_shape must be a side for each axis behind the batch: b, d; got",
        ),
        (
            lambda: layers.EinsumDense("abc,cd->abd", (2, None)).cost((2, 5)),
            ValueError,
            "output_shape must be a length for the axis 'd'; got (2, None)",
        ),
        (
            lambda: layers.EinsumDense("abc,cd->abd", (7, 3)).cost((2, 5)),
            ValueError,
            "output_shape must be the length 2 for the axis 'b', as in the input; got (7, 3)",
        ),
        (
            lambda: layers.EinsumDense("abc,cde->abd", (None, 3)).cost((2, 5)),
            ValueError,
            "equation must be one whose kernel has axes of its input and output only, unlike 'e';"
            " got 'abc,cde->abd' (str)",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
