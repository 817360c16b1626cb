"""The example's teachers: what a model learns from them, and the folders that they are kept in."""

import json

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
from fashion_mnist import run_folder as runs
from fashion_mnist.batches import Change, draw_plan, mirrored
from fashion_mnist.data import Dataset
from fashion_mnist.device_images import DeviceImages
from fashion_mnist.recipes import STRONG, TEACHER, Augmentation, Recipe, Teaching
from fashion_mnist.run_folder import RunError, RunFolder

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


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "_NEEDED_BYTES", 1000)
    return RunFolder.create(tmp_path / "run", {"seed": 1, "kind": "separable"}, overwrite=False)


def finish_epoch(folder, epoch=1):
    folder.keep_variables(epoch, b"variables")
    row = {"epoch": epoch, "val_loss": 0.5}
    folder.keep_epoch(row, lambda path: path.write_text("model"))


def test_a_run_can_be_resumed_before_its_first_epoch(run):
    with pytest.raises(RunError, match="has no finished epoch"):
        RunFolder.resume(run.path)
    assert "--resume" not in run.describe_end("Interrupted")
    run.begin()
    again = RunFolder.resume(run.path)
    assert (again.settings, again.rows) == (run.settings, [])
    said = run.describe_end("Interrupted")
    assert said.startswith("Interrupted before the first epoch; what its teachers have learnt is")
    assert said.endswith("--resume continues from there")
    finish_epoch(again)
    assert [one.name for one in runs._states(run.path)] == ["epoch-00001.json"]
    assert len(RunFolder.resume(run.path).rows) == 1


def test_a_teacher_goes_on_where_it_stopped(run):
    one = run.teacher(1, {"seed": 5})
    assert (one.rows, one.is_finished) == ([], False)
    finish_epoch(one)
    again = run.teacher(1, {"seed": "is kept"})
    assert (again.settings, len(again.rows), again.is_finished) == ({"seed": 5}, 1, False)
    assert run.teacher(2, {"seed": 6}).rows == []
    again.write_metrics({"settings": again.settings})
    assert run.teacher(1, {}).is_finished


def finish_teacher(run):
    one = run.teacher(1, run.settings)
    finish_epoch(one)
    one.write_metrics({"settings": one.settings})
    return one.path


def test_the_finished_teachers_of_another_run_are_copied(run, tmp_path):
    finish_teacher(run)
    finish_epoch(run.teacher(2, run.settings))
    other = RunFolder.create(tmp_path / "other", run.settings, overwrite=False)
    other.take_teachers(runs.finished_teachers(run.path))
    assert other.teacher(1, {}).is_finished
    assert other.teacher(1, {}).best_path.read_text() == "model"
    assert not other.teacher(2, {}).is_finished


@pytest.mark.parametrize("name", ["best.keras", "history.csv"])
def test_a_teacher_without_a_file_is_refused(name, run):
    (finish_teacher(run) / name).unlink()
    with pytest.raises(RunError, match=f"teachers/1 has no {name}"):
        runs.finished_teachers(run.path)


def test_a_teacher_that_can_not_be_copied_is_named(run, tmp_path):
    path = finish_teacher(run)
    other = RunFolder.create(tmp_path / "other", run.settings, overwrite=False)
    (other.path / "teachers").write_text("not a folder")
    with pytest.raises(RunError, match="teachers/1 can't be copied: "):
        other.take_teachers([path])


@pytest.mark.parametrize("content", ["", '{"settings": {"ki', "[]", "{}", '{"settings": 3}'])
def test_damaged_figures_of_a_teacher_are_named(run, content):
    folder = run.path / "teachers" / "1"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(content)
    with pytest.raises(RunError, match=r"1/metrics\.json does not hold the figures of a run"):
        runs.finished_teachers(run.path)


