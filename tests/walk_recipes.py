"""Run the recipes of the docs with JAX, and print what each model costs: ours, Keras's, JAX's."""

import json
import re
from pathlib import Path

import keras
from both_forms import walked

import convcost

PAGE = Path(__file__).parent.parent / "docs" / "recipes.md"
# Sizes for the models that leave sides open.
SIZES = {"text": (20,), "transformer": (20, 48), "frames": (3, 64, 64, 1), "unet": (64, 64, 3)}


def models_on(page):
    """Return the models that the examples of a page make, by name."""
    lines = [line for line in page.splitlines() if line.startswith((">>> ", "... "))]
    made = {}
    # Only the shapes of weights are needed: JAX compiles their initialization for each shape.
    with keras.StatelessScope(initialize_variables=False):
        exec("\n".join(line[4:] for line in lines), made)
    return {name: one for name, one in made.items() if isinstance(one, keras.Model)}


def main():
    # Quantizing needs the values of the weights.
    page = PAGE.read_text("utf-8").partition("## A quantized")[0]
    for name, model in models_on(page).items():
        if not re.search(rf"convcost\.\w+\({name}\b", page):
            continue  # a part of another one
        with keras.StatelessScope(initialize_variables=False):
            network = convcost.from_keras(model)
            if name in SIZES:
                network = network.at(SIZES[name])
            made = [network.params, model.count_params(), network.macs, walked(model, network)]
        print(json.dumps([name, *made]))


if __name__ == "__main__":
    main()
