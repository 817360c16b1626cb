"""Paths that are no files, archives without a config, and shapes without an axis: told by name."""

import errno
import zipfile
from pathlib import Path

import pytest
from test_model_files import refused

import convcost
from convcost._models import read
from convcost._models.keras import files


@pytest.mark.parametrize("others", [{}, {"assets/words.json": "{}"}])
def test_an_archive_without_its_config_is_not_to_be_unpacked(tmp_path, others):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {"metadata.json": '{"keras_version": "3.1.0"}', **others}.items():
            archive.writestr(name, text)
    refused(path, r"it has no config.json: is it a .keras file\?")


@pytest.mark.parametrize("name", ["loop", "loop.keras"])
def test_a_loop_of_links_is_told_before_keras_is_imported(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).symlink_to(name)
    monkeypatch.delattr(read.library, "application")
    with pytest.raises(OSError, match="is a loop of symbolic links") as caught:
        convcost.from_keras(name)
    assert (caught.value.errno, caught.value.filename) == (errno.ELOOP, name)


def test_a_file_that_can_not_be_read_is_named(monkeypatch):
    def load(path):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "load", load)
    with pytest.raises(OSError, match=r"Input/output error: 'disk/m\.keras'"):
        convcost.from_keras("disk/m.keras")


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_source_is_refused(text):
    with pytest.raises(ValueError, match="source must be a Keras model"):
        convcost.from_keras(text)


@pytest.mark.parametrize(
    "after",
    [
        {"class_name": "Dense", "config": {"name": "d", "units": 3}},
        {
            "class_name": "TimeDistributed",
            "config": {"name": "d", "layer": {"class_name": "ReLU", "config": {}}},
        },
    ],
)
def test_a_shape_without_axes_is_refused_by_the_layer_that_takes_it(after):
    own = {"name": "u", "batch_input_shape": [None, 4]}
    config = {"name": "s", "layers": [{"class_name": "My", "module": "my", "config": own}, after]}
    with pytest.raises(convcost.ModelError, match=r"layer 'd' .*input_shape must be \(.*got \(\)"):
        convcost.from_keras(config, on_unknown="warn", shapes={"u": ()})
