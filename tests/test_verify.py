"""The verify package: what it reports, that it catches a wrong formula, and what it refuses."""

import json
import os
import random
import subprocess
import sys
from fractions import Fraction
from types import SimpleNamespace

import pytest

import convcost
from convcost import layers, verify
from convcost.cost import formulas
from convcost.layers import geometry
from convcost.verify import backend
from convcost.verify.cases import claims
from convcost.verify.draw import draw_layer
from convcost.verify.oracles import ORACLES, NotVisible
from convcost.verify.oracles import keras as keras_oracle
from convcost.verify.results import Finding, Outcome, Quantity, Report, Result

keras = pytest.importorskip("keras")

LAYERS = tuple(kind for kind in verify.KINDS if kind[0].isupper())
FUNCTIONS = tuple(kind for kind in verify.KINDS if kind not in LAYERS)
SIZES = {
    "standard": {"dk": 3, "m": 4, "n": 5, "df": 6},
    "depthwise": {"dk": 3, "m": 4, "df": 6},
    "pointwise": {"m": 4, "n": 5, "df": 6},
    "separable": {"dk": 3, "m": 4, "n": 5, "df": 6},
    "ratio": {"dk": 3, "m": 4, "n": 5},
}
SAME = layers.Conv2D(64, 3, padding="same")
CPU = backend.Device("cpu:0", "tensorflow 2")


def found(result):
    """Return every number that an oracle counted: {oracle: {quantity: value}}."""
    return {f.oracle: {q.name: q.oracle for q in f.quantities} for f in result.findings}


def test_torchs_cpu_is_called_by_its_own_name(monkeypatch):
    """Under the name cpu:0 Keras finds no gradients there."""
    named = []
    monkeypatch.setattr(backend.import_keras(), "device", named.append)
    for name, version in (("cpu:0", "torch 2.13"), ("gpu:0", "torch 2.13"), ("cpu:0", "jax 0.10")):
        backend.Device(name, version).scope()
    assert named == ["cpu", "gpu:0", "cpu:0"]


def test_each_oracle_counts_what_it_can():
    pytest.importorskip("jax")
    pytest.importorskip("tensorflow")
    asked = ["keras", "run", "profiler", "xla"]
    result = verify.check(SAME, (28, 28, 32), oracles=asked, device="auto")
    assert found(result) == {
        "keras": {
            "params": 18_496,
            "weights": (("kernel", (3, 3, 32, 64)), ("bias", (64,))),
            "output shape": (28, 28, 64),
        },
        "run": {"output shape": (28, 28, 64), "bias_adds": 50_176, "effective macs": 13_770_752},
        "profiler": {"macs": 14_450_688, "bias_adds": 50_176},
        "xla": {
            "effective macs": 13_770_752,
            "weight gradient macs": 13_770_752,
            "input gradient macs": 13_770_752,
        },
    }
    assert result.agrees
    assert result.contradictions == ()
    assert str(result).startswith(
        "Conv2D(64, 3, padding='same') on (28, 28, 32): agrees\n  keras: "
    )


def test_pytorch_counts_too():
    if not ORACLES["torch"].is_installed():
        pytest.skip("PyTorch is not installed")
    result = verify.check(SAME, (28, 28, 32), oracles=["torch"])
    assert found(result) == {"torch": {"macs": 14_450_688, "training macs": 3 * 14_450_688}}


def test_functions_are_checked_as_well():
    result = verify.check_function(
        "separable", dk=3, m=32, n=64, df=28, oracles=["keras", "run"], device="cpu"
    )
    assert found(result) == {
        "keras": {"params": 2400, "output shape": (28, 28, 64)},
        "run": {"output shape": (28, 28, 64), "bias_adds": 50_176, "effective macs": 1_831_424},
    }
    ratio = verify.check_function("ratio", dk=3, m=32, n=64, oracles=["keras", "run"])
    assert found(ratio) == {
        "keras": {"params": Fraction(75, 578)},
        "run": {"effective macs": Fraction(73, 576)},
    }
    for kind in FUNCTIONS:
        result = verify.check_function(kind, **SIZES[kind], oracles=["keras"], device="cpu")
        assert result.agrees
        assert result.case.bias is (kind != "depthwise")


