"""What a design space holds, to look at: a Pareto front, and a ratio over two axes."""

from __future__ import annotations

from math import exp, inf, log
from numbers import Real
from typing import TYPE_CHECKING, cast

from convcost.cost.quantities import UNITS
from convcost.exact.scalars import refuse
from convcost.report.table import import_optional

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_front(
    front: pd.DataFrame,
    x: str = "macs",
    y: str = "params",
    color: str | None = None,
    axes: Axes | None = None,
) -> Figure:
    """Draw designs as points over two of their columns.

    Parameters
    ----------
    front
        What `Space.pareto` or `Space.top` returned.
    x, y
        Columns of it, of numbers: quantities or axes. Both scales are logarithmic.
    color
        A third one, shown as the points' color; None for one color.
    axes
        Axes of matplotlib; None for a new figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If `front` is not a data frame, or a column has no numbers.
    ValueError
        If there is no such column, or no design.

    Examples
    --------
    >>> import convcost
    >>> space = convcost.Space(convcost.separable, dk=[3, 5], m=range(8, 65, 8), n=64, df=[7, 14])
    >>> figure = convcost.plot_front(space.pareto(maximize=["params"], minimize=["macs"]))
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('MACs', 'parameters')
    """
    pyplot = import_optional("matplotlib.pyplot")
    if not isinstance(front, import_optional("pandas").DataFrame):
        refuse(TypeError, "front", front, "a data frame, as Space.pareto returns")
    if not len(front):
        raise ValueError("front has no designs to draw")
    for argument, column in (("x", x), ("y", y), ("color", color)):
        if column is not None:
            _check_column(front, argument, column)
    axes = _axes(pyplot, axes)
    shown = None if color is None else front[color]
    points = axes.scatter(front[x], front[y], s=12, c=shown)
    if color is not None:
        axes.figure.colorbar(points, ax=axes, label=UNITS.get(color, color))
    axes.set(xscale="log", yscale="log", xlabel=UNITS.get(x, x), ylabel=UNITS.get(y, y))
    axes.set_title(f"{len(front):,} designs")
    return cast("Figure", axes.figure)


def _check_column(front: pd.DataFrame, argument: str, column: str) -> None:
    if column not in front:
        refuse(ValueError, argument, column, f"one of {', '.join(map(str, front.columns))}")
    if front[column].dtype == object:
        refuse(TypeError, argument, column, "a column of numbers")


def plot_ratio(
    ratio: xr.DataArray,
    level: float = 1.0,
    x: str | None = None,
    y: str | None = None,
    axes: Axes | None = None,
) -> Figure:
    """Draw a ratio over two axes as colors, with the line on which it has a value.

    Parameters
    ----------
    ratio
        Positive numbers over two dimensions: a quotient of what `convcost.sweep` returned.
    level
        The value of the line, and of the middle of the colors; positive.
    x, y
        The dimensions to the right and upwards; by default the second and the first one.
    axes
        Axes of matplotlib; None for a new figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If `ratio` is not a DataArray, or `level` not a number.
    ValueError
        If `ratio` does not have two dimensions, or something in it, or `level`, is not positive.

    Examples
    --------
    >>> import convcost
    >>> axes = {"dk": range(1, 10), "n": range(1, 65)}
    >>> separable = convcost.sweep(convcost.separable, m=64, df=28, **axes)
    >>> standard = convcost.sweep(convcost.standard, m=64, df=28, **axes)
    >>> figure = convcost.plot_ratio(separable.macs / standard.macs, level=1 / 8)
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('n', 'dk')
    """
    pyplot = import_optional("matplotlib.pyplot")
    if isinstance(level, bool) or not isinstance(level, Real):
        refuse(TypeError, "level", level, "a positive number")
    if not 0 < level < inf:
        refuse(ValueError, "level", level, "a positive number")
    if not isinstance(ratio, import_optional("xarray").DataArray):
        refuse(TypeError, "ratio", ratio, "a DataArray, as what convcost.sweep returns has")
    if ratio.ndim != 2:
        raise ValueError(
            f"ratio must have two dimensions; got {ratio.ndim} ({', '.join(map(str, ratio.dims))})"
            " of them: choose values of the others with .sel"
        )
    x, y = _dimensions(ratio, x, y)
    values = ratio.transpose(y, x)
    if not bool((values > 0).all()):
        raise ValueError("ratio must be positive throughout: its colors are on a logarithmic scale")
    return _draw_ratio(values, float(level), x, y, _axes(pyplot, axes))


def _dimensions(ratio: xr.DataArray, x: str | None, y: str | None) -> tuple[str, str]:
    up, right = (str(dim) for dim in ratio.dims)
    for argument, dim in (("x", x), ("y", y)):
        if dim is not None and dim not in (up, right):
            refuse(ValueError, argument, dim, f"{up} or {right}")
    x = x or (up if y == right else right)
    y = y or (right if x == up else up)
    if x == y:
        refuse(ValueError, "y", y, "another dimension than x")
    return x, y


def _draw_ratio(values: xr.DataArray, level: float, x: str, y: str, axes: Axes) -> Figure:
    from matplotlib.colors import LogNorm

    numbers = values.values.astype(float)
    # As far down as up from the level, in ratios, so that the color in the middle is the level.
    reach = max(abs(log(numbers.min() / level)), abs(log(numbers.max() / level)), log(1.01))
    norm = LogNorm(level * exp(-reach), level * exp(reach))
    grid = values[x].values, values[y].values
    drawn = axes.pcolormesh(*grid, numbers, norm=norm, cmap="RdBu_r", shading="nearest")
    bar = axes.figure.colorbar(drawn, ax=axes)
    name = str(values.name or "ratio")
    bar.set_label(f"ratio of {UNITS[name]}" if name in UNITS else name)
    if min(numbers.shape) > 1 and numbers.min() < level < numbers.max():
        line = axes.contour(*grid, numbers, levels=[level], colors="black")
        axes.clabel(line, fmt=f"{level:.4g}")
    axes.set(xlabel=x, ylabel=y)
    return cast("Figure", axes.figure)


def _axes(pyplot: ModuleType, axes: Axes | None) -> Axes:
    """Return given axes of matplotlib, or those of a new figure."""
    if axes is not None:
        return axes
    made: Axes
    _, made = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    return made
