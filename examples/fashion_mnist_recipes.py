"""How the models are trained: the article's recipe, and one that gets more out of them."""

from dataclasses import dataclass
from typing import Any

LOSS = "sparse_categorical_crossentropy"


@dataclass(frozen=True)
class Augmentation:
    """How training images are changed at random.

    Parameters
    ----------
    flip
        Whether every other image is mirrored.
    shift
        Pixels by which an image is moved at most, along each axis.
    erase
        Share of the images in which a rectangle is blotted out.
    erased_side
        Pixels of the longest side that the rectangle can have.
    """

    flip: bool = False
    shift: int = 0
    erase: float = 0.0
    erased_side: int = 14


@dataclass(frozen=True)
class Recipe:
    """Everything that training depends on beside the model and the data.

    Parameters
    ----------
    epochs
        Passes through the training images, at most.
    batch_size
        Images of a step.
    learning_rate
        Learning rate, or its highest value where it changes.
    patience
        Epochs without a lower validation loss after which training stops; None never to stop early.
    warmup
        Share of the steps in which the learning rate rises from 0; after them it falls along a
        cosine. None to keep it constant.
    optimizer
        `adam`, `adamw` or `muon` (which takes AdamW for all that are no matrices).
    weight_decay
        Share of each weight that is taken off per step and learning rate.
    averaging
        Share of the old in the moving average of the weights, which is what is evaluated and kept;
        None for the weights themselves.
    label_smoothing
        Share of the label that is spread over all classes.
    dropout
        Share of the elements before the dense layers that a training step leaves out.
    augmentation
        How images are changed.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    patience: int | None = None
    warmup: float | None = None
    optimizer: str = "adam"
    weight_decay: float = 0.0
    averaging: float | None = None
    label_smoothing: float = 0.0
    dropout: float = 0.0
    augmentation: Augmentation | None = None

    @property
    def validation_batch_size(self) -> int:
        """Images of a step of the validation, which keeps nothing for gradients."""
        return max(self.batch_size, 500)

    def smallest_batch(self, training: int, validation: int) -> int:
        """Return the images of the smallest batch, of so many images to train and validate with."""
        return min(
            training % self.batch_size or self.batch_size,
            validation % self.validation_batch_size or self.validation_batch_size,
        )


RECIPES = {
    "article": Recipe(epochs=10, batch_size=32, learning_rate=1e-3, patience=5),
    "strong": Recipe(
        epochs=40,
        batch_size=128,
        learning_rate=4e-3,
        warmup=0.1,
        optimizer="muon",
        weight_decay=0.02,
        averaging=0.998,
        dropout=0.1,
        augmentation=Augmentation(flip=True, shift=2, erase=0.2),
    ),
}


def compile_model(
    model: Any,
    recipe: Recipe,
    *,
    last_layer: str,
    steps_per_epoch: int,
    steps_per_execution: int,
    jit_compile: bool | str,
) -> None:
    """Give a model the loss, the optimizer and the learning rates of a recipe.

    Parameters
    ----------
    model, recipe
        What is trained, and how.
    last_layer
        Name of the layer of the classes, which Muon is not for.
    steps_per_epoch, steps_per_execution
        Number of steps.
    jit_compile
        As in Keras's `compile`.
    """
    import keras

    loss: Any = LOSS
    if recipe.label_smoothing:
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)
    model.compile(
        loss=loss,
        optimizer=_optimizer(keras, recipe, steps_per_epoch, last_layer),
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
        jit_compile=jit_compile,
    )


def _optimizer(keras: Any, recipe: Recipe, steps_per_epoch: int, last_layer: str) -> Any:
    options: dict[str, Any] = {
        "learning_rate": _learning_rate(keras, recipe, steps_per_epoch * recipe.epochs),
        "use_ema": recipe.averaging is not None,
        "ema_momentum": recipe.averaging or 0.99,
    }
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(**options)
    options |= {"weight_decay": recipe.weight_decay, "global_clipnorm": 1.0}
    if recipe.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(**options)
    else:
        from fashion_mnist_optimizer import ConvolutionMuon

        optimizer = ConvolutionMuon(
            adam_weight_decay=recipe.weight_decay, exclude_layers=[last_layer], **options
        )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def _learning_rate(keras: Any, recipe: Recipe, steps: int) -> Any:
    if recipe.warmup is None:
        return recipe.learning_rate
    rising = int(recipe.warmup * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        steps - rising,
        alpha=0.0,
        warmup_target=recipe.learning_rate,
        warmup_steps=rising,
    )
