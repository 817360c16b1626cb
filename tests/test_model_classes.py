# ruff: noqa: E501  (tables with one case per line)
"""Whose class a model names, and whether a layer has the weights of its class."""

import keras
import pytest
from both_forms import hold
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl

import convcost
from convcost._models.keras import policies
from convcost._models.keras.layers import _classes
from convcost._models.keras.operation_calls import RULES

KINDS = [*_classes(), *RULES, "TimeDistributed", "Functional", "Model", "Sequential", "InputLayer"]
# What Keras 3 writes for a class of a user's module, of the main file, and for a registered one;
# what the later Keras 2 writes; and a registered name of Keras 2, which stands for the class.
FOREIGN = [
    {"module": "shop.layers", "registered_name": "{}"},
    {"module": "shop.layers", "registered_name": None},
    {"module": None, "registered_name": "{}"},
    {"module": None, "registered_name": "shop>{}"},
    {"module": "keras.layers", "registered_name": "shop>{}"},
    {"module": "keras_shop.layers"},
    {"module": "keras.src.opsshop", "registered_name": "shop>{}"},
    {"module": 3},
    {"class_name": "shop>{}"},
]
START = {"class_name": "InputLayer", "config": {"name": "start", "batch_shape": [None, 8, 8, 4]}}


def of(form, kind, config):
    given = {
        key: value.format(kind) if isinstance(value, str) else value for key, value in form.items()
    }
    return {"class_name": kind, "config": config, "name": config["name"], **given}


def in_sequential(layer):
    return {"class_name": "Sequential", "config": {"name": "s", "layers": [START, layer]}}


def in_functional(layer):
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["start", 0, 0]}}
    called = {**layer, "inbound_nodes": [{"args": [tensor], "kwargs": {}}]}
    return {"class_name": "Functional", "config": {
        "name": "f", "layers": [{**START, "name": "start"}, called],
        "input_layers": ["start", 0, 0], "output_layers": [layer["name"], 0, 0],
    }}  # fmt: skip


def wrapped(layer):
    return in_sequential(of({}, "TimeDistributed", {"name": "each", "layer": layer}))


def twice_wrapped(layer):
    return wrapped(of({}, "TimeDistributed", {"name": "inner", "layer": layer}))


def nested(layer):
    return in_functional({**in_sequential(layer), "module": "keras", "name": "s"})


PLACES = [in_sequential, in_functional, wrapped, twice_wrapped, nested]


@given(st.sampled_from(FOREIGN), st.sampled_from(KINDS), st.sampled_from(PLACES))
def test_a_class_that_only_has_the_name_of_keras_own_is_not_taken_for_it(form, kind, place):
    inside = {"layers": [of({}, "Flatten", {"name": "flat"})]}
    layer = of(form, kind, {**inside, "name": "mine", "units": 3, "filters": 3, "kernel_size": 1})
    source = place(layer)
    with pytest.raises(convcost.UnknownLayerError, match=f"of class .*{kind}") as error:
        convcost.from_keras(source)
    # What is registered under the name that the message gives is found.
    name = str(error.value).partition("register('")[2].partition("')")[0]
    convcost.layers.register(name)(lambda config, shape: convcost.layers.Flatten())
    try:
        assert convcost.from_keras(source).params == 0
    finally:
        convcost.layers.unregister(name)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (FOREIGN[0], "layer 'mine' of class Dense of the module 'shop.layers' has no"),
        (FOREIGN[3], r"of class Dense registered as 'shop>Dense' has .*register\('shop>Dense'\)"),
        (FOREIGN[-1], "of class shop>Dense has no known cost"),
    ],
)
def test_the_message_says_whose_class_it_is(form, message):
    with pytest.raises(convcost.UnknownLayerError, match=message):
        convcost.from_keras(in_sequential(of(form, "Dense", {"name": "mine", "units": 3})))


def test_a_wrapper_of_an_unknown_layer_names_it():
    layer = of(FOREIGN[3], "Dense", {"name": "mine", "units": 3})
    message = "'each' of class TimeDistributed around Dense registered as 'shop>Dense' has no known"
    with pytest.raises(convcost.UnknownLayerError, match=message):
        convcost.from_keras(wrapped(layer))
    with pytest.raises(
        convcost.UnknownLayerError, match="layer 'each/mine' of class Dense registered"
    ):
        convcost.from_keras(wrapped({**in_sequential(layer), "name": "s"}))


@pytest.mark.parametrize("form", FOREIGN)
@pytest.mark.parametrize("make", [in_sequential, in_functional])
def test_a_users_class_of_model_is_refused_since_its_call_may_compute_anything(form, make):
    model = make(of({}, "Dense", {"name": "d", "units": 3}))
    source = of(form, model["class_name"], model["config"])
    with pytest.raises(convcost.ModelError, match=r"of class .*, which is not Keras's") as error:
        convcost.from_keras(source)
    assert "give the dict under its 'config'" in str(error.value)
    assert convcost.from_keras(source["config"]).params == 15


class Twice(keras.Sequential):
    def call(self, inputs, training=None, mask=None):
        for layer in (*self.layers, *self.layers):
            inputs = layer(inputs)
        return inputs


