"""The Fashion-MNIST example on a disk that fills up while it trains."""

import resource
import signal

import pytest
from example_processes import history, start

from conftest import wait_for

pytest.importorskip("keras")


def test_a_disk_that_fills_up_leaves_the_last_checkpoint(tmp_path):
    """A limit on the size of files, set during training, stands for a full disk."""
    folder = tmp_path / "run"
    words = ["--data", "synthetic", "--limit", "600", "--epochs", "1000"]
    process = start(*words, "--output-dir", str(folder))
    try:
        wait_for(process, (folder / "history.csv").exists)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
        out, _ = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 3, out
    assert "can no longer be written" in out
    assert "--resume continues from there" in out
    assert "Traceback" not in out
    kept = len(history(folder))
    assert f"after {kept} whole epochs" in out
    process = start("--resume", "--output-dir", str(folder))
    try:
        wait_for(process, lambda: len(history(folder)) > kept)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 130, out
    assert f"Resuming after epoch {kept}" in out
