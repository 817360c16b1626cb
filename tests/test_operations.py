"""Check operations of functional models against the shapes that Keras computes."""

import contextlib
import itertools

import keras
import numpy as np
import pytest
from keras import ops

import convcost
from convcost._models.graph import Tensor
from convcost._models.keras.operation_calls import RULES
from convcost._models.keras.operation_einsum import einsum
from convcost._models.keras.operations import KerasOperation
from convcost._models.trees import leaves
from convcost.symbols import symbol

SHAPE = (4, 6, 3)


def check(function, *shapes):
    """Put a function of tensors into a model, and check convcost's shapes against Keras."""
    inputs = [keras.Input(shape) for shape in shapes]
    outputs = function(*inputs)
    model = keras.Model(inputs, outputs)
    several = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    for source in (model, model.to_json()):
        network = convcost.from_keras(source)
        assert network.output_shapes == tuple(tuple(one.shape[1:]) for one in several)
    return network


_UNARY = """
    abs arccos arcsinh cbrt ceil cos elu erf exp expm1 flip floor gelu hard_sigmoid hard_silu
    isfinite leaky_relu log log1p log_sigmoid logical_not negative ones_like reciprocal relu relu6
    round rsqrt selu sigmoid sign silu sin softplus softsign sort sqrt square stop_gradient tan tanh
    zeros_like
"""
UNARY = _UNARY.split()


@pytest.mark.parametrize("name", UNARY)
def test_what_is_done_to_each_element(name):
    assert check(getattr(ops, name), SHAPE).macs == 0


def test_operations_with_arguments_that_keep_the_shape():
    check(lambda x: ops.clip(x, 0, 1), SHAPE)
    check(lambda x: ops.cast(x, "float16"), SHAPE)
    check(lambda x: ops.softmax(x, axis=1), SHAPE)
    check(lambda x: ops.roll(x, 2, axis=1), SHAPE)
    check(lambda x: ops.cumsum(x, axis=1), SHAPE)
    check(lambda x: ops.normalize(x), SHAPE)


@pytest.mark.parametrize("other", [SHAPE, (1, 1, 3), (4, 1, 1)])
def test_what_takes_two_together(other):
    check(lambda x, y: x + y, SHAPE, other)
    check(lambda x, y: ops.where(x > y, x, y), SHAPE, other)
    check(lambda x, y: ops.maximum(x, y) / ops.power(y, x), SHAPE, other)


def test_numbers_and_arrays_are_no_tensors_of_the_model():
    check(lambda x: 1 - x * 2.5, SHAPE)
    check(lambda x: x + np.ones((6, 3), "float32"), SHAPE)
    check(lambda x: x % 2 - x // 3, SHAPE)


@pytest.mark.parametrize("axis", [None, 1, -1, (1, 2), [2, 3]])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(axis, keepdims):
    if axis is None:
        network = check(lambda x: ops.reshape(ops.mean(x, keepdims=True), (-1, 1)), SHAPE)
        assert network.output_shapes == ((1,),)
        return
    for name in ("mean", "max", "sum", "var", "logsumexp", "any"):
        check(lambda x, name=name: getattr(ops, name)(x, axis=axis, keepdims=keepdims), SHAPE)
    if isinstance(axis, int):
        check(lambda x: ops.argmax(x, axis=axis, keepdims=keepdims), SHAPE)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.transpose(x, (0, 3, 1, 2)),
        lambda x: ops.transpose(ops.transpose(x)),
        lambda x: ops.moveaxis(x, -1, 1),
        lambda x: ops.moveaxis(x, (1, 2), (2, 3)),
        lambda x: ops.swapaxes(x, 1, -1),
        lambda x: ops.expand_dims(x, -1),
        lambda x: ops.expand_dims(x, (1, 3)),
        lambda x: ops.squeeze(ops.expand_dims(x, 2), 2),
        lambda x: ops.squeeze(ops.expand_dims(x, (1, 2))),
        lambda x: ops.concatenate([x, x, x], axis=2),
        lambda x: ops.stack([x, x], axis=-1),
        lambda x: ops.split(x, 3, axis=2),
        lambda x: ops.split(x, [1, 4], axis=2),
        lambda x: ops.unstack(x, axis=2),
        lambda x: ops.repeat(x, 3, axis=1),
        lambda x: ops.tile(x, (1, 2, 1, 3)),
        lambda x: ops.tile(x, 2),
        lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 0), (3, 3))),
        lambda x: ops.take(x, [0, 2], axis=3),
        lambda x: ops.broadcast_to(x[:, :1], (None, 4, 6, 3)),
        lambda x: x[:, 0],
        lambda x: x[:, -1, 1:5:2],
        lambda x: x[..., 1],
        lambda x: x[:, None, ..., :2],
        lambda x: x[:, ::-1, 4:1:-1],
        lambda x: ops.max_pool(x, 2),
        lambda x: ops.average_pool(x, (2, 3), strides=1, padding="same"),
        lambda x: ops.image.resize(x, (8, 9)),
        lambda x: ops.reshape(x, (-1, 24, 3)),
    ],
)
def test_what_brings_elements_into_another_order(function):
    assert check(function, SHAPE).macs == 0