def test_the_users_keras_configuration_does_not_matter():
    before = keras.config.image_data_format(), keras.config.floatx()
    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float16")
    try:
        layer = layers.SeparableConv2D(7, 3)
        assert verify.check(layer, (6, 6, 300), oracles=["keras", "run"], device="cpu").agrees
    finally:
        keras.config.set_image_data_format(before[0])
        keras.config.set_floatx(before[1])


def test_a_run_draws_all_kinds_and_reports():
    seen = []
    report = verify.run(
        32, seed=3, oracles=["keras", "profiler"], device="cpu", on_result=seen.append
    )
    assert report.agrees
    assert tuple(seen) == report.results
    assert tuple(report.table()) == verify.KINDS
    assert all(row["keras"].total() == 2 for row in report.table().values())
    data = json.loads(json.dumps(report.as_dict()))
    assert data["agrees"] is True
    assert data["disagreements"] == 0
    assert data["oracles"] == ["keras", "profiler"]
    assert data["quantities"] == report.quantities()
    assert data["table"]["Conv3DTranspose"]["profiler"]["not visible"] == 2
    assert data["results"][4]["findings"][0]["quantities"][0]["oracle"].count("/") == 1


def test_a_run_of_one_kind():
    report = verify.run(4, kinds=["Dense"], oracles=["keras"], device="cpu")
    assert str(report).startswith("All 4 configurations agree, in all 12 quantities (cpu:0, ")
    assert {result.case.kind for result in report.results} == {"Dense"}


def test_drawn_cases_repeat_and_cover_what_they_should():
    cases = verify.draw(480, seed=0)
    assert cases == verify.draw(480, seed=0) != verify.draw(480, seed=1)
    for kind in FUNCTIONS:
        mine = [case for case in cases if case.kind == kind]
        assert {case.bias for case in mine} == {True, False}
        assert 1 in {case.m for case in mine}
        if kind != "pointwise":
            assert {1, 2, 3} <= {case.dk for case in mine}


@pytest.mark.parametrize("kind", [kind for kind in LAYERS if kind != "Dense"])
def test_drawn_layers_have_all_options(kind):
    source = random.Random(0)
    drawn = [verify.LayerCase(*draw_layer(kind, source)) for _ in range(800)]
    options = [case.layer for case in drawn]
    rank = options[0].rank

    def sides(case):
        shape = case.input_shape
        return shape[1:] if case.layer.data_format == "channels_first" else shape[:-1]

    def some(condition):
        return any(condition(case.layer, sides(case), case.input_shape) for case in drawn)

    words = {o.padding if isinstance(o.padding, str) else "explicit" for o in options}
    assert words == {*options[0].words, "explicit"}
    assert {o.data_format for o in options} == {"channels_first", "channels_last"}
    assert {o.use_bias for o in options} == {True, False}
    assert some(lambda o, s, _: o.padding == "same" and o.kernel_size[0] > s[0])
    assert some(lambda o, *_: o.strides[0] > o.kernel_size[0])
    assert some(lambda o, s, _: o.kernel_size[0] > 1 and o.dilation_rate[0] >= s[0])
    assert some(lambda o, *_: o.strides[0] > 1 and o.dilation_rate[0] > 1)
    assert some(lambda o, s, _: s == (1,) * rank)
    if rank > 1:
        assert some(lambda o, *_: len(set(o.kernel_size)) > 1)
        assert some(lambda o, *_: len(set(o.strides)) > 1)
    if hasattr(options[0], "depth_multiplier"):
        assert some(lambda o, *_: o.depth_multiplier > 1)
    if hasattr(options[0], "groups"):
        assert some(lambda o, _, shape: o.groups > 1 and o.groups in (shape[0], shape[-1]))
        assert some(lambda o, *_: 1 < o.groups < o.filters)
    if hasattr(options[0], "output_padding"):
        assert {None, 0} <= {o.output_padding and o.output_padding[0] for o in options}


# --- what is wrong is found -----------------------------------------------------------------------

BROKEN = {
    "params": lambda w, f, p, b: ((w + b) * f + 1, w * f * p, b * f * p),
    "macs": lambda w, f, p, b: ((w + b) * f, w * f * p - 1, b * f * p),
    "bias_adds": lambda w, f, p, b: ((w + b) * f, w * f * p, b * f * p + 1),
}
NAMES = {"params": "params", "macs": "effective macs", "bias_adds": "bias_adds"}


