"""A user's program: what type checkers say of each line of it.

A line that a checker must refuse names the error behind it: mypy's code, then pyright's rule.
`assert_type` holds a type as the checker sees it.
"""

from fractions import Fraction
from functools import partial
from typing import Any, assert_type

import numpy as np
import numpy.typing as npt
import xarray as xr

import convcost
from convcost import layers, symbols
from convcost.symbols import dk, m, n

# Costs: what comes out follows from what goes in.
cost = convcost.separable(3, 32, 64, 28)
assert_type(cost, convcost.Cost[int])
assert_type(cost.macs, int)
assert_type(cost.flops, int)
assert_type(convcost.standard(3, np.int64(32), 64, 28), convcost.Cost[int])
assert_type(convcost.depthwise(3, 32, 28) + convcost.pointwise(32, 64, 28), convcost.Cost[int])
assert_type(cost / convcost.standard(3, 32, 64, 28), convcost.Ratio[Fraction])
assert_type(convcost.ratio(3, 32, 64).macs, Fraction)
assert_type(convcost.separable(3, np.arange(1, 9), 64, 28).macs, npt.NDArray[np.int64])
assert_type(convcost.ratio(3, np.arange(1, 9), 64).macs, npt.NDArray[np.float64])
exact: npt.NDArray[np.object_] = np.array([10**30], dtype=object)
assert_type(convcost.separable(3, exact, 64, 28), convcost.Cost[Any])
print(convcost.ratio(dk, m, n).macs.subs(n, 64))
assert_type(sum([cost, cost], convcost.Cost(0, 0)).macs, int)
assert_type(convcost.Cost(0, 0) + cost, convcost.Cost[int])
widths = xr.DataArray(np.arange(1, 9), dims="m")
print(convcost.separable(3, widths, 64, 28).macs.sel(m=0))
print(convcost.ratio(3, widths, 64).macs.sel(m=0))
print((cost / convcost.standard(3, 32, n, 28)).macs.subs(n, 64))
print((cost + convcost.standard(3, 32, n, 28)).macs.subs(n, 64))

print(convcost.standard(3, 32, n, 28).subs({n: 64}).macs + 1)
assert_type(cost.subs({}), convcost.Cost[int])


def saving(before: convcost.Cost, after: convcost.Cost) -> convcost.Ratio:
    """Return a ratio of any costs."""
    print((before + after).macs.mean(), (before / after).macs.mean())
    return after / before


separable = partial(convcost.separable, 3, bias=False)
print([separable(32, filters, 28).macs + 1 for filters in (8, 16)])

text: str = convcost.separable(3, 32, 64, 28).macs  # assignment, reportAssignmentType
convcost.separable(3, "32", 64, 28)  # call-overload, reportCallIssue reportArgumentType
convcost.separable(3, 32.0, 64, 28)  # call-overload, reportCallIssue reportArgumentType
convcost.separable(3, [32, 64], 64, 28)  # call-overload, reportCallIssue reportArgumentType
convcost.separable(3, np.ones(8), 64, 28)  # arg-type, reportCallIssue reportArgumentType
convcost.separable(3, None, 64, 28)  # call-overload, reportCallIssue reportArgumentType
convcost.separable(3, 32, 64)  # call-overload, reportCallIssue
convcost.separable(3, 32, 64, 28, biases=False)  # call-overload, reportCallIssue
convcost.seperable(3, 32, 64, 28)  # attr-defined, reportAttributeAccessIssue
convcost.ratio(3, 32, 64, 28)  # call-overload, reportCallIssue
symbols.symbol()  # call-arg, reportCallIssue
symbols.dk2  # attr-defined, reportAttributeAccessIssue
cost.mac  # attr-defined, reportAttributeAccessIssue
cost.gflops  # attr-defined, reportAttributeAccessIssue
cost.macs = 3  # misc, reportAttributeAccessIssue
cost + 3  # operator, reportOperatorIssue

