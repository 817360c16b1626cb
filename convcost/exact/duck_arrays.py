"""Arrays of xarray, Dask and JAX, unpacked at the border, counted with NumPy, and packed again.

Whatever is computed, checked or refused is so by the same code as for NumPy arrays: at once where
the values are there, and block by block, when somebody asks for them, where Dask only promises
them. Named dimensions broadcast by name.
"""

import sys
import warnings
from functools import partial

import numpy as np

from convcost.exact import arrays, nested
from convcost.exact.kinds import is_foreign, is_traced
from convcost.exact.scalars import is_array, join_names, printable, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from convcost.exact.types import Count, Formula, Sizes

    # Takes arguments in which NumPy arrays stand for the others; returns so many counts.
    Counting: TypeAlias = "Callable[..., tuple[Count, ...]]"


def call(
    function: "Counting",
    arguments: "tuple[Any, ...]",
    number: "Callable[[], int]",
    dtype: "Any" = None,
) -> "tuple[Count, ...]":
    """Call a function that counts with NumPy arrays, on arrays of other libraries.

    Parameters
    ----------
    function
        Takes the arguments with NumPy arrays in place of the others, and returns counts that
        broadcast together.
    arguments
        What the function takes; arrays may stand in tuples.
    number
        Says how many counts the function returns; asked only where Dask promises them.
    dtype
        Of the counts that Dask promises: by default object where an argument has it, else int64.

    Returns
    -------
    tuple
        The counts, as arrays of the arguments' library. A named array has the dimensions that its
        values depend on; one that Dask promises has them all.

    Raises
    ------
    TypeError
        If arrays are mixed that do not go together: named and unnamed ones, known and traced ones.
    ValueError
        If named arrays have different coordinates along a dimension, or do not broadcast.
    OverflowError
        If a count does not fit into the integers of JAX.

    Examples
    --------
    >>> import xarray
    >>> m, n = xarray.DataArray([8, 16], dims="m"), xarray.DataArray([3, 4, 5], dims="n")
    >>> (product,) = call(lambda m, n: (m * n,), (m, n), lambda: 1)
    >>> product.dims, product.values.tolist()
    (('m', 'n'), [[24, 32, 40], [48, 64, 80]])
    """
    leaves = [leaf for leaf in nested.flat(arguments) if is_array(leaf)]
    if any(map(is_traced, leaves)):
        raise TypeError("values that JAX traces can't be counted together with other arrays")
    if any(_is(leaf, "xarray", "DataArray") for leaf in leaves):
        return _call_named(function, arguments, number, dtype)
    if any(_is(leaf, "dask.array", "Array") for leaf in leaves):
        return _call_blocks(function, arguments, number, dtype)
    if any(_is(leaf, "jax", "Array") for leaf in leaves):
        known = nested.apply(lambda leaf: np.asarray(leaf) if is_array(leaf) else leaf, arguments)
        return tuple(map(_to_jax, function(*known)))
    return function(*arguments)


def _is(value: "Any", library: str, name: str) -> bool:
    kind = getattr(sys.modules.get(library), name, None)
    return kind is not None and isinstance(value, kind)


def _replace(arguments: "tuple[Any, ...]", new: "Sequence[Any]") -> "tuple[Any, ...]":
    """Return the arguments with other arrays in the places of theirs."""
    rest = iter(new)
    return nested.apply(lambda leaf: next(rest) if is_array(leaf) else leaf, arguments)


def _call_named(
    function: "Counting", arguments: "tuple[Any, ...]", number: "Callable[[], int]", dtype: "Any"
) -> "tuple[Count, ...]":
    leaves = [leaf for leaf in nested.flat(arguments) if is_array(leaf)]
    named = _named(leaves)
    dims = tuple(dict.fromkeys(dim for array in named for dim in array.dims))
    sizes = {dim: size for array in named for dim, size in array.sizes.items()}
    bare = [_bare(array, dims) for array in named]
    results = call(function, _replace(arguments, bare), number, dtype)
    lone = [place for place, dim in enumerate(dims) if sizes[dim] == 1]
    kept = [_varying(result, dims, sizes) for result in results]
    if lone and not any(map(is_foreign, bare)):
        # One value can't show whether a count depends on it: the same value twice can.
        corner = [
            _corner(array, [place for place in lone if dims[place] in of.dims])
            for array, of in zip(bare, named, strict=True)
        ]
        shapes = [np.shape(result) for result in function(*_replace(arguments, corner))]
        for place in lone:
            for index, shape in enumerate(shapes):
                kept[index][place] = len(shape) == len(dims) and shape[place] == 2
    coords = _coordinates(named)
    return tuple(map(partial(_name, dims, coords), results, kept))


