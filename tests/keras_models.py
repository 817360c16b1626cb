"""Difficult models and users' own layers, for tests of how models are read."""

import keras
from keras import layers as kl
from keras import ops


def shared():
    """A layer called three times, twice with one input size and once with another."""
    big, small = keras.Input((16, 16, 3), name="big"), keras.Input((8, 8, 3), name="small")
    conv = kl.Conv2D(4, 3, padding="same", name="conv")
    x = kl.Add(name="sum")([conv(big), conv(big)])
    return keras.Model([big, small], [x, kl.Flatten(name="flat")(conv(small))], name="shared")


def nested():
    """A model in a model in a model, the innermost called twice; two layers with one name."""
    deep = keras.Sequential(
        [keras.Input((8, 8, 4)), kl.Conv2D(4, 3, padding="same", name="conv")], name="deep"
    )
    entry = keras.Input((8, 8, 4))
    middle = keras.Model(entry, kl.Add(name="add")([deep(entry), deep(deep(entry))]), name="middle")
    outer = keras.Input((8, 8, 4), name="outer_input")
    x = kl.Conv2D(4, 1, name="conv")(middle(outer))
    return keras.Model(outer, kl.Dense(2, name="head")(middle(x)), name="outer")


def several():
    """Two named inputs and outputs, with a nested model that has two of each."""
    a, b = keras.Input((6,), name="a"), keras.Input((4,), name="b")
    joint = kl.Concatenate(name="joint")([a, b])
    inner = keras.Model([a, b], [kl.Dense(3, name="left")(joint), joint], name="inner")
    p, q = keras.Input((6,), name="p"), keras.Input((4,), name="q")
    left, right = inner([p, q])
    outputs = {"left": kl.Dense(2, name="one")(left), "right": kl.Dense(2, name="two")(right)}
    return keras.Model({"p": p, "q": q}, outputs, name="several")


def sequences():
    x = entry = keras.Input((50, 3), name="steps")
    x = kl.Conv1D(8, 5, padding="causal", name="causal")(x)
    x = kl.SeparableConv1D(8, 3, depth_multiplier=2, name="separable")(x)
    x = kl.DepthwiseConv1D(3, 2, name="depthwise")(x)
    x = kl.Conv1DTranspose(4, 3, 2, name="transposed")(x)
    x = kl.TimeDistributed(kl.Dense(5), name="each")(x)
    return keras.Model(entry, kl.GlobalMaxPooling1D(name="pool")(x), name="sequences")


def volumes():
    x = entry = keras.Input((8, 8, 8, 2), name="volume")
    x = kl.Conv3D(4, 3, 2, padding="same", name="conv")(x)
    x = kl.Conv3DTranspose(2, 2, 2, name="transposed")(x)
    x = kl.ZeroPadding3D(1, name="pad")(kl.MaxPooling3D(2, name="pool")(x))
    return keras.Model(entry, kl.Cropping3D(1, name="crop")(x), name="volumes")


def channels_first():
    x = entry = keras.Input((3, 16, 16), name="image")
    first = {"data_format": "channels_first"}
    x = kl.ZeroPadding2D(((0, 1), (0, 1)), name="pad", **first)(x)
    x = kl.Conv2D(8, 3, 2, name="conv", **first)(x)
    x = kl.BatchNormalization(1, name="bn")(x)
    x = kl.DepthwiseConv2D(3, padding="same", name="depthwise", **first)(x)
    x = kl.MaxPooling2D(2, name="pool", **first)(x)
    x = kl.GlobalAveragePooling2D(name="mean", **first)(x)
    return keras.Model(entry, kl.Dense(4, name="head")(x), name="channels_first")


def operations():
    """A functional model with operations that are not layers."""
    x = entry = keras.Input((8, 8, 4), name="image")
    x = ops.relu(kl.Conv2D(4, 3, padding="same", name="conv")(x) * 2.0 + x)
    x = ops.concatenate([x, 1 - x], axis=-1)
    x = ops.mean(ops.transpose(x, (0, 3, 1, 2)), axis=(2, 3))
    return keras.Model(entry, kl.Dense(3, name="head")(x[:, :6]), name="operations")


def frozen():
    x = entry = keras.Input((8, 8, 3), name="image")
    inner = keras.Sequential([keras.Input((8, 8, 3)), kl.Conv2D(4, 3, name="c")], name="inner")
    inner.trainable = False
    x = kl.BatchNormalization(name="bn")(inner(x))
    still = kl.Conv2D(2, 1, name="still")
    still.trainable = False
    return keras.Model(entry, still(kl.Normalization(name="norm")(x)), name="frozen")


MODELS = [
    shared, nested, several, sequences, volumes, channels_first, operations, frozen,
]  # fmt: skip


class Block(kl.Layer):
    """A user's own layer, made of known layers, with additional weights."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.conv = kl.Conv2D(filters, 3, padding="same", name="conv")
        self.norm = kl.BatchNormalization(name="norm")

    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), name="gamma")
        self.fixed = self.add_weight(shape=(2, 3), name="fixed", trainable=False)
        self.conv.build(shape)
        self.norm.build((*shape[:-1], self.conv.filters))

    def call(self, x, training=None):
        return ops.relu(self.norm(self.conv(x * self.gamma), training=training)) + 1


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="subclassed")
        self.one, self.two = Block(8, name="one"), Block(8, name="two")
        self.flat, self.head = kl.Flatten(name="flat"), kl.Dense(10, name="head")

    def call(self, x):
        return self.head(self.flat(self.two(self.two(self.one(x)))))


class Opaque(kl.Layer):
    """A layer whose call can't be recorded."""

    def call(self, x):
        import numpy as np

        return ops.convert_to_tensor(np.asarray(x)[..., :1])

    def compute_output_spec(self, x):
        return keras.KerasTensor((*x.shape[:-1], 1))


def opaque():
    entry = keras.Input((8, 8, 3), name="image")
    x = Opaque(name="mystery")(kl.Conv2D(4, 3, name="conv")(entry))
    return keras.Model(entry, kl.Conv2D(2, 1, name="after")(x), name="opaque")