@pytest.mark.parametrize("quantity", BROKEN)
@pytest.mark.parametrize("kind", verify.KINDS)
def test_a_broken_formula_is_found(kind, quantity, monkeypatch):
    if kind == "ratio" and quantity == "bias_adds":
        pytest.skip("a ratio has none")
    monkeypatch.setattr(formulas, "counts", BROKEN[quantity])
    # Keras sees few of the transposed ones.
    count = 16 if kind.endswith("Transpose") else 3
    report = verify.run(count, kinds=[kind], oracles=["keras", "run"], device="cpu")
    assert not report.agrees
    assert report.disagreements
    wrong = {q.name for r in report.results for f in r.contradictions for q in f.quantities}
    assert NAMES[quantity] in wrong
    assert ": contradicted: " in str(report)
    assert "configurations DISAGREE" in report.summary()


@pytest.mark.parametrize(
    ("function", "broken"),
    [
        ("same_length", lambda image, stride: image // stride + 1),
        ("valid_length", lambda image, reach, stride: (image - reach) // stride + 2),
        (
            "transposed_length",
            lambda positions, reach, stride, padding, added: positions * stride + 1,
        ),
        ("same_padding_before", lambda *sizes: 0),
        ("taps_inside", lambda image, positions, kernel, *_: positions * kernel),
    ],
)
def test_broken_geometry_is_found(function, broken, monkeypatch):
    monkeypatch.setattr(geometry, function, broken)
    report = verify.run(110, kinds=LAYERS, oracles=["keras", "run"], device="cpu")
    assert report.disagreements


def test_the_smallest_contradiction_is_listed(monkeypatch):
    monkeypatch.setattr(formulas, "counts", BROKEN["params"])
    report = verify.run(20, kinds=["Conv2D", "Dense"], oracles=["keras"], device="cpu")
    smallest = report.smallest_contradictions()
    assert set(smallest) == {("Conv2D", "keras"), ("Dense", "keras")}
    for (kind, _), result in smallest.items():
        rivals = [r.case.extent() for r in report.disagreements if r.case.kind == kind]
        assert result.case.extent() == min(rivals)
    assert str(report).count("DISAGREES") == 2


def test_what_nobody_sees_is_no_agreement():
    layer = layers.Conv2DTranspose(4, 3, groups=2)
    result = verify.check(layer, (5, 5, 2), oracles=["keras"], device="cpu")
    assert not result.agrees
    assert str(result).splitlines() == [
        "Conv2DTranspose(4, 3, groups=2) on (5, 5, 2): SEEN BY NO ORACLE",
        "  keras: not visible: Keras's transposed convolutions have no groups",
    ]
    report = Report((result,), ("keras",), 0, CPU, 1.0)
    assert not report.agrees
    assert report.unseen == (result,)
    seen = verify.check(layers.Dense(4), (5,), oracles=["keras"], device="cpu")
    both = Report((result, seen), ("keras",), 0, CPU, 1.0)
    assert both.agrees
    assert both.summary().startswith(
        "1 of 2 configurations agree, in all 3 quantities; the others are seen by no oracle"
    )
    assert both.reasons() == {("keras", "Keras's transposed convolutions have no groups"): 1}


def test_results_are_values():
    good, bad = Quantity("macs", 1, 1), Quantity("params", 1, 2)
    assert str(good) == "macs 1"
    assert str(bad) == "params: convcost 1, oracle 2"
    assert Finding("run", (good,)).outcome is Outcome.CONFIRMED
    assert Finding("run", (good, bad)).outcome is Outcome.CONTRADICTED
    assert str(Finding("run", (good, bad))) == "run: contradicted: params: convcost 1, oracle 2"
    assert Finding("run", reason="why").outcome is Outcome.NOT_VISIBLE
    case = verify.FunctionCase("pointwise", m=1, n=1, df=1)
    assert case.as_dict()["configuration"] == "pointwise(m=1, n=1, df=1, bias=True)"
    result = Result(case, (Finding("run", (good, bad)),))
    assert Report((result,), ("run",), 0, CPU, 1.0).as_dict()["disagreements"] == 1
    assert convcost.verify is verify


# --- what is refused ------------------------------------------------------------------------------


def test_an_output_that_is_no_count_is_no_agreement():
    model = keras_oracle.build(layers.Dense(1), (1,))
    with pytest.raises(ArithmeticError, match="is no count"):
        keras_oracle.run(model, (1,), weight=0.5)


def test_an_output_beyond_what_float32_counts_is_not_seen():
    model = keras_oracle.build(layers.Dense(1), (1,))
    with pytest.raises(NotVisible, match="16,777,216 or more"):
        keras_oracle.run(model, (1,), weight=2**24)


def test_what_onednn_aborts_does_not_end_the_checks():
    # Where TensorFlow has to be asked for oneDNN it is asked for, in a process of its own.
    words = (
        "verify",
        "--kind",
        "Conv3DTranspose",
        "--cases",
        "60",
        "--seed",
        "1",
        "--oracle",
        "run",
    )
    subprocess.run(
        [sys.executable, "-m", "convcost", *words],
        check=True,
        capture_output=True,
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"},
    )


def test_only_tensorflow_refuses_with_errors_of_its_own(monkeypatch):
    import tensorflow as tf

    own = tf.errors.AbortedError, tf.errors.InvalidArgumentError, tf.errors.UnimplementedError
    assert set(keras_oracle._refusals()) == {NotImplementedError, ValueError, *own}
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert keras_oracle._refusals() == (NotImplementedError, ValueError)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.Dense(1), (2**29,)),
        (layers.Dense(2**29), (1,)),
        (layers.SeparableConv2D(1, 1, depth_multiplier=2**20), (2**5, 2**5, 1)),
        (layers.Conv2DTranspose(1, 1, strides=2**20), (2, 2, 1)),
    ],
    ids=str,
)
def test_what_is_too_large_to_run_is_not_built(layer, shape):
    result = verify.check(layer, shape, oracles=["keras", "run"], device="cpu")
    assert {finding.outcome for finding in result.findings} == {Outcome.NOT_VISIBLE}
    assert "more than 268,435,456" in result.findings[0].reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "dilated", "dk": 3}, "kind must be one of standard, depthwise"),
        ({"kind": ["standard"], "dk": 3}, r"kind must be one of .*; got \['standard'\]"),
        ({"kind": "depthwise", "dk": 3, "m": 4, "n": 5, "df": 6}, "n is no size of a depthwise"),
        ({"kind": "pointwise", "dk": 1, "m": 4, "n": 5, "df": 6}, "dk is no size of a pointwise"),
        ({"kind": "standard", "dk": 0, "m": 4, "n": 5, "df": 6}, "dk must be a positive integer"),
        ({"kind": "pointwise", "m": 4, "n": 5, "df": -6}, "df must be a positive integer"),
        (
            {**SIZES["pointwise"], "kind": "pointwise", "device": "tpu"},
            "device must be one of auto",
        ),
        (
            {**SIZES["pointwise"], "kind": "pointwise", "oracles": ["fvcore"]},
            "oracle must be one of keras, run, profiler, xla and torch; got 'fvcore'",
        ),
    ],
)
def test_wrong_values_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        verify.check_function(arguments.pop("kind"), **arguments)


