"""Own layers at several sizes of an open batch: traced once where their code reads no size."""

import copy
import operator

import keras
import pytest
from keras import layers as kl
from keras import ops

import convcost

LENGTH, WIDTH, HEADS, INNER, WORDS, BLOCKS = 512, 768, 12, 3072, 30_522, 12
RUNS = []


class Block(kl.Layer):
    """A block of a Transformer encoder."""

    def __init__(self):
        super().__init__()
        self.attention = kl.MultiHeadAttention(HEADS, WIDTH // HEADS)
        self.norms = [kl.LayerNormalization(), kl.LayerNormalization()]
        self.up, self.down = kl.Dense(INNER, activation="gelu"), kl.Dense(WIDTH)

    def build(self, shape):
        self.attention.build(shape, shape)
        for layer in (*self.norms, self.up):
            layer.build(shape)
        self.down.build((*shape[:-1], INNER))

    def call(self, x):
        x = self.norms[0](x + self.attention(x, x))
        return self.norms[1](x + self.down(self.up(x)))


def plain(x):
    x = kl.LayerNormalization()(kl.Add()([x, kl.MultiHeadAttention(HEADS, WIDTH // HEADS)(x, x)]))
    y = kl.Dense(WIDTH)(kl.Dense(INNER, activation="gelu")(x))
    return kl.LayerNormalization()(kl.Add()([x, y]))


def bert(blocks):
    words, places = (keras.Input((LENGTH,), dtype="int32") for _ in range(2))
    embedded = [kl.Embedding(WORDS, WIDTH)(words), kl.Embedding(LENGTH, WIDTH)(places)]
    x = kl.LayerNormalization()(kl.Add()(embedded))
    for block in blocks:
        x = block(x)
    return keras.Model([words, places], x)


@pytest.mark.parametrize("make", [lambda: plain, Block], ids=["keras.layers", "own layers"])
def test_bert_base(make):
    model = bert([make() for _ in range(BLOCKS)])
    net = convcost.from_keras(model)
    projected = 4 * LENGTH * WIDTH * WIDTH
    attended = 2 * LENGTH * LENGTH * WIDTH
    assert net.macs == BLOCKS * (projected + attended + 2 * LENGTH * WIDTH * INNER)
    norms = 2 * WIDTH * (2 * BLOCKS + 1)
    dense = 4 * (WIDTH + 1) * WIDTH + (WIDTH + 1) * INNER + (INNER + 1) * WIDTH
    assert net.params == (WORDS + LENGTH) * WIDTH + norms + BLOCKS * dense == model.count_params()


class Calling(kl.Layer):
    """Calls a function, and keeps in mind how often."""

    def __init__(self, function, **options):
        super().__init__(**options)
        self.function = function
        self.inner = kl.Dense(22, name="inner")

    def build(self, shape):
        self.inner.build((*shape[:-1], 22))
        self.own = self.add_weight(shape=(22,), name="own")

    def call(self, x, training=False):
        RUNS.append(training)
        return self.function(self, x)


def read(function, *calls):
    """Return the network of calls of one layer, and how often its code runs when it is read."""
    x = entry = keras.Input((22,))
    layer = Calling(function, name="own")
    for options in calls or ({},):
        x = layer(x, **options)
    model = keras.Model(entry, x)
    RUNS.clear()
    return convcost.from_keras(model), len(RUNS)


def test_code_that_reads_no_size_is_traced_once_for_each_call():
    for function in (
        lambda _, x: ops.relu(x) * 2,
        lambda layer, x: layer.inner(x) + x,
        lambda _, x: x if x.ndim == 2 else ops.relu(x),
        lambda _, x: x if len(x.shape) == 2 else ops.relu(x),
        lambda layer, x: layer.inner(x) if ops.shape(x)[1] == 22 else x,
        lambda layer, x: layer.inner(x) if x.shape[1:] == (22,) else x,
    ):
        assert read(function)[1] == 1
    net, runs = read(lambda layer, x: layer.inner(x), {}, {"training": True}, {})
    assert runs == 3
    assert net.macs == 3 * 22 * 22


@pytest.mark.parametrize(
    ("function", "macs"),
    [
        (lambda layer, x: layer.inner(ops.reshape(x, (-1, x.shape[-1]))), 22 * 22),
        (lambda layer, x: layer.inner(x) if x.shape[-2] != 1 else x, 22 * 22),
        (lambda layer, x: layer.inner(x) if (x * 2).shape[1] == 22 else x, 22 * 22),
        (lambda layer, x: layer.inner(x) if x.shape != (1, 22) else x, 22 * 22),
        (lambda layer, x: layer.inner(x) if (22, *x.shape) != (1,) else x, 22 * 22),
        (lambda layer, x: layer.inner(x) if operator.add((22,), x.shape) else x, 22 * 22),
        (lambda layer, x: layer.inner(x) if x.shape[:1] != (1,) else x, 22 * 22),
        (lambda layer, x: layer.inner(x) if copy.copy(x.shape) else x, 22 * 22),
        (lambda layer, x: layer.inner(ops.reshape(x, (-1, 22))), 22 * 22),
        (lambda layer, x: layer.inner(x + layer.own), 22 * 22),
        (lambda layer, x: layer.inner(ops.concatenate([x[:, :11], x[:, 11:]], 1)), 22 * 22),
        (lambda layer, x: layer.inner(ops.add(*ops.split(ops.tile(x, 2), 2, 1))), 22 * 22),
        (lambda layer, x: ops.map(lambda row: ops.dot(row, layer.own), x), 22),
    ],
    ids=[
        *("multiple", "first", "made", "compared", "unpacked", "added", "part", "copy", "number"),
        *("weight", "slice", "several", "map"),
    ],
)
def test_code_that_may_depend_on_the_batch_is_traced_at_each(function, macs):
    net, runs = read(function)
    assert net.macs == macs
    assert runs >= 2


@pytest.mark.parametrize(
    "size",
    [lambda x: x.shape[0], lambda x: ops.shape(x)[0], lambda x: (x * 2).shape[0]],
    ids=["shape", "ops.shape", "of what it made"],
)
def test_code_that_computes_more_for_a_larger_batch_is_refused(size):
    def repeated(layer, x):
        for _ in range(size(x) if isinstance(size(x), int) else 1):
            x = layer.inner(x)
        return x

    with pytest.raises(convcost.ModelError, match="depends on the size of the batch"):
        read(repeated)


def test_a_layer_inside_that_reads_the_batch_decides_for_what_calls_it():
    class Inner(kl.Layer):
        def call(self, x):
            self.seen = x.shape[0]
            return x

    inside = Inner()

    def outer(layer, x):
        x = inside(x)
        for _ in range(inside.seen if isinstance(inside.seen, int) else 1):
            x = layer.inner(x)
        return x

    with pytest.raises(convcost.ModelError, match="depends on the size of the batch"):
        read(outer)


def test_a_layer_that_is_called_with_a_scalar():
    class Doubled(kl.Layer):
        def call(self, x):
            return x * 2

    entry = keras.Input((22,))
    x = kl.Dense(22, use_bias=False)(entry)
    net = convcost.from_keras(keras.Model(entry, x + Doubled()(ops.sum(entry))))
    assert net.macs == 22 * 22


def test_a_number_of_words_that_equals_a_batch_does_not_make_another_count():
    entry = keras.Input((11, 13))
    x = Calling(lambda _, x: ops.transpose(x, (1, 0, 2)), name="first")(kl.Dense(22)(entry))
    x = Calling(lambda layer, x: layer.inner(x), name="second")(x)
    net = convcost.from_keras(keras.Model(entry, ops.transpose(x, (1, 0, 2))))
    assert net.macs == 11 * 22 * (13 + 22)
