"""Write `_kerashub.md`: the backbones and tasks of KerasHub, checked against Keras and JAX.

Run it with `KERAS_BACKEND=jax python docs/kerashub.py`, where `keras-hub` is installed; names of
classes after it check only these. No weights are downloaded: `kerashub_models.py` has the settings.
It exits with 1 if a number differs.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import keras_hub
import kerashub_models as models

import convcost
from convcost._models.walks import DependsOnBatchError
from convcost._verify.oracles.model_inputs import inputs_of
from convcost._verify.oracles.oracle import NotVisible
from convcost._verify.oracles.recorded import walk_model

TABLE = Path(__file__).with_name("_kerashub.md")
HEAD = """\
| model | inputs | parameters | MACs | JAX's record | as Functional JSON |
|---|---|---:|---:|---|---|
"""
REFUSED = """
These can't be read:

| model | inputs | why |
|---|---|---|
"""
BATCH = 4
UNUSED = "no output depends on some of them"


class Line(NamedTuple):
    """What is said of a model, and whether no number is wrong."""

    text: str
    read: bool
    agrees: bool


def check(name: str) -> Line:
    """Build a model, read it, and compare its parameters and MACs."""
    try:
        model = models.make(name)
    except (AttributeError, TypeError, ValueError) as error:
        return Line(f"| {name} | | KerasHub can't build it: {_short(error)} |", False, True)
    given = models.input_shapes(name, model)
    shape: Any = given if len(given) > 1 else next(iter(given.values()))
    shown = ", ".join(dict.fromkeys(str(one) for one in given.values()))
    try:
        try:
            network = convcost.from_keras(model, shape)
        except DependsOnBatchError:
            shown += f", a batch of {BATCH}"
            model = _with_batch(model, given)
            network = convcost.from_keras(model)
    except convcost.ModelError as error:
        return Line(f"| {name} | {shown} | {_short(error)} |", False, True)
    seen, agrees = _recorded(model, network)
    agrees = agrees and network.params == model.count_params()
    text = f"| {name} | {shown} | {network.params:,} | {network.macs:,} | {seen}"
    return Line(f"{text} | {_from_json(model, shape)} |", True, agrees)


def _with_batch(model: Any, given: dict[str, tuple[int, ...]]) -> Any:
    """Return a model that declares the batch, for one whose cost depends on it."""
    types = {one.name: one.dtype for one in model.inputs}
    inputs = {
        name: keras.Input(batch_shape=(BATCH, *shape), dtype=types[name], name=name)
        for name, shape in given.items()
    }
    return keras.Model(inputs, model(inputs))


def _recorded(model: Any, network: Any) -> tuple[str, bool]:
    """Return what JAX's record of a model says, and whether it contradicts."""
    try:
        walked = walk_model(model, inputs_of(model, network))
    except NotVisible as error:
        return f"not visible: {_short(error)}", True
    if walked.total() == network.macs:
        return "equal", True
    unused = walked.blind == (UNUSED,) and walked.total() > network.macs
    if unused:
        return f"{walked.total():,}, of which no output depends on some", True
    return f"{walked.total():,} ({'; '.join(walked.blind) or 'differs'})", bool(walked.blind)


def _from_json(model: Any, shape: Any) -> str:
    """Return what the config of a functional model of the same layers says."""
    if not hasattr(model, "inputs"):
        return "-"
    functional = keras.Model(model.inputs, model.outputs)
    try:
        text = functional.to_json()
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return "-"  # Keras does not write it
    try:
        read = convcost.from_keras(text, shape)
    except convcost.ModelError:
        return "-"
    live = convcost.from_keras(functional, shape)  # without what no output depends on
    if (read.params, read.macs) != (live.params, live.macs):
        raise SystemExit(f"{model.name}: the live model and its JSON give different costs")
    return "equal"


def _short(error: Exception) -> str:
    """Return what is wrong, without what to do, and without the files of this machine."""
    text = str(error).splitlines()[0]
    if isinstance(error, convcost.UnknownLayerError):
        text = re.split(r": (?:call|give|pass|register|write) ", text)[0]
    text = re.sub(r"; /\S+, line \d+| \(called in .*?line \d+\)", "", text)
    text = re.sub(r"/\S*site-packages/", "", text)
    return text.replace("|", "/")


def main() -> None:
    """Check the models that are named, or all of them, and write the table."""
    asked = sys.argv[1:] or models.names()
    lines = []
    for name in asked:
        lines.append(check(name))
        print(lines[-1].text, flush=True)
        keras.backend.clear_session()
        if not lines[-1].agrees:
            raise SystemExit(f"{name}: a number differs")
    read = sum(line.read for line in lines)
    counts = (
        f"KerasHub {keras_hub.__version__}, Keras {keras.__version__}: {len(lines)} classes,"
        f" {read} read, {sum('| equal |' in line.text for line in lines)} with the MACs of JAX's"
        " record.\n\n"
    )
    if not sys.argv[1:]:
        tables = HEAD, REFUSED
        parts = [[line.text for line in lines if line.read is known] for known in (True, False)]
        both = [head + "\n".join(part) for head, part in zip(tables, parts, strict=True)]
        TABLE.write_text(counts + "\n".join(both) + "\n")
    print(counts)


if __name__ == "__main__":
    main()
