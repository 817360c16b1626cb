"""Rows of two models beside each other: by their names, by what they are, or not at all."""

import json
import random
from functools import cache
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

import convcost
from convcost._report.matching import common


def config(*layers, name="tiny"):
    made = [{"class_name": kind, "config": {"name": title, **more}} for kind, title, more in layers]
    return {"name": name, "layers": made}


def read(*layers, shape=(28, 28, 3)):
    return convcost.from_keras(config(*layers), shape)


def conv(title, filters, kernel=3, kind="Conv2D", **more):
    return kind, title, {"filters": filters, "kernel_size": kernel, "padding": "same", **more}


def norm(title):
    return "BatchNormalization", title, {}


def dense(title, units=10):
    return "Dense", title, {"units": units}


def names(before, after):
    pairs = convcost.compare(before, after).pairs()
    for name, left, right in pairs:
        there = [row.name for row in (left, right) if row is not None]
        assert name == " -> ".join(dict.fromkeys(there))
    return [name for name, _, _ in pairs]


def test_a_model_that_keras_numbered_anew_is_matched_row_by_row():
    def numbered(first, width):
        convs = [conv(f"conv2d_{first + place}", width) for place in range(7)]
        return read(*convs, dense(f"dense_{first}"))

    # Two layers of both have the same names, but other places.
    expected = [f"conv2d_{place} -> conv2d_{place + 5}" for place in range(1, 8)]
    for width in (8, 4):
        assert names(numbered(1, 8), numbered(6, width)) == [*expected, "dense_1 -> dense_6"]


def test_a_layer_less_leaves_one_alone():
    before = read(*[conv(f"conv2d_{place}", 8) for place in (1, 2, 3)], dense("dense"))
    after = read(*[conv(f"conv2d_{place}", 8) for place in (2, 3)], dense("dense_1"))
    assert names(before, after) == ["conv2d_1", "conv2d_2", "conv2d_3", "dense -> dense_1"]
    # What Keras numbered is the same only if its number and its shape are.
    wider = read(conv("conv2d_1", 8), conv("conv2d_2", 16, 5), dense("dense"))
    assert names(wider, before) == [
        "conv2d_1",
        "conv2d_2",
        "conv2d_2",
        "conv2d_3",
        "dense",
    ]


def test_separable_beside_standard_under_other_names():
    standard = read(
        conv("conv2d", 8),
        conv("conv2d_1", 16),
        conv("conv2d_2", 16, strides=2),
        ("Flatten", "flatten", {}),
        dense("dense", 20),
        dense("dense_1"),
    )
    separable = read(
        conv("first", 8),
        conv("second", 16, kind="SeparableConv2D"),
        conv("third", 16, kind="SeparableConv2D", strides=2),
        ("Flatten", "flat", {}),
        dense("hidden", 30),
        dense("head"),
    )
    assert convcost.compare(standard, separable).to_text(90) == SEPARABLE


SEPARABLE = """\
tiny: before and after
                                             params params params      MACs    MACs   MACs
layer              kind                      before  after  ratio    before   after  ratio
──────────────────────────────────────────────────────────────────────────────────────────
conv2d -> first    Conv2D                       224    224      1   169,344 169,344      1
conv2d_1 -> second Conv2D -> SeparableConv2D  1,168    216 0.1849   903,168 156,800 0.1736
conv2d_2 -> third  Conv2D -> SeparableConv2D  2,320    416 0.1793   451,584  78,400 0.1736
dense -> hidden    Dense                     62,740 94,110    1.5    62,720  94,080    1.5
dense_1 -> head    Dense                        210    310  1.476       200     300    1.5
──────────────────────────────────────────────────────────────────────────────────────────
total                                        66,662 95,276  1.429 1,587,016 498,924 0.3144
before: 66,662 parameters, 1,587,016 MACs (3,174,032 FLOPs), 21,982 bias additions
after: 95,276 parameters, 498,924 MACs (997,848 FLOPs), 21,992 bias additions
after / before: parameters 47638/33331 = 1.429 (1.43 times more), MACs 124731/396754 =
0.3144 (3.18 times fewer)"""


