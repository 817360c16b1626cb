"""Random live models against Keras's own counts and shapes, and a walk over their jaxpr.

`python tests/fuzz_live_models.py --models 2000 --seed 0` prints how many agree, how many convcost
refuses and why, and a runnable example of each difference. It needs JAX.
"""

import argparse
import math
import os
import re
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import jax
import keras
import numpy as np
from draw_live_models import draw
from live_programs import smaller

import convcost
from convcost._verify.oracles import NotVisible
from convcost._verify.oracles.jaxpr_model import count_model
from convcost._verify.oracles.model_inputs import inputs_of


@dataclass
class Outcome:
    """What came of a program: it agrees, differs, is refused, or Keras can't build it."""

    kind: str
    what: str = ""
    unseen: list[str] = field(default_factory=list)
    compared: int = 0


def check(program):
    """Return how convcost's count of a program's model compares."""
    try:
        model = program.build()
    except Exception as error:
        return Outcome("not built", type(error).__name__)
    outcome = compare(model, lambda: convcost.from_keras(model))
    return check_open_sides(program, outcome) if outcome.kind == "agrees" else outcome


def check_open_sides(program, outcome):
    """Compare the same code with open sides, asked at the drawn sizes, with the model of these."""
    shapes = [shape for _, shape, _ in program.inputs]
    opened = [(*(None for _ in shape[:-1]), shape[-1]) for shape in shapes]
    if opened == shapes:
        return outcome
    try:
        model = program.build(opened)
    except Exception:
        return outcome  # the code has sizes in it
    at = shapes if len(shapes) > 1 else shapes[0]
    found = compare(program.build(), lambda: convcost.from_keras(model).at(at))
    if found.kind == "refused":
        outcome.unseen.append(f"refused with open sides: {found.what}")
        return outcome
    if found.kind == "differs":
        return Outcome("differs", f"open sides, then at({at}): {found.what}")
    outcome.compared += found.compared
    return outcome


def compare(model, read):
    """Compare a model with the network that `read` returns."""
    before = [keras.ops.convert_to_numpy(one) for one in model.variables]
    try:
        network = read()
        network.total()
    except convcost.ModelError as error:
        return Outcome("refused", plain(error))
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome("differs", f"{type(error).__name__} in {where.name}: {error}"[:300])
    after = [keras.ops.convert_to_numpy(one) for one in model.variables]
    if len(before) != len(after) or not all(map(np.array_equal, before, after)):
        return Outcome("differs", "reading changed a variable of the model")
    outcome = Outcome("agrees")
    pairs = [*counts(network, model), *layer_shapes(network, model)]
    pairs += [*outputs(network, model), *jaxpr(network, model, outcome)]
    for name, ours, right in pairs:
        if ours != right:
            return Outcome("differs", f"{name}: convcost {ours}, right {right}")
    outcome.compared = len(pairs)
    return outcome


def counts(network, model):
    """Yield the numbers of parameters."""
    trainable = sum(math.prod(one.shape) for one in model.trainable_weights)
    params = model.count_params()
    yield "params", network.params, params
    yield "trainable_params", network.trainable_params, trainable
    yield "non_trainable_params", network.non_trainable_params, params - trainable


def layer_shapes(network, model):
    """Yield the output shape of each layer of the model itself that is called once."""
    nodes = {one.name: one._inbound_nodes for one in getattr(model, "operations", ())}
    for row in network:
        made = nodes.get(row.path[0], ()) if len(row.path) == 1 else ()
        if len(made) != 1 or len(made[0].output_tensors) != 1 or row.output_shape is None:
            continue
        if "..." in getattr(made[0].operation, "equation", ""):
            continue  # Keras says the sides that an ellipsis stands for in reverse
        shape, ours = tuple(made[0].output_tensors[0].shape), tuple(row.output_shape)
        # A side that Keras leaves open where it is known; elements moved into the batch.
        if None not in shape[1:] and shape[:1] in ((None,), model.inputs[0].shape[:1]):
            yield f"output shape of {row.name}", ours[len(ours) - len(shape) + 1 :], shape[1:]


def outputs(network, model):
    """Yield the shape of each output when the model runs, which Keras may leave open."""
    inputs = inputs_of(model, network)
    given = inputs.pack(keras.KerasTensor, inputs.batch or 1)
    try:
        made = keras.tree.flatten(keras.src.backend.compute_output_spec(model.call, given))
    except Exception:
        return  # Keras accepts it with an open batch only
    for place, (ours, right) in enumerate(zip(network.output_shapes, made, strict=True)):
        if None not in right.shape[1:]:
            yield f"shape of output {place}", tuple(ours), tuple(right.shape[1:])


def jaxpr(network, model, outcome):
    """Yield the MACs, if the walk over the jaxpr sees them all."""
    try:
        walked = count_model(model, inputs_of(model, network))
    except NotVisible as error:
        outcome.unseen.append(f"jaxpr: {plain(error)}")
        return
    if walked.blind:
        outcome.unseen.append(f"jaxpr: {plain(walked.blind[0])}")
        return
    yield "macs", network.macs, walked.total()


def plain(error):
    """Return a reason without names and sizes."""
    text = re.sub(r"'[^']*'", "'...'", " ".join(str(error).split()))
    text = re.sub(r"\([^()]*\)", "(...)", text)
    return re.sub(r"\d[\d,]*", "#", text)[:120]


def shrink(program, outcome, seconds):
    """Return a smaller program that differs in the same quantity, and how."""

    def sort(found):
        return found.kind, re.sub(r" of \w+", "", found.what.partition(": ")[0])

    deadline = time.monotonic() + seconds
    tried = smaller(program)
    while time.monotonic() < deadline and (less := next(tried, None)) is not None:
        if len(less.code()) < len(program.code()):
            found = check(less)
            if sort(found) == sort(outcome):
                program, outcome, tried = less, found, smaller(less)
    return program, outcome


def run(models, seed, seconds=20):
    """Check a number of models; return the outcomes by kind, and print the differences."""
    warnings.simplefilter("ignore")
    found = {kind: [] for kind in ("agrees", "refused", "not built", "differs")}
    number = seed * 1_000_000
    while sum(map(len, found.values())) - len(found["not built"]) < models:
        program = draw(number)
        outcome = check(program)
        if outcome.kind == "differs":
            program, outcome = shrink(program, outcome, seconds)
            print(f"---- model {number}: {outcome.what}\n{program.code()}", flush=True)
        found[outcome.kind].append(outcome)
        number += 1
        if number % 50 == 0:
            jax.clear_caches()  # they would grow without end
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=200, help="how many models to check")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shrink", type=int, default=20, help="seconds for each difference")
    arguments = parser.parse_args()
    start = time.monotonic()
    found = run(arguments.models, arguments.seed, arguments.shrink)
    seconds = time.monotonic() - start
    compared = sum(outcome.compared for outcome in found["agrees"])
    shown = ", ".join(f"{len(outcomes)} {kind}" for kind, outcomes in found.items())
    print(f"{arguments.models} models, seed {arguments.seed}, {seconds:.0f} s: {shown}")
    print(f"{compared} numbers and shapes compared")
    reasons = Counter(outcome.what for outcome in found["refused"])
    unseen = Counter(reason for outcome in found["agrees"] for reason in outcome.unseen)
    for title, tally in (("refused", reasons), ("not compared", unseen)):
        for reason, times in tally.most_common():
            print(f"{title}, {times} times: {reason}")
    raise SystemExit(bool(found["differs"]))


if __name__ == "__main__":
    main()
