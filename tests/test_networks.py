"""Check models in every form, live and as files, against Keras: rows, paths, totals."""

import json
import subprocess
import sys
import warnings

import keras
import pytest
from keras import layers as kl
from keras import ops
from keras_models import MODELS, frozen, nested, operations, sequences, shared

import convcost
from convcost._verify.whole_models import check_model


@pytest.mark.parametrize("make", MODELS)
def test_live_json_and_files_say_the_same_and_keras_agrees(make, tmp_path):
    model = make()
    network = convcost.from_keras(model)
    report = check_model(model, network)
    assert report.agrees, str(report)
    assert report.quantities() > 3
    model.save(tmp_path / "model.keras")
    model.to_json()
    forms = [
        model.to_json(),
        json.loads(model.to_json()),
        model.get_config(),
        tmp_path / "model.keras",
        str(tmp_path / "model.keras"),
    ]
    (tmp_path / "model.json").write_text(model.to_json())
    forms.append(tmp_path / "model.json")
    for form in forms:
        read = convcost.from_keras(form)
        assert rows(read) == rows(network)
        assert read.output_shapes == network.output_shapes
        assert read.total() == network.total()
        assert read.non_trainable_params == network.non_trainable_params


def rows(network):
    # Ignore operations' names: Keras numbers them across models, and they don't affect counts.
    return [(row.kind, row.input_shapes, row.output_shape, row.cost) for row in network]


@pytest.mark.parametrize("make", [shared, nested, sequences, frozen])
def test_an_h5_file_says_the_same(make, tmp_path):
    model = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / "model.h5")
    network = convcost.from_keras(tmp_path / "model.h5")
    assert rows(network) == rows(convcost.from_keras(model))


def test_a_shared_layer_counts_its_parameters_once_and_its_macs_at_each_use():
    network = convcost.from_keras(shared())
    uses = [row for row in network if row.name == "conv"]
    assert [row.params for row in uses] == [3 * 3 * 3 * 4 + 4, 0, 0]
    assert sorted(row.macs for row in uses) == [108 * 64, 108 * 256, 108 * 256]
    assert [row.reused for row in uses] == [False, True, True]
    assert network.params == sum(row.params for row in network) == shared().count_params()
    assert uses[1].cost.explain().params == "0"
    assert uses[1].cost.explain().macs.startswith("3*3*3*4*")


def test_a_model_in_a_model_is_a_path_and_folds():
    network = convcost.from_keras(nested())
    assert network.rows[0].name == "middle/deep/conv"
    folded = convcost.summary(network).fold()
    assert [entry.name for entry in folded.entries] == ["middle", "conv", "head"]
    assert folded.total() == network.total()
    assert len(convcost.summary(network).fold(2).entries) == 4


def test_what_is_not_trained_is_told_as_keras_does():
    model, network = frozen(), convcost.from_keras(frozen())
    assert network.trainable_params == sum(
        int(ops.size(weight)) for weight in model.trainable_weights
    )
    assert network["inner/c"].trainable_params == 0
    assert network["bn"].non_trainable_params == 8
    assert network["norm"].trainable_params == 0


def test_a_network_prints_as_a_graph():
    network = convcost.from_keras(shared())
    lines = str(network).splitlines()
    assert lines[0] == "shared: (16, 16, 3), (8, 8, 3)"
    assert lines[1].split() == ["layer", "kind", "called", "with", "output", "shape"]
    assert any(
        line.split() == ["sum", "Add", "conv,", "conv", "(16,", "16,", "4)"] for line in lines
    )
    assert "112 parameters" in lines[-1]
    assert repr(network) == str(network)
    html = network._repr_html_()
    assert html.startswith("<p>shared: (16, 16, 3), (8, 8, 3)</p><table><thead><tr><th")
    assert html.count("<tr>") == 6
    assert html.endswith(f"<p>{network.total()}</p>")
    assert network.name == "shared"
    assert len(network) == 5


def test_a_layer_that_is_not_there_is_an_error_with_near_names():
    network = convcost.from_keras(shared())
    for name, message in [
        ("cnv", "model 'shared' has no layer 'cnv'; did you mean 'conv'?"),
        ("nothing", "model 'shared' has no layer 'nothing'; print it to see all"),
        (0, "model 'shared' has no layer 0; print it to see all"),
    ]:
        with pytest.raises(KeyError) as error:
            network[name]
        assert error.value.args == (message,)


@pytest.mark.parametrize("source", [3, None, [1, 2]])
def test_sources_that_are_none(source):
    with pytest.raises(TypeError, match="source must be a Keras model"):
        convcost.from_keras(source)


def test_a_layer_of_this_library_is_no_model():
    with pytest.raises(TypeError, match=r"Dense\(3\), whose cost is layer.cost\(input_shape\)"):
        convcost.summary(convcost.layers.Dense(3))


def test_a_function_is_no_model():
    with pytest.raises(convcost.ModelError, match="got MobileNet, a function or class: call it"):
        convcost.from_keras(keras.applications.MobileNet)
    with pytest.raises(convcost.ModelError, match="got Sequential, a function or class: call it"):
        convcost.summary(keras.Sequential)


def test_a_layer_without_a_model_is_refused_with_the_way_out():
    layer = keras.layers.Dense(3, name="head")
    message = r"got the layer 'head' \(Dense\): put it into a model, keras\.Sequential\("
    with pytest.raises(convcost.ModelError, match=message):
        convcost.summary(layer)
    assert convcost.summary(keras.Sequential([keras.Input((2,)), layer])).total().params == 9


def test_a_model_of_keras_2_is_read_from_its_json():
    class Old:
        def to_json(self):
            return operations().to_json()

    assert convcost.from_keras(Old()).total() == convcost.from_keras(operations()).total()


def test_a_file_is_read_without_keras(tmp_path):
    nested().save(tmp_path / "model.keras")
    code = f"""
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("keras", "tensorflow", "numpy", "sympy", "rich", "click"):
            raise AssertionError(name)
sys.meta_path.insert(0, Blocker())
import convcost
print(convcost.from_keras({str(tmp_path / "model.keras")!r}).params)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(nested().count_params()), done.stderr


def test_a_model_that_is_not_trainable_has_no_trainable_parameters():
    model = frozen()
    model.trainable = False
    model.layers[-1].trainable = True  # which Keras, too, does not count
    assert model.trainable_weights == []
    for source in (model, model.to_json()):
        network = convcost.from_keras(source)
        assert network.trainable_params == 0
        assert network.non_trainable_params == model.count_params()
    chain = keras.Sequential([keras.Input((4,)), kl.Dense(3)])
    chain.trainable = False
    assert convcost.from_keras(chain).trainable_params == 0


def test_what_moved_into_the_batch_is_merged_together():
    def windows(x):
        return ops.reshape(x, (-1, 2, 3))

    entry, other = keras.Input((8, 3)), keras.Input((2, 3))
    x = windows(entry)
    product = convcost.from_keras(keras.Model(entry, kl.Dot(2, name="dot")([x, x])))
    assert product["dot"].macs == 4 * 2 * 2 * 3
    assert product["dot"].output_shape == (4, 2, 2)
    mixed = keras.Model([entry, other], kl.Add(name="add")([x, other]))
    message = "'add'.*its inputs differ in the elements moved into the batch dimension"
    with pytest.raises(convcost.ModelError, match=message):
        convcost.from_keras(mixed)