# Layers: Keras's arguments, and what follows from them.
layer = layers.Conv2D(64, 3, padding="same")
assert_type(layer, layers.Conv2D[int])
assert_type(layer.cost((28, 28, 32)), convcost.Cost[int])
assert_type(layer.cost([28, 28, 32], effective=True).macs, int)
assert_type(layer.output_shape((28, 28, 32)), tuple[int, ...])
assert_type(layer.training((28, 28, 32)).total, convcost.Cost[int])
assert_type(layer.traffic((28, 28, 32)).elements, int)
assert_type(layer.cost((28, 28, np.arange(1, 9))).macs, npt.NDArray[np.int64])
assert_type(layers.Conv2D(np.int64(64), 3).cost((28, 28, 32)).macs, int)
assert_type([layers.Conv2D(width, 3) for width in np.arange(1, 9)], list[layers.Conv2D[int]])
assert_type(layers.TimeDistributed(layer).cost((10, 28, 28, 32)).macs, int)
assert_type(layers.Add().output_shape([(28, 28, 32), (28, 28, 32)]), tuple[int, ...])
kinds = {"convolution": layers.Conv2D, "transposed": layers.Conv2DTranspose}
print([kind(64, 3).cost((28, 28, 32)).macs + 1 for kind in kinds.values()])
chosen: list[layers.Layer] = [layers.Conv2D(np.int64(64), 3), layers.Dense(10)]
print([one.cost((28, 28, 32)).macs + 1 for one in chosen])


def build(kind: type[layers.Layer], width: int) -> layers.Layer:
    """Return a layer of a class."""
    return kind(width, 3)


print(layers.Conv2D(n, 3).cost((28, 28, 32)).macs.subs(n, 64))
print(layers.Dense(10).cost((m,)).params.subs(m, 64))

layers.Conv2D(64, 3, activation="relu", name="first", kernel_initializer="he_normal")
layers.LSTM(64, dropout=0.2, recurrent_dropout=0.1)
layers.Conv2D(64, 3, activaton="relu")  # call-arg, reportCallIssue
layers.Conv2D(64, 3, padding="smae")  # arg-type, reportArgumentType
layers.Conv2D(64, 3, padding="causal")  # arg-type, reportArgumentType
layers.Conv2D("64", 3)  # arg-type, reportArgumentType
layers.Conv2D(64, 3.0)  # arg-type, reportArgumentType
layers.Conv2D(64, 3, stride=2)  # call-arg, reportCallIssue
layers.Conv2D(64)  # call-arg, reportCallIssue
layers.Conv2D(64, 3, data_format="last")  # arg-type, reportArgumentType
layers.MaxPooling2D(2, padding=1)  # arg-type, reportArgumentType
layers.Dense(10, use_bias="no")  # arg-type, reportArgumentType
layers.Conv2d(64, 3)  # attr-defined, reportAttributeAccessIssue
layer.cost(28)  # call-overload, reportCallIssue reportArgumentType
layer.cost((28, 28, 32), effectiv=True)  # call-overload, reportCallIssue
layer.filters = 32  # misc, reportAttributeAccessIssue
assert_type(layer.padding, str | tuple[tuple[Any, ...], ...])

layers.register("Scale")(lambda config, shape: [layers.Dense(shape[-1])])
layers.register("Scale")(lambda config, shape: shape)
layers.register("Scale")(len)  # type-var, reportArgumentType

# Models and reports.
report = convcost.summary("model.json", (224, 224, 3))
print(report.sort("flops").top(5))
net = convcost.from_keras({"class_name": "Sequential"}, on_unknown="warn")
print(convcost.compare(net, net.scale(width=Fraction(1, 2))))


def largest(of: convcost.Network) -> Any:
    """Return the most MACs of a layer."""
    return max(row.cost.macs for row in of)


convcost.summary(net, inputshape=(28, 28, 1))  # call-arg, reportCallIssue
convcost.summary("model.json", on_unknown="ignore")  # arg-type, reportArgumentType
convcost.summary("model.json", formula="mac")  # arg-type, reportArgumentType
convcost.summary(3)  # arg-type, reportArgumentType
report.sort("flosp")  # arg-type, reportArgumentType
report.rows  # attr-defined, reportAttributeAccessIssue
net.layers  # attr-defined, reportAttributeAccessIssue
net.rows[0].flop  # attr-defined, reportAttributeAccessIssue
report.to_latx()  # attr-defined, reportAttributeAccessIssue
net.with_separable(form="blocks")  # arg-type, reportArgumentType

# Design spaces.
space = convcost.Space(convcost.separable, dk=[3, 5], m=range(8, 513, 8), n=64, df=14)
assert_type(space.count("macs <= 1e6"), int)
print(space.top(3, "params", where=["macs <= 1e6", "m % 16 == 0"], smallest=True))
assert_type(convcost.solve(convcost.separable, "n", dk=3, m=32, df=28, macs=10**6), int)

space.count(3)  # arg-type, reportArgumentType
space.count("macs <= 1e6", methode="prune")  # call-arg, reportCallIssue
space.count("macs <= 1e6", method="fast")  # arg-type, reportArgumentType
space.top("params", 3)  # arg-type, reportArgumentType
convcost.Space("separable", m=[1, 2])  # arg-type, reportArgumentType
