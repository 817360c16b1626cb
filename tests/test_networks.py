"""Models that are nasty, in every form, each held to Keras."""

import json
import subprocess
import sys
import warnings

import keras
import pytest
from keras import layers as kl
from keras import ops

import convcost
from convcost.symbols import symbol
from convcost.verify.models import check_model


def shared():
    """A layer called three times, twice at one size and once at another."""
    big, small = keras.Input((16, 16, 3), name="big"), keras.Input((8, 8, 3), name="small")
    conv = kl.Conv2D(4, 3, padding="same", name="conv")
    x = kl.Add(name="sum")([conv(big), conv(big)])
    return keras.Model([big, small], [x, kl.Flatten(name="flat")(conv(small))], name="shared")


def nested():
    """A model in a model in a model, the innermost called twice; two layers of one name."""
    deep = keras.Sequential(
        [keras.Input((8, 8, 4)), kl.Conv2D(4, 3, padding="same", name="conv")], name="deep"
    )
    entry = keras.Input((8, 8, 4))
    middle = keras.Model(entry, kl.Add(name="add")([deep(entry), deep(deep(entry))]), name="middle")
    outer = keras.Input((8, 8, 4), name="outer_input")
    x = kl.Conv2D(4, 1, name="conv")(middle(outer))
    return keras.Model(outer, kl.Dense(2, name="head")(middle(x)), name="outer")


def several():
    """Two inputs and two outputs, by name, with a nested model of two of either."""
    a, b = keras.Input((6,), name="a"), keras.Input((4,), name="b")
    joint = kl.Concatenate(name="joint")([a, b])
    inner = keras.Model([a, b], [kl.Dense(3, name="left")(joint), joint], name="inner")
    p, q = keras.Input((6,), name="p"), keras.Input((4,), name="q")
    left, right = inner([p, q])
    outputs = {"left": kl.Dense(2, name="one")(left), "right": kl.Dense(2, name="two")(right)}
    return keras.Model({"p": p, "q": q}, outputs, name="several")


def sequences():
    x = entry = keras.Input((50, 3), name="steps")
    x = kl.Conv1D(8, 5, padding="causal", name="causal")(x)
    x = kl.SeparableConv1D(8, 3, depth_multiplier=2, name="separable")(x)
    x = kl.DepthwiseConv1D(3, 2, name="depthwise")(x)
    x = kl.Conv1DTranspose(4, 3, 2, name="transposed")(x)
    x = kl.TimeDistributed(kl.Dense(5), name="each")(x)
    return keras.Model(entry, kl.GlobalMaxPooling1D(name="pool")(x), name="sequences")


def volumes():
    x = entry = keras.Input((8, 8, 8, 2), name="volume")
    x = kl.Conv3D(4, 3, 2, padding="same", name="conv")(x)
    x = kl.Conv3DTranspose(2, 2, 2, name="transposed")(x)
    x = kl.ZeroPadding3D(1, name="pad")(kl.MaxPooling3D(2, name="pool")(x))
    return keras.Model(entry, kl.Cropping3D(1, name="crop")(x), name="volumes")


def channels_first():
    x = entry = keras.Input((3, 16, 16), name="image")
    first = {"data_format": "channels_first"}
    x = kl.ZeroPadding2D(((0, 1), (0, 1)), name="pad", **first)(x)
    x = kl.Conv2D(8, 3, 2, name="conv", **first)(x)
    x = kl.BatchNormalization(1, name="bn")(x)
    x = kl.DepthwiseConv2D(3, padding="same", name="depthwise", **first)(x)
    x = kl.MaxPooling2D(2, name="pool", **first)(x)
    x = kl.GlobalAveragePooling2D(name="mean", **first)(x)
    return keras.Model(entry, kl.Dense(4, name="head")(x), name="channels_first")


def operations():
    """A functional model with bare operations in it."""
    x = entry = keras.Input((8, 8, 4), name="image")
    x = ops.relu(kl.Conv2D(4, 3, padding="same", name="conv")(x) * 2.0 + x)
    x = ops.concatenate([x, 1 - x], axis=-1)
    x = ops.mean(ops.transpose(x, (0, 3, 1, 2)), axis=(2, 3))
    return keras.Model(entry, kl.Dense(3, name="head")(x[:, :6]), name="operations")


