"""The tables of directions, proved by counting every small layer."""

from collections import defaultdict
from itertools import pairwise, product

import pytest

import convcost
from convcost import layers
from convcost._sweeps.directions import CONSTANT, GROWS, SHRINKS, UNKNOWN
from convcost._sweeps.grid import Grid

COUNTS = ("params", "macs", "bias_adds")
FITS = {
    GROWS: lambda small, large: small <= large,
    SHRINKS: lambda small, large: small >= large,
    CONSTANT: lambda small, large: small == large,
}
# The kinds with units, by the shape of their input.
UNITS = {
    **dict.fromkeys(("Dense", "SimpleRNNCell", "LSTMCell", "GRUCell"), ("channels",)),
    **dict.fromkeys(
        ("SimpleRNN", "LSTM", "GRU", "CuDNNLSTM", "CuDNNGRU"),
        ("side", "channels"),
    ),
}
SLIDING = ("Conv1D", "DepthwiseConv1D", "SeparableConv1D")
SHAPE = ("side", "channels")
# The lengths matter along each axis alone: further axes multiply. The kinds with two and three axes
# are checked on fewer values.
VALUES = {
    **dict.fromkeys(("channels", "filters", "depth_multiplier", "units"), (1, 2)),
    **{"side": range(1, 9), "kernel_size": range(1, 6), "strides": range(1, 5)},
    "dilation_rate": range(1, 4),
}
FEWER = {
    **VALUES,
    **{"side": range(1, 7), "kernel_size": range(1, 5), "strides": (1, 2, 3)},
    "dilation_rate": (1, 2),
}
PADS = {1: ["valid", "same", 1, ((1, 0),)], 2: ["valid", "same", 1, ((1, 0), (0, 2))]}
MODES = ({}, {"use_bias": False}, {"effective": True}, {"training": True})


def options_of(name, rank):
    """Yield the options under which the directions of a class are looked up."""
    if name in UNITS:
        yield from MODES
        yield from [{"reset_after": False}] if name in ("GRU", "GRUCell") else []
        return
    pads = PADS.get(rank, ["valid", "same"])
    for padding, mode in product(pads + ["causal"] * (name == "Conv1D"), MODES):
        if "Transpose" not in name:
            yield {"padding": padding, **mode}
            continue
        for added in (None, 0, 1):
            yield {"padding": padding, "output_padding": added, **mode}


def shape_of(name, rank):
    """Return the names of an input's sides; convolutional LSTMs have two steps."""
    steps = (2,) if name.startswith("ConvLSTM") else ()
    return UNITS.get(name, (*steps, *["side"] * rank, "channels"))


def lines(kind, axes, options, rank):
    """Yield for each axis the counts along it, for each choice of the other axes' values."""
    names = [name for name in axes if name not in ("side", "channels")]
    shape = shape_of(kind.__name__, rank)
    modes = {name: options[name] for name in ("effective", "training") if name in options}
    given = {name: value for name, value in options.items() if name not in modes}
    found = defaultdict(list)
    for values in product(*axes.values()):
        design = dict(zip(axes, values, strict=True))
        try:
            layer = kind(**{name: design[name] for name in names}, **given)
            cost = layer.cost(tuple(design.get(side, side) for side in shape), **modes)
        except ValueError:  # no such design
            continue
        counts = tuple(getattr(cost, name) for name in COUNTS)
        for place, name in enumerate(axes):
            found[name, values[:place] + values[place + 1 :]].append(counts)
    for (name, _), line in found.items():
        yield name, line


CASES = [
    *((name, 0, VALUES) for name in UNITS),
    *(("ConvLSTM1D", 1, VALUES), ("ConvLSTM2D", 2, FEWER), ("ConvLSTM3D", 3, FEWER)),
    *((name, 1, VALUES) for name in (*SLIDING, "Conv1DTranspose")),
    *((f"{name[:-2]}2D", 2, FEWER) for name in SLIDING),
    *(("Conv2DTranspose", 2, FEWER), ("Conv3D", 3, FEWER), ("Conv3DTranspose", 3, FEWER)),
]


@pytest.mark.parametrize(("name", "rank", "values"), CASES, ids=lambda value: str(value)[:20])
def test_each_count_goes_where_the_table_says(name, rank, values):
    kind = getattr(layers, name)
    shape = shape_of(name, rank)
    axes = {one: values[one] for one in values if one in {*kind.argument_names(), *shape}}
    claims = 0
    for options in options_of(name, rank):
        grid = Grid(kind, input_shape=shape, **{one: [20] for one in axes}, **options)
        known = grid.directions_of_counts({})
        claims += sum(way is not None for several in known.values() for way in several)
        for axis, line in lines(kind, axes, options, rank):
            for count, way in enumerate(known[axis]):
                if way is not None:
                    fits = FITS[way]
                    assert all(fits(a[count], b[count]) for a, b in pairwise(line)), (
                        f"{COUNTS[count]} of {name}({options}) along {axis}: {line}"
                    )
    assert claims > 0


