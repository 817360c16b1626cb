"""Check all Keras Applications against Keras, the TF profiler and the table in the docs."""

import json
import os
import subprocess
import sys

import keras
import pytest

import convcost
from convcost.symbols import symbol

# Measuring coverage makes Keras build these models much slower; other tests cover this code.
pytestmark = pytest.mark.no_cover

# The smallest of each architecture goes through all checks; the others, whose layers are the same,
# through the quick ones, unless CONVCOST_ALL_CHECKS is set.
SMALLEST = (
    *("ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionResNetV2"),
    *("InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Small", "NASNetMobile", "ResNet50"),
    *("ResNet50V2", "VGG16", "Xception"),
)
NAMES = sorted(name for name in vars(keras.applications) if name[0].isupper())


@pytest.fixture(scope="module")
def docs(root):
    sys.path.insert(0, str(root / "docs"))
    import applications

    return applications


def test_there_are_forty(docs):
    assert len(NAMES) == 40
    assert docs.NAMES == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_kerass_and_the_tables(docs, name, tmp_path):
    thorough = name in SMALLEST or os.environ.get("CONVCOST_ALL_CHECKS")
    text, report = docs.check(name, docs.ORACLES if thorough else ("keras", "kernels"))
    keras.backend.clear_session()
    assert report.agrees, str(report)
    totals = {finding.oracle: finding for layer, finding in report.findings if layer == "total"}
    assert totals["keras"].quantities
    assert totals["kernels"].quantities
    (row,) = (row for row in docs.TABLE.read_text("utf-8").splitlines() if f"| {name} |" in row)
    # The profiler doesn't see groups.
    assert row.endswith("| - |" if name.startswith("ConvNeXt") else "| equal |")
    if not thorough:
        # Of the row, only the profiler's column is not known.
        cells = docs.line(name, report).split(" | ")[:-1]
        assert row.split(" | ")[:-1] == cells
        return
    assert docs.line(name, report) == row
    path = tmp_path / "model.json"
    path.write_text(text)
    check_without_keras(path, report.network)
    check_symbols(path, report.network)


def check_without_keras(path, network):
    """The same from JSON, with imports of Keras and TensorFlow blocked."""
    program = f"""
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] not in ("keras", "tensorflow"), name
sys.meta_path.insert(0, Blocker())
import convcost, json
net = convcost.from_keras({str(path)!r}, {network.input_shapes[0]})
print(json.dumps([[row.name, row.params, row.macs, row.output_shape] for row in net]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    expected = [[row.name, row.params, row.macs, list(row.output_shape)] for row in network]
    assert json.loads(done.stdout) == expected


def check_symbols(path, network):
    """With h and w as sides: a polynomial at multiples of 32, with the values of plain numbers."""
    import sympy

    h, w, k, j = map(symbol, "hwkj")
    symbolic = convcost.from_keras(path, (h, w, 3))
    declared = json.loads(path.read_text())["config"]["layers"][0]["config"]["batch_shape"]
    if declared[1] is None:  # MobileNetV3 has open sides
        assert convcost.from_keras(path).total() == symbolic.total()
    height, width, _ = network.input_shapes[0]
    for sides in ((height, width), (256, 320)):
        at = dict(zip((h, w), sides, strict=True))
        assert all(left.subs(at) == right.subs(at) for left, right in symbolic.conditions)
        numeric = network.at((*sides, 3)).total()
        for quantity in ("params", "macs", "bias_adds"):
            value = sympy.sympify(getattr(symbolic.total(), quantity)).subs(at)
            assert value == getattr(numeric, quantity)
    macs = sympy.expand(symbolic.total().macs.subs({h: 32 * k, w: 32 * j}))
    assert macs.is_polynomial(k, j)


def test_the_gallery_shows_what_comes_out(root):
    sys.path.insert(0, str(root / "docs"))
    import gallery

    assert (gallery.FOLDER / "fashion_mnist.json").read_text() == gallery.fashion_mnist_json()
    for name, make in gallery.TEXTS.items():
        assert (gallery.FOLDER / name).read_text(encoding="utf-8") == make()
