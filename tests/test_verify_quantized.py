"""The TF profiler counts the products of quantized weights: its total is compared."""

import keras
import pytest
from keras import layers as kl

import convcost
from convcost.verify import check_model

LAYERS = {
    "dense": lambda: kl.Dense(7),
    "einsum": lambda: kl.EinsumDense("abc,cd->abd", (None, 7)),
    "embedding": lambda: kl.Embedding(9, 5),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
@pytest.mark.parametrize("lora", [False, True])
def test_the_profiler_sees_quantized_layers(name, mode, lora):
    if mode == "float8" and (lora or name == "embedding"):
        pytest.skip("Keras has none of these")
    layer = LAYERS[name]()
    entry = keras.Input((6,), dtype="int32") if name == "embedding" else keras.Input((6, 5))
    model = keras.Model(entry, kl.Dense(3)(layer(entry)))
    layer.quantize(mode)
    if lora:
        layer.enable_lora(2)
    found = check_model(model, convcost.from_keras(model), oracles=["profiler"]).findings
    if keras.backend.backend() == "tensorflow":
        ((_, finding),) = found
        assert finding.outcome.name == "CONFIRMED"