def test_different_architectures():
    mobile = read(
        conv("Conv1", 8, strides=2),
        norm("bn_Conv1"),
        conv("expand", 16, 1),
        norm("expand_BN"),
        ("DepthwiseConv2D", "depthwise", {"kernel_size": 3, "padding": "same"}),
        norm("depthwise_BN"),
        conv("project", 12, 1),
        norm("project_BN"),
        dense("predictions"),
    )
    other = read(
        conv("conv1", 8, strides=2),
        norm("conv1_bn"),
        ("DepthwiseConv2D", "conv_dw_1", {"kernel_size": 3, "padding": "same"}),
        norm("conv_dw_1_bn"),
        conv("conv_pw_1", 32, 1),
        norm("conv_pw_1_bn"),
        conv("large", 32, 5),
        ("Flatten", "flat", {}),
        dense("head"),
    )
    assert names(mobile, other) == [
        "Conv1 -> conv1",
        "bn_Conv1 -> conv1_bn",
        "expand",
        "expand_BN",
        "depthwise -> conv_dw_1",
        "depthwise_BN -> conv_dw_1_bn",
        "project -> conv_pw_1",
        "project_BN -> conv_pw_1_bn",
        "predictions",
        "large",
        "head",
    ]


def test_what_names_mean_counts_more_than_the_names():
    # The same name stands for a layer of another kind and shape.
    before = read(conv("a", 8), ("Flatten", "f", {}), dense("b", 20))
    after = read(("Flatten", "f", {}), dense("a", 30), dense("b", 40), dense("c", 50))
    assert names(before, after) == ["a", "a", "b", "c"]
    # A common name far from its place would keep all others apart.
    before = read(*[conv(name, 8) for name in "abcdz"], dense("end"))
    after = read(*[conv(name, 8) for name in "zefgh"])
    assert names(before, after) == ["a -> z", "b -> e", "c -> f", "d -> g", "z -> h", "end"]
    # What is named alike and computes the same shape belongs together.
    before = read(conv("a", 8), ("ELU", "x", {}))
    after = read(("Dense", "a", {"units": 8}), dense("b", 4))
    assert names(before, after) == ["a", "b"]


def test_a_normalization_goes_with_the_layer_before_it():
    before = read(conv("a", 8), norm("a_norm"), conv("b", 16, 1), norm("b_norm"))
    after = read(conv("x", 12, 1), norm("x_norm"), conv("y", 8, 5), norm("y_norm"))
    # Of as many channels as `a_norm` is `y_norm`, which would keep `b` and `x` apart.
    assert names(before, after) == [
        *("a", "a_norm", "b -> x", "b_norm -> x_norm", "y", "y_norm"),
    ]


def test_nested_models_and_other_layouts():
    def inside(name, title, **more):
        layers = [
            {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [None, 9, 9, 4]}}
        ]
        kind, _, arguments = conv(title, 8, **more)
        layers.append({"class_name": kind, "config": {"name": title, **arguments}})
        inner = {"class_name": "Sequential", "config": {"name": name, "layers": layers}}
        return convcost.from_keras({"name": "outer", "layers": [inner]}, (9, 9, 4))

    before, after = inside("functional_1", "mine"), inside("functional_7", "mine")
    assert names(before, after) == ["functional_1/mine -> functional_7/mine"]
    first = read(conv("x", 8, data_format="channels_first"), dense("end"), shape=(3, 9, 9))
    last = read(conv("y", 8), conv("z", 8, 5), shape=(9, 9, 3))
    assert names(first, last) == ["x -> y", "end", "z"]


def test_a_saved_report_has_no_kernels(tmp_path):
    network = read(conv("a", 8), conv("b", 8, 5), dense("end"))
    convcost.summary(network).to_json(tmp_path / "saved.json")
    other = read(conv("x", 8), conv("y", 8, 5), norm("n"), dense("z"))
    saved = convcost.compare(tmp_path / "saved.json", other)
    assert [name for name, _, _ in saved.pairs()] == ["a -> x", "b -> y", "n", "end -> z"]
    assert saved.total == convcost.compare(network, other).total


