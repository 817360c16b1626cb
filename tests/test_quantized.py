"""Quantized and adapted layers against Keras's variables and JAX's record, live and from JSON."""

import json

import keras
import numpy as np
import pytest
from both_forms import hold, hold_to_jax, size, walked
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from strategies import examples

import convcost
from convcost import layers
from convcost.layers import Dense, EinsumDense, Embedding, LoRA, Quantized, ReversibleEmbedding
from convcost.symbols import symbol
from convcost.verify import NotVisible

SIDE = st.integers(1, 9)
MODES = ["int8", "int4", "int4/-1", "int4/1", "int4/3", "int4/8", "float8"]


def dense(draw):
    shape = (*draw(st.lists(SIDE, max_size=1)), draw(SIDE))
    return Dense(draw(SIDE), use_bias=draw(st.booleans())), shape


def einsum(draw):
    b, c, d, e = (draw(SIDE) for _ in range(4))
    equation, sides, axes, shape = draw(
        st.sampled_from(
            [
                ("abc,cd->abd", (None, d), "d", (b, c)),
                ("abc,cde->abde", (None, d, e), "de", (b, c)),
                ("abde,dec->abc", (None, c), "c", (b, d, e)),
                ("abc,cde->abde", (None, d, e), "e", (b, c)),
                ("abc,cd->adb", (d, None), None, (b, c)),
                ("abc,bcd->abd", (b, d), "bd", (b, c)),
            ]
        )
    )
    return EinsumDense(equation, sides, bias_axes=axes), shape


def embedding(draw):
    made = Embedding if draw(st.booleans()) else ReversibleEmbedding
    options = {} if made is Embedding else {"tie_weights": draw(st.booleans())}
    return made(draw(SIDE), draw(SIDE), **options), (draw(SIDE),)


def convolution(draw):
    rank, groups = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    options = {"groups": groups, "use_bias": draw(st.booleans()), "padding": "same"}
    filters, kernel = groups * draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = (*[draw(st.integers(3, 5)) for _ in range(rank)], groups * draw(st.integers(1, 3)))
    return getattr(layers, f"Conv{rank}D")(filters, kernel, **options), shape


@st.composite
def stored(draw):
    """Draw a layer of this library, stored in any way, and the shape of an input."""
    make = draw(st.sampled_from([dense, einsum, embedding, convolution]))
    ours, shape = make(draw)
    modes = MODES[: 0 if make is convolution else -1 if make is embedding else None]
    mode = draw(st.sampled_from([None, *modes]))
    lasts = make is not einsum or ours.adds_last_axis or mode is None
    rank = draw(st.none() | st.integers(1, 3)) if mode != "float8" and lasts else None
    ours = Quantized(ours, mode) if mode else ours
    return LoRA(ours, rank) if rank else ours, shape


def like(layer):
    """Return the layer of Keras that one of this library describes, before it is changed."""
    own = {name: one for name, one in layer.arguments().items() if name != "reverse"}
    return getattr(kl, type(layer).__name__)(**own)


def built(ours, shape, adapted_first=False):
    """Return a model of the layer of Keras, changed as the layer of this library says."""
    rank = ours.lora_rank if isinstance(ours, LoRA) else None
    inside = ours.layer if rank else ours
    mode = inside.mode if isinstance(inside, Quantized) else None
    inside = inside.layer if mode else inside
    theirs = like(inside)
    # An embedding takes integers.
    entry = keras.Input(shape, dtype="int32" if hasattr(inside, "input_dim") else None)
    model = keras.Model(entry, theirs(entry))
    if rank and adapted_first:
        theirs.enable_lora(rank)
    if mode:
        quantize(theirs, mode)
    if rank and not adapted_first:
        theirs.enable_lora(rank)
    return model


def quantize(layer, mode):
    name, _, block = mode.partition("/")
    sizes = {"block_size": int(block)} if block else {}
    config = keras.quantizers.Int4QuantizationConfig(**sizes) if name == "int4" else None
    layer.quantize(name, config=config)


def shown(weights):
    return sorted((one.name, tuple(one.shape), one.trainable) for one in weights)


@examples(60)
@given(stored(), st.booleans())
def test_weights_are_the_variables_that_keras_keeps(drawn, adapted_first):
    ours, shape = drawn
    model = built(ours, shape, adapted_first)
    theirs, network = model.layers[-1], hold(model)
    assert shown(ours.weights(shape)) == shown(theirs.weights)
    assert ours.cost(shape).params == theirs.count_params()
    row = network.rows[-1]
    assert (row.layer, row.output_shape) == (ours, ours.output_shape(shape))
    assert row.cost == ours.cost(shape)


