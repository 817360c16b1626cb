"""What mypy, pyright and jedi see of the library: a user's program, checked line by line."""

import ast
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections import defaultdict
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import jedi
import pytest

import convcost
from convcost import layers
from convcost._layers import (
    cells,
    conv_lstm,
    convolution,
    dense,
    depthwise,
    embedding,
    encoding,
    locally_connected,
    normalization,
    pooling,
    recurrent,
    reshaping,
    resizing,
    spectral,
    spectrograms,
    transposed,
    vocabularies,
)

PROGRAM = Path(__file__).parent / "typing" / "program.py"
# Of its own, so that no configuration of this project speaks for the user.
_MYPY = ("-m", "mypy", "--strict", "--show-error-codes", "--no-error-summary", "--config-file=")
_PYRIGHT = ("-m", "pyright", "--outputjson", "--pythonpath", sys.executable)

Found = dict[int, set[str]]

LAYERS = [
    kind
    for name in layers.__all__
    if isinstance(kind := getattr(layers, name), type)
    and issubclass(kind, layers.Layer)
    and kind.argument_names()
]
# The families that write their arguments down for checkers.
FAMILIES = [
    cells.GRUCell,
    cells.UnitsCell,
    conv_lstm.ConvLSTM,
    convolution.Conv1D,
    convolution.Convolution,
    dense.Dense,
    depthwise.DepthwiseConvolution,
    depthwise.SeparableConvolution,
    embedding.Embedding,
    embedding.ReversibleEmbedding,
    encoding.CategoryEncoding,
    encoding.Discretization,
    encoding.Hashing,
    locally_connected.LocallyConnected,
    normalization.LayerScale,
    pooling.AdaptivePooling,
    pooling.GlobalPooling,
    pooling.Pooling,
    recurrent.Bidirectional,
    recurrent.GRU,
    recurrent.RNN,
    recurrent.Units,
    reshaping.RepeatVector,
    resizing.Cropping,
    resizing.Cropping2D,
    resizing.Resizing,
    resizing.UpSampling,
    resizing.ZeroPadding,
    spectral.SpectralNormalization,
    spectrograms.MelSpectrogram,
    spectrograms.STFTSpectrogram,
    transposed.TransposedConvolution,
    vocabularies.IntegerLookup,
    vocabularies.StringLookup,
    vocabularies.TextVectorization,
]


def _expected(checker: int) -> Found:
    """Return the errors that the program's comments name, by line."""
    expected: Found = {}
    for number, line in enumerate(PROGRAM.read_text().splitlines(), 1):
        comment = re.search(r"  # ([a-z-]+), ([A-Za-z ]+)$", line)
        if comment:
            expected[number] = set(comment[1 + checker].split())
    return expected