@pytest.mark.parametrize("name", ["standard", "depthwise", "pointwise", "separable"])
def test_counts_of_functions_grow_with_every_size(name):
    function = getattr(convcost, name)
    names = [one for one in ("dk", "m", "n", "df") if one in function.__annotations__]
    assert set(Grid(function, **{one: [3] for one in names}).directions({}).values()) == {GROWS}
    for bias, place in product([True, False], range(len(names))):
        for others in product((1, 2, 3), repeat=len(names) - 1):
            line = [
                function(*others[:place], value, *others[place:], bias=bias)
                for value in range(1, 6)
            ]
            for count, (small, large) in product(COUNTS, pairwise(line)):
                assert getattr(small, count) <= getattr(large, count)


def test_no_direction_where_there_is_none():
    """Each count without a direction falls in one place and rises in another."""
    shrinking, growing = {}, {}
    for name, options, axis, count in (
        ("Conv1DTranspose", {"padding": "same", "output_padding": 0}, "kernel_size", 2),
        ("Conv1DTranspose", {"padding": "same", "output_padding": 0}, "dilation_rate", 2),
        ("Conv1D", {"padding": "valid"}, "kernel_size", 1),
        ("Conv1D", {"padding": "same", "effective": True}, "strides", 1),
    ):
        kind = getattr(layers, name)
        axes = {one: VALUES[one] for one in VALUES if one in {*kind.argument_names(), *SHAPE}}
        grid = Grid(kind, input_shape=SHAPE, **{one: [20] for one in axes}, **options)
        assert grid.directions_of_counts({})[axis][count] is None
        pairs = [
            (a[count], b[count])
            for found, line in lines(kind, axes, options, 1)
            if found == axis
            for a, b in pairwise(line)
        ]
        case = name, str(options), axis
        growing[case] = any(a < b for a, b in pairs)
        shrinking[case] = any(a > b for a, b in pairs)
    assert all(growing.values())
    assert all(shrinking.values())


def test_nothing_is_known_of_classes_that_others_define():
    class Odd(layers.Dense):
        pass

    assert Grid(Odd, units=[1], input_shape=(3,)).directions_of_counts({}) == {"units": UNKNOWN}


def test_a_shape_that_is_not_a_tuple_names_no_channels():
    # The layer refuses it later, by name.
    assert Grid(layers.Dense, units=[1], input_shape=3).directions({}) == {"units": GROWS}


def test_transposed_kernels_of_either_parity_are_counted():
    space = convcost.Space(
        layers.Conv2DTranspose, filters=1, kernel_size=[3, 4], strides=2, padding="same",
        output_padding=0, input_shape=(5, 5, 1),
    )  # fmt: skip
    assert space.count("bias_adds >= 81", method="prune") == 1
    assert space.directions({}) == {"kernel_size": None}


@pytest.mark.parametrize(
    ("groups", "channels", "filters", "known"),
    [
        (1, [3, 4], [5, 6], True),
        (2, [2, 4], [2, 6], True),
        ([1, 2], [2, 4], [2, 6], False),
        ("g", [2, 4], [2, 6], False),
    ],
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_groups_must_divide_every_value(groups, channels, filters, known, data_format):
    shape = (9, "channels") if data_format == "channels_last" else ("channels", 9)
    grid = Grid(
        layers.Conv1D, filters=filters, kernel_size=3, input_shape=shape, channels=channels,
        groups=groups, data_format=data_format, **({"g": [1, 2]} if groups == "g" else {}),
    )  # fmt: skip
    ways = grid.directions({})
    assert (ways["filters"], ways["channels"]) == ((1, 1) if known else (None, None))


def test_values_that_groups_do_not_divide_are_refused_by_both_methods():
    given = {"kernel_size": 3, "input_shape": (9, 9, 4)}
    with pytest.raises(ValueError, match="groups must divide filters"):
        convcost.Space(layers.Conv2D, filters=[2, 3, 4], groups=2, **given)
    # Each value fits to the least value of the other axis.
    space = convcost.Space(layers.Conv2D, filters=[4, 6, 8], groups=[2, 4], **given)
    for method in ("prune", "all"):
        with pytest.raises(ValueError, match="groups must divide filters"):
            space.count("macs > 3", method=method)
    words = convcost.Space(layers.Conv2D, filters=[2, 4], groups=2, kernel_size=3,
                           input_shape=[(9, 9, 4), (7, 7, 2)])  # fmt: skip
    assert words.count("macs > 3", method="prune") == 4
