"""The files of an example's run, interrupted at each of its writes."""

import json
import os
import subprocess
import sys

import pytest
from fashion_mnist import run_folder as runs
from fashion_mnist.run_folder import RunError, RunFolder, WriteError

LOSSES = [0.9, 0.5, 0.7, 0.4, 0.6]


class Killed(BaseException):
    """Stands for a SIGKILL: nothing catches it, and the files on disk stay as they are."""


def row(epoch):
    return {"epoch": epoch, "loss": 1.0, "val_loss": LOSSES[epoch - 1], "seconds": 0.5}


def train(folder):
    """Write what a training writes, from where the folder stopped."""
    for epoch in range(len(folder.rows) + 1, len(LOSSES) + 1):
        folder.keep_variables(epoch, b"variables %d" % epoch)
        folder.keep_epoch(row(epoch), lambda path, e=epoch: path.write_text(f"model {e}"))


def content(path):
    return {
        str(file.relative_to(path)): file.read_text()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(autouse=True)
def small_trial(monkeypatch):
    monkeypatch.setattr(runs, "_NEEDED_BYTES", 1000)


@pytest.fixture
def whole(tmp_path):
    folder = RunFolder.create(tmp_path / "whole", {"seed": 1}, overwrite=False)
    train(folder)
    return content(tmp_path / "whole")


def test_a_run_keeps_the_best_model_the_last_weights_and_the_history(whole):
    assert whole["best.keras"] == "model 4"
    assert set(whole) == {
        "best.keras",
        "history.csv",
        "checkpoint/epoch-00004.json",
        "checkpoint/epoch-00004.keras",
        "checkpoint/epoch-00004.npz",
        "checkpoint/epoch-00005.json",
        "checkpoint/epoch-00005.npz",
    }
    assert whole["history.csv"].splitlines()[:2] == ["epoch,loss,val_loss,seconds", "1,1.0,0.9,0.5"]
    assert len(whole["history.csv"].splitlines()) == 6
    state = json.loads(whole["checkpoint/epoch-00005.json"])["state"]
    assert state["settings"] == {"seed": 1}
    assert state["files"]["epoch-00004.keras"][0] == len("model 4")


def test_killed_at_any_step_it_ends_as_if_it_had_not_been(whole, tmp_path, monkeypatch):
    """Stop before, and in the middle of, each file operation, and resume from there."""
    number = 0
    while True:
        number += 1
        path = tmp_path / f"cut-{number}"
        count = [0]

        def interrupt(call, count=count, number=number):
            def counted(*args, **options):
                count[0] += 1
                if count[0] == number:
                    raise Killed
                return call(*args, **options)

            return counted

        with monkeypatch.context() as patch:
            # A killed process does not remove the file it was writing.
            patch.setattr(runs, "replace", replace_without_tidying)
            patch.setattr(runs.Path, "replace", interrupt(runs.Path.replace))
            patch.setattr(runs.Path, "write_text", interrupt(runs.Path.write_text))
            patch.setattr(runs.Path, "write_bytes", interrupt(runs.Path.write_bytes))
            patch.setattr(runs.Path, "unlink", interrupt(runs.Path.unlink))
            patch.setattr(runs.shutil, "copyfile", interrupt(runs.shutil.copyfile))
            patch.setattr(os, "fsync", interrupt(os.fsync))
            try:
                train(RunFolder.create(path, {"seed": 1}, overwrite=False))
                break
            except Killed:
                pass
        try:
            folder = RunFolder.resume(path)
        except RunError:
            folder = RunFolder.create(path, {"seed": 1}, overwrite=True)
        if folder.rows:
            assert folder.variables() == b"variables %d" % len(folder.rows)
            assert folder.best_path.read_text() == f"model {int(folder.best['epoch'])}"
        train(folder)
        assert content(path) == whole, number
    assert number > 60


def replace_without_tidying(path, save):
    partial = path.with_name(f"partial-{path.name}")
    save(partial)
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def test_what_was_kept_survives_a_failing_write(tmp_path, monkeypatch):
    folder = RunFolder.create(tmp_path / "run", {}, overwrite=False)
    folder.keep_variables(1, b"variables 1")
    folder.keep_epoch(row(1), lambda path: path.write_text("model 1"))
    before = content(tmp_path / "run")

    def fail(path):
        path.write_text("half of it")
        raise OSError(28, "No space left on device")

    with pytest.raises(WriteError, match=r"run can no longer be written: No space left"):
        folder.keep_epoch(row(2), fail)
    assert content(tmp_path / "run") == before
    monkeypatch.setattr(runs.Path, "write_bytes", lambda path, _: fail(path))
    with pytest.raises(WriteError, match=r"run can no longer be written: No space left"):
        folder.keep_variables(2, b"variables 2")
    assert content(tmp_path / "run") == before


def test_a_full_disk_is_found_before_the_training(tmp_path):
    """A limit on the size of files stands for a full disk."""
    code = (
        "import resource, signal, sys; from pathlib import Path;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20));"
        "from fashion_mnist.run_folder import RunFolder;"
        "RunFolder.create(Path(sys.argv[1]), {}, overwrite=False)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
        cwd=runs.Path(runs.__file__).parent.parent,
    )
    assert "RunError" in result.stderr
    assert "run can't hold the 32 MiB that a run writes: File too large" in result.stderr
    assert content(tmp_path / "run") == {}


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"file/run can't hold the .* Not a directory"):
        RunFolder.create(tmp_path / "file" / "run", {}, overwrite=False)


STATES = [
    "",
    "[]",
    "{}",
    '{"settings": {}}',
    "not JSON",
    '{"settings": {}, "rows": [], "files": {}}',
    '{"sha256": "", "state": {"settings": {}, "rows": [], "files": {}}}',
    "[" * 100_000,
]


