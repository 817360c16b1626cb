"""Broken model files of every kind: each must give a result or a ModelError.

`python tests/fuzz_models.py --cases 10000` also measures the slowest case and the memory.
"""

import argparse
import copy
import io
import json
import random
import resource
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import convcost

CONFIGS = Path(__file__).with_name("models")
ABSURD = [
    0, -1, 1, 2, 10**6, 10**30, 2**63, -(2**63), 1.5, float("nan"), float("inf"), True, False, None,
    "", "same", "x" * 1000, [], {}, [[]], [0], [1, 2, 3, 4, 5, 6, 7], {"class_name": "Dense"},
    [None, None, None], "channels_first", "Conv2D", "__keras_tensor__", "Sequential",
]  # fmt: skip


def configs():
    return {path.stem: json.loads(path.read_text()) for path in sorted(CONFIGS.glob("*.json"))}


def places(tree, found=None):
    """Return every (container, key) in a tree."""
    found = [] if found is None else found
    keys = tree.keys() if isinstance(tree, dict) else range(len(tree))
    for key in list(keys):
        found.append((tree, key))
        if isinstance(tree[key], (dict, list)):
            places(tree[key], found)
    return found


def break_tree(config, rng):
    """Return a config with a few fields removed, swapped, made absurd, or duplicated."""
    config = copy.deepcopy(config)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        every = places(config)
        if not every:
            break
        container, key = rng.choice(every)
        other, source = rng.choice(every)
        deed = rng.randrange(6)
        if deed == 0:
            del container[key]
        elif deed == 1:
            container[key] = copy.deepcopy(rng.choice(ABSURD))
        elif deed == 2:
            container[key] = copy.deepcopy(other[source])
        elif deed == 3 and isinstance(container, list):
            container.insert(key, copy.deepcopy(container[key]))
        elif deed == 4 and isinstance(container[key], (int, float)):
            container[key] = container[key] * rng.choice([0, -1, 10**9, 10**40])
        else:
            container[key] = [container[key]]
    return config


def break_bytes(content, rng):
    """Return bytes with some of them flipped, cut off, or duplicated."""
    content = bytearray(content)
    for _ in range(rng.choice([1, 2, 10, 100])):
        if not content:
            break
        place = rng.randrange(len(content))
        deed = rng.randrange(4)
        if deed < 2:
            content[place] ^= 1 << rng.randrange(8)
        elif deed == 2:
            del content[place : place + rng.choice([1, 10, 1000])]
        else:
            content[place:place] = content[place : place + rng.choice([1, 10, 1000])]
    return bytes(content)


def archive(text, rng):
    file = io.BytesIO()
    method = rng.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2])
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr("metadata.json", "{}")
        made.writestr("config.json", text)
    return file.getvalue()


def source(rng, models, folder):
    """Return a broken source for from_keras."""
    config = rng.choice(models)
    form = rng.choice(["dict", "text", "bytes", "json file", "keras file", "keras bytes"])
    if form in ("dict", "text", "keras file"):
        config = break_tree(config, rng)
    if form == "dict":
        return config
    text = json.dumps(config)
    if form == "text":
        return text
    if form == "bytes":
        return "{" + break_bytes(text.encode(), rng).decode("latin-1")
    path = folder / "model"
    if form == "json file":
        path.write_bytes(break_bytes(text.encode(), rng))
    elif form == "keras file":
        path.write_bytes(archive(text, rng))
    else:
        path.write_bytes(break_bytes(archive(text, rng), rng))
    return path


def run(cases, seed):
    """Read a number of broken models; return the outcomes and the seconds of the slowest."""
    rng = random.Random(seed)
    models = list(configs().values())
    outcomes, slowest = {"read": 0, "refused": 0}, 0.0
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(cases):
            broken = source(rng, models, Path(name))
            start = time.perf_counter()
            try:
                report = convcost.summary(broken, on_unknown=rng.choice(["error", "warn"]))
                report.total()
                outcomes["read"] += 1
            except convcost.ModelError:
                outcomes["refused"] += 1
            slowest = max(slowest, time.perf_counter() - start)
    return outcomes, slowest


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    outcomes, slowest = run(arguments.cases, arguments.seed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{outcomes}, slowest {slowest:.2f} s, at most {memory} MB")
    if slowest > 5 or memory > 500:
        raise SystemExit("a broken model took more than 5 s or 500 MB")


if __name__ == "__main__":
    main()
