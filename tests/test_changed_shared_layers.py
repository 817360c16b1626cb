"""What-ifs of layers that are used in several places, against Keras models built that way."""

import copy

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers as kl
from keras import ops

import convcost


class Around(kl.Layer):
    """A layer of one's own that calls others, one after the other."""

    def __init__(self, *layers, **kwargs):
        super().__init__(**kwargs)
        self.inner = list(layers)

    def call(self, x):
        for one in self.inner:
            x = one(x)
        return x


def nested(*layers, shape=(8, 8, 8)):
    return keras.Sequential([keras.Input(shape), *layers])


PLACES = {
    "itself": lambda layer: layer,
    "own layer": Around,
    "own layer, twice": lambda layer: Around(layer, kl.ReLU(), layer),
    "model": nested,
    "model in an own layer": lambda layer: Around(nested(layer)),
    "own layer in a model": lambda layer: nested(Around(layer)),
}
places = st.lists(st.sampled_from(sorted(PLACES)), min_size=1, max_size=4)


def using(layer, names, width=8, shape=(8, 8, 8)):
    """Return a model that uses one layer in several places."""
    entry = keras.Input(shape)
    x = kl.Dense(width, name="stem")(entry)
    for name in names:
        x = PLACES[name](layer)(x)
    return keras.Model(entry, kl.Dense(3, name="head")(x))


def rows_of(net, ending):
    return [row for row in net if row.path[-1] == ending]


def same(network, model):
    built = convcost.from_keras(model)
    assert network.total() == built.total()
    assert network.params == model.count_params()


@settings(deadline=None)
@given(places, st.data())
def test_a_shared_layer_is_made_separable_everywhere(names, data):
    net = convcost.from_keras(using(kl.Conv2D(8, 3, padding="same", name="c"), names))
    chosen = data.draw(st.sampled_from(sorted({row.name for row in rows_of(net, "c")})))
    changed = net.with_separable(where=chosen)
    assert {row.kind for row in rows_of(changed, "c")} == {"SeparableConv2D"}
    same(changed, using(kl.SeparableConv2D(8, 3, padding="same", name="c"), names))
    assert changed.with_standard().total() == net.total()
    again = copy.deepcopy(net).with_separable(where=chosen)
    assert again.total() == changed.total()


@settings(deadline=None)
@given(places)
def test_a_shared_layer_has_one_width(names):
    net = convcost.from_keras(using(kl.Dense(8, name="d"), names))
    half = net.scale(0.5)
    assert {row.layer.units for row in rows_of(half, "d")} == {4}
    entry = keras.Input((8, 8, 8))
    d = kl.Dense(4)
    x = kl.Dense(4)(entry)
    for name in names:
        x = d(d(x)) if "twice" in name else d(x)
    same(half, keras.Model(entry, kl.Dense(3)(x)))


def test_a_layer_that_makes_the_output_keeps_its_width_everywhere():
    entry, outer = keras.Input((8,)), keras.Input((8,))
    dense = kl.Dense(8, name="d")
    nest = keras.Model(entry, dense(entry), name="n")
    net = convcost.from_keras(keras.Model(outer, dense(nest(outer)))).scale(0.5)
    assert [row.layer.units for row in net] == [8, 8]
    assert net.params == 8 * 8 + 8


def test_a_layer_is_kept_wherever_it_is_used():
    dense, entry = kl.Dense(8, name="d"), keras.Input((8,))
    x = kl.Dense(8, name="first")(entry)
    x = kl.Dense(3, name="head")(dense(Around(dense, name="a")(x)))
    net = convcost.from_keras(keras.Model(entry, x))
    half = net.scale(0.5, keep=["first", "a/d"])
    assert [row.layer.units for row in half] == [8, 8, 8, 3]


def test_a_layer_inside_of_time_distributed_is_changed_as_well():
    conv, entry = kl.Conv2D(4, 3, padding="same", name="c"), keras.Input((5, 8, 8, 4))
    timed = kl.TimeDistributed(conv, name="t")
    one = keras.Input((8, 8, 4))
    model = keras.Model([entry, one], [timed(entry), conv(one)])
    net = convcost.from_keras(model)
    params = kl.SeparableConv2D(4, 3)
    params.build((None, 8, 8, 4))
    for where in ("c", "t", None):
        changed = net.with_separable(where)
        assert changed.params == params.count_params()
        assert changed.with_standard().total() == net.total()
    assert net["t"].kind == changed["t"].kind == "TimeDistributed"


