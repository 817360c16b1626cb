"""Verification: what oracles count, whether a wrong formula is found, and what is refused."""

import json
import os
import subprocess
import sys
from fractions import Fraction

import pytest

import convcost
from convcost import layers, verify
from convcost._cost import formulas
from convcost._layers import geometry
from convcost._verify import devices
from convcost._verify.cases import FUNCTIONS, Case
from convcost._verify.checks import check_case, prepare
from convcost._verify.drawing import LAYER_CLASSES
from convcost._verify.drawn_layers import OTHERS
from convcost._verify.findings import Finding, Outcome, Quantity, Result, Verification
from convcost._verify.oracles import ORACLES, NotVisible, keras_layers

keras = pytest.importorskip("keras")

SAME = layers.Conv2D(64, 3, padding="same")
CPU = devices.Device("cpu:0", "tensorflow 2")


def found(result):
    """Return every number that an oracle counted: {oracle: {quantity: value}}."""
    return {f.oracle: {q.name: q.oracle for q in f.quantities} for f in result.findings}


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
    separable = Case.of_function("separable", dk=3, m=32, n=64, df=28)
    assert found(check_case(separable, prepare(["keras", "run"], CPU))) == {
        "keras": {"params": 2400, "output shape": (28, 28, 64)},
        "run": {"output shape": (28, 28, 64), "bias_adds": 50_176, "effective macs": 1_831_424},
    }
    ratio = Case.of_function("ratio", dk=3, m=32, n=64)
    assert found(check_case(ratio, prepare(["keras", "run"], CPU))) == {
        "keras": {"params": Fraction(75, 578)},
        "run": {"effective macs": Fraction(73, 576)},
    }


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
        2 * len(verify.KINDS),
        seed=3,
        oracles=["keras", "profiler"],
        device="cpu",
        on_result=seen.append,
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


BROKEN = {
    "params": lambda w, f, p, b: ((w + b) * f + 1, w * f * p, b * f * p),
    "macs": lambda w, f, p, b: ((w + b) * f, w * f * p - 1, b * f * p),
    "bias_adds": lambda w, f, p, b: ((w + b) * f, w * f * p, b * f * p + 1),
}


NAMES = {"params": "params", "macs": "effective macs", "bias_adds": "bias_adds"}


@pytest.mark.parametrize("quantity", BROKEN)
@pytest.mark.parametrize("kind", [*FUNCTIONS, *LAYER_CLASSES])
def test_a_broken_formula_is_found(kind, quantity, monkeypatch):
    if kind == "ratio" and quantity == "bias_adds":
        pytest.skip("a ratio has none")
    monkeypatch.setattr(formulas, "counts", BROKEN[quantity])
    # Keras can build few of the transposed ones.
    count = 16 if kind.endswith("Transpose") else 3
    report = verify.run(count, kinds=[kind], oracles=["keras", "run"], device="cpu")
    assert not report.agrees
    assert report.disagreements
    wrong = {q.name for r in report.results for f in r.contradictions for q in f.quantities}
    assert NAMES[quantity] in wrong
    assert ": contradicted: " in str(report)
    assert "configurations DISAGREE" in report.summary()


@pytest.mark.usefixtures("jax_process")
@pytest.mark.parametrize("quantity", ["params", "macs"])
@pytest.mark.parametrize("kind", OTHERS)
def test_a_broken_formula_is_found_in_the_record_of_jax(kind, quantity, monkeypatch):
    if quantity == "macs" and kind in ("Embedding", "AdditiveAttention"):
        pytest.skip("it has none, or none in a product of matrices")
    monkeypatch.setattr(formulas, "counts", BROKEN[quantity])
    oracle = {"params": "keras", "macs": "jaxpr"}[quantity]
    # Without a scale, attention has no parameters; an embedding has MACs in one direction only.
    count = 8 if kind in ("Attention", "ReversibleEmbedding") else 3
    report = verify.run(count, seed=1, kinds=[kind], oracles=[oracle], device="cpu")
    wrong = {q.name for r in report.results for f in r.contradictions for q in f.quantities}
    assert quantity in wrong


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
    report = verify.run(110, kinds=LAYER_CLASSES, oracles=["keras", "run"], device="cpu")
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
    report = Verification((result,), ("keras",), 0, CPU, 1.0)
    assert not report.agrees
    assert report.unseen == (result,)
    seen = verify.check(layers.Dense(4), (5,), oracles=["keras"], device="cpu")
    both = Verification((result, seen), ("keras",), 0, CPU, 1.0)
    assert both.agrees
    assert both.summary().startswith(
        "1 of 2 configurations agree, in all 3 quantities; the others are seen by none of"
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
    case = Case.of_function("pointwise", m=1, n=1, df=1)
    assert case.as_dict()["configuration"] == "pointwise(m=1, n=1, df=1, bias=True)"
    result = Result(case, (Finding("run", (good, bad)),))
    assert Verification((result,), ("run",), 0, CPU, 1.0).as_dict()["disagreements"] == 1
    assert convcost.verify is verify


def test_an_output_that_is_no_count_is_no_agreement():
    model = keras_layers.build(layers.Dense(1), (1,))
    with pytest.raises(ArithmeticError, match="is not a count"):
        keras_layers.run_on_ones(model, (1,), weight=0.5)


def test_an_output_beyond_what_float32_counts_is_not_seen():
    model = keras_layers.build(layers.Dense(1), (1,))
    with pytest.raises(NotVisible, match="16,777,216 or more"):
        keras_layers.run_on_ones(model, (1,), weight=2**24)


def test_what_onednn_aborts_does_not_end_the_checks():
    # oneDNN is off by default on some processors, and can only be enabled before TensorFlow loads.
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
    assert set(keras_layers._refusals()) == {NotImplementedError, ValueError, *own}
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert keras_layers._refusals() == (NotImplementedError, ValueError)


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
    ("arguments", "error", "message"),
    [
        ({"cases": 0}, ValueError, "cases must be a positive integer; got 0"),
        ({"cases": 2.0}, TypeError, "cases must be a positive integer"),
        ({"cases": True}, TypeError, "cases must be a positive integer"),
        ({"seed": "x"}, TypeError, "seed must be an integer"),
        (
            {"kinds": ["Conv4D"]},
            ValueError,
            "kind must be one of standard, .*, LoRA; got 'Conv",
        ),
        ({"kinds": "ratio"}, TypeError, r"kinds must be a list of names, \['ratio'\]; got 'ratio'"),
        ({"kinds": []}, ValueError, "kinds must be one or more of standard"),
        ({"oracles": ["Keras"]}, ValueError, "oracle must be one of keras"),
        ({"oracles": []}, ValueError, "oracles must be one or more of keras"),
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
