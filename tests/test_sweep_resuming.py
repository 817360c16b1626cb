"""Sweeps that go on after parts were lost or cut, and while somebody else writes."""

import errno
import importlib
import json
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest
from test_sweep_export import digest, small, stop_after

import convcost
from convcost._sweeps import export, locks, marks

SUFFIXES = [".parquet", ".csv", ".json", ".zarr"]


def without_biases():
    # Zarr stores no chunk that holds only zeros: those of the bias additions.
    return small(bias=False)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "lost": Path.unlink,
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "changed": change,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_part_is_made_again(suffix, damage, tmp_path, monkeypatch):
    whole = without_biases().write(tmp_path / f"whole{suffix}", part=10)
    with monkeypatch.context() as patch:
        stop_after(patch, 4)
        with pytest.raises(KeyboardInterrupt):
            without_biases().write(tmp_path / f"cut{suffix}", part=10)
    data = tmp_path / f"cut{suffix}.unfinished" / "data"
    finished = sorted(path for path in data.rglob("*") if path.is_file())
    assert len(finished) >= 3
    for path in (finished[0], finished[-1]):
        DAMAGES[damage](path)
    cut_short = without_biases().write(tmp_path / f"cut{suffix}", part=10)
    assert digest(cut_short) == digest(whole)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"part-00.csv": [3', '{"part-00.csv": 3}'])
def test_a_damaged_mark_marks_nothing(content, tmp_path, monkeypatch):
    whole = small().write(tmp_path / "whole.csv", part=10)
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            small().write(tmp_path / "cut.csv", part=10)
    done = tmp_path / "cut.csv.unfinished" / "done"
    assert len(list(done.iterdir())) == 3
    for path in done.iterdir():
        path.write_text(content)
    fractions = []
    assert digest(small().write(tmp_path / "cut.csv", part=10, progress=fractions.append)) == (
        digest(whole)
    )
    assert fractions[0] == 1 / 16  # none of the 16 parts was finished


def test_a_part_that_somebody_removes_meanwhile_is_missed(tmp_path, monkeypatch):
    run_calls = export.engines.run_calls

    def remove_one(function, calls, *more):
        run_calls(function, calls, *more)
        (tmp_path / "all.csv.unfinished" / "data" / "part-03.csv").unlink()

    monkeypatch.setattr(export.engines, "run_calls", remove_one)
    with pytest.raises(FileNotFoundError, match="lost 1 finished parts, such as part-03") as caught:
        small().write(tmp_path / "all.csv", part=10)
    assert caught.value.errno == errno.ENOENT
    monkeypatch.undo()
    assert not (tmp_path / "all.csv").exists()
    whole = small().write(tmp_path / "whole.csv", part=10)
    assert digest(small().write(tmp_path / "all.csv", part=10)) == digest(whole)


def test_parts_beside_a_target_that_came_later_stay(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            small().write(tmp_path / "all.csv", part=10)
    (tmp_path / "all.csv").write_text("mine")
    with pytest.raises(FileExistsError, match="already exists; give another path, or overwrite="):
        small().write(tmp_path / "all.csv", part=10)
    assert len(list((tmp_path / "all.csv.unfinished" / "data").iterdir())) == 3


@pytest.mark.parametrize("suffix", [".csv", ".zarr"])
def test_a_file_among_the_parts_stays(suffix, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            small().write(tmp_path / f"all{suffix}", part=10)
    mine = tmp_path / f"all{suffix}.unfinished" / "data" / "part-100.csv"
    mine.write_text("precious")
    with pytest.raises(FileExistsError, match="is not a part of the design space; move it away"):
        small().write(tmp_path / f"all{suffix}", part=10)
    assert mine.read_text() == "precious"


def test_a_mark_comes_after_its_part_is_on_the_disk(tmp_path, monkeypatch):
    events = []
    replace, fsync = Path.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (events.append("sync"), fsync(number)))
    monkeypatch.setattr(
        Path, "replace", lambda old, new: (events.append(new.name), replace(old, new))[1]
    )
    small().write(tmp_path / "all.csv")
    first, *_, last = (place for place, event in enumerate(events) if event == "part-0.csv")
    assert first < last  # the part, then its mark
    assert events[first - 1] == "sync"
    # The part's name in its folder, the part and the folder again, and the mark.
    assert events[first + 1 : last].count("sync") >= 3


def test_folders_that_can_not_be_synced_are_left_alone(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(marks.os, "open", refuse)
    marks.sync_folder(tmp_path)


HOLD = """
import sys, time, convcost
space = convcost.Space(convcost.standard, dk=[3, 5], m=[1, 2], n=[3], df=[4, 7])
def hold(fraction):
    print("writing", flush=True)
    time.sleep(300)
space.write(sys.argv[1], part=2, progress=hold)
"""


def held():
    return convcost.Space(convcost.standard, dk=[3, 5], m=[1, 2], n=[3], df=[4, 7])


def test_a_second_writer_hears_of_the_first_until_that_is_killed(tmp_path):
    path = tmp_path / "all.csv"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert first.stdout.readline() == "writing\n"
        for overwrite in (False, True):
            with pytest.raises(BlockingIOError, match="being written by another process") as caught:
                held().write(path, part=2, overwrite=overwrite)
            assert f"(process {first.pid})" in str(caught.value)
            assert (caught.value.errno, caught.value.filename) == (errno.EAGAIN, str(path))
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=60)
    # The lock file is still there, but it locks nothing any more.
    assert (tmp_path / "all.csv.unfinished" / "lock").exists()
    held().write(path, part=2)
    assert [one.name for one in tmp_path.iterdir()] == ["all.csv"]


def test_a_second_call_in_the_same_process_is_refused_too(tmp_path):
    folder = tmp_path / "all.csv.unfinished"
    with (
        locks.sole_writer(folder, tmp_path / "all.csv"),
        pytest.raises(BlockingIOError, match=f"process {os.getpid()}"),
    ):
        held().write(tmp_path / "all.csv")
    assert not folder.exists()


def test_a_lock_that_was_removed_meanwhile_is_not_held(tmp_path, monkeypatch):
    """The first writer finishes between the second one's opening and locking the file."""
    folder = tmp_path / "folder"
    lock, left = locks._lock, [Path.unlink, lambda path: (path.unlink(), path.touch())]

    def finish_first(descriptor):
        if left:
            left.pop()(folder / "lock")
        return lock(descriptor)

    monkeypatch.setattr(locks, "_lock", finish_first)
    with locks.sole_writer(folder, tmp_path):
        assert (folder / "lock").read_text() == f"process {os.getpid()}"
    assert not folder.exists()


def test_a_folder_that_was_removed_meanwhile_is_made_again(tmp_path, monkeypatch):
    make, left = Path.mkdir, [1]

    def remove_once(path, **options):
        make(path, **options)
        if left and left.pop():
            path.rmdir()

    monkeypatch.setattr(Path, "mkdir", remove_once)
    with locks.sole_writer(tmp_path / "folder", tmp_path):
        assert (tmp_path / "folder" / "lock").exists()


def test_a_file_system_without_locks_is_written_to(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert held().write(tmp_path / "all.csv").exists()


def test_on_windows_the_lock_is_msvcrts(tmp_path, monkeypatch):
    locked = []

    def locking(descriptor, mode, number):
        if locked:
            raise OSError(errno.EACCES, "Permission denied")
        locked.append((mode, number, os.lseek(descriptor, 0, os.SEEK_CUR)))

    def find(name):
        if name == "fcntl":
            raise ImportError(name)
        return types.SimpleNamespace(locking=locking, LK_NBLCK=2)

    unlink, closed = Path.unlink, []

    def unlink_closed(path, **options):
        if path.name == "lock" and not closed:
            closed.append(1)
            raise PermissionError(errno.EACCES, "in use")
        unlink(path, **options)

    monkeypatch.setattr(locks, "import_module", find)
    monkeypatch.setattr(Path, "unlink", unlink_closed)
    folder = tmp_path / "folder"
    with locks.sole_writer(folder, tmp_path):
        assert locked == [(2, 1, 1 << 20)]
        with pytest.raises(BlockingIOError), locks.sole_writer(folder, tmp_path):
            pass
    assert not folder.exists()


def test_about_and_marks_are_plain(tmp_path, monkeypatch):
    stop_after(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        small().write(tmp_path / "all.csv", part=10)
    folder = tmp_path / "all.csv.unfinished"
    (mark,) = (folder / "done").iterdir()
    ((name, (size, checksum)),) = json.loads(mark.read_text()).items()
    part = folder / "data" / name
    assert mark.name == name
    assert size == part.stat().st_size
    assert checksum == importlib.import_module("hashlib").sha256(part.read_bytes()).hexdigest()
