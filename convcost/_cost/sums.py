"""What adds up to a sum of costs, each summand once with the number of times that it is added.

Sums may share their summands: forty times `cost = cost + cost` adds a trillion of them. So a sum is
walked as a graph, and each of its costs is visited once.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from convcost._cost.cost import Cost
    from convcost._exact.types import Counts, Term, Terms

    # What adds up to a cost, and the same with the number of times that it is added.
    Part: TypeAlias = Cost[Any] | Term | Counts
    Numbered: TypeAlias = tuple[int, Term | Counts]


def terms_of(cost: "Cost[Any]") -> "Terms":
    """Return the terms of a cost, in the order in which they are first added.

    Examples
    --------
    >>> import convcost
    >>> one, other = convcost.pointwise(1, 2, 3), convcost.Cost(5, 6)
    >>> [(times, term[1]) for times, term in terms_of(one + other + one)]
    [(2, (1, 1, 2, 3)), (1, 6)]
    """
    leaves, uses = _survey(cost)
    times = dict.fromkeys(uses, 0)
    times[id(cost)] = 1
    ready: list[Part] = [cost]
    while ready:  # each part after every sum that it is a part of
        part = ready.pop()
        for number, inner in _parts(part):
            key = id(inner)
            times[key] += times[id(part)] * number
            uses[key] -= 1
            if not uses[key]:
                ready.append(inner)
    return [(times[id(leaf)], _term(leaf)) for leaf in leaves]


def _survey(cost: "Cost[Any]") -> "tuple[list[Part], dict[int, int]]":
    """Return the parts that are no sums, in order, and how often each part is used, by its id."""
    leaves: list[Part] = []
    uses = {id(cost): 0}
    visited: set[int] = set()
    pending: list[Part] = [cost]
    while pending:  # not recursive: a sum of 100,000 costs nests 100,000 deep
        part = pending.pop()
        if id(part) in visited:
            continue
        visited.add(id(part))
        inner = _parts(part)
        if not inner:
            leaves.append(part)
        for _, one in reversed(inner):
            uses[id(one)] = uses.get(id(one), 0) + 1
            pending.append(one)
    return leaves, uses


def _parts(part: "Part") -> "list[tuple[int, Part]]":
    """Return what a part is the sum of, with numbers; empty for a term."""
    found: list[tuple[int, Part]] = []
    for one in () if isinstance(part, tuple) else part._terms:
        if isinstance(one, tuple) and len(one) == 2:
            found.append(one)
        else:
            found.append((1, one))
    return found


def _term(leaf: "Part") -> "Term | Counts":
    return leaf if isinstance(leaf, tuple) else leaf._counts()
