"""Read the config from `.keras`, `.h5` and JSON files as data. No code in them is run.

Loading a model in Keras has repeatedly let attackers run code (CVE-2024-3660, CVE-2025-1550,
CVE-2025-8747, CVE-2025-9905, CVE-2025-9906). Here only the text of the config is read, and at most
`LARGEST` bytes of it.
"""

from __future__ import annotations

import json
import lzma
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from convcost._models.errors import ModelError
from convcost._models.keras.wrong_files import (
    LOOKED_AT,
    described,
    described_archive,
    described_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

# EfficientNetV2L's config is 1 MB. Parsed JSON takes up to thirty times the length of its text.
LARGEST = 8 * 2**20
_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK"
# What zipfile raises for bytes that are not a complete archive, or for one with a password.
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


def load(path: Path) -> object:
    """Return the config in a `.keras`, `.h5` or JSON file; its first bytes tell which it is."""
    if path.is_dir():
        raise ModelError(f"{path} is {described_folder(path)}: give a .keras, .h5 or .json file")
    with path.open("rb") as file:
        start = file.read(LOOKED_AT)
        file.seek(0)
        if start.startswith(_ZIP):
            return parse(_from_zip(file, path), str(path))
        if start.startswith(_HDF5):
            return parse(_from_hdf5(path), str(path))
        wrong = described(start, path)
        if wrong is not None:
            raise ModelError(f"{path} is {wrong}")
        return parse(_limited(file, str(path)), str(path))


def parse(text: str | bytes, origin: str) -> object:
    """Return the parsed JSON.

    Raises
    ------
    ModelError
        If the text is not valid JSON, nested too deeply, or too large.
    """
    if len(text) > LARGEST:
        _refuse_size(origin)
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ModelError(f"{origin}: the config is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{origin}: the config is not valid text: {error}") from error
    except ValueError as error:
        raise ModelError(f"{origin}: the config is not valid JSON: {error}") from error


def _from_zip(file: IO[bytes], path: Path) -> bytes:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            what = None if "config.json" in names else described_archive(names)
            if what is not None:
                raise ModelError(f"{path} is {what}")
            with archive.open("config.json") as member:
                return _limited(member, f"{path}: config.json")
    except ModelError:
        raise
    except KeyError as error:
        raise ModelError(f"{path}: it has no config.json: is it a .keras file?") from error
    except _BROKEN_ZIP as error:
        raise ModelError(f"{path}: the file is broken or encrypted: {error}") from error


def _limited(file: IO[bytes], origin: str) -> bytes:
    # An archive may declare a false length, so count the bytes that are really read.
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        _refuse_size(origin)
    return content


def _refuse_size(origin: str) -> None:
    raise ModelError(f"{origin}: the config is larger than {LARGEST // 2**20} MiB")


def _from_hdf5(path: Path) -> str | bytes:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            f'{path} is an HDF5 file, which needs h5py: pip install "convcost[h5]"'
        ) from error
    try:
        with h5py.File(path, "r") as file:
            attribute = file.attrs.get("model_config")
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise ModelError(f"{path}: the file is broken: {error}") from error
    if not isinstance(attribute, (str, bytes)):
        raise ModelError(
            f"{path}: the file holds weights but no model configuration; give a file from"
            " model.save(), or the model's JSON"
        )
    return attribute