def _named(leaves: "list[Any]") -> "list[Any]":
    import xarray

    for leaf in leaves:
        if not isinstance(leaf, xarray.DataArray) and leaf.ndim > 0:
            refuse(TypeError, "an array beside named ones", leaf, "an xarray.DataArray, too")
    named = [xarray.DataArray(leaf) for leaf in leaves]
    try:
        return list(xarray.align(*named, join="exact", copy=False))
    except ValueError as error:
        raise ValueError(f"named arrays must have the same coordinates: {error}") from None


def _bare(array: "Any", dims: "tuple[Any, ...]") -> "Any":
    """Return the data with an axis for each dimension, of length 1 where it has none."""
    ordered = array.transpose(*(dim for dim in dims if dim in array.dims))
    return ordered.data[tuple(slice(None) if dim in array.dims else None for dim in dims)]


def _varying(result: "Any", dims: "tuple[Any, ...]", sizes: "dict[Any, int]") -> list[bool]:
    shape = np.shape(result)
    if len(shape) < len(dims):
        return [False] * len(dims)
    return [size > 1 or sizes[dim] == 1 for dim, size in zip(dims, shape, strict=True)]


def _corner(array: "Any", lone: list[int]) -> "Any":
    first = array[tuple(slice(0, 1) for _ in array.shape)]
    for place in lone:
        first = np.repeat(first, 2, axis=place)
    return first


def _coordinates(named: "list[Any]") -> "dict[Any, Any]":
    """Return the coordinates of all, without those that two of them have differently."""
    coords: dict[Any, Any] = {}
    dropped = set()
    for array in named:
        for name, coord in array.coords.items():
            if not coords.setdefault(name, coord).identical(coord):
                dropped.add(name)
    return {name: coord for name, coord in coords.items() if name not in dropped}


def _name(
    dims: "tuple[Any, ...]", coords: "dict[Any, Any]", result: "Any", kept: list[bool]
) -> "Any":
    import xarray

    if np.ndim(result) == len(dims):
        result = result[tuple(slice(None) if keep else 0 for keep in kept)]
    own = [dim for dim, keep in zip(dims, kept, strict=True) if keep]
    if np.ndim(result) == 0 and not is_array(result):
        result = arrays.scalar(result)
    fitting = {name: coord for name, coord in coords.items() if set(coord.dims) <= set(own)}
    # Dask's name for the data is none for the array.
    return xarray.DataArray(result, fitting, own).rename(None)


def _call_blocks(
    function: "Counting", arguments: "tuple[Any, ...]", number: "Callable[[], int]", dtype: "Any"
) -> "tuple[Count, ...]":
    import dask.array

    # Dask has no types for these.
    from_array: Any = dask.array.from_array
    blockwise: Any = dask.array.blockwise
    map_blocks: Any = dask.array.map_blocks
    leaves = [
        leaf if isinstance(leaf, dask.array.Array) else from_array(np.asarray(leaf), -1)
        for leaf in nested.flat(arguments)
        if is_array(leaf)
    ]
    rank = max(leaf.ndim for leaf in leaves)
    if dtype is None:
        dtype = np.dtype(object if any(leaf.dtype == object for leaf in leaves) else np.int64)
    pairs = [part for leaf in leaves for part in (leaf, tuple(range(rank - leaf.ndim, rank)))]
    holes = nested.apply(lambda leaf: _Hole() if is_array(leaf) else leaf, arguments)
    # Each block is counted once, for all the results: they are picked from it one by one.
    with warnings.catch_warnings():
        # An open grid has as many blocks as its axes' chunks multiply to: that is no surprise.
        warnings.simplefilter("ignore", dask.array.PerformanceWarning)
        blocks = blockwise(
            partial(_count_block, function, holes),
            tuple(range(rank)),
            *pairs,
            dtype=object,
            meta=np.empty((0,) * rank, dtype=object),
            token="convcost",
        )
    meta = np.empty((0,) * rank, dtype=dtype)
    return tuple(
        map_blocks(_pick, blocks, index, dtype, dtype=dtype, meta=meta) for index in range(number())
    )


class _Hole:
    """Where a block of an array belongs."""

    ndim = 0


def _count_block(function: "Counting", holes: "tuple[Any, ...]", *blocks: "Any") -> "Any":
    shape = np.broadcast_shapes(*(block.shape for block in blocks))
    try:
        return shape, function(*_replace(holes, blocks))
    except (TypeError, ValueError, OverflowError) as error:
        error.add_note(f"in a block of shape {shape}, from whose corner indices count")
        raise


def _pick(block: "Any", index: int, dtype: "Any") -> "Any":
    shape, results = block
    return np.broadcast_to(np.asarray(results[index], dtype=dtype), shape)


def _to_jax(result: "Any") -> "Any":
    import jax
    import jax.numpy as jnp

    if not is_array(result):
        return result
    if result.dtype == object:
        raise TypeError("JAX has no exact numbers of any size: pass NumPy object arrays instead")
    if result.dtype.kind == "i":
        own = jax.dtypes.canonicalize_dtype(int)
        largest = int(jnp.iinfo(own).max)
        if int(result.max()) > largest:
            raise OverflowError(
                f"a count reaches {printable(int(result.max()), ',')}, more than the"
                f" {largest:,} that JAX's {own} holds; set jax_enable_x64, or"
                " pass NumPy arrays"
            )
    return jnp.asarray(result)


