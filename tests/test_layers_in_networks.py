"""Layers as networks use them, and layers that users register."""

import pytest

from convcost import layers
from convcost._layers import registry
from convcost._layers.normalization import Holder
from convcost.symbols import symbol


def test_output_and_cost_of_so_many_inputs():
    layer = layers.Conv2D(8, 3, padding="same")
    output, cost = layer.output_and_cost((6, 6, 3), 5)
    once = layer.cost((6, 6, 3))
    assert output == (6, 6, 8)
    assert (cost.params, cost.macs, cost.bias_adds) == (
        once.params,
        5 * once.macs,
        5 * once.bias_adds,
    )
    assert layer.output_and_cost((6, 6, 3)) == ((6, 6, 8), once)
    # Counted once, nothing is multiplied by 1.
    _, alone = layer.output_and_cost((6, 6, 3), 1)
    assert alone.explain().as_dict() == once.explain().as_dict()
    assert cost.explain().macs == "3*3*3*8*5*6*6 = 38880"
    (step,) = layer.parts((6, 6, 3), 5)
    assert step.forward(False) == cost
    assert layer.parts((6, 6, 3))[0].forward(False) == once


def test_output_and_cost_of_two_steps_and_of_none():
    separable = layers.SeparableConv2D(8, 3)
    assert separable.output_and_cost((6, 6, 3)) == ((4, 4, 8), separable.cost((6, 6, 3)))
    _, cost = layers.Flatten().output_and_cost((6, 6, 3))
    assert (cost.params, cost.macs) == (0, 0)


def test_symbolic_numbers_of_inputs():
    t = symbol("t")
    layer = layers.Dense(8)
    _, cost = layer.output_and_cost((3,), t)
    assert (cost.params, cost.macs) == (32, 24 * t)


@pytest.mark.parametrize("method", ["output_and_cost", "parts"])
def test_shapes_of_another_rank_are_refused(method):
    message = (
        r"^input_shape must be \(height, width, channels\) without the batch, for Conv2D; got"
        r" \(6, 3\) \(tuple\)$"
    )
    with pytest.raises(ValueError, match=message):
        getattr(layers.Conv2D(8, 3), method)((6, 3))


def test_what_a_layer_is_given():
    shapes = [(4, 4, 3), (1, 4, 3)]
    assert layers.Conv2D(8, 3).given(shapes) == (4, 4, 3)
    assert layers.Add().given(shapes) == shapes
    assert layers.Custom((3,)).given(shapes) == shapes
    assert layers.Custom((3,)).given(shapes[:1]) == (4, 4, 3)
    assert layers.Chain([layers.Add()]).given(shapes) == shapes
    assert layers.Chain([layers.Flatten()]).given(shapes) == (4, 4, 3)
    assert layers.Chain([]).given(shapes) == (4, 4, 3)


def test_custom_layers_with_some_counts():
    assert layers.Custom((3,), macs=5).cost((1,)).macs == 5
    assert layers.Custom((3,), bias_adds=5).cost((1,)).bias_adds == 5
    assert layers.Custom((3,)).parts((1,)) == ()
    part = layers.Custom((3,), macs=5, bias_adds=2).parts((1,), 3)[0]
    assert (part.forward(False).macs, part.forward(False).bias_adds) == (15, 6)
    assert (part.input_gradient(False).macs, part.input_gradient(False).bias_adds) == (15, 0)


def test_products_of_several_inputs():
    (part,) = layers.Dot((2, 2)).parts(((4, 5, 6), (7, 5, 4)), 2)
    # Summed over the axis of 5 and 5; 4 and 6 of the first, 7 and 4 of the second are left.
    assert part.forward(False).macs == 2 * (4 * 6) * (7 * 4) * 5
    assert layers.Dot((2, 2)).output_shape(((4, 5, 6), (7, 5, 4))) == (4, 6, 7, 4)


def test_a_side_that_is_known_takes_the_place_of_one_that_has_to_equal_it():
    h = symbol("h")
    assert layers.Add().output_shape(((h, 3), (4, 3), (1, 1))) == (4, 3)
    assert layers.Add().output_shape(((4, 3), (h, 1), (1, 3))) == (4, 3)
    assert layers.Add().output_shape(((1, 3), (1, 3), (5, 3))) == (5, 3)
    assert layers.Add().output_shape(((5, 3), (1, 3), (5, 3))) == (5, 3)
    with pytest.raises(ValueError, match="input shapes must be equal"):
        layers.Add().output_shape(((5, 3), (1, 3), (4, 3)))


