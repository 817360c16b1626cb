"""What commands write to: narrow, old and missing terminals, closed pipes, full disks."""

import errno
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import convcost
from conftest import SCRIPT
from convcost._cli import main as cli
from convcost._cli.output import message_of, show_table, usage_errors
from convcost._report.files import written

SWEEP = "sweep separable --dk 3,5 --m 8:65:8 --n 8:65:8 --df 7"
COMMANDS = [
    "--help",
    "--version",
    "standard 3 1 32 28",
    "separable 3 32 64 28 --json",
    "ratio 3 32 64",
    "summary MODEL --intensity --effective",
    "summary MODEL --group kind",
    "summary MODEL --format csv",
    "summary MODEL --format json",
    "summary MODEL --format markdown",
    "summary MODEL --format latex",
    "compare MODEL MODEL",
    "whatif MODEL --separable",
    "whatif MODEL --width 0.5 --format markdown",
    f"{SWEEP} --count",
    f"{SWEEP} --top 3 --by macs",
    f"{SWEEP} --maximize params --minimize macs --json",
    "verify --help",
    "verify --cases 1 --kind Dense --oracle keras",
]
# Commands that are refused, in one message.
REFUSED = [
    "summary UNKNOWN",
    "summary nope中.json",
    "nope中",
    "standard 3 0 1 1",
    f"{SWEEP} --count --where 中>3",
    "sweep separable --dk 中 --m 3 --n 3 --df 3 --count",
]
ENCODINGS = [("ascii", "strict"), ("ascii", "surrogateescape"), ("cp1252", "strict")]
ENCODINGS += [("utf-8", "strict"), ("latin-1", "strict")]