@examples(12)
@given(stored())
def test_macs_are_those_in_the_record_of_jax(drawn):
    ours, shape = drawn
    inside = ours.layer if isinstance(ours, LoRA) else ours
    tied = getattr(inside, "tie_weights", True)
    hold_to_record(built(ours, shape), isinstance(ours, LoRA) and not tied)


def hold_to_record(model, lost):
    """Hold a model to Keras and to JAX's record, unless Keras loses it on the way there.

    Keras 3.15 can't read a ReversibleEmbedding from its own config if its weights are not tied and
    it has LoRA, but is not quantized.
    """
    network = hold(model)
    if lost and keras.backend.backend() != "jax":
        with pytest.raises(NotVisible, match=r"can't build it .* \(ValueError\)"):
            walked(model, network)
    else:
        assert walked(model, network) == network.macs


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("mode", [None, "int8", "int4"])
@pytest.mark.parametrize("rank", [None, 2])
def test_keras_loses_no_other_reversible_embedding(tied, mode, rank):
    layer = ReversibleEmbedding(3, 4, tie_weights=tied)
    layer = Quantized(layer, mode) if mode else layer
    model = built(LoRA(layer, rank) if rank else layer, (5,))
    hold_to_record(model, rank and not mode and not tied)


@examples(12)
@given(SIDE, SIDE, st.booleans(), st.sampled_from([None, *MODES[:-1]]), st.none() | SIDE)
def test_an_embedding_leads_back_with_what_it_stores(values, length, tied, mode, rank):
    theirs = kl.ReversibleEmbedding(values, length, tie_weights=tied)
    tokens, vectors = keras.Input((3,), dtype="int32"), keras.Input((2, length))
    model = keras.Model([tokens, vectors], [theirs(tokens), theirs(vectors, reverse=True)])
    if mode:
        quantize(theirs, mode)
    if rank:
        theirs.enable_lora(rank)
    hold_to_record(model, rank and not mode and not tied)


def trained(model, shape):
    """Return the MACs of the forward pass and both gradients of the model's layer, by JAX."""
    import jax
    from jax import numpy as jnp

    from convcost._verify.oracles.jaxpr import walk

    def made(inputs, trained):
        return jnp.sum(model.stateless_call(trained, fixed, inputs)[0])

    trainable = [one.value for one in model.trainable_variables]
    fixed = [one.value for one in model.non_trainable_variables]
    inputs = jnp.ones((1, *shape))
    return walk(jax.make_jaxpr(jax.grad(made, argnums=(0, 1)))(inputs, trainable).jaxpr).total()


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="needs KERAS_BACKEND=jax")
@examples(40)
@given(stored())
def test_a_training_step_multiplies_as_the_gradients_of_jax(drawn):
    ours, shape = drawn
    model = built(ours, shape)
    # A merged kernel is a weight of its own to JAX, and an embedding takes no gradient.
    if not isinstance(ours, LoRA) and model.inputs[0].dtype != "int32" and len(shape) == 1:
        assert trained(model, shape) == ours.cost(shape, training=True).macs


def test_a_frozen_kernel_takes_no_gradient_and_small_kernels_take_theirs():
    plain = Dense(7).training((5, 9))
    int8 = Quantized(Dense(7), "int8").training((5, 9))
    assert int8.forward.macs == int8.input_gradient.macs == plain.forward.macs == 5 * 9 * 7
    assert (int8.weight_gradient.macs, int8.weight_gradient.bias_adds) == (0, 5 * 7)
    assert Quantized(Dense(7), "float8").training((5, 9)).weight_gradient == plain.weight_gradient
    merged = LoRA(Dense(7), 2).training((5, 9))
    assert merged.forward.macs == 5 * 9 * 7 + 9 * 2 * 7
    assert merged.weight_gradient.macs == 5 * 9 * 7 + 2 * 9 * 2 * 7
    assert merged.input_gradient.macs == 5 * 9 * 7
    beside = LoRA(Quantized(Dense(7), "int8"), 2).training((5, 9))
    assert beside.forward.macs == 5 * (9 * 7 + 9 * 2 + 2 * 7)
    assert beside.weight_gradient.macs == 5 * (9 * 2 + 2 * 7)