def frozen():
    x = entry = keras.Input((8, 8, 3), name="image")
    inner = keras.Sequential([keras.Input((8, 8, 3)), kl.Conv2D(4, 3, name="c")], name="inner")
    inner.trainable = False
    x = kl.BatchNormalization(name="bn")(inner(x))
    still = kl.Conv2D(2, 1, name="still")
    still.trainable = False
    return keras.Model(entry, still(kl.Normalization(name="norm")(x)), name="frozen")


MODELS = [
    shared, nested, several, sequences, volumes, channels_first, operations, frozen,
]  # fmt: skip


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
    # An operation's name is no part of what is computed, and counts on from model to model.
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


class Block(kl.Layer):
    """A layer of the user's own, of known ones, with weights of its own."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.conv = kl.Conv2D(filters, 3, padding="same", name="conv")
        self.norm = kl.BatchNormalization(name="norm")

    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), name="gamma")
        self.fixed = self.add_weight(shape=(2, 3), name="fixed", trainable=False)
        self.conv.build(shape)
        self.norm.build((*shape[:-1], self.conv.filters))

    def call(self, x, training=None):
        return ops.relu(self.norm(self.conv(x * self.gamma), training=training)) + 1


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="subclassed")
        self.one, self.two = Block(8, name="one"), Block(8, name="two")
        self.flat, self.head = kl.Flatten(name="flat"), kl.Dense(10, name="head")

    def call(self, x):
        return self.head(self.flat(self.two(self.two(self.one(x)))))


def test_a_subclassed_model_is_recorded():
    model = Subclassed()
    network = convcost.from_keras(model, (16, 16, 8))
    assert network.params == model.count_params()
    assert network.trainable_params == sum(int(ops.size(w)) for w in model.trainable_weights)
    conv = 3 * 3 * 8 * 8 * 16 * 16
    assert network.macs == 3 * conv + 2048 * 10
    assert network["one/weights"].params == 8 + 6
    assert network["one/weights"].non_trainable_params == 6
    # Recording leaves no trace, and can be done again without saying the shape.
    assert not model.head._inbound_nodes
    again = convcost.from_keras(model)
    assert again.input_shapes == ((16, 16, 8),)
    assert again.total() == network.total()


def test_a_layer_of_ones_own_in_a_functional_model_is_recorded():
    entry = keras.Input((16, 16, 8))
    model = keras.Model(entry, Block(4, name="block")(entry), name="mixed")
    network = convcost.from_keras(model)
    assert network.params == model.count_params()
    assert [row.path[0] for row in network] == ["block"] * len(network)
    assert model.get_layer("block").output.shape == (None, 16, 16, 4)
    assert check_model(model, network).agrees


class TwoInputs(keras.Model):
    def __init__(self):
        super().__init__()
        self.a, self.b = kl.Dense(3), kl.Dense(3)

    def call(self, inputs):
        left, right = (inputs["x"], inputs["y"]) if isinstance(inputs, dict) else inputs
        return self.a(left) + self.b(right)


@pytest.mark.parametrize("shapes", [[(5,), (7,)], {"x": (5,), "y": (7,)}])
def test_a_subclassed_model_of_several_inputs(shapes):
    model = TwoInputs()
    network = convcost.from_keras(model, shapes)
    assert network.params == model.count_params() == 3 * (5 + 1) + 3 * (7 + 1)


def test_a_subclassed_model_at_symbolic_sides():
    class Plain(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = kl.Conv2D(4, 3, padding="same")

        def call(self, x):
            return self.conv(x)

    h, w = symbol("h"), symbol("w")
    assert convcost.from_keras(Plain(), (h, w, 3)).macs == 108 * h * w


class Stubborn(keras.Model):
    def call(self, x):
        return ops.convert_to_numpy(x)


def test_a_subclassed_model_that_cannot_be_recorded():
    with pytest.raises(convcost.ModelError, match="subclassed and was not built: give input_shape"):
        convcost.from_keras(Stubborn())
    with pytest.raises(convcost.ModelError, match="could not be recorded"):
        convcost.from_keras(Stubborn(), (3,))


class Opaque(kl.Layer):
    """What it does can't be recorded."""

    def call(self, x):
        import numpy as np

        return ops.convert_to_tensor(np.asarray(x)[..., :1])

    def compute_output_spec(self, x):
        return keras.KerasTensor((*x.shape[:-1], 1))


