"""Configs of one layer or operation each, with arguments and calls of any kind.

`python tests/fuzz_configs.py --cases 10000` draws that many over every layer and operation that is
known: each must give a network or a ModelError.
"""

import argparse
import random
import re
import time
import warnings
from collections import Counter
from pathlib import Path

from fuzz_models import ABSURD

import convcost
from convcost._models.keras import layers, operation_calls, operations, tf_operations

LIKELY = [1, 2, 3, -1, [1, 2], [2, 2], [1, -1], [[1, 1], [0, 2]], "valid", "abc,cd->abd", [8], 0.5]
SOURCES = Path(operations.__file__).parent.glob("*operation*.py")
OPTIONS = sorted(
    {name for path in SOURCES for name in re.findall(r'[a-z]\((?:\d, )?"(\w+)"', path.read_text())}
)
OWN = sorted(layers._classes())
WRAPPERS = ["TimeDistributed", "Pipeline", "Sequential", "Functional", "InputLayer", "Lambda"]
TENSORFLOW = [*tf_operations._TWINS, "shape", "nn.conv2d"]


def some(rng, names, values):
    return {name: rng.choice(values) for name in rng.sample(names, rng.randint(0, len(names)))}


def draw_layer(rng):
    """Return the class of a layer, its module, and its config."""
    values = LIKELY if rng.random() < 0.5 else LIKELY + ABSURD
    draw = rng.random()
    if draw < 0.4:
        kind = rng.choice(OWN)
        names = [*layers.argument_names(kind), "dtype", "trainable", "activation"]
        return kind, "keras.layers", some(rng, names, values)
    if draw < 0.7:
        names = rng.sample(OPTIONS, 5)
        kind = rng.choice(sorted(operation_calls.RULES))
        return kind, "keras.src.ops.numpy", some(rng, names, values)
    if draw < 0.9:
        return rng.choice(tf_operations.CLASSES), None, {"function": rng.choice(TENSORFLOW)}
    inner, module, config = draw_layer(rng)
    inner = {"class_name": inner, "module": module, "config": config}
    given = {"layer": inner, "layers": [inner], "output_layers": [["a", 0, 0]], "input_layers": []}
    return rng.choice(WRAPPERS), None, some(rng, list(given), values) | some(rng, ["name"], ["n"])


def draw_value(rng, values):
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["a", 0, 0]}}
    old = ["a", 0, 0]
    return rng.choice([tensor, tensor, [tensor, tensor], old, rng.choice(values)])


def draw_node(rng):
    """Return a call in the form of Keras 3 or of Keras 2."""
    values = LIKELY if rng.random() < 0.5 else LIKELY + ABSURD
    kwargs = {
        name: draw_value(rng, values) for name in rng.sample(OPTIONS, rng.choice([0, 0, 1, 3]))
    }
    if rng.random() < 0.5:
        args = [draw_value(rng, values) for _ in range(rng.choice([0, 1, 1, 1, 2, 3]))]
        return rng.choice([{"args": args, "kwargs": kwargs}, {"kwargs": kwargs}, {"args": args}])
    tensors = [["a", 0, 0, kwargs] for _ in range(rng.choice([0, 1, 1, 1, 2, 3]))]
    return rng.choice([tensors, ["a", 0, 0, kwargs], [["_CONSTANT_VALUE", -1, 3, kwargs]]])


def draw_config(rng):
    """Return a config of a Functional model of an input and one layer."""
    kind, module, config = draw_layer(rng)
    shape = [None, *rng.choice([[8], [8, 6], [8, 8, 6], [None, 6], [4, 8, 8, 6], []])]
    entry = {"name": "a", "config": {"batch_input_shape": shape}, "class_name": "InputLayer"}
    layer = {"class_name": kind, "name": "b", "config": {"name": "b", **config}}
    if module is not None:
        layer["module"] = module
    layer["inbound_nodes"] = [draw_node(rng) for _ in range(rng.choice([1, 1, 1, 2]))]
    ends = {"input_layers": [["a", 0, 0]], "output_layers": [["b", 0, 0]]}
    return {
        "class_name": "Functional",
        "config": {"name": "m", "layers": [entry, layer], **ends},
    }


def run(cases, seed, first=0):
    """Return how many configs were read and refused."""
    found = Counter()
    for place in range(first, first + cases):
        config = draw_config(random.Random(f"{seed}-{place}"))
        on_unknown = ("error", "warn")[place % 2]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                str(convcost.summary(convcost.from_keras(config, on_unknown=on_unknown)))
        except convcost.ModelError:
            found["refused"] += 1
        except Exception as error:
            raise AssertionError(f"case {place} of seed {seed}: {config}") from error
        else:
            found["read"] += 1
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="Number of the first case.")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    found = run(arguments.cases, arguments.seed, arguments.first)
    print(f"{arguments.cases:,} configs: {dict(found)}, {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
