"""Hostile model files of every kind: each must give a result or an error, within limits.

`python tests/fuzz_files.py --cases 20000` reports how many were read and refused, the slowest case
and the memory. Bytes are changed, cut, repeated and moved; archives and texts are bombs; HDF5 files
refer to themselves. A case is drawn from the seed and its number, and can be repeated alone.
"""

import argparse
import io
import json
import random
import resource
import signal
import struct
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np
from fuzz_models import break_bytes, break_tree, configs

import convcost

SECONDS = 5
MEGABYTES = 500
# Numbers that stand for sizes and addresses: none, one too many, nowhere.
NUMBERS = [0, 1, 2, 8, 255, 2**16 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]


def weights_of(config):
    """Return the number of weights in each layer of the outermost model."""
    counts = {}
    for row in convcost.from_keras(config, on_unknown="warn"):
        counts[row.path[0]] = counts.get(row.path[0], 0) + row.params
    return counts


def hdf5(write, **options):
    stream = io.BytesIO()
    with h5py.File(stream, "w", **options) as file:
        write(file)
    return stream.getvalue()


def whole_model(config):
    """Return a function that writes an `.h5` file with a config and weights."""

    def write(file):
        file.attrs["model_config"] = json.dumps(config)
        group = file.create_group("model_weights")
        counts = {name: int(count) for name, count in weights_of(config).items()}
        group.attrs["layer_names"] = [name.encode() for name in counts]
        for name, count in counts.items():
            layer = group.create_group(name)
            layer.attrs["weight_names"] = [f"{name}/kernel".encode()]
            layer.create_dataset(f"{name}/kernel", (count,))

    return write


def layers_of(config):
    """Return a function that writes the `model.weights.h5` of a `.keras` file."""

    def write(file):
        for name, count in weights_of(config).items():
            file.create_dataset(f"layers/{name}/vars/0", (int(count),))

    return write


