"""The Fashion-MNIST data set: read, checked, split and normalised."""

import gzip
import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

CLASSES = 10
SIDE = 28
VALIDATION_IMAGES = 5_000

# The files as Zalando Research publishes them (github.com/zalandoresearch/fashion-mnist), with
# their MD5 sums.
FILES = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
SHAPES = {
    "train-images-idx3-ubyte.gz": (60_000, SIDE, SIDE),
    "train-labels-idx1-ubyte.gz": (60_000,),
    "t10k-images-idx3-ubyte.gz": (10_000, SIDE, SIDE),
    "t10k-labels-idx1-ubyte.gz": (10_000,),
}
_IDX_UNSIGNED_BYTE = 0x08
# A header that claims more is refused before memory is asked for.
_MAX_IDX_BYTES = 1 << 30


class DataError(Exception):
    """The data set is not there, or not what it should be."""


@dataclass(frozen=True)
class Dataset:
    """Images of shape (count, 28, 28, 1) and their class numbers, in three parts.

    `source` says where they come from; `mean` and `deviation` are what they were normalised with.
    """

    train: tuple[Images, Labels]
    validation: tuple[Images, Labels]
    test: tuple[Images, Labels]
    source: str
    mean: float
    deviation: float


def load(data: str, folder: Path | None, *, normalize: bool, limit: int | None) -> Dataset:
    """Load the data set, split off the validation images, and normalise.

    Parameters
    ----------
    data
        `fashion-mnist`, or `synthetic` for images that only look like data to a program.
    folder
        Where the four files lie; None for Keras's own loader, which downloads them.
    normalize
        Whether to subtract one mean and divide by one standard deviation, both over all pixels of
        the training part.
    limit
        How many training images to use; None for all 55,000.
    """
    if data == "synthetic":
        parts, source = make_synthetic(), "SYNTHETIC images (random patterns, not Fashion-MNIST)"
    elif folder is not None:
        parts, source = read_folder(folder), f"Fashion-MNIST from {folder}"
    else:
        parts, source = download(), "Fashion-MNIST from Keras's loader"
    return _prepare(parts, source, normalize=normalize, limit=limit)


def _prepare(
    parts: tuple[Bytes, Bytes, Bytes, Bytes], source: str, *, normalize: bool, limit: int | None
) -> Dataset:
    images, labels, test_images, test_labels = parts
    available = len(images) - VALIDATION_IMAGES
    if limit is not None and not 1 <= limit <= available:
        raise DataError(f"--limit must be from 1 to {available:,} training images; got {limit:,}")
    count = available if limit is None else limit
    end = VALIDATION_IMAGES + count
    train = images[VALIDATION_IMAGES:end]
    mean, deviation = (float(train.mean()), float(train.std())) if normalize else (0.0, 1.0)
    if deviation == 0:
        raise DataError("the training images are all one colour: nothing to normalise by")

    def scale(pixels: Bytes) -> Images:
        scaled: Images = (pixels[..., np.newaxis].astype(np.float32) - mean) / deviation
        return scaled.astype(np.float32)

    def number(classes: Bytes) -> Labels:
        return classes.astype(np.int64)

    return Dataset(
        train=(scale(train), number(labels[VALIDATION_IMAGES:end])),
        validation=(scale(images[:VALIDATION_IMAGES]), number(labels[:VALIDATION_IMAGES])),
        test=(scale(test_images), number(test_labels)),
        source=source,
        mean=mean,
        deviation=deviation,
    )


def read_folder(folder: Path) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Read the four files of a folder, each checked against its published MD5 sum."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; it should hold {', '.join(FILES)}")
    parts = [read_idx(folder / name, FILES[name], SHAPES[name]) for name in FILES]
    return parts[0], parts[1], parts[2], parts[3]


def read_idx(path: Path, md5: str | None, shape: tuple[int, ...]) -> Bytes:
    """Read one gzipped IDX file of unsigned bytes.

    Parameters
    ----------
    path
        The file.
    md5
        The MD5 sum that it must have; None to accept any.
    shape
        The shape that it must hold.

    Raises
    ------
    DataError
        If the file is missing, truncated, corrupt, swapped for another, or of another shape; names
        the file.
    """
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    actual = hashlib.md5(packed, usedforsecurity=False).hexdigest()
    if md5 is not None and actual != md5:
        known = {sum_: name for name, sum_ in FILES.items()}
        what = f"it holds {known[actual]}" if actual in known else "it is truncated or corrupt"
        raise DataError(f"{path} has MD5 {actual} instead of {md5}: {what}")
    return _parse_idx(path, packed, shape)


def _parse_idx(path: Path, packed: bytes, shape: tuple[int, ...]) -> Bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            content = file.read(_MAX_IDX_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a complete gzip file: {error}") from error
    header = 4 + 4 * len(shape)
    if len(content) < header:
        raise DataError(f"{path} ends within its header")
    zeros, kind, axes, *sides = struct.unpack(f">HBB{len(shape)}I", content[:header])
    if (zeros, kind) != (0, _IDX_UNSIGNED_BYTE):
        raise DataError(f"{path} is not an IDX file of unsigned bytes")
    if axes != len(shape) or tuple(sides) != shape:
        found = tuple(sides) if axes == len(shape) else f"{axes} axes"
        raise DataError(f"{path} holds {found} where {shape} belong")
    pixels = np.frombuffer(content, np.uint8, offset=header)
    if pixels.size != np.prod(shape):
        raise DataError(f"{path} holds {pixels.size:,} bytes where {np.prod(shape):,} belong")
    return pixels.reshape(shape)


def download() -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Return what Keras's own loader downloads, or finds in its cache."""
    import keras

    try:
        (images, labels), (test_images, test_labels) = keras.datasets.fashion_mnist.load_data()
    except Exception as error:  # the loader raises a bare Exception when a download fails
        raise DataError(
            f"Keras's loader could not get Fashion-MNIST: {error}. Give the folder with its four"
            " files by --data-dir or FASHION_MNIST_DIR, or try the program with --data synthetic"
        ) from error
    return images, labels, test_images, test_labels


def make_synthetic(
    count: int = 6_000, test_count: int = 1_000
) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Return noisy images of ten random patterns: something to run on, not to learn from."""
    source = np.random.default_rng(0)
    patterns = source.integers(0, 256, (CLASSES, SIDE, SIDE))

    def draw(size: int) -> tuple[Bytes, Bytes]:
        labels = source.integers(0, CLASSES, size).astype(np.uint8)
        noisy = patterns[labels] + source.normal(0, 64, (size, SIDE, SIDE))
        return noisy.clip(0, 255).astype(np.uint8), labels

    return *draw(count), *draw(test_count)
