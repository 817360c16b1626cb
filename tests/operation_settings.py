"""Calls of every function of `keras.ops`, in the settings that can change a shape or a count."""

from typing import NamedTuple

import numpy as np
from keras import ops


class Setting(NamedTuple):
    """A function of tensors, their shapes, and whether Keras can run it on JAX."""

    function: object
    shapes: tuple[tuple[int, ...], ...]
    dtype: str = "float32"
    traced: bool = True


def on(function, *shapes, dtype="float32", traced=True):
    return Setting(function, shapes, dtype, traced)


def ones(*shape, dtype="float32"):
    return np.ones(shape, dtype)


X, Y = (4, 6, 3), (4, 1, 3)
SETTINGS: dict[str, list[Setting]] = {}


def each(names, *settings):
    """Note settings of several functions, which take the function first."""
    for name in names.split():
        function = getattr(ops, name)
        made = [one._replace(function=_bound(one.function, function)) for one in settings]
        SETTINGS.setdefault(name, []).extend(made)


def _bound(call, function):
    return lambda *tensors: call(function, *tensors)


def add(name, *settings):
    SETTINGS.setdefault(name, []).extend(settings)


def plain(function, *tensors):
    return function(*tensors)


# What is done to each element.
each(
    """
    abs absolute arccos arccosh arcsin arcsinh arctan arctanh array cbrt ceil celu
    convert_to_tensor copy cos cosh deg2rad elu empty_like erf erfc erfinv exp exp2 expm1 fabs
    fliplr flipud floor gelu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh i0 isfinite
    isinf isnan isneginf isposinf isreal leaky_relu log log10 log1p log2 log_sigmoid logical_not
    nan_to_num negative ones_like rad2deg reciprocal relu relu6 rms_normalization round
    rsqrt selu sigmoid sign signbit silu sin sinc sinh soft_shrink softplus softsign
    sparse_plus sparse_sigmoid sqrt square squareplus stop_gradient swish tan tanh tanh_shrink
    threshold trunc zeros_like
    """.replace("threshold", ""),
    on(plain, X),
    on(plain, (5, 7)),
)
each("bitwise_invert bitwise_not", on(plain, X, dtype="int32"))
each("angle conj conjugate imag real", on(plain, X), on(plain, X, dtype="complex64"))
each("tril triu", on(plain, X), on(lambda f, x: f(x, k=1), X))
add("threshold", on(lambda x: ops.threshold(x, 0.5, 1.0), X))
add("clip", on(lambda x: ops.clip(x, 0, 1), X))
add("cast", on(lambda x: ops.cast(x, "float16"), X))
add("saturate_cast", on(lambda x: ops.saturate_cast(x, "int8"), X))
add("roll", on(lambda x: ops.roll(x, 2), X), on(lambda x: ops.roll(x, 2, axis=1), X))
add("flip", on(ops.flip, X), on(lambda x: ops.flip(x, axis=(0, 1)), X))
add("normalize", on(ops.normalize, X), on(lambda x: ops.normalize(x, axis=1, order=1), X))
add("full_like", on(lambda x: ops.full_like(x, 2.0), X))
each("softmax log_softmax sparsemax", on(lambda f, x: f(x, axis=-1), X))
each("softmax log_softmax", on(lambda f, x: f(x, axis=1), X))
add(
    "batch_normalization",
    on(lambda x, m, v: ops.batch_normalization(x, m, v, axis=-1), X, (3,), (3,)),
    on(lambda x: ops.batch_normalization(x, ones(4), ones(4), 0, ones(4), ones(4)), X),
)
add(
    "layer_normalization",
    on(ops.layer_normalization, X),
    on(lambda x, g, b: ops.layer_normalization(x, g, b, axis=-1), X, (3,), (3,)),
)
add("rms_normalization", on(lambda x, g: ops.rms_normalization(x, g, axis=-1), X, (3,)))