def test_normalization_with_a_mean_alone_has_no_weights():
    assert layers.Normalization(mean=[1.0], variance=[2.0]).arguments() == {
        "axis": -1,
        "mean": True,
        "variance": True,
    }
    kept = layers.Normalization().weights((3,)) + layers.BatchNormalization().weights((3,))[2:]
    assert len(kept) == 5
    assert all(weight.trainable is False for weight in kept)
    assert layers.BatchNormalization([2]) == layers.BatchNormalization(2)  # as Keras 2 wrote it
    assert layers.GroupNormalization(-1).cost((4, 6)).params == 12
    # A single vector of weights is shown without a factor of 1.
    assert layers.RMSNormalization().explain((4, 6)).params == "6"
    assert layers.LayerNormalization().explain((4, 6)).params == "2*6 = 12"


def test_what_can_be_registered():
    with pytest.raises(TypeError) as caught:
        registry.register(3)
    assert str(caught.value) == "name must be the name of a Keras class, as text; got 3 (int)"
    with pytest.raises(
        TypeError, match=r"^name must be the name of a Keras class, as text; got '' \(str\)$"
    ):
        registry.register("")
    with pytest.raises(TypeError) as caught:
        registry.register("Gate")(3)
    assert str(caught.value) == (
        "the function registered for 'Gate' must be callable with config and input_shape; got 3"
        " (int)"
    )
    assert registry.registered("Gate", None) is None


def test_what_is_registered_is_found_and_describes_layers():
    def gate(config, input_shape):
        return [layers.Dense(config["units"]), layers.Flatten()][: config["most"]]

    assert registry.register("my>Gate")(gate) is gate
    try:
        assert registry.registered(None, "Gate", "my>Gate") is gate
        seen = []
        registry.describe("one", lambda *given: seen.append(given) or layers.Flatten(), {}, (4,))
        assert seen == [({}, (4,))]
        made = registry.describe("my>Gate", gate, {"units": 3, "most": 2}, (4,))
        assert made == layers.Chain((layers.Dense(3), layers.Flatten()))
        assert registry.describe("one", lambda *_: layers.Dense(2), {}, (4,)) == layers.Dense(2)
        with pytest.raises(TypeError) as caught:
            registry.describe("Gate", lambda *_: [layers.Dense(2), 3], {}, (4,))
        assert str(caught.value) == (
            "the result of the function registered for 'Gate' must be a layer of convcost.layers,"
            f" or a list of layers; got {[layers.Dense(2), 3]} (list)"
        )
        with pytest.raises(TypeError, match="a list of layers; got None"):
            registry.describe("Gate", lambda *_: None, {}, (4,))
    finally:
        registry.unregister("my>Gate")
    assert registry.registered("my>Gate") is None
    with pytest.raises(KeyError, match="no layer is registered under the name 'my>Gate'"):
        registry.unregister("my>Gate")


def test_layers_in_time_distributed_have_their_own_rank():
    message = r"without the batch, for Conv2D; got \(6, 3\) \(tuple\)$"
    with pytest.raises(ValueError, match=message):
        layers.TimeDistributed(layers.Conv2D(8, 3)).output_and_cost((5, 6, 3))


def test_weights_that_a_layer_holds_itself():
    weights = (layers.Weight("a", (3, 4)), layers.Weight("b", (2,), trainable=False))
    holder = Holder(weights)
    assert holder.weights((7,)) == weights
    assert holder.output_and_cost((7,))[0] == (7,)
    assert holder.cost((7,)).params == 14
    assert holder.weights_for((7,)) == weights


@pytest.mark.parametrize(("training", "first", "expected"), [(0, 0, 1), (1, 0, 3), (1, 1, 2)])
def test_passes(training, first, expected):
    from convcost._layers.results import passes

    assert passes(bool(training), bool(first), True) == expected
    assert passes(bool(training), bool(first), False) == expected - bool(training)
