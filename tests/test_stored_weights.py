"""A file knows how many weights its layers have: what is counted must agree with it."""

import io
import json
import re
import zipfile

import h5py
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from keras_models import MODELS
from strategies import examples

import convcost
from convcost import layers as ours

FLAGS = st.booleans()


def plain(kind, **drawn):
    return st.builds(lambda **given: lambda: getattr(kl, kind)(**given), **drawn)


def distributed(units):
    return lambda: kl.TimeDistributed(kl.Dense(units))


def distributed_model():
    steps = [keras.Input((8, 4)), kl.Dense(4), kl.LayerNormalization()]
    return kl.TimeDistributed(keras.Sequential(steps))


def nested(steps, functional):
    def make():
        if not functional:
            return keras.Sequential([keras.Input((8, 8, 4)), *(step() for step in steps)])
        x = entry = keras.Input((8, 8, 4))
        for step in steps:
            x = step()(x)
        return keras.Model(entry, x)

    return make


# Layers that keep the shape (8, 8, 4), so that any follow each other.
SAME = {"filters": st.just(4), "padding": st.just("same")}
SIDE = st.integers(1, 3)
SCALED = {"scale": FLAGS, "center": FLAGS}
SIMPLE = st.one_of(
    plain("Conv2D", kernel_size=SIDE, groups=st.sampled_from([1, 2]), use_bias=FLAGS, **SAME),
    plain("Conv2DTranspose", kernel_size=SIDE, use_bias=FLAGS, **SAME),
    plain("SeparableConv2D", kernel_size=SIDE, depth_multiplier=SIDE, use_bias=FLAGS, **SAME),
    plain("DepthwiseConv2D", kernel_size=SIDE, padding=SAME["padding"], use_bias=FLAGS),
    plain("BatchNormalization", **SCALED),
    plain("LayerNormalization", axis=st.sampled_from([-1, (1, 2)]), **SCALED),
    plain("GroupNormalization", groups=st.sampled_from([1, 2, 4]), **SCALED),
    plain("Normalization", axis=st.sampled_from([-1, None, (1, 3)])),
    plain("Normalization", mean=st.just(0.0), variance=st.just(1.0)),
    plain("PReLU", shared_axes=st.sampled_from([None, (1, 2)])),
    plain("Dense", units=st.just(4), use_bias=FLAGS),
    plain("Dropout", rate=st.just(0.5), seed=st.none() | st.just(1)),
    plain("RandomFlip"),
    plain("GaussianNoise", stddev=st.just(0.1)),
    plain("ReLU"),
    st.builds(distributed, st.just(4)),
    st.just(distributed_model),
)
STEPS = st.lists(
    st.one_of(
        SIMPLE,
        st.builds(nested, st.lists(SIMPLE, min_size=1, max_size=3), FLAGS),
        # A layer or model that was there before, again.
        st.integers(0, 9),
        st.just("add"),
    ),
    min_size=1,
    max_size=7,
)


def model_of(steps, optimizer):
    x = entry = keras.Input((8, 8, 4))
    made = []
    for step in steps:
        if step == "add":
            x = x * 2.0 + x
        elif isinstance(step, int):
            x = made[step % len(made)](x) if made else x
        else:
            made.append(step())
            x = made[-1](x)
    model = keras.Model(entry, kl.Dense(2)(kl.Flatten()(x)))
    if optimizer:
        model.compile(optimizer, "mse", metrics=["mae"])
        model.optimizer.build(model.trainable_variables)
    return model


def saved(model, folder):
    paths = [folder / "model.keras", folder / "model.h5"]
    for path in paths:
        model.save(path)
    return paths


def configured(path, change):
    """Return a copy of a file whose config was changed by a function of the text."""
    copy = path.with_name(f"changed{path.suffix}")
    copy.write_bytes(path.read_bytes())
    if path.suffix == ".h5":
        with h5py.File(copy, "r+") as file:
            file.attrs["model_config"] = change(file.attrs["model_config"])
        return copy
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == "config.json" else content)
    return copy


