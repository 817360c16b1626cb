"""Live models that are built, read at another input shape: their weights are what they are."""

import re

import keras
import pytest
from keras import layers

import convcost
from convcost._models.network import Network

WAY_OUT = (
    "leave out input_shape, build the model at that shape, or give its config, model.to_json(),"
    " which is counted as if built anew"
)


def chain(shape, *made):
    return keras.Sequential([keras.Input(shape), *made])


def unbuilt():
    conv = layers.Conv2D(4, 3, name="conv")
    conv.build((None, 8, 8, 3))
    return keras.Sequential([conv])


def channels_first():
    image = keras.Input((8, 8, 3))
    moved = layers.Permute((3, 1, 2))(image)
    conv = layers.Conv2D(4, 3, data_format="channels_first", name="conv")
    return keras.Model(image, conv(moved))


def flat(*, name="head"):
    return chain((8, 8, 3), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(5, name=name))


def nested():
    image = keras.Input((8, 8, 3))
    inner = chain((8, 8, 3), layers.Flatten(), layers.Dense(3, name="head"))
    inner.name = "inner"
    return keras.Model(image, layers.Add()([inner(image), inner(image)]))


def frozen():
    model = flat()
    model.trainable = False
    return model


def stepwise():
    dense = layers.TimeDistributed(layers.Dense(3), name="steps")
    return chain((4, 8, 3), layers.Reshape((4, -1)), dense)


@keras.saving.register_keras_serializable("built_models")
class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.head = layers.Flatten(), layers.Dense(3, name="head")

    def call(self, image):
        return self.head(self.flat(image))


def subclassed():
    model = Own()
    model(keras.ops.zeros((1, 8, 8, 3)))
    return model


def normalized():
    return chain((8, 8, 3), layers.LayerNormalization(axis=[1, 2], name="norm"))


def adapted():
    model = chain((8, 8, 3), layers.Flatten(), layers.Dense(5, name="head"))
    model.layers[-1].enable_lora(2)
    return model


@pytest.mark.parametrize(
    ("make", "shape", "layer", "built", "counted"),
    [
        (unbuilt, (8, 8, 4), "'conv' (Conv2D)", "112", "148"),
        (unbuilt, (8, 8, None), "'conv' (Conv2D)", "112", "36*h + 4"),
        (channels_first, (8, 8, 4), "'conv' (Conv2D)", "112", "148"),
        (flat, (8, 8, None), "'conv2d", "112", "36*h + 4"),
        (flat, (16, 16, 3), "'head' (Dense)", "725", "3,925"),
        (flat, (None, None, 3), "'head' (Dense)", "725", "20*(h - 2)*(w - 2) + 5"),
        (frozen, (16, 16, 3), "'head' (Dense)", "725", "3,925"),
        (nested, (16, 16, 3), "'inner/head' (Dense)", "579", "2,307"),
        (stepwise, (4, 16, 3), "'steps' (TimeDistributed)", "75", "147"),
        (normalized, (16, 16, 3), "'norm' (LayerNormalization)", "128", "512"),
        (adapted, (16, 16, 3), "'head' (Dense)", "1,359", "5,391"),
    ],
)
def test_other_weights_than_those_that_are_built(make, shape, layer, built, counted):
    with pytest.raises(convcost.ModelError) as raised:
        convcost.summary(make(), shape)
    said = str(raised.value)
    assert said.startswith(f"layer {layer}")
    assert f" is built with {built} parameters, and with input of (" in said
    assert said.endswith(f" it would have {counted}: {WAY_OUT}")


@pytest.mark.parametrize(
    ("make", "shape", "params"),
    [
        (unbuilt, (8, 8, 3), 112),
        (unbuilt, (None, None, 3), 112),
        (unbuilt, (16, 9, 3), 112),
        (channels_first, (16, 9, 3), 112),
        (flat, (8, 8, 3), 837),
        (nested, (8, 8, 3), 579),
        (stepwise, (4, 8, 3), 75),
        (subclassed, (8, 8, 3), 579),
        (adapted, (8, 8, 3), 1359),
        (lambda: chain((8, 8, 3), layers.Conv2D(4, 3)), (None, None, 3), 112),
        (lambda: keras.Sequential([layers.Dense(3)]), (8,), 27),
    ],
)
def test_the_weights_that_are_built(make, shape, params):
    assert convcost.from_keras(make(), shape).params == params


def test_a_subclassed_model_is_refused_where_its_own_layers_are():
    with pytest.raises(convcost.ModelError):
        convcost.from_keras(subclassed(), (16, 16, 3))


def test_a_config_and_a_network_are_counted_as_if_built_anew():
    model = flat()
    assert convcost.from_keras(model.to_json(), (16, 16, 3)).params == 4037
    assert convcost.from_keras(model).at((16, 16, 3)).params == 4037
    assert convcost.from_keras(model).scale(1, 16).params == 4037


def test_what_is_not_counted_is_not_compared():
    class Strange(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1],))

        def call(self, given):
            return given * keras.ops.convert_to_numpy(self.kernel)

    model = chain((8, 3), layers.Dense(3), Strange(name="strange"))
    with pytest.warns(UserWarning, match="strange"):
        network = convcost.from_keras(model, (9, 3), on_unknown="warn", shapes={"strange": (9, 3)})
    assert network.params == 12


def test_what_a_function_describes_is_not_compared():
    @convcost.layers.register("OfBuiltModels")
    def described(config, shape):
        return convcost.layers.Dense(7)

    class OfBuiltModels(layers.Layer):
        def call(self, given):
            return given

    try:
        model = chain((3,), OfBuiltModels())
        assert convcost.from_keras(model, (3,)).params == 28
    finally:
        convcost.layers.unregister("OfBuiltModels")


def test_the_whole_is_compared_where_no_layer_differs(monkeypatch):
    # As if a weight were in none of the layers whose weights are known.
    model = flat()
    monkeypatch.setattr(Network, "params", property(lambda _: 900))
    message = re.escape("is built with 837 parameters, and with input of (8, 8, 3) it would have")
    with pytest.raises(convcost.ModelError, match=f"^the model '.*' {message} 900"):
        convcost.from_keras(model, (8, 8, 3))