def test_sizes_may_be_symbols_and_arrays():
    m, n, r, t = map(symbol, "mnrt")
    layer = LoRA(Quantized(Dense(n), "int4/-1"), r)
    cost = layer.cost((t, m))
    assert cost.macs.expand() == (m * n * t + m * r * t + n * r * t).expand()
    at = {m: 9, n: 7, r: 2, t: 5}
    once = LoRA(Quantized(Dense(7), "int4/-1"), 2).cost((5, 9))
    assert (cost.params.subs(at), cost.macs.subs(at)) == (once.params, once.macs)
    several = Quantized(EinsumDense("abc,cd->abd", (None, 8)), "int4/4")
    wide = several.cost((5, np.array([6, 9])))
    assert [*wide.params] == [several.cost((5, width)).params for width in (6, 9)]


TURNED = EinsumDense("abc,cd->adb", (3, None))
WIDE = EinsumDense("abc,cdef->abdef", (None, 2, 2, 2))
GROUPED = ["gptq/4/4", "gptq/8/-1", "gptq/3/2", "awq/4/4", "awq/4/-1"]


@pytest.mark.parametrize("mode", GROUPED)
@pytest.mark.parametrize(
    ("name", "given_", "shape"),
    [
        ("Dense", (5,), (9,)),
        ("EinsumDense", ("abc,cd->abd", (None, 5), "d"), (4, 9)),
        ("EinsumDense", ("abc,cde->abde", (None, 3, 2), "de"), (4, 9)),
        ("EinsumDense", ("abde,dec->abc", (None, 9), "c"), (4, 3, 2)),
    ],
)
def test_groups_of_weights_are_stored_as_keras_builds_them(mode, name, given_, shape):
    options = {"bias_axes": given_[2]} if name == "EinsumDense" else {}
    ours = Quantized(getattr(layers, name)(*given_[:2], **options), mode)
    theirs = getattr(kl, name)(*given_[:2], **options, dtype=f"{mode}_from_float32")
    entry = keras.Input(shape)
    model = keras.Model(entry, theirs(entry))
    assert shown(ours.weights(shape)) == shown(theirs.weights)
    assert hold(model).params == ours.cost(shape).params
    config = getattr(keras.quantizers, f"{mode.partition('/')[0].upper()}Config")
    bits, group = map(int, mode.split("/")[1:])
    options = {} if mode.startswith("awq") else {"weight_bits": bits}
    given_config = config(dataset=["a"], tokenizer=None, group_size=group, **options)
    saved = json.loads(model.to_json())
    serialized = keras.saving.serialize_keras_object(given_config)
    saved["config"]["layers"][-1]["config"]["quantization_config"] = serialized
    assert convcost.from_keras(saved).params == ours.cost(shape).params


def test_a_model_that_is_being_calibrated_is_refused():
    model = keras.Sequential([keras.Input((9,)), kl.Dense(4, name="d")])
    config = keras.quantizers.GPTQConfig(dataset=["a"], tokenizer=None, group_size=4)
    model.layers[0].quantize("gptq", config=config)  # it still has its kernel, too
    with pytest.raises(convcost.ModelError, match="it holds other weights than a layer"):
        convcost.from_keras(model)


def test_the_length_of_a_history_is_that_of_the_policy():
    policy = keras.dtype_policies.QuantizedFloat8DTypePolicy("float8", "float32", 8)
    model = keras.Sequential([keras.Input((9,)), kl.Dense(4, dtype=policy)])
    assert (
        hold(model).params == Quantized(Dense(4), "float8", amax_history_length=8).cost((9,)).params
    )


def around(inner):
    """Return models that hold a layer: in itself, in a model, in `TimeDistributed`, and shared."""
    entry, steps = keras.Input((9,)), keras.Input((5, 9))
    model = keras.Model(entry, inner(entry))
    yield model
    outer = keras.Input((9,))
    yield keras.Model(outer, model(model(outer)))
    yield keras.Model(steps, kl.TimeDistributed(inner)(steps))
    yield keras.Model(steps, kl.TimeDistributed(model)(steps))


@pytest.mark.parametrize("mode", [None, "int8", "int4", "float8"])
def test_small_kernels_are_multiplied_in_each_call(mode):
    for index in range(4):
        inner = kl.Dense(9)
        model = list(around(inner))[index]
        if mode is None:
            inner.enable_lora(2)
        else:
            quantize(inner, mode)
        network = hold_to_jax(model)
        assert sum(row.effective_macs for row in network) == network.macs


def test_quantized_adapted_steps_are_refused_since_keras_leaves_their_scales_out():
    inner = kl.Dense(9, name="d")
    model = list(around(inner))[2]
    inner.quantize("int8")
    inner.enable_lora(2)
    for source in (model, model.to_json()):
        with pytest.raises(convcost.UnknownLayerError, match="around Dense with LoRA has no"):
            convcost.from_keras(source)


