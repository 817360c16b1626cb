"""Read, check, split and normalise the Fashion-MNIST data set."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

# In the order of their numbers, as Zalando Research names them.
CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
SIDE = 28
VALIDATION_IMAGES = 5_000
# Images from which the validation images are split off.
_IMAGES = {"fashion-mnist": 60_000, "synthetic": 6_000}

# The files as Zalando Research publishes them (github.com/zalandoresearch/fashion-mnist), with
# their MD5 sums.
FILES = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}


class DataError(Exception):
    """The data set is missing or wrong."""


@dataclass(frozen=True)
class Dataset:
    """Images of shape (count, 28, 28, 1) and their class numbers, in three parts.

    `source` says where they come from; they were normalised with `mean` and `deviation`. `classes`
    names the classes by their numbers.
    """

    train: tuple[Images, Labels]
    validation: tuple[Images, Labels]
    test: tuple[Images, Labels]
    source: str
    mean: float
    deviation: float
    classes: tuple[str, ...] = CLASSES

    def __str__(self) -> str:
        return (
            f"{self.source}: {len(self.train[0]):,} training,"
            f" {len(self.validation[0]):,} validation, {len(self.test[0]):,} test images"
        )


def count_training_images(data: str, limit: int | None, *, all_images: bool) -> int:
    """Return the number of training images that `load` will return, or refuse the limit."""
    count = _checked(limit, _IMAGES[data] - VALIDATION_IMAGES)
    return count + VALIDATION_IMAGES if all_images else count


def _checked(limit: int | None, available: int) -> int:
    if limit is not None and limit > available:
        raise DataError(f"--limit must be from 1 to {available:,} training images; got {limit:,}")
    return limit or available


def load(
    data: str,
    folder: Path | None,
    *,
    normalize: bool,
    limit: int | None,
    all_images: bool = False,
) -> Dataset:
    """Load the data set, split off the validation images, and normalise.

    Normalising subtracts one mean and divides by one standard deviation, both over all pixels of
    the training part. With `all_images`, the validation images are trained on, too; the two numbers
    stay the same, so that teachers see the images as before. Without a folder with the four files,
    Keras downloads them.
    """
    classes: tuple[str, ...] = CLASSES
    if data == "synthetic":
        classes = tuple(f"pattern {number}" for number in range(len(CLASSES)))
        parts, source = make_synthetic(), "SYNTHETIC images (random patterns, not Fashion-MNIST)"
    elif folder is not None:
        parts, source = read_folder(folder), f"Fashion-MNIST from {folder}"
    else:
        parts, source = download(), "Fashion-MNIST from Keras's loader"
    first = 0 if all_images else VALIDATION_IMAGES
    return _prepare(parts, source, classes, first, normalize=normalize, limit=limit)


def _prepare(
    parts: tuple[Bytes, Bytes, Bytes, Bytes],
    source: str,
    classes: tuple[str, ...],
    first: int,
    *,
    normalize: bool,
    limit: int | None,
) -> Dataset:
    images, labels, test_images, test_labels = parts
    end = VALIDATION_IMAGES + _checked(limit, len(images) - VALIDATION_IMAGES)
    train = images[VALIDATION_IMAGES:end]
    mean, deviation = (float(train.mean()), float(train.std())) if normalize else (0.0, 1.0)
    if deviation == 0:
        raise DataError(
            "all training images are the same colour, so they can't be normalised; use"
            " --no-normalize"
        )

    def scale(pixels: Bytes, classes: Bytes) -> tuple[Images, Labels]:
        scaled = (pixels[..., np.newaxis].astype(np.float32) - mean) / deviation
        return scaled.astype(np.float32), classes.astype(np.int64)

    return Dataset(
        train=scale(images[first:end], labels[first:end]),
        validation=scale(images[:VALIDATION_IMAGES], labels[:VALIDATION_IMAGES]),
        test=scale(test_images, test_labels),
        source=source,
        mean=mean,
        deviation=deviation,
        classes=classes,
    )


def read_folder(folder: Path) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Read the four files of a folder, each checked against its published MD5 sum."""
    if not folder.is_dir():
        raise DataError(
            f"{folder} (--data-dir or FASHION_MNIST_DIR) is not a folder; it should hold"
            f" {', '.join(FILES)}"
        )
    images, labels, test_images, test_labels = (_read(folder / name) for name in FILES)
    return images, labels, test_images, test_labels


def _read(path: Path) -> Bytes:
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}; the folder (--data-dir or"
            f" FASHION_MNIST_DIR) should hold {', '.join(FILES)}"
        ) from error
    expected, actual = FILES[path.name], hashlib.md5(packed, usedforsecurity=False).hexdigest()
    if actual != expected:
        known = {md5: name for name, md5 in FILES.items()}
        what = f"it holds {known[actual]}" if actual in known else "it is truncated or corrupt"
        raise DataError(f"{path} has MD5 {actual} instead of {expected}: {what}")
    # A header of four bytes, and four more per axis; with this MD5 sum it needs no check.
    is_images = "idx3" in path.name
    pixels = np.frombuffer(gzip.decompress(packed), np.uint8, offset=16 if is_images else 8)
    return pixels.reshape(-1, SIDE, SIDE) if is_images else pixels


def download() -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Return what Keras's loader downloads, or finds in its cache."""
    import keras

    try:
        (images, labels), (test_images, test_labels) = keras.datasets.fashion_mnist.load_data()
    except Exception as error:  # the loader raises a bare Exception when a download fails
        raise DataError(
            f"Keras's loader could not get Fashion-MNIST: {error}. Give the folder with its four"
            " files with --data-dir or FASHION_MNIST_DIR, or try the program with --data synthetic"
        ) from error
    return images, labels, test_images, test_labels


def make_synthetic(
    count: int = _IMAGES["synthetic"], test_count: int = 1_000
) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Return noisy images of ten random patterns: enough to run the program, not to learn."""
    source = np.random.default_rng(0)
    patterns = source.integers(0, 256, (len(CLASSES), SIDE, SIDE))

    def draw(size: int) -> tuple[Bytes, Bytes]:
        labels = source.integers(0, len(CLASSES), size).astype(np.uint8)
        noisy = patterns[labels] + source.normal(0, 64, (size, SIDE, SIDE))
        return noisy.clip(0, 255).astype(np.uint8), labels

    return *draw(count), *draw(test_count)