def config(kind):
    layers = [
        {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 28, 28, 3]}},
        {"class_name": "Conv2D", "config": {"name": "é中😀", "filters": 8, "kernel_size": [3, 3]}},
        {"class_name": kind, "config": {"name": "last"}},
    ]
    return {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    paths = {"MODEL": folder / "model.json", "UNKNOWN": folder / "unknown.json"}
    for name, kind in (("MODEL", "Flatten"), ("UNKNOWN", "Nope")):
        paths[name].write_text(json.dumps(config(kind)))

    def of(line):
        return [str(paths.get(word, word)) for word in line.split(" ")]

    return of


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    # A page is written to the working directory.
    monkeypatch.chdir(tmp_path)


class Stream(io.TextIOWrapper):
    """A stream into memory, with an encoding of its own."""

    def __init__(self, encoding="utf-8", errors="strict"):
        super().__init__(io.BytesIO(), encoding=encoding, errors=errors)

    def written(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding, "surrogateescape")


@pytest.mark.parametrize(("encoding", "errors"), ENCODINGS)
@pytest.mark.parametrize("line", [*COMMANDS, *REFUSED])
def test_an_old_terminal_gets_an_answer(line, encoding, errors, words, monkeypatch):
    out, err = Stream(encoding, errors), Stream(encoding, "backslashreplace")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    code = cli.run(words(line))
    assert "Traceback" not in err.written()
    assert "codec" not in err.written()
    if line in REFUSED:
        assert code == 2
        assert "Error: " in err.written()
    else:
        assert (code, err.written()) == (0, "")
        assert out.written().strip()
    if line.startswith("summary MODEL --format csv"):
        assert "224" in out.written()
    # As they were, for whoever calls the command from Python.
    assert (out.errors, err.errors) == (errors, "backslashreplace")


@pytest.mark.parametrize("columns", ["0", "1", "-5", "garbage", "", "9" * 30])
@pytest.mark.parametrize("line", [line for line in COMMANDS if "--cases" not in line])
def test_any_width_of_the_terminal_is_met(line, columns, words, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", columns)
    assert cli.run(words(line)) == 0
    captured = capsys.readouterr()
    assert captured.out.strip()
    assert captured.err == ""
    if line.startswith("summary MODEL --intensity"):
        assert "146,016" in captured.out


def closed_pipe():
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w", encoding="utf-8")


@pytest.mark.parametrize("line", COMMANDS)
def test_a_reader_that_has_gone_is_no_error(line, words, monkeypatch, capsys):
    stream = closed_pipe()
    monkeypatch.setattr(sys, "stdout", stream)
    assert cli.run(words(line)) == 141
    assert capsys.readouterr().err == ""
    stream.close()


def test_head_ends_a_command_without_a_message():
    stream = closed_pipe()
    command = [str(SCRIPT), *SWEEP.split(), "--top", "100", "--by", "macs"]
    done = subprocess.run(command, stdout=stream, stderr=subprocess.PIPE, text=True, check=False)
    stream.close()
    assert (done.returncode, done.stderr) == (141, "")


FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


@needs_full
@pytest.mark.parametrize("line", COMMANDS)
def test_a_full_disk_is_one_line_for_every_command(line, words, monkeypatch, capsys):
    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert cli.run(words(line)) == 2
        message = "Error: the output can't be written: No space left on device\n"
        assert capsys.readouterr().err == message


@needs_full
@pytest.mark.parametrize("line", [*COMMANDS, *REFUSED])
def test_errors_that_can_not_be_written_change_no_exit_code(line, words, monkeypatch):
    out = Stream()
    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", full)
        code = cli.run(words(line))
    assert code == (2 if line in REFUSED else 0)
    assert bool(out.written()) == (line not in REFUSED)


@needs_full
def test_a_full_disk_for_results_and_errors(monkeypatch):
    with FULL.open("w") as out, FULL.open("w") as err:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        assert cli.run(["standard", "3", "1", "1", "1"]) == 2


@pytest.mark.parametrize("line", ["standard 3 1 32 28", f"{SWEEP} --count", "--help"])
def test_no_output_at_all_is_no_success(line, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.run(words(line)) == 2
    assert capsys.readouterr().err == "Error: there is no standard output to write to\n"


@pytest.mark.parametrize("line", [f"{SWEEP} --count", "summary MODEL"])
def test_no_stream_for_errors_is_no_obstacle(line, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.run(words(line)) == 0
    assert capsys.readouterr().out


def test_half_of_a_surrogate_pair_is_written_to_files(tmp_path):
    # UTF-8 can't hold it, but a name in a model may.
    assert written("half \ud83d", tmp_path / "x.csv") == "half \ud83d"
    assert (tmp_path / "x.csv").read_text(encoding="utf-8") == r"half \ud83d"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{SWEEP} --count --where foo>3", "--where must have only params, macs, "),
        (f"{SWEEP} --top 3 --by macs/m", "--by must be a sum of products"),
        (f"{SWEEP} --maximize foo", "--maximize must have only "),
        (f"{SWEEP} -o TAKEN", "out.csv: already exists; give another path, or --overwrite"),
        (f"{SWEEP} -o nowhere/x.csv", "nowhere/x.csv: can't be written: nowhere is not a folder"),
        (f"{SWEEP} -o x.zarr --where m>3", "--where must be left out for a .zarr store"),
        (f"{SWEEP} --count --scheduler nope", "--scheduler nope can't be reached: "),
        ("sweep separable --dk 3,x --m 8 --n 8 --df 7 --count", "--dk[1] must be a positive"),
        (
            "sweep Conv2D --filters 3 --kernel-size=0,1 --input-shape 7,7,3 --count",
            "--kernel-size[0] must be a positive integer",
        ),
        ("whatif MODEL --width 0", "--width must be a positive number"),
        ("whatif MODEL --width 2 --keep nope", "--keep must be the name of a layer"),
        ("summary UNKNOWN", "or leave it out with --on-unknown warn"),
        (
            "summary MODEL -o nowhere/x.csv",
            "nowhere/x.csv can't be written: 'nowhere' is not a folder",
        ),
        ("verify --kind nope", "--kind must be one of standard, "),
        ("verify --oracle nope", "--oracle must be one of keras, "),
    ],
)
def test_errors_name_options_as_they_are_typed(line, message, words, tmp_path, capsys):
    (tmp_path / "out.csv").write_text("mine")
    line = [word.replace("TAKEN", str(tmp_path / "out.csv")) for word in words(line)]
    assert cli.run(line) == 2
    assert message in capsys.readouterr().err


def test_what_the_user_wrote_stays_as_it_is():
    @click.command()
    @click.option("--where")
    @click.option("--on-unknown")
    def command(**_):
        raise AssertionError

    with click.Context(command, info_name="sweep") as context:
        context.args = ["--kernel-size", "3", "--m=3", "3"]
        for given, shown in {
            "kernel_size[0] must be": "--kernel-size[0] must be",
            "m needs values": "--m needs values",
            "n must be": "n must be",
            "where must be m=3, m=True": "--where must be m=3, m=True",
            'on_unknown="warn" or where=3': "--on-unknown warn or where=3",
            "the where must": "the where must",
        }.items():
            assert message_of(ValueError(given)) == shown
    assert message_of(ValueError("where must be")) == "where must be"


def test_messages_are_bounded():
    message = message_of(ValueError("x" * 10**6))
    assert len(message) < 2100
    assert message.endswith("... (998,000 characters more)")
    full = OSError(errno.ENOENT, "No such file", "x.json")
    assert message_of(full) == "x.json: No such file"
    assert message_of(OSError("what")) == "what"
    named = OSError(errno.ENOENT, "there is no file 'x.json'", "x.json")
    assert message_of(named) == "there is no file 'x.json'"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE, errno.EFBIG])
def test_errors_of_the_output_are_left_to_the_end(number):
    with pytest.raises(OSError, match="nowhere"), usage_errors():
        raise OSError(number, "nowhere")


def test_digits_are_whole_at_every_width(monkeypatch, capsys):
    report = convcost.summary(config("Flatten"))
    for columns in (1, 20, 40, 60, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        show_table(report, "table", None)
        assert re.search(r"\b146,016\b", capsys.readouterr().out)