def opaque():
    entry = keras.Input((8, 8, 3), name="image")
    x = Opaque(name="mystery")(kl.Conv2D(4, 3, name="conv")(entry))
    return keras.Model(entry, kl.Conv2D(2, 1, name="after")(x), name="opaque")


@pytest.mark.parametrize("form", [lambda m: m, lambda m: m.to_json(), lambda m: m.get_config()])
def test_a_layer_that_is_not_known_is_an_error_or_left_out(form):
    source = form(opaque())
    with pytest.raises(convcost.UnknownLayerError) as error:
        convcost.from_keras(source)
    for part in ("'mystery'", "Opaque", "@convcost.layers.register('Opaque')"):
        assert part in str(error.value)
    with pytest.warns(UserWarning, match="1 layers of 'opaque' are left out.*mystery"):
        network = convcost.from_keras(source, on_unknown="warn")
    assert network.left_out == ("mystery",)
    assert network["mystery"].layer is None
    assert network["mystery"].effective_macs == 0
    # The shape behind it is the one that the model records.
    assert network["after"].input_shapes == ((6, 6, 1),)
    assert "left out, since their cost is not known: mystery" in convcost.summary(network).notes[-1]
    assert convcost.summary(network).as_dict()["left_out"] == ["mystery"]


@pytest.mark.parametrize("form", [lambda m: m, lambda m: m.to_json()])
def test_a_recorded_shape_is_not_believed_at_another_input(form):
    with pytest.raises(convcost.ModelError, match=r"'after'.*doesn't record"):
        convcost.from_keras(form(opaque()), (10, 10, 3), on_unknown="warn")


@pytest.fixture
def registration():
    names = []

    def register(name):
        names.append(name)
        return convcost.layers.register(name)

    yield register
    for name in set(names):
        convcost.layers.registry.unregister(name)


@pytest.mark.parametrize("form", [lambda m: m, lambda m: m.to_json()])
def test_a_layer_is_registered_in_five_lines(registration, form):
    @registration("Opaque")
    def opaque_layer(config, input_shape):
        assert config["name"] == "mystery"
        gamma = convcost.layers.Weight("gamma", input_shape[-1:])
        return convcost.layers.Custom((*input_shape[:-1], 1), [gamma], macs=99)

    row = convcost.from_keras(form(opaque()))["mystery"]
    assert (row.params, row.macs, row.output_shape) == (4, 99, (6, 6, 1))


def test_what_is_registered_may_be_a_list_of_layers_and_comes_first(registration):
    @registration("Conv2D")
    def doubled(config, input_shape):
        return [convcost.layers.Conv2D(config["filters"], 1), convcost.layers.Flatten()]

    entry = keras.Input((8, 8, 3))
    network = convcost.from_keras(keras.Model(entry, kl.Conv2D(4, 3)(entry)))
    assert network.output_shapes == ((256,),)
    assert network.params == 16


def test_what_is_registered_may_take_several_inputs(registration):
    class Pair(Opaque):
        def call(self, x, y):
            raise NotImplementedError

        def compute_output_spec(self, x, y):
            return keras.KerasTensor(x.shape)

    one, two = keras.Input((4, 3)), keras.Input((4, 3))
    model = keras.Model([one, two], Pair(name="pair")(one, two))
    layers = convcost.layers
    chain = registration("Pair")(lambda config, shapes: [layers.Add(), layers.Dense(5)])
    assert convcost.from_keras(model)["pair"].cost == layers.Dense(5).cost((4, 3))
    assert chain({}, [])[0] == layers.Add()
    registration("Pair")(lambda config, shapes: layers.Custom(shapes[1], macs=len(shapes)))
    row = convcost.from_keras(model.to_json())["pair"]
    assert (row.macs, row.shape) == (2, [(4, 3), (4, 3)])
    registration("Pair")(lambda config, shapes: [])
    assert convcost.from_keras(model).output_shapes == ((4, 3),)


