"""Attention against Keras, live and from JSON, against JAX's record, and against enumeration."""

from itertools import product
from math import prod

import keras
import numpy as np
import pytest
from both_forms import hold, hold_to_jax, shapes_of, walked
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from strategies import examples

import convcost
from convcost import layers
from convcost._layers.attending import Mask
from convcost.symbols import symbol

SMALL = st.integers(1, 4)
FLAGS = st.booleans()
WINDOWS = st.none() | SMALL


def combinations(equation, *shapes):
    """Return the number of combinations of an einsum's indices: the sum of products of ones."""
    return int(np.einsum(equation, *(np.ones(shape, int) for shape in shapes)).sum())


def pairs_of(queries, keys, axes):
    """Enumerate the pairs of positions that meet: equal but along these axes."""
    alike = [place for place in range(len(queries)) if place not in axes]
    return sum(
        all(query[place] == key[place] for place in alike)
        for query in product(*map(range, queries))
        for key in product(*map(range, keys))
    )


@st.composite
def with_heads(draw):
    """Arguments of MultiHeadAttention, the shapes of query, value and key, and the axes."""
    options = {
        "num_heads": draw(st.integers(1, 3)),
        "key_dim": draw(SMALL),
        "value_dim": draw(st.none() | SMALL),
        "use_bias": draw(FLAGS),
        "output_shape": draw(st.sampled_from([None, None, 3, (2, 3)])),
        "use_gate": draw(FLAGS),
    }
    queries, keys = (draw(SMALL),), (draw(SMALL),)
    axes, form = (0,), draw(st.sampled_from(["line", "line", "all", "first", "second"]))
    if form == "line":
        options["sliding_window"] = draw(WINDOWS)
    elif form == "all":
        queries, keys, axes = (*queries, draw(SMALL)), (*keys, draw(SMALL)), (0, 1)
    elif form == "first":
        extra = draw(SMALL)
        queries, keys = (*queries, extra), (*keys, extra)
        options["attention_axes"] = draw(st.sampled_from([1, (1,)]))
    else:
        queries, keys, axes = (queries[0], draw(SMALL)), (queries[0], *keys), (1,)
        options["attention_axes"] = (2,)
    shapes = [(*queries, draw(SMALL)), (*keys, draw(SMALL)), (*keys, draw(SMALL))]
    return options, shapes[: draw(st.integers(1, 3))], axes


def counted_by_enumeration(options, shapes, axes):
    query, value, key = (*shapes, shapes[-1])[:3] if len(shapes) > 1 else shapes * 3
    heads, size = options["num_heads"], options["key_dim"]
    width = options["value_dim"] or size
    made = options["output_shape"] or query[-1]
    made = made if isinstance(made, int) else prod(made)
    places, keys = prod(query[:-1]), prod(key[:-1])
    macs = combinations("td,dhk->thk", (places, query[-1]), (query[-1], heads, size))
    macs += combinations("sd,dhk->shk", (keys, key[-1]), (key[-1], heads, size))
    macs += combinations("sd,dhv->shv", (keys, value[-1]), (value[-1], heads, width))
    macs += combinations("thv,hvo->to", (places, heads, width), (heads, width, made))
    if options["use_gate"]:
        macs += combinations("td,dhv->thv", (places, query[-1]), (query[-1], heads, width))
    return macs + heads * pairs_of(query[:-1], key[:-1], axes) * (size + width)


@examples(50)
@given(with_heads(), FLAGS, FLAGS)
def test_multi_head_attention(drawn, trainable, scores):
    options, shapes, axes = drawn
    theirs = kl.MultiHeadAttention(**options)
    # Keras says the scores' shape for one axis, and equally many queries and keys.
    scores = scores and axes == (0,) and {one[:-1] for one in shapes} == {shapes[0][:1]}
    ours = layers.MultiHeadAttention(**options, return_attention_scores=scores)
    entries = [keras.Input(shape) for shape in shapes]
    given_tensors = entries if len(entries) > 1 else entries * 2
    made = theirs(*given_tensors, return_attention_scores=scores)
    theirs.trainable = trainable  # after it is built: before, Keras does not freeze what is inside
    row = hold(keras.Model(entries, made)).rows[-1]
    given_shapes = shapes if len(shapes) > 1 else shapes * 2
    # Keras fills in the axes when it builds the layer.
    built = row.layer.arguments()["attention_axes"] or tuple(axis + 1 for axis in axes)
    assert row.layer.arguments() == {**ours.arguments(), "attention_axes": built}
    assert ours.output_shape(given_shapes) == row.output_shape
    assert ours.cost(given_shapes) == row.cost
    assert [one.shape for one in ours.weights(given_shapes)] == shapes_of(theirs.weights)
    assert ours.weights_for(tuple(given_shapes)) == ours.weights(given_shapes)
    assert row.macs == counted_by_enumeration(options, shapes, axes)
    if len(shapes) == 1:
        assert ours.cost(shapes) == row.cost
    assert ours.training(given_shapes).total.macs == 3 * row.macs


