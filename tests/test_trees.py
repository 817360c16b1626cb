"""Reports as trees: what is in a nested model stands below it, with a subtotal."""

import json

import keras
import pytest
from keras import layers as kl

import convcost

CONV = {"filters": 4, "kernel_size": 3, "padding": "same"}


def sequential(name, *layers):
    return {"class_name": "Sequential", "config": {"name": name, "layers": [*layers]}}


def layer(kind, name, **config):
    return {"class_name": kind, "config": {"name": name, **config}}


DEEP = sequential("deep", layer("Conv2D", "c2", **CONV), layer("ReLU", "r"))
CODER = sequential("encoder", layer("Conv2D", "c1", **CONV), DEEP)
MODEL = sequential("nested", CODER, layer("Flatten", "flat"), layer("Dense", "head", units=2))

TREE = """\
nested: (8, 8, 3)
layer    kind      output shape  params    MACs     share  params =
────────────────────────────────────────────────────────────────────────────
encoder  3 layers                   260  16,128   96.92 %
  c1     Conv2D    (8, 8, 4)        112   6,912   41.54 %  (3*3*3+1)*4 = 112
  deep   2 layers                   148   9,216   55.38 %
    c2   Conv2D    (8, 8, 4)        148   9,216   55.38 %  (3*3*4+1)*4 = 148
    r    ReLU      (8, 8, 4)          0       0    0.00 %  0
flat     Flatten   (256,)             0       0    0.00 %  0
head     Dense     (2,)             514     512    3.08 %  (256+1)*2 = 514
────────────────────────────────────────────────────────────────────────────
total                               774  16,640  100.00 %
total: 774 parameters, 16,640 MACs (33,280 FLOPs), 514 bias additions
774 of the model's 774 parameters are trainable, 0 are not
size of the model's parameters: 3.02 KiB (3,096 bytes)
a MAC is one multiply and one add; FLOPs are 2 * MACs, without the bias additions"""


@pytest.fixture(scope="module")
def report():
    return convcost.summary(MODEL, (8, 8, 3))


def names(report):
    return [row[0] for row in report.sheet().rows]


def test_a_tree_has_a_subtotal_for_each_model(report):
    assert report.tree().to_text() == TREE
    assert report.tree(3).to_text() == TREE


def test_a_tree_folds(report):
    assert names(report.tree(1)) == ["encoder", "flat", "head"]
    assert names(report.tree(2)) == ["encoder", "  c1", "  deep", "flat", "head"]
    assert convcost.summary(MODEL, (8, 8, 3), depth=1).to_text() == report.tree(1).to_text()
    for wrong, error in ((0, ValueError), (True, TypeError), ("2", TypeError)):
        with pytest.raises(error, match="depth must be a positive integer"):
            report.tree(wrong)


def test_subtotals_are_sums_and_stay_out_of_data(report):
    tree = report.tree()
    by_name = {row[0].strip(): row for row in tree.printed}
    for quantity in (3, 4, 5):
        parts = [by_name[name][quantity] for name in ("c1", "deep")]
        assert by_name["encoder"][quantity] == sum(parts)
    assert tree.total() == report.total()
    assert json.loads(tree.to_json()) == json.loads(report.to_json())
    assert (tree.to_csv(), tree.to_markdown()) == (report.to_csv(), report.to_markdown())


def test_what_orders_or_cuts_the_layers_refuses_a_tree(report):
    tree = report.tree(1)
    for name, call in (
        ("sort", lambda: tree.sort("name")),
        ("top", lambda: tree.top(1)),
        ("filter", lambda: report.tree().filter(kind="Conv2D")),
    ):
        with pytest.raises(ValueError, match="a tree") as caught:
            call()
        assert str(caught.value) == (
            f"{name} can't keep a tree: leave out tree and depth; fold(1) makes one row of each"
            " nested model"
        )
    assert names(tree.fold().sort()) == ["encoder", "head", "flat"]
    assert names(tree.group("kind")) == ["Conv2D", "ReLU", "Flatten", "Dense"]
    assert names(tree.fold().tree()) == names(report.tree())
    assert names(report.sort("name").tree(1)) == ["head", "flat", "encoder"]


def test_a_tree_has_no_subtotals_of_a_part(report):
    for part, number in ((report.filter(kind="Conv2D"), 2), (report.sort("macs").top(3), 3)):
        with pytest.raises(ValueError, match="whole models") as caught:
            part.tree(1)
        assert str(caught.value) == (
            f"tree shows whole models, and this report has only {number} of the 5 layers of"
            " 'nested': leave out filter and top"
        )


