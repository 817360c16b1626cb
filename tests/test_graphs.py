"""Graphs built without a framework: the order of calls, and operations other than Keras's."""

from dataclasses import dataclass

import pytest
from import_graph import module_graph

import convcost
from convcost._layers.steps import Product, Step, Weights
from convcost._models.changes import with_changes
from convcost._models.graph import Call, Distributed, Entry, Graph, Ref, Tensor, input_entry
from convcost.layers import BatchNormalization, Chain, Conv2D, Dense, DepthwiseConv2D


def entry(name, layer, *needs, calls=None):
    calls = [Call.of(tuple(needs))] if calls is None else calls
    return Entry(name, type(layer).__name__, layer, True, tuple(calls), name)


def graph(*entries, output):
    return Graph("hand-made", "Graph", (input_entry("x", (8, 8, 3)), *entries), Ref("x"), output)


@dataclass(frozen=True)
class Filtered:
    """A convolution as in another framework: a function of an image and its weights."""

    filters: int

    def apply(self, args, kwargs, batch):
        (first, *sides, channels), kernel = args[0].shape, kwargs["kernel"]
        assert first == batch
        axes = Conv2D(self.filters, kernel, padding="same").parts((*sides, channels))[0].axes
        step = Step(axes, (channels,), (self.filters,), tuple(sides), bias=1)
        return (batch, *sides, self.filters), (step.repeated(batch), Weights((2, self.filters)))


class Halves:
    """An operation with two outputs, which are products of its inputs."""

    def apply(self, args, kwargs, batch):
        (left, right), (scale,) = args[0], args[1:]
        assert isinstance(left, Tensor)
        assert scale == 2
        batch, side, *rest = left.shape
        half = (batch, side // scale, *rest)
        return [half, half], (Product(half, (right.shape[-1],)), Product(half, (5,)))


def test_operations_of_any_source_are_counted():
    network = convcost.Network(
        graph(
            entry("filtered", Filtered(4), calls=[Call.of((Ref("x"),), {"kernel": 3})]),
            entry("halves", Halves(), [Ref("filtered"), Ref("filtered")], 2),
            entry("head", Dense(2), Ref("halves", 0, 1)),
            output=[Ref("head"), Ref("halves", 0, 0)],
        )
    )
    twin = Conv2D(4, 3, padding="same")
    row = network["filtered"]
    assert row.params == twin.cost((8, 8, 3)).params + 2 * 4
    assert row.macs == twin.cost((8, 8, 3)).macs
    assert row.effective_macs == twin.cost((8, 8, 3), effective=True).macs < row.macs
    assert row.cost.bias_adds == 4 * 8 * 8
    assert row.intensity() > 0
    row = network["halves"]
    assert row.output_shape == ((4, 8, 4), (4, 8, 4))
    assert row.macs == row.effective_macs == 4 * 8 * 4 * (4 + 5)
    assert network.output_shapes == ((4, 8, 2), (4, 8, 4))
    assert network.total() == sum((row.cost for row in network), convcost.Cost(0, 0))


def test_calls_come_as_they_are_listed_and_behind_what_they_need():
    late = [Call.of((Ref("b"),)), Call.of((Ref("x"),))]
    made = graph(
        entry("c", Dense(3), calls=late),
        entry("a", Dense(3), Ref("c", 1)),
        entry("b", Dense(3), Ref("x")),
        output=Ref("c"),
    )
    order = [(one.name, index) for one, index, _ in made.order]
    assert order == [("x", 0), ("c", 1), ("a", 0), ("b", 0), ("c", 0)]


def test_a_circle_is_told_by_a_layer_that_is_in_it():
    made = graph(
        entry("behind", Dense(3), Ref("b")),
        entry("a", Dense(3), Ref("b")),
        entry("b", Dense(3), Ref("a")),
        output=Ref("behind"),
    )
    with pytest.raises(convcost.ModelError, match="has a cycle: layer 'a' depends on itself"):
        convcost.Network(made)


def test_layers_are_replaced_in_graphs_inside():
    inner = graph(entry("conv", Conv2D(4, 3), Ref("x")), output=Ref("conv"))
    outer = graph(entry("inner", inner, Ref("x")), output=Ref("inner"))
    chain = Chain([DepthwiseConv2D(3), BatchNormalization(), Conv2D(4, 1)])
    (row,) = convcost.Network(outer)
    changed = convcost.Network(with_changes(outer, lambda one, _: {row.identity: chain}.get(one)))
    (row,) = changed
    assert row.kind == "DepthwiseConv2D+BatchNormalization+Conv2D"
    assert row.layer is chain
    assert convcost.Network(outer).rows[0].kind == "Conv2D"


def test_the_rooms_of_models_but_the_reader_know_no_source_of_them():
    users = {
        module
        for module, targets in module_graph().items()
        if any(target.startswith("convcost._models.keras") for target in targets)
        and module.startswith("convcost._models.")
        and not module.startswith("convcost._models.keras")
    }
    assert users == {"convcost._models.read"}


def test_a_distributed_graph_takes_one_input():
    inner = Graph("inner", "Functional", (input_entry("x", (3,)),), Ref("x"), Ref("x"))
    call = Call.of((Ref("a"), Ref("b")))
    each = Entry("each", "TimeDistributed", Distributed(inner), True, (call,), object())
    entries = (input_entry("a", (4, 3)), input_entry("b", (4, 3)), each)
    graph = Graph("outer", "Functional", entries, [Ref("a"), Ref("b")], Ref("each"))
    with pytest.raises(convcost.ModelError, match=r"'each' .*it takes one input with steps; got 2"):
        convcost.Network(graph)
