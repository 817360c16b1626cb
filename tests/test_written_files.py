"""Files that are written: what was there before is kept, until the new content is on the disk."""

import errno
import json
import os
import stat
import sys
from pathlib import Path

import pytest

import convcost
from convcost._cli import main as cli
from convcost._report import files

MODEL = "docs/gallery/fashion_mnist.json"
not_windows = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


@pytest.fixture
def project(tmp_path, monkeypatch):
    text = Path(MODEL).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("model.json", "other.json"):
        Path(name).write_text(text, encoding="utf-8")
    return text


def failing(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_full_disk_keeps_the_old_file(project, monkeypatch):
    report = convcost.summary("model.json")
    before = report.to_json("x.json")
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    for write in (report.to_json, report.to_csv, report.to_latex, report.to_html):
        with pytest.raises(OSError, match="No space left") as raised:
            write("x.json")
        assert Path(raised.value.filename).name == "x.json"
    assert cli.run(["check", "model.json", "--baseline", "x.json", "--update"]) == 2
    assert cli.run(["summary", "model.json", "--top", "1", "-o", "x.json"]) == 2
    assert Path("x.json").read_text(encoding="utf-8") == before
    assert sorted(one.name for one in Path.cwd().iterdir()) == [
        "model.json",
        "other.json",
        "x.json",
    ]


@not_windows
def test_permissions_and_links_are_kept(project):
    target = Path("x.csv")
    target.write_text("old")
    target.chmod(0o640)
    Path("link.csv").symlink_to(target)
    text = convcost.summary("model.json").to_csv("link.csv")
    assert Path("link.csv").is_symlink()
    assert target.read_text() == text
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    Path("dangling.csv").symlink_to("new.csv")
    assert convcost.summary("model.json").to_csv("dangling.csv") == Path("new.csv").read_text()


@not_windows
def test_devices_and_the_output_itself_are_written_to(capfd):
    files.written("text", os.devnull)
    assert not Path(os.devnull).is_file()
    files.written("text", "/dev/stdout")
    sys.stdout.flush()
    assert capfd.readouterr().out == "text"


def test_a_place_that_takes_no_other_file_is_written_to_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    monkeypatch.setattr(files, "_replace", failing(errno.EBUSY))  # as for a mounted file
    with pytest.raises(OSError, match=os.strerror(errno.EBUSY)):
        files.written("text", path)
    path.write_text("old")
    files.written("text", path)
    assert path.read_text() == "text"


def test_a_figure_is_written_as_a_whole(project, monkeypatch):
    pytest.importorskip("matplotlib")
    Path("x.svg").write_text("old")
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    assert cli.run(["summary", "model.json", "-o", "x.svg"]) == 2
    assert Path("x.svg").read_text() == "old"
    monkeypatch.undo()


@pytest.mark.parametrize(
    "line",
    [
        "summary model.json -o model.json",
        "compare other.json model.json -o model.json",
        "whatif model.json --width 0.5 -o model.json",
        "check model.json --max-macs 1k -o model.json",
        "check other.json --baseline model.json -o model.json",
        "check --config convcost.toml -o model.json",
        "summary model.json -o link.json",
    ],
)
@not_windows
def test_no_output_replaces_its_own_source(line, project, capsys):
    Path("link.json").symlink_to("model.json")
    Path("convcost.toml").write_text('[models.a]\nsource = "model.json"\nmax-params = 1\n')
    assert cli.run(line.split()) == 2
    assert "model.json itself, which it would replace; give another file" in capsys.readouterr().err
    assert Path("model.json").read_text(encoding="utf-8") == project


def test_an_output_does_not_replace_the_file_with_budgets(project, capsys):
    budget = '[models.a]\nsource = "model.json"\nmax-params = 1\n'
    Path("convcost.toml").write_text(budget)
    assert cli.run(["check", "-o", "convcost.toml", "--json"]) == 2
    assert "convcost.toml itself" in capsys.readouterr().err
    assert Path("convcost.toml").read_text() == budget


NO_REPORT = (
    "Error: --update would replace {}, which is not a saved report of convcost; give another file"
    " as the baseline, or remove this one"
)


@not_windows
@pytest.mark.parametrize("baseline", ["other.json", "link.json", "folder.json", "cut.json"])
def test_an_update_replaces_only_saved_reports(baseline, project, capsys):
    Path("link.json").symlink_to("other.json")
    Path("folder.json").mkdir()
    Path("cut.json").write_text('{"version": 1, "con')
    assert cli.run(["check", "model.json", "--baseline", baseline, "--update"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == NO_REPORT.format(baseline)
    Path("convcost.toml").write_text(
        f'[models.a]\nsource = "model.json"\nbaseline = "{baseline}"\n'
    )
    assert cli.run(["check", "--update"]) == 2
    assert Path("other.json").read_text(encoding="utf-8") == project


def test_an_update_replaces_neither_a_source_nor_a_comparison(project, capsys):
    report = convcost.summary("model.json").to_json("report.json")
    assert cli.run(["check", "report.json", "--baseline", "report.json", "--update"]) == 2
    assert "replace report.json, which is the source itself" in capsys.readouterr().err
    assert Path("report.json").read_text(encoding="utf-8") == report
    convcost.compare("model.json", "other.json").to_json("both.json")
    assert cli.run(["check", "model.json", "--baseline", "both.json", "--update"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == NO_REPORT.format("both.json")


def test_an_update_replaces_a_report_of_another_version(project):
    data = json.loads(convcost.summary("model.json").to_json()) | {"version": 99}
    Path("report.json").write_text(json.dumps(data))
    assert cli.run(["check", "model.json", "--baseline", "report.json", "--update"]) == 0
    assert json.loads(Path("report.json").read_text())["version"] == 1
