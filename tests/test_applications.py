"""Check all Keras Applications against Keras, the TF profiler and the table in the docs."""

import json
import subprocess
import sys

import keras
import pytest

import convcost
from convcost.symbols import symbol

# Measuring coverage makes Keras build these models much slower; other tests cover this code.
pytestmark = pytest.mark.no_cover

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
    text, report = docs.check(name)
    assert report.agrees, str(report)
    totals = {finding.oracle: finding for layer, finding in report.findings if layer == "total"}
    assert totals["keras"].quantities
    assert totals["kernels"].quantities
    # The profiler doesn't see groups.
    assert bool(totals["profiler"].quantities) != name.startswith("ConvNeXt")
    assert docs.line(name, report) in docs.TABLE.read_text(encoding="utf-8").splitlines()
    # The same from JSON, with imports of Keras and TensorFlow blocked.
    path = tmp_path / "model.json"
    path.write_text(text)
    network = report.network
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
    check_symbols(path, network)


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
