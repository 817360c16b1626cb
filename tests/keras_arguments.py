"""Print the arguments of Keras's layers, in order: the text in `_layers/keras_arguments.py`.

`python tests/keras_arguments.py` writes it into that file.
"""

import inspect
import re
import textwrap
from pathlib import Path

import keras
import tf_keras
from keras.src.layers.preprocessing.image_preprocessing.base_image_preprocessing_layer import (
    BaseImagePreprocessingLayer,
)

from convcost import layers
from convcost._layers import keras_arguments

FILE = Path(keras_arguments.__file__)
# What is not Keras's, or stands for any of its classes.
TEXT = re.compile(r'(_TEXT = """\\\n).*?(""")', re.DOTALL)
KEPT = re.compile(r'(own argument\."""\n\n).*()', re.DOTALL)
OWN = ("Chain", "Custom", "Elementwise", "Layer", "LoRA", "Quantized")


def order_of(kind):
    """Return the names of the arguments of a class, in positional order."""
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    various = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    names = [one.name for one in parameters if one.kind not in various]
    if kind is not BaseImagePreprocessingLayer and issubclass(kind, BaseImagePreprocessingLayer):
        names += order_of(BaseImagePreprocessingLayer)  # by name only, which makes no difference
    return list(dict.fromkeys(names))


def kinds():
    """Return the classes of convcost that Keras has, or had, by name."""
    every = [getattr(layers, name) for name in layers.__all__ if name not in OWN]
    found = [one for one in every if isinstance(one, type) and issubclass(one, layers.Layer)]
    return {kind.__name__: kind for kind in sorted(found, key=lambda kind: kind.__name__)}


def orders():
    """Return the arguments of Keras's class for each of them; none if Keras has it no more."""
    theirs = {name: getattr(keras.layers, name, None) for name in kinds()}
    former = {name: one or getattr(tf_keras.layers, name, None) for name, one in theirs.items()}
    return {name: [] if one is None else order_of(one) for name, one in former.items()}


def text():
    """Return a line for each class, or several."""
    lines = [f"{name}: {' '.join(order)}".strip() for name, order in orders().items()]
    return "".join(f"{textwrap.fill(one, 98, subsequent_indent='    ')}\n" for one in lines)


def kept():
    """Return the names of what layers keep, as the lines of a class."""
    own = {name for kind in kinds().values() for name in kind.argument_names()}
    table = orders()
    with_own = [name for name, kind in kinds().items() if not issubclass(kind, layers.Elementwise)]
    names = {name for kind in with_own for name in (*table[kind], *keras_arguments.EVERY)} - own
    return "".join(f"        {name}: object\n" for name in sorted(names))


if __name__ == "__main__":
    source = FILE.read_text(encoding="utf-8")
    for pattern, made in ((TEXT, text), (KEPT, kept)):
        source = pattern.sub(lambda found, made=made: found[1] + made() + found[2], source)
    FILE.write_text(source, encoding="utf-8")