def test_a_tile_of_the_batch_is_counted():
    # ops.tile(x, 2) repeats only the last axis; the batch is repeated only if given.
    network = check(lambda x: keras.layers.Dense(5)(ops.tile(x, (4, 1))), (7,))
    assert network.macs == 4 * 7 * 5


def test_what_moves_elements_into_the_batch_is_counted_for_one_input():
    # Windows of 2x2, as in windowed attention: 4 for each input, each through the same layer.
    def windows(x):
        x = ops.reshape(x, (-1, 2, 2, 2, 2, 3))
        x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 2, 2, 3))
        return keras.layers.Conv2D(5, 2, name="conv")(x)

    network = check(windows, (4, 4, 3))
    row = network["conv"]
    assert row.times == 4
    assert (row.params, row.macs, row.cost.bias_adds) == (65, 4 * 2 * 2 * 3 * 5, 4 * 5)
    assert row.effective_macs == row.macs
    assert row.shape == (2, 2, 3)
    assert row.output_shape == (4, 1, 1, 5)
    # 4 windows in, 4 out, and the weights once.
    assert row.intensity() == convcost.layers.Conv2D(5, 2).intensity((2, 2, 3), batch=4)


@pytest.mark.parametrize(
    ("function", "shapes", "macs"),
    [
        (ops.matmul, ((10, 64), (64, 20)), 10 * 64 * 20),
        (ops.matmul, ((3, 10, 64), (3, 64, 20)), 3 * 10 * 64 * 20),
        (ops.matmul, ((3, 10, 64), (1, 64, 20)), 3 * 10 * 64 * 20),
        (lambda x: x @ np.ones((64, 5), "float32"), ((10, 64),), 10 * 64 * 5),
        (lambda x: ops.matmul(x, np.ones(64, "float32")), ((10, 64),), 10 * 64),
        (lambda x: ops.dot(x, np.ones((64, 5), "float32")), ((10, 64),), 10 * 64 * 5),
        (lambda x: ops.dot(x, np.ones(64, "float32")), ((10, 64),), 10 * 64),
        (
            lambda x, y: ops.einsum("bij,bkj->bik", x, y),
            ((10, 64), (20, 64)),
            10 * 64 * 20,
        ),
    ],
)
def test_products_of_two_inputs_are_counted(function, shapes, macs):
    network = check(function, *shapes)
    assert network.macs == macs
    row = network.rows[-1]
    assert row.cost.explain().macs.endswith(f"= {macs}")
    assert row.effective_macs == macs
    assert row.intensity() > 0


def test_a_dot_product_with_a_number_is_no_product_of_two_inputs():
    assert check(lambda x: ops.dot(x, 2.0), (10, 64)).macs == 0


def test_every_rule_is_an_operation_of_keras():
    from keras.src.ops import core, einops, image, linalg, math, nn, numpy

    modules = core, einops, image, linalg, math, nn, numpy
    names = {name for module in modules for name in vars(module)}
    assert set(RULES) <= names


def test_tensors_are_found_in_any_nest():
    one, two = Tensor((1, 2)), Tensor((1, 3))
    assert list(leaves([{"b": one, "a": (two,)}, 3, "x"], Tensor)) == [two, one]


def apply(kind, own, *args, **kwargs):
    return KerasOperation(kind, own).apply(args, kwargs)


X = Tensor((1, 4, 6, 3))
LONG = Tensor((1, 10**6))


