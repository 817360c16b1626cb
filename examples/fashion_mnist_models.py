"""The models of the example, with the formula behind every number of their summaries."""

from typing import Any

import convcost
from convcost.report.report import Report

MODELS = ("separable", "standard", "dense")
_DENSE_LAYERS = 20
_DENSE_UNITS = 100


class MismatchError(Exception):
    """A formula and the built model differ."""


def build(kind: str, input_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10) -> Any:
    """Return the Keras model: of separable or standard convolutions, or dense."""
    import keras

    layers = _dense_layers(keras) if kind == "dense" else _convolutional_layers(keras, kind)
    # Probabilities stay float32 where the layers before them compute in half precision.
    last = keras.layers.Dense(classes, activation="softmax", dtype="float32")
    return keras.Sequential([keras.Input(input_shape), *layers, last], name=f"fashion_mnist_{kind}")


def _convolutional_layers(keras: Any, kind: str) -> list[Any]:
    options = {"padding": "same", "activation": "selu"}

    def convolution(filters: int) -> Any:
        make = keras.layers.SeparableConv2D if kind == "separable" else keras.layers.Conv2D
        return make(filters, 3, **options)

    return [
        keras.layers.Conv2D(32, 3, **options),
        convolution(32),
        keras.layers.MaxPooling2D(2),
        convolution(64),
        convolution(64),
        keras.layers.MaxPooling2D(2),
        convolution(128),
        convolution(128),
        keras.layers.MaxPooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(128, activation="selu"),
    ]


def _dense_layers(keras: Any) -> list[Any]:
    hidden = [keras.layers.Dense(_DENSE_UNITS, activation="selu") for _ in range(_DENSE_LAYERS)]
    return [keras.layers.Flatten(), *hidden]


def explain(model: Any) -> Report:
    """Return the model's summary by formula, each layer's count checked against the built layer's.

    Raises
    ------
    MismatchError
        If a formula differs from Keras's count, for a layer or in total.
    """
    report = convcost.summary(model)
    for row, layer in zip(report.network, model.layers, strict=True):
        if row.params != layer.count_params():
            raise MismatchError(
                f"{row.name}: the formula says {row.cost.explain().params}, Keras counts"
                f" {layer.count_params():,}"
            )
    total = report.network.params
    if total != model.count_params():
        raise MismatchError(
            f"in total: the formulas say {total:,}, Keras counts {model.count_params():,}"
        )
    return report
