"""What a model learns from its teachers."""

import json
import re

import numpy as np
import pytest
from example_processes import history
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("keras")

import keras
import train_fashion_mnist as program
from click.testing import CliRunner
from fashion_mnist import results, teaching
from fashion_mnist.batches import Change, draw_plan, mirrored
from fashion_mnist.data import CLASSES, Dataset
from fashion_mnist.device_images import DeviceImages
from fashion_mnist.recipes import STRONG, TEACHER, Augmentation, Recipe, Teaching

IMAGES = np.random.default_rng(0).normal(0, 1, (20, 28, 28, 1)).astype(np.float32)
LABELS = np.arange(20) % 10
RECIPE = Recipe(
    epochs=9,
    batch_size=6,
    learning_rate=0.1,
    augmentation=Augmentation(shift=2, erase=0.5),
    teaching=Teaching(teachers=2, recipe=TEACHER, share=0.75, views=4),
)


@pytest.fixture(scope="module")
def teachers():
    keras.utils.set_random_seed(4)
    return [program.build_model(), program.build_model()]


@pytest.fixture(scope="module")
def taught(teachers):
    panel = teaching.make_panel(teachers, DeviceImages(IMAGES, augmented=True))
    return teaching.TaughtBatches(panel, LABELS, RECIPE, seed=7)


def epoch_of(batches, epoch):
    batches.begin(epoch)
    pairs = [batches[number] for number in range(len(batches))]
    return tuple(np.concatenate(part) for part in zip(*pairs, strict=True))


def by_row(plan, targets):
    return {tuple(row): target for row, target in zip(plan.tolist(), targets, strict=True)}


def test_a_target_is_the_label_and_the_mean_of_the_teachers_for_image_and_mirror(taught, teachers):
    layer = DeviceImages(IMAGES, augmented=True)
    for epoch in range(6):
        plan, targets = epoch_of(taught, epoch)
        shown = keras.ops.convert_to_numpy(layer(plan))
        answers = [
            one.predict(images, verbose=0)
            for one in teachers
            for images in (shown, shown[:, :, ::-1])
        ]
        labels = LABELS[Change(*plan.T).image]
        expected = 0.75 * np.mean(answers, axis=0)
        expected[np.arange(20), labels] += 0.25
        np.testing.assert_allclose(targets, expected, rtol=1e-5)
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-5)


