"""Write `_known_layers.md`: every class of `keras.layers`, and how what is known of it was proved.

Run it with `python docs/known_layers.py`. It builds a model of each setting, reads it live and from
JSON, and fails if a number differs from Keras's or from that in JAX's record.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import keras
from known import Tally, names_in, reasons, table, tally
from layer_settings import settings

from convcost import layers
from convcost._layers.elementwise import ELEMENTWISE

TABLE = Path(__file__).with_name("_known_layers.md")
CLASSES = names_in(keras.layers, type)
# Classes that stand for no computation of their own.
NO_LAYERS = {
    "InputLayer": "an input of a model, whose shape it gives",
    "InputSpec": "what an input must be, not a layer",
    "Layer": "the class of all layers; one of your own is traced through its `call`",
    "Wrapper": "the class of all wrappers; one of your own is traced through its `call`",
}
NOT_KNOWN = {
    "FlaxLayer": "computes with a module of Flax, which Keras does not record",
    "JaxLayer": "computes with a function of JAX, which Keras does not record",
    "TFSMLayer": "computes with a SavedModel of TensorFlow, which Keras does not record",
    "TorchModuleWrapper": "computes with a module of PyTorch, which Keras does not record",
}
_HOW = {
    "Lambda": "its function, traced; refused in a file",
    "Pipeline": "the layers in it",
}
KNOWN = [name for name in CLASSES if name not in NO_LAYERS | NOT_KNOWN]


def how(name: str) -> str:
    """Return what stands for a class in convcost."""
    if name in ELEMENTWISE:
        return "no weights, and the shape of its input"
    return _HOW.get(name) or f"{{py:class}}`~convcost.layers.{getattr(layers, name).__name__}`"


def line(name: str, counted: Tally) -> tuple[object, ...]:
    """Return the row of a class."""
    shown = ", ".join(f"`{one}`" for one in (name, *CLASSES[name]))
    return shown, how(name), counted.settings, counted.settings, counted.jax


def main() -> None:
    """Check all settings of all classes, and write the tables."""
    counted = tally(KNOWN, settings, "keras.layers")
    rows = [line(name, counted[name]) for name in KNOWN]
    head = ("class", "what stands for it", "settings", "equal to Keras", "equal to JAX's record")
    tried, seen = (sum(numbers) for numbers in zip(*counted.values(), strict=True))
    parts = [
        f"`keras.layers` of Keras {keras.__version__} has {len(CLASSES)} classes:"
        f" {len(KNOWN)} are known, {len(NOT_KNOWN)} can't be known, and {len(NO_LAYERS)} are no"
        f" layers to count. {tried:,} settings were tried. Keras confirms all of them, and"
        f" JAX's record the MACs of {seen:,}.\n",
        table(head, rows, 3),
        "## Layers that can't be known\n\n" + reasons("class", NOT_KNOWN),
        "## Classes that are no layers\n\n" + reasons("class", NO_LAYERS),
    ]
    TABLE.write_text("\n".join(parts), encoding="utf-8")
    print(f"{len(KNOWN)} classes, {tried:,} settings agree in all numbers")


if __name__ == "__main__":
    main()
