"""Write the table of common mistakes and what convcost says of them: `python docs/mistakes.py`."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from known import table

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = Path(__file__).with_name("_mistakes.md")
# The folder has model.keras and other.keras, a small model with the layers conv, flatten and dense
# for inputs of (28, 28, 3); weights.weights.h5; notes.txt; the folder checkpoints; and the files
# that their names say.
SHELL = {
    "Commands and options": [
        "convcost sumary model.keras",
        "convcost model.keras",
        "convcost summary",
        "convcost summary model.keras --sort mac",
        "convcost summary model.keras --groupby kind",
        "convcost summary model.keras --top 0",
        "convcost summary model.keras --top five",
        "convcost summary model.keras --columns flop,kernel",
        "convcost summary model.keras --format xml",
        "convcost seperable 3 32 64 28",
        "convcost separable 3 32 64",
        "convcost separable 3 32 64 28.5",
        "convcost separable 3 0 64 28",
        "convcost separable 3 -32 64 28",
        "convcost ratio 3 32 sixty-four",
    ],
    "Models and files": [
        "convcost summary modle.keras",
        "convcost summary MobilNetV2",
        "convcost summary weights.weights.h5",
        "convcost summary notes.txt",
        "convcost summary checkpoints",
        "convcost summary cut.keras",
        "convcost summary model.pt",
        "convcost summary model.onnx",
        "convcost summary saved_model",
        "convcost summary model.tflite",
        "convcost summary https://example.com/model.keras",
        "convcost compare model.keras",
        "convcost whatif model.keras",
        "convcost whatif model.keras --width 0",
        "convcost whatif model.keras --width 75%",
        "convcost whatif model.keras --resolution 224x224",
        "convcost whatif model.keras --separable --keep conv",
        "convcost whatif model.keras --width 0.5 --keep conv_1",
        "convcost verify model.keras --oracle kreas",
    ],
    "Shapes and layers": [
        "convcost summary model.keras --input-shape 28,28",
        "convcost summary model.keras --input-shape 1,28,28,3",
        "convcost summary model.keras --input-shape 3,28,28",
        "convcost summary model.keras --input-shape 28*28*3",
        "convcost summary model.keras --input-shape 28,28,-3",
        "convcost layer Conv2D 64 3",
        "convcost layer Conv2d 64 3 --input-shape 28,28,32",
        "convcost layer Conv2D --input-shape 28,28,32",
        "convcost layer Conv2D 64 3 --input-shape 28,28",
        "convcost layer Conv2D 64 3 --paddding same --input-shape 28,28,32",
        "convcost layer Conv2D 64 3 --padding smae --input-shape 28,28,32",
        "convcost layer Conv2D 64 3 --strides 0 --input-shape 28,28,32",
        "convcost layer Conv2D 64 7 --input-shape 5,5,3",
    ],
    "Budgets and output": [
        "convcost check model.keras",
        "convcost check model.keras --max-macs 300m",
        "convcost check model.keras --max-macs 300MB",
        "convcost check model.keras --max-size 4M",
        "convcost check model.keras --max-parms 5M",
        "convcost check model.keras --max-macs 1M --tolerance 1%",
        "convcost check model.keras --baseline model.keras --tolerance one",
        "convcost summary model.keras -o reports/table.csv",
        "convcost summary model.keras -o table.docx",
        "convcost summary model.keras -o checkpoints",
    ],
    "Design spaces": [
        "convcost solve separable k --macs 300M --dk 3 --m 64 --df 28",
        "convcost solve separable n --dk 3 --m 64 --df 28",
        "convcost solve separable n --macs 300M --dk 3 --m 64",
        "convcost solve separable n --macs 10 --dk 3 --m 64 --df 28",
        "convcost sweep seprable --dk 3 --m 8 --n 8 --df 7 --count",
        "convcost sweep separable --dk 3,5 --m 8 --n 8 --df 7",
        "convcost sweep separable --dk 3-7 --m 8 --n 8 --df 7 --count",
        "convcost sweep separable --dk 3 --m 8 --n 8 --df 7 --count --where mac<=1e6",
        "convcost sweep separable --dk 3 --m 8 --n 8 --df 7 --top 3",
    ],
}
PYTHON = {
    "Names": [
        "convcost.seperable(3, 32, 64, 28)",
        "convcost.summery(model)",
        "layers.Conv2d(64, 3)",
        "layers.BatchNorm()",
        "convcost.summary(model).sort('mac')",
        "convcost.summary(model).top('5')",
        "convcost.summary(model, columns=['flop'])",
        "convcost.summary(model).to_csv('reports/table.csv')",
        "hardware.find('A100')",
    ],
    "Arguments": [
        "layers.Conv2D(64)",
        "layers.Conv2D(64.0, 3)",
        "layers.Conv2D('64', 3)",
        "layers.Conv2D(0, 3)",
        "layers.Conv2D(True, 3)",
        "layers.Conv2D(64, (3, 3, 3))",
        "layers.Conv2D(64, 3, padding='smae')",
        "layers.Conv2D(64, 3, pading='same')",
        "layers.Conv2D(64, 3, groups=3)",
        "layers.Conv2D(64, 3, groups=4).cost((28, 28, 30))",
        "layers.Conv2D(64, 3, data_format='channel_first')",
        "layers.LSTM(64, return_sequence=True)",
        "layers.MultiHeadAttention(8)",
        "layers.Quantized(layers.Dense(4), 'int3')",
        "convcost.separable(3, 32, '64', 28)",
        "convcost.separable((3, 3), 32, 64, 28)",
        "convcost.standard(3, -32, 64, 28)",
    ],
    "Shapes": [
        "layers.Conv2D(64, 3).cost((28, 28))",
        "layers.Conv2D(64, 3).cost((8, 28, 28, 32))",
        "layers.Conv2D(64, 3).cost('28, 28, 32')",
        "layers.Conv2D(64, 3).cost((28, 28, 32.0))",
        "layers.Conv2D(64, 7).cost((5, 5, 3))",
        "layers.Dense(10).cost(1152)",
        "layers.Add().cost((8, 8, 3))",
        "convcost.summary(model, (3, 28, 28))",
        "convcost.summary(model, (1, 28, 28, 3))",
        "convcost.summary(model, '28x28x3')",
    ],
    "Models": [
        "convcost.summary(keras.layers.Dense(10, name='dense'))",
        "convcost.summary(keras.Sequential)",
        "convcost.summary(keras.Sequential([keras.layers.Dense(10)]))",
        "convcost.summary(layers.Conv2D(64, 3))",
        "convcost.summary([model])",
        "convcost.summary(None)",
        "convcost.summary('modle.keras')",
        "convcost.summary('mobilenet_v2')",
        "convcost.compare(model)",
        "convcost.summary(model, on_unknown='warning')",
        "layers.register(Own)",
        "convcost.from_keras(model).with_separable('dense')",
    ],
    "Budgets and design spaces": [
        "testing.assert_budget(model)",
        "testing.assert_budget(model, max_macs='300m')",
        "testing.assert_budget(model, max_macs='1k')",
        "convcost.Space(convcost.separable, dk=3, m=8, n=8)",
        "convcost.Space(convcost.separable, dk=3, m=8, n=8, df=7, k=1)",
        "convcost.Space(convcost.separable, dk=[3.5], m=8, n=8, df=7)",
        "convcost.Space('separable', dk=3, m=8, n=8, df=7)",
        "space.count('mac < 1e6')",
        "space.top('macs', 3)",
        "space.pareto(minimize='macs', maximize='parms')",
        "convcost.solve(convcost.separable, 'k', macs=3e8, dk=3, m=64, df=28)",
        "convcost.solve(convcost.separable, 'n', mac=3e8, dk=3, m=64, df=28)",
        "convcost.solve(convcost.separable, 'n', macs='300m', dk=3, m=64, df=28)",
        "hardware.roofline(layers.Conv2D(64, 3), (28, 28, 32), 'A100')",
    ],
}


@contextlib.contextmanager
def prepared() -> Iterator[dict[str, Any]]:
    """Work in a folder with the files, and provide the names that the programs use."""
    import keras

    import convcost
    from convcost import hardware, layers, testing

    class Own(keras.layers.Layer):  # type: ignore[misc]  # Keras may be missing
        """A layer of one's own."""

    entry = keras.Input((28, 28, 3), name="image")
    conv = keras.layers.Conv2D(8, 3, name="conv")(entry)
    flat = keras.layers.Flatten(name="flatten")(conv)
    model = keras.Model(entry, keras.layers.Dense(10, name="dense")(flat), name="net")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        _write_files(model)
        yield {
            "convcost": convcost,
            "hardware": hardware,
            "keras": keras,
            "layers": layers,
            "model": model,
            "Own": Own,
            "space": convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 9), n=8, df=7),
            "testing": testing,
        }


