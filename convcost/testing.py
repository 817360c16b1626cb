"""Helpers for the tests of your own project, such as a budget for a model.

Examples
--------
>>> from convcost.testing import assert_budget
>>> assert_budget("docs/gallery/fashion_mnist.json", max_macs="5M")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._report.budgets import check

if TYPE_CHECKING:
    from convcost._models.network import Network
    from convcost._models.types import ModelShape, ModelSource, OnUnknown, OutputShapes
    from convcost._report.budgets import Amount, Share

__all__ = ["assert_budget"]


def assert_budget(
    source: Network | ModelSource,
    input_shape: ModelShape = None,
    *,
    max_params: Amount | None = None,
    max_macs: Amount | None = None,
    max_flops: Amount | None = None,
    max_size: Amount | None = None,
    baseline: Network | ModelSource | None = None,
    tolerance: Share = 0,
    on_unknown: OnUnknown = "error",
    shapes: OutputShapes | None = None,
) -> None:
    """Raise AssertionError if a model is over a budget.

    Parameters
    ----------
    source, input_shape, on_unknown, shapes
        The model, as `convcost.summary` takes it.
    max_params, max_macs, max_flops, max_size, baseline, tolerance
        The budget, as `convcost.check` takes it.

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
    found = check(
        source,
        input_shape,
        max_params=max_params,
        max_macs=max_macs,
        max_flops=max_flops,
        max_size=max_size,
        baseline=baseline,
        tolerance=tolerance,
        on_unknown=on_unknown,
        shapes=shapes,
    )
    if not found.fits:
        raise AssertionError(str(found))
