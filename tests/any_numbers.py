"""Every kind of number, and what is no number, for every argument that takes one."""

from decimal import Decimal
from fractions import Fraction

import dask.array as da
import jax.numpy as jnp
import numpy as np
import sympy
import xarray as xr

import convcost
from convcost import geometry, hardware, layers
from convcost.symbols import m

_LAZY = da.from_array(np.array([1, 2, 3, 4]))

# The number 3, in each form in which an argument may get it.
THREE = {
    "int": 3,
    "Fraction": Fraction(3),
    **{
        f"numpy.{dtype}": np.dtype(dtype).type(3)
        for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
    },
    **{f"0-d {dtype}": np.array(3, dtype=dtype) for dtype in ("int8", "uint64", "object")},
    **{f"1-d {dtype}": np.array([3], dtype=dtype) for dtype in ("int8", "uint64", "object")},
    "xarray 0-d": xr.DataArray(3),
    "xarray": xr.DataArray(np.array([3], dtype=np.int8), dims="x"),
    "xarray lazy": xr.DataArray(da.from_array(np.array([3], dtype=np.uint8)), dims="x"),
    "dask 0-d": da.from_array(np.array(3)),
    "dask": da.from_array(np.array([3], dtype=np.int8)),
    "jax 0-d": jnp.array(3),
    "jax": jnp.array([3], dtype=jnp.int8),
    "sympy": sympy.Integer(3),
}
OTHERS = {
    **{"zero": 0, "negative": -2, "large": 10**40, "huge": 10**400, "True": True, "half": 3.5},
    **{"7/2": Fraction(7, 2), "Decimal": Decimal(3), "nan": float("nan"), "inf": float("inf")},
    **{"-inf": float("-inf"), "complex": 3j, "string": "3", "bytes": b"3", "None": None},
    **{"list": [1, 2], "tuple": (1, 2), "set": {3}, "dict": {}, "object": object(), "type": int},
    **{"function": len, "range": range(1, 4), "cost": convcost.Cost(1, 2)},
    **{
        f"numpy.{dtype}": np.dtype(dtype).type(3)
        for dtype in ("float16", "float32", "float64", "longdouble", "complex64", "bool", "str")
    },
    **{"numpy.nan": np.float64("nan"), "numpy.inf": np.float32("inf")},
    **{"timedelta": np.timedelta64(3, "s"), "uint64": np.uint64(2**64 - 1)},
    **{f"0-d {dtype}": np.array(3, dtype=dtype) for dtype in ("float32", "bool", "U3")},
    **{f"1-d {dtype}": np.array([3, 4], dtype=dtype) for dtype in ("float64", "bool", "int64")},
    "1-d symbols": np.array([m, 3], dtype=object),
    "1-d fractions": np.array([Fraction(1, 2), 3], dtype=object),
    "empty": np.array([], dtype=int),
    "2-d": np.array([[1, 2], [3, 4]]),
    "masked": np.ma.masked_array([1, 2], mask=[False, True]),
    "1-d negative": np.array([3, -1]),
    "1-d zero": np.array([0, 3]),
    "xarray two": xr.DataArray([3, 4], dims="x"),
    "xarray 0-d float": xr.DataArray(3.5),
    "xarray negative": xr.DataArray([3, -4], dims="x"),
    "xarray float": xr.DataArray([3.0, 4.0], dims="x"),
    "xarray dataset": xr.Dataset({"a": 3}),
    "dask two": da.from_array(np.array([3, 4])),
    "dask negative": da.from_array(np.array([3, -4])),
    "dask float": da.from_array(np.array([3.0, 4.0])),
    "dask of unknown length": _LAZY[_LAZY > 2],
    "jax two": jnp.array([3, 4]),
    "jax float": jnp.array(3.5),
    "jax negative": jnp.array([3, -4]),
    "jax bool": jnp.array(True),
    **{"symbol": m, "expression": 2 * m + 1, "plain symbol": sympy.Symbol("x"), "-m": -m},
    **{"sympy 7/2": sympy.Rational(7, 2), "sympy float": sympy.Float(3.0), "pi": sympy.pi},
    **{"oo": sympy.oo, "sympy true": sympy.true, "matrix": sympy.eye(2), "Eq": sympy.Eq(m, 3)},
}

