"""What the recipes of the docs say is what Keras and JAX count."""

import json
import os
import subprocess
import sys
from pathlib import Path


def test_each_recipe_costs_what_keras_and_jax_count():
    script = Path(__file__).parent / "walk_recipes.py"
    env = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, script], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(found) == 9
    for name, params, counted, macs, walked in found:
        assert (name, params, macs) == (name, counted, walked)