def archive(config, weights, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        made.writestr("metadata.json", '{"keras_version": "3.10.0"}')
        made.writestr("config.json", config)
        made.writestr("model.weights.h5", weights)
    return stream.getvalue()


class Files:
    """Draws hostile files."""

    def __init__(self):
        self.configs = list(configs().values())
        versions = ("earliest", "latest")
        self.hdf5 = [
            hdf5(whole_model(config), libver=version)
            for config in self.configs
            for version in versions
        ]
        self.weights = [hdf5(layers_of(config), libver=versions[0]) for config in self.configs]
        kinds = (self.changed_hdf5, self.changed_archive, self.changed_json, self.garbage)
        self.kinds = [*kinds * 20, self.bomb, self.members, self.text, self.attributes, self.links]

    def draw(self, rng):
        return rng.choice(self.kinds)(rng)

    def changed_hdf5(self, rng):
        return changed(rng.choice(self.hdf5), rng)

    def changed_archive(self, rng):
        config = rng.choice(self.configs)
        weights = rng.choice(self.weights)
        if rng.randrange(2):
            weights = changed(weights, rng)
        if rng.randrange(3) == 0:
            config = break_tree(config, rng)
        methods = [zipfile.ZIP_STORED] * 3 + [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]
        made = archive(json.dumps(config), weights, rng.choice(methods))
        return changed(made, rng) if rng.randrange(2) else made

    def changed_json(self, rng):
        config = break_tree(rng.choice(self.configs), rng)
        for _ in range(rng.choice([0, 0, 1, 3, 9])):
            config = rng.choice([
                {"modelTopology": config, "weightsManifest": []},
                {"model_config": json.dumps(config)},
                {"model_config": config, "keras_version": "2.3.1"},
                json.dumps(config)[: 2**20],
            ])  # fmt: skip
        code = rng.choice(["utf-8", "utf-8", "utf-16", "utf-32", "latin-1"])
        text = json.dumps(config).encode(code, errors="replace")
        return break_bytes(text, rng) if rng.randrange(2) else text

    def garbage(self, rng):
        start = rng.choice(
            [b"", b"PK", b"PK\3\4", b"\x89HDF\r\n\x1a\n", b"{", b"[", b'"{', b"\x80"]
        )
        return start + rng.randbytes(rng.choice([0, 1, 20, 500, 10_000]))

    def bomb(self, rng):
        """Return an archive of a few kilobytes with hundreds of megabytes in it."""
        method = rng.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as made:
            for name in ("config.json", "model.weights.h5"):
                with made.open(name, "w") as member:
                    start = b"{}" if name == "config.json" and rng.randrange(2) else b""
                    member.write(start or rng.choice(self.weights))
                    for _ in range(rng.choice([1, 40])):
                        member.write(rng.choice([b" ", b"\0", b"["]) * 2**20)
        return stream.getvalue()

    def members(self, rng):
        """Return an archive with many members, or one that says that it has."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as made:
            made.writestr("config.json", "{}")
            for number in range(rng.choice([10, 20_000])):
                made.writestr(f"{number}{'x' * rng.choice([1, 50])}", "")
        content = bytearray(stream.getvalue())
        if rng.randrange(2):
            struct.pack_into("<I", content, len(content) - 10, rng.choice(NUMBERS[:8]))
        return bytes(content)

    def text(self, rng):
        """Return a JSON text that is large, deep, or full of long numbers."""
        size = rng.choice([10_000, 2 * 2**20, 8 * 2**20 - 100, 9 * 2**20])
        piece = rng.choice([
            "[", '{"a":', "[],", "{},", '{"a":1},', "1", "0,", "1e999,", '"x",', "\\u0000", "null,",
            '{"class_name":"Dense"},', '["Dense",0,0,{}],', '{"layers":[', '{"config":',
            '{"modelTopology":', '[{"class_name":"__tuple__","items":',
        ])  # fmt: skip
        inside = piece * (size // len(piece))
        around = [
            ("", ""),
            ("[", "0]"),
            ('{"class_name": "Sequential", "config": [', "0]}"),
            ('{"class_name": "Sequential", "config": {"layers": [', "0]}}"),
            ('{"modelTopology": {"a": [', '0], "model_config": "{}"}}'),
            ('{"model_config": "', '"}'),
        ]
        start, end = rng.choice(around)
        text = (start + inside + end).encode()
        return archive(text, rng.choice(self.weights)) if rng.randrange(3) == 0 else text

    def attributes(self, rng):
        """Return an HDF5 file whose attributes are large, or many."""
        config = json.dumps(rng.choice(self.configs))

        def write(file):
            deed = rng.randrange(5)
            if deed == 0:
                config_of_size = config + " " * rng.choice([7, 9, 17, 40]) * 2**20
                file.attrs["model_config"] = config_of_size
                return
            file.attrs["model_config"] = config
            group = file.create_group("model_weights")
            if deed == 1:
                group.attrs["layer_names"] = ["x" * 1000] * rng.choice([10, 4000])
            elif deed == 2:
                for number in range(rng.choice([100, 20_000])):
                    group.attrs[f"layer_names{number}"] = np.array([b"x" * 50])
            elif deed == 3:
                group.attrs["layer_names"] = ["a/" * 100, "/", "", "."]
                group.create_group("a/" * 100).attrs["weight_names"] = ["a"]
            else:
                group.attrs["layer_names"] = np.zeros(rng.choice([0, 1000]), "S60")

        content = (
            hdf5(write, libver=rng.choice(["earliest", "latest"]), track_order=True)
            if (rng.randrange(2))
            else hdf5(write, libver="latest")
        )
        if rng.randrange(2):
            # All texts are one, and as long as they can be.
            content = same_text(content)
        return content

    def links(self, rng):
        """Return an HDF5 file whose links lead in circles, elsewhere, or very deep."""

        def write(file):
            file.attrs["model_config"] = json.dumps(rng.choice(self.configs))
            names = [f"d{number}" for number in range(rng.choice([1, 30]))]
            file.create_group("layers")
            file["model_weights"] = file["layers"]
            group = file["layers"]
            group.attrs["layer_names"] = names
            for name in names:
                group[name] = rng.choice([file, group])
                group[f"{name}_soft"] = h5py.SoftLink(f"/layers/{name}_soft")
                group[f"{name}_external"] = h5py.ExternalLink("/etc/passwd", "/")
                group.attrs["weight_names"] = ["/".join(names)]
            for number in range(rng.choice([0, 0, 5000])):
                group.create_group(f"many{number}")
            deep = group
            for _ in range(rng.choice([0, 300])):
                deep = deep.create_group("deep")
            layout = h5py.VirtualLayout((3,), "f4")
            layout[:] = h5py.VirtualSource("/dev/zero", "x", (3,))
            file.create_virtual_dataset("virtual", layout)

        content = hdf5(write, libver="latest")
        config = json.dumps(rng.choice(self.configs))
        return archive(config, content) if rng.randrange(2) else content


def same_text(content):
    """Return an HDF5 file in which each text of variable length is that of the first."""
    place = content.find(b"GCOL")
    if place < 0:
        return content
    first = struct.pack("<Q", place)
    changed = bytearray(content)
    at = changed.find(first)
    while at >= 4:
        struct.pack_into("<I", changed, at - 4, 2**31)
        struct.pack_into("<I", changed, at + 8, 1)
        at = changed.find(first, at + 8)
    return bytes(changed)


def changed(content, rng):
    """Return content with bytes, numbers or pieces changed, or cut."""
    made = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 5, 50])):
        if len(made) < 16:
            break
        place = rng.randrange(len(made) - 8)
        deed = rng.randrange(6)
        if deed == 0:
            made[place] ^= 1 << rng.randrange(8)
        elif deed == 1:
            made[place] = rng.choice([0, 1, 255, rng.randrange(256)])
        elif deed == 2:
            number = rng.choice([*NUMBERS, len(made), rng.randrange(len(made))])
            struct.pack_into("<Q", made, place // 8 * 8, number)
        elif deed == 3:
            size = rng.choice([1, 8, 100, 4000])
            other = rng.randrange(len(made))
            made[place : place + size] = made[other : other + size]
        elif deed == 4:
            # Where one signature stands, another piece of the same kind stands instead.
            found = [b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"FRHP", b"BTHD", b"PK\1\2"]
            address = made.find(rng.choice(found), place)
            if address >= 0:
                struct.pack_into("<Q", made, place // 8 * 8, address)
        elif rng.randrange(4) == 0:
            del made[place:]
    return bytes(made)


class Outcome:
    """How many files were read and refused, and the slowest and largest."""

    def __init__(self):
        self.counts = {"read": 0, "refused": 0}
        self.slowest = (0.0, None)
        self.memory = (memory(), None)

    def add(self, number, what, seconds):
        self.counts[what] += 1
        self.slowest = max(self.slowest, (seconds, number), key=lambda one: one[0])
        self.memory = max(self.memory, (memory(), number), key=lambda one: one[0])


def memory():
    """Return the most memory that this process has taken, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def read(path, how):
    """Read a file; return whether it was read or refused, in one line with its name."""
    try:
        convcost.summary(path, on_unknown=how).total()
    except convcost.ModelError as error:
        text = str(error)
        assert str(path) in text, text
        assert text.isprintable(), text
        return "refused"
    return "read"


def run(cases, seed, first=0):
    files = Files()
    outcome = Outcome()
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder, "model")
        for number in range(first, first + cases):
            rng = random.Random(f"{seed} {number}")
            path.write_bytes(files.draw(rng))
            started = time.perf_counter()
            signal.alarm(10 * SECONDS)
            try:
                what = read(path, rng.choice(["error", "warn"]))
            except Exception as error:
                raise AssertionError(f"case {number} of seed {seed}") from error
            finally:
                signal.alarm(0)
            outcome.add(number, what, time.perf_counter() - started)
    return outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    outcome = run(arguments.cases, arguments.seed, arguments.first)
    (slowest, slow), (largest, large) = outcome.slowest, outcome.memory
    print(f"{outcome.counts}, slowest {slowest:.2f} s (case {slow})", end="")
    print(f", at most {largest} MB (case {large})")
    if slowest > SECONDS or largest > MEGABYTES:
        raise SystemExit(f"a file took more than {SECONDS} s or {MEGABYTES} MB")


if __name__ == "__main__":
    main()