# What takes two together, and broadcasts.
each(
    """
    add arctan2 divide divide_no_nan equal floor_divide fmax fmin fmod greater greater_equal
    heaviside hypot isclose less less_equal logaddexp logaddexp2 logical_and logical_or logical_xor
    maximum minimum mod multiply nextafter not_equal power subtract true_divide
    """,
    on(plain, X, X),
    on(plain, X, Y),
    on(plain, (3,), X),
)
each(
    """
    add divide equal floor_divide fmod greater less logical_and maximum multiply power subtract
    """,
    on(lambda f, x: f(x, 2.0), X),
)
each(
    """
    bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor gcd lcm left_shift
    right_shift
    """,
    on(plain, X, Y, dtype="int32"),
)
add("ldexp", on(lambda x: ops.ldexp(x, ones(4, 1, 3, dtype="int32")), X))
add("where", on(lambda x, y: ops.where(x > y, x, y), X, Y), on(lambda x: ops.where(x > 0, x, 1), X))
add("select", on(lambda x, y: ops.select([x > 0, x > 1], [x, y], 0.0), X, X))
add("polar", on(ops.polar, X, X))
add("outer", on(ops.outer, (5,), (7,)), on(ops.outer, X, (2, 3)))
add("kron", on(ops.kron, (3, 2), (4, 5)), on(ops.kron, (3,), (4,)))
add(
    "cross",
    on(ops.cross, (4, 3), (4, 3)),
    on(ops.cross, (4, 2), (4, 2)),
    on(lambda x, y: ops.cross(x, y, axis=0), (3, 5), (3, 5)),
    on(lambda x, y: ops.cross(x, y, axisa=0, axisb=1, axisc=0), (3, 5), (5, 3)),
)
add("cdist", on(ops.cdist, (5, 3), (7, 3)), on(ops.cdist, (2, 5, 3), (1, 7, 3)))

# Reductions.
AXES = [None, 0, -1, (0, 2)]
for axes in AXES:
    for keep in (False, True):
        each(
            """
            all amax amin any logsumexp max mean median min nanmax nanmean nanmedian
            nanmin nanprod nanstd nansum nanvar prod ptp std sum var
            """,
            on(lambda f, x, axes=axes, keep=keep: f(x, axis=axes, keepdims=keep), X),
        )
        if not keep:
            each("count_nonzero", on(lambda f, x, axes=axes: f(x, axis=axes), X))
        if not isinstance(axes, tuple):
            each(
                "argmax argmin nanargmax nanargmin",
                on(lambda f, x, axes=axes, keep=keep: f(x, axis=axes, keepdims=keep), X),
            )
        listed_axes = axes if axes is None or isinstance(axes, tuple) else (axes,)
        each(
            "nanpercentile nanquantile percentile quantile",
            on(lambda f, x, axes=listed_axes, keep=keep: f(x, 0.5, axis=axes, keepdims=keep), X),
            on(
                lambda f, x, axes=listed_axes, keep=keep: f(
                    x, [0.2, 0.5], axis=axes, keepdims=keep
                ),
                X,
            ),
            on(
                lambda f, x, q, axes=listed_axes, keep=keep: f(x, q, axis=axes, keepdims=keep),
                X,
                (3,),
            ),
        )
        for order in (None, 2) if axes == 0 else ("fro", 1) if axes == (0, 2) else (None,):
            add(
                "norm",
                on(
                    lambda x, a=listed_axes, k=keep, o=order: ops.norm(
                        x, ord=o, axis=a, keepdims=k
                    ),
                    X,
                ),
            )
    if axes is not None:
        add("moments", on(lambda x, axes=axes: ops.moments(x, axes=listed(axes)), X))
add("moments", on(lambda x: ops.moments(x, axes=[1], keepdims=True), X))


def listed(value):
    return list(value) if isinstance(value, tuple) else [value]


each("cumprod cumsum nancumprod nancumsum", on(plain, X), on(lambda f, x: f(x, axis=1), X))
each("argsort sort", on(plain, X), on(lambda f, x: f(x, axis=0), X))
add("argpartition", *[on(lambda x, a=a: ops.argpartition(x, 1, axis=a), X) for a in (0, -1)])
add(
    "average",
    on(ops.average, X),
    on(lambda x: ops.average(x, axis=1), X),
    on(lambda x, w: ops.average(x, axis=1, weights=w), X, (6,)),
    on(lambda x, w: ops.average(x, weights=w), X, X),
)
add("trapezoid", on(ops.trapezoid, X), on(lambda x: ops.trapezoid(x, axis=0), X))
add("trace", on(ops.trace, X), on(lambda x: ops.trace(x, 1, axis1=-1, axis2=0), X))
add("size", on(ops.size, X))
add("allclose", on(ops.allclose, X, X))
add("psnr", on(lambda x, y: ops.psnr(x, y, 1.0), X, X))
for number in (3, None):
    each(
        "segment_max segment_min segment_prod segment_sum",
        *([on(lambda f, x, n=number: f(x, np.array([0, 0, 1, 2]), n), X)] if number else []),
    )