@pytest.mark.parametrize(
    ("words", "without"),
    [
        ("--depth 1 --sort macs --top 3", "--sort"),
        ("--depth 1 --top 3", "--top"),
        ("--depth 1 --group kind", "--group"),
        ("--depth 1 --format csv", "--format csv"),
        ("--depth 1 --json", "--format json"),
        ("--depth 1 -o x.html", "--output x.html"),
        ("--depth 1 -o x.svg", "--output x.svg"),
    ],
)
def test_a_tree_on_the_shell_goes_without_other_rows_and_forms(words, without, run, tmp_path):
    path = tmp_path / "nested.json"
    path.write_text(json.dumps(MODEL))
    for given, option, levels in (
        (words, "--depth", 1),
        (words.replace("--depth 1", "--tree"), "--tree", 1),
        (words.replace("--depth 1", "--tree --depth 2"), "--depth", 2),
    ):
        code, out, err = run("summary", path, "--input-shape", "8,8,3", *given.split())
        assert (code, out) == (2, "")
        assert err.splitlines()[-1] == (
            f"Error: {option} prints the whole model as a tree, without {without}: leave out one of"
            f" them; --fold {levels} gives one row for each nested model"
        )


def test_a_tree_on_the_shell_goes_without_folds(report, run, tmp_path):
    path = tmp_path / "nested.json"
    path.write_text(json.dumps(MODEL))
    code, _, err = run("summary", path, "--tree", "--fold", 1)
    assert (code, err.splitlines()[-1]) == (
        2,
        "Error: --tree and --fold both show nested models: leave out one",
    )
    shaped = ("summary", path, "--input-shape", "8,8,3", "--tree")
    assert run(*shaped, "--format", "table") == (0, TREE + "\n", "")
    assert run(*shaped, "-o", tmp_path / "tree.TXT")[0] == 0
    assert (tmp_path / "tree.TXT").read_text() == TREE + "\n"


def test_a_notebook_keeps_the_indentation(report):
    html = report.tree()._repr_html_()
    assert ">\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}c1</td>" in html


def test_a_shared_layer_has_a_row_for_each_call(run, tmp_path):
    # In a Functional model, called twice.
    shared = layer("Dense", "shared", units=3)
    calls = [[[name, 0, 0, {}]] for name in ("in", "shared")]
    entry = layer("InputLayer", "in", batch_shape=[None, 3])
    layers = [
        {**entry, "name": "in", "inbound_nodes": []},
        {**shared, "name": "shared", "inbound_nodes": calls},
    ]
    config = {"name": "twice", "layers": layers}
    config |= {"input_layers": [["in", 0, 0]], "output_layers": [["shared", 1, 0]]}
    path = tmp_path / "twice.json"
    path.write_text(json.dumps({"class_name": "Functional", "config": config}))
    assert names(convcost.summary(path).tree()) == ["shared", "shared (2)"]
    code, out, _ = run("summary", path, "--depth", 1)
    assert (code, out.count("shared")) == (0, 2)
    assert run("summary", path, "--tree") == (0, convcost.summary(path).tree().to_text() + "\n", "")
    assert run("summary", path, "--tree", "--depth", 1)[1] == out


SHARED = """\
shared: (4,), (4,)
layer       kind               output shape  params  MACs     share  params =
─────────────────────────────────────────────────────────────────────────────────
enc         2 layers, 4 calls                    20    32   66.67 %
  fc        Dense              (4,)              20    16   33.33 %  (4+1)*4 = 20
  fc (2)    Dense              (4,)               0    16   33.33 %  0
  relu      ReLU               (4,)               0     0    0.00 %  0
  relu (2)  ReLU               (4,)               0     0    0.00 %  0"""


def test_layers_are_counted_once_and_their_calls_beside():
    enc = keras.Sequential([kl.Dense(4, name="fc"), kl.ReLU(name="relu")], name="enc")
    ends = [keras.Input((4,), name=name) for name in "ab"]
    both = kl.Concatenate(name="cat")([enc(end) for end in ends])
    model = keras.Model(ends, kl.Dense(2, name="head")(both), name="shared")
    report = convcost.summary(model)
    assert report.tree().to_text().startswith(SHARED)
    kinds = report.group("kind")
    assert [entry.formula("macs") for entry in kinds.entries][:2] == [
        "2 layers, 3 calls: 48",
        "1 layer, 2 calls: 0",
    ]
    assert report.fold().entries[0].kind == "2 layers, 4 calls"
    assert report.top(2).notes[0].startswith("total of 2 of 6 calls of 4 layers: ")
    # Of a saved report, layers are known by their names.
    saved = convcost.summary(report.to_json())
    shown = [row[:2] for row in report.tree().sheet().rows]
    assert [row[:2] for row in saved.tree().sheet().rows] == shown
    assert convcost.summary(MODEL, (8, 8, 3)).top(2).notes[0].startswith("total of 2 of 5 layers: ")


def test_the_layers_beside_inner_models_are_a_block_of_their_own(report):
    assert names(report.group("block")) == [
        "encoder (its own layers)",
        "encoder/deep",
        "flat",
        "head",
    ]
