"""PyTorch's FlopCounterMode as an oracle: nominal MACs, forward and backward."""

from __future__ import annotations

import atexit
import contextlib
import json
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

from convcost._verify.oracles.oracle import StepOracle

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

    name, title, module, install = "torch", "PyTorch", "torch", "pip install torch"

    def count_step(self, layer: Layer, input_shape: tuple[int, ...]) -> dict[str, int]:
        """Count nominal MACs, forward and with both gradients."""
        question = {
            "kind": type(layer).__name__,
            "arguments": layer.arguments(),
            "input_shape": input_shape,
        }
        process = start(COMMAND)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:  # it had already ended
            answer = ""
        if not answer:
            raise ArithmeticError(f"the PyTorch process ended without a count of {layer!r}")
        counted: dict[str, int] = json.loads(answer)
        return counted


@cache
def start(command: tuple[str, ...]) -> subprocess.Popen[str]:
    """Start the process that answers questions, once; it ends with this one."""
    # In its own session: Ctrl-C interrupts only this process, which ends the other one.
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    atexit.register(_stop, process)
    return process


def _stop(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(BrokenPipeError):
        process.communicate()  # closes its input, which ends it
