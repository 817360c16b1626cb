import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "benchmarks")]

# No deadline: the first call of a layer compiles it.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("ci", max_examples=100, print_blob=True, **_COMMON)
settings.register_profile("thorough", max_examples=2000, print_blob=True, **_COMMON)
# For mutation testing: only whether a test fails matters, not the smallest failing example.
settings.register_profile(
    "quick", max_examples=20, phases=[Phase.explicit, Phase.generate], database=None, **_COMMON
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def wait_for(process, condition):
    """Wait until a condition holds, while the process that should bring it about is running."""
    deadline = time.monotonic() + 300
    while not condition():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.1)


SCRIPT = Path(sys.executable).with_name("convcost")


def start(*words, command=(str(SCRIPT),), **options):
    return subprocess.run(
        [*command, *map(str, words)], capture_output=True, text=True, timeout=300, **options
    )


@pytest.fixture
def run(capsys, monkeypatch):
    """Run a command line in this process, and return its exit code and its output."""
    # pytest-xdist sets it for its workers.
    monkeypatch.delenv("COLUMNS", raising=False)

    from convcost._cli import main as cli

    def call(*words):
        code = cli.run([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def jax_process():
    """Let a process with JAX walk through models; it ends with the tests of the module."""
    from convcost._verify.oracles import processes, recorded

    yield
    process = processes.start(recorded.COMMAND, "jax")
    processes.stop(process)
    processes.start.cache_clear()


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def fashion_mnist():
    folder = os.environ.get("FASHION_MNIST_DIR")
    if not folder:
        pytest.skip("FASHION_MNIST_DIR is not set: the data set lies outside the repository")
    return Path(folder)
