"""Helpers for the tests of your own project, such as a budget for a model.

Examples
--------
>>> from convcost.testing import assert_budget
>>> assert_budget("docs/gallery/fashion_mnist.json", max_macs="5M")
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from convcost._exact.scalars import did_you_mean, join_names
from convcost._report.budgets import check

if TYPE_CHECKING:
    from typing import Unpack

    from convcost._models.network import Network
    from convcost._models.types import ModelShape, ModelSource
    from convcost._report.budgets import Budget

__all__ = ["assert_budget"]


def assert_budget(
    source: Network | ModelSource, input_shape: ModelShape = None, **budget: Unpack[Budget]
) -> None:
    """Raise AssertionError if a model is over a budget.

    Parameters
    ----------
    source, input_shape
        The model, as `convcost.summary` takes it.
    **budget
        The limits and further options, as `convcost.check` takes them.

    Raises
    ------
    AssertionError
        If one of the limits does not hold; the message has a line for each.
    ModelError, TypeError, ValueError
        As `convcost.check`.

    Examples
    --------
    >>> assert_budget("docs/gallery/fashion_mnist.json", max_macs="4M")
    Traceback (most recent call last):
        ...
    AssertionError: fashion_mnist_separable: over budget
      OVER  MACs  4,065,600  at most 4,000,000: 65,600 too many (1.64 %)
    """
    __tracebackhide__ = True
    for name in budget:
        if name not in _KNOWN:
            raise TypeError(
                f"assert_budget has no argument {name!r}, only {join_names(_KNOWN)}"
                f"{did_you_mean(name, _KNOWN, most=1)}"
            )
    found = check(source, input_shape, **budget)
    if not found.fits:
        raise AssertionError(str(found))


_KNOWN = list(inspect.signature(check).parameters)
