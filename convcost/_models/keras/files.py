"""Read the config from `.keras`, `.h5` and JSON files as data. No code in them is run.

Loading a model in Keras has repeatedly let attackers run code (CVE-2024-3660, CVE-2025-1550,
CVE-2025-8747, CVE-2025-9905, CVE-2025-9906). Here only the text of the config is read, and at most
`LARGEST` bytes of it, and the shapes of the weights, within limits (`convcost._models.hdf5`).
"""

from __future__ import annotations

import json
import os
from typing import IO, TYPE_CHECKING, NamedTuple

from convcost._models.errors import ModelError
from convcost._models.hdf5.file import SIGNATURE, opened
from convcost._models.hdf5.storage import Hdf5Error, Hdf5LimitError
from convcost._models.keras.archives import CONFIG, WEIGHTS, Archive
from convcost._models.keras.stored_weights import named_weights, placed_weights
from convcost._models.keras.wrong_files import LOOKED_AT, described, described_place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from convcost._models.hdf5.file import Hdf5Object
    from convcost._models.keras.stored_weights import Stored

# EfficientNetV2L's config is 1 MB. Parsed JSON takes up to thirty times the length of its text.
LARGEST = 8 * 2**20
_ZIP = b"PK"


class Loaded(NamedTuple):
    """What a file holds: the config, and the numbers of weights in its layers if it stores them."""

    config: object
    weights: Stored | None = None


def load(path: Path) -> Loaded:
    """Return what a `.keras`, `.h5` or JSON file holds; its first bytes tell which it is."""
    place = described_place(path)
    if place is not None:
        raise ModelError(f"{path} is {place}: give a .keras, .h5 or .json file")
    with path.open("rb") as file:
        start = file.read(LOOKED_AT)
        file.seek(0)
        if start.startswith(_ZIP):
            return _from_zip(file, path)
        if start.startswith(SIGNATURE):
            return _from_hdf5(file, path)
        wrong = described(start, path)
        if wrong is not None:
            raise ModelError(f"{path} is {wrong}")
        return Loaded(parse(file.read(LARGEST + 1), str(path)))


def parse(text: str | bytes, origin: str) -> object:
    """Return the parsed JSON.

    Raises
    ------
    ModelError
        If the text is not valid JSON, nested too deeply, or too large.
    """
    if len(text) > LARGEST:
        raise ModelError(f"{origin}: the config is larger than {LARGEST // 2**20} MiB")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ModelError(f"{origin}: the config is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{origin}: the config is not valid text: {error}") from error
    except ValueError as error:
        raise ModelError(
            f"{origin}: the config is not valid JSON: {error}; give a file from model.save(), or"
            " the text from model.to_json()"
        ) from error


def _from_zip(file: IO[bytes], path: Path) -> Loaded:
    archive = Archive(file, path)
    config = parse(archive.read(CONFIG, LARGEST), f"{path}: {CONFIG}")
    weights = archive.weights()
    if weights is None:
        return Loaded(config)
    try:
        return Loaded(config, _stored(placed_weights, opened(*weights)))
    except Hdf5Error as error:
        raise ModelError(
            f"{path}: its {WEIGHTS} is broken: {error}; give its {CONFIG} alone"
        ) from error


def _from_hdf5(file: IO[bytes], path: Path) -> Loaded:
    try:
        root = opened(file, 0, os.fstat(file.fileno()).st_size)
        config = root.texts("model_config")
        if not config:
            raise ModelError(
                f"{path}: the file holds weights but no model configuration; give a file from"
                " model.save(), or the model's JSON"
            )
        return Loaded(parse(config[0], str(path)), _stored(named_weights, root))
    except Hdf5Error as error:
        raise ModelError(f"{path}: the file is broken: {error}") from error


def _stored(read: Callable[[Hdf5Object], Stored | None], root: Hdf5Object) -> Stored | None:
    """Return what a file stores of weights; None if it would take too long to find out."""
    try:
        return read(root)
    except Hdf5LimitError:
        return None