@pytest.mark.parametrize(
    ("kind", "own", "args", "error", "message"),
    [
        ("Nonsense", {}, (), ValueError, "kind must be one of"),
        ("Relu", {}, (), ValueError, "x must be given"),
        ("Relu", {}, ({},), TypeError, "x must be a tensor"),
        ("Add", {}, (X, Tensor((1, 5, 6, 3))), ValueError, "must be equal"),
        ("Add", {}, (X, []), ValueError, "must be equal"),
        ("Mean", {"axis": 4}, (X,), ValueError, "an axis from -4 to 3"),
        ("Mean", {"axis": 1.0}, (X,), TypeError, "axis must be an integer"),
        ("Transpose", {"axes": [0, 1, 1, 2]}, (X,), ValueError, "a permutation of"),
        ("Squeeze", {"axis": 1}, (X,), ValueError, "axes of length 1 in"),
        ("Split", {"indices_or_sections": 5, "axis": 2}, (X,), ValueError, "must divide"),
        ("Split", {"indices_or_sections": 10**6, "axis": 1}, (LONG,), ValueError, "at most"),
        ("Unstack", {"axis": 1}, (LONG,), ValueError, "at most"),
        ("Reshape", {"newshape": [5, 5]}, (X,), ValueError, "newshape must be a shape"),
        ("GetItem", {}, (X, [0, 1, 2, 3, 4]), ValueError, "at most 4 indices"),
        ("GetItem", {}, (X, [..., ...]), ValueError, "one ellipsis"),
        ("GetItem", {}, (X, [0, 9]), ValueError, "an index into an axis of length 4"),
        ("GetItem", {}, (X, [0, "a"]), TypeError, "made of integers, slices"),
        ("GetItem", {}, (X, [0, slice(0, 2, 0)]), ValueError, "other than 0"),
        ("GetItem", {}, (X, [0, slice("a")]), TypeError, "key must be an integer"),
        ("MaxPool", {"pool_size": 2}, (Tensor((1, 4)),), ValueError, "three to five axes"),
        ("Resize", {"size": [2, 2]}, (Tensor((1, 4)),), ValueError, "of three axes"),
        ("Matmul", {}, (X, Tensor((1, 4, 6, 3))), ValueError, "inner sides"),
        ("Matmul", {}, (Tensor(()), X), ValueError, "a vector"),
        ("Dot", {}, (Tensor((4, 3)), Tensor((4, 3))), ValueError, "inner sides"),
        ("Einsum", {"subscripts": 3}, (X, X), TypeError, "subscripts must be a string"),
    ],
)  # fmt: skip
def test_what_is_refused(kind, own, args, error, message):
    with pytest.raises(error, match=message):
        apply(kind, own, *args)


@pytest.mark.parametrize(
    ("subscripts", "message"),
    [
        ("ij,jk,kl->il", "as many terms as there are operands, 2"),
        ("ij->ji", "as many terms"),
        ("...i!,jk->ik", "operands in letters"),
        ("ijk,jk->ik", "a letter for each side"),
        ("ij,ik->jk", "one length each; 'i' has two"),
        ("ij,jk->iz", "operands in letters"),
        ("ij,jk->ii", "operands in letters"),
    ],
)
def test_einsums_that_are_refused(subscripts, message):
    with pytest.raises(ValueError, match=message):
        einsum(subscripts, [(2, 3), (3, 4)])


def test_what_comes_by_name_is_found():
    assert apply("Relu", {}, x=X)[0] == X.shape
    assert apply("Resize", {"size": [8, 9], "data_format": "channels_first"}, images=X)[0] == (
        (1, 4, 8, 9)
    )
    assert apply("BatchNorm", {}, X)[0] == X.shape
    assert apply("Take", {}, X, [1, 2])[0] == (2,)
    assert apply("Repeat", {"repeats": 2}, X)[0] == (144,)
    assert apply("Ravel", {}, X)[0] == (72,)
    assert apply("Pad", {"pad_width": [[1, 2]]}, Tensor((5,)))[0] == (8,)
    assert apply("Pad", {"pad_width": [1, 2]}, Tensor((5, 6)))[0] == (8, 9)
    assert apply("Add", {}, [[1, 2], [3, 4]], [1, 2])[0] == (2, 2)


def at(value, symbol, number):
    return value.subs(symbol, number) if hasattr(value, "subs") else value


