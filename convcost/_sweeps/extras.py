"""Optional packages that design spaces need."""

from __future__ import annotations

from importlib.util import find_spec


def require(package: str) -> None:
    """Raise an ImportError that names the extra to install, if a package is missing."""
    if find_spec(package) is None:
        raise ImportError(f'design spaces need {package}: pip install "convcost[sweeps]"')
