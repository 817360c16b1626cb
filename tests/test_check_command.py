"""The command line for budgets: `convcost check`, and the files with budgets."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

import convcost


def config(units):
    dense = {"class_name": "Dense", "config": {"name": "head", "units": units}}
    first = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 5]}}
    return {"name": "tiny", "layers": [first, dense]}


BUDGET = """
[models.tagger]
source = "models/a.json"
max-macs = "1k"
baseline = "saved/a.json"
tolerance = "1%"

[models."big, one"]
source = "models/b.json"
input-shape = [5]
max-params = 50
max-size = "1kB"

[models.gone]
source = "models/c.json"
max-flops = 3e8
"""
A = """\
tagger: within budget
  ok  MACs               40  at most 1,000
  ok  parameters         48  at most 48, 1 % more than 48 in the baseline
  ok  MACs               40  at most 40, 1 % more than 40 in the baseline
  ok  FLOPs              80  at most 80, 1 % more than 80 in the baseline
  ok  size        192 bytes  at most 193 bytes, 1 % more than 192 in the baseline
"""
B = """\
big, one: over budget
  OVER  parameters         54  at most 50: 4 too many (8 %)
  ok    size        216 bytes  at most 1,000 bytes
"""
GONE = (
    "there is no file 'models/c.json'; source must be a Keras model, the name of one in Keras"
    " Applications, a .keras, .h5 or .json file, the JSON text, or the config as a dict"
)
C = f"gone: not checked\n  {GONE}\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "saved").mkdir()
    for name, units in (("a", 8), ("b", 9)):
        (tmp_path / f"models/{name}.json").write_text(json.dumps(config(units)))
    (tmp_path / "convcost.toml").write_text(BUDGET)
    convcost.summary(config(8)).to_json(tmp_path / "saved/a.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_sources_with_limits(project, run):
    words = ("--max-params", 50, "--max-macs", "1k", "--max-flops", "3e8", "--max-size", "1KiB")
    assert run("check", "models/a.json", *words)[0] == 0
    code, out, err = run("check", "models/a.json", "models/b.json", "--max-macs", 40)
    assert (code, err) == (1, "")
    assert out == (
        "models/a.json: within budget\n  ok  MACs  40  at most 40\n"
        "models/b.json: over budget\n  OVER  MACs  45  at most 40: 5 too many (12.5 %)\n"
    )
    code, out, _ = run("check", "models/b.json", "--baseline", "saved/a.json", "--tolerance", "13%")
    assert code == 0
    assert run("check", "models/b.json", "--baseline", "saved/a.json")[0] == 1
    assert run("check", "models/a.json", "--max-macs", 1000, "--input-shape", "7")[0] == 0


def test_budgets_of_a_file(project, run, monkeypatch):
    code, out, err = run("check")
    assert (code, out, err) == (2, A + B + C, "")
    assert run("check", "tagger") == (0, A, "")
    assert run("check", "big, one", "tagger")[:2] == (1, B + A)
    (project / "src").mkdir()
    monkeypatch.chdir(project / "src")
    code, out, _ = run("check", "tagger")
    assert (code, out) == (0, A)
    monkeypatch.chdir(project.parent)
    assert run("check", "tagger", "--config", project / "convcost.toml")[:2] == (0, A)


def test_budgets_in_pyproject(project, run):
    (project / "convcost.toml").rename(project / "pyproject.toml")
    code, _, err = run("check")
    assert code == 2
    assert "there is no convcost.toml, and no [tool.convcost] in a pyproject.toml" in err
    assert "as in: convcost check SOURCE --max-macs 300M" in err
    text = BUDGET.replace("[models.", "[tool.convcost.models.")
    (project / "pyproject.toml").write_text(text)
    assert run("check")[:2] == (2, A + B + C)


def test_as_json(project, run):
    code, out, _ = run("check", "--format", "json")
    data = json.loads(out)
    assert (code, data["version"], data["fits"]) == (2, 1, False)
    tagger, big, gone = data["checks"]
    assert (tagger["name"], tagger["fits"], tagger["error"]) == ("tagger", True, None)
    assert tagger["limits"][1] == {
        "quantity": "params",
        "measured": 48,
        "limit": 48,
        "fits": True,
        "over": 0,
        "baseline": 48,
        "tolerance": "1/100",
    }
    assert [one["over"] for one in big["limits"]] == [4, 0]
    assert (gone["limits"], gone["fits"], gone["notes"]) == ([], False, [])
    assert gone["error"].startswith("there is no file 'models/c.json'")


def test_json_for_short(project, run):
    assert run("check", "--json") == run("check", "--format", "json")
    code, out, _ = run("summary", "models/a.json", "--json")
    assert (code, json.loads(out)["total"]["params"]) == (0, 48)
    code, _, err = run("summary", "models/a.json", "--json", "--format", "csv")
    assert code == 2
    assert "--json stands for --format json; got --format csv as well" in err


def test_as_github_annotations(project, run):
    code, out, _ = run("check", "--format", "github")
    assert code == 2
    assert out == A + B + C + (
        "::error file=models/b.json,title=big%2C one%3A over budget::parameters 54 at most 50: 4"
        " too many (8 %25)\n"
        "::error file=models/c.json,title=gone%3A not checked::"
        f"{GONE}\n"
    )


def test_as_junit(project, run):
    code, out, _ = run("check", "-o", "found.xml")
    assert (code, out) == (2, A + B + C)
    suites = ElementTree.parse(project / "found.xml").getroot()
    assert [(one.get("name"), one.get("tests"), one.get("failures"), one.get("errors"))
            for one in suites] == [
        ("tagger", "5", "0", "0"), ("big, one", "2", "1", "0"), ("gone", "1", "0", "1")
    ]  # fmt: skip
    assert [one.get("name") for one in suites[1]] == ["params limit", "size limit"]
    assert suites[1][0][0].get("message") == "parameters 54 at most 50: 4 too many (8 %)"
    assert suites[0][1].get("name") == "params of the baseline"


def test_output_files(project, run):
    assert run("check", "tagger", "-o", "found.txt")[0] == 0
    assert (project / "found.txt").read_text() == A
    assert run("check", "tagger", "-o", "found.md", "--format", "json")[:2] == (0, A)
    assert json.loads((project / "found.md").read_text())["fits"]
    code, _, err = run("check", "-o", "found.md")
    assert code == 2
    assert "--output must end with .txt, .json, .xml, or give --format; got 'found.md'" in err


def test_update_writes_the_baselines(project, run):
    (project / "models/a.json").write_text(json.dumps(config(9)))
    assert run("check", "tagger")[0] == 1
    code, out, err = run("check", "tagger", "--update")
    assert (code, err) == (0, "saved/a.json written\n")
    assert "54 in the baseline" in out
    assert json.loads((project / "saved/a.json").read_text())["total"]["params"] == 54
    assert "baseline needs" not in run("check", "big, one", "tagger", "--update")[1]
    words = ("check", "models/b.json", "--baseline", "new.json", "--update")
    assert run(*words)[0] == 0
    assert Path("new.json").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tager",), "the model must be one of tagger, big, one, gone in "),
        (("tager",), "did you mean 'tagger'?"),
        (("--max-macs", "1k"), "give SOURCE: a file, or the name of a model"),
        (("a", "--max-macs", "1k", "--config", "convcost.toml"), "give limits, or --config"),
        (("--input-shape", "5"), "--input-shape and --on-unknown go with limits"),
        (("--on-unknown", "warn"), "--input-shape and --on-unknown go with limits"),
        (("gone", "--update"), "--update writes baselines, and there is none"),
        (("models/a.json", "--baseline", "b.keras", "--update"), "that end with .json; got"),
        (
            ("models/a.json", "models/b.json", "--baseline", "n.json", "--update"),
            "--update needs a baseline for each model; two have the same",
        ),
        (("tagger", "-o", "nowhere/found.xml"), "'nowhere' is not a folder"),
    ],
)
def test_usage_errors(words, message, project, run):
    code, _, err = run("check", *words)
    assert code == 2
    assert message in " ".join(err.split())


def test_wrong_limits_are_named_as_options(project, run):
    code, out, _ = run("check", "models/a.json", "--max-macs", "4MiB")
    assert (code, out.splitlines()[1]) == (
        2,
        "  --max-macs must be an integer, which may be written as 1k, 300M, 1.5G or 3e8; got"
        " '4MiB', which is a size in bytes",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models = 3", "models must be a table, such as [models.tagger] with"),
        ("", "it has no budget: add [models.tagger] with source"),
        ("model = 3", "unknown key 'model'; did you mean 'models'?"),
        ("[models]\na = 3", "models.a must be a table"),
        ("[models.a]\nsource = 'x'", "models.a has no limit: give one of max-params, max-macs"),
        ("[models.a]\nmax-macs = 3", "models.a has no source: give a file, relative to this one"),
        ("[models.a]\nmax-mac = 3", "unknown key 'max-mac'; did you mean 'max-macs'"),
        ("[models.a]\nzzzz = 3", "unknown key 'zzzz'; known are source, input-shape, max-params"),
        ("[models.a]\nsource = 3\nmax-macs = 3", "models.a.source must be a path, as text; got 3"),
        ("[models.a]\nsource = 'x", "it is not valid TOML"),
    ],
)
def test_wrong_files(text, message, project, run):
    (project / "convcost.toml").write_text(text)
    code, _, err = run("check")
    assert code == 2
    assert err.startswith("Error: ")
    assert message in " ".join(err.split())
    assert str(project / "convcost.toml") in err


def test_models_of_keras_applications_by_name(project, run):
    text = '[models.net]\nsource = "MobileNetV2"\ninput-shape = "96x96x3"\nmax-macs = "60M"\n'
    (project / "convcost.toml").write_text(text)
    code, out, _ = run("check")
    assert (code, out) == (0, "net: within budget\n  ok  MACs  56,289,152  at most 60,000,000\n")
