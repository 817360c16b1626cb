"""Layers that the library does not know: refused, left out, or registered."""

import keras
import pytest
from keras import layers as kl
from keras_models import Opaque, opaque, operations

import convcost
from convcost._models.keras.unknown_shapes import output_shapes


@pytest.mark.parametrize("form", [lambda m: m, lambda m: m.to_json(), lambda m: m.get_config()])
def test_a_layer_that_is_not_known_is_an_error_or_left_out(form):
    source = form(opaque())
    with pytest.raises(convcost.UnknownLayerError) as error:
        convcost.from_keras(source)
    for part in ("'mystery'", "Opaque", "@convcost.layers.register('Opaque')"):
        assert part in str(error.value)
    with pytest.warns(UserWarning, match="1 layer is left out of the cost of 'opaque', .*mystery"):
        network = convcost.from_keras(source, on_unknown="warn")
    assert network.left_out == ("mystery",)
    assert network["mystery"].layer is None
    assert network["mystery"].effective_macs == 0
    # The next layer gets the shape that the model records.
    assert network["after"].input_shapes == ((6, 6, 1),)
    assert "left out, since their cost is not known: mystery" in convcost.summary(network).notes[-1]
    assert convcost.summary(network).as_dict()["left_out"] == ["mystery"]


@pytest.mark.parametrize("form", [lambda m: m, lambda m: m.to_json()])
def test_a_recorded_shape_is_not_believed_at_another_input(form):
    with pytest.raises(convcost.ModelError, match=r"'after'.*does not record"):
        convcost.from_keras(form(opaque()), (10, 10, 3), on_unknown="warn")


@pytest.fixture
def registration():
    names = []

    def register(name):
        names.append(name)
        return convcost.layers.register(name)

    yield register
    for name in set(names):
        convcost._layers.registry.unregister(name)


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
    with pytest.raises(TypeError, match="the function registered for 'X' must be callable"):
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


def test_an_output_shape_that_is_not_known_prints_as_a_question():
    entry = keras.Input((8,))
    model = keras.Model(entry, Opaque(name="mystery")(entry))
    with pytest.warns(UserWarning, match="left out"):
        network = convcost.from_keras(model.to_json(), on_unknown="warn")
    assert str(network).splitlines()[2].endswith("?")
    assert network["mystery"].output_shape is None
    assert network["mystery"].intensity() == 0


def test_a_layer_whose_input_is_not_known_has_no_elements_to_read():
    unknown = [
        {"class_name": "Mystery", "module": "own", "config": {"name": name}} for name in "ab"
    ]
    config = {"name": "model", "layers": unknown}
    with pytest.warns(UserWarning, match="2 layers are left out"):
        network = convcost.from_keras(config, (4,), on_unknown="warn")
    assert network["b"].input_shapes == (None,)
    assert network["b"].intensity() == 0
    machine = convcost.hardware.Machine("laptop", 100e9, 20e9)
    assert convcost.hardware.predict(network, machine).seconds > 0


def test_on_unknown_is_one_of_two_words():
    with pytest.raises(ValueError, match="'error' or 'warn'; got 'ignore'"):
        convcost.from_keras(operations(), on_unknown="ignore")


class Doubled(Opaque):
    """Makes its input twice as wide."""

    def compute_output_spec(self, x):
        return keras.KerasTensor((*x.shape[:-1], 2 * x.shape[-1]))


def test_the_shape_for_which_the_next_layer_was_built():
    model = keras.Sequential([keras.Input((4, 6)), Doubled(name="wide"), kl.Dense(3)])
    with pytest.warns(UserWarning, match="wide"):
        net = convcost.from_keras(model.to_json(), on_unknown="warn")
    assert net.macs == 4 * 12 * 3
    assert [row.left_out for row in net] == [True, False]
    with pytest.raises(convcost.ModelError, match="does not record"):
        convcost.from_keras(model.to_json(), (5, 6), on_unknown="warn")


