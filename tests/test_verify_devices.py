"""Devices and backends, on machines with and without a GPU."""

import sys
from types import SimpleNamespace

import pytest

from convcost import layers, verify
from convcost._verify import devices

keras = pytest.importorskip("keras")


def test_torchs_cpu_is_called_by_its_own_name(monkeypatch):
    """Under the name cpu:0, Keras gets no gradients on PyTorch."""
    named = []
    monkeypatch.setattr(devices.import_keras(), "device", named.append)
    for name, version in (("cpu:0", "torch 2.13"), ("gpu:0", "torch 2.13"), ("cpu:0", "jax 0.10")):
        devices.Device(name, version).scope()
    assert named == ["cpu", "gpu:0", "cpu:0"]


def test_no_gpu_says_what_is_seen_and_what_to_install():
    if devices.visible_gpus(keras.backend.backend()):
        pytest.skip("there is a GPU")
    with pytest.raises(verify.DeviceError, match=r"sees no GPU \(it sees: .*CPU.*convcost\[gpu\]"):
        verify.check(layers.Dense(1), (1,), device="gpu")


@pytest.fixture
def fake_gpus(monkeypatch):
    """Two fake GPUs in TensorFlow, and a list of the memory settings made on them."""
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
        assert devices.select_device(device).name == "gpu:0"
        assert fake_gpus == [("/physical_device:GPU:0", True), ("/physical_device:GPU:1", True)]
    assert devices.select_device("cpu").name == "cpu:0"


def test_a_gpu_that_runs_already_is_used_as_it_is(fake_gpus, monkeypatch):
    import tensorflow as tf

    def refuse(gpu, on):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", refuse)
    assert devices.select_device("gpu").name == "gpu:0"


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
    assert devices.select_device("auto").name == "gpu:0"
    monkeypatch.setitem(sys.modules, name, without)
    assert devices.select_device("auto").name == "cpu:0"
    with pytest.raises(verify.DeviceError, match=help_):
        devices.select_device("gpu")


def test_an_unknown_backend_has_no_gpu(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "mlx-of-the-future")
    assert str(devices.select_device("auto")) == "cpu:0, mlx-of-the-future of unknown version"


def test_keras_without_its_backend_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ImportError, match=r'pip install "convcost\[keras\]"'):
        verify.check(layers.Dense(1), (1,))
