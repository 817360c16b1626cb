"""What checks of budgets say of a baseline that is not there, of wrong values, and to GitHub."""

import json
import sys

import pytest

import convcost
from convcost._models.keras import library

HEAD = '[models.tiny]\nsource = "tiny.json"\nmax-flops = 1\n'
FOUND = "FLOPs 80 at most 1: 79 too many (7,900 %25)"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    dense = {"class_name": "Dense", "config": {"name": "head", "units": 8}}
    first = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 5]}}
    (tmp_path / "tiny.json").write_text(json.dumps({"name": "tiny", "layers": [first, dense]}))
    (tmp_path / "convcost.toml").write_text(HEAD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return tmp_path


def test_a_baseline_that_is_not_written_yet(folder, run):
    (folder / "convcost.toml").write_text(f'{HEAD}baseline = "saved/a.json"\n')
    why = (
        "baseline names a file that is not there: 'saved/a.json'; convcost check --update writes it"
    )
    assert run("check") == (2, f"tiny: not checked\n  {why}\n", "")
    words = ("check", "tiny.json", "--baseline", "saved/a.json")
    assert run(*words) == (2, f"tiny.json: not checked\n  --{why}\n", "")
    assert run("check", "--update")[2] == "saved/a.json written\n"
    assert run(*words)[0] == 0
    missing = run("check", "tiny.json", "--baseline", "~/no/such/file.json")[1]
    assert "--baseline must be a saved report or a model, and there is no file '~/no" in missing


def test_a_wrong_baseline_in_python(folder):
    with pytest.raises(FileNotFoundError) as caught:
        convcost.check("tiny.json", baseline="tony.json")
    assert str(caught.value) == (
        "baseline must be a saved report or a model, and there is no file 'tony.json': write it"
        " with summary(model).to_json('tony.json'); did you mean 'tiny.json'?"
    )
    with pytest.raises(TypeError, match=r"^baseline must be a Keras model, .*; got 7"):
        convcost.check("tiny.json", baseline=7)
    (folder / "notes.json").write_text("{}")
    with pytest.raises(ValueError, match=r"notes\.json: "):
        convcost.check("tiny.json", baseline="notes.json")


def test_a_baseline_by_a_name_that_needs_keras(folder, monkeypatch):
    def no_keras():
        raise ImportError("this needs Keras")

    monkeypatch.setattr(library, "import_keras", no_keras)
    with pytest.raises(FileNotFoundError, match=r"this needs Keras$"):
        convcost.check("tiny.json", baseline="MobileNetV2")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('baseline = "tiny.json"\ntolerance = "1 percent"', "tolerance must be a percentage"),
        ('tolerance = "1%"', "tolerance needs a baseline beside it"),
        ("max-macs = 300.5", "max-macs must be an integer, which may be written as 1k, 300M"),
        ("max-params = []", "max-params must be an integer"),
        ('max-size = "4M"', "max-size must be an integer of bytes"),
        ('on-unknown = "warning"', "on-unknown must be one of error, warn; got 'warning'"),
        ('input-shape = "5-5"', "input-shape must be integers or names separated by commas"),
        ('input-shape = ["5-5"]', "input-shape must be integers or names separated by commas"),
    ],
)
def test_wrong_values_are_named_by_their_keys(line, message, folder, run):
    (folder / "convcost.toml").write_text(f"{HEAD}{line}\n")
    code, out, err = run("check")
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {folder / 'convcost.toml'}: models.tiny.{message}")


def test_what_only_the_model_tells_is_named_by_its_key(folder, run):
    (folder / "convcost.toml").write_text(f"{HEAD}input-shape = [5, 0]\n")
    code, out, _ = run("check")
    assert code == 2
    assert "input-shape" in out
    assert "--" not in out


def test_the_table_of_pyproject_in_the_own_file(folder, run):
    (folder / "convcost.toml").write_text("[tool.convcost.models.tiny]\nmax-macs = 3\n")
    assert run("check")[2].endswith(
        "convcost.toml: [tool] stands for pyproject.toml, not for this file; budgets are tables"
        ' such as [models.tagger] with source = "tagger.keras" and max-macs = "300M"\n'
    )


def test_limits_for_a_name_of_the_project(folder, run, monkeypatch):
    code, out, err = run("check", "tiny", "--max-macs", "1G", "--tolerance", "0")
    assert (code, out) == (2, "")
    assert err == (
        f"Error: 'tiny' is a model of {folder / 'convcost.toml'}, where its limits stand, and"
        " --max-macs, --tolerance on the command line is for files: leave it out, as in: convcost"
        " check tiny\n"
    )
    (folder / "convcost.toml").write_text("models = 3")
    assert "'tiny' is neither a file nor a model" in run("check", "tiny", "--max-macs", "1G")[1]
    assert "--tolerance goes with --baseline and SOURCE" in run("check", "--tolerance", "5%")[2]


def test_names_of_applications_are_known_without_keras(folder, monkeypatch):
    import keras

    made = [one for one in dir(keras.applications) if one[0].isupper()]
    assert sorted(library.application_names()) == made
    with pytest.raises(convcost.ModelError, match=r"did you mean MobileNetV2\?$"):
        convcost.from_keras("MobileNetv2")
    monkeypatch.delitem(sys.modules, "keras")
    with pytest.raises(convcost.ModelError, match=r"did you mean MobileNetV2\?$"):
        convcost.from_keras("MobileNetv2")
    assert "keras" not in sys.modules
    monkeypatch.setattr(library, "find_spec", lambda name: None)
    assert library.application_names() == []


def test_names_that_keras_lists_in_another_way(tmp_path, monkeypatch):
    class Spec:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr(library, "find_spec", lambda name: Spec)
    assert library.application_names() == []
    (tmp_path / "applications").mkdir()
    for text in ("from keras.src.applications.vgg16 import *\n", "VGG16 = None\n"):
        (tmp_path / "applications/__init__.py").write_text(text)
        assert library.application_names() == []


@pytest.mark.parametrize("known", ["workspace", "git", None])
def test_github_is_told_paths_in_the_repository(known, folder, run, monkeypatch):
    if known == "workspace":
        monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    elif known == "git":
        (folder / ".git").mkdir()
    (folder / "src").mkdir()
    monkeypatch.chdir(folder / "src")
    out = run("check", "--format", "github")[1]
    path = "tiny.json" if known else folder / "tiny.json"
    assert out.splitlines()[-1] == f"::error file={path},title=tiny%3A over budget::{FOUND}"


def test_github_is_told_the_name_of_an_application(folder, run):
    (folder / "convcost.toml").write_text(HEAD.replace("tiny.json", "NoSuchNet"))
    last = run("check", "--format", "github")[1].splitlines()[-1]
    assert last.startswith("::error file=NoSuchNet,title=tiny%3A not checked::'NoSuchNet' is neith")
