"""Messages of the layers around convolutions, word for word; and what networks ask of layers."""

import inspect

import pytest

from convcost import layers
from convcost.layers import Weight
from convcost.symbols import symbol

# What makes one layer of each class, with the argument that a test gives a wrong value.
ARGUMENTS = {
    "AveragePooling2D": {"pool_size": 2, "strides": 2, "padding": "same"},
    "GlobalAveragePooling2D": {"keepdims": True},
    "AdaptiveMaxPooling1D": {"output_size": 3},
    "ZeroPadding1D": {"padding": 1},
    "Cropping3D": {"cropping": 1},
    "UpSampling2D": {"size": 2},
    "Resizing": {"height": 4, "width": 5},
    "Reshape": {"target_shape": (4, 2)},
    "Permute": {"dims": (2, 1)},
    "RepeatVector": {"n": 3},
    "Flatten": {"data_format": "channels_first"},
    "BatchNormalization": {"axis": 1, "center": True, "scale": False, "renorm": True},
    "LayerNormalization": {"axis": 1, "center": True, "scale": True, "rms_scaling": False},
    "RMSNormalization": {"axis": 1},
    "GroupNormalization": {"groups": 2, "axis": 1, "center": True, "scale": True},
    "Normalization": {"axis": 1},
    "PReLU": {"shared_axes": 1},
    "LayerScale": {"projection_dim": 8},
    "Concatenate": {"axis": 1},
    "Dot": {"axes": 1, "normalize": True},
    "TimeDistributed": {"layer": layers.Flatten()},
    "Embedding": {"input_dim": 10, "output_dim": 4},
    "Custom": {"output": (3,), "macs": 1, "bias_adds": 1},
    "Chain": {"layers": [layers.Flatten()]},
    "Elementwise": {"kind": "ReLU"},
}


@pytest.mark.parametrize(
    ("kind", "argument"), [(kind, name) for kind, given in ARGUMENTS.items() for name in given]
)
@pytest.mark.parametrize("value", ["three", 2.5, None, {}])
def test_each_argument_is_refused_by_name(kind, argument, value):
    none_is_a_default = {"strides", "data_format", "shared_axes", "axis"}
    if value is None and argument in none_is_a_default - (
        set() if kind == "Normalization" else {"axis"}
    ):
        return
    given = {**ARGUMENTS[kind], argument: value}
    with pytest.raises((TypeError, ValueError), match=rf"^{argument}(\[\d+\])* must be .*; got "):
        getattr(layers, kind)(**given)


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_arguments_are_kept(kind):
    layer = getattr(layers, kind)(**ARGUMENTS[kind])
    assert layer == getattr(layers, kind)(**ARGUMENTS[kind])
    for name, value in ARGUMENTS[kind].items():
        kept = layer.arguments()[name]
        if name == "layers":
            assert list(kept) == value
        elif isinstance(value, int) and isinstance(kept, tuple):
            assert set(_leaves(kept)) == {value}
        else:
            assert kept == value


