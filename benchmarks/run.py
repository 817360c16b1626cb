"""Measure everything, and write the JSON, the tables and the plots: `python benchmarks/run.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Any

import click
import report
from results import FILE, HERE, Results, collect, describe_machine

ASV = HERE / ".asv" / "results"


@click.command()
@click.option("--bench", multiple=True, help="Run only benchmarks that match this regex.")
@click.option("--quick", is_flag=True, help="Run each once, as a check, and write nothing.")
def main(bench: tuple[str, ...], quick: bool) -> None:
    """Measure the figures of docs and README with airspeed velocity, in about half an hour.

    With --bench the other figures are kept, and must be from this machine and these versions.
    """
    where = describe_machine()
    kept = _kept(where) if bench and not quick else {}
    shutil.rmtree(ASV, ignore_errors=True)
    failed = _measure(bench, quick)
    if quick:
        sys.exit(failed)
    folders = [path.parent for path in ASV.glob("*/machine.json")]
    if not folders:
        raise click.ClickException("asv wrote no results; see its output above")
    results = Results(where, kept | collect(folders[0]))
    results.write()
    click.echo(f"Wrote {FILE}")
    report.write(results)


def _kept(where: dict[str, Any]) -> dict[str, dict[str, Any]]:
    if not FILE.exists():
        return {}
    before = Results.read()
    if before.where != where:
        differs = [name for name in where if before.where.get(name) != where[name]]
        raise click.UsageError(
            f"the figures in {FILE} are from another machine or from other versions"
            f" ({', '.join(differs)} differ); measure everything, without --bench"
        )
    return before.figures


def _measure(bench: tuple[str, ...], quick: bool) -> int:
    """Run the suite with asv in this interpreter's environment, and return its exit code."""
    config = str(HERE / "asv.conf.json")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # imports are measured as users run them
    asv = [sys.executable, "-m", "asv"]
    named = [*asv, "machine", "--yes", "--config", config]
    subprocess.run(named, check=True, env=environment, stdout=subprocess.DEVNULL)
    command = [*asv, "run", "--config", config, "--environment", f"existing:{sys.executable}"]
    command += ["--launch-method", "spawn"]
    command += ["--quick", "--dry-run", "--show-stderr"] if quick else ["--set-commit-hash", "HEAD"]
    for one in bench:
        command += ["--bench", one]
    return subprocess.run(command, check=False, env=environment, cwd=HERE).returncode


if __name__ == "__main__":
    main()
