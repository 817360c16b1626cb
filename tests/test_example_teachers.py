"""The folders of the example's teachers: copied, resumed, overwritten, damaged."""

import re
from zipfile import ZipFile

import pytest

pytest.importorskip("keras")

import keras
import train_fashion_mnist as program
from click.testing import CliRunner
from fashion_mnist import run_folder as runs
from fashion_mnist import teachers as folders
from fashion_mnist.run_folder import RunError, RunFolder


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "_NEEDED_BYTES", 1000)
    return RunFolder.create(tmp_path / "run", {"seed": 1, "kind": "separable"}, overwrite=False)


def finish_epoch(folder, epoch=1):
    folder.keep_variables(epoch, b"variables")
    row = {"epoch": epoch, "val_loss": 0.5}
    folder.keep_epoch(row, save)


def save(path, content=""):
    """Write a file that is whole, though no model."""
    with ZipFile(path, "w") as file:
        file.writestr("model", content)


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
    one = folders.open_teacher(run, 1, {"seed": 5})
    assert (one.rows, one.is_finished) == ([], False)
    finish_epoch(one)
    again = folders.open_teacher(run, 1, {"seed": 5})
    assert (again.settings, len(again.rows), again.is_finished) == ({"seed": 5}, 1, False)
    assert folders.open_teacher(run, 2, {"seed": 6}).rows == []
    again.write_metrics({"settings": again.settings})
    assert folders.open_teacher(run, 1, {}).is_finished


def finish_teacher(run):
    one = folders.open_teacher(run, 1, run.settings)
    finish_epoch(one)
    one.write_metrics({"settings": one.settings})
    return one.path


def test_the_finished_teachers_of_another_run_are_copied(run, tmp_path):
    finish_teacher(run)
    finish_epoch(folders.open_teacher(run, 2, run.settings))
    other = RunFolder.create(tmp_path / "other", run.settings, overwrite=False)
    folders.copy(other, folders.finished(run.path))
    assert folders.open_teacher(other, 1, {}).is_finished
    copied = folders.open_teacher(other, 1, {}).best_path
    assert copied.read_bytes() == (run.path / "teachers" / "1" / "best.keras").read_bytes()
    assert not folders.open_teacher(other, 2, {}).is_finished


@pytest.mark.parametrize("name", ["best.keras", "history.csv"])
def test_a_teacher_without_a_file_is_refused(name, run):
    (finish_teacher(run) / name).unlink()
    with pytest.raises(RunError, match=f"teachers/1 has no {name}"):
        folders.finished(run.path)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a model", None])
