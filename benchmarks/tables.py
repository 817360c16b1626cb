"""Print MobileNetV2 as each library prints a model at 80 columns, and measure the tables.

`python benchmarks/tables.py` writes `docs/benchmarks/tables.md`; `python benchmarks/tables.py NAME`
prints the table of one library.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from report import FOLDER, table

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS = 80
PATH = FOLDER / "tables.md"
NOTE = "<!-- Written by benchmarks/tables.py. -->"


def _convcost() -> str:
    import convcost

    return convcost.summary("MobileNetV2").to_text(COLUMNS)


def _keras() -> str:
    from suite.subjects import keras_model

    lines: list[str] = []
    keras_model("MobileNetV2").summary(line_length=COLUMNS, print_fn=lines.append)
    return "\n".join(lines)


def _torchinfo() -> str:
    from suite.subjects import torch_model
    from torchinfo import summary

    module, given = torch_model("MobileNetV2")
    # All levels, as it shows three unless told otherwise.
    return str(summary(module, input_data=given, verbose=0, depth=10))


def _fvcore() -> str:
    from fvcore.nn import FlopCountAnalysis, flop_count_table
    from suite.subjects import torch_model

    analysis = FlopCountAnalysis(*torch_model("MobileNetV2"))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return str(flop_count_table(analysis, max_depth=10))


LIBRARIES: dict[str, Callable[[], str]] = {
    "convcost": _convcost,
    "Keras": _keras,
    "torchinfo": _torchinfo,
    "fvcore": _fvcore,
}


def measured(text: str) -> tuple[int, int]:
    """Return the number of lines of a table, and of columns of its longest line."""
    lines = text.rstrip("\n").splitlines()
    return len(lines), max(map(len, lines))


def main() -> None:
    """Print one table, or measure all of them."""
    if len(sys.argv) > 1:
        print(LIBRARIES[sys.argv[1]]())
        return
    rows = []
    for name in LIBRARIES:
        # Apart, since TensorFlow and PyTorch do not always get along.
        command = [sys.executable, str(Path(__file__)), name]
        environment = {**os.environ, "COLUMNS": str(COLUMNS), "TF_CPP_MIN_LOG_LEVEL": "3"}
        text = subprocess.run(
            command, check=True, env=environment, stdout=subprocess.PIPE, text=True
        ).stdout
        rows.append([name, *map(str, measured(text))])
    heading = ["MobileNetV2", "lines", "columns"]
    PATH.write_text(f"{NOTE}\n\n{table(heading, rows)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