def test_a_dense_layer_in_time_distributed_and_outside_has_one_width():
    dense, entry = kl.Dense(8, name="d"), keras.Input((5, 8))
    x = kl.TimeDistributed(dense)(dense(entry))
    net = convcost.from_keras(keras.Model(entry, kl.Dense(2)(x)))
    # Half as wide, it would take eight channels once, and four the other time.
    with pytest.raises(convcost.ModelError, match=r"\(8, 4\) there and \(4, 4\) here"):
        net.scale(0.5)
    assert net.scale(0.5, keep=["d"]).total() == net.total()


def pair(side=3):
    return kl.DepthwiseConv2D(side, padding="same", name="dw"), kl.Conv2D(8, 1, name="pw")


def full(side=3):
    layer = kl.Conv2D(8, side, padding="same")
    layer.build((None, 8, 8, 8))
    return layer.count_params()


def depthwise(side=3):
    layer = kl.DepthwiseConv2D(side)
    layer.build((None, 8, 8, 8))
    return layer.count_params()


def test_halves_that_are_used_elsewhere_stay_there_and_count():
    entry = keras.Input((8, 8, 8))
    dw, pw = pair()
    net = convcost.from_keras(keras.Model(entry, dw(nested(dw, pw)(entry)))).with_standard()
    assert net.params == full() + depthwise()
    dw, pw = pair()
    net = convcost.from_keras(keras.Model(entry, pw(nested(dw, pw)(entry)))).with_standard()
    assert net.params == full() + 8 * 8 + 8
    dw, pw = pair()
    norm = kl.BatchNormalization()
    net = convcost.from_keras(keras.Model(entry, norm(nested(dw, norm, pw)(entry))))
    assert net.with_standard().params == full() + 4 * 8


@pytest.mark.parametrize("around", [Around, nested])
def test_one_half_behind_several_others(around):
    (small, pw), (large, _) = pair(3), pair(5)
    entry = keras.Input((8, 8, 8))
    model = keras.Model(entry, around(large, pw)(around(small, pw)(entry)))
    assert convcost.from_keras(model).with_standard().params == full(3) + full(5)


@pytest.mark.parametrize("around", [Around, nested])
def test_the_same_halves_in_two_places_are_one_full_convolution(around):
    dw, pw = pair()
    entry = keras.Input((8, 8, 8))
    model = keras.Model(entry, around(dw, pw)(around(dw, pw)(entry)))
    changed = convcost.from_keras(model).with_standard()
    assert changed.params == full()
    assert changed.macs == 2 * 64 * 9 * 8 * 8


class Borrowing(kl.Layer):
    """Computes with the kernel of a layer that it may call as well."""

    def __init__(self, layer, calls, **kwargs):
        super().__init__(**kwargs)
        self.layer, self.calls = layer, calls

    def call(self, x):
        x = self.layer(x) if self.calls else x
        return ops.conv(x, self.layer.kernel, padding="same")


@pytest.mark.parametrize("calls", [False, True])
def test_code_that_uses_the_weights_of_a_changed_layer_is_refused(calls):
    conv, entry = kl.Conv2D(8, 3, padding="same", name="c"), keras.Input((8, 8, 8))
    other = kl.Conv2D(8, 3, name="other")
    x = Borrowing(conv, calls, name="own")(conv(other(entry)))
    net = convcost.from_keras(keras.Model(entry, x))
    with pytest.raises(convcost.ModelError, match=r"weight 'kernel' is used past it .*by 'conv'"):
        net.with_separable("c")
    assert net.with_separable("other")["own/conv"].macs == net["own/conv"].macs
    model = keras.Model(entry, kl.Dense(2)(x))
    with pytest.raises(convcost.ModelError, match=r"'own/c.*another shape"):
        convcost.from_keras(model).scale(0.5, keep=["other"])


def test_layers_that_share_a_variable_are_not_changed():
    left, right = (kl.Conv2D(8, 3, padding="same", name=name) for name in ("left", "right"))
    entry = keras.Input((8, 8, 8))
    model = keras.Model(entry, right(left(entry)))
    right._trainable_variables[:] = [left.kernel, right.bias]
    with pytest.raises(convcost.ModelError, match="used past it as well, by 'left' and 'right'"):
        convcost.from_keras(model).with_separable("left")


class Sometimes(kl.Layer):
    """Holds a layer that some of its calls don't use."""

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer

    def compute_output_shape(self, shape):
        return shape

    def call(self, x, use=True):
        return self.layer(x) if use else x


