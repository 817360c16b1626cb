"""The comparison of convcost's numbers with those of built and running Keras layers."""

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import convcost
from convcost.verify import layers
from convcost.verify.backend import Device, select_device
from convcost.verify.cases import Case, draw
from convcost.verify.results import Quantity, Report, Result


def check(
    kind: str,
    *,
    dk: int | None = None,
    m: int | None = None,
    n: int | None = None,
    df: int | None = None,
    bias: bool | None = None,
    device: str = "auto",
) -> Result:
    """Build the Keras layer for one configuration and compare every number with the formula's.

    Parameters
    ----------
    kind
        `standard`, `depthwise`, `pointwise` or `separable`.
    dk, m, n, df
        The sizes that the kind takes, in elements and channels: positive Python integers.
    bias
        Whether there is a bias; by default as in the kind's own function.
    device
        `cpu`, `gpu`, or `auto` for a GPU where there is one.

    Returns
    -------
    Result
        Each quantity with the formula's number, the framework's, and whether they agree.

    Raises
    ------
    TypeError, ValueError
        If the kind or the device is unknown, or a size is missing, superfluous, not a positive
        Python integer, or too large to run.
    ImportError
        If Keras or its backend is not installed.
    DeviceError
        If a GPU was asked for and there is none.

    Notes
    -----
    The MACs come from the layer: with ones as weights and inputs, no bias, and all taps inside the
    input, each multiply-accumulate adds 1 to its output, so the outputs add up to their number.

    Examples
    --------
    >>> check("depthwise", dk=3, m=8, df=4, device="cpu").agrees
    True
    """
    if bias is None:
        bias = kind != "depthwise"
    case = Case(kind, dk=dk, m=m, n=n, df=df, bias=bias)
    return check_case(case, select_device(device))


def run(
    cases: int = 200,
    *,
    seed: int = 0,
    device: str = "auto",
    on_result: Callable[[Result], None] | None = None,
) -> Report:
    """Verify many configurations drawn at random.

    Parameters
    ----------
    cases
        How many configurations to draw; positive. The kinds take turns.
    seed
        The same seed draws the same configurations.
    device
        `cpu`, `gpu`, or `auto` for a GPU where there is one.
    on_result
        Called with each result as it comes, for a progress bar.

    Returns
    -------
    Report
        All results; `.agrees` where not one number differs.

    Raises
    ------
    TypeError, ValueError, ImportError, DeviceError
        As for `check`.

    Examples
    --------
    >>> report = run(8, seed=1, device="cpu")
    >>> report.agrees, len(report.results)
    (True, 8)
    """
    drawn, where = draw(cases, seed), select_device(device)
    start = time.perf_counter()
    results = []
    for case in drawn:
        results.append(check_case(case, where))
        if on_result is not None:
            on_result(results[-1])
    return Report(tuple(results), seed, where, time.perf_counter() - start)


def check_case(case: Case, device: Device) -> Result:
    """Verify one configuration on a device that was selected before."""
    compare = _compare_separable if case.kind == "separable" else _compare_single
    with device.scope():
        return Result(case, tuple(compare(case)), device)


def _compare_single(case: Case) -> Iterator[Quantity]:
    layer, shape = layers.build(case), layers.input_shape(case, case.kind)
    name, cost = type(layer).__name__, case.cost()
    yield _params(cost.params, layer, "params")
    yield _side(case, layer, shape)
    yield _macs(cost.macs, layer, shape, "macs")
    yield Quantity(
        "bias_adds", cost.bias_adds, _count_bias_adds(layer, shape), f"running {name} on biases"
    )


def _compare_separable(case: Case) -> Iterator[Quantity]:
    """Compare the layer, its two steps, and both with the standard convolution.

    Ones through the whole layer can't count its MACs: the depthwise step's outputs are dk*dk each,
    so every multiply-accumulate of the pointwise step adds dk*dk. They add up to the MACs of the
    standard convolution that the two steps replace, which is compared too. The steps, each on ones
    of its own, count what each of them does.
    """
    dk, m, n, df = case.sizes().values()
    cost = case.cost()
    first = convcost.depthwise(dk, m, df)
    second = convcost.pointwise(m, n, df, bias=case.bias)
    full = convcost.standard(dk, m, n, df, bias=case.bias)
    quotient = convcost.ratio(dk, m, n, bias=case.bias)

    shape = layers.input_shape(case, "separable")
    separable, standard = layers.build(case), layers.build(case, "standard")
    step = Case("depthwise", dk=dk, m=m, df=df, bias=False)
    depthwise, pointwise = layers.build(step), layers.build(case, "pointwise")
    layers.copy_steps(separable, depthwise, pointwise)

    yield _params(cost.params, separable, "params")
    yield _params(first.params, depthwise, "depthwise step params")
    yield _params(second.params, pointwise, "pointwise step params")
    yield _side(case, separable, shape)
    depthwise_macs = _macs(first.macs, depthwise, shape, "depthwise step macs")
    pointwise_shape = layers.input_shape(case, "pointwise")
    pointwise_macs = _macs(second.macs, pointwise, pointwise_shape, "pointwise step macs")
    macs = depthwise_macs.framework + pointwise_macs.framework
    yield depthwise_macs
    yield pointwise_macs
    yield Quantity("macs", cost.macs, macs, "running the two steps")
    yield Quantity(
        "bias_adds",
        cost.bias_adds,
        _count_bias_adds(separable, shape),
        "running SeparableConv2D on biases",
    )
    full_macs = _macs(full.macs, standard, shape, "standard macs")
    yield full_macs
    yield _macs(full.macs, separable, shape, "ones through the whole layer")
    yield Quantity(
        "ratio of params",
        quotient.params,
        Fraction(separable.count_params(), standard.count_params()),
        "count_params of SeparableConv2D and Conv2D",
    )
    yield Quantity(
        "ratio of macs",
        quotient.macs,
        Fraction(macs) / full_macs.framework,
        "running the two steps and Conv2D",
    )


def _params(formula: int, layer: Any, name: str) -> Quantity:
    source = f"count_params of {type(layer).__name__}"
    return Quantity(name, formula, int(layer.count_params()), source)


def _side(case: Case, layer: Any, shape: tuple[int, ...]) -> Quantity:
    source = f"output shape of {type(layer).__name__}"
    return Quantity("output side", case.sizes()["df"], layers.output_side(layer, shape), source)


def _macs(formula: int, layer: Any, shape: tuple[int, ...], name: str) -> Quantity:
    counted = layers.sum_of_outputs(layer, shape, weight=1, bias=0)
    return Quantity(name, formula, counted, f"running {type(layer).__name__} on ones")


def _count_bias_adds(layer: Any, shape: tuple[int, ...]) -> int:
    return layers.sum_of_outputs(layer, shape, weight=0, bias=1)