# Other orders of the elements.
add("reshape", *[on(lambda x, s=s: ops.reshape(x, s), X) for s in [(-1,), (6, 12), (3, -1, 2)]])
add("ravel", on(ops.ravel, X))
add("transpose", on(ops.transpose, X), on(lambda x: ops.transpose(x, (1, 2, 0)), X))
add(
    "moveaxis",
    on(lambda x: ops.moveaxis(x, 0, -1), X),
    on(lambda x: ops.moveaxis(x, (0, 1), (1, 2)), X),
)
add("swapaxes", on(lambda x: ops.swapaxes(x, 0, -1), X))
add("expand_dims", *[on(lambda x, a=a: ops.expand_dims(x, a), X) for a in (0, -1, (1, 3))])
add("squeeze", on(ops.squeeze, (4, 1, 3)), on(lambda x: ops.squeeze(x, 1), (4, 1, 1)))
add("rot90", on(ops.rot90, X, traced=False))
add("rot90", on(lambda x: ops.rot90(x, 3, axes=(1, 2)), X, traced=False))
add("rot90", on(lambda x: ops.rot90(x, 2), (5, 5), traced=False))
add(
    "rearrange",
    on(lambda x: ops.rearrange(x, "a b c -> c (a b)"), X),
    on(lambda x: ops.rearrange(x, "b c a -> a b c"), X),
)
add("view_as_real", on(ops.view_as_real, X, dtype="complex64"))
add("view_as_complex", on(ops.view_as_complex, (4, 2)))

# Joined, repeated and taken apart.
add("concatenate", *[on(lambda x, y, a=a: ops.concatenate([x, y, x], a), X, X) for a in (0, -1)])
add("append", on(ops.append, X, (2, 2)), on(lambda x, y: ops.append(x, y, axis=1), X, (4, 2, 3)))
each("hstack vstack dstack", on(lambda f, x, y: f([x, y]), X, X))
each("dstack", on(lambda f, x, y: f([x, y]), (4, 6), (4, 6)))
add("stack", *[on(lambda x, y, a=a: ops.stack([x, y], axis=a), X, X) for a in (0, 2, -1)])
add("repeat", on(lambda x: ops.repeat(x, 3), X), on(lambda x: ops.repeat(x, 3, axis=1), X))
add("tile", *[on(lambda x, t=t: ops.tile(x, t), X) for t in (2, (1, 2, 3), (2, 1, 1, 2))])
add("broadcast_to", on(lambda x: ops.broadcast_to(x, (5, 4, 6, 3)), (4, 1, 3)))
add("split", on(lambda x: ops.split(x, 3, axis=1), X), on(lambda x: ops.split(x, [1, 3]), X))
each("hsplit", on(lambda f, x: f(x, 3), X), on(lambda f, x: f(x, [1, 4]), (6,)))
each("vsplit", on(lambda f, x: f(x, 2), X), on(lambda f, x: f(x, [1, 3]), X))
each("dsplit", on(lambda f, x: f(x, 3), X), on(lambda f, x: f(x, [1]), X))
add("array_split", *[on(lambda x, a=a: ops.array_split(x, 4, axis=a), X) for a in (0, 1)])
add("unstack", on(lambda x: ops.unstack(x, axis=1), X), on(lambda x: ops.unstack(x, 4), X))
add("pad", on(lambda x: ops.pad(x, ((1, 2), (0, 0), (3, 1))), X), on(lambda x: ops.pad(x, 2), X))
add("meshgrid", on(ops.meshgrid, (3,), (4,)))
add("meshgrid", on(lambda x, y, z: ops.meshgrid(x, y, z, indexing="ij"), (3,), (4,), (5,)))