LAYERS = st.lists(
    st.sampled_from(
        [
            ("Conv2D", 8, 1),
            ("Conv2D", 8, 3),
            ("Conv2D", 4, 3),
            ("SeparableConv2D", 8, 3),
            ("BatchNormalization", None, None),
            ("MaxPooling2D", None, None),
            ("Dense", 8, None),
        ]
    ),
    min_size=1,
    max_size=8,
)


def drawn(kinds, prefix, first):
    layers = []
    for place, (kind, width, kernel) in enumerate(kinds, first):
        more = {"units": width} if kind == "Dense" else {}
        if kernel:
            more = {"filters": width, "kernel_size": kernel, "padding": "same"}
        if kind == "MaxPooling2D":
            more = {"padding": "same"}
        layers.append((kind, f"{prefix}{place}", more))
    return read(*layers, shape=(9, 9, 8))


@given(LAYERS, LAYERS, st.sampled_from(["a", "b", "dense_"]), st.integers(0, 3))
def test_every_row_appears_once_in_the_order_of_its_model(one, other, prefix, first):
    before, after = drawn(one, "a", 0), drawn(other, prefix, first)
    comparison = convcost.compare(before, after)
    pairs = comparison.pairs()
    agree = {row.name for row in before} == {row.name for row in after}
    for place, network in ((1, before), (2, after)):
        rows = [pair[place] for pair in pairs if pair[place] is not None]
        costly = [row for row in network if row.params or row.macs]
        assert [row for row in rows if row.params or row.macs] == costly
        assert agree or rows == costly
        for quantity in ("params", "macs"):
            column = [column.name for column in comparison.columns].index(
                f"{quantity}_{('before', 'after')[place - 1]}"
            )
            counts = [line[column] or 0 for line in comparison.lines]
            assert sum(counts) == getattr(network.total(), quantity)
    for _, left, right in pairs:
        if not agree and left is not None and right is not None:
            families = [row.kind.removeprefix("Separable") for row in (left, right)]
            assert families[0] == families[1] or left.output_shape == right.output_shape
    if not agree:
        # Nothing that could stand beside each other stands alone below each other.
        kernel = {id(row): row.layer.kernel_size for row in (*before, *after) if "Conv" in row.kind}
        for (_, left, none), (_, also, right) in pairwise(pairs):
            if none is None and also is None:
                alike = (left.kind, left.output_shape) == (right.kind, right.output_shape)
                assert not alike or kernel.get(id(left)) != kernel.get(id(right))


@given(st.lists(st.integers(0, 4), max_size=12), st.lists(st.integers(0, 4), max_size=12))
def test_the_common_rows_are_as_many_as_can_be(first, second):
    @cache
    def longest(one, other):
        if not (one and other):
            return 0
        if one[0] == other[0]:
            return 1 + longest(one[1:], other[1:])
        return max(longest(one[1:], other), longest(one, other[1:]))

    found = common(first, second)
    assert len(found) == longest(tuple(first), tuple(second))
    assert [first[one] for one, _ in found] == [second[other] for _, other in found]
    assert all(
        one < another and other < further for (one, other), (another, further) in pairwise(found)
    )


def test_long_models_take_no_square_of_their_length():
    source = random.Random(3)
    first, second = ([source.randrange(5) for _ in range(20_000)] for _ in range(2))
    assert len(common(first, second)) == len(common(second, first)) > 10_000


def test_json_has_the_names_in_both_models():
    comparison = convcost.compare(read(conv("a", 8), dense("b")), read(conv("x", 8)))
    rows = json.loads(comparison.to_json())["rows"]
    assert [(row["name"], row["name_before"], row["name_after"]) for row in rows] == [
        ("a -> x", "a", "x"),
        ("b", "b", None),
    ]