@settings(max_examples=20, deadline=None)
@given(epoch=st.integers(0, 50))
def test_an_epoch_has_each_image_once_and_its_view_comes_again_in_another_order(taught, epoch):
    plan, targets = epoch_of(taught, epoch)
    view = draw_plan(7, epoch % 4 // 2 * 2, 20, RECIPE.augmentation)
    shown = mirrored(view) if epoch % 2 else view
    assert sorted(plan.tolist()) == sorted(shown.tolist())
    again, their_targets = epoch_of(taught, epoch + 4)
    assert (plan != again).any()
    known = by_row(again, their_targets)
    assert all((known[row] == target).all() for row, target in by_row(plan, targets).items())
    assert (epoch_of(taught, epoch)[0] == plan).all()


def test_a_view_is_answered_once(teachers):
    class Counting:
        def __init__(self):
            self.asked = 0

        def predict(self, plan, **_):
            self.asked += 1
            return np.full((len(plan), 10), 0.1, np.float32)

    panel = Counting()
    batches = teaching.TaughtBatches(panel, LABELS, RECIPE, seed=1)
    assert panel.asked == 0  # a resumed training may begin with another view
    for epoch in (0, 1, 4, 5, 8, 1):
        batches.begin(epoch)
    assert panel.asked == 2
    batches.begin(3)
    assert panel.asked == 4


def test_the_taught_model_is_validated_on_labels(teachers):
    data = Dataset((IMAGES, LABELS), (IMAGES[:7] + 1, LABELS[:7]), (IMAGES, LABELS), "", 0.0, 1.0)
    model = program.build_model()
    trained, _, (rows, targets) = teaching.feed(model, teachers, data, RECIPE, parts=1, seed=1)
    assert (targets.argmax(axis=1) == LABELS[:7]).all()
    assert (np.sort(targets, axis=1) == [0] * 9 + [1]).all()
    got = trained.predict(rows, verbose=0)
    np.testing.assert_allclose(got, model.predict(IMAGES[:7] + 1, verbose=0), rtol=1e-4)
    # Neither the teachers nor the images are trained.
    count = sum(int(np.prod(one.shape)) for one in trained.trainable_variables)
    assert count == model.count_params()


def given_settings(**settings):
    return {"epochs": None, "batch_size": None, "learning_rate": None, "teachers": None, **settings}


def test_settings_hold_for_the_teachers_too():
    assert STRONG.changed_by(given_settings()) == STRONG
    assert STRONG.changed_by(given_settings(teachers=0)) == TEACHER
    assert STRONG.changed_by(given_settings(teachers=2)).teaching.teachers == 2
    changed = STRONG.changed_by(given_settings(epochs=3, batch_size=64, learning_rate=0.5))
    for one in (changed, changed.teaching.recipe):
        assert (one.epochs, one.batch_size, one.learning_rate) == (3, 64, 0.5)
    longer = STRONG.changed_by(given_settings(epochs=500))
    assert (longer.epochs, longer.teaching.recipe.epochs) == (500, TEACHER.epochs)
    assert program.ARTICLE.changed_by(given_settings(teachers=None)) == program.ARTICLE


def test_a_run_with_teachers_end_to_end(tmp_path):
    words = ["--recipe", "strong", "--data", "synthetic", "--limit", "256", "--epochs", "2"]
    words += ["--teachers", "1", "--parts", "1", "--output-dir"]

    def run(*more):
        result = CliRunner().invoke(program.main, [*words, *map(str, more)], standalone_mode=False)
        assert (result.exception, result.return_value) == (None, 0), result.output
        return result.output

    first = run(tmp_path / "first")
    assert "Teacher 1 of 1, seed 100042" in first
    assert "Only 4 training steps: the averaged weights, a mean over about 500 steps" in first
    copied = run(tmp_path / "second", "--teachers-of", tmp_path / "first", "--seed", "1")
    assert "Teacher 1 of" not in copied
    one, two = (tmp_path / name / "teachers" / "1" for name in ("first", "second"))
    assert history(one) == history(two)
    assert len(history(one)) == 2
    (of_teacher,) = json.loads((tmp_path / "second" / "metrics.json").read_text())["teachers"]
    assert (of_teacher["seed"], of_teacher["epochs"]) == (100042, 2)
    assert of_teacher["validation_loss"] == min(float(row["val_loss"]) for row in history(one))
    best = keras.models.load_model(tmp_path / "second" / "best.keras")
    assert best.count_params() == 184_234
    figures = json.loads((tmp_path / "second" / "metrics.json").read_text())
    assert (figures["settings"]["teachers"], figures["epochs"]) == (1, 2)
    assert 0 <= figures["test_accuracy_with_mirror"] <= 1


def test_the_answers_to_an_image_and_its_mirror_image_are_averaged():
    """Against a loop over the images, one at a time."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
    alone, both = [], []
    for image in IMAGES:
        answer, mirrored = (np.asarray(model(one[None])) for one in (image, image[:, ::-1]))
        alone.append(int(answer.argmax()))
        both.append(int((answer + mirrored).argmax()))
    agreed = np.mean(np.equal(alone, both))
    assert 0 < agreed < 1
    of_alone, of_both = (
        results.of_answers(model, data_with(labels), batch_size=7, with_mirror=True)
        for labels in (alone, both)
    )
    assert of_alone["test_accuracy_with_mirror"] == agreed
    assert of_both["test_accuracy_with_mirror"] == 1
    assert set(of_alone["test_accuracy_by_class"]) == {CLASSES[number] for number in alone}
    assert set(of_alone["test_accuracy_by_class"].values()) == {1}
    for number in both:
        answers = [one for one, label in zip(alone, both, strict=True) if label == number]
        expected = answers.count(number) / len(answers)
        assert of_both["test_accuracy_by_class"][CLASSES[number]] == expected


def test_the_classes_have_the_names_that_keras_documents():
    rows = re.findall(r"\| +(\d) +\| (.+?) *\|", keras.datasets.fashion_mnist.load_data.__doc__)
    assert [name for _, name in rows] == list(CLASSES)


def data_with(labels):
    part = (IMAGES, np.array(labels))
    return Dataset(part, part, part, "", 0.0, 1.0)