@pytest.mark.parametrize("wrong", [None, [3], "Conv2D"])
def test_what_is_registered_must_return_layers(registration, wrong):
    registration("Opaque")(lambda config, shape: wrong)
    with pytest.raises(convcost.ModelError, match=r"'mystery'.*must be a layer .* or a list"):
        convcost.from_keras(opaque())


def test_what_can_be_registered():
    with pytest.raises(TypeError, match="the name of a Keras class"):
        convcost.layers.register("")
    with pytest.raises(TypeError, match="a function of config and input_shape"):
        convcost.layers.register("X")(3)


def test_keras_names_of_packages_can_be_registered(registration):
    @keras.saving.register_keras_serializable("mine")
    class Packaged(kl.Layer):
        def call(self, x):
            return x

    entry = keras.Input((8,))
    model = keras.Model(entry, Packaged()(entry))
    registration("mine>Packaged")(lambda config, shape: convcost.layers.Custom(shape, macs=5))
    assert convcost.from_keras(model).macs == 5
    assert convcost.from_keras(model.to_json()).macs == 5


def test_a_users_class_of_a_known_name_is_not_taken_for_keras_own():
    class Dense(Opaque):
        pass

    entry = keras.Input((8,))
    model = keras.Model(entry, Dense()(entry))
    for source in (model, model.to_json()):
        with pytest.raises(convcost.UnknownLayerError, match="Dense"):
            convcost.from_keras(source)


def test_what_has_more_weights_than_its_class_is_not_known():
    dense = kl.Dense(5, lora_rank=2, name="dense")
    model = keras.Sequential([keras.Input((8,)), dense])
    for source in (model, model.to_json()):
        with pytest.raises(convcost.UnknownLayerError, match="dense"):
            convcost.from_keras(source)


def test_sequential_models_without_an_input():
    unbuilt = keras.Sequential([kl.Conv2D(4, 3, name="input"), kl.Flatten()], name="unbuilt")
    for source in (unbuilt, unbuilt.to_json()):
        with pytest.raises(convcost.ModelError, match="declares no shape: give input_shape"):
            convcost.from_keras(source)
        assert convcost.from_keras(source, (8, 8, 3)).output_shapes == ((144,),)
    unbuilt.build((None, 8, 8, 3))
    for source in (unbuilt, unbuilt.to_json()):
        assert convcost.from_keras(source).params == unbuilt.count_params()
    with pytest.raises(convcost.UnknownLayerError, match="Opaque"):
        convcost.from_keras(keras.Sequential([Opaque()]), (8,))


def test_open_sides_become_symbols():
    entry = keras.Input((None, None, 3))
    model = keras.Model(entry, kl.Conv2D(4, 3, padding="same")(entry))
    h, w = symbol("h"), symbol("w")
    assert convcost.from_keras(model).macs == 108 * h * w
    assert convcost.from_keras(model, (8, 8, 3)).macs == 108 * 64
    steps = keras.Input((None, 3))
    assert convcost.from_keras(keras.Model(steps, kl.Conv1D(4, 1)(steps))).macs == 12 * symbol("t")


def test_open_sides_of_several_inputs_have_its_name():
    one, two = keras.Input((None, 3), name="one"), keras.Input((None, None, 3), name="two")
    model = keras.Model([one, two], [kl.Conv1D(4, 1)(one), kl.Conv2D(4, 1)(two)])
    total = convcost.from_keras(model).macs
    assert {str(s) for s in total.free_symbols} == {"t_one", "h_two", "w_two"}


def test_what_has_to_hold_of_symbols_is_told():
    entry = keras.Input((None, None, 3))
    x = kl.Conv2D(4, 3, 2, padding="same")(entry)
    y = kl.Conv2D(4, 2, 2)(entry)
    network = convcost.from_keras(keras.Model(entry, kl.Add()([x, y])))
    assert len(network.conditions) == 2
    assert "holds where ceiling(h/2) = floor(h/2)" in convcost.summary(network).notes[-1]
    h, w = symbol("h"), symbol("w")
    assert network.macs.subs({h: 8, w: 6}) == network.at((8, 6, 3)).macs
    with pytest.raises(convcost.ModelError, match="must be the same"):
        network.at((7, 6, 3))