def rewritten(path, change):
    """Return a copy of a `.keras` file whose HDF5 file was changed by a function."""
    copy = path.with_name("rewritten.keras")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "model.weights.h5":
                stream = io.BytesIO(content)
                with h5py.File(stream, "r+") as file:
                    change(file)
                content = stream.getvalue()
            new.writestr(name, content)
    return copy


@examples(60)
@given(steps=STEPS, optimizer=st.sampled_from([None, "adam", "sgd"]))
def test_what_keras_writes_is_not_refused(tmp_path_factory, steps, optimizer):
    model = model_of(steps, optimizer)
    for path in saved(model, tmp_path_factory.mktemp("files")):
        assert convcost.from_keras(path).params == model.count_params()


@examples(40)
@given(steps=STEPS, place=st.integers(0, 99))
def test_a_config_with_other_weights_than_the_file_is_refused(tmp_path_factory, steps, place):
    for path in saved(model_of(steps, None), tmp_path_factory.mktemp("files")):

        def flip(text):
            found = list(re.finditer('"use_bias": (true|false)', text))
            flag = found[place % len(found)]
            other = {"true": "false", "false": "true"}[flag[1]]
            return text[: flag.start(1)] + other + text[flag.end(1) :]

        with pytest.raises(convcost.ModelError, match=r"parameters by its config, but the file"):
            convcost.from_keras(configured(path, flip))


@pytest.mark.parametrize("make", MODELS)
def test_difficult_models(make, tmp_path):
    model = make()
    for path in saved(model, tmp_path):
        if make.__name__ != "operations" or path.suffix == ".keras":  # an .h5 has no operations
            assert convcost.from_keras(path).params == model.count_params()


def dense(name, units, **arguments):
    return {"class_name": "Dense", "config": {"name": name, "units": units, **arguments}}


def legacy(path, layers, stored, **options):
    """Write an `.h5` file as Keras 1 and 2 did, with weights of these shapes by layer."""
    text = json.dumps({"class_name": "Sequential", "config": {"name": "old", "layers": layers}})
    with h5py.File(path, "w", **options) as file:
        file.attrs["model_config"] = text.encode()
        group = file.create_group("model_weights")
        names = np.array([one.encode() for one in stored])
        # Keras divides a long list into several attributes.
        for place, piece in enumerate(np.array_split(names, 3)):
            group.attrs[f"layer_names{place}"] = piece
        for name, shapes in stored.items():
            weights = [f"{name}/w_{place}:0" for place in range(len(shapes))]
            group.create_group(name).attrs["weight_names"] = [one.encode() for one in weights]
            for weight, shape in zip(weights, shapes, strict=True):
                group[name].create_dataset(weight, shape)
    return path


LAYERS = [dense("a", 3, batch_input_shape=[None, 4]), dense("b", 2)]
WEIGHTS = {"a": [(4, 3), (3,)], "b": [(3, 2), (2,)]}


def test_a_class_of_the_users_named_like_keras_is_found_in_an_old_file(tmp_path, run):
    assert convcost.from_keras(legacy(tmp_path / "m.h5", LAYERS, WEIGHTS)).params == 23
    path = legacy(tmp_path / "own.h5", LAYERS, WEIGHTS | {"b": [(3, 2), (2,), (2,)]})
    message = (
        f"{path}: layer 'b' (Dense) has 8 parameters by its config, but the file stores 10: perhaps"
        " it is of a class of your own, or shares its weights; give the live model, or register the"
        " class with @convcost.layers.register('Dense')"
    )
    with pytest.raises(convcost.ModelError, match=re.escape(message)):
        convcost.from_keras(path)
    code, out, err = run("summary", path)
    assert (code, out, err) == (2, "", f"Error: {message}\n")
    none = legacy(tmp_path / "none.h5", LAYERS, WEIGHTS | {"b": []})
    with pytest.raises(convcost.ModelError, match=r"'b' \(Dense\) has 8 .* stores 0:"):
        convcost.from_keras(none)

    @ours.register("Dense")
    def registered(config, shape):
        units = config["units"]
        scale = [ours.Weight("scale", (units,))] if config["name"] == "b" else []
        weights = [ours.Weight("kernel", (*shape, units)), ours.Weight("bias", (units,))]
        return ours.Custom((units,), weights + scale)

    try:
        assert convcost.from_keras(path).params == 25
        with pytest.raises(convcost.ModelError, match=r"'b' \(Dense\) has 10 .* stores 8:"):
            convcost.from_keras(tmp_path / "m.h5")
    finally:
        ours.unregister("Dense")