def _leaves(value):
    return [leaf for one in value for leaf in _leaves(one)] if isinstance(value, tuple) else [value]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: layers.Permute((2, 1)).output_shape((1, 2, 3)),
            "dims must be as many axes as the input's (1, 2, 3); got (2, 1) (tuple)",
        ),
        (
            lambda: layers.Permute((0, 1)),
            "dims must be each axis once, counted from 1; got (0, 1) (tuple)",
        ),
        (
            lambda: layers.Permute(3),
            "dims must be a tuple of axes, counted from 1; got 3 (int)",
        ),
        (
            lambda: layers.Dot((1, 2, 3)),
            "axes must be one axis, or a pair of them; got (1, 2, 3) (tuple)",
        ),
        (
            lambda: layers.Dot(3).cost(((4, 2), (4, 2))),
            "axes[0] must be an axis from 1 to 2, or from -2 to -1, of (4, 2); got 3 (int)",
        ),
        (
            lambda: layers.Dot((1, 3)).cost(((4, 2), (4, 2))),
            "axes[1] must be an axis from 1 to 2, or from -2 to -1, of (4, 2); got 3 (int)",
        ),
        (
            lambda: layers.Dot((1, 2)).cost(((4, 2), (4, 2))),
            "the axes (1, 2) must be of the same length; got shapes (4, 2) and (4, 2)",
        ),
        (
            lambda: layers.Add().output_shape(((2, 3), (2, 4))),
            "input shapes must be the same, or 1 where they differ; got (2, 3) and (2, 4)",
        ),
        (
            lambda: layers.Concatenate(1).output_shape(((1, 2), (1, 3))),
            "input shapes must be the same but for axis 1; got (1, 2) and (1, 3)",
        ),
        (
            lambda: layers.Subtract().output_shape(((1,), (1,), (1,))),
            "input_shape must be 2 shapes without the batch, for Subtract; got ((1,), (1,), (1,))"
            " (tuple)",
        ),
        (
            lambda: layers.Add().output_shape(()),
            "input_shape must be one or more shapes without the batch, for Add; got () (tuple)",
        ),
        (
            lambda: layers.Reshape((4, 4)).output_shape((5, 3)),
            "target_shape must be a shape with the elements of the input's (5, 3); got (4, 4)"
            " (tuple)",
        ),
        (
            lambda: layers.Reshape((4, -1)).output_shape((5, 3)),
            "target_shape must be a shape with the elements of the input's (5, 3); got (4, -1)"
            " (tuple)",
        ),
        (
            lambda: layers.Reshape((-1, -1)),
            "target_shape must be a tuple of sides, of which one may be -1; got (-1, -1) (tuple)",
        ),
        (
            lambda: layers.Reshape(5),
            "target_shape must be a tuple of sides, of which one may be -1; got 5 (int)",
        ),
        (
            lambda: layers.TimeDistributed(3),
            "layer must be a layer of convcost.layers; got 3 (int)",
        ),
        (
            lambda: layers.RepeatVector(3).output_shape((4, 4)),
            "input_shape must be (channels,) without the batch, for RepeatVector; got (4, 4)"
            " (tuple)",
        ),
        (
            lambda: layers.Normalization(3).weights((4, 4)),
            "axis must be an axis from 1 to 2, or from -2 to -1, of (4, 4); got 3 (int)",
        ),
        (
            lambda: layers.LayerNormalization(3).weights((4, 4)),
            "axis must be an axis from 1 to 2, or from -2 to -1, of (4, 4); got 3 (int)",
        ),
        (
            lambda: layers.LayerNormalization((1, "x")),
            "axis[1] must be an integer, counting the batch as axis 0; got 'x' (str)",
        ),
        (
            lambda: layers.ZeroPadding2D((1, 2, 3)),
            "padding must be an integer of 0 or more, 2 of them, or 2 pairs (before, after); got"
            " (1, 2, 3) (tuple)",
        ),
        (
            lambda: layers.PReLU(3).weights((4, 4)),
            "shared_axes must be an axis from 1 to 2, or from -2 to -1, of (4, 4); got 3 (int)",
        ),
        (
            lambda: layers.PReLU((1, "x")),
            "shared_axes[1] must be an integer, counting the batch as axis 0; got 'x' (str)",
        ),
        (
            lambda: layers.GroupNormalization(3).weights((4, 4)),
            "groups must divide the input's channels; got groups=3 and the input's channels=4",
        ),
        (
            lambda: layers.Cropping2D(5).output_shape((8, 20, 1)),
            "cropping must leave something of the input; got cropping=((5, 5), (5, 5)) for"
            " input_shape[0]=8",
        ),
        (
            lambda: layers.TimeDistributed(layers.Dense(3)).cost(()),
            "input_shape must be (steps, ...) without the batch, for TimeDistributed; got ()"
            " (tuple)",
        ),
        (
            lambda: layers.Custom((3,), [(3,)]),
            "variables must be a sequence of convcost.layers.Weight; got (3,) (tuple)",
        ),
        (
            lambda: layers.Custom((3,), [Weight("w", (2, 0))]),
            "the side 1 of 'w' must be a positive integer (a Python int, a NumPy integer, a NumPy"
            " array of integers, or a SymPy expression); got 0 (int)",
        ),
        (lambda: layers.Chain(3), "layers must be a list of layers; got 3 (int)"),
        (
            lambda: layers.Chain([layers.Flatten(), 3]),
            "layers[1] must be a layer of convcost.layers; got 3 (int)",
        ),
        (
            lambda: layers.MaxPooling1D(3).output_shape((2, 4)),
            "input_shape[0] must be at least as long as pool_size; got input_shape[0]=2,"
            " pool_size=3, strides=3, padding='valid', where output side 0 would be empty",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "layer", [layers.Dense(3), layers.Embedding(4, 2), layers.Elementwise("ReLU"), layers.PReLU()]
)
def test_any_axes_are_called_so(layer):
    with pytest.raises(ValueError, match=r"must be \(\.\.\.(, channels)?\) without the batch, for"):
        layer.cost(())


