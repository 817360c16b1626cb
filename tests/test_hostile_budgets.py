"""Budgets with names, numbers and files that nobody sane has, and an interrupt while importing."""

import json
import sys
from pathlib import Path

import pytest

import convcost
from convcost import __main__
from convcost._cli import main as cli
from convcost.testing import assert_budget

MODEL = Path("docs/gallery/fashion_mnist.json").absolute()


@pytest.fixture
def huge(tmp_path, monkeypatch):
    """Make a saved report whose numbers are beyond those of floats, but add up."""
    monkeypatch.chdir(tmp_path)
    data = json.loads(convcost.summary(MODEL).to_json())
    row = data["rows"][-1]
    row["params"] = row["trainable_params"] = row["size"] = 10**999
    data |= {"rows": [row], "layers": {"shown": 1, "in_model": 1}}
    data["total"] |= {name: row[name] for name in data["total"].keys() & row.keys()}
    Path("huge.json").write_text(json.dumps(data))
    return "huge.json"


def test_percentages_beyond_floats(huge, capsys):
    line = "size  1.000e+999 bytes  at most 1,000,000 bytes: 1.000e+999 too many (1.000e+995 %)"
    assert cli.run(["check", huge, "--max-size", "1MB"]) == 1
    assert capsys.readouterr().out == f"huge.json: over budget\n  OVER  {line}\n"
    assert line in repr(convcost.check(huge, max_size="1MB"))
    with pytest.raises(AssertionError, match="too many"):
        assert_budget(huge, max_size="1MB")
    many = f"1{'0' * 400}%"
    assert cli.run(["check", str(MODEL), "--baseline", huge, "--tolerance", many]) == 0
    assert "1.000e+400 % more than" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("limit", "shown"), [(100_000, "84.2 %"), (92_117, "100 %"), (1, "18,423,300 %")]
)
def test_percentages(limit, shown):
    assert f"({shown})" in repr(convcost.check(MODEL, max_params=limit))


def test_a_file_that_is_nested_too_deeply(tmp_path, capsys):
    path = tmp_path / "deep.toml"
    path.write_text(f"a={'[' * 3000}")
    assert cli.run(["check", "--config", str(path)]) == 2
    assert capsys.readouterr().err == f"Error: {path}: it is nested too deeply\n"


NAMES = r"""
[models."\u001b[31mX\nok b"]
source = "MODEL"
max-params = 200_000

[models."\u001b[31mY"]
source = "gone\n.json"
max-params = 1
"""


@pytest.mark.parametrize("form", ["text", "github"])
def test_names_are_printed_as_escapes(form, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("convcost.toml").write_text(NAMES.replace("MODEL", MODEL.as_posix()))
    assert cli.run(["check", "--format", form]) == 2
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == r"\x1b[31mX\nok b: within budget"
    assert lines[2] == r"\x1b[31mY: not checked"
    assert len(lines) == (4 if form == "text" else 5)
    assert all(line.isprintable() for line in lines)


def test_an_interrupt_while_it_is_imported(monkeypatch, capsys):
    class Interrupted:
        def find_spec(self, *_):
            raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "convcost._cli.main")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    with pytest.raises(SystemExit) as raised:
        __main__.main()
    assert raised.value.code == 130
    assert capsys.readouterr().err == "convcost: interrupted\n"
