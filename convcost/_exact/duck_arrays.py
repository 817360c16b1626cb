"""Duck arrays (xarray, Dask and JAX), converted to NumPy on entry, and back for the result.

The code for NumPy arrays checks and computes everything: immediately for known values, and block by
block on `compute()` for lazy (Dask) arrays. Named dimensions broadcast by name.
"""

from functools import partial

import numpy as np

from convcost._exact.arrays import Arrays, require_broadcast, scalar
from convcost._exact.backend import ArrayBackend, Backend
from convcost._exact.kinds import is_duck_array, is_lazy, is_of, is_traced
from convcost._exact.lazy_arrays import arrays_in, call_lazy, checked_blocks, is_open, replaced
from convcost._exact.scalars import SIZE, is_array, join_names, printable, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from typing import TypeAlias, TypeGuard

    import xarray

    from convcost._exact.lazy_arrays import Counting
    from convcost._exact.types import AnyArray, Count, Formula

    # The names of dimensions.
    Dims: TypeAlias = tuple[Hashable, ...]


def call(
    function: "Counting",
    values: "Sequence[object]",
    number: "Callable[[], int]",
    dtype: type | None = None,
) -> "tuple[Count, ...]":
    """Call a function written for NumPy arrays on arrays of other libraries.

    Parameters
    ----------
    function
        Takes the values with NumPy arrays in place of the others, and returns counts that broadcast
        together.
    values
        The function's arguments; those that are not arrays are passed on unchanged.
    number
        Returns how many counts the function returns; called only for lazy arrays.
    dtype
        The dtype of lazy counts: by default object if an argument is an object array, a symbol or
        a fraction, else int64.

    Returns
    -------
    tuple
        The counts, as arrays of the values' library. A named array has only the dimensions that
        its values depend on; a lazy one has all of them.

    Raises
    ------
    TypeError
        If named and unnamed arrays, or JAX tracers and other arrays, are mixed.
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
    arrays = arrays_in(values)
    if any(map(is_traced, arrays)):
        raise TypeError("JAX tracers can't be mixed with arrays whose values are known")
    if any(map(_is_named, arrays)):
        return _call_named(function, values, number, dtype)
    if any(is_of(array, "dask.array", "Array") for array in arrays):
        return call_lazy(function, values, number(), dtype)
    if any(is_of(array, "jax", "Array") for array in arrays):
        return tuple(map(_to_jax, function(*replaced(values, map(np.asarray, arrays)))))
    return function(*values)


def _is_named(value: object) -> "TypeGuard[xarray.DataArray]":
    return is_of(value, "xarray", "DataArray")


def _call_named(
    function: "Counting",
    values: "Sequence[object]",
    number: "Callable[[], int]",
    dtype: type | None,
) -> "tuple[Count, ...]":
    named = _named(arrays_in(values))
    dims = tuple(dict.fromkeys(dim for array in named for dim in array.dims))
    sizes = {dim: size for array in named for dim, size in array.sizes.items()}
    bare = [_bare(array, dims) for array in named]
    results = call(function, replaced(values, bare), number, dtype)
    lone = [place for place, dim in enumerate(dims) if sizes[dim] == 1]
    kept = [_varying(result, dims, sizes) for result in results]
    if lone and not any(map(is_duck_array, bare)):
        # A single value can't show whether a count depends on its dimension: two values can.
        corner = [
            _corner(array, [place for place in lone if dims[place] in of.dims])
            for array, of in zip(bare, named, strict=True)
        ]
        shapes = [np.shape(result) for result in function(*replaced(values, corner))]
        for place in lone:
            for index, shape in enumerate(shapes):
                kept[index][place] = len(shape) == len(dims) and shape[place] == 2
    coords = _coordinates(named)
    return tuple(map(partial(_name, dims, coords), results, kept))


def _named(arrays: "list[AnyArray]") -> "list[xarray.DataArray]":
    import xarray

    for array in arrays:
        if not isinstance(array, xarray.DataArray) and array.ndim > 0:
            refuse(TypeError, "an array mixed with named arrays", array, "an xarray.DataArray")
    named = [xarray.DataArray(array) for array in arrays]
    try:
        return list(xarray.align(*named, join="exact", copy=False))
    except ValueError as error:
        raise ValueError(f"named arrays must have the same coordinates: {error}") from None


def _bare(array: "xarray.DataArray", dims: "Dims") -> "AnyArray":
    """Return the data with one axis per dimension, of length 1 for those it lacks."""
    ordered = array.transpose(*(dim for dim in dims if dim in array.dims))
    data: AnyArray = ordered.data
    index = tuple(slice(None) if dim in array.dims else None for dim in dims)
    # Without an index, an array without dimensions would become a scalar.
    return data[index] if index else data


def _varying(result: "Count", dims: "Dims", sizes: "Mapping[Hashable, int]") -> list[bool]:
    shape = np.shape(result)
    if len(shape) < len(dims):
        return [False] * len(dims)
    return [size > 1 or sizes[dim] == 1 for dim, size in zip(dims, shape, strict=True)]


def _corner(array: "AnyArray", lone: list[int]) -> "AnyArray":
    first = array[tuple(slice(0, 1) for _ in array.shape)]
    for place in lone:
        first = np.repeat(first, 2, axis=place)
    return first


def _coordinates(named: "list[xarray.DataArray]") -> "dict[Hashable, xarray.DataArray]":
    """Return the coordinates of all arrays, except those that differ between arrays."""
    import xarray

    every = [array.coords.to_dataset() for array in named]
    return dict(xarray.merge(every, join="exact", compat="minimal").coords)


def _name(
    dims: "Dims",
    coords: "dict[Hashable, xarray.DataArray]",
    result: "Count",
    kept: list[bool],
) -> "xarray.DataArray":
    import xarray

    if is_array(result) and np.ndim(result) == len(dims):
        result = result[tuple(slice(None) if keep else 0 for keep in kept)]
    own = [dim for dim, keep in zip(dims, kept, strict=True) if keep]
    if np.ndim(result) == 0 and not is_array(result):
        result = scalar(result)
    fitting = {name: coord for name, coord in coords.items() if set(coord.dims) <= set(own)}
    # Dask gives the data a name, which is dropped here.
    return xarray.DataArray(result, fitting, own).rename(None)


def _to_jax(result: "Count") -> "Count":
    import jax
    import jax.numpy as jnp

    if not is_array(result):
        return result
    if result.dtype == object:
        raise TypeError("JAX has no exact numbers of arbitrary size: pass NumPy object arrays")
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


class DuckArrays(ArrayBackend):
    """Computes with arrays of xarray, Dask and JAX, as `Arrays` does with NumPy arrays.

    Checks that depend on the values of lazy arrays run when the counts are computed.
    """

    precedence = 3

    def __init__(self, elements: "Callable[..., Backend]") -> None:
        self._numpy = Arrays(elements)

    def check(self, name: str, value: object, allowed: str) -> "Count":
        """Return an array of sizes, checked immediately, or if it is lazy when it is computed."""
        if is_lazy(value):
            if value.dtype.kind not in "iuO":
                raise TypeError(f"{name} must be {allowed}; got an array of dtype {value.dtype}")
            if allowed is SIZE and is_open(value):
                # Dask can't tell that two checked ones have the same length; functions and layers
                # check the sizes again when they count.
                return value
            check = partial(self._numpy.check, name, allowed=allowed)
            data = checked_blocks(check, value.data if _is_named(value) else value)
            return value.copy(data=data) if _is_named(value) else data
        checked = self._numpy.check(name, np.asarray(value), allowed)
        return value.copy(data=checked) if _is_named(value) else _to_jax(checked)

    def require_integers(self, name: str, size: "Count", allowed: str, given: object) -> "Count":
        if size.dtype == object and not is_lazy(size):
            self._numpy.require_integers(name, np.array(size), allowed, given)
        return size

    def require_broadcast(self, names: "tuple[str, ...]", counts: "tuple[Count, ...]") -> None:
        arrays = arrays_in(counts)
        if any(map(_is_named, arrays)):
            _named(arrays)
        elif not any(map(is_open, arrays)):
            require_broadcast(names, counts)

    def require_fit(
        self, formula: "Formula", sizes: "tuple[Count, ...]", bias: int, quantities: "Iterable[str]"
    ) -> None:
        raise TypeError(
            "only the public functions, and output_shape, cost, training, traffic and intensity of"
            " layers, take arrays of xarray, Dask and JAX; pass NumPy arrays here"
        )

    def add(self, name: str, left: "Count", right: "Count") -> "Count":
        return self._operate(partial(self._numpy.add, name), left, right)

    def multiply(self, name: str, left: "Count", right: "Count") -> "Count":
        return self._operate(partial(self._numpy.multiply, name), left, right)

    def divide(self, name: str, dividend: "Count", divisor: "Count") -> "Count":
        exact = any(is_array(count) and count.dtype == object for count in (dividend, divisor))
        function = partial(self._numpy.divide, name)
        return self._operate(function, dividend, divisor, object if exact else float)

    def floor_divide(self, dividend: "Count", divisor: "Count") -> "Count":
        return self._operate(self._numpy.floor_divide, dividend, divisor)

    def ceil_divide(self, dividend: "Count", divisor: "Count") -> "Count":
        return self._operate(self._numpy.ceil_divide, dividend, divisor)

    def divide_evenly(self, dividend: "Count", divisor: "Count") -> "Count":
        return self._operate(self._numpy.divide_evenly, dividend, divisor)

    def maximum(self, left: "Count", right: "Count") -> "Count":
        return self._operate(self._numpy.maximum, left, right)

    def minimum(self, left: "Count", right: "Count") -> "Count":
        return self._operate(self._numpy.minimum, left, right)

    @staticmethod
    def _operate(
        function: "Callable[[Count, Count], Count]",
        left: "Count",
        right: "Count",
        dtype: type | None = None,
    ) -> "Count":
        if dtype is None and any(is_array(c) and c.dtype.kind == "f" for c in (left, right)):
            dtype = float
        (result,) = call(partial(_single, function), (left, right), lambda: 1, dtype)
        return result

    def find_empty(self, name: str, side: "Count") -> str | None:
        return None

    def divides(self, divisor: "Count", dividend: "Count") -> bool:
        return True

    def is_equal(self, left: "Count", right: "Count") -> bool:
        if _is_named(left) and _is_named(right):
            return bool(left.equals(right))
        same = type(left) is type(right)
        return same and self._numpy.is_equal(np.asarray(left), np.asarray(right))

    def text(self, count: "Count") -> str:
        dims = count.dims if _is_named(count) else ()
        names = f" over {join_names(list(map(str, dims)))}" if dims else ""
        shape = " x ".join(map(str, count.shape))
        return f"{self.brief(count)} ({shape} {type(count).__name__} of {count.dtype}{names})"

    def brief(self, count: "Count") -> str:
        if is_lazy(count):
            return f"[{' x '.join(map(str, count.shape))} lazy]"
        return self._numpy.brief(np.asarray(count))


def _single(
    function: "Callable[[Count, Count], Count]", left: "Count", right: "Count"
) -> "tuple[Count]":
    return (function(left, right),)
