"""Files that would take long or much memory, or lie about what is in them."""

import json
import subprocess
import sys
import zipfile

import h5py
from test_model_files import functional, layer, refused, zipped

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


def test_hostile_files_end_in_a_result_or_an_error():
    from fuzz_files import SECONDS, run

    outcome = run(300, seed=3)
    assert outcome.slowest[0] < 6 * SECONDS  # other tests run at the same time, and are traced
    assert min(outcome.counts.values()) > 20


def test_broken_models_end_in_a_result_or_an_error():
    from fuzz_models import run
    from hypothesis import settings

    cases = 5 * settings.default.max_examples  # 1,000 in CI, 10,000 in the thorough profile
    outcomes, _ = run(cases, seed=0)
    assert sum(outcomes.values()) == cases
    assert min(outcomes.values()) > cases // 20
