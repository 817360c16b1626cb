"""The models of the example, and the formula behind every number of their summaries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import convcost

MODELS = ("separable", "standard", "dense")
_DENSE_LAYERS = 20
_DENSE_UNITS = 100


class MismatchError(Exception):
    """A formula and the built model differ."""


def build(kind: str, input_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10) -> Any:
    """Return the compiled Keras model: of separable or standard convolutions, or dense."""
    import keras

    layers = _dense_layers(keras) if kind == "dense" else _convolutional_layers(keras, kind)
    model = keras.Sequential(
        [keras.Input(input_shape), *layers, keras.layers.Dense(classes, activation="softmax")],
        name=f"fashion_mnist_{kind}",
    )
    # XLA makes this model's training ten times slower on a CPU, so it isn't left to be chosen.
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        metrics=["accuracy"],
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    return model


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


@dataclass(frozen=True)
class Row:
    """One layer of a summary: Keras's count, and the cost whose formula must give the same."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    keras_params: int
    cost: convcost.Cost | None

    @property
    def params(self) -> int:
        """The formula's parameters; 0 for a layer without weights."""
        return int(self.cost.params) if self.cost else 0

    @property
    def macs(self) -> int:
        """The formula's MACs; 0 for a layer without weights."""
        return int(self.cost.macs) if self.cost else 0

    @property
    def arithmetic(self) -> str:
        """The formula with its numbers."""
        return self.cost.explain().params if self.cost else "no weights"


def explain(model: Any) -> list[Row]:
    """Return a row for each layer, checked against the built model.

    Raises
    ------
    MismatchError
        If a formula differs from Keras's count, for a layer or in total.
    """
    rows = [
        Row(
            layer.name,
            type(layer).__name__,
            tuple(layer.output.shape[1:]),
            int(layer.count_params()),
            _cost(layer),
        )
        for layer in model.layers
    ]
    for row in rows:
        if row.params != row.keras_params:
            raise MismatchError(
                f"{row.name}: the formula says {row.arithmetic}, Keras counts {row.keras_params:,}"
            )
    total = sum(row.params for row in rows)
    if total != model.count_params():
        raise MismatchError(
            f"in total: the formulas say {total:,}, Keras counts {model.count_params():,}"
        )
    return rows


def _cost(layer: Any) -> convcost.Cost | None:
    """Return what a layer costs by its formula, from its configuration and shapes alone."""
    describe = _COSTS.get(type(layer).__name__)
    if describe is not None:
        return describe(layer)
    if type(layer).__name__ in _WITHOUT_WEIGHTS:
        return None
    raise MismatchError(f"{layer.name}: no formula is known for a {type(layer).__name__}")


def _sizes(layer: Any) -> tuple[int, int, int, int]:
    (dk, width), (_, df, _, n) = layer.kernel_size, layer.output.shape
    if dk != width:
        raise MismatchError(f"{layer.name}: the kernel is {dk} x {width}, not square")
    return dk, layer.input.shape[-1], n, df


# A dense layer is a pointwise convolution on a feature map of one position.
_COSTS: dict[str, Callable[[Any], convcost.Cost]] = {
    "Conv2D": lambda layer: convcost.standard(*_sizes(layer), bias=layer.use_bias),
    "SeparableConv2D": lambda layer: convcost.separable(*_sizes(layer), bias=layer.use_bias),
    "Dense": lambda layer: convcost.pointwise(
        layer.input.shape[-1], layer.units, 1, bias=layer.use_bias
    ),
}
_WITHOUT_WEIGHTS = ("MaxPooling2D", "Flatten")
