"""Sweeps as files: complete or absent, and the same bytes after a kill."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import dask
import pandas as pd
import pytest
import xarray as xr

import convcost
from convcost._sweeps import export

RUNS = int(os.environ.get("CONVCOST_KILLED_RUNS", "1"))


def small(**more):
    axes = {"dk": [3, 5], "m": range(8, 65, 8), "n": [4, 2, 8], "df": [7, 14]}
    return convcost.Space(convcost.separable, **axes, **more)


READERS = {
    ".parquet": pd.read_parquet,
    ".csv": pd.read_csv,
    ".json": lambda path: pd.read_json(path, orient="records"),
}


def read(folder):
    parts = sorted(folder.iterdir())
    return pd.concat([READERS[folder.suffix](part) for part in parts], ignore_index=True)


@pytest.mark.parametrize("suffix", sorted(READERS))
def test_all_designs_in_parts(suffix, tmp_path):
    space = small(bias=[True, False])
    fractions = []
    path = space.write(tmp_path / f"all{suffix}", part=10, progress=fractions.append)
    assert fractions[-1] == 1
    assert sorted(fractions) == fractions
    table = read(path)
    assert len(table) == space.size
    assert not list(tmp_path.glob("*unfinished*"))
    for row in table.to_dict("records")[::13]:
        flag = row["bias"] in (True, "True")
        cost = convcost.separable(row["dk"], row["m"], row["n"], row["df"], bias=flag)
        assert (row["params"], row["macs"], row["flops"]) == (cost.params, cost.macs, cost.flops)


def test_words_are_columns_whoever_counts(tmp_path):
    with dask.config.set(scheduler="synchronous"):
        table = read(small(bias=[True, False]).write(tmp_path / "all.parquet"))
    assert table.bias.astype(str).value_counts().to_dict() == {"True": 96, "False": 96}


def test_those_that_fulfil_a_condition(tmp_path):
    where = "macs <= 1e5 and m % 16 == 0"
    table = read(small().write(tmp_path / "some.parquet", where, part=7))
    assert len(table) == small().count(where) > 0
    assert (table.macs <= 1e5).all()
    # As one file: readers treat a folder of Parquet files as one.
    assert len(pd.read_parquet(tmp_path / "some.parquet")) == len(table)


def test_a_grid_as_zarr(tmp_path):
    space = small(bias=[True, False])
    path = space.write(tmp_path / "grid.zarr", part=10)
    assert xr.open_zarr(path).load().equals(space.dataset())
    with pytest.raises(ValueError, match=r"where must be left out for a \.zarr store"):
        space.write(tmp_path / "other.zarr", "macs > 3")


def test_what_is_there_is_not_overwritten(tmp_path):
    path = small().write(tmp_path / "all.csv")
    with pytest.raises(FileExistsError, match="already exists"):
        small().write(path)
    before = digest(path)
    small(bias=False).write(path, overwrite=True)
    assert digest(path) != before
    (tmp_path / "file.csv").write_text("mine")
    small().write(tmp_path / "file.csv", overwrite=True)
    assert digest(tmp_path / "file.csv") == before


def test_parts_of_something_else_are_not_mixed_in(tmp_path, monkeypatch):
    stop_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        small().write(tmp_path / "all.csv", part=10)
    monkeypatch.undo()
    with pytest.raises(FileExistsError, match="parts of another space"):
        small(bias=False).write(tmp_path / "all.csv", part=10)
    with pytest.raises(FileExistsError, match="parts of another space"):
        small().write(tmp_path / "all.csv", part=11)
    small(bias=False).write(tmp_path / "all.csv", part=10, overwrite=True)
    assert len(read(tmp_path / "all.csv")) == small().size


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["mine.txt", "about.json", "done", ".about.json.tmp"])
def test_a_folder_that_is_not_ours_stays(name, overwrite, tmp_path):
    mine = tmp_path / "all.csv.unfinished" / name
    mine.parent.mkdir()
    mine.write_text("precious")
    for where in (None, "macs > 3"):
        with pytest.raises(FileExistsError, match="needed for unfinished parts, but holds some"):
            small().write(tmp_path / "all.csv", where, overwrite=overwrite)
    assert mine.read_text() == "precious"
    assert not (tmp_path / "all.csv").exists()


def test_a_file_or_a_link_is_no_folder_of_parts(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "link.csv.unfinished").symlink_to(elsewhere)
    (tmp_path / "file.csv.unfinished").write_text("mine")
    for name in ("link.csv", "file.csv"):
        with pytest.raises(FileExistsError, match="move it away, or give another path"):
            small().write(tmp_path / name, overwrite=True)
    assert (tmp_path / "file.csv.unfinished").read_text() == "mine"


def test_a_file_put_into_our_folder_stays(tmp_path, monkeypatch):
    stop_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        small().write(tmp_path / "all.csv", part=10)
    monkeypatch.undo()
    mine = tmp_path / "all.csv.unfinished" / "mine.txt"
    mine.write_text("precious")
    with pytest.raises(FileExistsError, match="holds something else"):
        small().write(tmp_path / "all.csv", part=10, overwrite=True)
    mine.unlink()
    finish = export._finish

    def put_in(folder, target):
        mine.write_text("late")
        finish(folder, target)

    monkeypatch.setattr(export, "_finish", put_in)
    small().write(tmp_path / "all.csv", part=10)
    assert [path.name for path in mine.parent.iterdir()] == ["mine.txt"]
    # The target is there, and complete, but what is beside it is not ours to remove.
    with pytest.raises(FileExistsError, match="already exists"):
        small().write(tmp_path / "all.csv", part=10)
    assert mine.read_text() == "late"


def test_a_run_that_was_killed_at_once_is_resumed(tmp_path):
    folder = tmp_path / "all.csv.unfinished"
    folder.mkdir()
    (folder / ".about.json.17.tmp").write_text("ha")
    assert len(read(small().write(tmp_path / "all.csv"))) == small().size
    assert not folder.exists()
    # Killed while it cleaned up.
    folder.mkdir()
    about = export._about(small(), None, ".csv", 1 << 20)
    (folder / "about.json").write_text(json.dumps(about))
    assert small().write(tmp_path / "all.csv") == tmp_path / "all.csv"
    assert not folder.exists()


@pytest.mark.parametrize("suffix", [".csv", ".zarr"])
def test_only_folders_of_designs_are_overwritten(suffix, tmp_path):
    mine = tmp_path / f"all{suffix}" / "thesis.csv"
    mine.parent.mkdir()
    mine.write_text("precious")
    with pytest.raises(FileExistsError, match="was not written from a design space"):
        small().write(mine.parent, overwrite=True)
    assert mine.read_text() == "precious"
    mine.unlink()
    small().write(mine.parent, overwrite=True)
    small().write(mine.parent, overwrite=True)
    link = tmp_path / f"link{suffix}"
    link.symlink_to(mine.parent)
    with pytest.raises(FileExistsError, match="was not written from a design space"):
        small().write(link, overwrite=True)


def stop_after(monkeypatch, number):
    """Interrupt the writing after a number of parts."""
    run = export._run
    done = []

    def interrupted(*arguments):
        if len(done) == number:
            raise KeyboardInterrupt
        done.append(1)
        run(*arguments)

    monkeypatch.setattr(export, "_run", interrupted)


def digest(folder):
    """Return a digest of every byte in a folder."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return total.hexdigest()


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".zarr"])
def test_interrupted_and_gone_on(suffix, tmp_path, monkeypatch):
    whole = small().write(tmp_path / f"whole{suffix}", part=10)
    for number in range(4):
        stop_after(monkeypatch, number)
        with pytest.raises(KeyboardInterrupt):
            small().write(tmp_path / f"cut{suffix}", part=10)
        monkeypatch.undo()
        assert not (tmp_path / f"cut{suffix}").exists()
    # What a kill in the middle of a file leaves behind.
    (tmp_path / f"cut{suffix}.unfinished" / "data" / ".part-3.csv.17.tmp").write_text("half")
    fractions = []
    cut = small().write(tmp_path / f"cut{suffix}", part=10, progress=fractions.append)
    assert digest(cut) == digest(whole)
    assert fractions[0] > 0.1  # three parts were finished