MACHINE = hardware.Machine("a", 100e9, 20e9)
NETWORK = convcost.from_keras(
    {
        "name": "tiny",
        "layers": [
            {"class_name": "Conv2D", "config": {"name": "c", "filters": 8, "kernel_size": 3}},
            {"class_name": "Dense", "config": {"name": "head", "units": 10}},
        ],
    },
    (16, 16, 4),
)
SPACE = convcost.Space(convcost.standard, dk=[1, 2], m=[3, 4], n=[5], df=[2, 3])
CONV, IMAGE = layers.Conv2D(3, 2, padding="same"), (8, 8, 3)


def conv(filters=12, kernel=2, **more):
    return layers.Conv2D(filters, kernel, padding="same", **more).cost((8, 8, 12))


def solve(**given):
    return convcost.solve(convcost.standard, "n", **{"dk": 1, "m": 1, "df": 1, **given})


def plus(value, other):
    return convcost.Cost(value, value) + other


def over(value, other):
    return convcost.Cost(value, value) / other


def over_m():
    return convcost.Cost(m, m)


ROW = xr.DataArray([3, 4, 5], dims="y")

# Each argument by its name in messages, with a call that takes it.
CALLS = {
    "params of Cost": lambda v: convcost.Cost(v, 5, 2),
    "macs of Cost": lambda v: convcost.Cost(3, v, 2),
    "bias_adds of Cost": lambda v: convcost.Cost(3, 5, v),
    "params of Ratio": lambda v: convcost.Ratio(v, 1),
    "macs of Ratio": lambda v: convcost.Ratio(1, v),
    "params of Cost + array": lambda v: plus(v, convcost.Cost(np.array([3, 4, 5]), 5)),
    "params of Cost + symbol": lambda v: plus(v, convcost.Cost(m, m)),
    "params of Cost + xarray": lambda v: plus(v, convcost.Cost(ROW, 3)),
    "params of Cost + xarray and symbol": lambda v: plus(v, convcost.Cost(ROW, m)),
    "params of Cost + dask": lambda v: plus(v, convcost.Cost(_LAZY, m)),
    "params of Cost / Cost": lambda v: over(v, convcost.Cost(3, 4)),
    "params of Cost / array": lambda v: over(v, convcost.Cost(m, np.array([3, 4]))),
    "params of Cost / xarray": lambda v: over(v, convcost.Cost(ROW, m)),
    "params of division": lambda v: convcost.Cost(3, 5) / convcost.Cost(v, v),
    "params of equality": lambda v: convcost.Cost(v, v) == convcost.Cost(m, 4),
    "dk of standard": lambda v: convcost.standard(v, 3, 4, 5),
    "m of separable": lambda v: convcost.separable(3, v, 4, 5),
    "n of ratio": lambda v: convcost.ratio(3, 4, v),
    "bias of standard": lambda v: convcost.standard(3, 3, 4, 5, bias=v),
    "filters of Conv2D": conv,
    "kernel_size of Conv2D": lambda v: conv(3, v),
    "strides of Conv2D": lambda v: conv(strides=v),
    "dilation_rate of Conv2D": lambda v: conv(dilation_rate=v),
    "groups of Conv2D": lambda v: conv(groups=v),
    "use_bias of Conv2D": lambda v: conv(use_bias=v),
    "padding of Conv2D": lambda v: layers.Conv2D(12, 2, padding=v).cost(IMAGE),
    "input_shape of Conv2D": lambda v: CONV.cost((v, 8, 12)),
    "input_shape of Conv2D, channels": lambda v: CONV.cost((8, 8, v)),
    "effective of Conv2D": lambda v: CONV.cost(IMAGE, effective=v),
    "output_padding of Conv2DTranspose": lambda v: layers.Conv2DTranspose(
        3, 5, strides=5, output_padding=v, padding="same"
    ).cost(IMAGE),
    "batch of traffic": lambda v: CONV.traffic(IMAGE, batch=v),
    "batch of intensity": lambda v: CONV.intensity(IMAGE, batch=v),
    "units of Dense": lambda v: layers.Dense(v).cost((8,)),
    "pool_size of MaxPooling2D": lambda v: layers.MaxPooling2D(v, padding="same").cost(IMAGE),
    "input_dim of Embedding": lambda v: layers.Embedding(v, 3).cost((8,)),
    "target_shape of Reshape": lambda v: layers.Reshape((v, -1)).output_shape((12,)),
    "size of valid_length": lambda v: geometry.valid_length(v, 3, 2),
    "stride of same_length": lambda v: geometry.same_length(28, v),
    "kernel of dilated_kernel_size": lambda v: geometry.dilated_kernel_size(v, 2),
    "positions of transposed_length": lambda v: geometry.transposed_length(v, 3, 2, "same", None),
    "padding of transposed_length": lambda v: geometry.transposed_length(3, 3, 2, v, None),
    "output_padding of transposed_length": lambda v: geometry.transposed_length(3, 3, 2, "same", v),
    "around of padded_transposed_length": lambda v: geometry.padded_transposed_length(
        14, 3, 2, v, 1
    ),
    "around[0] of padded_transposed_length": lambda v: geometry.padded_transposed_length(
        14, 3, 2, (v, 1), 1
    ),
    "extent of same_padding_before": lambda v: geometry.same_padding_before(28, 14, v, 2),
    "kernel of taps_inside": lambda v: geometry.taps_inside(28, 28, v, 1, 1, 1),
    "before of taps_inside": lambda v: geometry.taps_inside(28, 28, 3, 1, 1, v),
    "flops_per_second of Machine": lambda v: hardware.Machine("a", v, 20e9),
    "bytes_per_second of Machine": lambda v: hardware.Machine("a", 1e9, v),
    "name of Machine": lambda v: hardware.Machine(v, 1e9, 1e9),
    "flops of bound": lambda v: MACHINE.bound(v, 10),
    "moved of bound": lambda v: MACHINE.bound(10, v),
    "measured_seconds of share": lambda v: MACHINE.bound(10**9, 10).share(v),
    "flops of share": lambda v: MACHINE.bound(v, 10).share(0.5),
    "batch of roofline": lambda v: hardware.roofline(CONV, IMAGE, MACHINE, batch=v),
    "element_size of roofline": lambda v: hardware.roofline(CONV, IMAGE, MACHINE, element_size=v),
    "input_shape of roofline": lambda v: hardware.roofline(CONV, (v, 8, 3), MACHINE),
    "machine of roofline": lambda v: hardware.roofline(CONV, IMAGE, v),
    "layer of roofline": lambda v: hardware.roofline(v, IMAGE, MACHINE),
    "batch of predict": lambda v: hardware.predict(NETWORK, MACHINE, batch=v),
    "element_size of predict": lambda v: hardware.predict(NETWORK, MACHINE, element_size=v),
    "network of predict": lambda v: hardware.predict(v, MACHINE),
    "machine of predict": lambda v: hardware.predict(NETWORK, v),
    "training of predict": lambda v: hardware.predict(NETWORK, MACHINE, training=v),
    "effective of predict": lambda v: hardware.predict(NETWORK, MACHINE, effective=v),
    "name of find": hardware.find,
    "dtype of find": lambda v: hardware.find("NVIDIA T4", v),
    "macs of solve": lambda v: solve(macs=v, at_least=True),
    "m of solve": lambda v: solve(macs=10**5, m=v, at_least=True),
    "m of Space": lambda v: convcost.Space(convcost.standard, dk=[1, 2], m=v, n=[2], df=3).count(),
    "m of Space, in a list": lambda v: convcost.Space(
        convcost.standard, dk=[1, 2], m=[v, 5], n=[2], df=3
    ).count("macs > 3"),
    "k of top": lambda v: SPACE.top(v, "macs"),
    "bins of histogram": lambda v: SPACE.histogram("macs", v),
    "bins of histogram, the last": lambda v: SPACE.histogram("macs", [0, v]),
    "limit of pareto": lambda v: SPACE.pareto(minimize=["macs"], limit=v),
    "block of count": lambda v: SPACE.count("macs > 3", method="all", block=v),
    "chunks of dataset": SPACE.dataset,
    "where of count": SPACE.count,
    "name of symbol": convcost.symbols.symbol,
    "first of crossings": lambda v: convcost.crossings(v, convcost.Cost(3, 4), m),
    "symbol of crossings": lambda v: convcost.crossings(over_m(), convcost.Cost(3, 4), v),
}  # fmt: skip
