"""PyTorch's FlopCounterMode as an oracle: nominal MACs, forward and backward."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from convcost._verify.oracles.oracle import StepOracle
from convcost._verify.oracles.processes import ask

if TYPE_CHECKING:
    from convcost._layers import Layer

COMMAND = (sys.executable, "-m", "convcost._verify.oracles.pytorch_process")


class FlopCounter(StepOracle):
    """Nominal MACs of the forward pass and of a whole training step, on tensors without data.

    PyTorch runs in a separate process, because the compiler in its CUDA builds crashes if
    TensorFlow is already loaded.

    PyTorch 2.13 counts the gradient with respect to the weights of a grouped convolution as if
    there were no groups; for these only the forward pass is used. A test fails when that changes.
    """

    name, title, module = "torch", "PyTorch", "torch"
    install = 'pip install "convcost[torch]"'

    def count_step(self, layer: Layer, input_shape: tuple[int, ...]) -> dict[str, int]:
        """Count nominal MACs, forward and with both gradients."""
        question = {
            "kind": type(layer).__name__,
            "arguments": layer.arguments(),
            "input_shape": input_shape,
        }
        answer = ask(COMMAND, json.dumps(question))
        if not answer:
            raise ArithmeticError(f"the PyTorch process ended without a count of {layer!r}")
        counted: dict[str, int] = json.loads(answer)
        return counted
