"""Importing the library loads only what it uses."""

import os
import subprocess
import sys

import pytest

import convcost
from convcost import _sweeps
from convcost._models.keras import library
from convcost._sweeps.extras import require

HEAVY = ("numpy", "sympy", "tensorflow", "keras", "torch", "jax", "pandas", "matplotlib", "click")


def absent(name):
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


def python(code, **options):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, **options
    )


@pytest.mark.parametrize(
    "use",
    [
        "",
        "convcost.separable(3, 32, 64, 28)",
        "print(convcost.separable(3, 32, 64, 28).explain(), convcost.ratio(3, 32, 64))",
        "convcost.separable(3, 32, 64, 28)._repr_html_()",
        "dir(convcost), convcost.verify, convcost.layers, convcost.geometry",
        "print(convcost.layers.Conv2D(64, 3).cost((28, 28, 32), effective=True).explain())",
        "convcost.layers.SeparableConv2D(64, 3).traffic((28, 28, 32))",
    ],
)
def test_nothing_heavy_is_loaded(use):
    result = python(
        f"import sys, convcost\n{use}\n"
        f"loaded = [name for name in {HEAVY} if name in sys.modules]\n"
        "assert not loaded, loaded"
    )
    assert result.returncode == 0, result.stderr


def test_importing_loads_few_modules_of_the_standard_library():
    slow = ("typing", "dataclasses", "fractions", "decimal", "inspect", "json", "re", "enum")
    code = (
        "import sys; before = set(sys.modules); import convcost;"
        f"print(sorted(set({slow}) & (set(sys.modules) - before)))"
    )
    assert python(code).stdout.strip() == "[]"


def test_sympy_missing_names_the_extra():
    result = python("import sys; sys.modules['sympy'] = None\nfrom convcost.symbols import m")
    assert 'ImportError: convcost.symbols needs SymPy: pip install "convcost[symbolic]"' in (
        result.stderr
    )


@pytest.mark.parametrize(
    ("missing", "call"),
    [
        ("numpy", "convcost.Space"),
        ("dask", "space.count('macs > 0', method='all')"),
        ("xarray", "space.dataset()"),
        ("dask", "space.dataset('auto')"),
        ("pandas", "space.top(1, 'macs')"),
        ("pandas", "space.histogram('macs', [0, 9])"),
        ("moocore", "space.pareto(minimize=['macs'])"),
        ("pandas", "space.write('designs.csv')"),
    ],
)
def test_a_package_for_sweeps_that_is_missing_names_the_extra(missing, call, tmp_path):
    code = (
        f"import os, sys; sys.modules['{missing}'] = None; os.chdir({str(tmp_path)!r})\n"
        "import convcost\n"
        "space = convcost.Space(convcost.separable, dk=[3, 5], m=[8], n=[8], df=7)\n"
        f"{call}"
    )
    message = f'ImportError: design spaces need {missing}: pip install "convcost[sweeps]"'
    assert message in python(code).stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Space", "design spaces need numpy"),
        ("sweep", "design spaces need numpy"),
        ("solve", "solve needs numpy"),
    ],
)
def test_numpy_missing_names_the_extra_for_sweeps(name, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ImportError, match=rf'{message}: pip install "convcost\[sweeps\]"'):
        getattr(_sweeps, name)


def test_numpy_missing_names_the_extra_on_the_shell(monkeypatch, run):
    monkeypatch.setitem(sys.modules, "numpy", None)
    words = "sweep separable --dk 3,5 --m 8 --n 8 --df 7 --count"
    message = 'Error: design spaces need numpy: pip install "convcost[sweeps]"\n'
    assert run(*words.split()) == (2, "", message)


def test_crossings_need_sympy_alone(monkeypatch):
    found = python(
        "import sys; sys.modules['numpy'] = None\nimport convcost\n"
        "from convcost.symbols import n\n"
        "print(convcost.crossings(convcost.Cost(n, n), convcost.Cost(3, 3), n))"
    )
    assert found.stdout == "(3,)\n", found.stderr
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(ImportError, match=r'crossings needs SymPy: pip install "convcost\[symb'):
        convcost.crossings(convcost.Cost(1, 2), convcost.Cost(1, 3), None)


def test_what_sweeps_lack_is_named():
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        _sweeps.nope  # noqa: B018


def test_a_required_package_that_is_missing_names_the_extra():
    with pytest.raises(ImportError, match=r'design spaces need nope: pip install "convcost'):
        require("nope")