@pytest.mark.parametrize("state", STATES)
def test_a_state_that_is_none_is_named(tmp_path, state):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "epoch-00001.json").write_text(state)
    what = "is not the state of a run" if state else "is empty"
    with pytest.raises(RunError, match=rf"no whole checkpoint .*epoch-00001\.json {what}"):
        RunFolder.resume(tmp_path)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('"seed": 1', '"seed": 2'), ('"epoch": 2', '"epoch": Infinity'), ("0.9", "0.8")],
)
def test_the_state_before_a_changed_one_is_used(right, wrong, tmp_path, whole):
    path = tmp_path / "run"
    train_until(RunFolder.create(path, {"seed": 1}, overwrite=False), 2)
    state = path / "checkpoint" / "epoch-00002.json"
    assert right in state.read_text()
    state.write_text(state.read_text().replace(right, wrong))
    folder = RunFolder.resume(path)
    assert folder.damages == [f"{state} is not the state of a run"]
    train(folder)
    assert content(path) == whole


def test_a_state_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "epoch-00001.json").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match=r"epoch-00001\.json is not the state of a run"):
        RunFolder.resume(tmp_path)


def test_a_run_is_removed_but_not_what_a_link_leads_to_or_what_is_another_s(tmp_path):
    path = tmp_path / "run"
    train_until(RunFolder.create(path, {"seed": 1}, overwrite=False), 1)
    mine = [path / "notes.txt", path / "checkpoint" / "mine.txt", path / "teachers" / "mine.txt"]
    (path / "teachers").mkdir()
    for file in mine:
        file.write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    train_until(RunFolder.create(elsewhere, {"seed": 2}, overwrite=False), 1)
    (path / "teachers" / "1").symlink_to(elsewhere)
    (path / "tensorboard").symlink_to(elsewhere)
    before = content(elsewhere)
    RunFolder.create(path, {"seed": 3}, overwrite=True)
    assert sorted(one for one in path.rglob("*") if one.is_file()) == sorted(mine)
    assert content(elsewhere) == before


@pytest.mark.parametrize("name", ["checkpoint", "tensorboard", "teachers"])
def test_a_file_in_place_of_a_folder_is_named(name, tmp_path):
    (tmp_path / name).touch()
    with pytest.raises(RunError, match=f"{name} is a file; a run has a folder of this name"):
        RunFolder.create(tmp_path, {}, overwrite=True)


def test_what_can_not_be_removed_is_named(tmp_path):
    (tmp_path / "run" / "checkpoint" / "epoch-00001.json").mkdir(parents=True)
    with pytest.raises(RunError, match=r"the earlier run in .*run can't be removed: "):
        RunFolder.create(tmp_path / "run", {}, overwrite=True)


def train_until(folder, last):
    for epoch in range(len(folder.rows) + 1, last + 1):
        folder.keep_variables(epoch, b"variables %d" % epoch)
        folder.keep_epoch(row(epoch), lambda path, e=epoch: path.write_text(f"model {e}"))


DAMAGES = {
    "can't be read: No such file": runs.Path.unlink,
    "is empty": lambda path: path.write_bytes(b""),
    "bytes instead of": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "its SHA-256 is another": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("epochs", [2, 3, 4, 5])
def test_the_checkpoint_before_a_damaged_one_is_used(damage, epochs, tmp_path, whole):
    path = tmp_path / "run"
    train_until(RunFolder.create(path, {"seed": 1}, overwrite=False), epochs)
    damaged = path / "checkpoint" / f"epoch-0000{epochs}.npz"
    DAMAGES[damage](damaged)
    folder = RunFolder.resume(path)
    (said,) = folder.damages
    assert str(damaged) in said
    assert damage in said
    assert len(folder.rows) == epochs - 1
    assert folder.variables() == b"variables %d" % (epochs - 1)
    assert folder.best_path.read_text() == f"model {int(folder.best['epoch'])}"
    assert RunFolder.resume(path).damages == []
    train(folder)
    assert content(path) == whole


@pytest.mark.parametrize("damage", [one for one in DAMAGES if "read" not in one])
def test_the_state_before_a_damaged_one_is_used(damage, tmp_path, whole):
    path = tmp_path / "run"
    train_until(RunFolder.create(path, {"seed": 1}, overwrite=False), 3)
    DAMAGES[damage](path / "checkpoint" / "epoch-00003.json")
    folder = RunFolder.resume(path)
    assert "epoch-00003.json is" in folder.damages[0]
    assert len(folder.rows) == 2
    train(folder)
    assert content(path) == whole


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_best_model_is_replaced_by_its_copy(damage, tmp_path, whole):
    path = tmp_path / "run"
    train_until(RunFolder.create(path, {"seed": 1}, overwrite=False), 5)
    best = path / "checkpoint" / "epoch-00004.keras"
    DAMAGES[damage](best)
    assert RunFolder.resume(path).damages == []
    assert content(path) == whole
    DAMAGES[damage](best)
    DAMAGES[damage](path / "best.keras")
    with pytest.raises(RunError, match=r"no whole checkpoint .*: .*epoch-00004\.keras") as caught:
        RunFolder.resume(path)
    assert damage in str(caught.value)


def test_there_must_be_something_to_resume(tmp_path):
    with pytest.raises(RunError, match="has no finished epoch"):
        RunFolder.resume(tmp_path)
    with pytest.raises(RunError, match="does not exist; give the --output-dir of a run"):
        RunFolder.resume(tmp_path / "nowhere")
    (tmp_path / "metrics.json").touch()
    with pytest.raises(RunError, match="a finished run without the checkpoint to --resume from"):
        RunFolder.resume(tmp_path)