def check_axis(name: str, axis: "Any", allowed: str, check: "Any") -> "Any":
    """Return an array of sizes, checked at once where its values are there.

    The values that Dask promises are checked when they are counted.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As for NumPy arrays.
    """
    if _is_promised(axis):
        if axis.dtype.kind not in "iuO":
            raise TypeError(f"{name} must be {allowed}; got an array of dtype {axis.dtype}")
        return axis
    checked = arrays.check_axis(name, np.asarray(axis), allowed, check)
    return axis.copy(data=checked) if _is(axis, "xarray", "DataArray") else axis


def _is_promised(value: "Any") -> bool:
    return _is(getattr(value, "data", value), "dask.array", "Array") or _is(
        value, "dask.array", "Array"
    )


def require_integers(name: str, axis: "Any", allowed: str) -> "Any":
    """Return an array of sizes, unless it is known to hold a fraction that isn't whole."""
    if axis.dtype == object and not _is_promised(axis):
        arrays.require_integers(name, np.asarray(axis), allowed)
    return axis


def freeze(axis: "Any") -> "Any":
    """Return the array: its values are looked at again when they are counted."""
    return axis


def align(names: tuple[str, ...], sizes: "tuple[Any, ...]") -> "tuple[Any, ...]":
    """Return the sizes: they are aligned when they are counted."""
    return sizes


def require_int64(formula: "Formula", sizes: "Sizes", bias: int) -> None:
    """Refuse sizes that were not unpacked."""
    raise TypeError(
        "arrays of xarray, Dask and JAX are taken by the public functions, and by the layers'"
        " output_shape, cost, training, traffic and intensity; here pass NumPy arrays"
    )


def add(quantity: str, left: "Count", right: "Count") -> "Count":
    """Add two counts, as `convcost.exact.arrays.add` does."""
    return _binary(arrays.add, quantity, left, right)


def multiply(name: str, left: "Count", right: "Count") -> "Count":
    """Multiply two counts, as `convcost.exact.arrays.multiply` does."""
    return _binary(arrays.multiply, name, left, right)


def divide(quantity: str, dividend: "Count", divisor: "Count") -> "Count":
    """Divide two counts, as `convcost.exact.arrays.divide` does."""
    exact = any(is_array(count) and count.dtype == object for count in (dividend, divisor))
    return _binary(arrays.divide, quantity, dividend, divisor, object if exact else float)


def operate(operation: str, left: "Count", right: "Count", exact: "Any") -> "Count":
    """Apply an operation of `convcost.exact.arithmetic` to two counts."""
    dtypes = [count.dtype for count in (left, right) if is_array(count)]
    kind = float if any(dtype.kind == "f" for dtype in dtypes) else None
    (result,) = call(partial(_operated, exact), (left, right), lambda: 1, kind)
    return result


def _operated(exact: "Any", left: "Count", right: "Count") -> "tuple[Count]":
    return (exact(left, right),)


def _binary(
    function: "Callable[[str, Count, Count], Count]",
    name: str,
    left: "Count",
    right: "Count",
    dtype: "Any" = None,
) -> "Count":
    (result,) = call(partial(_single, function, name), (left, right), lambda: 1, dtype)
    return result


def _single(
    function: "Callable[[str, Count, Count], Count]", name: str, left: "Count", right: "Count"
) -> "tuple[Count]":
    return (function(name, left, right),)


def find_empty(name: str, side: "Count", exact: "Any") -> str | None:
    """Name nothing: sides are looked at when they are counted."""
    return None


def divides(divisor: "Count", dividend: "Count", exact: "Any") -> bool:
    """Say yes: it is looked at when the sizes are counted."""
    return True


def is_equal(left: "Count", right: "Count") -> bool:
    """Tell whether two counts have the same dimensions, coordinates and values."""
    if _is(left, "xarray", "DataArray") and _is(right, "xarray", "DataArray"):
        return bool(left.equals(right))
    return type(left) is type(right) and arrays.is_equal(np.asarray(left), np.asarray(right))


def describe(array: "Any") -> str:
    """Name an array's extent, or its shape where Dask only promises its values."""
    if _is_promised(array):
        return f"[{' x '.join(map(str, array.shape))} promised]"
    return arrays.describe(np.asarray(array))


def summarize(array: "Any") -> str:
    """Say what an array holds, for a printed cost."""
    dims = array.dims if _is(array, "xarray", "DataArray") else ()
    names = f" over {join_names(list(map(str, dims)))}" if dims else ""
    shape = " x ".join(map(str, array.shape))
    return f"{describe(array)} ({shape} {type(array).__name__} of {array.dtype}{names})"
