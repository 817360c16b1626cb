"""The Fashion-MNIST example, killed at random moments, resumes as if nothing had happened."""

import itertools
import json
import os
import random
import subprocess
import time

import pytest
from example_processes import finish, history, start

pytest.importorskip("keras")

# By default, only the recipe with the larger state is killed, and only in one run.
KILLED = int(os.environ.get("CONVCOST_KILLED_RUNS", "0"))
# By default, a teacher or its pupil is killed.
RECIPES = {"strong": ["--recipe", "strong", "--teachers", "1"]}
if KILLED:
    RECIPES["article"] = ["--recipe", "article"]
WORDS = [
    *("--data", "synthetic", "--limit", "600", "--epochs", "3", "--batch-size", "40"),
    *("--seed", "3", "--deterministic"),
]


@pytest.fixture(scope="module", params=RECIPES)
def whole(request, tmp_path_factory):
    """An undisturbed training, and how long it takes."""
    folder = tmp_path_factory.mktemp(request.param) / "whole"
    words = [*WORDS, *RECIPES[request.param]]
    began = time.monotonic()
    finish(*words, "--output-dir", str(folder))
    return words, folder, time.monotonic() - began


def test_killed_at_random_moments_it_ends_as_if_it_had_not_been(whole, tmp_path):
    words, undisturbed, seconds = whole
    moments = random.Random(os.environ.get("CONVCOST_KILL_SEED"))
    for number in range(KILLED or 1):
        folder = tmp_path / f"run-{number}"
        again = [*words, "--overwrite", "--output-dir", str(folder)]
        for kills in itertools.count():
            process = start(*again)
            # Longer each time: if the machine has become slower, no epoch might be finished.
            moment = moments.uniform(0.3, 0.95) * seconds * (1 + kills / 4)
            try:
                out, _ = process.communicate(timeout=moment)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                if list((folder / "checkpoint").glob("epoch-*.json")):
                    again = ["--resume", "--output-dir", str(folder)]
                continue
            assert process.returncode == 0, out
            break
        assert history(folder) == history(undisturbed)
        figures = [json.loads((one / "metrics.json").read_text()) for one in (folder, undisturbed)]
        assert figures[0]["test_loss"] == figures[1]["test_loss"]
        # A finished run stays as it is.
        finish("--resume", "--output-dir", str(folder))
        assert history(folder) == history(undisturbed)


def test_a_run_goes_on_with_its_own_settings_alone(whole):
    _, folder, _ = whole
    process = start("--resume", "--output-dir", str(folder), "--seed", "4")
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 2
    assert "--resume keeps the run's settings: --seed 3; got --seed 4" in out