@pytest.mark.parametrize("size", [3.0, True, "3", None])
def test_sizes_are_python_integers(size):
    with pytest.raises(TypeError, match="bias must be True or False; got 'no'"):
        verify.check_function("pointwise", m=1, n=1, df=1, bias="no")
    with pytest.raises(TypeError, match=r"^m must be one Python integer"):
        verify.check_function("pointwise", m=size, n=1, df=1)


def test_layers_are_layers_of_integers():
    import numpy as np

    from convcost.symbols import m, n

    with pytest.raises(TypeError, match=r"layer must be one of convcost\.layers"):
        verify.check("Conv2D", (1, 1))
    for layer, shape in (
        (layers.Conv2D(n, 3), (5, 5, 1)),
        (layers.Conv2D(4, 3), (5, 5, m)),
        (layers.Conv2D(4, np.array([1, 3])), (5, 5, 1)),
        (layers.Conv2D(np.array([1, 3]), 1), (5, 5, 1)),
    ):
        with pytest.raises(TypeError, match="a layer of integers, since one is built"):
            verify.check(layer, shape)
    with pytest.raises(ValueError, match="without the batch"):
        verify.check(layers.Conv2D(4, 3), (1, 5, 5, 1))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"cases": 0}, ValueError, "cases must be a positive integer; got 0"),
        ({"cases": 2.0}, TypeError, "cases must be a positive integer"),
        ({"cases": True}, TypeError, "cases must be a positive integer"),
        ({"seed": "x"}, TypeError, "seed must be an integer"),
        (
            {"kinds": ["Conv4D"]},
            ValueError,
            "kind must be one of standard, .* and Dense; got 'Conv",
        ),
        ({"kinds": []}, ValueError, "kinds must be"),
        ({"oracles": ["Keras"]}, ValueError, "oracle must be one of keras"),
        ({"oracles": []}, ValueError, "oracles must be"),
        ({"device": "GPU"}, ValueError, "device must be one of auto, cpu, gpu; got 'GPU'"),
    ],
)
def test_runs_refuse_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        verify.run(**arguments)