@examples(25)
@given(st.integers(1, 3), st.integers(1, 3), SMALL, FLAGS, FLAGS, WINDOWS, st.data())
def test_group_query_attention(groups, shared, size, bias, gate, window, data):
    width = data.draw(SMALL)  # which Keras wants to be equal
    query, value = ((data.draw(SMALL), width) for _ in range(2))
    heads = groups * shared
    options = {"use_bias": bias, "use_gate": gate, "sliding_window": window}
    theirs = kl.GroupQueryAttention(size, heads, shared, **options)
    ours = layers.GroupQueryAttention(size, heads, shared, **options)
    entries = [keras.Input(query), keras.Input(value)]
    row = hold(keras.Model(entries, theirs(*entries))).rows[-1]
    assert row.layer == ours
    assert ours.cost([query, value]) == row.cost
    assert [one.shape for one in ours.weights([query, value])] == shapes_of(theirs.weights)
    (t, d), (s, _) = query, value
    macs = combinations("td,dhk->thk", query, (d, heads, size)) * (1 + gate)
    macs += 2 * combinations("sd,dhk->shk", value, (d, shared, size))
    macs += combinations("thk,hkd->td", (t, heads, size), (heads, size, d))
    macs += 2 * combinations("thk,shk->hts", (t, heads, size), (s, heads, size))
    assert row.macs == macs


@examples(40)
@given(
    st.sampled_from(["Attention", "concat", "AdditiveAttention"]),
    st.sampled_from([(), (2,), (3, 2)]),
    st.tuples(SMALL, SMALL, SMALL, SMALL),
    st.tuples(FLAGS, FLAGS, FLAGS, FLAGS),
)
def test_attention_without_heads(kind, lead, sides, flags):
    (t, s, size, width), (scale, scores, causal, keyed) = sides, flags
    width = width if keyed else size
    options = {"use_scale": scale}
    name = "AdditiveAttention" if kind == "AdditiveAttention" else "Attention"
    if kind == "concat":
        options["score_mode"] = "concat"
    call = {"return_attention_scores": scores, "use_causal_mask": causal}
    theirs, ours = getattr(kl, name)(**options), getattr(layers, name)(**options, **call)
    shapes = [(*lead, t, size), (*lead, s, width), (*lead, s, size)][: 2 + keyed]
    entries = [keras.Input(shape) for shape in shapes]
    row = hold(keras.Model(entries, theirs(entries, **call))).rows[-1]
    assert row.layer == ours
    assert ours.output_shape(shapes) == row.output_shape
    assert ours.cost(shapes) == row.cost
    assert [one.shape for one in ours.weights(shapes)] == shapes_of(theirs.weights)
    multiplied = 0 if kind == "concat" or (name != "Attention" and not scale) else size
    assert row.macs == prod(lead) * pairs_of((t,), (s,), (0,)) * (multiplied + width)
    left = sum(not causal or j <= i for i in range(t) for j in range(s))
    effective = ours.cost(shapes, effective=True).macs
    assert effective == row.effective_macs == prod(lead) * left * (multiplied + width)


@pytest.mark.usefixtures("jax_process")
@examples(5)
@given(with_heads())
def test_the_macs_in_the_record_of_jax(drawn):
    options, shapes, _ = drawn
    # JAX's attention takes values of another size than the keys in none of its forms.
    options = {**options, "value_dim": None}
    entries = [keras.Input(shape) for shape in shapes]
    made = kl.MultiHeadAttention(**options)(*(entries if len(entries) > 1 else entries * 2))
    hold_to_jax(keras.Model(entries, made))


@pytest.mark.usefixtures("jax_process")
def test_other_attention_in_the_record_of_jax():
    query, value = keras.Input((5, 8)), keras.Input((7, 8))
    x = kl.GroupQueryAttention(3, 4, 2)(query, value, use_causal_mask=True)
    x = kl.Attention(use_scale=True)([x, value])
    x = kl.Attention(score_mode="concat")([x, value, value])
    net = hold_to_jax(keras.Model([query, value], x))
    assert net.macs == sum(row.macs for row in net)
    added = kl.AdditiveAttention()([query, value])
    model = keras.Model([query, value], added)
    # JAX's record multiplies by the scale and adds up, which is no matrix product.
    assert walked(model, hold(model)) == 5 * 7 * 8
    assert hold(model).macs == 2 * 5 * 7 * 8