def test_a_sequential_model_with_a_call_of_its_own_is_traced():
    def make():
        return Twice([keras.Input((4,)), kl.Dense(4)], name="twice")

    model = make()
    network = convcost.from_keras(model)
    assert (network.params, network.macs) == (model.count_params(), 2 * 4 * 4)
    entry = keras.Input((4,))
    outer = keras.Model(entry, make()(entry))
    assert convcost.from_keras(outer).macs == 2 * 4 * 4
    for source in (model.to_json(), outer.to_json()):
        with pytest.raises(convcost.ModelError, match="of class Twice"):
            convcost.from_keras(source)


# Names of policies, as `dtype` takes them; and whether they leave the weights as they are.
POLICIES = {
    "float32": True,
    "mixed_float16": True,
    "bfloat16": True,
    "int8_from_float32": False,
    "int4_from_float32": False,
    "int4/32_from_float32": False,
    "float8_from_mixed_bfloat16": False,
    "gptq/4/128_from_float32": False,
    "awq/4/128_from_float32": False,
}


def dense(dtype):
    model = keras.Sequential([keras.Input((16,)), kl.Dense(8, dtype=dtype, name="d")])
    entry = keras.Input((5, 16))
    wrapped = keras.Model(entry, kl.TimeDistributed(kl.Dense(8, dtype=dtype, name="d"))(entry))
    outer = keras.Input((16,))
    return [model, wrapped, keras.Model(outer, model(outer))]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_layer_with_any_policy_counts_as_in_keras(policy):
    for model in dense(policy):
        hold(model)


@pytest.mark.parametrize(("policy", "plain"), POLICIES.items())
@pytest.mark.parametrize("place", ["default", "layer"])
def test_a_map_of_policies_is_refused_if_anything_in_it_quantizes(policy, plain, place):
    saved = keras.dtype_policies.serialize(keras.dtype_policies.get(policy))
    named = {"default_policy": saved} if place == "default" else {"policy_map": {"other": saved}}
    several = {"class_name": "DTypePolicyMap", "config": named}
    layer = of({}, "Dense", {"name": "d", "units": 3, "dtype": several})
    if plain:
        assert convcost.from_keras(in_sequential(layer)).params == 15
        return
    with pytest.raises(
        convcost.UnknownLayerError, match="Dense with the dtype policy 'DTypePolicyMap'"
    ):
        convcost.from_keras(in_sequential(layer))


@pytest.mark.parametrize(
    ("config", "how"),
    [
        ({"lora_rank": 2, "lora_alpha": 2}, policies.Storage(rank=2)),
        ({"lora_rank": None, "quantization_config": None}, policies.Storage()),
        ({"quantization_config": {"class_name": "Int8QuantizationConfig"}}, policies.Storage()),
        ({"dtype": {"class_name": "ShopPolicy", "config": {}}}, " with the dtype policy 'ShopPolicy'"),
        ({"dtype": {"class_name": "DTypePolicy", "config": 3}}, " with the dtype policy 'DTypePolicy'"),
        ({"dtype": {"class_name": "DTypePolicy", "config": {"name": "int8_from_float32"}}}, " with the dtype policy 'DTypePolicy'"),
        ({"dtype": {"class_name": "DTypePolicyMap", "config": 3}}, " with the dtype policy 'DTypePolicyMap'"),
        ({"dtype": {"class_name": "DTypePolicyMap", "config": {"policy_map": 3}}}, policies.Storage()),
        ({"dtype": {"class_name": "Policy", "config": {"name": "mixed_float16"}}}, policies.Storage()),
        ({"dtype": {"class_name": "Int4DTypePolicy", "config": {"mode": 4}}}, " with the dtype policy 'Int4DTypePolicy'"),
        ({"dtype": "int8_from_float32"}, policies.Storage("int8")),
        ({"dtype": 3}, " with the dtype policy 3"),
    ],
)  # fmt: skip
def test_how_weights_are_stored(config, how):
    assert policies.storage(config) == how


@keras.saving.register_keras_serializable("shop")
class ReLU(kl.Layer):
    """A layer of a user that has the name of one of Keras's."""

    def call(self, inputs):
        return inputs


def own(x):
    return x


@pytest.mark.parametrize("kind", ["Dense", "Conv2D", "Activation"])
def test_a_layer_as_activation_is_refused_unless_it_is_known_to_have_no_weights(kind):
    given = {"Dense": {"units": 3}, "Conv2D": {"filters": 3, "kernel_size": 2}}.get(kind, {})

    def model(activation):
        layer = getattr(kl, kind)(**given, activation=activation)
        return keras.Sequential([keras.Input((8, 8, 4)), layer])

    for activation in ("relu", own, lambda x: x, kl.LeakyReLU(), keras.activations.gelu, None):
        made = model(activation)
        assert convcost.from_keras(made.to_json()).params == made.count_params()
    for activation, name in [(kl.PReLU(), "PReLU"), (ReLU(), "ReLU"), (kl.Dense(4), "Dense")]:
        with pytest.raises(
            convcost.UnknownLayerError, match=f"{kind} with the activation '{name}'"
        ):
            convcost.from_keras(model(activation).to_json())
