"""The cost of a model, layer by layer, and of two models side by side."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast, overload

from convcost._exact.scalars import refuse
from convcost._models.errors import ModelError, SavedReportError
from convcost._models.network import Network
from convcost._models.read import from_keras
from convcost._report.comparison import Comparison
from convcost._report.report import Report
from convcost._report.saved import SavedNetwork
from convcost._report.several import Models

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from convcost._models.types import ModelShape, ModelSource, OnUnknown, OutputShapes
    from convcost._report.columns import Formula, Units


def summary(
    source: Network | ModelSource,
    input_shape: ModelShape = None,
    *,
    on_unknown: OnUnknown = "error",
    shapes: OutputShapes | None = None,
    effective: bool = False,
    intensity: bool = False,
    formula: Formula = "params",
    columns: Sequence[str] | None = None,
    units: Units = "exact",
    depth: int | None = None,
) -> Report:
    """Return what each layer of a model costs, with the arithmetic behind it; prints as a table.

    Parameters
    ----------
    source
        A `Network`, or anything that `from_keras` reads: a Keras model, a file, or a config. Or a
        report that `Report.to_json` saved.
    input_shape
        Shape of one input in elements, without the batch; by default what the model declares.
    on_unknown
        What to do with layers whose cost is not known: `error`, or `warn` and leave them out.
    shapes
        Output shapes of layers that are left out, by name: `{"lstm": (64,)}`.
    effective
        Whether to add a column of effective MACs: those whose tap lies inside the input.
    intensity
        Whether to add a column of arithmetic intensity, in FLOPs per byte of float32.
    formula
        Which arithmetic to show: `params` or `macs`.
    columns
        Names of the columns to show beside the name of a layer, from left to right: of `kind`,
        `connected_to`, `input_shape`, `output_shape`, `kernel`, `params`, `trainable_params`,
        `size`, `macs`, `share`, `effective_macs`, `flops`, `bias_adds`, `intensity`, `formula`. By
        default `kind`, `output_shape`, `params`, `macs`, `share` and `formula`.
    units
        How counts print: `exact`, or `auto` for 300.8 M. Data (CSV, JSON) have them exact.
    depth
        How many levels of nested models to print as a tree with subtotals; None for no tree.

    Returns
    -------
    Report
        The table.

    Raises
    ------
    ModelError, TypeError, ValueError, OSError, ImportError
        If the model can't be read, or another argument is wrong.

    Examples
    --------
    >>> import convcost
    >>> dense = {"class_name": "Dense", "config": {"name": "head", "units": 10}}
    >>> report = convcost.summary({"name": "tiny", "layers": [dense]}, (1152,))
    >>> [line[-1] for line in report.lines]
    ['(1152+1)*10 = 11530']
    """
    network = _network(source, input_shape, on_unknown, shapes)
    report = Report(
        network,
        effective=effective,
        intensity=intensity,
        formula=formula,
        columns=columns,
        units=units,
    )
    return report if depth is None else report.tree(depth)


@overload
def compare(
    before: Network | ModelSource,
    after: Network | ModelSource,
    /,
    *,
    input_shape: ModelShape = None,
    units: Units = "exact",
) -> Comparison: ...
@overload
def compare(
    *models: Network | ModelSource,
    input_shape: ModelShape = None,
    units: Units = "exact",
) -> Models: ...


def compare(
    *models: Network | ModelSource, input_shape: ModelShape = None, units: Units = "exact"
) -> Comparison | Models:
    """Return two models side by side, layer by layer and in total, or several in one table.

    Parameters
    ----------
    models
        Two or more: networks, anything that `from_keras` reads, or saved reports.
    input_shape
        Shape of one input of each model, in elements, without the batch; by default what each
        model declares.
    units
        How counts print: `exact`, or `auto` for 300.8 M. Data (CSV, JSON) have them exact.

    Returns
    -------
    Comparison or Models
        Of two models the table of their layers; its `total` is the ratio of the second to the
        first. Of more a table with a row for each model.

    Raises
    ------
    TypeError
        If there are fewer than two models.
    ValueError
        If `units` is something else.

    Examples
    --------
    >>> import convcost
    >>> def tiny(units):
    ...     dense = {"class_name": "Dense", "config": {"name": "head", "units": units}}
    ...     return {"name": f"tiny{units}", "layers": [dense]}
    >>> print(convcost.compare(tiny(10), tiny(5), input_shape=(100,)).total)
    parameters 1/2 = 0.5 (2.00 times fewer), MACs 1/2 = 0.5 (2.00 times fewer)
    >>> len(convcost.compare(tiny(10), tiny(5), tiny(20), input_shape=(100,)).lines)
    3
    """
    for one in models:
        if isinstance(one, (tuple, list)):
            allowed = "a model; give a shape as input_shape=..., and several models one by one"
            refuse(TypeError, "models", one, allowed)
    if len(models) < 2:
        raise TypeError(f"compare takes two models or more; got {len(models)}")
    networks = [_network(one, input_shape) for one in models]
    if len(networks) == 2:
        return Comparison(networks[0], networks[1], units)
    return Models(networks, units)


def counted(
    source: Network | SavedNetwork | ModelSource,
    input_shape: ModelShape = None,
    on_unknown: OnUnknown = "error",
    shapes: OutputShapes | None = None,
    *,
    shaped: bool = True,
) -> Network | SavedNetwork:
    """Return a network as it is, at another input shape, or read from a source or saved report.

    With `shaped=False`, a saved report is taken for the input shape that it has.
    """
    if isinstance(source, SavedNetwork):
        return source
    if not isinstance(source, Network):
        try:
            return from_keras(source, input_shape, on_unknown=on_unknown, shapes=shapes)
        except SavedReportError as error:
            with _naming(source):
                if shaped and (input_shape is not None or shapes is not None):
                    given = "shapes" if input_shape is None else "input_shape"
                    raise ModelError(
                        f"it is a saved report, which has one input shape: leave out {given}"
                    ) from None
                return SavedNetwork(error.data)
    if shapes is not None:
        return Network(
            source.graph, input_shape or source.input_shapes, on_unknown=on_unknown, shapes=shapes
        )
    return source if input_shape is None else source.at(input_shape)


def _network(*given: Any) -> Network:
    # In a table, a saved report stands for the model.
    return cast("Network", counted(*given))


@contextmanager
def _naming(source: object) -> Iterator[None]:
    """Put the path of a saved report before the errors about it."""
    try:
        yield
    except ModelError as error:
        is_path = isinstance(source, os.PathLike) or "{" not in str(source)
        raise ModelError(f"{source}: {error}" if is_path else str(error)) from error