def test_slices_of_a_symbolic_side_are_exact_at_every_length():
    h = symbol("h")
    x = Tensor((1, h, 3))
    ends = [None, 0, 2, 5, -1, -3]
    for start, stop, step in itertools.product(ends, ends, [None, 2, 3]):
        key = [slice(None), slice(start, stop, step)]
        lengths = [len(range(number)[key[1]]) for number in range(1, 16)]
        # What is always empty may be refused.
        with contextlib.nullcontext() if any(lengths) else contextlib.suppress(ValueError):
            side = apply("GetItem", {}, x, key)[0][1]
            assert [at(side, h, number) for number in range(1, 16)] == lengths, key
    with pytest.raises(ValueError, match="a slice that is not empty"):
        apply("GetItem", {}, x, [slice(None), slice(2, 0)])
    taken = apply("GetItem", {}, Tensor((1, 7, 3)), [slice(None), slice(None, h)])[0][1]
    assert [at(taken, h, number) for number in (1, 7, 9)] == [1, 7, 7]
    with pytest.raises(ValueError, match="a positive step"):
        apply("GetItem", {}, x, [slice(None), slice(None, None, -1)])
    with pytest.raises(ValueError, match="a known length"):
        apply("Unstack", {"axis": 1}, x)


@pytest.mark.parametrize(
    ("subscripts", "shapes", "outputs", "inner"),
    [
        ("...i,...i->...", [(1, 5, 4), (3, 1, 4)], (3, 5), (4,)),
        ("...i,...i->...i", [(3, 1, 4), (1, 5, 4)], (3, 5, 4), ()),
        ("i...,i...", [(4, 3), (4, 3)], (3,), (4,)),
        ("ij,jk", [(2, 3), (3, 4)], (2, 4), (3,)),
        (" b i , b j -> b j i ", [(2, 3), (2, 4)], (2, 4, 3), ()),
        ("ba,ac", [(2, 3), (3, 4)], (2, 4), (3,)),
    ],
)
def test_einsums_in_all_forms(subscripts, shapes, outputs, inner):
    product = einsum(subscripts, shapes)
    assert (product.outputs, product.inner) == (outputs, inner)
    arrays = [np.ones(shape) for shape in shapes]
    assert np.einsum(subscripts, *arrays).shape == outputs


def test_an_einsum_of_one_operand_only_adds():
    assert einsum("bij->bj", [(2, 3, 4)]) == ((2, 4), ())
    assert einsum("bii->b", [(2, 3, 3)]) == ((2,), ())
    with pytest.raises(ValueError, match="has two"):
        einsum("...i,...i->...", [(2, 4), (3, 4)])


@pytest.mark.parametrize(
    ("kind", "own", "shape", "expected"),
    [
        ("Reshape", {"newshape": [None, 8]}, (11, 2, 4), (11, 8)),
        ("Reshape", {"newshape": [8, None]}, (11, 2, 4), (8, 11)),
        ("BroadcastTo", {"shape": [None, 3, 8]}, (1, 8), (11, 3, 8)),
        ("BroadcastTo", {"shape": [None, 3, None]}, (1, 8), (11, 3, 8)),
        ("Tile", {"repeats": [None, 1]}, (1, 8), (11, 8)),
    ],
)
def test_sizes_that_are_left_open(kind, own, shape, expected):
    assert KerasOperation(kind, own).apply((Tensor(shape),), {}, 11)[0] == expected


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("Reshape", {"newshape": [2, None, None]}),
        ("Reshape", {"newshape": [-1, None, 4]}),
        ("BroadcastTo", {"shape": [5, None, 4]}),
        ("BroadcastTo", {"shape": [5, 3, None, 4]}),
        ("BroadcastTo", {"shape": [5, None, 2, 1, 4]}),
        ("Tile", {"repeats": [1, None]}),
    ],
)
def test_sizes_that_nothing_tells(kind, own):
    with pytest.raises(ValueError, match="None stands for an open side"):
        KerasOperation(kind, own).apply((Tensor((2, 1, 4)),), {}, 11)


@pytest.mark.parametrize(
    ("kind", "shapes", "message"),
    [
        ("Conv", [(1, 8, 8, 3), (3, 3, 4)], "as many axes as the input"),
        ("DepthwiseConv", [(1, 4, 4, 4, 3), (2, 2, 2, 3, 1)], "at most 2 spatial axes"),
        ("Conv", [(1, 8, 8, 3), (3, 3, 2, 4)], "divide"),
    ],
)
def test_convolutions_that_are_refused(kind, shapes, message):
    with pytest.raises(ValueError, match=message):
        KerasOperation(kind, {}).apply(tuple(map(Tensor, shapes)), {})


def test_one_output_in_a_list_is_one_output():
    entry = keras.Input((1, 4))
    net = convcost.from_keras(keras.Model(entry, ops.unstack(entry, axis=1)))
    assert net.output_shapes == (net.rows[-1].output_shape,) == ((4,),)