def test_a_product_for_a_whole_batch_has_no_part_for_one_input():
    entry = keras.Input(batch_shape=(2, 9))
    model = keras.Model(entry, kl.Dense(4, lora_rank=2)(entry))
    with pytest.raises(convcost.ModelError, match="weights with each other, once for a batch of 2"):
        convcost.from_keras(model)
    alone = keras.Input(batch_shape=(1, 9))
    assert hold(keras.Model(alone, kl.Dense(4, lora_rank=2)(alone))).macs == 9 * 4 + 9 * 2 * 4
    chain = layers.Chain([LoRA(Dense(4), 2), Dense(3)])
    assert chain.computes_once
    assert layers.TimeDistributed(chain).computes_once
    assert not layers.Chain([Dense(3)]).computes_once


def test_a_quantized_model_counts_its_kernels_once_where_they_are_shared():
    inner = kl.Dense(9)
    model = list(around(inner))[1]
    model.quantize("int8")
    network = hold(model)
    assert network.params == size(model.weights)
    assert network.macs == walked(model, network) == 2 * 81


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Quantized(Dense(3), "int7"), ValueError, "mode must be .*'int8'"),
        (lambda: Quantized(Dense(3), 8), TypeError, "mode must be the name of a mode"),
        (lambda: Quantized(Dense(3), "int4/0"), ValueError, "mode must be 'int4/' and the size"),
        (lambda: Quantized(Dense(3), "int8/4"), ValueError, "mode must be 'int8'"),
        (lambda: Quantized(Dense(3), "gptq/4"), ValueError, "mode must be 'gptq/' with the bits"),
        (lambda: Quantized(Dense(3), "gptq/5/8"), ValueError, "mode must be 2 or 3 or 4 or 8 bits"),
        (lambda: Quantized(Dense(3), "awq/8/8"), ValueError, "mode must be 4 bits"),
        (lambda: Quantized(layers.Conv2D(3, 3), "int8"), TypeError, "layer must be Dense, E"),
        (lambda: Quantized(Embedding(3, 3), "float8"), ValueError, "mode must be one of int8"),
        (lambda: Quantized(Dense(3), "float8", amax_history_length=0), ValueError, "amax_history"),
        (lambda: LoRA(Dense(3), 0), ValueError, "lora_rank must be a positive integer"),
        (lambda: LoRA(layers.DepthwiseConv2D(3), 2), TypeError, "layer must be Conv1D, Conv2D"),
        (lambda: LoRA(Quantized(Dense(3), "float8"), 2), ValueError, "quantized to int8 or int4"),
        (lambda: LoRA(Quantized(TURNED, "int8"), 2), ValueError, "end with the same axis"),
        (lambda: Quantized(WIDE, "gptq/4/4").cost((3, 3)), ValueError, "int8 or int4 for a kernel"),
        (lambda: Quantized(Dense(3), "int8").cost(()), ValueError, "input_shape must be"),
        (lambda: LoRA(Dense(3), 2).cost(()), ValueError, "input_shape must be"),
    ],
)  # fmt: skip
def test_what_keras_does_not_have_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_layer_that_keras_does_not_quantize_is_refused_by_name():
    policy = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}
    config = {"name": "c", "filters": 3, "kernel_size": 3, "dtype": policy}
    source = {"name": "m", "layers": [{"class_name": "Conv2D", "config": config}]}
    with pytest.raises(
        convcost.UnknownLayerError, match=r"Conv2D quantized to 'int8' .*layer must"
    ):
        convcost.from_keras(source, (8, 8, 3))
    config = {"name": "c", "lora_rank": 0, "units": 3}
    source = {"name": "m", "layers": [{"class_name": "Dense", "config": config}]}
    with pytest.raises(convcost.UnknownLayerError, match="Dense with LoRA of rank 0"):
        convcost.from_keras(source, (8,))


@pytest.mark.parametrize("mode", [None, "int8", "int4"])
def test_projections_of_attention_are_stored_each_as_it_is(mode):
    entry = keras.Input((10, 16))
    model = keras.Model(entry, kl.MultiHeadAttention(2, 8)(entry, entry))
    before = convcost.from_keras(model)
    attention = model.layers[-1]
    projections = [one for one in attention._flatten_layers() if isinstance(one, kl.EinsumDense)]
    for one in projections:
        quantize(one, mode) if mode else one.enable_lora(2)
    network = convcost.from_keras(model)
    small = (
        0 if mode else sum(size([one.lora_kernel_a]) * one.kernel.shape[-1] for one in projections)
    )
    assert network.params == model.count_params() != before.params
    assert network.trainable_params == size(model.trainable_weights)
    assert network.macs == before.macs + small
