"""Try the wheel in empty environments: without extras, then with each extra alone.

`python tests/extras.py [PYTHON ...]` builds the wheel and makes an environment outside the
repository for each interpreter and extra (this interpreter by default). In each, every feature is
tried by a short program. A feature of the extra must work; any other must work, too, or name the
extra to install, in one line and without a traceback on the shell. Of extras that need special
hardware only the versions are resolved. The environments are deleted one by one; the largest needs
about 6 GB. It takes about half an hour for each interpreter; `--extra cli` tries only that one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

import click

ROOT = Path(__file__).resolve().parent.parent
NONE, CORE = "none", "core"
# Extras for those who work on convcost itself, each tried by a job of its own.
OF_DEVELOPERS = {"examples", "test", "docs", "benchmarks", "dev"}
ONLY_RESOLVED = {"gpu"}
MODEL = (
    '{"name": "net", "layers": [{"class_name": "Dense", "config":'
    ' {"name": "d", "units": 3, "batch_input_shape": [null, 4]}}]}'
)


class Feature(NamedTuple):
    """A program, what it prints where it works, and the extras of which one is named elsewhere."""

    program: str
    prints: str
    extras: tuple[str, ...]


def _script(words: str) -> str:
    """Return a program that runs the console script beside the interpreter."""
    return (
        "import pathlib, subprocess, sys\n"
        "script = str(pathlib.Path(sys.executable).with_name('convcost'))\n"
        f"sys.exit(subprocess.run([script, *{words.split()!r}]).returncode)"
    )


FEATURES = {
    # What needs no extra, with everything that could have come in with one.
    CORE: Feature(
        "import convcost\n"
        "from convcost.layers import Conv2D, LSTM\n"
        "assert convcost.separable(3, 10**30, 1, 7).macs == 49 * 10**31\n"
        "assert convcost.separable(3, 32, 64, 28).explain() and convcost.ratio(3, 32, 64)\n"
        "assert Conv2D(64, 3).cost((28, 28, 32)).macs == 26 * 26 * 9 * 32 * 64\n"
        "assert LSTM(8).cost((5, 3)).params == 4 * 8 * (3 + 8 + 1)\n"
        "assert convcost.from_keras('model.json').params == 15\n"
        "from convcost.testing import assert_budget\n"
        "assert_budget('model.json', max_params=15)\n"
        "from convcost.hardware import find\n"
        "find('NVIDIA A100 SXM4 80 GB')\n"
        "print(len(convcost.summary('model.json').lines), 'row')",
        "1 row",
        (),
    ),
    "symbols": Feature(
        "import convcost\nfrom convcost.symbols import m\n"
        "print(convcost.separable(3, m, 64, 28).params)",
        "73*m + 64",
        ("symbolic",),
    ),
    "open sides": Feature(
        "import convcost\nnet = open('model.json').read().replace('4]', 'null, 4]')\n"
        "print(convcost.from_keras(net).macs.is_Mul)",
        "True",
        ("symbolic",),
    ),
    "crossings": Feature(
        "import convcost\nfrom convcost.symbols import n\n"
        "print(convcost.crossings(convcost.Cost(n, n), convcost.Cost(3, 3), n))",
        "(3,)",
        ("symbolic",),
    ),
    "NumPy arrays": Feature(
        "import convcost\nfrom convcost.layers import Conv2D\n"
        "try:\n    import numpy\n"
        "except ImportError:\n    raise SystemExit('NumPy is not there: convcost[arrays]')\n"
        "sides = numpy.arange(8, 33, 8)\n"
        "print(Conv2D(4, 3).cost((sides, sides, 3)).macs.dtype)",
        "int64",
        ("arrays",),
    ),
    "Space": Feature(
        "import convcost\n"
        "space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 9), n=8, df=7)\n"
        "print(space.count('macs <= 1e6'))",
        "16",
        ("sweeps",),
    ),
    "solve": Feature(
        "import convcost\n"
        "print(convcost.solve(convcost.separable, 'n', macs=3e8, dk=3, m=64, df=28))",
        "5969",
        ("sweeps",),
    ),
    "datasets, fronts, files": Feature(
        "import convcost\n"
        "space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 9), n=8, df=7)\n"
        "space.pareto(maximize=['params'], minimize=['macs'])\n"
        "space.write('designs.parquet')\n"
        "space.write('designs.zarr')\n"
        "print(int(space.dataset().macs.max()), len(space.dataset('auto').macs.chunks))",
        "12936 2",
        ("sweeps",),
    ),
    "convcost separable": Feature(_script("separable 3 32 64 28"), "1,831,424", ("cli",)),
    "convcost summary": Feature(_script("summary model.json"), "15", ("cli",)),
    "convcost sweep": Feature(
        _script("sweep separable --dk 3,5 --m 8 --n 8 --df 7 --count"), "2", ("cli", "sweeps")
    ),
    "data frames": Feature(
        "import convcost\nprint(convcost.summary('model.json').to_pandas().macs.sum())",
        "12",
        ("report",),
    ),
    "Markdown": Feature(
        "import convcost\nprint(convcost.summary('model.json').to_markdown())", "| d ", ("report",)
    ),
    "plots": Feature(
        "import convcost\n"
        "convcost.summary('model.json').plot().savefig('macs.png')\nprint('drawn')",
        "drawn",
        ("report",),
    ),
    "HTML page": Feature(
        "import convcost\nconvcost.summary('model.json').to_html('page.html')\nprint('written')",
        "written",
        ("report",),
    ),
    "live models": Feature(
        "import convcost\nfrom convcost.verify import check\nfrom convcost.layers import Dense\n"
        "check(Dense(3), (4,))\n"
        "import keras\n"
        "model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])\n"
        "print(convcost.from_keras(model))",
        "15 parameters",
        ("keras",),
    ),
    "Keras Applications": Feature(
        _script("summary MobileNetV2 --top 1"), "300,774,272", ("cli", "keras")
    ),
    "convcost verify": Feature(
        _script("verify --cases 3 --oracle keras --oracle run --oracle profiler"),
        "All 3 configurations agree",
        ("cli", "keras"),
    ),
    "verify with JAX": Feature(
        _script("verify --cases 3 --oracle jaxpr --oracle xla"),
        "All 3 configurations agree",
        ("cli", "keras", "verify"),
    ),
    "verify with PyTorch": Feature(
        _script("verify --cases 3 --oracle torch"),
        "All 3 configurations agree",
        ("cli", "keras", "torch"),
    ),
}
# What each extra is for, besides what the extras in it are for.
OFFERS = {
    NONE: [CORE],
    "arrays": ["NumPy arrays"],
    "symbolic": ["symbols", "open sides", "crossings"],
    "sweeps": ["Space", "solve", "datasets, fronts, files", "convcost sweep"],
    "cli": ["convcost separable", "convcost summary"],
    "report": ["data frames", "Markdown", "plots", "HTML page"],
    "keras": ["live models", "Keras Applications", "convcost verify"],
    "torch": ["verify with PyTorch"],
    "verify": ["verify with JAX"],
}


def extras_of_project() -> dict[str, set[str]]:
    """Return the extras, each with the other extras in it, and in those."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    asked = tomllib.loads(text)["project"]["optional-dependencies"]
    inner = {
        name: {
            one
            for line in lines
            for listed in re.findall(r"^convcost\[(.*?)\]", line)
            for one in listed.split(",")
        }
        for name, lines in asked.items()
    }

    def all_of(name: str) -> set[str]:
        return {name}.union(*map(all_of, inner[name]))

    return {name: all_of(name) for name in asked}


