"""What a file is that is not a Keras model, told from its first bytes and its name."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from convcost._exact.scalars import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# How many bytes `described` looks at; a tar archive is known by bytes 257 to 262.
LOOKED_AT = 1024

_CONVERT = "convcost reads Keras models; give the one that it was converted from"
_LOAD = "convcost runs no code in a file: load it, and give the live Keras model"
_UNPACK = "unpack it, and give the model in it"
_HTML = "an HTML page, not a model: perhaps the page that offers the download"
_YAML = (
    "YAML, which Keras no longer writes: convert it to JSON, for example with"
    " json.dumps(yaml.safe_load(text))"
)
_TENSORFLOW = f"a TensorFlow graph, which holds no Keras layers: {_CONVERT}"
_PYTORCH = (
    "a PyTorch file: convcost reads Keras models; build the same model in Keras, or count its"
    " layers with convcost.layers"
)
_PICKLE = f"a pickle: {_LOAD}"
_ONNX = f"an ONNX model: {_CONVERT}"
_TFLITE = f"a TensorFlow Lite model: {_CONVERT}"
_WEIGHTS = "which holds weights but no layers: give the model's JSON, from model.to_json()"
_SAFETENSORS = f"a safetensors file, {_WEIGHTS}"
_CHECKPOINT = f"part of a TensorFlow checkpoint, {_WEIGHTS}"
_ARRAYS = f"a file of NumPy arrays, {_WEIGHTS}"

# (place, bytes there): what the file is.
_SIGNATURES = {
    (0, b"version https://git-lfs.github.com/spec/"): (
        "a Git LFS pointer, not the model itself: run git lfs pull to download it"
    ),
    (4, b"TFL3"): _TFLITE,
    (0, b"\x93NUMPY"): _ARRAYS,
    # The number with which the older files of PyTorch start.
    (0, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."): _PYTORCH,
    (8, b'{"'): _SAFETENSORS,
    (0, b"\x08\x01\x12"): f"part of a SavedModel: {_TENSORFLOW}",
    (0, b"\x1f\x8b"): f"compressed with gzip: {_UNPACK}",
    (0, b"\xfd7zXZ"): f"compressed with xz: {_UNPACK}",
    (0, b"BZh"): f"compressed with bzip2: {_UNPACK}",
    (0, b"7z\xbc\xaf\x27\x1c"): f"a 7z archive: {_UNPACK}",
    (257, b"ustar"): f"a tar archive: {_UNPACK}",
    (0, b"\x89PNG"): "a PNG image, not a model",
    (0, b"\xff\xd8\xff"): "a JPEG image, not a model",
    (0, b"GIF8"): "a GIF image, not a model",
    (0, b"%PDF"): "a PDF document, not a model",
}
# What the first characters of a text say, in lower case.
_TEXTS = {
    "<!doctype html": _HTML,
    "<html": _HTML,
    "<?xml": f"XML, not a Keras model: {_CONVERT}",
    "model_checkpoint_path:": _CHECKPOINT,
}
_YAML_KEYS = re.compile(
    r"(?:---|[#%][^\n]*|\s)*(?:backend|class_name|config|keras_version|layers)\s*:"
)
# What a file is that its content does not tell; suffixes in lower case.
_SUFFIXES = {
    ".ckpt": _CHECKPOINT,
    ".index": _CHECKPOINT,
    ".onnx": _ONNX,
    ".pb": _TENSORFLOW,
    ".pickle": _PICKLE,
    ".pkl": _PICKLE,
    ".pt": _PYTORCH,
    ".pth": _PYTORCH,
    ".tflite": _TFLITE,
    ".yaml": _YAML,
    ".yml": _YAML,
}
_FOLDERS = {
    "saved_model.pb": "a SavedModel, which holds no Keras config",
    "config.json": "an unpacked .keras file, whose config.json can be read",
    "model.json": "a TensorFlow.js model, whose model.json can be read",
    "checkpoint": "a TensorFlow checkpoint, which holds no Keras config",
}


def described(start: bytes, path: Path) -> str | None:
    """Return what a file is, if it is known not to be a Keras model, and what to give instead.

    Parameters
    ----------
    start
        The first `LOOKED_AT` bytes of a file that is neither a zip archive nor an HDF5 file.
    path
        Where it is; its suffix decides if the content does not.

    Examples
    --------
    >>> from pathlib import Path
    >>> described(b"", Path("model.keras")), described(b'{"class_name": "Model"', Path("m.pb"))
    ('an empty file', None)
    """
    if not start:
        return "an empty file"
    for (place, signature), what in _SIGNATURES.items():
        if start.startswith(signature, place):
            return what
    if start[0] == 0x80 and path.suffix not in (".pt", ".pth"):
        return _PICKLE
    if start[0] == 0x08:  # the field of an ONNX model's version
        return _ONNX
    text = _text(start)
    if text.startswith(("{", "[", '"')):
        return None
    for beginning, what in _TEXTS.items():
        if text.startswith(beginning):
            return what
    return _YAML if _YAML_KEYS.match(text) else _SUFFIXES.get(path.suffix.lower())


def _text(start: bytes) -> str:
    """Return the beginning of a text in lower case, without its byte order mark and white space."""
    code = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return start.decode(code, errors="replace").lstrip().lower()


def described_archive(names: Iterable[str]) -> str | None:
    """Return what a zip archive without a config.json is, from the names of its members."""
    names = list(names)
    if any(name.endswith("data.pkl") for name in names):
        return _PYTORCH
    if any(name.endswith("saved_model.pb") for name in names):
        return f"a zip archive of a SavedModel, which holds no Keras config: {_CONVERT}"
    if names and all(name.endswith(".npy") for name in names):
        return _ARRAYS
    models = sorted(
        name
        for name in names
        if name.endswith((".keras", ".h5", ".hdf5", ".json"))
        # What Keras writes beside the config.
        and name != "metadata.json"
        and not name.startswith("assets/")
    )
    if "model.weights.h5" in names or not models:
        return None
    return f"a zip archive with {shorten(models[0])} in it: unpack it, and give that file"


def described_place(path: Path) -> str | None:
    """Return what is at a path that is not a file, in words that follow its name.

    Raises
    ------
    OSError
        If nothing is there.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        for name, what in _FOLDERS.items():
            if (path / name).exists():
                return f"a folder ({what})"
        return "a folder"
    if stat.S_ISREG(mode):
        return None
    return "a pipe, which can be read only once" if stat.S_ISFIFO(mode) else "not a file"
