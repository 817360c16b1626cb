"""Nested models that are called with a dict of tensors, by Keras 3 and by tf.keras."""

import json

import keras
import pytest
import tf_keras
from test_model_files import refused
from test_tf_keras_files import assert_as_tf_keras, written

import convcost


def parts(library):
    """Return two inputs whose order differs from that of their names, a layer each, and others."""
    layer, entry = library.layers, library.Input
    first, second = entry((4,), name="zz"), entry((3,), name="aa")
    made = layer.Dense(2, name="one")(first), layer.Dense(7, name="two")(second)
    return first, second, *made, entry((4,), name="p"), entry((3,), name="q")


def by_list(library):
    a, b, x, y, p, q = parts(library)
    nested = library.Model([a, b], [x, y], name="n")
    return library.Model([p, q], nested({"zz": p, "aa": q}))


def by_dict(library):
    a, b, x, y, p, q = parts(library)
    nested = library.Model({"k": a, "j": b}, [x, y], name="n")
    return library.Model([q, p], nested({"j": q, "k": p}))


def with_dicts_of_outputs(library):
    a, b, x, y, p, q = parts(library)
    nested = library.Model({"zz": a, "aa": b}, {"z": x, "a": y}, name="n")
    made = nested({"zz": p, "aa": q})
    join = library.layers.Concatenate()
    return library.Model([q, p], [made["z"], join([made["z"], made["a"], made["z"]])])


def with_names_of_calls(library):
    a, b, x, y, p, q = parts(library)
    nested = library.Model({"kwargs": a, "args": b}, [x, y], name="n")
    return library.Model([p, q], nested({"args": q, "kwargs": p}))


def of_one(library):
    a, _, x, _, p, _ = parts(library)
    return library.Model(p, library.Model(a, x, name="n")({"zz": p}))


MODELS = [by_list, by_dict, with_dicts_of_outputs, with_names_of_calls, of_one]


@pytest.mark.parametrize("build", MODELS)
def test_files_of_keras_2(build, tmp_path):
    model = build(tf_keras)
    for path in written(model, tmp_path):
        assert_as_tf_keras(model, path)


def test_dicts_in_lists_of_keras_2(tmp_path):
    a, b, x, y, p, q = parts(tf_keras)
    nested = tf_keras.Model([{"k": a}, b], [x, y], name="n")
    model = tf_keras.Model([p, q], nested([{"k": p}, q]))
    for path in written(model, tmp_path):
        assert_as_tf_keras(model, path)


def test_lists_in_dicts_of_keras_2(tmp_path):
    a, b, x, y, p, q = parts(tf_keras)
    nested = tf_keras.Model({"k": [a, b]}, [x, y], name="n")
    model = tf_keras.Model([p, q], nested({"k": [p, q]}))
    for path in written(model, tmp_path):
        assert_as_tf_keras(model, path)


@pytest.mark.parametrize("build", MODELS)
def test_keras_3_live_and_as_a_file(build, tmp_path):
    model = build(keras)
    path = tmp_path / "model.keras"
    model.save(path)
    shapes = tuple(one.shape[1:] for one in model.outputs)
    for source in (model, model.to_json(), path):
        net = convcost.from_keras(source)
        assert (net.params, net.output_shapes) == (model.count_params(), shapes)


def test_a_dict_by_keyword():
    a, b, x, y, p, q = parts(keras)
    nested = keras.Model([a, b], [x, y], name="n")
    model = keras.Model([p, q], nested(inputs={"zz": p, "aa": q}))
    for source in (model, model.to_json()):
        assert convcost.from_keras(source).params == model.count_params()


def test_a_dict_without_an_input_is_refused():
    for library in (keras, tf_keras):
        config = json.loads(by_list(library).to_json())
        nodes = [one["inbound_nodes"] for one in config["config"]["layers"] if one["name"] == "n"]
        given = nodes[0][0]["args"][0] if library is keras else nodes[0][0]
        given["yy"] = given.pop("zz")
        refused(config, r"model 'n' is called with a dict that has no 'zz', only .*'aa', 'yy'")