def test_a_damaged_teacher_is_refused_before_it_is_copied(content, run):
    best = finish_teacher(run) / "best.keras"
    whole = best.read_bytes()
    best.write_bytes(whole[:-9] if content is None else content)
    with pytest.raises(RunError, match=r"1/best\.keras is damaged, or not a \.keras file"):
        folders.finished(run.path)
    program.build_model().save(best)
    content = bytearray(best.read_bytes())
    content[len(content) // 2] ^= 1
    best.write_bytes(content)
    with pytest.raises(RunError, match=r"1/best\.keras is damaged"):
        folders.finished(run.path)


def test_copies_are_numbered_without_gaps(run, tmp_path):
    for name in ("2", "5", "b"):
        one = RunFolder.create(run.path / "teachers" / name, {"seed": name}, overwrite=False)
        finish_epoch(one)
        one.write_metrics({"settings": one.settings})
    other = RunFolder.create(tmp_path / "other", run.settings, overwrite=False)
    folders.copy(other, folders.finished(run.path))
    assert [one["seed"] for one in folders.figures(other, 4)] == ["2", "5", "b"]


def test_a_teacher_that_can_not_be_copied_is_named(run, tmp_path):
    path = finish_teacher(run)
    other = RunFolder.create(tmp_path / "other", run.settings, overwrite=False)
    (other.path / "teachers").write_text("not a folder")
    with pytest.raises(RunError, match="teachers/1 can't be copied: "):
        folders.copy(other, [path])


@pytest.mark.parametrize("content", ["", '{"settings": {"ki', "[]", "{}", '{"settings": 3}'])
def test_damaged_figures_of_a_teacher_are_named(run, content):
    folder = run.path / "teachers" / "1"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(content)
    with pytest.raises(RunError, match=r"1/metrics\.json does not hold the figures of a run"):
        folders.finished(run.path)


@pytest.mark.parametrize(
    ("folder", "message"),
    [(".", "holds no trained teachers, "), ("nowhere", "--teachers-of .*/nowhere does not exist")],
)
def test_a_folder_without_trained_teachers_is_refused(folder, message, tmp_path):
    with pytest.raises(RunError, match=message):
        folders.finished(tmp_path / folder)


def test_the_run_of_a_folder_of_teachers_is_named(run):
    finish_teacher(run)
    with pytest.raises(
        RunError, match=rf"give the folder of their run, {re.escape(str(run.path))}$"
    ):
        folders.finished(run.path / "teachers")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a model"])
def test_a_damaged_teacher_is_named(run, content):
    run.best_path.write_bytes(content)
    with pytest.raises(RunError, match=r"best\.keras is not a model that Keras can load"):
        folders.load_best(run, program.build_model())


def test_another_model_is_no_teacher(run):
    program.build_model("standard").save(run.best_path)
    with pytest.raises(
        RunError, match="its 435,306 parameters are not the 184,234 in the same layers as here"
    ):
        folders.load_best(run, program.build_model())


def test_overwriting_a_run_removes_its_teachers(run):
    finish_epoch(folders.open_teacher(run, 1, run.settings))
    (run.path / "teachers" / "1" / "metrics.json").write_text("{}")
    again = RunFolder.create(run.path, {}, overwrite=True)
    assert folders.open_teacher(again, 1, {"new": 1}).settings == {"new": 1}


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
        (
            ["--recipe", "strong", "--teachers-of", "nowhere"],
            "--teachers-of nowhere does not exist",
        ),
        (
            ["--recipe", "strong", "--teachers-of", "."],
            ". holds no trained teachers, teachers/1 and",
        ),
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


def test_a_teacher_whose_settings_lack_one_is_refused(run, tmp_path):
    run.settings = {"kind": "separable", "data": "synthetic", "limit": None, "normalize": True}
    finish_teacher(run)
    words = ["--recipe", "strong", "--data", "synthetic", "--teachers-of", str(run.path)]
    result = CliRunner().invoke(program.main, words, terminal_width=200)
    assert "teachers/1 lack 'all_images'" in result.output


@pytest.mark.parametrize("new", ["run", "run/teachers/1", "other/../run", "linked", ".", "whole"])
def test_no_run_overwrites_the_teachers_that_it_copies(new, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run.settings = {"kind": "separable", "data": "synthetic", "limit": None, "normalize": True}
    run.settings["all_images"] = False
    finish_teacher(run)
    (tmp_path / "linked").symlink_to(run.path)
    # The teacher of the run is kept in the folder of another one.
    other = tmp_path / "whole" / "teachers" / "1"
    other.parent.mkdir(parents=True)
    (run.path / "teachers" / "1").rename(other)
    (run.path / "teachers" / "1").symlink_to(other)
    words = ["--recipe", "strong", "--data", "synthetic", "--overwrite", "--teachers-of", "run"]
    result = CliRunner().invoke(program.main, [*words, "--output-dir", new], terminal_width=200)
    assert result.exit_code != 0
    assert "are in one folder; give another --output-dir" in result.output
    assert folders.finished(run.path)


def test_a_damaged_teacher_is_replaced_by_its_checkpoint(run):
    teacher = folders.open_teacher(run, 1, run.settings)
    teacher.keep_variables(1, b"variables")
    teacher.keep_epoch({"epoch": 1, "val_loss": 0.5}, program.build_model().save)
    teacher.write_metrics({"settings": teacher.settings})
    teacher.best_path.write_bytes(b"damaged")
    opened = folders.open_teacher(run, 1, run.settings)
    assert opened.is_finished
    folders.load_best(opened, program.build_model())
    # Without a whole checkpoint, the file itself is all there is.
    for file in (teacher.path / "checkpoint").iterdir():
        file.write_bytes(b"damaged")
    folders.load_best(folders.open_teacher(run, 1, run.settings), program.build_model())
    (teacher.path / "metrics.json").unlink()
    with pytest.raises(RunError, match=r"teachers/1, that teacher is trained again"):
        folders.open_teacher(run, 1, run.settings)


def test_the_training_of_another_teacher_is_not_resumed(run):
    finish_epoch(folders.open_teacher(run, 1, {**run.settings, "seed": 2}))
    with pytest.raises(RunError, match=r"teachers/1 is the training of another run; without"):
        folders.open_teacher(run, 1, {**run.settings, "seed": 3})


def test_a_finished_teacher_has_the_settings_of_its_own_training(run):
    path = finish_teacher(run)
    assert folders.open_teacher(run, 1, {"kind": "standard"}).settings == run.settings
    for file in (path / "checkpoint").iterdir():
        file.unlink()
    assert folders.open_teacher(run, 1, {"kind": "standard"}).settings == run.settings


def test_a_whole_teacher_stays_as_it_is_whatever_became_of_its_checkpoint(run):
    """Its last epoch was the best one; the epoch before is not to take its place."""
    teacher = folders.open_teacher(run, 1, run.settings)
    for epoch, loss in ((1, 0.5), (2, 0.4)):
        teacher.keep_variables(epoch, b"variables")
        teacher.keep_epoch(
            {"epoch": epoch, "val_loss": loss}, lambda path, e=epoch: save(path, str(e))
        )
    teacher.write_metrics({"settings": teacher.settings})
    best = teacher.best_path.read_bytes()
    (teacher.path / "checkpoint" / "epoch-00002.json").write_text("damaged")
    assert folders.open_teacher(run, 1, run.settings).best_path.read_bytes() == best


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_a_teacher_that_answers_otherwise_is_refused(activation, run):
    model = program.build_model()
    model.layers[-1].activation = keras.activations.get(activation)
    model.save(run.best_path)
    with pytest.raises(RunError, match="in the same layers as here; without"):
        folders.load_best(run, program.build_model())
