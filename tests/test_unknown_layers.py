"""Layers that the library does not know: refused, left out, or registered."""

import keras
import pytest
from keras import layers as kl
from keras_models import Opaque, opaque, operations

import convcost


@pytest.mark.parametrize("form", [lambda m: m, lambda m: m.to_json(), lambda m: m.get_config()])
def test_a_layer_that_is_not_known_is_an_error_or_left_out(form):
    source = form(opaque())
    with pytest.raises(convcost.UnknownLayerError) as error:
        convcost.from_keras(source)
    for part in ("'mystery'", "Opaque", "@convcost.layers.register('Opaque')"):
        assert part in str(error.value)
    with pytest.warns(UserWarning, match="1 layer is left out of the cost of 'opaque', .*mystery"):
        network = convcost.from_keras(source, on_unknown="warn")
    assert network.left_out == ("mystery",)
    assert network["mystery"].layer is None
    assert network["mystery"].effective_macs == 0
    # The next layer gets the shape that the model records.
    assert network["after"].input_shapes == ((6, 6, 1),)
    assert "left out, since their cost is not known: mystery" in convcost.summary(network).notes[-1]
    assert convcost.summary(network).as_dict()["left_out"] == ["mystery"]


@pytest.mark.parametrize("form", [lambda m: m, lambda m: m.to_json()])
def test_a_recorded_shape_is_not_believed_at_another_input(form):
    with pytest.raises(convcost.ModelError, match=r"'after'.*does not record"):
        convcost.from_keras(form(opaque()), (10, 10, 3), on_unknown="warn")


@pytest.fixture
def registration():
    names = []

    def register(name):
        names.append(name)
        return convcost.layers.register(name)

    yield register
    for name in set(names):
        convcost._layers.registry.unregister(name)


@pytest.mark.parametrize("form", [lambda m: m, lambda m: m.to_json()])
def test_a_layer_is_registered_in_five_lines(registration, form):
    @registration("Opaque")
    def opaque_layer(config, input_shape):
        assert config["name"] == "mystery"
        gamma = convcost.layers.Weight("gamma", input_shape[-1:])
        return convcost.layers.Custom((*input_shape[:-1], 1), [gamma], macs=99)

    row = convcost.from_keras(form(opaque()))["mystery"]
    assert (row.params, row.macs, row.output_shape) == (4, 99, (6, 6, 1))


def test_what_is_registered_may_be_a_list_of_layers_and_comes_first(registration):
    @registration("Conv2D")
    def doubled(config, input_shape):
        return [convcost.layers.Conv2D(config["filters"], 1), convcost.layers.Flatten()]

    entry = keras.Input((8, 8, 3))
    network = convcost.from_keras(keras.Model(entry, kl.Conv2D(4, 3)(entry)))
    assert network.output_shapes == ((256,),)
    assert network.params == 16


def test_what_is_registered_may_take_several_inputs(registration):
    class Pair(Opaque):
        def call(self, x, y):
            raise NotImplementedError

        def compute_output_spec(self, x, y):
            return keras.KerasTensor(x.shape)

    one, two = keras.Input((4, 3)), keras.Input((4, 3))
    model = keras.Model([one, two], Pair(name="pair")(one, two))
    layers = convcost.layers
    chain = registration("Pair")(lambda config, shapes: [layers.Add(), layers.Dense(5)])
    assert convcost.from_keras(model)["pair"].cost == layers.Dense(5).cost((4, 3))
    assert chain({}, [])[0] == layers.Add()
    registration("Pair")(lambda config, shapes: layers.Custom(shapes[1], macs=len(shapes)))
    row = convcost.from_keras(model.to_json())["pair"]
    assert (row.macs, row.shape) == (2, [(4, 3), (4, 3)])
    registration("Pair")(lambda config, shapes: [])
    assert convcost.from_keras(model).output_shapes == ((4, 3),)


@pytest.mark.parametrize("wrong", [None, [3], "Conv2D"])
def test_what_is_registered_must_return_layers(registration, wrong):
    registration("Opaque")(lambda config, shape: wrong)
    with pytest.raises(convcost.ModelError, match=r"'mystery'.*must be a layer .* or a list"):
        convcost.from_keras(opaque())


def test_what_can_be_registered():
    with pytest.raises(TypeError, match="the name of a Keras class"):
        convcost.layers.register("")
    with pytest.raises(TypeError, match="the function registered for 'X' must be callable"):
        convcost.layers.register("X")(3)


def test_keras_names_of_packages_can_be_registered(registration):
    @keras.saving.register_keras_serializable("mine")
    class Packaged(kl.Layer):
        def call(self, x):
            return x

    entry = keras.Input((8,))
    model = keras.Model(entry, Packaged()(entry))
    registration("mine>Packaged")(lambda config, shape: convcost.layers.Custom(shape, macs=5))
    assert convcost.from_keras(model).macs == 5
    assert convcost.from_keras(model.to_json()).macs == 5


def test_a_users_class_of_a_known_name_is_not_taken_for_keras_own():
    class Dense(Opaque):
        pass

    entry = keras.Input((8,))
    model = keras.Model(entry, Dense()(entry))
    for source in (model, model.to_json()):
        with pytest.raises(convcost.UnknownLayerError, match="Dense"):
            convcost.from_keras(source)


def test_what_has_more_weights_than_its_class_is_not_known():
    dense = kl.Dense(5, lora_rank=2, name="dense")
    model = keras.Sequential([keras.Input((8,)), dense])
    for source in (model, model.to_json()):
        with pytest.raises(convcost.UnknownLayerError, match="dense"):
            convcost.from_keras(source)


def test_an_output_shape_that_is_not_known_prints_as_a_question():
    entry = keras.Input((8,))
    model = keras.Model(entry, Opaque(name="mystery")(entry))
    with pytest.warns(UserWarning, match="left out"):
        network = convcost.from_keras(model.to_json(), on_unknown="warn")
    assert str(network).splitlines()[2].endswith("?")
    assert network["mystery"].output_shape is None
    assert network["mystery"].intensity() == 0


def test_a_layer_whose_input_is_not_known_has_no_elements_to_read():
    unknown = [
        {"class_name": "Mystery", "module": "own", "config": {"name": name}} for name in "ab"
    ]
    config = {"name": "model", "layers": unknown}
    with pytest.warns(UserWarning, match="2 layers are left out"):
        network = convcost.from_keras(config, (4,), on_unknown="warn")
    assert network["b"].input_shapes == (None,)
    assert network["b"].intensity() == 0
    machine = convcost.hardware.Machine("laptop", 100e9, 20e9)
    assert convcost.hardware.predict(network, machine).seconds > 0


def test_on_unknown_is_one_of_two_words():
    with pytest.raises(ValueError, match="'error' or 'warn'; got 'ignore'"):
        convcost.from_keras(operations(), on_unknown="ignore")
