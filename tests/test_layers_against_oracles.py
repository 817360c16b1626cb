"""Layers against independent counts: Keras, the running layer, the TF profiler, XLA and PyTorch."""

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from strategies import LAYERS, examples, layers_with_shapes

from convcost import layers, verify
from convcost._verify.cases import claims
from convcost._verify.devices import Device
from convcost._verify.oracles import ORACLES, NotVisible, processes, pytorch

keras = pytest.importorskip("keras")
CPU = Device("cpu:0", keras.backend.backend())
ON_TENSORFLOW = keras.backend.backend() == "tensorflow"

# Reasons why an oracle may not count: what Keras can't express or TensorFlow gets wrong.
KNOWN = {
    "keras": (
        "Keras's transposed convolutions have no groups",
        "Keras refuses it: `strides > 1` not supported in conjunction with `dilation_rate > 1`",
        "Keras refuses it: `output_padding` must be strictly less than `strides`",
    ),
    "profiler": (
        "TensorFlow registers no FLOPs for Conv3DBackpropInputV2",
        "TensorFlow's Conv3D swaps the dilation rates of height and width",
        "TensorFlow divides the output's sides by the strides",
    ),
    "xla": (),
    "torch": (),
}
KNOWN["run"] = (*KNOWN["keras"], "it does not run here: ")


def is_known(oracle, layer, reason):
    """Tell whether an oracle may fail to count a layer for this reason."""
    if reason.startswith("it does not run here: "):
        # TensorFlow rejects the outputs of such a layer as too few for its inputs.
        added = layer.output_padding or ()
        return "Transpose" in type(layer).__name__ and layer.padding == "same" and 0 in added
    return reason.startswith(KNOWN[oracle])


def needs_torch():
    """Skip without PyTorch, which must not be imported into the same process as TensorFlow."""
    if not ORACLES["torch"].is_installed():
        pytest.skip("PyTorch is not installed")


def compare(oracle, layer, shape, seen):
    """Check convcost against one oracle, and record what the oracle couldn't see."""
    try:
        counted = ORACLES[oracle](CPU).count(layer, shape)
    except NotVisible as answer:
        if not is_known(oracle, layer, str(answer)):
            raise
        seen["not visible"] += 1
        return
    said = claims(layer, shape)
    assert {name: said[name] for name in counted} == counted, (layer, shape)
    seen["confirmed"] += 1


def run(oracle, kind, count):
    seen = Counter()

    @examples(count)
    @given(drawn=layers_with_shapes((kind,)))
    def check(drawn):
        compare(oracle, *drawn, seen)

    check()
    return seen


@pytest.mark.parametrize("kind", LAYERS)
def test_params_weights_and_shapes_equal_keras(kind):
    # 11 kinds times 184 are 2,024 configurations in CI.
    seen = run("keras", kind, 184)
    share = 0.3 if kind.endswith("Transpose") else 0.6
    # The few draws of the quick profile are not enough to judge a share.
    assert seen["confirmed"] >= (share * seen.total() if seen.total() > 100 else 1)


@pytest.mark.parametrize("kind", LAYERS)
def test_effective_macs_equal_the_running_layer(kind):
    assert run("run", kind, 25)["confirmed"] > 0


@pytest.mark.skipif(not ON_TENSORFLOW, reason="the TF profiler reads TensorFlow's graphs")
@pytest.mark.parametrize("kind", LAYERS)
def test_nominal_macs_equal_the_tf_profiler(kind):
    confirmed = run("profiler", kind, 60)["confirmed"]
    assert confirmed > 0 or kind == "Conv3DTranspose"


@pytest.mark.parametrize("kind", LAYERS)
def test_effective_macs_of_all_passes_equal_xla(kind):
    pytest.importorskip("jax")
    assert not run("xla", kind, 25)["not visible"]


