"""Break each term of each formula in turn, and see who notices.

`python tests/break_formulas.py` copies the repository aside, changes one term at a time, and prints
how many tests fail and what `convcost verify` exits with. Exits with 1 if a broken formula passes.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
FORMULAS, CONVOLUTIONS = "convcost/formulas.py", "convcost/convolutions.py"
TESTS = (
    "test_convolutions",
    "test_numbers",
    "test_explanation",
    "test_against_keras",
    "test_verify",
)

# Formula, file, the term, and what it becomes.
BREAKS = [
    ("any: elements", FORMULAS, "elements = filters * positions", "elements = filters"),
    ("any: bias of params", FORMULAS, "(weights + bias) * filters", "weights * filters"),
    ("any: filters of params", FORMULAS, "(weights + bias) * filters", "(weights + bias)"),
    ("any: weights of MACs", FORMULAS, "weights * elements", "elements"),
    ("any: elements of MACs", FORMULAS, "weights * elements", "weights * filters"),
    ("any: bias additions", FORMULAS, "bias * elements", "bias * filters"),
    ("standard: kernel", FORMULAS, "counts(dk * dk * m,", "counts(dk * m,"),
    ("standard: input channels", FORMULAS, "counts(dk * dk * m,", "counts(dk * dk,"),
    ("standard: output channels", FORMULAS, "m, n, df * df, bias)", "m, m, df * df, bias)"),
    ("standard: output", FORMULAS, "m, n, df * df, bias)", "m, n, df, bias)"),
    ("depthwise: kernel", FORMULAS, "counts(dk * dk, m,", "counts(dk, m,"),
    ("depthwise: channels", FORMULAS, "counts(dk * dk, m,", "counts(dk * dk * m, m,"),
    ("depthwise: output", FORMULAS, "dk, m, df * df, bias)", "dk, m, df, bias)"),
    ("pointwise: kernel", CONVOLUTIONS, "(1, m, n, df)", "(2, m, n, df)"),
    ("pointwise: channels", CONVOLUTIONS, "(1, m, n, df)", "(1, n, m, df)"),
    ("separable: depthwise bias", FORMULAS, "depthwise(dk, m, df, 0)", "depthwise(dk, m, df, 1)"),
    ("separable: pointwise kernel", FORMULAS, "standard(unit, m,", "standard(dk, m,"),
    ("separable: params", FORMULAS, "depthwise_params + pointwise_params", "pointwise_params"),
    ("separable: MACs", FORMULAS, "depthwise_macs + pointwise_macs", "depthwise_macs"),
    ("ratio: the way round", CONVOLUTIONS, "return separable(dk, m, n, 1, bias=bias) / standard",
     "return standard(dk, m, n, 1, bias=bias) / standard"),
    ("ratio: bias", CONVOLUTIONS, "standard(dk, m, n, 1, bias=bias)\n", "standard(dk, m, n, 1)\n"),
]  # fmt: skip


def copy_repository(folder: Path) -> None:
    """Copy what the tests need, without what tools leave behind."""
    for name in ("convcost", "tests", "examples", "conftest.py", "pyproject.toml", "README.md"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, folder / name)


def count_failures(folder: Path, environment: dict[str, str]) -> tuple[int, int]:
    """Run the tests; return how many failed and how many ran."""
    tests = [f"tests/{name}.py" for name in TESTS]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *tests],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = {word: int(n) for n, word in re.findall(r"(\d+) (failed|passed)", result.stdout)}
    if not found:
        raise RuntimeError(f"pytest did not run: {result.stdout[-1000:]}{result.stderr[-1000:]}")
    return found.get("failed", 0), sum(found.values())


def run_verify(folder: Path, environment: dict[str, str]) -> int:
    """Run the verification; return its exit code."""
    command = [sys.executable, "-m", "convcost", "verify", "--cases", "40", "--device", "cpu"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=False
    ).returncode


@click.command()
def main() -> None:
    """Break each term of each formula in turn, and see who notices."""
    table = Table("formula and term", "becomes", "tests failed", "verify exits", title="Broken")
    unnoticed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_repository(folder)
        environment = {**os.environ, "PYTHONPATH": name, "HYPOTHESIS_PROFILE": "quick"}
        for term, file, old, new in track(
            BREAKS, "Breaking formulas", console=Console(stderr=True), transient=True
        ):
            path = folder / file
            original = path.read_text(encoding="utf-8")
            if original.count(old) != 1:
                raise click.ClickException(
                    f"{file} has {old!r} {original.count(old)} times, not once"
                )
            path.write_text(original.replace(old, new), encoding="utf-8")
            failed, ran = count_failures(folder, environment)
            code = run_verify(folder, environment)
            path.write_text(original, encoding="utf-8")
            table.add_row(term, " ".join(new.split()), f"{failed} of {ran}", str(code))
            if failed == 0 or code != 1:
                unnoticed.append(term)
    Console().print(table)
    if unnoticed:
        raise click.ClickException(f"not noticed: {', '.join(unnoticed)}")


if __name__ == "__main__":
    main()
