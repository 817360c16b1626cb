"""Each layer of a network against the live Keras layer: parameters, output shape, kernels."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import TYPE_CHECKING

from convcost._layers import Layer, ReversibleEmbedding
from convcost._layers.quantized import Stored, stored_in
from convcost._models.changes import unwrapped
from convcost._verify.findings import Finding, Quantity
from convcost._verify.oracles.model_inputs import is_known

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, TypeGuard

    from typing_extensions import TypeIs

    from convcost._exact.types import Factors
    from convcost._models.graph import LayerPath
    from convcost._models.network import Network
    from convcost._models.rows import Row
    from convcost._verify.types import LiveLayer, LiveModel, LiveParent, LiveWrapper

    # By the path of the layer in the model.
    Live = dict[LayerPath, LiveLayer]


def live_layers(model: LiveModel) -> Live:
    """Return every layer and operation by its path, those in nested models and own layers included.

    A path that two layers share is left out.
    """
    found = list(_layers_in(model, ()))
    times = Counter(path for path, _ in found)
    return {path: layer for path, layer in found if times[path] == 1}


def _layers_in(
    parent: LiveLayer | LiveModel, path: LayerPath
) -> Iterator[tuple[LayerPath, LiveLayer]]:
    for layer in _children(parent):
        inner = (*path, layer.name)
        if not _is_model(layer):
            yield inner, layer
        if _is_model(layer) or not _is_keras(layer):
            yield from _layers_in(layer, inner)


def _children(parent: LiveLayer | LiveModel) -> Sequence[LiveLayer | LiveModel]:
    import keras

    if _is_model(parent):
        return parent.layers if isinstance(parent, keras.Sequential) else parent.operations
    if not _is_parent(parent):
        return ()  # an operation
    # Two attributes may hold one layer.
    inside = parent._flatten_layers(include_self=False, recursive=False)
    return list({id(layer): layer for layer in inside}.values())


def _is_parent(layer: object) -> TypeGuard[LiveParent]:
    return hasattr(layer, "_flatten_layers")


def _is_model(operation: LiveLayer | LiveModel) -> TypeIs[LiveModel]:
    import keras

    return isinstance(operation, keras.Sequential) or hasattr(operation, "operations")


def _is_keras(layer: object) -> bool:
    return type(layer).__module__.partition(".")[0] == "keras"


def _is_time_distributed(layer: LiveLayer) -> TypeGuard[LiveWrapper]:
    return type(layer).__name__ == "TimeDistributed" and _is_keras(layer)


def check_rows(network: Network, live: Live, batch: int | None) -> Iterator[tuple[str, Finding]]:
    """Yield the name of each row, and what the Keras layer says about its parameters and shape."""
    seen: set[int] = set()
    for row in network:
        yield row.name, _check_row(row, live.get(row.path), batch, seen)


def _check_row(row: Row, layer: LiveLayer | None, batch: int | None, seen: set[int]) -> Finding:
    if row.layer is None:
        return Finding("keras", reason="convcost leaves it out")
    if layer is None:
        return Finding("keras", reason="it is not a layer with a name of its own")
    if not hasattr(layer, "count_params"):
        return Finding("keras", reason="Keras reports neither parameters nor a shape for it")
    new = {id(weight): prod(weight.shape) for weight in layer.weights if id(weight) not in seen}
    seen.update(new)
    quantities = [Quantity("params", row.params, sum(new.values()))]
    shape = _output_shape(row, layer, batch)
    if shape is not None:
        quantities.append(Quantity("output shape", row.output_shape, shape))
    return Finding("keras", tuple(quantities))


def _output_shape(row: Row, layer: Any, batch: int | None) -> object:
    """Return the shape that Keras computes for the same inputs, without the batch.

    It is None if the inputs are not known, or Keras can't compute a shape from them alone.
    """
    import keras

    shapes = row.input_shapes
    if row.times != 1 or not shapes or not all(map(is_known, shapes)):
        return None
    inputs = [keras.KerasTensor((batch, *(shape or ()))) for shape in shapes]
    try:
        back = {"reverse": True} if _leads_back(row) else {}
        output = layer.compute_output_spec(inputs[0] if len(inputs) == 1 else inputs, **back)
        made = [tuple(one.shape[1:]) for one in keras.tree.flatten(output)]
    except Exception:
        # The user's code may raise anything, and may take its inputs in another form.
        return None
    if not all(map(is_known, made)) or "..." in getattr(layer, "equation", ""):
        return None  # Keras gives the sides that an ellipsis stands for in reverse
    return made[0] if len(made) == 1 else tuple(made)


def _leads_back(row: Row) -> bool:
    """Tell whether a row is the call of a reversible embedding that leads back."""
    layer, _ = unwrapped(row.layer)
    inner = stored_in(layer) if isinstance(layer, Layer) else None
    return isinstance(inner, ReversibleEmbedding) and inner.reverse


_WITHOUT_KERNEL = "it has no kernel that is applied once at each position"
_OPEN_SIDES = "its input has open sides: give input_shape in numbers"


def check_kernels(network: Network, live: Live) -> Iterator[tuple[str, Finding]]:
    """Yield the MACs that the shapes of the built kernels give, and the rows without a kernel."""
    ours, theirs, seen, blind = 0, 0, 0, 0
    for row in network:
        macs = _kernel_macs_of(row, live.get(row.path))
        if macs is not None:
            ours, theirs, seen = ours + row.macs, theirs + macs, seen + 1
        elif row.macs != 0:
            blind += 1
            known = all(map(is_known, row.input_shapes))
            reason = _WITHOUT_KERNEL if known else _OPEN_SIDES
            yield row.name, Finding("kernels", reason=reason)
    name = "macs of the layers that have kernels" if blind else "macs"
    quantities = (Quantity(name, ours, theirs),) if seen else ()
    reason = "" if seen else "no layer has a kernel whose uses are known"
    yield "total", Finding("kernels", quantities, reason)


def _kernel_macs_of(row: Row, layer: LiveLayer | None) -> int | None:
    """Return the MACs of a row from its kernels; None if it has none to count from."""
    if layer is None or not all(map(is_known, row.input_shapes)) or type(row.times) is not int:
        return None
    if not _is_keras(layer) or row.layer is None or isinstance(unwrapped(row.layer)[0], Stored):
        return None
    # Where elements are in the batch dimension, the shapes begin with it.
    shapes = [(shape or ())[1 if row.times != 1 else 0 :] for shape in row.input_shapes]
    macs = kernel_macs(layer, shapes)
    return None if macs is None else macs * row.times


def kernel_macs(layer: LiveLayer, input_shapes: Sequence[Factors]) -> int | None:
    """Return the number of weights in a built layer's kernels times the number of positions.

    It is None for a layer without a kernel, or with one that is applied in another way.
    """
    shape: Factors = input_shapes[0] if input_shapes else ()
    if _is_time_distributed(layer):
        each = kernel_macs(layer.layer, (shape[1:],))
        return None if each is None else int(shape[0]) * each
    if hasattr(layer, "equation"):
        return None
    names = ("depthwise_kernel", "pointwise_kernel", "kernel", "_kernel")
    weights = {
        id(kernel): int(prod(kernel.shape))
        for name in names
        if (kernel := getattr(layer, name, None)) is not None and hasattr(kernel, "shape")
    }
    if not weights:
        return None
    places = shape
    if "Transpose" not in type(layer).__name__:
        places = tuple(layer.compute_output_shape((None, *shape))[1:])
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return sum(weights.values()) * int(prod(places[1:] if first else places[:-1]))
