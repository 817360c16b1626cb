"""Reports as trees: what is in a nested model stands below it, with a subtotal."""

import json

import pytest

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
encoder  3 layers                   260  16,128   96.92 %  3 layers: 260
  c1     Conv2D    (8, 8, 4)        112   6,912   41.54 %  (3*3*3+1)*4 = 112
  deep   2 layers                   148   9,216   55.38 %  2 layers: 148
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


def test_what_orders_or_groups_the_layers_is_no_tree(report):
    flat = ["encoder/c1", "encoder/deep/c2", "encoder/deep/r", "flat", "head"]
    tree = report.tree(1)
    assert names(tree.sort("name", descending=False)) == flat
    assert names(tree.top(1)) == flat[:1]
    assert names(tree.fold().tree()) == names(report.tree())
    assert names(report.filter(kind="Conv2D").tree()) == ["encoder", "  c1", "  deep", "    c2"]


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
    assert names(convcost.summary(path).tree()) == ["shared", "shared"]
    code, out, _ = run("summary", path, "--depth", 1)
    assert (code, out.count("shared")) == (0, 2)
    assert run("summary", path, "--tree") == (0, convcost.summary(path).tree().to_text() + "\n", "")
    assert run("summary", path, "--tree", "--depth", 1)[1] == out