@pytest.mark.parametrize("around", [lambda layer: layer, kl.TimeDistributed])
def test_weights_that_belong_to_a_layer_before_it_is_used(around):
    conv, entry = kl.Conv2D(8, 3, padding="same", name="c"), keras.Input((5, 8, 8, 8))
    conv.build((None, 8, 8, 8))
    own = Sometimes(conv, name="own")
    x = around(own)(entry) if around is kl.TimeDistributed else own(entry, use=False)
    model = keras.Model(entry, kl.TimeDistributed(conv, name="t")(x))
    changed = convcost.from_keras(model).with_separable("t")
    made = kl.SeparableConv2D(8, 3)
    made.build((None, 8, 8, 8))
    assert changed.params == made.count_params()


class TwoOfAName(kl.Layer):
    """Two layers of one name, in different calls."""

    def __init__(self, first, second, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = first, second

    def call(self, x, other=False):
        return self.second(x) if other else self.first(x)


def test_two_layers_of_one_name():
    first, second = (kl.Conv2D(8, side, padding="same", name="c") for side in (3, 5))
    for one in (first, second):
        one.build((None, 8, 8, 8))
    own, entry = TwoOfAName(first, second, name="own"), keras.Input((8, 8, 8))
    net = convcost.from_keras(keras.Model(entry, own(own(entry), other=True)))
    changed = net.with_separable(lambda row: row.layer.kernel_size == (5, 5))
    assert [row.kind for row in changed] == ["Conv2D", "SeparableConv2D"]
    assert {row.kind for row in net.with_separable("own/c")} == {"SeparableConv2D"}
    model = keras.Model(entry, kl.Dense(2)(own(own(entry), other=True)))
    with pytest.raises(convcost.ModelError, match="another layer in the same place has its name"):
        convcost.from_keras(model).scale(0.5)


def test_one_layer_whose_inputs_no_longer_have_equal_channels():
    left, right, dense = keras.Input((8,), name="l"), keras.Input((8,), name="r"), kl.Dense(4)
    net = convcost.from_keras(keras.Model([left, right], dense(left) + dense(right)))
    assert net.at([(6,), (6,)]).params == 6 * 4 + 4
    with pytest.raises(convcost.ModelError, match=r"another shape: \(6, 4\) there and \(8, 4\)"):
        net.at([(6,), (8,)])


def test_one_layer_of_a_file_whose_inputs_no_longer_have_equal_channels():
    left, right, dense = keras.Input((8,), name="l"), keras.Input((8,), name="r"), kl.Dense(4)
    model = keras.Model([left, right], kl.Add()([dense(left), dense(right)]))
    with pytest.raises(convcost.ModelError, match=r"another shape: \(6, 4\) there and \(8, 4\)"):
        convcost.from_keras(model.to_json()).at([(6,), (8,)])


class Block(kl.Layer):
    """A separable block with operations between its halves."""

    def __init__(self, between, **kwargs):
        super().__init__(**kwargs)
        self.dw, self.pw = pair()
        self.between = between

    def call(self, x):
        return self.pw(self.between(self.dw(x)))


@pytest.mark.parametrize("between", [ops.relu, ops.relu6, ops.silu, lambda x: ops.tanh(ops.elu(x))])
@pytest.mark.parametrize("inside", [False, True])
def test_activations_by_operations_between_the_halves_go_as_well(between, inside):
    entry = keras.Input((8, 8, 8))
    block = Block(between)
    made = block(entry) if inside else block.pw(between(block.dw(entry)))
    changed = convcost.from_keras(keras.Model(entry, made)).with_standard()
    assert changed.params == full()
    assert [row.kind for row in changed] == ["Conv2D"]


class Activation(kl.Layer):
    """A layer of one's own with the name of one of Keras's."""

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], shape[-1]))

    def call(self, x):
        return ops.matmul(x, self.w)


def test_a_layer_of_ones_own_between_the_halves_stays():
    entry = keras.Input((8, 8, 8))
    dw, pw = pair()
    net = convcost.from_keras(keras.Model(entry, pw(Activation()(dw(entry)))))
    assert net.with_standard().total() == net.total()


def bottleneck(width, activation):
    entry = keras.Input((8, 8, 3))
    x = kl.Conv2D(width, 3, name="stem")(entry)
    x = kl.Conv2D(24, 1, name="wide")(activation(x))
    x = kl.DepthwiseConv2D(3)(x)
    return keras.Model(entry, kl.Conv2D(2, 1, name="last")(x))


def test_a_layer_behind_an_activation_by_an_operation_expands_no_bottleneck():
    by_layer, by_operation = (
        convcost.from_keras(bottleneck(12, one)).scale(0.9, divisor=8)["wide"].layer.filters
        for one in (kl.ReLU(), ops.relu)
    )
    assert by_layer == by_operation == 24
