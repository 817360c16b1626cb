"""Files that would take long or much memory, or lie about what is in them."""

import io
import json
import subprocess
import sys
import zipfile

import h5py
from test_model_files import functional, layer, refused, zipped

import convcost
from convcost._models.hdf5 import storage

MODEL = json.dumps(functional(layer("Dense", "d", ["in"], units=3)))


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = zipped(tmp_path / "bomb.keras", b" " * (200 * 2**20))
    assert path.stat().st_size < 2**20
    refused(path, "config.json: the config is larger than 8 MiB")


def test_archives_that_are_none(tmp_path):
    path = zipped(tmp_path / "m.keras", "{}", name="other.txt")
    refused(path, r"it has no config.json: is it a .keras file\?")
    path.write_bytes(b"PK\x03\x04 and no more")
    refused(path, "broken or encrypted")
    path.write_bytes(b"\xff\xfe\x00")
    refused(path, "the config is not valid text")
    zipped(path, "{}", method=zipfile.ZIP_LZMA)
    refused(path, "config.json is compressed as Keras never does")
    content = zipped(path, bytes(4 * 2**20), method=zipfile.ZIP_STORED).read_bytes()
    place = content.rindex(b"PK\5\6") + 12
    path.write_bytes(content[:place] + (3 * 2**20).to_bytes(4, "little") + content[place + 4 :])
    refused(path, "its list of members is longer than 2,097,152 bytes")


def test_hdf5_files_that_hold_no_model(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["other"] = 1
    refused(path, "the file holds weights but no model configuration")
    path.write_bytes(path.read_bytes()[:100])
    refused(path, "the file is broken")


def test_hdf5_files_are_read_without_h5py(tmp_path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = MODEL
    program = "import convcost, sys; print(convcost.summary(sys.argv[1]).total().params)"
    program += "; print({'h5py', 'numpy', 'keras'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["27", "set()"]


def weighted(path, weights, method=zipfile.ZIP_STORED):
    zipped(path, MODEL, method=method)
    with zipfile.ZipFile(path, "a", method) as made:
        made.writestr("model.weights.h5", weights)
    return path


def hdf5(write):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        write(file)
    return stream.getvalue()


def test_weights_in_archives(tmp_path):
    path = tmp_path / "m.keras"
    right = hdf5(lambda file: file.create_dataset("layers/dense/vars/0", (27,)))
    wrong = hdf5(lambda file: file.create_dataset("layers/dense/vars/0", (28,)))
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert convcost.from_keras(weighted(path, right, method)).params == 27
        refused(weighted(path, wrong, method), "27 parameters by its config, but .* stores 28")
    refused(
        weighted(path, wrong[:100]),
        "its model.weights.h5 is broken: .*; give its config.json alone",
    )
    refused(weighted(path, b""), "its model.weights.h5 is broken")
    # More than is unpacked; and a file that only has other things than layers.
    large = wrong + bytes(40 * 2**20)
    assert convcost.from_keras(weighted(path, large, zipfile.ZIP_DEFLATED)).params == 27
    other = hdf5(lambda file: file.create_dataset("optimizer/vars/0", (28,)))
    assert convcost.from_keras(weighted(path, other)).params == 27
    content = weighted(path, right).read_bytes()
    place = content.rindex(b"PK\3\4")
    path.write_bytes(content[:place] + b"PK\3\5" + content[place + 4 :])
    refused(path, "the file is broken or encrypted")


def test_weights_that_take_too_long_to_read_are_not_compared(tmp_path, monkeypatch):
    def write(file):
        file.attrs["model_config"] = MODEL
        group = file.create_group("layers")
        group.create_dataset("dense/vars/0", (28,))
        file["model_weights"] = group
        group.attrs["layer_names"] = ["d"]
        group.create_group("d").attrs["weight_names"] = ["kernel"]
        group["d/kernel"] = group["dense/vars/0"]

    path = tmp_path / "m.keras"
    for content in (hdf5(write), weighted(path, hdf5(write)).read_bytes()):
        path.write_bytes(content)
        refused(path, "27 parameters by its config, but .* stores 28")
        with monkeypatch.context() as context:
            context.setattr(storage, "MOST_STEPS", 40)
            assert convcost.from_keras(path).params == 27


def test_groups_nested_without_end(tmp_path):
    def write(file):
        group = file.create_group("layers")
        group["again"] = group

    path = weighted(tmp_path / "m.keras", hdf5(write))
    refused(path, "its model.weights.h5 is broken: groups are nested more than 200 levels deep")


def test_hostile_files_end_in_a_result_or_an_error():
    from fuzz_files import SECONDS, run

    outcome = run(300, seed=3)
    assert outcome.slowest[0] < 6 * SECONDS  # other tests run at the same time, and are traced
    assert min(outcome.counts.values()) > 20


def test_broken_models_end_in_a_result_or_an_error():
    from fuzz_models import run
    from hypothesis import settings

    cases = 10 * settings.default.max_examples  # 1,000 in CI, 20,000 in the thorough profile
    outcomes, _ = run(cases, seed=0)
    assert sum(outcomes.values()) == cases
    assert min(outcomes.values()) > cases // 20