@pytest.mark.parametrize("name", ORACLES)
def test_an_oracle_without_its_framework_names_what_to_install(name, monkeypatch):
    oracle = ORACLES[name]
    monkeypatch.setattr(oracle, "is_installed", classmethod(lambda cls: False))
    with pytest.raises(ImportError, match=rf"oracle '{name}' needs {oracle.module}: pip install"):
        verify.check(layers.Dense(1), (1,), oracles=[name])
    rest = verify.check(layers.Dense(1), (1,), oracles=None)
    assert name not in {finding.oracle for finding in rest.findings}


def test_claims_are_what_the_layer_says():
    said = claims(SAME, (28, 28, 32))
    assert said["macs"] == 14_450_688
    assert said["training macs"] == 3 * said["macs"]
    assert "sum of outputs" not in said
    # Ones through both steps: the standard convolution, once for each filter of the multiplier.
    separable = claims(layers.SeparableConv2D(64, 3, depth_multiplier=2), (30, 30, 32))
    assert separable["sum of outputs"] == 2 * 14_450_688


# --- devices, on machines that have them and machines that have not -------------------------------


def test_no_gpu_says_what_is_seen_and_what_to_install():
    if backend.visible_gpus(keras.backend.backend()):
        pytest.skip("there is a GPU")
    with pytest.raises(verify.DeviceError, match=r"sees no GPU \(it sees: .*CPU.*convcost\[gpu\]"):
        verify.check(layers.Dense(1), (1,), device="gpu")


@pytest.fixture
def fake_gpus(monkeypatch):
    """A TensorFlow with two GPUs, which remembers what was set on them."""
    import tensorflow as tf

    grown = []
    gpus = [SimpleNamespace(name=f"/physical_device:GPU:{index}") for index in (0, 1)]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: gpus)
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda gpu, on: grown.append((gpu.name, on))
    )
    return grown


def test_memory_growth_is_set_on_every_gpu(fake_gpus):
    for device in ("gpu", "auto"):
        fake_gpus.clear()
        assert backend.select_device(device).name == "gpu:0"
        assert fake_gpus == [("/physical_device:GPU:0", True), ("/physical_device:GPU:1", True)]
    assert backend.select_device("cpu").name == "cpu:0"


def test_a_gpu_that_runs_already_is_used_as_it_is(fake_gpus, monkeypatch):
    import tensorflow as tf

    def refuse(gpu, on):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", refuse)
    assert backend.select_device("gpu").name == "gpu:0"


def jax_with(gpus):
    def devices(kind=None):
        if kind == "gpu" and not gpus:
            raise RuntimeError("Unknown backend gpu")
        return gpus if kind == "gpu" else [*gpus, "TFRT_CPU_0"]

    return SimpleNamespace(devices=devices)


def torch_with(count):
    return SimpleNamespace(cuda=SimpleNamespace(device_count=lambda: count))


@pytest.mark.parametrize(
    ("name", "with_gpu", "without", "help_"),
    [
        ("jax", jax_with(["cuda:0"]), jax_with([]), r"TFRT_CPU_0.*jax\[cuda\]"),
        ("torch", torch_with(1), torch_with(0), r"cpu.*pytorch\.org"),
    ],
)
def test_other_backends_find_their_gpus(name, with_gpu, without, help_, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: name)
    monkeypatch.setitem(sys.modules, name, with_gpu)
    assert backend.select_device("auto").name == "gpu:0"
    monkeypatch.setitem(sys.modules, name, without)
    assert backend.select_device("auto").name == "cpu:0"
    with pytest.raises(verify.DeviceError, match=help_):
        backend.select_device("gpu")


def test_an_unknown_backend_has_no_gpu(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "mlx-of-the-future")
    assert str(backend.select_device("auto")) == "cpu:0, mlx-of-the-future of unknown version"


def test_keras_without_its_backend_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ImportError, match=r'pip install "convcost\[keras\]"'):
        verify.check(layers.Dense(1), (1,))
