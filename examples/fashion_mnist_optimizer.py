"""Muon for convolutions."""

from typing import Any

import keras


class ConvolutionMuon(keras.optimizers.Muon):  # type: ignore[misc]
    """Keras's Muon, for the kernels of convolutions that mix channels, too.

    Keras's own takes matrices alone and leaves such kernels to AdamW. But a kernel of sides K x K,
    M inputs and N filters is a matrix of K*K*M rows and N columns, and a step along its momentum
    made orthogonal is what Muon is about (Jordan et al., kellerjordan.github.io/posts/muon).
    Depthwise kernels mix nothing and stay with AdamW.
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
