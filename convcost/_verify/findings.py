"""Results of a verification: quantities, findings of oracles, and all cases together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convcost._verify.cases import Case
    from convcost._verify.devices import Device


class Outcome(StrEnum):
    """What an oracle says about a configuration."""

    CONFIRMED = "confirmed"
    NOT_VISIBLE = "not visible"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True)
class Quantity:
    """One number, or shape, from convcost and from an oracle.

    Parameters
    ----------
    name
        What is counted.
    convcost
        The value that convcost claims.
    oracle
        The value that the oracle counts.
    """

    name: str
    convcost: object
    oracle: object

    @property
    def agrees(self) -> bool:
        """Whether the two are exactly equal."""
        return bool(self.convcost == self.oracle)

    def as_dict(self) -> dict[str, Any]:
        """Return the quantity as plain data; a ratio as a string such as 73/576."""
        return {
            "name": self.name,
            "convcost": _plain(self.convcost),
            "oracle": _plain(self.oracle),
            "agrees": self.agrees,
        }

    def __str__(self) -> str:
        if self.agrees:
            return f"{self.name} {_text(self.oracle)}"
        return f"{self.name}: convcost {_text(self.convcost)}, oracle {_text(self.oracle)}"


@dataclass(frozen=True)
class Finding:
    """What one oracle says about one configuration.

    Parameters
    ----------
    oracle
        Its name.
    quantities
        Every number that was compared; empty if the oracle can't see the configuration.
    reason
        Why the oracle can't see the configuration; else empty.
    """

    oracle: str
    quantities: tuple[Quantity, ...] = ()
    reason: str = ""

    @property
    def outcome(self) -> Outcome:
        """Confirmed, not visible, or contradicted."""
        if not self.quantities:
            return Outcome.NOT_VISIBLE
        agrees = all(quantity.agrees for quantity in self.quantities)
        return Outcome.CONFIRMED if agrees else Outcome.CONTRADICTED

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        return {
            "oracle": self.oracle,
            "outcome": str(self.outcome),
            "reason": self.reason,
            "quantities": [quantity.as_dict() for quantity in self.quantities],
        }

    def __str__(self) -> str:
        if not self.quantities:
            return f"{self.oracle}: {self.outcome}: {self.reason}"
        shown = [q for q in self.quantities if not q.agrees] or self.quantities
        return f"{self.oracle}: {self.outcome}: {'; '.join(map(str, shown))}"


def agree(findings: Iterable[Finding]) -> bool:
    """Return whether something is confirmed and nothing contradicted."""
    outcomes = {finding.outcome for finding in findings}
    return Outcome.CONFIRMED in outcomes and Outcome.CONTRADICTED not in outcomes


@dataclass(frozen=True)
class Result:
    """What the verification of one configuration found.

    Parameters
    ----------
    case
        The configuration.
    findings
        What each oracle says.
    """

    case: Case
    findings: tuple[Finding, ...]

    @property
    def agrees(self) -> bool:
        """Whether an oracle confirms it and none contradicts it."""
        return agree(self.findings)

    @property
    def contradictions(self) -> tuple[Finding, ...]:
        """The findings that contradict convcost."""
        return tuple(f for f in self.findings if f.outcome is Outcome.CONTRADICTED)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            **self.case.as_dict(),
            "agrees": self.agrees,
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def __str__(self) -> str:
        verdict = "agrees" if self.agrees else "DISAGREES"
        if not self.agrees and not self.contradictions:
            verdict = "SEEN BY NO ORACLE"
        return "\n".join([f"{self.case}: {verdict}", *(f"  {line}" for line in self.findings)])


@dataclass(frozen=True)
class Verification:
    """What a verification of many configurations found.

    Parameters
    ----------
    results
        One for each configuration.
    oracles
        Names of the oracles that were used.
    seed
        Seed of the random draws.
    device
        The device that layers ran on.
    seconds
        How long it took.
    """

    results: tuple[Result, ...]
    oracles: tuple[str, ...]
    seed: int
    device: Device
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether some configurations are confirmed, and none contradicted."""
        return not self.disagreements and len(self.unseen) < len(self.results)

    @property
    def disagreements(self) -> tuple[Result, ...]:
        """The configurations that an oracle contradicts, smallest first."""
        found = [result for result in self.results if result.contradictions]
        return tuple(sorted(found, key=lambda result: result.case.extent()))

    @property
    def unseen(self) -> tuple[Result, ...]:
        """The configurations that none of the chosen oracles can see."""
        return tuple(r for r in self.results if not any(f.quantities for f in r.findings))

    def table(self) -> dict[str, dict[str, Counter[Outcome]]]:
        """Return how many configurations had each outcome, for each kind and oracle."""
        rows: dict[str, dict[str, Counter[Outcome]]] = {}
        for result in self.results:
            row = rows.setdefault(result.case.kind, {name: Counter() for name in self.oracles})
            for finding in result.findings:
                row[finding.oracle][finding.outcome] += 1
        return rows

    def smallest_contradictions(self) -> dict[tuple[str, str], Result]:
        """Return the smallest contradicted configuration for each kind and oracle."""
        smallest: dict[tuple[str, str], Result] = {}
        for result in self.disagreements:
            for finding in result.contradictions:
                smallest.setdefault((result.case.kind, finding.oracle), result)
        return smallest

    def reasons(self) -> Counter[tuple[str, str]]:
        """Return how often each oracle saw nothing for each reason, by (oracle, reason)."""
        return Counter(
            (finding.oracle, finding.reason)
            for result in self.results
            for finding in result.findings
            if finding.outcome is Outcome.NOT_VISIBLE
        )

    def quantities(self) -> int:
        """Return how many numbers were compared."""
        return sum(len(f.quantities) for result in self.results for f in result.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the verification as plain data."""
        return {
            "agrees": self.agrees,
            "cases": len(self.results),
            "quantities": self.quantities(),
            "disagreements": len(self.disagreements),
            "unseen": len(self.unseen),
            "oracles": list(self.oracles),
            "seed": self.seed,
            "device": self.device.name,
            "backend": self.device.backend,
            "seconds": round(self.seconds, 3),
            "table": {
                kind: {
                    oracle: {str(outcome): counter[outcome] for outcome in Outcome}
                    for oracle, counter in row.items()
                }
                for kind, row in self.table().items()
            },
            "results": [result.as_dict() for result in self.results],
        }

    def summary(self) -> str:
        """Return one sentence with the outcome."""
        where = f"{self.device}, seed {self.seed}, {self.seconds:.1f} s"
        total = len(self.results)
        if self.disagreements:
            return f"{len(self.disagreements)} of {total} configurations DISAGREE ({where})."
        quantities = f"in all {self.quantities():,} quantities"
        if not self.unseen:
            return f"All {total} configurations agree, {quantities} ({where})."
        return (
            f"{total - len(self.unseen)} of {total} configurations agree, {quantities}; the others"
            f" are seen by none of the chosen oracles ({where})."
        )

    def __str__(self) -> str:
        shown = dict.fromkeys(self.smallest_contradictions().values())
        return "\n".join([*map(str, shown), self.summary()])


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Fraction) else value


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
