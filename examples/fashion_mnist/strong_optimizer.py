"""The strong recipe's optimizer: Muon, with a learning rate that rises and falls."""

from typing import Any

import keras

from fashion_mnist.recipes import Recipe


class ConvolutionMuon(keras.optimizers.Muon):  # type: ignore[misc]
    """Keras's Muon, extended to the kernels of convolutions that mix channels.

    Keras's own handles only matrices and leaves such kernels to AdamW. But a K x K kernel with M
    inputs and N filters is a matrix of K*K*M rows and N columns, and Muon makes the momentum of a
    matrix orthogonal (Jordan et al., kellerjordan.github.io/posts/muon). Depthwise kernels mix no
    channels and stay with AdamW.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        if len(variable.shape) == 4 and "depthwise" not in variable.path:
            return False
        return bool(super()._should_use_adamw(variable))

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Return the momentum made orthogonal, in the shape of the kernel."""
        matrix = super().zeropower_via_newtonschulz5(_as_matrix(x), steps)
        return keras.ops.reshape(matrix, x.shape)

    def lr_adjust(self, x: Any) -> Any:
        """Return the step scaled by the sides of the matrix."""
        return keras.ops.reshape(super().lr_adjust(_as_matrix(x)), x.shape)


def _as_matrix(kernel: Any) -> Any:
    return keras.ops.reshape(kernel, (-1, kernel.shape[-1]))


def make_optimizer(recipe: Recipe, steps_per_epoch: int, last_layer: str) -> ConvolutionMuon:
    """Return the optimizer of a recipe; AdamW handles the output layer."""
    steps = steps_per_epoch * recipe.epochs
    rising = int(recipe.warmup * steps)
    optimizer = ConvolutionMuon(
        learning_rate=keras.optimizers.schedules.CosineDecay(
            0.0, steps - rising, warmup_target=recipe.learning_rate, warmup_steps=rising
        ),
        weight_decay=recipe.weight_decay,
        adam_weight_decay=recipe.weight_decay,
        global_clipnorm=1.0,
        use_ema=True,
        ema_momentum=recipe.averaging,
        exclude_layers=[last_layer],
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer
