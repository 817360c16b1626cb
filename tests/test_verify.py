"""The verify package: what it reports, that it catches a wrong formula, and what it refuses."""

import json
import sys
from fractions import Fraction
from types import SimpleNamespace

import pytest

import convcost
from convcost import formulas, verify
from convcost.verify import backend, layers
from convcost.verify.results import Quantity, Report, Result

keras = pytest.importorskip("keras")

SIZES = {
    "standard": {"dk": 3, "m": 4, "n": 5, "df": 6},
    "depthwise": {"dk": 3, "m": 4, "df": 6},
    "pointwise": {"m": 4, "n": 5, "df": 6},
    "separable": {"dk": 3, "m": 4, "n": 5, "df": 6},
}


def test_a_result_has_both_numbers_of_each_quantity():
    result = verify.check("separable", dk=3, m=32, n=64, df=28, device="auto")
    found = {q.name: (q.formula, q.framework) for q in result.quantities}
    assert found == {
        "params": (2400, 2400),
        "depthwise step params": (288, 288),
        "pointwise step params": (2112, 2112),
        "output side": (28, 28),
        "depthwise step macs": (225_792, 225_792),
        "pointwise step macs": (1_605_632, 1_605_632),
        "macs": (1_831_424, 1_831_424),
        "bias_adds": (50_176, 50_176),
        "standard macs": (14_450_688, 14_450_688),
        "ones through the whole layer": (14_450_688, 14_450_688),
        "ratio of params": (Fraction(75, 578), Fraction(75, 578)),
        "ratio of macs": (Fraction(73, 576), Fraction(73, 576)),
    }
    assert result.agrees
    assert result.disagreements == ()
    assert str(result).startswith("separable(dk=3, m=32, n=64, df=28, bias=True) on ")


@pytest.mark.parametrize("kind", ["standard", "depthwise", "pointwise"])
def test_single_layers(kind):
    result = verify.check(kind, **SIZES[kind], device="cpu")
    assert [q.name for q in result.quantities] == ["params", "output side", "macs", "bias_adds"]
    assert result.agrees
    assert result.case.bias is (kind != "depthwise")


def test_the_users_keras_configuration_does_not_matter():
    before = keras.config.image_data_format(), keras.config.floatx()
    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float16")
    try:
        assert verify.check("separable", dk=3, m=300, n=7, df=4, device="cpu").agrees
    finally:
        keras.config.set_image_data_format(before[0])
        keras.config.set_floatx(before[1])


def test_a_run_draws_all_kinds_and_reports():
    seen = []
    report = verify.run(24, seed=3, device="cpu", on_result=seen.append)
    assert report.agrees
    assert tuple(seen) == report.results
    assert [row[:2] for row in report.by_kind()] == [(kind, 6) for kind in verify.KINDS]
    assert report.by_quantity()["ratio of macs"] == 6
    assert str(report).startswith("All 24 configurations agree, in all 144 quantities (cpu:0, ")
    data = json.loads(json.dumps(report.as_dict()))
    assert data["agrees"] is True
    assert data["quantities"] == 144
    assert data["results"][3]["quantities"][-1]["formula"].count("/") == 1


def test_drawn_cases_cover_what_they_should_and_repeat():
    cases = verify.draw(400, seed=0)
    assert cases == verify.draw(400, seed=0) != verify.draw(400, seed=1)
    for kind in verify.KINDS:
        mine = [case for case in cases if case.kind == kind]
        assert {case.bias for case in mine} == {True, False}
        assert 1 in {case.m for case in mine}
        if kind != "pointwise":
            assert {1, 2, 3} <= {case.dk for case in mine}
        if kind != "depthwise":
            assert 1 in {case.n for case in mine}


BROKEN = {
    "params": lambda w, f, p, b: ((w + b) * f + 1, w * f * p, b * f * p),
    "macs": lambda w, f, p, b: ((w + b) * f, w * f * p - 1, b * f * p),
    "bias_adds": lambda w, f, p, b: ((w + b) * f, w * f * p, b * f * p + 1),
}


@pytest.mark.parametrize("quantity", BROKEN)
@pytest.mark.parametrize("kind", verify.KINDS)
def test_a_broken_formula_is_found(kind, quantity, monkeypatch):
    monkeypatch.setattr(formulas, "counts", BROKEN[quantity])
    result = verify.check(kind, **SIZES[kind], device="cpu")
    assert not result.agrees
    assert quantity in {q.name for q in result.disagreements}
    assert f"NO  {quantity}: formula " in str(result)