def test_an_old_file_stores_shared_weights_at_each_layer(tmp_path):
    layers = [dense("a", 4, batch_input_shape=[None, 4]), dense("b", 4)]
    shared = [{**one, "shared_object_id": 7} for one in layers]
    weights = [(4, 4), (4,)]
    path = legacy(tmp_path / "m.h5", shared, {"a": weights, "b": weights})
    assert convcost.from_keras(path).params == 20
    path = legacy(tmp_path / "m.h5", shared, {"a": weights, "b": [*weights, (4,)]})
    with pytest.raises(convcost.ModelError, match=r"'b' \(Dense\) has 0 .* stores 24:"):
        convcost.from_keras(path)


def test_where_a_file_does_not_say_what_it_stores_nothing_is_compared(tmp_path):
    nothing = {"a": [], "b": []}
    for stored in (nothing, {"a": WEIGHTS["a"]}, {}):
        path = legacy(tmp_path / "m.h5", LAYERS, stored)
        assert convcost.from_keras(path).params == 23
    with h5py.File(path, "r+") as file:
        del file["model_weights"]
    assert convcost.from_keras(path).params == 23
    path = legacy(tmp_path / "m.h5", LAYERS, WEIGHTS)
    with h5py.File(path, "r+") as file:
        del file["model_weights/a"]
        del file["model_weights/b"].attrs["weight_names"]
    assert convcost.from_keras(path).params == 23
    path = legacy(tmp_path / "m.h5", LAYERS, WEIGHTS)
    with h5py.File(path, "r+") as file:
        del file["model_weights/b/b/w_0:0"]
        file["model_weights/b/b/w_0:0"] = h5py.ExternalLink("other.h5", "/weights")
    assert convcost.from_keras(path).params == 23


def test_a_layer_that_is_left_out_is_not_compared(tmp_path):
    layers = [*LAYERS, {"class_name": "Mystery", "config": {"name": "c"}}]
    path = legacy(tmp_path / "m.h5", layers, WEIGHTS | {"c": [(7, 7)]})
    with pytest.warns(UserWarning, match="left out"):
        assert convcost.from_keras(path, on_unknown="warn").params == 23
    path = legacy(tmp_path / "m.h5", layers, WEIGHTS | {"b": [(7, 7)]})
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(convcost.ModelError, match=r"'b' .* stores 49"),
    ):
        convcost.from_keras(path, on_unknown="warn")


def test_weights_are_compared_at_the_shape_that_the_file_declares(tmp_path):
    entry = keras.Input((8, 8, 4))
    model = keras.Model(entry, kl.Dense(3, name="head")(kl.Flatten()(entry)))
    for path in saved(model, tmp_path):
        assert convcost.from_keras(path, (8, 8, 4)).params == 771
        assert convcost.from_keras(path, (4, 4, 4)).params == 195
        wrong = configured(path, lambda text: text.replace('"units": 3', '"units": 2'))
        with pytest.raises(convcost.ModelError, match=r"'head' .* 514 .* stores 771"):
            convcost.from_keras(wrong, (4, 4, 4))
        # At its own shape the model can't be counted, at the given one it can.
        thin = configured(path, lambda text: text.replace("8, 8, 4", "8, 8, 0"))
        with pytest.raises(convcost.ModelError):
            convcost.from_keras(thin, (4, 4, 4))


def two(**arguments):
    entry = keras.Input((6,))
    inner = keras.Sequential([keras.Input((6,)), kl.Dense(6)], name="inner")
    x = kl.Dense(5, name="second")(kl.Dense(6, name="first")(inner(entry)))
    return keras.Model(entry, x, **arguments)


