"""`keras.ops.einsum` of any number of operands, against JAX's record and TensorFlow's order."""

import builtins
import math

import jax
import keras
import numpy as np
import opt_einsum
import pytest
from both_forms import hold, hold_to_jax
from hypothesis import assume, given
from hypothesis import strategies as st
from keras import ops
from strategies import examples

import convcost
from convcost._layers.steps import Product
from convcost._models.keras.operation_einsum import einsum
from convcost._verify.oracles.jaxpr import walk
from convcost.symbols import symbol


def macs_of(made):
    parts = (made,) if isinstance(made, Product) else made.parts
    return sum(math.prod((*one.outputs, *one.inner)) for one in parts)


@st.composite
def chains(draw):
    """Draw an equation in which each letter stands in two operands, or in one and the output."""
    letters = "abcdefg"[: draw(st.integers(2, 7))]
    terms = [""] * draw(st.integers(2, 5))
    output = ""
    for letter in letters:
        first, second = draw(st.permutations(range(len(terms))))[:2]
        terms[first] += letter
        if draw(st.booleans()):
            terms[second] += letter
            output += letter if draw(st.booleans()) else ""
        else:
            output += letter
    assume(all(terms))
    sizes = {letter: draw(st.sampled_from([1, 2, 3, 5, 8, 30])) for letter in letters}
    equation = f"{','.join(terms)}->{''.join(draw(st.permutations(output)))}"
    return equation, [tuple(sizes[letter] for letter in term) for term in terms]


@examples(150)
@given(case=chains())
def test_any_number_of_operands_costs_what_jax_records(case):
    equation, shapes = case
    arrays = [np.ones(shape, "float32") for shape in shapes]
    record = jax.make_jaxpr(lambda *given: jax.numpy.einsum(equation, *given))(*arrays)
    walked = walk(record.jaxpr)
    assume(not walked.blind)
    totals = {walked.total(), taken_by("greedy", equation, shapes)}
    if len(totals) > 1:
        with pytest.raises(ValueError, match="on which Keras's backends differ"):
            einsum(equation, shapes)
    else:
        made = einsum(equation, shapes)
        assert {macs_of(made)} == totals
        output = made.outputs if isinstance(made, Product) else made.output
        assert output == np.einsum(equation, *arrays).shape


def taken_by(strategy, equation, shapes):
    """Return the MACs of the order that opt_einsum finds, from its own account of each step."""
    sizes = dict(zip(equation.partition("->")[0].replace(",", ""), sum(shapes, ()), strict=True))
    _, info = opt_einsum.contract_path(equation, *shapes, shapes=True, optimize=strategy)
    steps = [step[2].partition("->")[0] for step in info.contraction_list]
    return sum(
        math.prod(sizes[letter] for letter in set(step) - {","}) for step in steps if "," in step
    )


@pytest.mark.parametrize(
    ("function", "shape", "macs"),
    [
        (lambda x: ops.einsum("bi,ir,ro->bo", x, w(64, 2), w(2, 50)), (64,), 2 * (64 + 50)),
        (lambda x: ops.einsum("...i,ir,ro->...o", x, w(9, 2), w(2, 5)), (4, 9), 4 * 2 * (9 + 5)),
        (lambda x: ops.einsum("bti,bsi,bsv->btv", x, x, x), (5, 8), 2 * 5 * 5 * 8),
        (lambda x: ops.einsum("bij->b", x), (7, 7), 0),
    ],
)
def test_models_with_einsums_in_both_forms(function, shape, macs):
    entry = keras.Input(shape)
    model = keras.Model(entry, function(entry))
    assert hold_to_jax(model).macs == macs


def w(*shape):
    return np.ones(shape, "float32")


def test_a_diagonal_is_read_once():
    entry = keras.Input((7, 7))
    model = keras.Model(entry, ops.einsum("bii,ij->bj", entry, w(7, 3)))
    assert hold(model).macs == 7 * 3


def test_a_model_names_the_einsum_whose_order_is_open():
    entry = keras.Input((6,))
    model = keras.Model(entry, ops.einsum("bi,ij,jk,k->b", entry, w(6, 5), w(5, 4), w(4)))
    with pytest.raises(convcost.ModelError, match=r"'einsum.* on which Keras's backends differ"):
        convcost.from_keras(model)
    entries = [keras.Input((sides,)) for sides in (4, 5, 6, 7)]
    model = keras.Model(entries, ops.einsum("bi,bj,bk,bl->b", *entries))
    with pytest.raises(
        convcost.ModelError, match=r"differ \(33 or 63 MACs for each input\); write"
    ):
        convcost.from_keras(model)
    with pytest.raises(ValueError, match=r"differ \(33 or 63 MACs\); write"):
        einsum("bi,bj,bk,bl->b", [(1, sides) for sides in (4, 5, 6, 7)])


def test_what_depends_on_the_order_is_refused():
    """The order of three matrices depends on the rows, and so on the batch."""
    with pytest.raises(ValueError, match="differ; write it as several einsums of two"):
        einsum("bi,ij,jk->bk", [(11, 10), (10, 10), (10, 10)], 11)
    with pytest.raises(ValueError, match="backends differ;"):
        einsum("bi,ij,jk->bk", [(11, 2), (2, 100), (100, 2)], 11)  # for one input in another order
    assert macs_of(einsum("bi,ij,jk->bk", [(1, 10), (10, 10), (10, 10)])) == 200


def test_open_sides_have_no_order():
    t = symbol("t")
    with pytest.raises(
        ValueError, match="sides that are open; give input_shape in numbers, or write"
    ):
        einsum("ti,ij,jk->tk", [(t, 10), (10, 10), (10, 10)])
    assert einsum("ti,ij->tj", [(t, 10), (10, 3)]).outputs == (t, 3)


def test_more_operands_than_anyone_writes_are_refused():
    letters = "abcdefghijklmnopqr"
    with pytest.raises(ValueError, match="at most 16 operands"):
        einsum(f"{','.join(letters)}->", [(2,)] * len(letters))


def test_without_opt_einsum_the_message_names_the_extra(monkeypatch):
    found = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "opt_einsum":
            raise ImportError
        return found(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "convcost\[keras\]"'):
        einsum("ab,bc,cd->ad", [(97, 3), (3, 5), (5, 7)])
