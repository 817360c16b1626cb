"""Operations that can't be counted are refused by name, and what does not fit is explained."""

import keras
import numpy as np
import pytest
from keras import ops

import convcost
from convcost._models.graph import Tensor
from convcost._models.keras.operations import KerasOperation
from convcost.symbols import symbol

X = Tensor((4, 6, 3))


@pytest.mark.parametrize(
    ("kind", "own", "args", "message"),
    [
        ("Append", {"axis": 1}, (X, Tensor((4, 6, 2))), "equal"),
        ("ArraySplit", {"indices_or_sections": 2}, (Tensor((symbol("t"), 3)),), "a known length"),
        ("CDist", {}, (Tensor((3,)), X), "of at least two axes"),
        ("Correlate", {}, (X, X), "of one axis"),
        ("Correlate", {"mode": "sam"}, (Tensor((5,)), Tensor((3,))), "mode must be one of"),
        ("Diag", {}, (X,), "of one axis or two"),
        ("Diag", {"k": 9}, (Tensor((4, 5)),), "such that something is left"),
        ("Diagonal", {"axis2": 0}, (X,), "another axis than axis1"),
        ("Diff", {"n": 3}, (X,), "such that something is left"),
        ("DotProductAttention", {}, (X, X, X), "of four axes"),
        ("ExtractSequences", {"sequence_length": 9, "sequence_stride": 1}, (X,), "is left"),
        ("Fold", {"kernel_size": 2, "output_size": 4}, (Tensor((4,)),), "of three axes"),
        ("Full", {"shape": [3, None]}, (Tensor(()),), "None stands for an open side"),
        ("GaussianBlur", {}, (Tensor((4,)),), "of 3 axes, or one more"),
        ("Glu", {}, (X,), "must divide"),
        ("Hstack", {}, ([Tensor((4,)), Tensor((4,))],), "of at least two axes"),
        ("Hstack", {}, ([],), "a list of tensors"),
        ("InTopK", {}, (), "x must be given"),
        ("Kron", {}, (X, Tensor((2,))), "of as many axes as x1, 3"),
        ("Linspace", {"retstep": True}, (X, X), "retstep must be False"),
        ("Norm", {"ord": "nuc", "axis": [0, 1]}, (X,), "is made of singular values"),
        ("Quantile", {}, (X, [0.5]), "a number, or at least two"),
        ("Rearrange", {}, (X, "a b -> b a"), "a name or a group for each axis"),
        ("Rearrange", {}, (X, "a b c -> a b d"), "the same names on both sides"),
        ("Rearrange", {}, (X, "a (b c) d -> a b c d"), "one of a group open"),
        ("SegmentSum", {}, (X, [0, 0, 1, 1]), "depends on the values"),
        ("Slice", {"shape": [1, 1]}, (X, [0, 0, 0]), "of as many sides as the input"),
        ("Slice", {"shape": [1, -1, 1]}, (X, Tensor((3,))), "without -1 where start_indices"),
        ("TakeAlongAxis", {"axis": 0}, (X, Tensor((2,))), "of as many axes as x, 3"),
        ("Tensordot", {"axes": 5}, (X, X), "a number of axes that both have"),
        ("Tensordot", {"axes": [[0], [1]]}, (X, X), "must be equal; got shapes"),
        ("Unfold", {"kernel_size": 2}, (X,), "of four axes"),
        ("Unique", {}, (X,), "depends on the values"),
        ("UnravelIndex", {"shape": [2] * 10_001}, (X,), "at most 10000 sides"),
        ("Vander", {}, (X,), "of one axis"),
    ],
)
def test_what_does_not_fit_is_explained(kind, own, args, message):
    with pytest.raises(ValueError, match=message):
        KerasOperation(kind, own).apply(args, {})


def test_lengths_that_do_not_fit_a_pattern_are_explained():
    rearrange = KerasOperation("Rearrange", {})
    assert rearrange.apply((X, "a (b c) d -> (a b) c d"), {"b": 2})[0] == (8, 3, 3)
    with pytest.raises(ValueError, match="with lengths of axes that give 6"):
        rearrange.apply((X, "a (b c) d -> (a b) c d"), {"b": 2, "c": 2})


def test_attention_with_unequal_lengths_is_explained():
    q, k = Tensor((2, 5, 4, 8)), Tensor((2, 7, 2, 8))
    with pytest.raises(ValueError, match="equal batches and sizes"):
        KerasOperation("DotProductAttention", {}).apply((q, k, q), {})


def test_a_causal_mask_leaves_effective_macs():
    q = keras.Input((5, 4, 8))
    net = convcost.from_keras(keras.Model(q, ops.dot_product_attention(q, q, q, is_causal=True)))
    assert net.macs == 2 * 4 * 5 * 5 * 8
    assert sum(row.effective_macs for row in net) == 2 * 4 * 15 * 8


def test_sides_may_stay_open():
    t = symbol("t")
    x = Tensor((2, t, 6))

    def output(kind, own, *args):
        return KerasOperation(kind, own).apply(args, {})[0]

    assert output("Diff", {"axis": 1}, x)[1].subs(t, 1) == 0
    assert output("Diff", {"axis": 1}, x)[1].subs(t, 9) == 8
    assert output("Diagonal", {"axis1": 1, "axis2": 2}, x)[1].subs(t, 4) == 4
    assert output("Vander", {}, Tensor((t,))) == (t, t)
    assert output("ScaleAndTranslate", {}, Tensor((1, 8, 8, 3)), [None, 4, 4, 3]) == (1, 4, 4, 3)
    query = Tensor((2, t, 4, 8))
    product, _ = KerasOperation("DotProductAttention", {}).apply((query, query, query), {})[1]
    assert product.forward(False).macs == 2 * 4 * t * t * 8


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (ops.cholesky, r"class Cholesky \(which solves or factorizes matrices"),
        (lambda x: ops.rfft(x)[0], r"class RFFT \(which is a Fourier transform"),
        (ops.nonzero, r"class Nonzero \(which has an output whose length depends on the values"),
    ],
)
def test_what_has_no_number_of_macs_is_refused_with_the_reason(function, reason):
    entry = keras.Input(batch_shape=(2, 4, 4))
    model = keras.Model(entry, function(entry))
    for source in (model, model.to_json()):
        with pytest.raises(convcost.UnknownLayerError, match=reason):
            convcost.from_keras(source)


def test_what_has_no_number_of_macs_may_be_left_out():
    entry = keras.Input((4, 4))
    model = keras.Model(entry, keras.layers.Dense(5)(ops.inv(entry)))
    with pytest.warns(UserWarning, match="inv"):
        net = convcost.from_keras(model, on_unknown="warn")
    assert net.output_shapes == ((4, 5),)


@pytest.mark.parametrize(
    "function", [lambda x: ops.slice(x, (0, 0, 0, 0), (1, 4, 4, 4)), lambda x: ops.top_k(x, 4)[0]]
)
def test_a_scaled_model_does_not_guess_what_an_operation_would_take(function):
    entry = keras.Input(batch_shape=(1, 6, 6, 3))
    x = function(keras.layers.Conv2D(8, 3, name="first")(entry))
    net = convcost.from_keras(keras.Model(entry, keras.layers.Dense(5, name="last")(x)))
    with pytest.raises(ValueError, match="not say what it is at another width"):
        net.scale(width=2)


def test_arrays_in_any_place_have_their_shapes():
    entry = keras.Input((4,))
    model = keras.Model(entry, ops.matmul(entry, np.ones((4, 2), "float32")))
    assert convcost.from_keras(model).macs == convcost.from_keras(model.to_json()).macs == 8