def test_a_lambda_in_a_file_says_its_shape():
    made = kl.Lambda(lambda x: x[:, :2], output_shape=(2, 6), name="half")
    model = keras.Sequential([keras.Input((5, 6)), made, kl.Dense(3)])
    for source in (model.to_json(), model.get_config()):
        with pytest.warns(UserWarning, match="half"):
            net = convcost.from_keras(source, (7, 6), on_unknown="warn")
        assert net.output_shapes == ((2, 3),)


@pytest.mark.parametrize(
    ("kind", "config"),
    [("Lambda", {"output_shape": [4, None]}), ("Lambda", {}), ("Mystery", {"output_shape": [4]})],
)
def test_shapes_that_the_arguments_do_not_say(kind, config):
    assert output_shapes(kind, config) is None


def test_the_user_says_the_shape_of_what_is_left_out():
    with pytest.warns(UserWarning, match="mystery"):
        net = convcost.from_keras(opaque(), on_unknown="warn")
    with pytest.warns(UserWarning, match="mystery"):
        again = convcost.Network(
            net.graph, (10, 10, 3), on_unknown="warn", shapes={"mystery": (10, 10, 1)}
        )
    assert again["after"].input_shapes == ((10, 10, 1),)
    with pytest.warns(UserWarning, match="mystery"):
        assert again.with_separable().left_out == ("mystery",)


@pytest.mark.parametrize(
    ("shapes", "error", "message"),
    [
        (3, TypeError, "shapes must be a dict of output shapes by layer"),
        ({"mystery": 3}, TypeError, r"shapes\['mystery'\] must be a shape without the batch"),
        ({"mystery": (0,)}, ValueError, r"shapes\['mystery'\]\[0\] must be a positive integer"),
        ({"mistery": (3,)}, ValueError, "'mistery', which is not a layer .*; did you mean 'myst"),
        ({"x": (3,)}, ValueError, "names 'x', which is not a layer that is left out$"),
    ],
)
@pytest.mark.filterwarnings("ignore:1 layer is left out")
def test_shapes_that_are_refused(shapes, error, message):
    graph = convcost.from_keras(opaque(), on_unknown="warn").graph
    with pytest.raises(error, match=message):
        convcost.Network(graph, on_unknown="warn", shapes=shapes)


def test_shapes_are_those_of_what_is_left_out():
    graph = convcost.from_keras(keras.Sequential([keras.Input((3,)), kl.Dense(2)])).graph
    with pytest.raises(ValueError, match="shapes needs on_unknown='warn'"):
        convcost.Network(graph, shapes={"dense": (2,)})


def test_several_shapes_of_what_is_left_out():
    class Twice(Opaque):
        def compute_output_spec(self, x):
            return [keras.KerasTensor((*x.shape[:-1], 1)) for _ in range(2)]

    entry = keras.Input((5, 6))
    model = keras.Model(entry, Twice(name="twice")(entry))
    with pytest.warns(UserWarning, match="twice"):
        graph = convcost.from_keras(model, on_unknown="warn").graph
    with pytest.warns(UserWarning, match="twice"):
        net = convcost.Network(graph, on_unknown="warn", shapes={"twice": [(4,), (3,)]})
    assert net.output_shapes == ((4,), (3,))


def test_what_is_registered_may_have_several_outputs(registration):
    class Parted(Opaque):
        def compute_output_spec(self, x, mask=None):
            return [keras.KerasTensor((*x.shape[:-1], side)) for side in (2, 4)]

    seen = []

    @registration("Parted")
    def parted(config, shape):
        seen.append(shape)
        return convcost.layers.Custom([(*shape[:-1], 2), (*shape[:-1], 4)], macs=9)

    entry = keras.Input((5,), dtype="int32")
    left, right = Parted(name="parted")(kl.Embedding(9, 6, mask_zero=True)(entry))
    model = keras.Model(entry, [kl.Dense(3)(left), right])
    for source in (model, model.to_json()):
        net = convcost.from_keras(source)
        assert net.macs == 9 + 5 * 2 * 3
        assert net.output_shapes == ((5, 3), (5, 4))
        assert net["parted"].output_shape == ((5, 2), (5, 4))
    assert set(seen) == {(5, 6)}  # and not the mask
    with pytest.raises(ValueError, match=r"output\[1\]\[0\] must be a positive integer"):
        convcost.layers.Custom([(1,), (0,)])


