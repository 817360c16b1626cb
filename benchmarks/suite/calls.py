"""The time of one call, compared with bare arithmetic, and the time to import each counter."""

from __future__ import annotations

from convcost import separable

SIZES = (3, 32, 64, 28)


def bare(dk: int, m: int, n: int, df: int) -> tuple[int, int, int]:
    """Return what `separable` returns, without any checks."""
    return dk * dk * m + m * n + n, df * df * m * (dk * dk + n), n * df * df


class Call:
    """One design, from Python integers."""

    params = ("bare expression", "convcost.separable")
    param_names = ("what",)

    def setup(self, what: str) -> None:
        """Choose the function to call."""
        self.call = bare if what == self.params[0] else separable

    def time_call(self, what: str) -> None:
        """Call it."""
        self.call(*SIZES)


class Import:
    """Importing, in a fresh interpreter that has imported nothing else."""

    params = ("convcost", "torchinfo", "ptflops", "thop", "fvcore.nn", "calflops", "tensorflow")
    param_names = ("module",)
    timeout = 300

    def timeraw_import(self, module: str) -> str:
        """Return the import statement; convcost's also loads the arithmetic."""
        return "from convcost import separable" if module == "convcost" else f"import {module}"
