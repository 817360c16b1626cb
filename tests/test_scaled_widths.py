"""Check scaled networks of recurrent layers, attention and embeddings against rebuilt models."""

import keras
import pytest
from keras import layers as kl

import convcost
from convcost import layers
from convcost._models.graph import Call, Entry, Graph, Ref, input_entry
from convcost._models.network import Network


def counts(network):
    return network.params, network.macs, network.total().bias_adds


def chain(entry, *made):
    x = entry
    for layer in made:
        x = layer(x)
    return keras.Model(entry, kl.Dense(3, name="head")(x))


def sequence(*made):
    return chain(keras.Input((6, 5)), *made)


def words(*made):
    return chain(keras.Input((6,), dtype="int32"), *made)


def video(*made):
    return chain(keras.Input((4, 8, 8, 3)), *made)


RECURRENT = {
    "SimpleRNN": lambda n: sequence(kl.SimpleRNN(n)),
    "LSTM": lambda n: sequence(kl.LSTM(n, return_sequences=True), kl.LSTM(2 * n)),
    "GRU": lambda n: sequence(kl.GRU(n, reset_after=False, return_sequences=True)),
    "RNN": lambda n: sequence(kl.RNN(kl.LSTMCell(n))),
    "ConvLSTM1D": lambda n: chain(keras.Input((4, 8, 3)), kl.ConvLSTM1D(n, 3), kl.Flatten()),
    "ConvLSTM2D": lambda n: video(kl.ConvLSTM2D(n, 3, padding="same"), kl.Flatten()),
    "Embedding": lambda n: words(kl.Embedding(100, n), kl.GlobalAveragePooling1D()),
    "TimeDistributed": lambda n: video(kl.TimeDistributed(kl.Conv2D(n, 3)), kl.Flatten()),
    "TimeDistributed, by channel": lambda n: video(
        kl.TimeDistributed(kl.Conv2D(n, 3, groups=1)),
        kl.TimeDistributed(kl.Conv2D(n, 3, groups=n)),
    ),
    "SpectralNormalization": lambda n: sequence(kl.SpectralNormalization(kl.Dense(n))),
    "concat": lambda n: sequence(kl.Bidirectional(kl.LSTM(n))),
    "sum": lambda n: sequence(kl.Bidirectional(kl.GRU(n), merge_mode="sum")),
    "backward": lambda n: sequence(
        kl.Bidirectional(kl.LSTM(n), backward_layer=kl.LSTM(n, use_bias=False, go_backwards=True))
    ),
}


@pytest.mark.parametrize("name", RECURRENT)
def test_layers_are_scaled_as_in_a_model_of_that_width(name):
    build = RECURRENT[name]
    full, half = (convcost.from_keras(build(width)) for width in (8, 4))
    assert counts(full.scale(0.5)) == counts(half)
    assert half.params == build(4).count_params()


