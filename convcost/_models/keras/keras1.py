"""Layers as Keras 1 saved them, in the names that Keras has used since version 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact.scalars import shorten
from convcost._layers.arguments import CHANNELS_FIRST, CHANNELS_LAST
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Classes that were renamed. The transposed convolution states its output shape, and is not read.
_CLASSES = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
}
_SPATIAL = {"border_mode": "padding", "dim_ordering": "data_format"}
_KERNEL = {"nb_filter": "filters", "bias": "use_bias", "atrous_rate": "dilation_rate", **_SPATIAL}
_KERNEL_1D = {**_KERNEL, "filter_length": "kernel_size", "subsample_length": "strides"}
_POOLING_1D = {"pool_length": "pool_size", "stride": "strides", **_SPATIAL}
# By today's class: the arguments that were renamed.
_ARGUMENTS = {
    "Conv1D": _KERNEL_1D,
    "Conv2D": {**_KERNEL, "subsample": "strides"},
    "Conv3D": {**_KERNEL, "subsample": "strides"},
    "LocallyConnected1D": _KERNEL_1D,
    "LocallyConnected2D": {**_KERNEL, "subsample": "strides"},
    "SeparableConv2D": {**_KERNEL, "subsample": "strides"},
    "Dense": {"output_dim": "units", "bias": "use_bias"},
    **{kind: {"output_dim": "units"} for kind in ("GRU", "LSTM", "SimpleRNN")},
    "UpSampling1D": {"length": "size"},
    "AveragePooling1D": _POOLING_1D,
    "MaxPooling1D": _POOLING_1D,
    **dict.fromkeys(
        [
            *(f"{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (2, 3)),
            *(f"Global{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (2, 3)),
            *(
                f"{kind}{rank}D"
                for kind in ("Cropping", "UpSampling", "ZeroPadding")
                for rank in (2, 3)
            ),
        ],
        _SPATIAL,
    ),
}
# Kernel sides that were arguments of their own.
_SIDES = (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"))
# Names that no class has had since.
_OLD = {
    *("atrous_rate", "border_mode", "dim_ordering", "filter_length", "nb_filter", "pool_length"),
    *("subsample", "subsample_length"),
    *(name for sides in _SIDES for name in sides),
}
_ORDERINGS = {"tf": CHANNELS_LAST, "th": CHANNELS_FIRST}
# Classes whose configs did not state their `dim_ordering`.
_SILENT = (
    "Cropping2D",
    "Cropping3D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding2D",
    "ZeroPadding3D",
)
_MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
}
# Sides of a padding that was given as a dict, in the order of today's pairs.
_PADS = {
    "ZeroPadding1D": (("left_pad", "right_pad"),),
    "ZeroPadding2D": (("top_pad", "bottom_pad"), ("left_pad", "right_pad")),
}


def translated(
    kind: str, config: Mapping[str, object], orderings: Callable[[], set[str]]
) -> tuple[str, dict[str, object]] | Unknown:
    """Return a layer's class and config in today's names, or an unknown layer that says why not.

    Parameters
    ----------
    kind, config
        Class and config of a layer of any version of Keras; those of later ones stay unchanged.
    orderings
        Returns the values of `dim_ordering` in the whole file, for layers that do not state theirs.

    Examples
    --------
    >>> translated("Convolution1D", {"nb_filter": 4, "filter_length": 3}, set)
    ('Conv1D', {'filters': 4, 'kernel_size': 3})
    >>> translated("Conv2D", {"filters": 4}, set)
    ('Conv2D', {'filters': 4})
    """
    if kind == "Merge":
        return _merge(config)
    kind = _CLASSES.get(kind, kind)
    made = _renamed(kind, dict(config))
    if isinstance(made, Unknown):
        return made
    if kind in _SILENT and "data_format" not in made and (stated := orderings()):
        if len(stated) > 1 or not stated <= _ORDERINGS.keys():
            return Unknown(kind, detail=" of Keras 1, which does not state its dim_ordering")
        made["data_format"] = _ORDERINGS[next(iter(stated))]
    if kind in ("GRU", "GRUCell"):
        made.setdefault("reset_after", False)  # before it was an argument
    if made.get("time_major"):
        return Unknown(kind, detail=" with time_major=True")
    if kind in _PADS:
        made["padding"] = _pairs(kind, made.get("padding", 1))
    return kind, made


def _renamed(kind: str, made: dict[str, object]) -> dict[str, object] | Unknown:
    names = _ARGUMENTS.get(kind, {})
    for sides in _SIDES:
        if "nb_filter" in names and all(side in made for side in sides):
            made["kernel_size"] = [made.pop(side) for side in sides]
    for old in [name for name in names if name in made]:
        new, value = names[old], made.pop(old)
        if new == "data_format":
            value = _ORDERINGS.get(str(value), value)
        if made.setdefault(new, value) != value:
            return Unknown(kind, detail=f" with both {old!r} and {new!r}")
    left = sorted(_OLD & made.keys())
    if left:
        return Unknown(kind, detail=f" with {left[0]!r}, an argument of Keras 1")
    return made


def _merge(config: Mapping[str, object]) -> tuple[str, dict[str, object]] | Unknown:
    mode = config.get("mode")
    if config.get("mode_type", "raw") != "raw" or mode not in _MERGES or config.get("layers"):
        return Unknown("Merge", detail=f" with the mode {shorten(mode)}")
    return _MERGES[str(mode)], {"axis": config.get("concat_axis", -1)}


def _pairs(kind: str, padding: object) -> object:
    """Return a padding as Keras takes it today: Keras 1 also took a dict, and a list of four."""
    sides = _PADS[kind]
    if isinstance(padding, dict) and padding.keys() <= {name for pair in sides for name in pair}:
        return [[padding.get(name, 0) for name in pair] for pair in sides]
    if isinstance(padding, (list, tuple)) and len(padding) == 4 and kind == "ZeroPadding2D":
        return [padding[:2], padding[2:]]
    return padding


def orderings_in(config: object) -> set[str]:
    """Return the values of `dim_ordering` anywhere in a config.

    Examples
    --------
    >>> orderings_in({"layers": [{"config": {"dim_ordering": "th"}}, {"config": {}}]})
    {'th'}
    """
    found: set[str] = set()
    pending = [config]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            if "dim_ordering" in one:
                found.add(str(one["dim_ordering"]))
            pending += one.values()
        elif isinstance(one, (list, tuple)):
            pending += one
    return found