def must_work(extra: str) -> list[str]:
    """Return the features of an extra, and of the extras in it."""
    inside = extras_of_project().get(extra, set())
    return [
        feature for one, offered in OFFERS.items() if one in {NONE, *inside} for feature in offered
    ]


def verdict(feature: Feature, needed: bool, code: int, out: str, err: str) -> str:
    """Return "works", "names" and an extra, or "FAILS" and why."""
    if code == 0 and feature.prints in out:
        return "works"
    if needed or code == 0:
        return f"FAILS: exit code {code}: {_last(err) or _last(out)}"
    on_shell = "with_name('convcost')" in feature.program
    if on_shell and "Traceback" in err:
        return f"FAILS: a traceback on the shell: {_last(err)}"
    named = [one for one in feature.extras if f"convcost[{one}]" in out + err]
    return f"names {named[0]}" if named else f"FAILS: names no extra: {_last(err) or _last(out)}"


def _last(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else ""


def try_extra(python: str, wheel: Path, extra: str, folder: Path) -> dict[str, tuple[str, str]]:
    """Make an environment with one extra, and return the verdict on each feature and its text."""
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    inside = folder / "venv" / "bin" / "python"
    what = str(wheel) if extra == NONE else f"{wheel}[{extra}]"
    _pip(inside, "install", "--quiet", what)
    (folder / "model.json").write_text(MODEL, encoding="utf-8")
    needed = must_work(extra)
    found = {}
    for name, feature in FEATURES.items():
        done = subprocess.run(
            [inside, "-c", feature.program],
            cwd=folder,
            env=_outside() | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        said = verdict(feature, name in needed, done.returncode, done.stdout, done.stderr)
        found[name] = (said, _last(done.stdout) if said == "works" else _last(done.stderr))
    return found


def resolve(python: str, wheel: Path, extra: str, folder: Path) -> str:
    """Return how many packages an extra would install."""
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    report = folder / "report.json"
    wanted = [
        "--dry-run",
        "--quiet",
        "--report",
        str(report),
        f"{wheel}[{extra}]",
    ]
    _pip(folder / "venv" / "bin" / "python", "install", *wanted)
    return f"{report.read_text(encoding='utf-8').count('download_info')} packages resolved"


def _outside() -> dict[str, str]:
    """Return the environment without what would lead back into the repository."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "KERAS_BACKEND")
    return {name: value for name, value in os.environ.items() if name not in dropped}


def _pip(python: Path | str, *words: str) -> None:
    subprocess.run([python, "-m", "pip", *words], check=True, env=_outside())


def build(folder: Path) -> Path:
    """Build the wheel, and return its path."""
    _pip(sys.executable, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("convcost-*.whl")
    return wheel


@click.command()
@click.argument("pythons", nargs=-1)
@click.option("--extra", "chosen", multiple=True, help="Try only this one; may be repeated.")
@click.option("--texts", is_flag=True, help="Print what each program printed last, too.")
def main(pythons: tuple[str, ...], chosen: tuple[str, ...], texts: bool) -> None:
    """Try the wheel without extras and with each of them alone."""
    extras = [NONE, *(one for one in extras_of_project() if one not in OF_DEVELOPERS)]
    failed = 0
    with tempfile.TemporaryDirectory() as top:
        wheel = build(Path(top))
        for python in pythons or (sys.executable,):
            version = subprocess.check_output([python, "--version"], text=True).strip()
            for extra in chosen or extras:
                with tempfile.TemporaryDirectory(dir=top) as made:
                    failed += _show(version, python, wheel, extra, Path(made), texts)
    sys.exit(1 if failed else 0)


def _show(version: str, python: str, wheel: Path, extra: str, folder: Path, texts: bool) -> int:
    """Try an extra, print its line of the table, and return how many features failed."""
    if extra in ONLY_RESOLVED:
        print(f"{version} | {extra} | {resolve(python, wheel, extra, folder)}", flush=True)
        return 0
    found = try_extra(python, wheel, extra, folder)
    by_verdict: dict[str, list[str]] = {}
    for name, (said, _) in found.items():
        by_verdict.setdefault(said, []).append(name)
    shown = "; ".join(f"{said}: {', '.join(names)}" for said, names in sorted(by_verdict.items()))
    print(f"{version} | {extra} | {shown}", flush=True)
    if texts:
        for name, (said, text) in found.items():
            print(f"    {name}: {said}: {text}", flush=True)
    return sum(said.startswith("FAILS") for said, _ in found.values())


if __name__ == "__main__":
    main()
