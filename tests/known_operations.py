"""What is known of every function of `keras.ops`, as a table for the docs.

`python tests/known_operations.py` tries every setting and writes `docs/known_operations.md`.
"""

import inspect
from pathlib import Path

import keras
from both_forms import rows_of
from keras import ops
from operation_settings import SETTINGS
from product_settings import IMAGES, NO_PRODUCTS, NO_TENSORS
from test_control_flow import CASES

import convcost
from convcost._models.keras.control_flow import HANDLERS
from convcost._models.keras.operation_refusals import REASONS

PAGE = Path(__file__).parent.parent / "docs" / "known_operations.md"
COUNTED = {**SETTINGS, **{f"image.{name}": settings for name, settings in IMAGES.items()}}
PRODUCTS = [
    "conv",
    "correlate",
    "depthwise_conv",
    "dot",
    "dot_product_attention",
    "einsum",
    "image.extract_patches",
    "image.extract_patches_3d",
    "image.gaussian_blur",
    "image.rgb_to_grayscale",
    "image.sobel_edges",
    "image.ssim",
    "inner",
    "matmul",
    "separable_conv",
    "tensordot",
    "vdot",
]
# Counted as the layer is that calls it, since Keras can't run it in a model.
LIKE_A_LAYER = "conv_transpose"
HEAD = """\
# Operations of Keras

Every function of `keras.ops` in Keras {version}: {known} are known, {followed} more in live models,
where the functions that they call are traced, {refused} are refused by name, and {without} make no
tensor of a model. `python tests/known_operations.py` writes this table, and tries the {settings}
settings: each output shape is the one that Keras computes (`compute_output_spec`), in a live model
and from its JSON. The MACs are those in JAX's record of the model; of a function without MACs JAX
multiplies nothing, or the table says why.

| function | settings | MACs |
|---|---:|---|
"""


def model_of(settings):
    """Return a model of all settings, each with inputs of its own, and what each returns."""
    inputs, outputs = [], []
    for one in settings:
        own = [keras.Input(batch_shape=(1, *shape), dtype=one.dtype) for shape in one.shapes]
        made = one.function(*(ops.squeeze(tensor, 0) for tensor in own))
        inputs += own
        outputs += [made] if isinstance(made, keras.KerasTensor) else list(made)
    return keras.Model(inputs, [ops.expand_dims(one, 0) for one in outputs]), outputs


def check_shapes(name):
    """Hold the shapes of a function, live and from JSON, to those that Keras computes."""
    model, outputs = model_of(COUNTED[name])
    live, saved = convcost.from_keras(model), convcost.from_keras(model.to_json())
    assert rows_of(live) == rows_of(saved)
    assert live.output_shapes == tuple(tuple(one.shape) for one in outputs)


def names():
    """Return the names of all functions, each once; most stand in several modules."""
    modules = {"": [ops, ops.linalg, ops.nn, ops.numpy], "image.": [ops.image]}
    return sorted(
        {
            prefix + name
            for prefix, several in modules.items()
            for module in several
            for name, value in vars(module).items()
            if not name.startswith("_") and callable(value)
        }
    )


def kind_of(name):
    """Return the class that a function calls, if it is one that is not counted in files."""
    function = ops
    for part in name.split("."):
        function = getattr(function, part)
    source = inspect.getsource(function)
    return next((kind for kind in REASONS if f" {kind}(" in source), None)


def said_of(name):
    """Return what the table says of the MACs of a function."""
    if name == "dot":
        return "as in JAX's record; 0 with a number, by which TensorFlow multiplies each element"
    if name in PRODUCTS:
        return "as in JAX's record"
    if name == LIKE_A_LAYER:
        return "as the layers with the same arguments"
    if name in NO_PRODUCTS:
        return f"0: it {NO_PRODUCTS[name]}"
    return "0"


# A loop whose length is not known is refused if it multiplies.
FOLLOWED = {
    "while_loop": "0, in a live model; refused if it multiplies, since its length is not known"
}


def page():
    """Return the page with the table."""
    lines, settings, kinds = [], 0, {"known": 0, "followed": 0, "refused": 0, "without": 0}
    for name in names():
        reason = REASONS.get(kind_of(name))
        if name in COUNTED:
            kind, tried, said = "known", len(COUNTED[name]), said_of(name)
        elif name in NO_TENSORS:
            kind, tried, said = "without", "", f"it {NO_TENSORS[name]}"
        elif kind_of(name) in HANDLERS:
            kind, tried = "followed", sum(one.split(" ")[0] == name for one in CASES)
            said = FOLLOWED.get(name, "as in JAX's record, in a live model")
        else:
            kind, tried, said = "refused", "", f"refused: it {reason}"
        kinds[kind] += 1
        settings += tried or 0
        lines.append(f"| `{name}` | {tried} | {said} |")
    head = HEAD.format(version=keras.__version__, settings=f"{settings:,}", **kinds)
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    for one in COUNTED:
        check_shapes(one)
    PAGE.write_text(page(), encoding="utf-8")
