"""What reaches the code of own layers: flags, masks, and arguments in the order of Keras."""

from collections import OrderedDict

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops
from keras.src import tree

import convcost
from convcost._models.trees import leaves, ordered


class Pyramid(kl.Layer):
    """Returns feature maps by their strides."""

    def __init__(self, kind, **options):
        super().__init__(**options)
        self.kind = kind

    def call(self, x):
        maps = [(8, x), (16, ops.max_pool(x, 2, 2)), (32, ops.max_pool(x, 4, 4))]
        return self.kind(maps[::-1] if self.kind is OrderedDict else maps)


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_outputs_by_number_are_in_the_order_of_keras(kind):
    entry = keras.Input((16, 16, 3))
    made = Pyramid(kind)(entry)
    heads = [kl.Conv2D(filters, 1)(made[key]) for filters, key in ((4, 8), (8, 16), (16, 32))]
    net = convcost.from_keras(keras.Model(entry, heads))
    assert net.macs == 256 * 12 + 64 * 24 + 16 * 48
    assert net.output_shapes == ((16, 16, 4), (8, 8, 8), (4, 4, 16))


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_outputs_of_models_by_number(kind):
    entry = keras.Input((6,))
    outputs = kind([(16, kl.Dense(16)(entry)), (8, kl.Dense(8)(entry))])
    inner = keras.Model(entry, outputs)
    outer = keras.Input((6,))
    made = inner(outer)
    model = keras.Model(outer, [kl.Dense(2)(made[16]), kl.Dense(3)(made[8])])
    net = convcost.from_keras(model)
    assert (net.params, net.output_shapes) == (model.count_params(), ((2,), (3,)))
    alone = tree.flatten(inner.outputs)
    shapes = convcost.from_keras(inner).output_shapes
    assert shapes == tuple(tuple(one.shape[1:]) for one in alone)


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_inputs_of_models_by_number(kind):
    inner_inputs = kind([(16, keras.Input((16,))), (8, keras.Input((8,)))])
    dense = kl.Dense(3)(inner_inputs[16])
    inner = keras.Model(inner_inputs, kl.Concatenate()([dense, inner_inputs[8]]))
    wide, short = keras.Input((16,)), keras.Input((8,))
    model = keras.Model([wide, short], kl.Dense(2)(inner(kind([(16, wide), (8, short)]))))
    net = convcost.from_keras(model)
    assert (net.params, net.macs) == (model.count_params(), 16 * 3 + 11 * 2)


@pytest.mark.parametrize(
    "given",
    [
        {16: 1, 8: 2},
        {"b": 1, 2: 2, None: 3},
        OrderedDict(b=1, a=2),
        {1j: 1, 0j: 2},
        {"x": [1, {3: 2, 1: 3}]},
    ],
)
def test_trees_are_flattened_as_in_keras(given):
    assert list(leaves(given, int)) == tree.flatten(given)
    assert sorted(map(repr, ordered(given))) == sorted(map(repr, given))


def test_a_dict_is_an_argument():
    class Joined(kl.Layer):
        def call(self, maps):
            return ops.concatenate([maps[2], maps[10]], axis=-1)

    entry = keras.Input((6,))
    for kind in (dict, OrderedDict):
        maps = kind([(10, kl.Dense(4)(entry)), (2, kl.Dense(3)(entry))])
        model = keras.Model(entry, kl.Dense(5)(Joined()(maps)))
        net = convcost.from_keras(model)
        assert (net.params, net.macs) == (model.count_params(), 6 * 7 + 7 * 5)


class Second(kl.Layer):
    """Computes twice as much while training."""

    def __init__(self, **options):
        super().__init__(**options)
        self.one, self.two = kl.Dense(8), kl.Dense(8)

    def build(self, shape):
        self.one.build(shape)
        self.two.build(shape)

    def call(self, x, training=None):
        return self.two(self.one(x)) if training else self.one(x)


class Calling(kl.Layer):
    def __init__(self, inner, training=None, **options):
        super().__init__(**options)
        self.inner, self.training = inner, training

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return self.inner(x) if self.training is None else self.inner(x, training=self.training)


def around(kind, layer):
    entry = keras.Input((10, 8))
    if kind == "sequential":
        return keras.Sequential([entry, layer])
    if kind == "functional":
        return keras.Model(entry, layer(entry))
    return Calling(layer) if kind == "own" else layer


@pytest.mark.parametrize("kind", ["sequential", "functional", "own", "itself"])
@pytest.mark.parametrize("training", [None, False, True])
def test_a_flag_counts_for_all_that_is_called(kind, training):
    entry = keras.Input((10, 8))
    model = keras.Model(entry, Calling(around(kind, Second()), training)(entry))
    assert convcost.from_keras(model).macs == 10 * 64 * (1 + bool(training))