# Parts, and what grows.
add("get_item", on(lambda x: ops.get_item(x, (slice(1, 3), None, 0)), X))
add(
    "take",
    on(lambda x: ops.take(x, [0, 2], axis=1), X),
    on(lambda x: ops.take(x, ones(2, 2, dtype="int32")), X),
)
add(
    "take_along_axis",
    on(lambda x: ops.take_along_axis(x, ones(4, 2, 3, dtype="int32"), axis=1), X),
    on(lambda x: ops.take_along_axis(x, ones(5, dtype="int32")), X),
)
add(
    "slice",
    on(lambda x: ops.slice(x, (1, 0, 2), (2, 3, 1)), X),
    on(lambda x: ops.slice(x, (1, 0, 2), (2, -1, 1)), X),
)
add("slice_update", on(lambda x, y: ops.slice_update(x, (1, 0, 0), y), X, (2, 2, 2)))
add("scatter", on(lambda v: ops.scatter(np.array([[0], [2]]), v, (5, 3)), (2, 3)))
add("scatter_update", on(lambda x, v: ops.scatter_update(x, [[0], [2]], v), X, (2, 6, 3)))
add("top_k", on(lambda x: ops.top_k(x, 2), X))
add("diag", *[on(lambda x, k=k: ops.diag(x, k), s) for k in (0, 2, -1) for s in [(5,), (5, 7)]])
add("diagflat", *[on(lambda x, k=k: ops.diagflat(x, k), (2, 3)) for k in (0, 2, -1)])
add(
    "diagonal",
    on(ops.diagonal, X),
    *[on(lambda x, k=k: ops.diagonal(x, k, axis1=1, axis2=-1), X) for k in (1, -2)],
)
add("diff", on(ops.diff, X), on(lambda x: ops.diff(x, n=2, axis=0), X))
each("geomspace linspace logspace", on(plain, (3,), (3,)))
each("geomspace linspace logspace", on(lambda f, x: f(x, 2.0, num=7, axis=-1), X))
add("full", on(lambda x: ops.full((5, 3), x), ()))
add("vander", on(ops.vander, (5,)), on(lambda x: ops.vander(x, 3), (5,)))
add(
    "one_hot",
    *[on(lambda x, a=a: ops.one_hot(x, 5, axis=a), (4, 6), dtype="int32") for a in (-1, 0)],
)
add("multi_hot", on(lambda x: ops.multi_hot(x, 5), (4, 6), dtype="int32"))
add("multi_hot", on(lambda x: ops.multi_hot(x, 5), (6,), dtype="int32"))
add("unique", on(lambda x: ops.unique(x, size=5), X))
add(
    "unique",
    on(
        lambda x: ops.unique(
            x, axis=0, size=3, return_index=True, return_inverse=True, return_counts=True
        ),
        (6, 2),
    ),
)
add("unravel_index", on(lambda x: ops.unravel_index(x, (3, 4)), (5,), dtype="int32"))
add("histogram", on(lambda x: ops.histogram(x, bins=4), (9,), traced=False))
add("digitize", on(lambda x: ops.digitize(x, ones(3)), X))
add("searchsorted", on(ops.searchsorted, (5,), (7,)))
add("isin", on(ops.isin, X, (2,)))
add("in_top_k", on(lambda p: ops.in_top_k(ones(4, dtype="int32"), p, 2), (4, 6)))
add("extract_sequences", on(lambda x: ops.extract_sequences(x, 4, 3), (2, 17)))
add("glu", on(ops.glu, (3, 6)), on(lambda x: ops.glu(x, axis=0), (4, 6)))
add("binary_crossentropy", on(ops.binary_crossentropy, X, X))
add("categorical_crossentropy", on(ops.categorical_crossentropy, X, X))
add(
    "sparse_categorical_crossentropy",
    on(lambda x: ops.sparse_categorical_crossentropy(ones(4, 6, dtype="int32"), x), X),
    on(
        lambda x: ops.sparse_categorical_crossentropy(ones(4, 3, dtype="int32"), x, axis=1),
        X,
        traced=False,
    ),
)
