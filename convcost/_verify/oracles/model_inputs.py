"""The inputs of a live model: their batch, and the sizes at which oracles run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._models.graph import refs
from convcost._verify.oracles.oracle import NotVisible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from convcost._exact.types import Factors
    from convcost._models.network import Network
    from convcost._verify.types import LiveModel


class Inputs(NamedTuple):
    """What a model takes.

    Attributes
    ----------
    shapes
        Shape of each input in elements, without the batch.
    dtypes
        The type of each input's elements, such as `float32`.
    batch
        Size of the batch that the model declares; None if it is open.
    structure
        The inputs as the model takes them: a tensor, a list or a dict of them.
    """

    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    batch: int | None
    structure: object

    def pack(self, make: Callable[[tuple[int, ...], str], object], batch: int) -> object:
        """Return the inputs as the model takes them, each made from its shape and type."""
        made = [
            make((batch, *shape), dtype)
            for shape, dtype in zip(self.shapes, self.dtypes, strict=True)
        ]
        return self.arrange(made)

    def arrange(self, made: Sequence[object]) -> object:
        """Return one value for each input as the model takes them."""
        import keras

        return keras.tree.pack_sequence_as(self.structure, list(made))


def inputs_of(model: LiveModel, network: Network) -> Inputs:
    """Return the inputs of a model, with the sizes of a network.

    Raises
    ------
    NotVisible
        If the network has open sides, or leaves out layers.
    """
    if network.left_out:
        raise NotVisible(f"convcost leaves out {', '.join(network.left_out[:3])}")
    if not all(map(is_known, network.input_shapes)):
        raise NotVisible("the input shape has open sides; give all of them to count this model")
    return arranged(model, network.input_shapes, [ref.entry for ref in refs(network.graph.inputs)])


def arranged(
    model: LiveModel, shapes: Sequence[tuple[int, ...]], names: Sequence[str] = ()
) -> Inputs:
    """Return the inputs of a model, which have these shapes and names.

    Without names the shapes are in the order of `model.inputs`.
    """
    declared = _declared(model)
    if declared is None:
        structure: object = [0] * len(shapes) if len(shapes) > 1 else 0
        return Inputs(tuple(shapes), ("float32",) * len(shapes), None, structure)
    given = dict(zip(names, shapes, strict=False))
    own = {
        id(layer.output): layer.name for layer in declared.layers if hasattr(layer, "batch_shape")
    }
    if set(own.values()) == set(given):
        shapes = [given[own[id(one)]] for one in declared.inputs]
    return Inputs(
        tuple(shapes),
        tuple(one.dtype for one in declared.inputs),
        declared_batch(model),
        declared._inputs_struct,
    )


def _declared(model: LiveModel) -> Any:
    """Return the functional model that says what a model's inputs are; None if there is none."""
    functional = getattr(model, "_functional", None) or model
    return functional if hasattr(functional, "_inputs_struct") else None


def declared_batch(model: LiveModel) -> int | None:
    """Return the size of the batch that a model's inputs declare; None if it is open."""
    declared = _declared(model)
    sizes = [one.shape[0] for one in declared.inputs] if declared is not None else []
    return next((size for size in sizes if size is not None), None)


def is_known(shape: Factors | None) -> bool:
    """Return whether a shape consists of integers."""
    return shape is not None and all(type(side) is int for side in shape)


def one_input(what: str, count: int, batch: int) -> int:
    """Return an input's share of what is counted for a whole batch.

    Raises
    ------
    NotVisible
        If the batch does not divide the count, so that something is not done for each input.
    """
    each, rest = divmod(count, batch)
    if rest:
        raise NotVisible(
            f"a batch of {batch} makes {count:,} {what}, which is not a multiple of the batch"
        )
    return each
