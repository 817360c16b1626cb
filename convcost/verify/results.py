"""What a verification found: quantities, results of configurations, and a report of many."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from convcost.verify.backend import Device
from convcost.verify.cases import KINDS, Case


@dataclass(frozen=True)
class Quantity:
    """One number, from the formula and from the framework.

    Parameters
    ----------
    name
        What is counted.
    formula
        What convcost says.
    framework
        What the layer says.
    source
        Where the framework's number comes from.
    """

    name: str
    formula: int | Fraction
    framework: int | Fraction
    source: str

    @property
    def agrees(self) -> bool:
        """Whether the two numbers are equal, exactly."""
        return self.formula == self.framework

    def as_dict(self) -> dict[str, Any]:
        """Return the quantity as plain data; a ratio as a text like 73/576."""
        return {
            **{name: _plain(value) for name, value in asdict(self).items()},
            "agrees": self.agrees,
        }

    def __str__(self) -> str:
        return (
            f"{self.name}: formula {_text(self.formula)}, framework {_text(self.framework)}"
            f" ({self.source})"
        )


@dataclass(frozen=True)
class Result:
    """What the verification of one configuration found.

    Parameters
    ----------
    case
        The configuration.
    quantities
        Every number that was compared.
    device
        Where it ran.
    """

    case: Case
    quantities: tuple[Quantity, ...]
    device: Device

    @property
    def agrees(self) -> bool:
        """Whether every quantity agrees."""
        return not self.disagreements

    @property
    def disagreements(self) -> tuple[Quantity, ...]:
        """The quantities that differ."""
        return tuple(quantity for quantity in self.quantities if not quantity.agrees)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "case": self.case.as_dict(),
            "agrees": self.agrees,
            "quantities": [quantity.as_dict() for quantity in self.quantities],
        }

    def __str__(self) -> str:
        lines = [f"{self.case} on {self.device}: {'agrees' if self.agrees else 'DISAGREES'}"]
        for quantity in self.quantities:
            lines.append(f"  {'ok' if quantity.agrees else 'NO'}  {quantity}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """What a verification of many configurations found.

    Parameters
    ----------
    results
        One for each configuration.
    seed
        What the configurations were drawn with.
    device
        Where they ran.
    seconds
        How long it took.
    """

    results: tuple[Result, ...]
    seed: int
    device: Device
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether every configuration agrees."""
        return not self.disagreements

    @property
    def disagreements(self) -> tuple[Result, ...]:
        """The configurations in which something differs."""
        return tuple(result for result in self.results if not result.agrees)

    def by_kind(self) -> Iterator[tuple[str, int, int, int]]:
        """Yield for each kind how many configurations, quantities and disagreements there are."""
        for kind in KINDS:
            results = [result for result in self.results if result.case.kind == kind]
            if results:
                yield (
                    kind,
                    len(results),
                    sum(len(result.quantities) for result in results),
                    sum(not result.agrees for result in results),
                )

    def by_quantity(self) -> dict[str, int]:
        """Return how often each quantity was compared."""
        return dict(Counter(q.name for result in self.results for q in result.quantities))

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "agrees": self.agrees,
            "cases": len(self.results),
            "quantities": sum(self.by_quantity().values()),
            "disagreements": len(self.disagreements),
            "seed": self.seed,
            "device": self.device.name,
            "backend": self.device.backend,
            "seconds": round(self.seconds, 3),
            "results": [result.as_dict() for result in self.results],
        }

    def summary(self) -> str:
        """Return one sentence with the outcome."""
        where = f"{self.device}, seed {self.seed}, {self.seconds:.1f} s"
        if self.agrees:
            total = sum(self.by_quantity().values())
            return (
                f"All {len(self.results)} configurations agree, in all {total:,} quantities"
                f" ({where})."
            )
        return (
            f"{len(self.disagreements)} of {len(self.results)} configurations DISAGREE ({where})."
        )

    def __str__(self) -> str:
        return "\n".join([*map(str, self.disagreements), self.summary()])


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Fraction) else value


def _text(value: int | Fraction) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