def _run(*command: str, folder: Path) -> str:
    shutil.copy(PROGRAM, folder)
    done = subprocess.run(
        [sys.executable, *command, PROGRAM.name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr  # errors were found, and nothing failed
    return done.stdout


def test_mypy_says_what_the_program_expects(tmp_path: Path) -> None:
    found: Found = defaultdict(set)
    for line in _run(*_MYPY, folder=tmp_path).splitlines():
        error = re.match(r"program\.py:(\d+): error: .*\[([a-z-]+)\]$", line)
        if error:
            found[int(error[1])].add(error[2])
        else:
            assert ": note: " in line, line
    assert found == _expected(0)


def test_mypy_refuses_strings_where_numpy_and_sympy_are_not_installed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text('import convcost\nconvcost.separable(3, "32", 64, 28)\n')
    bare = ("--no-site-packages", "--follow-imports=silent", program.name)
    done = subprocess.run(
        [sys.executable, *_MYPY, *bare],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(Path(convcost.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.findall(r"program.py:(\d+): error: .*\[([a-z-]+)\]", done.stdout) == [
        ("2", "call-overload")
    ]


def test_pyright_says_what_the_program_expects(tmp_path: Path) -> None:
    found: Found = defaultdict(set)
    for error in json.loads(_run(*_PYRIGHT, folder=tmp_path))["generalDiagnostics"]:
        if error["severity"] == "error":
            found[error["range"]["start"]["line"] + 1].add(error["rule"])
    assert found == _expected(1)


@cache
def _environment() -> jedi.api.environment.Environment:
    """Return this Python in a process of its own: what tests import here changes what jedi sees."""
    return jedi.create_environment(sys.executable, safe=False)


def _script(code: str) -> tuple[jedi.Script, int, int]:
    lines = code.splitlines()
    script = jedi.Script(code, environment=_environment())
    return script, len(lines), len(lines[-1])


def _completed(code: str, kind: str | None = None) -> set[str]:
    """Return the names that are offered, those of a kind only; a leading underscore hides one."""
    script, line, column = _script(code)
    return {
        one.name
        for one in script.complete(line, column)
        if not one.name.startswith("_") and kind in (None, one.type)
    }


def _parameters(code: str) -> list[list[str]]:
    script, line, column = _script(code)
    return [[one.name for one in found.params] for found in script.get_signatures(line, column)]


def test_completion_offers_the_public_names_and_no_internal_module() -> None:
    public = set(convcost.__all__) - {"__version__"} | {"formulas"}  # the last, an old name
    assert _completed("import convcost\nconvcost.") == public


@pytest.mark.parametrize("module", ["geometry", "hardware", "layers", "symbols", "verify"])
def test_completion_offers_the_public_names_of_a_module(module: str) -> None:
    code = f"import convcost\nconvcost.{module}."
    assert _completed(code) >= set(getattr(convcost, module).__all__)
    assert _completed(code, "module") == set()


@pytest.mark.parametrize("kind", LAYERS)
def test_completion_offers_the_arguments_of_every_layer(kind: type[layers.Layer]) -> None:
    (found,) = _parameters(f"from convcost.layers import {kind.__name__}\n{kind.__name__}(")
    # Behind its own come those that a layer keeps, under one name.
    assert [name for name in found if name not in ("_", "kept")] == list(kind.argument_names())


def test_completion_knows_what_calls_return() -> None:
    assert {"params", "macs", "explain"} <= _completed(
        "import convcost\nconvcost.separable(3, 32, 64, 28)."
    )
    assert {"sort", "top", "to_html"} <= _completed("import convcost\nconvcost.summary('a.json').")
    assert {"cost", "output_shape"} <= _completed(
        "from convcost.layers import Conv2D\nConv2D(64, 3)."
    )


def test_the_stub_has_the_public_names_and_what_they_are() -> None:
    stub = ast.parse(Path(convcost.__file__).with_suffix(".pyi").read_text())
    found = {"__version__"}
    for node in stub.body:
        if isinstance(node, ast.ImportFrom):
            for name in node.names:
                found.add(name.name)
                if node.module == "convcost":
                    assert import_module(f"convcost.{name.name}") is getattr(convcost, name.name)
                else:
                    home = import_module(str(node.module))
                    assert getattr(home, name.name) is getattr(convcost, name.name)
    assert found == set(convcost.__all__) | {"formulas"}


@pytest.mark.parametrize("kind", FAMILIES)
def test_what_checkers_see_of_a_layer_is_what_it_takes(kind: type[layers.Layer]) -> None:
    """Families of layers write their arguments down twice: for checkers, and as fields."""
    source = textwrap.dedent(inspect.getsource(kind))
    written = next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    )
    namespace: dict[str, Any] = {}
    written.decorator_list, written.returns = [], None
    for argument in ast.walk(written.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    exec(compile(ast.unparse(written), "<signature>", "exec"), namespace)
    *seen, kept = inspect.signature(namespace["__init__"]).parameters.values()
    assert kept.kind is kept.VAR_KEYWORD
    taken = inspect.signature(kind.__init__).parameters.values()
    assert [(one.name, one.kind, one.default) for one in seen] == [
        (one.name, one.kind, one.default) for one in taken
    ]