def test_a_reshape_of_symbols_takes_the_model_at_its_word():
    entry = keras.Input((None, 4))
    model = keras.Model(entry, kl.Dense(3)(kl.Reshape((10, 4))(entry)))
    network = convcost.from_keras(model)
    assert network.conditions == ((4 * symbol("t"), 40),)


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        (5, TypeError, "input_shape must be a shape"),
        ((8, 8), convcost.ModelError, "'conv'"),
        ((8, 8.0, 3), TypeError, r"input_shape\[1\] must be a positive integer"),
        ((8, -8, 3), ValueError, r"input_shape\[1\] must be a positive integer"),
        ((8, None, 3), TypeError, r"input_shape\[1\]"),
        ([(8, 8, 3), (8, 8, 3)], ValueError, "one shape for each of 1: image"),
        ({"other": (8, 8, 3)}, ValueError, "a dict with the names image"),
        ([(8, 8, 3), 5], TypeError, r"input_shape\[0\]"),
    ],
)
def test_shapes_that_are_refused(shape, error, message):
    with pytest.raises(error, match=message):
        convcost.from_keras(operations(), shape)


def test_shapes_by_name_and_in_order():
    network = convcost.from_keras(shared())
    again = network.at({"small": (4, 4, 3), "big": (16, 16, 3)})
    assert again.input_shapes == ((16, 16, 3), (4, 4, 3))
    assert network.at([(16, 16, 3), (4, 4, 3)]).total() == again.total()
    with pytest.raises(TypeError, match="input_shape of 'small' must be a shape"):
        network.at({"small": 5, "big": (16, 16, 3)})
    with pytest.raises(TypeError, match=r"input_shape of 'small'\[0\] must be a positive integer"):
        network.at({"small": ("4", 4, 3), "big": (16, 16, 3)})


def test_arrays_are_no_shapes_of_networks():
    import numpy as np

    with pytest.raises(TypeError, match="an integer or a SymPy expression"):
        convcost.from_keras(operations(), (np.arange(1, 4), 8, 4))


def test_a_network_prints_as_a_graph():
    network = convcost.from_keras(shared())
    lines = str(network).splitlines()
    assert lines[0] == "shared: (16, 16, 3), (8, 8, 3)"
    assert lines[1].split() == ["layer", "kind", "called", "with", "output", "shape"]
    assert any(
        line.split() == ["sum", "Add", "conv,", "conv", "(16,", "16,", "4)"] for line in lines
    )
    assert "112 parameters" in lines[-1]
    assert repr(network) == "<Network 'shared' of 5 layers for (16, 16, 3), (8, 8, 3)>"
    assert network.name == "shared"
    assert len(network) == 5
    with pytest.raises(KeyError):
        network["nothing"]


def test_an_output_shape_that_is_not_known_prints_as_a_question():
    entry = keras.Input((8,))
    model = keras.Model(entry, Opaque(name="mystery")(entry))
    with pytest.warns(UserWarning, match="left out"):
        network = convcost.from_keras(model.to_json(), on_unknown="warn")
    assert str(network).splitlines()[2].endswith("?")
    assert network["mystery"].output_shape is None
    assert network["mystery"].intensity() == 0


@pytest.mark.parametrize("source", [3, None, [1, 2]])
def test_sources_that_are_none(source):
    with pytest.raises(TypeError, match="source must be a Keras model"):
        convcost.from_keras(source)


def test_a_function_is_no_model():
    with pytest.raises(convcost.ModelError, match="call it first"):
        convcost.from_keras(keras.applications.MobileNet)


def test_a_model_of_keras_2_is_read_from_its_json():
    class Old:
        def to_json(self):
            return operations().to_json()

    assert convcost.from_keras(Old()).total() == convcost.from_keras(operations()).total()


