"""Plots of design spaces: a Pareto front, and a ratio over two axes."""

from __future__ import annotations

from math import exp, inf, log
from numbers import Real
from typing import TYPE_CHECKING, Any, cast

from convcost._cost.quantities import UNITS
from convcost._exact.scalars import refuse, refuse_choice
from convcost._report.plots import show_once
from convcost._report.table import import_optional

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# More values than this have a color bar in place of a legend.
_MOST_COLORS = 10


def plot_front(
    front: pd.DataFrame,
    x: str = "macs",
    y: str = "params",
    color: str | None = None,
    axes: Axes | None = None,
) -> Figure:
    """Plot designs as points, one column against another, with a line through a front.

    Parameters
    ----------
    front
        What `Space.pareto` or `Space.top` returned.
    x, y
        Names of its columns of numbers, quantities or axes. Both scales are logarithmic.
    color
        Name of a third column, shown as the color of the points; None for a single color. Up to ten
        different values have a color each, named in a legend, and more of them a color bar. The
        points of one color are joined where `y` only grows or only falls along `x`.
    axes
        Matplotlib axes to draw on; None for a new figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If `front` is not a data frame, or a column does not hold numbers.
    ValueError
        If `front` is empty or lacks one of the columns.

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
        refuse(TypeError, "front", front, "a data frame, such as Space.pareto returns")
    if not len(front):
        raise ValueError("front has no designs to draw")
    for argument, column in (("x", x), ("y", y), ("color", color)):
        if column is not None:
            _check_column(front, argument, column)
    axes = _axes(pyplot, axes)
    values = [] if color is None else sorted(front[color].unique())
    if len(values) > _MOST_COLORS:
        points = axes.scatter(front[x], front[y], s=12, c=front[color], zorder=2)
        axes.figure.colorbar(points, ax=axes, label=UNITS.get(cast("str", color), color))
    elif values:
        colors = pyplot.get_cmap("viridis")
        for place, value in enumerate(values):
            drawn = colors(0.9 * place / max(1, len(values) - 1))
            _draw_designs(axes, front[front[color] == value], x, y, color=drawn, label=f"{value:,}")
        axes.legend(title=UNITS.get(cast("str", color), color))
    else:
        _draw_designs(axes, front, x, y)
    axes.set(xscale="log", yscale="log", xlabel=UNITS.get(x, x), ylabel=UNITS.get(y, y))
    axes.set_title(f"{len(front):,} designs: {UNITS.get(y, y)} against {UNITS.get(x, x)}")
    axes.grid(alpha=0.3)
    return cast("Figure", axes.figure)


def _draw_designs(axes: Axes, designs: pd.DataFrame, x: str, y: str, **style: Any) -> None:
    """Draw points, joined by a line if one column only grows or only falls along the other."""
    along = designs.sort_values([x, y])
    if along[y].is_monotonic_decreasing or along[y].is_monotonic_increasing:
        style |= {"linestyle": "-", "linewidth": 1}
    axes.plot(along[x], along[y], **{"linestyle": "", "marker": "o", "markersize": 3, **style})


def _check_column(front: pd.DataFrame, argument: str, column: str) -> None:
    if column not in front:
        refuse_choice(argument, column, map(str, front.columns))
    if front[column].dtype == object:
        raise TypeError(
            f"{argument} must be a column of numbers, but column {column!r} has dtype object"
        )


def plot_ratio(
    ratio: xr.DataArray,
    level: float = 1.0,
    x: str | None = None,
    y: str | None = None,
    axes: Axes | None = None,
) -> Figure:
    """Plot a ratio over two axes as a color map, with a contour line at one value.

    Parameters
    ----------
    ratio
        Positive numbers over two dimensions, such as the quotient of two results of
        `convcost.sweep`.
    level
        Value of the contour line and of the middle of the color scale; positive.
    x, y
        Dimensions of the horizontal and vertical axis; by default the second and the first.
    axes
        Matplotlib axes to draw on; None for a new figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If `ratio` is not a DataArray, or `level` not a number.
    ValueError
        If `ratio` does not have two dimensions, or one of its values or `level` is not positive.

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
        refuse(TypeError, "ratio", ratio, "a DataArray, such as convcost.sweep(...).macs")
    if ratio.ndim != 2:
        raise ValueError(
            f"ratio must have two dimensions; got {ratio.ndim} ({', '.join(map(str, ratio.dims))})"
            ": select a value of each other dimension with .sel"
        )
    x, y = _dimensions(ratio, x, y)
    values = ratio.transpose(y, x)
    if not bool((values > 0).all()):
        raise ValueError("ratio must be positive everywhere: its color scale is logarithmic")
    return _draw_ratio(values, float(level), x, y, _axes(pyplot, axes))


def _dimensions(ratio: xr.DataArray, x: str | None, y: str | None) -> tuple[str, str]:
    up, right = (str(dim) for dim in ratio.dims)
    for argument, dim in (("x", x), ("y", y)):
        if dim is not None and dim not in (up, right):
            refuse(ValueError, argument, dim, f"{up!r} or {right!r}")
    x = x or (up if y == right else right)
    y = y or (right if x == up else up)
    if x == y:
        refuse(ValueError, "y", y, "a different dimension from x")
    return x, y


def _draw_ratio(values: xr.DataArray, level: float, x: str, y: str, axes: Axes) -> Figure:
    from matplotlib.colors import LogNorm

    numbers = values.values.astype(float)
    # The same ratio below and above the level, so that the middle color stands for the level.
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
    axes.set(xlabel=x, ylabel=y, title=_title_of(values, bar.ax.get_ylabel()))
    return cast("Figure", axes.figure)


def _title_of(values: xr.DataArray, label: str) -> str:
    """Return what a map shows, with the values of the axes that have only one."""
    single = [f"{name} = {one.item():,}" for name, one in values.coords.items() if not one.ndim]
    return f"{label} at {', '.join(single)}" if single else label


def _axes(pyplot: ModuleType, axes: Axes | None) -> Axes:
    """Return the given matplotlib axes, or those of a new figure."""
    if axes is not None:
        return axes
    made: Axes
    figure, made = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    show_once(pyplot, figure)
    return made