def test_stopped_after_the_last_part(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(export.shutil, "rmtree", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            small().write(tmp_path / "all.csv")
    small().write(tmp_path / "all.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["all.csv"]


PROGRAM = """
import sys, convcost
axes = dict(dk=[3, 5], m=range(1, 65), n=range(1, 65), df=range(1, 65))
space = convcost.Space(convcost.separable, **axes)
space.write(sys.argv[1], "macs <= 1e6", part=1 << 12, progress=lambda _: print("part", flush=True))
"""


@pytest.mark.parametrize("run", range(RUNS))
def test_killed_and_started_again_ends_with_the_same_bytes(run, tmp_path):
    whole = tmp_path / "whole.parquet"
    command = [sys.executable, "-c", PROGRAM]
    subprocess.run([*command, whole], check=True, capture_output=True, timeout=300)
    path = tmp_path / "killed.parquet"
    kills = 0
    source = random.Random(run)
    while not path.exists():
        process = subprocess.Popen(
            [*command, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if kills < 3:
            # At any moment after the first part is finished.
            process.stdout.readline()
            time.sleep(source.random() * 0.1)
            process.send_signal(signal.SIGKILL)
            kills += 1
        output, _ = process.communicate(timeout=300)
        assert process.returncode in (0, -signal.SIGKILL), output
    assert kills > 0
    assert digest(path) == digest(whole)
    assert not list(tmp_path.glob("*.unfinished"))


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("all.xlsx", ValueError, "ends with .parquet, .csv, .json or .zarr"),
        ("all", ValueError, "ends with"),
        (3, TypeError, "path must be a string or a path; got 3"),
        ("nowhere/all.csv", FileNotFoundError, "can't be written: nowhere is not a folder"),
    ],
)
def test_what_is_no_path_is_refused(path, error, message):
    with pytest.raises(error, match=message):
        small().write(path)


def test_a_table_is_one_file(tmp_path):
    table = small().top(5, "macs")
    for suffix, reader in READERS.items():
        path = export.write_table(table, tmp_path / f"top{suffix}")
        assert path.is_file()
        pd.testing.assert_frame_equal(reader(path), table)
    assert json.loads((tmp_path / "top.json").read_text())[0]["dk"] == 5
    with pytest.raises(ValueError, match="a table has no axes"):
        export.write_table(table, tmp_path / "top.zarr")
    with pytest.raises(TypeError, match="part must be"):
        small().write(tmp_path / "x.csv", part=1.5)


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(OSError, match="No space left"):
        small().write(tmp_path / "all.csv", part=10)
    assert not (tmp_path / "all.csv").exists()
    assert not list(tmp_path.rglob("*.tmp"))
    monkeypatch.undo()
    assert len(read(small().write(tmp_path / "all.csv", part=10))) == small().size


def test_on_a_cluster_a_killed_worker_changes_nothing(tmp_path):
    distributed = pytest.importorskip("distributed")
    axes = {"dk": [3, 5], "m": range(1, 129), "n": range(1, 129), "df": range(1, 33)}
    space = convcost.Space(convcost.separable, **axes)
    where = "macs <= 1e6"
    expected = space.count(where, method="all"), space.top(20, "params", where, method="all")
    for run in range(RUNS):
        with (
            distributed.LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                memory_limit="1GiB",
                dashboard_address=None,
                processes=True,
            ) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            source, kills = random.Random(run), []
            moment = source.uniform(0.1, 0.8)

            def kill(share, moment=moment, kills=kills, cluster=cluster):
                if share >= moment and not kills:
                    worker = next(iter(cluster.workers.values()))
                    os.kill(worker.pid, signal.SIGKILL)
                    kills.append(share)

            how = {"client": client, "block": 1 << 12}
            assert space.count(where, progress=kill, **how) == expected[0]
            assert kills
            pd.testing.assert_frame_equal(space.top(20, "params", where, **how), expected[1])
            path = space.write(
                tmp_path / f"cluster{run}.parquet", where, client=client, part=1 << 18
            )
            here = space.write(tmp_path / f"here{run}.parquet", where, part=1 << 18)
            assert digest(path) == digest(here)
            limits = client.run(lambda dask_worker: dask_worker.memory_manager.memory_limit)
            used = client.run(lambda dask_worker: dask_worker.monitor.get_process_memory())
            assert all(used[name] <= limit for name, limit in limits.items())


def test_what_goes_wrong_on_a_cluster_is_told():
    distributed = pytest.importorskip("distributed")
    space = convcost.Space(convcost.standard, dk=[3], m=[2**31], n=[2**31], df=[1, 7])
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None, processes=False
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        fractions = []
        small().count("macs > 1", client=client, progress=fractions.append)
        assert fractions[-1] == 1
        with pytest.raises(OverflowError, match="params reaches"):
            space.count("macs > 1", client=client)