def test_a_report_lists_each_disagreement(monkeypatch):
    monkeypatch.setattr(formulas, "counts", BROKEN["macs"])
    report = verify.run(8, device="cpu")
    assert not report.agrees
    assert len(report.disagreements) == 8
    assert str(report).count("DISAGREES") == 8
    assert "8 of 8 configurations DISAGREE" in report.summary()


def test_an_output_that_is_no_count_is_no_agreement():
    layer = layers.build(verify.Case("pointwise", m=1, n=1, df=1))
    with pytest.raises(ArithmeticError, match="is no count"):
        layers.sum_of_outputs(layer, (1, 1, 1, 1), weight=0.5, bias=0)


def test_an_output_that_is_not_square_is_refused():
    layer = layers.build(verify.Case("pointwise", m=1, n=1, df=1))
    with pytest.raises(ArithmeticError, match="2 x 3"):
        layers.output_side(layer, (1, 2, 3, 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "dilated", "dk": 3}, "kind must be one of standard, depthwise"),
        ({"kind": ["standard"], "dk": 3}, r"kind must be one of .*; got \['standard'\]"),
        ({"kind": "depthwise", "dk": 3, "m": 4, "n": 5, "df": 6}, "n is no size of a depthwise"),
        ({"kind": "pointwise", "dk": 1, "m": 4, "n": 5, "df": 6}, "dk is no size of a pointwise"),
        ({"kind": "standard", "dk": 0, "m": 4, "n": 5, "df": 6}, "dk must be a positive integer"),
        ({"kind": "pointwise", "m": 4, "n": 5, "df": -6}, "df must be a positive integer"),
        ({"kind": "standard", "dk": 3, "m": 2**21, "n": 5, "df": 6}, "at most 16,777,215"),
        ({"kind": "pointwise", "m": 4, "n": 5, "df": 10**5}, "more than 268,435,456 elements"),
        ({"kind": "pointwise", "m": 4, "n": 10**9, "df": 1}, "more than 268,435,456 elements"),
        (
            {**SIZES["pointwise"], "kind": "pointwise", "device": "tpu"},
            "device must be one of auto",
        ),
    ],
)
def test_wrong_values_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        verify.check(arguments.pop("kind"), **arguments)


@pytest.mark.parametrize("size", [3.0, True, "3", None])
def test_sizes_are_python_integers(size):
    with pytest.raises(TypeError, match="bias must be True or False; got 'no'"):
        verify.check("pointwise", m=1, n=1, df=1, bias="no")
    with pytest.raises(TypeError, match=r"^m must be one Python integer"):
        verify.check("pointwise", m=size, n=1, df=1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"cases": 0}, ValueError, "cases must be a positive integer; got 0"),
        ({"cases": 2.0}, TypeError, "cases must be a positive integer"),
        ({"cases": True}, TypeError, "cases must be a positive integer"),
        ({"seed": "x"}, TypeError, "seed must be an integer"),
        ({"device": "GPU"}, ValueError, "device must be one of auto, cpu, gpu; got 'GPU'"),
    ],
)
def test_runs_refuse_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        verify.run(**arguments)


def test_an_output_side_must_be_that_of_the_layer(monkeypatch):
    monkeypatch.setattr(layers, "input_shape", lambda case, kind: (1, 9, 9, case.m))
    result = verify.check("standard", **SIZES["standard"], device="cpu")
    assert "output side" in {q.name for q in result.disagreements}


# --- devices, on machines that have them and machines that have not ------------------------------


def test_no_gpu_says_what_is_seen_and_what_to_install():
    if backend.visible_gpus(keras.backend.backend()):
        pytest.skip("there is a GPU")
    with pytest.raises(verify.DeviceError, match=r"sees no GPU \(it sees: .*CPU.*convcost\[gpu\]"):
        verify.check("pointwise", m=1, n=1, df=1, device="gpu")


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
        verify.check("pointwise", m=1, n=1, df=1)


def test_results_are_values():
    device = backend.Device("cpu:0", "tensorflow 2")
    case = verify.Case("pointwise", m=1, n=1, df=1)
    good, bad = Quantity("macs", 1, 1, "here"), Quantity("params", 1, 2, "there")
    assert str(bad) == "params: formula 1, framework 2 (there)"
    assert str(Quantity("ratio", Fraction(1, 2), Fraction(1, 3), "x")).startswith(
        "ratio: formula 1/2"
    )
    result = Result(case, (good, bad), device)
    assert result.disagreements == (bad,)
    report = Report((result,), 0, device, 1.0)
    assert report.as_dict()["disagreements"] == 1
    assert [row[0] for row in report.by_kind()] == ["pointwise"]
    assert convcost.verify is verify