def _write_files(model: Any) -> None:
    for name in ("model.keras", "other.keras"):
        model.save(name)
    model.save_weights("weights.weights.h5")
    Path("notes.txt").write_text("My model has 10 layers", encoding="utf-8")
    for name in ("checkpoints", "saved_model"):
        Path(name).mkdir()
    Path("saved_model/saved_model.pb").write_bytes(b"\x08\x01")
    Path("cut.keras").write_bytes(Path("model.keras").read_bytes()[:3000])
    with zipfile.ZipFile("model.pt", "w") as archive:
        archive.writestr("archive/data.pkl", "")
    Path("model.onnx").write_bytes(b"\x08\x07\x12\x07pytorch\x1a\x032.1")
    Path("model.tflite").write_bytes(b"\x1c\0\0\0TFL3\x14\0\x20\0")


def on_shell(words: str) -> str:
    """Return what a command says that is wrong, in one line, without the lines on its usage."""
    from convcost._cli import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main.run(words.split()[1:])
    said = (err.getvalue().rpartition("Error: ")[2] or out.getvalue()).strip()
    if code != 2 or not said or "Traceback" in err.getvalue():
        raise AssertionError(f"{words} ended with {code}: {err.getvalue()}")
    return _one_line(said)


def in_python(program: str, names: dict[str, Any]) -> str:
    """Return the error of a program in one line."""
    try:
        made = eval(program, dict(names))
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        OSError,
        TypeError,
        ValueError,
    ) as error:
        return f"{type(error).__name__}: {_one_line(str(error))}"
    raise AssertionError(f"{program} is no mistake: {made!r}")


def page() -> str:
    """Return the tables."""
    with prepared() as names:
        parts = [
            *_part("On the shell", {head: _rows(all_, on_shell) for head, all_ in SHELL.items()}),
            *_part(
                "In Python",
                {
                    head: _rows(all_, lambda one: in_python(one, names))
                    for head, all_ in PYTHON.items()
                },
            ),
        ]
    return "\n".join(parts)


def _rows(mistakes: list[str], answer: Any) -> list[tuple[str, str]]:
    return [(f"`{one}`", f"`{answer(one)}`") for one in mistakes]


def _part(title: str, tables: dict[str, list[tuple[str, str]]]) -> Iterator[str]:
    yield f"## {title}\n"
    for head, rows in tables.items():
        yield f"### {head}\n"
        yield table(("what was typed", "what it says"), rows)


def _one_line(text: str) -> str:
    return ": ".join(" ".join(line.split()) for line in text.splitlines())


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    TABLE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"Wrote {TABLE}\n")
