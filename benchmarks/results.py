"""The figures of a run, with the machine and the versions that they were measured on."""

from __future__ import annotations

import json
import math
import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
FILE = HERE.parent / "docs" / "benchmarks" / "results.json"
PACKAGES = (
    "convcost",
    "numpy",
    "dask",
    "xarray",
    "moocore",
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "torchvision",
    "fvcore",
    "torchinfo",
    "thop",
    "ptflops",
    "calflops",
)


@dataclass(frozen=True)
class Results:
    """The figures of one machine.

    Parameters
    ----------
    where
        The machine, and the versions of the measured packages.
    figures
        For each benchmark its unit, and its figures by the parameters joined with " | ": medians
        in seconds, bytes, or another unit; None without a result.
    """

    where: dict[str, Any]
    figures: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, path: Path = FILE) -> Results:
        """Read them from a file."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path = FILE) -> None:
        """Write them to a file, as readable text."""
        path.parent.mkdir(parents=True, exist_ok=True)
        known = {"where": self.where, "figures": dict(sorted(self.figures.items()))}
        text = json.dumps(known, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")

    def get(self, benchmark: str, *parameters: str) -> float | None:
        """Return a figure, or None without a result."""
        figure: float | None = self.figures[benchmark]["figures"][" | ".join(parameters)]
        return figure

    def value(self, benchmark: str, *parameters: str) -> float:
        """Return a figure, which must exist."""
        figure = self.get(benchmark, *parameters)
        if figure is None:
            raise ValueError(f"{benchmark} has no result for {', '.join(parameters)}")
        return figure

    def parameters(self, benchmark: str) -> list[list[str]]:
        """Return the values of each of a benchmark's parameters."""
        values: list[list[str]] = self.figures[benchmark]["params"]
        return values


def write_page(file: Path, figures: dict[str, Any], page: str) -> None:
    """Write figures to a file, and beside it the page that a test holds to them."""
    file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    file.with_suffix(".md").write_text(page, encoding="utf-8")


def describe_machine() -> dict[str, Any]:
    """Return a description of this machine, and the versions of the measured packages."""
    versions = {}
    for package in PACKAGES:
        try:
            # Without the build number.
            versions[package] = version(package).partition("+")[0]
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
    }


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        for line in cpus.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def collect(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the latest figure of each benchmark from asv's folder for one machine."""
    described = json.loads((folder.parent / "benchmarks.json").read_text(encoding="utf-8"))
    figures: dict[str, dict[str, Any]] = {}
    files = (path for path in folder.glob("*.json") if path.name != "machine.json")
    for path in sorted(files, key=lambda path: path.stat().st_mtime):
        figures |= _from_asv(path, described)
    return figures


def _from_asv(path: Path, described: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    from asv.results import Results as Measured

    measured = Measured.load(str(path))
    found = {}
    for key in sorted(measured.get_all_result_keys()):
        if key not in described:
            continue
        params = measured.get_result_params(key)
        values = measured.get_result_value(key, params)
        # asv writes parameters as Python literals, with quotes.
        plain = [[value.strip("'") for value in one] for one in params]
        found[key] = {
            "unit": described[key]["unit"],
            "names": described[key]["param_names"],
            "params": plain,
            "figures": dict(zip(_joined(plain), map(_rounded, values), strict=True)),
        }
    return found


def _joined(params: list[list[str]]) -> list[str]:
    from itertools import product

    return [" | ".join(one) for one in product(*params)]


def _rounded(value: float | None) -> float | int | None:
    """Return a measured figure to four significant digits, and a count exactly."""
    if value is None or math.isnan(value):
        return None
    if float(value).is_integer():
        return int(value)
    return float(f"{value:.4g}")
