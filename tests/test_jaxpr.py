"""The walk over a jaxpr, against arithmetic and against what convcost says of the same layers."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import lax

from convcost import layers
from convcost._verify.oracles import NotVisible
from convcost._verify.oracles.jaxpr import CONVOLUTION, PRODUCT, RESIZE, TRANSPOSED, walk
from convcost._verify.oracles.jaxpr_model import count_model
from convcost._verify.oracles.model_inputs import Inputs

SIDE = st.integers(1, 4)


def walked(function, *shapes):
    given = [jax.ShapeDtypeStruct(shape, "float32") for shape in shapes]
    return walk(jax.make_jaxpr(function)(*given).jaxpr)


def square(x):
    return x @ x


@given(SIDE, SIDE, SIDE, SIDE)
def test_products_count_the_elements_of_the_output_and_the_sum(batch, rows, inner, columns):
    found = walked(jnp.matmul, (batch, rows, inner), (batch, inner, columns))
    assert found.macs == {PRODUCT: batch * rows * inner * columns}
    assert found.blind == ()


@given(st.data())
def test_convolutions_count_as_the_layers_of_this_library(data):
    rank = data.draw(st.integers(1, 3), "rank")
    several = st.tuples(*[st.integers(1, 3)] * rank)
    groups, depth, width = (data.draw(st.integers(1, 3)) for _ in range(3))
    kernel, strides, dilation = (data.draw(several) for _ in range(3))
    sides = data.draw(st.tuples(*[st.integers(7, 9)] * rank), "sides")
    padding = data.draw(st.sampled_from(["VALID", "SAME"]))
    m, n = groups * depth, groups * width
    numbers = ("NWHD"[: rank + 1] + "C", "WHD"[:rank] + "IO", "NWHD"[: rank + 1] + "C")

    def convolve(image, weights):
        return lax.conv_general_dilated(
            image,
            weights,
            strides,
            padding,
            rhs_dilation=dilation,
            feature_group_count=groups,
            dimension_numbers=numbers,
        )

    found = walked(convolve, (1, *sides, m), (*kernel, depth, n))
    kind = (layers.Conv1D, layers.Conv2D, layers.Conv3D)[rank - 1]
    layer = kind(
        n, kernel, strides=strides, padding=padding.lower(), dilation_rate=dilation, groups=groups
    )
    assert found.macs == {CONVOLUTION: layer.cost((*sides, m)).macs}


@given(st.data())
def test_transposed_convolutions_count_their_input_at_every_stride(data):
    kernel, strides = (data.draw(st.tuples(SIDE, SIDE)) for _ in range(2))
    padding = data.draw(st.sampled_from(["VALID", "SAME"]))
    m, n = data.draw(SIDE), data.draw(SIDE)
    shape = data.draw(st.tuples(st.integers(4, 6), st.integers(4, 6), st.just(m)))

    def spread(image, weights):
        return lax.conv_transpose(image, weights, strides, padding)

    found = walked(spread, (1, *shape), (*kernel, m, n))
    layer = layers.Conv2DTranspose(n, kernel, strides=strides, padding=padding.lower())
    assert found.macs == {TRANSPOSED: layer.cost(shape).macs}


def test_a_transposed_convolution_is_known_by_its_dilated_input_too():
    def spread(image, weights):
        return lax.conv_general_dilated(
            image,
            weights,
            (1,),
            ((2, 2),),
            lhs_dilation=(2,),
            dimension_numbers=("NWC", "WIO", "NWC"),
        )

    assert walked(spread, (1, 5, 3), (3, 3, 4)).macs == {TRANSPOSED: 5 * 3 * 3 * 4}


@given(st.integers(1, 3), st.integers(1, 3), st.sampled_from([1, 2]))
def test_groups_of_the_batch_meet_their_own_filters(groups, width, dilation):
    def convolve(image, weights):
        return lax.conv_general_dilated(
            image,
            weights,
            (1,),
            ((2 * dilation, 2 * dilation),),
            lhs_dilation=(dilation,),
            batch_group_count=groups,
            dimension_numbers=("NWC", "WIO", "NWC"),
        )

    found = walked(convolve, (2 * groups, 5, 2), (3, 2, groups * width))
    positions = 5 if dilation > 1 else 5 + 4 * dilation - 2
    assert found.total() == 2 * positions * 3 * 2 * groups * width


def test_loops_count_their_steps():
    def loop(x):
        def step(carry, _):
            inner = lax.fori_loop(0, 4, lambda _, y: square(y), carry)
            return square(inner), None

        return lax.scan(step, x, None, length=7)[0]

    assert walked(loop, (3, 3)).total() == 7 * (4 + 1) * 27


def test_functions_inside_functions_count():
    @jax.custom_jvp
    def with_jvp(x):
        return square(x)

    @jax.custom_vjp
    def with_vjp(x):
        return square(x)

    with_jvp.defjvp(lambda _, __: None)
    with_vjp.defvjp(lambda _: None, lambda _, __: None)
    for function in (jax.jit(square), jax.checkpoint(square), with_jvp, with_vjp):
        assert walked(function, (3, 3)).total() == 27


@pytest.mark.parametrize(("other", "blind"), [(square, False), (lambda x: x, True)])
def test_branches_must_count_the_same(other, blind):
    found = walked(lambda x: lax.cond(x[0, 0] > 0, square, other, x), (3, 3))
    assert found.blind == (("the branches of a cond differ in MACs",) if blind else ())
    assert blind or found.total() == 27


@pytest.mark.parametrize("step", [square, jnp.negative])
def test_a_while_that_multiplies_can_not_be_counted(step):
    found = walked(lambda x: lax.while_loop(lambda y: y[0, 0] > 0, step, x), (3, 3))
    assert bool(found.blind) is (step is square)


def test_what_has_no_known_number_of_macs_is_named():
    found = walked(jnp.linalg.cholesky, (3, 3))
    assert found.blind == ("cholesky has no known number of MACs",)


def test_what_no_output_depends_on_is_named():
    def unused(x):
        square(x)
        return x + 1

    found = walked(unused, (3, 3))
    assert found.total() == 27
    assert found.blind == ("no output depends on some of them",)
    assert walked(lambda x: square(square(x)), (3, 3)).blind == ()


def test_interpolation_is_not_counted_as_a_layers_macs():
    def resize(x):
        return square(jax.image.resize(x, (6, 6), "bilinear"))

    found = walked(resize, (3, 3))
    assert found.macs[RESIZE] > 0
    assert found.total() == found.macs[PRODUCT] == 216
    assert walked(lambda x: jax.image.resize(x, (6, 6), "nearest"), (3, 3)).macs == {}


def test_an_einsum_that_adds_up_before_it_multiplies_is_named():
    def einsum(subscripts):
        return walked(lambda x: square(jnp.einsum(subscripts, x, x)), (3, 3))

    assert einsum("ij,jk->ik") == ({PRODUCT: 54}, ())
    assert einsum("ij,ij->ij") == ({PRODUCT: 36}, ())
    blind = einsum("ij,kl->ij").blind
    assert blind == ("einsum 'ij,kl->ij' adds up an input before it multiplies",)
    assert walked(lambda x: jnp.einsum("ij->i", x), (3, 3)) == ({}, ())


def test_an_equation_without_a_traceback_is_judged_by_its_shapes():
    convolution = jax.make_jaxpr(lambda x, k: lax.conv_transpose(x, k, (1,), "VALID"))
    jaxpr = convolution(jnp.ones((1, 5, 2)), jnp.ones((3, 2, 2))).jaxpr
    equations = [
        SimpleNamespace(
            primitive=one.primitive,
            params=one.params,
            invars=one.invars,
            outvars=one.outvars,
            source_info=SimpleNamespace(traceback=None, name_stack=""),
        )
        for one in jaxpr.eqns
    ]
    found = walk(SimpleNamespace(eqns=equations, outvars=jaxpr.outvars))
    assert found.macs == {CONVOLUTION: 7 * 3 * 2 * 2}


class Stub:
    """Stands for a model: what `count_model` needs of one, as a function of JAX alone."""

    def __init__(self, call):
        weight = SimpleNamespace(shape=(4, 5), dtype="float32")
        self.trainable_variables, self.non_trainable_variables = [weight], []
        self.stateless_call = lambda weights, _, x: (call(weights[0], x), [])


def inputs(batch=None):
    return Inputs(((3, 4),), ("float32",), batch, 0)


@given(st.integers(1, 5))
def test_a_declared_batch_is_divided(batch):
    found = count_model(Stub(lambda w, x: x @ w), inputs(batch))
    assert found.macs == {PRODUCT: 3 * 4 * 5}


def test_a_batch_that_does_not_divide_the_macs_is_named():
    stub = Stub(lambda w, x: (x @ w) @ (w.T @ w))
    found = count_model(stub, inputs(1))
    assert found.total() == 60 + 100 + 75
    with pytest.raises(NotVisible, match="a batch of 7 makes 1,045 MACs of matrix products"):
        count_model(stub, inputs(7))


def test_an_open_batch_counts_one_input_if_each_further_one_adds_the_same():
    assert count_model(Stub(lambda w, x: x @ w), inputs()).total() == 60
    # What is computed once, on the weights, counts for a batch of one.
    assert count_model(Stub(lambda w, x: (x @ w) @ (w.T @ w)), inputs()).total() == 235
    with pytest.raises(NotVisible, match="do not grow in step with the batch: 12, 48, 108 for"):
        count_model(Stub(lambda _, x: jnp.einsum("bij,cij->bc", x, x)), inputs())


def test_a_model_that_jax_can_not_trace_is_named():
    with pytest.raises(NotVisible, match="JAX can't trace it with a batch of 1: dot_general"):
        count_model(Stub(lambda w, x: w @ x), inputs())