@pytest.mark.parametrize("folder", [".", "nowhere"])
def test_a_folder_without_trained_teachers_is_refused(folder, tmp_path):
    with pytest.raises(RunError, match="holds no trained teachers"):
        runs.finished_teachers(tmp_path / folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a model"])
def test_a_damaged_teacher_is_named(run, content):
    run.best_path.write_bytes(content)
    with pytest.raises(RunError, match=r"best\.keras is not a model that Keras can load"):
        run.load_best(program.build_model())


def test_another_model_is_no_teacher(run):
    program.build_model("standard").save(run.best_path)
    with pytest.raises(RunError, match="another model: 435,306 parameters, not the 184,234"):
        run.load_best(program.build_model())


def test_overwriting_a_run_removes_its_teachers(run):
    finish_epoch(run.teacher(1, run.settings))
    (run.path / "teachers" / "1" / "metrics.json").write_text("{}")
    again = RunFolder.create(run.path, {}, overwrite=True)
    assert again.teacher(1, {"new": 1}).settings == {"new": 1}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--teachers", "2"], "--recipe article has no --teachers; use --recipe strong"),
        (["--teachers-of", "x"], "--recipe article has no --teachers-of; use --recipe strong"),
        (["--recipe", "strong", "--teachers", "-1"], "-1 is not in the range"),
        (
            ["--recipe", "strong", "--teachers", "0", "--teachers-of", "x"],
            "--teachers 0 and --teachers-of exclude each other",
        ),
        (
            ["--recipe", "strong", "--resume", "--output-dir", "x", "--teachers-of", "y"],
            "--resume and --teachers-of exclude each other",
        ),
        *(
            (
                ["--recipe", "strong", "--teachers-of", "x", "--overwrite", "--output-dir", new],
                f"--output-dir {new} is in the run whose teachers are copied; give another one",
            )
            for new in ("x", "x/teachers/1", "y/../x")
        ),
        (["--recipe", "strong", "--teachers-of", "nowhere"], "nowhere holds no trained teachers"),
    ],
)
def test_wrong_options_are_named(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(program.main, words, terminal_width=200)
    assert result.exit_code != 0
    assert message in result.output


@pytest.mark.parametrize(
    ("name", "value", "words", "message"),
    [
        ("kind", "standard", [], "with --model standard; this run has --model separable"),
        ("limit", 256, [], "with --limit 256; this run has no --limit"),
        ("limit", None, ["--limit", "99"], "with no --limit; this run has --limit 99"),
        ("normalize", False, [], "with --no-normalize; this run has --normalize"),
        # They would know the labels of the validation images.
        ("all_images", True, [], "with --all-images; this run has no --all-images"),
    ],
)
def test_teachers_of_other_settings_are_refused(name, value, words, message, run, tmp_path):
    """Before a folder is created, so that the next try needs no --overwrite."""
    settings = {"kind": "separable", "data": "synthetic", "limit": None, "normalize": True}
    run.settings = {**settings, "all_images": False, name: value}
    finish_teacher(run)
    words = ["--recipe", "strong", "--data", "synthetic", *words]
    words += ["--teachers-of", str(run.path), "--output-dir", str(tmp_path / "new")]
    result = CliRunner().invoke(program.main, words, terminal_width=200)
    assert result.exit_code != 0
    assert f"teachers/1 was trained {message}" in result.output
    assert not (tmp_path / "new").exists()


def test_a_run_with_teachers_end_to_end(tmp_path):
    words = ["--recipe", "strong", "--data", "synthetic", "--limit", "256", "--epochs", "2"]
    words += ["--teachers", "1", "--parts", "1", "--output-dir"]

    def run(*more):
        result = CliRunner().invoke(program.main, [*words, *map(str, more)], standalone_mode=False)
        assert (result.exception, result.return_value) == (None, 0), result.output
        return result.output

    assert "Teacher 1 of 1, seed 100042" in run(tmp_path / "first")
    copied = run(tmp_path / "second", "--teachers-of", tmp_path / "first", "--seed", "1")
    assert "Teacher" not in copied
    one, two = (tmp_path / name / "teachers" / "1" for name in ("first", "second"))
    assert history(one) == history(two)
    assert len(history(one)) == 2
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
    assert results.accuracy_with_mirror(model, IMAGES, np.array(alone)) == agreed
    assert results.accuracy_with_mirror(model, IMAGES, np.array(both)) == 1
