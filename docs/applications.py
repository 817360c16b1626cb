"""Write `_applications.md`: all models of Keras Applications, checked against Keras and TensorFlow.

Run it with `python docs/applications.py`. It builds each model (no weights are downloaded), reads
it live and through its JSON, and exits with 1 if a number differs.
"""

import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from rich.progress import track

import convcost
from convcost._verify.whole_models import ModelVerification, check_model

TABLE = Path(__file__).with_name("_applications.md")
NAMES = sorted(name for name, made in vars(keras.applications).items() if name[0].isupper())
ORACLES = ("keras", "kernels", "profiler")
HEAD = """\
| model | input | parameters | trainable | MACs | count from the kernels | TF profiler / 2 |
|---|---|---:|---:|---:|---|---|
"""


def input_shape(model: keras.Model) -> tuple[int, int, int]:
    """Return the shape that the model declares, with 224 for open sides."""
    height, width, channels = model.input_shape[1:]
    return height or 224, width or 224, channels


def check(name: str, oracles: Sequence[str] = ORACLES) -> tuple[str, ModelVerification]:
    """Check what convcost reads from a model, live and as JSON, against Keras; return both."""
    model = getattr(keras.applications, name)(weights=None)
    shape = input_shape(model)
    network = convcost.from_keras(model, shape)
    text = model.to_json()
    read = convcost.from_keras(text, shape)
    costs = [[(row.name, row.output_shape, row.cost) for row in one] for one in (network, read)]
    if costs[0] != costs[1]:
        raise SystemExit(f"{name}: the live model and its JSON give different costs")
    return text, check_model(model, network, oracles=oracles)


def line(name: str, report: ModelVerification) -> str:
    """Return the model's row of the table."""
    network = report.network
    total = {finding.oracle: finding for layer, finding in report.findings if layer == "total"}
    seen = [
        "equal" if oracle in total and total[oracle].quantities else "-"
        for oracle in ("kernels", "profiler")
    ]
    return (
        f"| {name} | {network.input_shapes[0]} | {network.params:,} | {network.trainable_params:,}"
        f" | {network.macs:,} | {seen[0]} | {seen[1]} |"
    )


def main() -> None:
    """Check all models, and write the table."""
    lines = []
    for name in track(NAMES, description="Keras Applications"):
        _, report = check(name)
        keras.backend.clear_session()
        if not report.agrees:
            raise SystemExit(str(report))
        lines.append(line(name, report))
    TABLE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} models agree in all numbers")


if __name__ == "__main__":
    main()
