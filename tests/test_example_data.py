"""The Fashion-MNIST data set: split, normalised, and refused if it is damaged."""

import shutil

import numpy as np
import pytest
from fashion_mnist import data as data_set

TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"


def test_the_whole_data_set_is_split_and_normalised(fashion_mnist):
    dataset = data_set.load("fashion-mnist", fashion_mnist, normalize=True, limit=None)
    images, _labels = dataset.train
    assert images.shape == (55_000, 28, 28, 1)
    assert dataset.validation[0].shape == (5_000, 28, 28, 1)
    assert dataset.test[0].shape == (10_000, 28, 28, 1)
    assert images.dtype == np.float32
    assert abs(float(images.mean(dtype=np.float64))) < 1e-4
    assert abs(float(images.std(dtype=np.float64)) - 1) < 1e-4
    assert dataset.test[1].shape == (10_000,)
    assert np.bincount(dataset.test[1]).tolist() == [1000] * 10
    # The first image of the published training set is an ankle boot; validation starts with it.
    assert dataset.validation[1][0] == 9
    raw = data_set.load("fashion-mnist", fashion_mnist, normalize=False, limit=10)
    assert raw.train[0].max() == 255
    assert (raw.mean, raw.deviation) == (0, 1)


def test_normalisation_equals_scikit_learns_two_numbers(fashion_mnist):
    dataset = data_set.load("fashion-mnist", fashion_mnist, normalize=True, limit=500)
    raw = data_set.load("fashion-mnist", fashion_mnist, normalize=False, limit=500)
    pixels = raw.train[0].astype(np.float64).reshape(-1, 1)
    for part in ("train", "validation", "test"):
        expected = (getattr(raw, part)[0] - pixels.mean()) / pixels.std()
        np.testing.assert_allclose(getattr(dataset, part)[0], expected, rtol=1e-4, atol=1e-5)


def test_no_download_is_a_clear_error_and_no_substitute(monkeypatch):
    keras = pytest.importorskip("keras")

    def fail():
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", fail)
    with pytest.raises(
        data_set.DataError, match=r"URL fetch failure.*--data-dir.*--data synthetic"
    ):
        data_set.load("fashion-mnist", None, normalize=True, limit=None)


def test_kerass_own_loader_is_used(fashion_mnist, tmp_path, monkeypatch):
    pytest.importorskip("keras")
    from keras.src.utils import file_utils

    shutil.copytree(fashion_mnist, tmp_path / "datasets" / "fashion-mnist")
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path))
    monkeypatch.setattr(file_utils, "urlretrieve", None)
    dataset = data_set.load("fashion-mnist", None, normalize=True, limit=64)
    assert dataset.source == "Fashion-MNIST from Keras's loader"
    ours = data_set.load("fashion-mnist", fashion_mnist, normalize=True, limit=64)
    np.testing.assert_array_equal(dataset.train[0], ours.train[0])


@pytest.fixture
def copied(fashion_mnist, tmp_path):
    """A copy of the data set, to be damaged."""
    for name in data_set.FILES:
        shutil.copyfile(fashion_mnist / name, tmp_path / name)
    return tmp_path


def damage(path, how):
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(content[:-100])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "a flipped bit":
        path.write_bytes(content[:2000] + bytes([content[2000] ^ 1]) + content[2001:])
    elif how == "swapped":
        path.write_bytes((path.parent / TEST_LABELS).read_bytes())


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "cannot be read: No such file"),
        ("truncated", "is truncated or corrupt"),
        ("empty", "is truncated or corrupt"),
        ("a flipped bit", "is truncated or corrupt"),
        ("swapped", f"it holds {TEST_LABELS}"),
    ],
)
def test_damaged_files_are_named(copied, how, message):
    damage(copied / TRAIN_LABELS, how)
    with pytest.raises(data_set.DataError, match=rf"{TRAIN_LABELS} .*{message}"):
        data_set.read_folder(copied)


def test_images_of_one_colour_cannot_be_normalised(monkeypatch):
    black = np.zeros((5100, 28, 28), np.uint8), np.zeros(5100, np.uint8)
    monkeypatch.setattr(data_set, "make_synthetic", lambda: (*black, *black))
    with pytest.raises(data_set.DataError, match=r"the same colour, .* use --no-normalize"):
        data_set.load("synthetic", None, normalize=True, limit=None)


@pytest.mark.parametrize("limit", [None, 40])
def test_all_images_are_those_of_both_parts(limit):
    apart, together = (
        data_set.load("synthetic", None, normalize=True, limit=limit, all_images=one)
        for one in (False, True)
    )
    for part in (0, 1):
        both = np.concatenate([apart.validation[part], apart.train[part]])
        np.testing.assert_array_equal(together.train[part], both)
    assert (together.mean, together.deviation) == (apart.mean, apart.deviation)
    count = data_set.count_training_images("synthetic", limit, all_images=True)
    assert count == len(together.train[0])