def test_the_layout_of_keras_2_12(tmp_path):
    """Layers under another name, and numbered as if each with weights were there twice."""

    def rename(file):
        file.move("layers", "_layer_checkpoint_dependencies")
        outer = file["_layer_checkpoint_dependencies"]
        outer.move("dense_1", "dense_2")
        outer["sequential"].move("layers", "_layer_checkpoint_dependencies")

    path = saved(two(), tmp_path)[0]
    old = rewritten(path, rename)
    assert convcost.from_keras(old).params == two().count_params()
    wrong = configured(old, lambda text: text.replace('"units": 5', '"units": 4'))
    with pytest.raises(convcost.ModelError, match=r"'second' .* has 28 .* stores 35"):
        convcost.from_keras(wrong)


def test_what_a_nested_model_that_was_trained_keeps_is_not_its_weights(tmp_path):
    inner = keras.Sequential([keras.Input((6,)), kl.Dense(6), kl.Dense(6)], name="inner")
    inner.compile("adam", "mse", metrics=["mae"])
    inner.fit(np.zeros((2, 6)), np.zeros((2, 6)), verbose=0)
    entry = keras.Input((6,))
    model = keras.Model(entry, kl.Dense(2)(inner(entry)))
    for path in saved(model, tmp_path):
        assert convcost.from_keras(path).params == model.count_params()


def test_groups_that_some_versions_do_not_write(tmp_path):
    entry = keras.Input((6,))
    x = kl.LayerNormalization(center=False, scale=False)(entry)
    model = keras.Model(entry, kl.LayerNormalization()(kl.Dense(6)(x)))

    def drop(file):
        for name in ("layer_normalization", "input_layer"):
            del file["layers"][name]

    path = rewritten(saved(model, tmp_path)[0], drop)
    assert convcost.from_keras(path).params == model.count_params()

    def move(file):
        file.move("layers/dense", "layers/other")

    path = saved(model, tmp_path)[0]
    assert convcost.from_keras(rewritten(path, move)).params == model.count_params()

    def lose(file):
        drop(file)
        del file["layers/layer_normalization_1"]

    with pytest.raises(convcost.ModelError, match=r"the model .* has 54 .* file stores 42"):
        convcost.from_keras(rewritten(path, lose))
    mystery = configured(path, lambda text: text.replace('"LayerNormalization"', '"Mystery"', 1))
    with pytest.warns(UserWarning, match="left out"):
        convcost.from_keras(rewritten(mystery, lose), on_unknown="warn")


def test_what_tf_keras_writes_is_not_refused(tmp_path):
    """The layers and formats of Keras 2, as its successor for TensorFlow writes them."""
    old = pytest.importorskip("tf_keras")
    layers = old.layers
    inner_entry = old.Input((8, 8, 4))
    inner_output = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(inner_entry))
    inner = old.Model(inner_entry, inner_output, name="inner")
    inner.compile("adam", "mse")
    shared = layers.Conv2D(4, 1, name="shared")
    x = entry = old.Input((8, 8, 4))
    for layer in (
        layers.Normalization(), layers.RandomFlip(seed=1), layers.GaussianNoise(0.2, seed=2), inner,
        shared, layers.Dropout(0.2, seed=3), layers.TimeDistributed(layers.Dense(4)), shared, inner,
        layers.SeparableConv2D(3, 3), layers.PReLU(), layers.LayerNormalization(), layers.Flatten(),
        layers.Dense(5), layers.Dense(2),
    ):  # fmt: skip
        x = layer(x)
    model = old.Model(entry, x)
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.zeros((2, 8, 8, 4)), np.zeros((2, 2)), verbose=0)
    for path in saved(model, tmp_path):
        assert convcost.from_keras(path).params == model.count_params()
        wrong = configured(path, lambda text: text.replace('"units": 5', '"units": 6'))
        with pytest.raises(convcost.ModelError, match=r"parameters by its config, but the file"):
            convcost.from_keras(wrong)
