"""The trained models of the example reach what their figures say."""

import csv
import json
import re

import numpy as np
import pytest

pytest.importorskip("keras")

import keras
from fashion_mnist.data import load

from conftest import ROOT

PAGE = ROOT / "docs" / "fashion-mnist.md"
FOLDERS = sorted(path.parent for path in (ROOT / "examples" / "trained").rglob("metrics.json"))


@pytest.fixture(scope="module")
def data(fashion_mnist):
    return load("fashion-mnist", fashion_mnist, normalize=True, limit=None)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_trained_model_reaches_what_its_figures_say(folder, data):
    model = keras.models.load_model(folder / "best.keras")
    assert model.count_params() == 184_234
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (data.mean, data.deviation) == (metrics["mean"], metrics["deviation"])
    with (folder / "history.csv").open(newline="") as file:
        best = min(csv.DictReader(file), key=lambda row: float(row["val_loss"]))
    assert int(best["epoch"]) == metrics["best_epoch"]
    assert float(best["val_loss"]) == metrics["validation_loss"]
    for name in ("validation", "test"):
        images, labels = getattr(data, name)
        answers = model.predict(images, batch_size=500, verbose=0)
        losses = -np.log(answers[np.arange(len(labels)), labels])
        np.testing.assert_allclose(losses.mean(), metrics[f"{name}_loss"], rtol=1e-3)
        found = answers.argmax(axis=1)
        wrong = int(np.sum(found != labels))
        said = round((1 - metrics[f"{name}_accuracy"]) * len(labels))
        # Other processors add float32 sums in another order, which can decide a close case.
        assert abs(wrong - said) <= 3
        if name == "test" and "test_accuracy_by_class" in metrics:  # not of the teachers
            for number, of_class in enumerate(metrics["test_accuracy_by_class"].values()):
                wrong = int(np.sum(found[labels == number] != number))
                assert abs(wrong - round((1 - of_class) * 1000)) <= 3
            both = answers + model.predict(images[:, :, ::-1], batch_size=500, verbose=0)
            wrong = int(np.sum(both.argmax(axis=1) != labels))
            assert abs(wrong - round((1 - metrics["test_accuracy_with_mirror"]) * 10_000)) <= 3


def test_a_trained_model_is_used_as_the_page_says(data, monkeypatch):
    """The block is not run with the others of the docs, because it downloads the images."""
    (code,) = re.findall("```py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    images, labels = data.test
    pixels = np.rint(images[..., 0] * data.deviation + data.mean).astype(np.uint8)
    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", lambda: (None, (pixels, labels)))
    monkeypatch.chdir(ROOT)
    printed = []
    exec(code, {"print": printed.append})
    metrics = json.loads((ROOT / "examples/trained/seed-1/metrics.json").read_text())
    expected = [metrics["test_loss"], metrics["test_accuracy"]]
    np.testing.assert_allclose(printed, [expected], atol=3e-4)
