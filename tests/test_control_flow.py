"""Loops and conditionals of `keras.ops`, against JAX's record of its own, which knows lengths."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import lax
from keras import layers as kl
from keras import ops
from strategies import examples

import convcost
from convcost._verify.oracles.jaxpr import walk


class Calling(kl.Layer):
    """Calls a function with its input and some weights."""

    def __init__(self, function, *shapes, output=None, **kwargs):
        super().__init__(**kwargs)
        self.function = function
        self.output_sides = output
        self.own = [self.add_weight(shape=shape) for shape in shapes]

    def compute_output_shape(self, shape):
        return shape[:1] + self.output_sides if self.output_sides else shape

    def call(self, x):
        return self.function(x, *self.own)


def read(function, shape, *shapes, batch=None, output=None):
    entry = keras.Input(batch_shape=(batch, *shape))
    return convcost.from_keras(
        keras.Model(entry, Calling(function, *shapes, output=output, name="own")(entry))
    )


def recurrent(scan, mm, swap, zeros):
    """Return a recurrent layer of the arrays of a library."""

    def run(x, w, u):
        def step(state, given):
            state = mm(given, w) + mm(state, u)
            return state, state

        return swap(scan(step, zeros((x.shape[0], 5)), swap(x))[1])

    return run


def carried(scan, mm):
    return lambda x, w: scan(lambda c, _: (mm(c, w), None), x, None, 4)[0]


def scanned(scan, mm):
    return lambda x, w: scan(lambda c, _: (mm(c, w), c), x, None, 6)[0]


def nested(each, mm):
    return lambda x, w: each(lambda t: each(lambda u: mm(u, w), t), x)


CASES = {
    "scan": (
        recurrent(ops.scan, ops.matmul, lambda x: ops.transpose(x, (1, 0, 2)), ops.zeros),
        recurrent(lax.scan, jnp.matmul, lambda x: x.transpose(1, 0, 2), jnp.zeros),
        ((7, 3), (3, 5), (5, 5)),
    ),
    "scan that carries alone": (
        carried(ops.scan, ops.matmul),
        carried(lax.scan, jnp.matmul),
        ((7, 3), (3, 3)),
    ),
    "scan of a length": (
        scanned(ops.scan, ops.matmul),
        scanned(lax.scan, jnp.matmul),
        ((7, 3), (3, 3)),
    ),
    "map over the inputs": (
        lambda x, w: ops.map(lambda t: ops.matmul(t, w), x),
        lambda x, w: lax.map(lambda t: t @ w, x),
        ((7, 3), (3, 5)),
    ),
    "map in a map": (nested(ops.map, ops.matmul), nested(lax.map, jnp.matmul), ((7, 4, 3), (3, 5))),
    "map of what does not depend on its elements": (
        lambda x, w: ops.map(lambda t: ops.matmul(t, ops.matmul(w, w)), x[0]),
        lambda x, w: lax.map(lambda t: t @ (w @ w), x[0]),
        ((7, 3, 3), (3, 3)),
    ),
    "vectorized_map": (
        lambda x, w: ops.vectorized_map(lambda t: ops.matmul(t, ops.matmul(w, w)), x[0]),
        lambda x, w: jax.vmap(lambda t: t @ (w @ w))(x[0]),
        ((7, 3, 3), (3, 3)),
    ),
    "vectorized_map in a map": (
        lambda x, w: ops.map(lambda s: ops.vectorized_map(lambda t: t @ (w @ w), s), x[0]),
        lambda x, w: lax.map(lambda s: jax.vmap(lambda t: t @ (w @ w))(s), x[0]),
        ((4, 7, 3, 3), (3, 3)),
    ),
    "fori_loop": (
        lambda x, w: ops.fori_loop(2, 6, lambda i, v: ops.matmul(v, w), x),
        lambda x, w: lax.fori_loop(2, 6, lambda i, v: v @ w, x),
        ((7, 3), (3, 3)),
    ),
    "fori_loop that does not run": (
        lambda x, w: ops.fori_loop(6, 2, lambda i, v: ops.matmul(v, w), x),
        lambda x, w: x,
        ((7, 3), (3, 3)),
    ),
    "while_loop without products": (
        lambda x: ops.while_loop(lambda i, v: i < 4, lambda i, v: (i + 1, v * 2), (np.array(0), x))[
            1
        ],
        lambda x: x * 16,
        ((7, 3),),
    ),
    "while_loop of one variable": (
        lambda x: ops.while_loop(lambda v: ops.sum(v) < 4, lambda v: v * 2, x),
        lambda x: x * 16,
        ((7, 3),),
    ),
    "cond": (
        lambda x, w, u: ops.cond(
            ops.sum(x) > 0, lambda: ops.matmul(x, w), lambda: ops.matmul(x, u)
        ),
        lambda x, w, u: lax.cond(x.sum() > 0, lambda: x @ w, lambda: x @ u),
        ((7, 3), (3, 3), (3, 3)),
    ),
    "cond of a number": (
        lambda x, w: (
            ops.cond(True, lambda: ops.matmul(x, w), lambda: x)
            + ops.cond(False, lambda: ops.matmul(x, w), lambda: x)
        ),
        lambda x, w: x @ w,
        ((7, 3), (3, 3)),
    ),
    "cond in a cond": (
        lambda x, w: ops.cond(
            ops.sum(x) > 0,
            lambda: ops.cond(ops.max(x) > 1, lambda: ops.matmul(x, w), lambda: x @ w + 1),
            lambda: ops.matmul(x, w),
        ),
        lambda x, w: x @ w,
        ((7, 3), (3, 3)),
    ),
    "loop in a cond": (
        lambda x, w: ops.cond(
            ops.sum(x) > 0,
            lambda: ops.fori_loop(0, 2, lambda i, v: ops.matmul(v, w), x),
            lambda: ops.matmul(ops.matmul(x, w), w),
        ),
        lambda x, w: x @ w @ w,
        ((7, 3), (3, 3)),
    ),
    "switch": (
        lambda x, w: ops.switch(ops.argmax(x[0, 0]), [lambda v: v @ w, lambda v: v @ w - 1], x),
        lambda x, w: lax.switch(x.argmax(), [lambda v: v @ w, lambda v: v @ w - 1], x),
        ((7, 3), (3, 3)),
    ),
    "switch of a number": (
        lambda x, w: ops.switch(5, [lambda v: v, lambda v: v @ w], x),
        lambda x, w: x @ w,
        ((7, 3), (3, 3)),
    ),
    **{
        f"associative_scan of {length}": (
            lambda x: ops.associative_scan(ops.matmul, x, axis=1),
            lambda x: lax.associative_scan(jnp.matmul, x, axis=1),
            ((length, 3, 3),),
        )
        for length in (1, 2, 3, 7, 8, 13)
    },
}


@pytest.mark.parametrize("name", CASES)
def test_loops_and_conditionals_cost_what_jax_records(name):
    function, same, (shape, *shapes) = CASES[name]
    arrays = [np.ones((1, *shape), "float32"), *(np.ones(one, "float32") for one in shapes)]
    record = jax.make_jaxpr(same)(*arrays)
    walked = walk(record.jaxpr)
    assert walked.blind == ()
    # With a batch of one nothing depends on which axis the inputs lie in.
    made = tuple(record.out_avals[0].shape)
    net = read(function, shape, *shapes, batch=1, output=made[1:])
    assert net.macs == walked.total()
    assert net.output_shapes == (made[1:],)
    assert net.params == sum(int(np.prod(one)) for one in shapes)


class Keras:
    """Loops and conditionals of Keras, with the same arguments as those of JAX below."""

    matmul, map, repeat = ops.matmul, ops.map, ops.repeat
    expand_dims, fori_loop = ops.expand_dims, ops.fori_loop

    @staticmethod
    def scan(body, start, length):
        return ops.scan(lambda state, _: (body(state), state), start, length=length)[0]

    @staticmethod
    def cond(value, first, second):
        return ops.cond(ops.sum(value) > 0, lambda: first(value), lambda: second(value))


class Jax:
    """Loops and conditionals of JAX."""

    matmul, map, repeat = jnp.matmul, lax.map, jnp.repeat
    expand_dims, fori_loop = jnp.expand_dims, lax.fori_loop

    @staticmethod
    def scan(body, start, length):
        return lax.scan(lambda state, _: (body(state), state), start, None, length)[0]

    @staticmethod
    def cond(value, first, second):
        return lax.cond(value.sum() > 0, first, second, value)


NESTS = st.recursive(
    st.just("product"),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["fori_loop", "scan", "map"]), st.integers(1, 5), inner),
        st.tuples(st.just("cond"), inner),
        st.tuples(st.just("both"), inner, inner),
    ),
    max_leaves=6,
)


def run(nest, library, value):
    """Return a square matrix that went through loops in loops."""
    if nest == "product":
        return library.matmul(value, value)
    kind, *parts = nest
    inner = parts[-1]
    if kind == "both":
        return run(parts[0], library, run(parts[1], library, value))
    if kind == "cond":
        return library.cond(
            value, lambda v: run(inner, library, v), lambda v: run(inner, library, v) + 1
        )
    if kind == "map":
        several = library.repeat(library.expand_dims(value, 0), parts[0], axis=0)
        return library.map(lambda v: run(inner, library, v), several)[0]
    if kind == "scan":
        return library.scan(lambda v: run(inner, library, v), value, parts[0])
    return library.fori_loop(0, parts[0], lambda _, v: run(inner, library, v), value)


@examples(40)
@given(nest=NESTS)
def test_loops_in_loops_cost_what_jax_records(nest):
    record = jax.make_jaxpr(lambda x: run(nest, Jax, x))(np.ones((3, 3), "float32"))
    walked = walk(record.jaxpr)
    assert walked.blind == ()
    net = read(lambda x: ops.expand_dims(run(nest, Keras, x[0]), 0), (3, 3), batch=1)
    assert net.macs == walked.total()