# What a network asks, whose shapes come from one another.


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
    with pytest.raises(ValueError, match="input shapes must be the same"):
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
    # One vector of weights is not so many times one.
    assert layers.RMSNormalization().explain((4, 6)).params == "6"
    assert layers.LayerNormalization().explain((4, 6)).params == "2*6 = 12"


def test_a_class_shows_the_parameters_of_its_family_behind_its_own_sentence():
    family = inspect.cleandoc(layers.Conv2D.__mro__[1].__doc__)
    sections = family[family.index("Parameters\n-----") :].rstrip()
    for kind, sentence in ((layers.Conv1D, "along one axis"), (layers.Conv3D, "three axes")):
        shown = kind.__doc__
        assert sentence in shown.splitlines()[0]
        assert f"\n\n{sections}\n\nExamples\n--------\n>>> " in shown
        assert shown.count("Parameters\n-----") == 1
    # A class without examples of its own ends with the family's sections, without its examples.
    pooling = inspect.cleandoc(layers.MaxPooling2D.__mro__[1].__doc__)
    start, end = pooling.index("Parameters\n-----"), pooling.index("Examples\n-----")
    assert layers.MaxPooling2D.__doc__ == (
        f"The maximum of each window along two axes.\n\n{pooling[start:end].rstrip()}\n"
    )
    # Classes with parameters of their own, and those without any, stay as they are.
    assert layers.Dense.__doc__.startswith("Dense layer over the last axis")
    assert "Number of outputs." in layers.Dense.__doc__
    assert "Parameters" not in layers.Multiply.__doc__


def test_sides_to_reshape_to_are_refused_by_place():
    for sides in ((4, 0), (4, "x"), (4, 2.0)):
        with pytest.raises((TypeError, ValueError), match=r"^target_shape\[1\] must be a positive"):
            layers.Reshape(sides)
    with pytest.raises(TypeError, match=r"^dims\[1\] must be an integer"):
        layers.Permute((1, "x"))
    with pytest.raises(ValueError, match=r"^axis must be an axis from 1 to 2"):
        layers.Concatenate(3).output_shape(((4, 2), (4, 2)))
    with pytest.raises(ValueError, match=r"^groups must be a positive integer"):
        layers.GroupNormalization(0)


@pytest.mark.parametrize(("training", "first", "expected"), [(0, 0, 1), (1, 0, 3), (1, 1, 2)])
def test_passes(training, first, expected):
    from convcost.layers.results import passes

    assert passes(bool(training), bool(first), True) == expected
    assert passes(bool(training), bool(first), False) == expected - bool(training)