def test_keras_missing_names_the_extra():
    code = (
        "import sys; sys.modules['keras'] = None\nimport convcost\n"
        "convcost.verify.check(convcost.layers.Dense(1), (1,))"
    )
    result = python(code)
    assert "ImportError: this needs Keras and a backend" in result.stderr
    assert 'pip install "convcost[keras]"' in result.stderr


@pytest.mark.parametrize(
    ("backend", "error", "message"),
    [
        ("tf", ValueError("no"), "KERAS_BACKEND=tf is not a backend of Keras; it must be one of"),
        ("Torch", ValueError("no"), "KERAS_BACKEND=Torch is not a backend of Keras; did you mean"),
        ("torch", absent("torch.utils"), "KERAS_BACKEND=torch needs torch: pip install torch, or"),
        ("numpy", absent("jax"), "KERAS_BACKEND=numpy needs jax: pip install jax, or"),
        ("tensorflow", absent("tensorflow"), "this needs Keras and a backend: pip install"),
        ("torch", absent("keras"), "this needs Keras and a backend: pip install"),
        ("torch", ImportError("a broken one"), "this needs Keras and a backend: pip install"),
        (None, ValueError("no"), "the backend in keras.json is not one of Keras's; it must be one"),
    ],
)
def test_what_a_backend_of_keras_lacks_is_named(backend, error, message, monkeypatch):
    class Failing:
        def find_spec(self, name, *_):
            if name == "keras":
                raise error

    if backend:
        monkeypatch.setenv("KERAS_BACKEND", backend)
    else:
        monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Failing(), *sys.meta_path])
    with pytest.raises(ImportError) as caught:
        library.import_keras()
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith(f"(importing keras failed: {error})")


def test_keras_without_its_backend_raises_what_is_expected():
    code = (
        "import sys; sys.modules['torch'] = None\nimport convcost\n"
        "convcost.verify.check(convcost.layers.Dense(1), (1,))"
    )
    for backend, problem in (
        ("nope", "KERAS_BACKEND=nope is not a backend of Keras; it must be one of tensorflow,"),
        ("torch", "KERAS_BACKEND=torch needs torch: pip install torch, or leave KERAS_BACKEND out"),
    ):
        result = python(code, env={**os.environ, "KERAS_BACKEND": backend})
        assert f"ImportError: {problem}" in result.stderr


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_command_line_missing_names_the_extra(missing):
    code = f"import sys; sys.modules['{missing}'] = None\nimport convcost.__main__ as c; c.main()"
    result = python(code)
    assert result.returncode == 2
    assert 'pip install "convcost[cli]"' in result.stderr
    assert "Traceback" not in result.stderr


def test_sympy_missing_names_the_extra_in_process(monkeypatch):
    from convcost import symbols

    symbols._make.cache_clear()
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(ImportError, match=r"convcost\[symbolic\]"):
        _ = symbols.m


@pytest.mark.parametrize("missing", ["rich.console", "click"])
def test_the_command_line_in_process(missing, monkeypatch, capsys):
    from convcost import __main__

    monkeypatch.setitem(sys.modules, missing, None)
    for name in [name for name in sys.modules if name.startswith("convcost._cli.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SystemExit) as caught:
        __main__.main()
    assert caught.value.code == 2
    assert 'pip install "convcost[cli]"' in capsys.readouterr().err


def test_other_import_errors_are_not_hidden(monkeypatch):
    from convcost import __main__

    monkeypatch.setitem(sys.modules, "convcost._cli.main", None)
    with pytest.raises(ImportError, match=r"convcost\._cli\.main"):
        __main__.main()


def test_the_exit_code_is_that_of_the_command_line(monkeypatch):
    from convcost import __main__
    from convcost._cli import main as cli

    monkeypatch.setattr(cli, "run", lambda: 130)
    with pytest.raises(SystemExit) as caught:
        __main__.main()
    assert caught.value.code == 130


def test_public_modules_are_faces_of_internal_ones():
    import convcost.formulas
    import convcost.geometry
    from convcost._cost import formulas
    from convcost._layers import geometry
    from convcost.formulas import standard

    assert convcost.formulas is formulas
    assert sys.modules["convcost.formulas"] is formulas
    assert standard is formulas.standard
    for name in convcost.geometry.__all__:
        assert getattr(convcost.geometry, name).__wrapped__ is getattr(geometry, name)
    assert convcost.geometry.dilated_kernel_size(3, 2) == 5


def test_what_the_package_offers():
    import convcost

    assert dir(convcost) == sorted(convcost.__all__)


def test_unknown_attribute():
    import convcost

    with pytest.raises(AttributeError, match="no attribute 'seperable'"):
        _ = convcost.seperable


def test_typed():
    from importlib.resources import files

    assert (files("convcost") / "py.typed").is_file()