def test_a_flag_that_a_layer_does_not_take_is_for_what_is_inside():
    entry = keras.Input((10, 8))
    model = keras.Model(entry, Calling(Second())(entry, training=True))
    net = convcost.from_keras(model)
    assert net.macs == 2 * 10 * 64
    assert net.with_separable().macs == net.macs


def test_a_flag_that_a_layer_takes_among_others_stays():
    class Any(Second):
        def call(self, x, **options):
            return super().call(x, **options)

    entry = keras.Input((10, 8))
    assert convcost.from_keras(keras.Model(entry, Any()(entry))).macs == 640
    flagged = keras.Model(entry, Calling(Any(), True)(entry))
    assert convcost.from_keras(flagged).macs == 640  # Keras drops a flag that `call` does not name


class Pairing(kl.Layer):
    """Computes with the mask of its input."""

    def __init__(self, **options):
        super().__init__(**options)
        self.supports_masking = True

    def call(self, x, mask=None):
        if mask is not None:
            mask = ops.cast(mask, "float32")
            x = x + ops.sum(ops.einsum("bi,bj->bij", mask, mask))
        return x


@pytest.mark.parametrize("kind", ["sequential", "functional", "own"])
def test_a_mask_from_outside_is_refused_where_it_counts(kind):
    entry = keras.Input((10,))
    words = kl.Embedding(50, 8, mask_zero=True)(entry)
    direct = keras.Model(entry, Pairing()(words))
    assert convcost.from_keras(direct).macs == 100
    model = keras.Model(entry, around(kind, Pairing(name="pairing"))(words))
    with pytest.raises(convcost.UnknownLayerError, match="'pairing' takes the mask of an input"):
        convcost.from_keras(model)


def test_a_mask_that_only_layers_of_keras_take_does_not_count():
    entry = keras.Input((10,))
    words = kl.Embedding(50, 8, mask_zero=True)(entry)
    model = keras.Model(entry, Calling(Second())(words))
    assert convcost.from_keras(model).macs == 640


def test_the_same_tensor_twice_is_the_same_tensor():
    class Own(kl.Layer):
        def call(self, q, k):
            return q if q is k else ops.matmul(q, ops.transpose(k, (0, 2, 1)))

    entry = keras.Input((10, 8))
    assert convcost.from_keras(keras.Model(entry, Own()(entry, entry))).macs == 0
    other = keras.Input((10, 8))
    assert convcost.from_keras(keras.Model([entry, other], Own()(entry, other))).macs == 800


def test_a_call_replaced_on_an_instance_is_traced():
    dense = kl.Dense(5)
    dense.build((None, 8))
    dense.call = lambda x: ops.matmul(ops.matmul(x, dense.kernel), ops.ones((5, 4)))
    entry = keras.Input((10, 8))
    net = convcost.from_keras(keras.Model(entry, dense(entry)))
    assert net.macs == 10 * (8 * 5 + 5 * 4)


class Sliced(kl.Layer):
    def __init__(self, key, **options):
        super().__init__(**options)
        self.key = key

    def call(self, x):
        return x[:, self.key]


@pytest.mark.parametrize(
    "key",
    [slice(None, 5), slice(5, -5), slice(-3, None), slice(1, None), slice(None, None, 3),
     slice(2, 9, 2), slice(None, -2), slice(-6, -2)],
)  # fmt: skip
def test_a_slice_of_an_open_side_at_every_length(key):
    entry = keras.Input((None, 4))
    net = convcost.from_keras(keras.Model(entry, kl.Dense(2)(Sliced(key)(entry))))
    (symbol,) = net.macs.free_symbols
    for length in range(1, 16):
        steps = len(np.zeros(length)[key])
        assert net.macs.subs(symbol, length) == 8 * steps, length


def test_code_that_asks_whether_a_side_is_open():
    class Asking(kl.Layer):
        def call(self, x):
            cropped = kl.Cropping1D(1) if x.shape[1] is None else kl.Cropping1D(2)
            return cropped(x)

    class Comparing(kl.Layer):
        def call(self, x):
            pool = 2 if x.shape[1] == x.shape[2] else 4
            return kl.MaxPooling2D(pool)(x)

    for layer, shape, sizes in (
        (Asking, (None, 3), (16, 3)),
        (Comparing, (None, None, 3), (16, 32, 3)),
    ):
        entry = keras.Input(shape)
        model = keras.Model(entry, kl.Dense(3)(layer()(entry)))
        with pytest.raises(convcost.ModelError, match="give input_shape"):
            convcost.from_keras(model)
        entry = keras.Input(sizes)
        right = keras.Model(entry, kl.Dense(3)(layer()(entry)))
        assert convcost.from_keras(model, sizes).macs == convcost.from_keras(right).macs