@pytest.mark.usefixtures("jax_process")
def test_calls_by_keyword_and_with_masks():
    query, value, key = keras.Input((5, 6)), keras.Input((7, 3)), keras.Input((7, 2))
    mask, words = keras.Input((5, 7), dtype="bool"), keras.Input((5,), dtype="int32")
    valid = keras.Input((7,), dtype="bool")
    x = kl.Embedding(9, 6, mask_zero=True)(words)
    outputs = [
        kl.MultiHeadAttention(2, 3)(query, key=key, value=value),
        kl.MultiHeadAttention(2, 3)(key=key, value=value, query=query),
        kl.MultiHeadAttention(2, 3)(query, value, key, value_mask=valid),
        kl.MultiHeadAttention(2, 3)(query, value, attention_mask=mask),
        kl.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True),
        kl.Attention()([x, query], mask=[None, words > 0]),
    ]
    net = hold_to_jax(keras.Model([query, value, key, mask, words, valid], outputs))
    with_keys = ((5, 6), (7, 3), (7, 2))
    assert [row.input_shapes for row in net if row.kind == "MultiHeadAttention"] == [
        *[with_keys] * 3,
        with_keys[:2],
        ((5, 6), (5, 6)),
    ]


def test_a_shared_layer_counts_once():
    entry, again = keras.Input((5, 4)), keras.Input((9, 4))
    layer = kl.MultiHeadAttention(2, 3)
    model = keras.Model([entry, again], [layer(entry, entry), layer(again, entry)])
    net = hold(model)
    assert net.params == model.count_params() == layer.count_params()


@given(SMALL, SMALL, FLAGS, WINDOWS)
def test_pairs_that_a_mask_leaves(queries, keys, causal, window):
    left = [
        (not causal or key <= query) and (window is None or abs(query - key) < window)
        for query in range(queries)
        for key in range(keys)
    ]
    mask = Mask(causal, window)
    assert mask.pairs(queries, keys) == sum(left)
    layer = layers.MultiHeadAttention(3, 2, 4, use_causal_mask=causal, sliding_window=window)
    shapes = [(queries, 5), (keys, 5)]
    rest = layer.cost(shapes).macs - 3 * len(left) * (2 + 4)
    assert layer.cost(shapes, effective=True).macs == rest + 3 * sum(left) * (2 + 4)


@examples(20)
@given(st.integers(1, 6), st.integers(1, 6), FLAGS, WINDOWS)
def test_masks_are_those_of_keras(queries, keys, causal, window):
    tensors = np.ones((1, queries, 2), "float32"), np.ones((1, keys, 2), "float32")
    theirs = kl.MultiHeadAttention(1, 2, sliding_window=window)
    mask = theirs._compute_attention_mask(*tensors, use_causal_mask=causal)
    left = queries * keys if mask is None else int(np.sum(mask))
    assert Mask(causal, window).pairs(queries, keys) == left


@examples(20)
@given(st.integers(1, 40), st.integers(1, 8))
def test_an_open_length_is_quadratic(length, window):
    t = symbol("t")
    for options in ({}, {"use_causal_mask": True}, {"sliding_window": window}):
        layer = layers.MultiHeadAttention(8, 64, **options)
        for effective in (False, True):
            found = layer.cost([(t, 512)], effective=effective).macs
            assert found.subs(t, length) == layer.cost([(length, 512)], effective=effective).macs
    causal = layers.MultiHeadAttention(8, 64, use_causal_mask=True)
    assert causal.cost([(t, 512)]).macs == 1024 * t**2 + 1048576 * t
    assert causal.cost([(t, 512)], effective=True).macs.expand() == 512 * t**2 + 1049088 * t


def test_models_of_open_length():
    entry = keras.Input((None, 8))
    x = kl.MultiHeadAttention(2, 4)(entry, entry, use_causal_mask=True)
    net = convcost.from_keras(keras.Model(entry, kl.Attention()([x, entry])))
    t = symbol("t")
    assert net.macs == (2 * 2 * 4 + 16) * t**2 + 4 * 8 * 8 * t
    assert net.at((5, 8)).macs == net.macs.subs(t, 5)