@pytest.mark.parametrize("kind", LAYERS)
def test_nominal_macs_equal_pytorch(kind):
    needs_torch()
    assert not run("torch", kind, 60)["not visible"]


# --- facts about the oracles, and tests that fail when they change --------------------------------


def test_xla_counts_what_the_design_says():
    pytest.importorskip("jax")
    layer = layers.Conv2D(64, 3, padding="same")
    counted = ORACLES["xla"](CPU).count(layer, (28, 28, 32))
    assert set(counted.values()) == {27_541_504 // 2}


@pytest.mark.parametrize("output_padding", [None, 0, 2])
def test_xla_counts_any_number_of_outputs(output_padding):
    pytest.importorskip("jax")
    # With 2 there is room for one more position than the layer has inputs.
    options = {"strides": 2, "dilation_rate": 3, "output_padding": output_padding}
    compare("xla", layers.Conv2DTranspose(3, 3, **options), (4, 5, 2), Counter())


def test_a_count_of_xla_that_is_no_macs_is_an_error():
    jax = pytest.importorskip("jax")
    from convcost._verify.oracles import xla

    # One addition for each of three elements.
    with pytest.raises(ArithmeticError, match="which is not an even number"):
        xla._macs(lambda x: x + 1, jax.ShapeDtypeStruct((3,), "float32"))


@pytest.fixture(scope="module")
def profile():
    pytest.importorskip("tensorflow")
    from convcost._verify.oracles import profiler

    return lambda layer, shape: profiler.profile(lambda: profiler._operations(layer, shape))


def profile_of(keras_layer, shape):
    """Return what the profiler counts in the graph of a Keras layer."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    function = tf.function(keras_layer).get_concrete_function(tf.TensorSpec((1, *shape)))
    graph = convert_variables_to_constants_v2(function).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    return tf.compat.v1.profiler.profile(graph, cmd="scope", options=options).total_float_ops


@pytest.mark.skipif(not ON_TENSORFLOW, reason="about TensorFlow's graphs")
def test_the_profiler_is_blind_for_keras_layers_with_groups():
    # On a CPU, Keras wraps the convolution in a compiled function: at most the bias is counted.
    layer, shape = layers.Conv2D(128, 3, padding="same", groups=4), (14, 14, 64)
    cost = layer.cost(shape)
    blind = profile_of(keras.layers.Conv2D(128, 3, padding="same", groups=4), shape)
    assert blind <= cost.bias_adds
    # It does count the operation itself.
    assert ORACLES["profiler"](CPU).count(layer, shape)["macs"] == cost.macs


@pytest.mark.skipif(not ON_TENSORFLOW, reason="about TensorFlow's graphs")
def test_the_profiler_is_blind_for_conv3d_transpose():
    layer, shape = layers.Conv3DTranspose(8, 2, strides=2), (4, 4, 4, 3)
    blind = profile_of(keras.layers.Conv3DTranspose(8, 2, strides=2), shape)
    assert blind == layer.cost(shape).bias_adds
    with pytest.raises(NotVisible, match="registers no FLOPs"):
        ORACLES["profiler"](CPU).count(layer, shape)


@pytest.mark.skipif(not ON_TENSORFLOW, reason="about TensorFlow's graphs")
def test_tensorflow_has_no_flops_for_the_operation_of_conv3d_transpose():
    tf = pytest.importorskip("tensorflow")
    from convcost._verify.oracles import profiler

    def build():
        tf.raw_ops.Conv3DBackpropInputV2(
            input_sizes=[1, 8, 8, 8, 4],
            filter=profiler._input((2, 2, 2, 4, 3)),
            out_backprop=profiler._input((1, 4, 4, 4, 3)),
            strides=[1, 2, 2, 2, 1],
            padding="VALID",
        )

    assert profiler.profile(build)["Conv3DBackpropInputV2"] == 0


def test_tensorflow_takes_a_dilation_rate_of_conv3d_for_anothers(profile):
    layer = layers.Conv3D(1, (1, 2, 1), dilation_rate=(1, 3, 1), use_bias=False)
    shape = (9, 9, 9, 1)
    assert profile(layer, shape)["Conv3D"] != layer.cost(shape).flops
    with pytest.raises(NotVisible, match="swaps the dilation rates"):
        ORACLES["profiler"](CPU).count(layer, shape)


def test_tensorflow_guesses_a_transposed_convolutions_positions(profile):
    layer, shape = layers.Conv2DTranspose(64, 3, use_bias=False), (14, 14, 32)
    # 16 x 16 outputs, but the kernel is applied at 14 x 14 inputs.
    assert profile(layer, shape)["Conv2DBackpropInput"] == 2 * 9 * 32 * 64 * 16 * 16
    with pytest.raises(NotVisible, match="divides the output's sides by the strides"):
        ORACLES["profiler"](CPU).count(layer, shape)


def test_pytorch_forgets_the_groups_in_the_gradient():
    needs_torch()
    # In a separate process, like the oracle: PyTorch and TensorFlow may conflict.
    code = (
        "import torch\n"
        "from torch.utils.flop_counter import FlopCounterMode\n"
        "image = torch.empty((1, 4, 8, 8), device='meta', requires_grad=True)\n"
        "kernel = torch.empty((4, 2, 3, 3), device='meta', requires_grad=True)\n"
        "with FlopCounterMode(display=False) as counter:\n"
        "    output = torch.nn.functional.conv2d(image, kernel, groups=2)\n"
        "    forward = counter.get_total_flops()\n"
        "    output.backward(torch.ones_like(output))\n"
        "print(counter.get_total_flops() == 3 * forward)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
    layer = layers.Conv2D(4, 3, groups=2)
    assert set(ORACLES["torch"](CPU).count(layer, (8, 8, 4))) == {"macs"}


def test_the_process_that_counts_is_asked_line_by_line(monkeypatch):
    # Stands in for PyTorch, and echoes each request.
    echo = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    monkeypatch.setattr(pytorch, "COMMAND", (sys.executable, "-c", echo))
    oracle = ORACLES["torch"](CPU)
    for units in (4, 5):
        assert oracle.count(layers.Dense(units), (3,)) == {
            "kind": "Dense",
            "arguments": {"units": units, "use_bias": True},
            "input_shape": [3],
        }
    processes.stop(processes.start(pytorch.COMMAND, ""))
    processes.start.cache_clear()


def test_a_process_that_ends_is_an_error(monkeypatch):
    monkeypatch.setattr(pytorch, "COMMAND", (sys.executable, "-c", "input()"))
    for _ in range(3):  # while it ends, and after
        with pytest.raises(ArithmeticError, match=r"ended without a count of Dense\(4\)"):
            ORACLES["torch"](CPU).count(layers.Dense(4), (3,))
        processes.start(pytorch.COMMAND, "").wait()
    processes.stop(processes.start(pytorch.COMMAND, ""))
    processes.start.cache_clear()


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(4, 3, strides=2, dilation_rate=2),
        layers.Conv2DTranspose(4, 3, groups=2),
    ],
    ids=str,
)
def test_what_keras_can_not_run_is_counted_all_the_same(layer):
    pytest.importorskip("jax")
    result = verify.check(layer, (9, 9, 2), device="cpu")
    outcomes = {finding.oracle: str(finding.outcome) for finding in result.findings}
    assert outcomes["keras"] == outcomes["run"] == "not visible"
    assert outcomes["xla"] == "confirmed"
    assert result.agrees


@pytest.mark.skipif(not ON_TENSORFLOW, reason="the TF profiler reads TensorFlow's graphs")
def test_the_profiler_counts_a_dense_layer_at_each_place():
    result = verify.check(layers.Dense(5), (2, 3, 4), oracles=["profiler"], device="cpu")
    assert result.agrees