def test_what_is_left_out_is_marked_in_every_format():
    with pytest.warns(UserWarning, match="mystery"):
        report = convcost.summary(opaque(), on_unknown="warn", effective=True, intensity=True)
    line = next(one for one in report.as_dict()["rows"] if one["name"] == "mystery")
    numbers = ("params", "macs", "share", "effective_macs", "intensity")
    assert [line[name] for name in numbers] == [None] * 5
    assert 'mystery,Opaque,"(6, 6, 1)",,,,,,left out: cost not known' in report.to_csv()
    frame = report.to_pandas().set_index("name")
    assert frame.loc["mystery", ["params", "macs"]].isna().all()
    assert "left out: cost not known" in report.to_markdown()
    assert report.notes[0].startswith("total, without 1 left out: ")
    assert " of the counted " in report.notes[1]
    grouped = report.group(lambda row: "all")
    assert grouped.lines[0][-1].endswith("without 1 left out")
    assert grouped.lines[0][3] == report.network.params


def test_what_is_left_out_is_marked_in_a_comparison():
    with pytest.warns(UserWarning, match="mystery"):
        net = convcost.from_keras(opaque(), on_unknown="warn")
    with pytest.warns(UserWarning, match="mystery"):
        changed = net.with_separable()
    comparison = convcost.compare(net, changed)
    line = next(one for one in comparison.lines if one[0] == "mystery")
    assert line[2:] == (None,) * 6
    assert comparison.notes[2].startswith("after / before, without the layers left out: ")
    assert "left out after, since their cost is not known: mystery" in comparison.notes[-1]


def test_shapes_for_a_network_that_was_read_before():
    with pytest.warns(UserWarning, match="mystery"):
        net = convcost.from_keras(opaque(), on_unknown="warn")
    with pytest.warns(UserWarning, match="mystery"):
        report = convcost.summary(net, on_unknown="warn", shapes={"mystery": (6, 6, 1)})
    assert report.network["after"].input_shapes == ((6, 6, 1),)


@pytest.mark.parametrize("batch", [None, 3])
def test_a_layer_that_is_left_out_where_elements_were_moved_into_the_batch(batch):
    entry = keras.Input((10, 8), batch_size=batch)
    moved = keras.ops.reshape(entry, (-1, 2, 2))
    model = keras.Model(entry, kl.Dense(5)(Opaque(name="mystery")(moved)))
    with pytest.warns(UserWarning, match="mystery"):
        net = convcost.from_keras(model, on_unknown="warn")
    assert net.macs == 20 * 2 * 5
    with pytest.warns(UserWarning, match="mystery"):
        net = convcost.Network(net.graph, on_unknown="warn", shapes={"mystery": (7, 1)})
    assert net.macs == 20 * 7 * 5


def test_a_layer_that_is_left_out_and_moves_elements_out_of_the_batch():
    class Back(Opaque):
        def compute_output_spec(self, x):
            return keras.KerasTensor((3, 40), x.dtype)

    entry = keras.Input((10, 8), batch_size=3)
    moved = keras.ops.reshape(entry, (-1, 2, 2))
    model = keras.Model(entry, kl.Dense(5)(Back(name="mystery")(moved)))
    with pytest.raises(convcost.ModelError, match="does not record"):
        convcost.from_keras(model, on_unknown="warn")


def test_a_file_at_another_shape_with_a_layer_left_out(tmp_path):
    norm = kl.Lambda(lambda x: keras.ops.pad(x, [[0, 0], [0, 0], [0, 1]]), name="norm")
    model = keras.Sequential([keras.Input((5, 3)), norm, kl.Dense(2)])
    model.save(tmp_path / "model.keras")
    shapes = {"norm": (7, 4)}
    with pytest.warns(UserWarning, match="norm"):
        net = convcost.from_keras(
            tmp_path / "model.keras", (7, 3), on_unknown="warn", shapes=shapes
        )
    assert net.params == 10