def encoder(width):
    """Return a Transformer of a width, with three heads and cross-attention."""
    tokens = keras.Input((6,), dtype="int32")
    context = keras.Input((5, 10))
    x = kl.Add()([kl.Embedding(50, width)(tokens), kl.Embedding(6, width)(tokens)])
    for other in (None, context):
        attended = kl.MultiHeadAttention(3, width // 4, value_dim=width // 2)(
            x, x if other is None else other
        )
        x = kl.LayerNormalization()(kl.Add()([x, attended]))
        x = kl.Add()([x, kl.Dense(width)(kl.Dense(4 * width, activation="gelu")(x))])
    x = kl.GroupQueryAttention(width // 4, 4, 2)(x, x)
    x = kl.Attention()([x, x])
    return keras.Model([tokens, context], kl.Dense(2)(x))


def test_a_transformer_is_scaled_as_one_of_that_width():
    full, half = (convcost.from_keras(encoder(width)) for width in (16, 8))
    assert counts(full.scale(0.5)) == counts(half)
    assert half.params == encoder(8).count_params()


def test_own_layers_with_attention_and_recurrent_layers_are_scaled():
    class Block(kl.Layer):
        def __init__(self, width):
            super().__init__()
            self.attention = kl.MultiHeadAttention(2, width // 2)
            self.recurrent = kl.LSTM(width, return_sequences=True)

        def build(self, shape):
            self.attention.build(shape, shape)
            self.recurrent.build(shape)

        def call(self, x):
            return x + self.recurrent(x + self.attention(x, x))

    def build(width):
        return sequence(kl.Dense(width), Block(width))

    full, half = (convcost.from_keras(build(width)) for width in (8, 4))
    assert counts(full.scale(0.5)) == counts(half)


def test_quantized_and_adapted_layers_are_scaled():
    def build(width):
        model = sequence(kl.Dense(width, name="first"), kl.Dense(2 * width, name="second"))
        model.get_layer("first").quantize("int8")
        model.get_layer("second").enable_lora(2)
        return convcost.from_keras(model)

    assert counts(build(8).scale(0.5)) == counts(build(4))


def test_a_separable_block_is_scaled():
    def build(width):
        return convcost.from_keras(video(kl.TimeDistributed(kl.Conv2D(width, 3)), kl.Flatten()))

    full, half = (build(width).with_separable(form="block") for width in (8, 4))
    assert counts(full.scale(0.5)) == counts(half)


STOPS = {
    "EinsumDense": lambda: kl.EinsumDense("abc,cd->abd", (None, 8)),
    "MultiHeadAttention": lambda: Attending(kl.MultiHeadAttention(2, 4, output_shape=8)),
    "RNN": lambda: kl.RNN([kl.LSTMCell(8), kl.GRUCell(4)]),
}


class Attending(kl.Layer):
    def __init__(self, attention):
        super().__init__()
        self.attention = attention

    def build(self, shape):
        self.attention.build(shape, shape)

    def call(self, x):
        return self.attention(x, x)


@pytest.mark.parametrize("kind", STOPS)
def test_what_has_no_single_width_is_refused_by_name(kind):
    net = convcost.from_keras(sequence(kl.Dense(8, name="first"), STOPS[kind](), kl.Dense(6)))
    row = next(row for row in net if row.kind == kind)
    with pytest.raises(convcost.ModelError, match=rf"{row.name!r} \({kind}.*no width.*keep"):
        net.scale(0.5)
    half = net.scale(0.5, keep=[row.name])
    assert half["first"].layer.units == 4
    assert half[row.name].output_shape == row.output_shape


def test_reversible_embeddings_are_refused_by_name():
    embedding = kl.ReversibleEmbedding(50, 8, name="words")
    entry = keras.Input((6,), dtype="int32")
    x = kl.Dense(8)(embedding(entry))
    net = convcost.from_keras(keras.Model(entry, kl.Dense(2)(x)))
    with pytest.raises(convcost.ModelError, match=r"'words' \(ReversibleEmbedding.*output_dim"):
        net.scale(0.5)


def test_what_is_added_to_a_layer_without_a_width_keeps_its_own():
    entry = keras.Input((6, 5))
    x = kl.Dense(8, name="first")(entry)
    x = kl.Add()([x, kl.EinsumDense("abc,cd->abd", (None, 8), name="einsum")(entry)])
    net = convcost.from_keras(keras.Model(entry, kl.Dense(3)(x)))
    assert net.scale(0.5, keep=["einsum"]).total() == net.total()


def test_the_layer_that_makes_the_output_keeps_its_width():
    entry = keras.Input((6, 5))
    for made in (kl.LSTM(8), kl.EinsumDense("abc,cd->abd", (None, 8)), kl.Bidirectional(kl.GRU(4))):
        net = convcost.from_keras(keras.Model(entry, made(kl.Dense(4, name="first")(entry))))
        half = net.scale(0.5)
        assert half.output_shapes == net.output_shapes
        assert half["first"].layer.units == 2


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (layers.LSTMCell(8), "its cells have widths of their own"),
        (
            layers.Bidirectional(layers.LSTM(8), backward_layer=layers.LSTM(4)),
            "its two layers differ in width",
        ),
    ],
)
def test_what_a_hand_made_graph_may_hold_is_refused_by_name(layer, why):
    kind, shape = type(layer).__name__, (5,) if isinstance(layer, layers.LSTMCell) else (6, 5)
    fed = (Call.of((Ref("x"),)),)
    pick = Call.of((Ref("one"),))
    entries = (
        input_entry("x", shape),
        Entry("one", kind, layer, True, fed, 1),
        Entry("head", "Dense", layers.Dense(2), True, (pick,), 2),
    )
    net = Network(Graph("tiny", "Functional", entries, [Ref("x")], Ref("head")))
    with pytest.raises(convcost.ModelError, match=rf"'one' \({kind}.*{why}.*no width"):
        net.scale(0.5)


def test_convolutions_inside_of_other_layers_stay_full():
    inside = (
        kl.TimeDistributed(kl.Conv2D(4, 3, name="conv")),
        kl.TimeDistributed(kl.SpectralNormalization(kl.Conv2D(4, 3, name="normal"))),
        kl.ConvLSTM2D(4, 3, name="recurrent"),
    )
    net = convcost.from_keras(video(*inside, kl.Flatten()))
    changed = net.with_separable()
    layers_of = [type(getattr(row.layer, "layer", row.layer)).__name__ for row in changed]
    assert layers_of[:3] == ["SeparableConv2D", "SpectralNormalization", "ConvLSTM2D"]
    with pytest.raises(ValueError, match="can be made separable"):
        net.with_separable("recurrent")