def test_on_unknown_is_one_of_two_words():
    with pytest.raises(ValueError, match="'error' or 'warn'; got 'ignore'"):
        convcost.from_keras(operations(), on_unknown="ignore")


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


def nothing():
    """A layer that Keras makes, and whose output would be empty."""
    return kl.Resizing(0, 4, name="wrong")


class Holding(kl.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = nothing()

    def call(self, x):
        return self.inner(x)


class HoldingModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = nothing()

    def call(self, x):
        return self.inner(x)


def test_what_is_wrong_in_a_live_model_names_the_layer():
    entry = keras.Input((8, 8, 3))
    chain = keras.Sequential([keras.Input((8, 8, 3)), nothing()])
    models = [
        chain,
        keras.Model(entry, chain(entry)),
        keras.Model(entry, Holding()(entry)),
        HoldingModel(),
    ]
    for model in models:
        with pytest.raises(convcost.ModelError, match=r"layer 'wrong' .Resizing.: height must be"):
            convcost.from_keras(model, (8, 8, 3))


class Scale(kl.Layer):
    def call(self, x, factor, shift=None):
        return x * factor if shift is None else x * factor + shift


def test_arguments_of_layers_of_ones_own():
    entry = keras.Input((4,))
    plain = keras.Model(entry, Scale()(entry, factor=2.0))
    assert convcost.from_keras(plain).output_shapes == ((4,),)
    shifted = keras.Model(entry, Scale(name="scale")(entry, factor=2.0, shift=entry))
    with pytest.raises(convcost.UnknownLayerError, match="'scale' is a Scale"):
        convcost.from_keras(shifted)


def test_layers_of_one_name_in_a_subclassed_model():
    class Twins(keras.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = kl.Dense(3, name="twin"), kl.Dense(3, name="twin")

        def call(self, x):
            return {"a": self.a(x), "b": self.b(x)}

    model = Twins()
    network = convcost.from_keras(model, (4,))
    assert sorted(row.name for row in network) == ["twin", "twin_1"]
    assert network.params == model.count_params()


def test_an_output_from_nowhere():
    class Nowhere(keras.Model):
        def call(self, x):
            return keras.KerasTensor((None, 3))

    model = Nowhere()
    model.built = True
    with pytest.raises(convcost.ModelError, match="comes from none of its inputs"):
        convcost.from_keras(model, (4,))


def test_attributes_are_a_mapping():
    from convcost.models.keras.live import Attributes

    layer = kl.Dense(3)
    attributes = Attributes(layer)
    assert attributes["units"] == 3
    assert "units" in attributes
    assert "filters" not in attributes
    with pytest.raises(KeyError):
        attributes["filters"]
    assert len(attributes) == len(list(attributes)) > 3


def test_what_moved_into_the_batch_is_merged_together():
    def windows(x):
        return ops.reshape(x, (-1, 2, 3))

    entry, other = keras.Input((8, 3)), keras.Input((2, 3))
    x = windows(entry)
    product = convcost.from_keras(keras.Model(entry, kl.Dot(2, name="dot")([x, x])))
    assert product["dot"].macs == 4 * 2 * 2 * 3
    assert product["dot"].output_shape == (4, 2, 2)
    mixed = keras.Model([entry, other], kl.Add(name="add")([x, other]))
    with pytest.raises(convcost.ModelError, match=r"'add'.*what became of the batch"):
        convcost.from_keras(mixed)


def test_profiles_that_cannot_be_made(monkeypatch):
    from convcost.verify import models

    network = convcost.from_keras(operations())

    def fail(error):
        def raise_it(*_):
            raise error

        return raise_it

    monkeypatch.setattr(models, "profiled_macs", fail(ImportError()))
    assert "profiler: not visible: TensorFlow is not" in str(check_model(operations(), network))
    monkeypatch.setattr(models, "profiled_macs", fail(ValueError("no groups")))
    report = check_model(operations(), network)
    assert "can't trace it: no groups" in str(report)
    assert report.agrees
    assert report.as_dict()["findings"][0]["layer"] == "conv"
    monkeypatch.undo()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ImportError, match="TensorFlow backend alone"):
        models.profiled_macs(operations(), ((8, 8, 4),))
