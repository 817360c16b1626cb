"""The source code of a model, and ways to make it smaller."""

import re
from dataclasses import dataclass, field, replace

import keras

HEADER = """\
import numpy as np, keras
from keras import Input, Model, layers as L, ops
"""


@dataclass
class OwnClass:
    """The code of a layer of one's own."""

    name: str
    inputs: list[str]
    made: list[str]
    lines: list[tuple[str, str]]
    result: str
    flag: str = ""
    style: str = ""
    chosen: str = ""
    tied: bool = False  # whether it takes a layer of its surroundings

    def vary(self, rng, alike, values):
        """Draw how the layer is called, and what else it returns."""
        self.style = rng.choice(["", "", "list", "keyword", "tuple", "dict"])
        if rng.random() < 0.15:
            self.flag = "other"
            self.result = f"{rng.choice(alike)} if other else {self.result}"
        if self.style == "tuple":
            self.result, self.chosen = f"({self.result}, {rng.choice(values)})", "[0]"
        if self.style == "dict":
            self.result = f"dict(a={self.result}, b={rng.choice(values)})"
            self.chosen = '["a"]'

    def words(self, given, rng):
        """Return the arguments of a call with these values."""
        words = ", ".join(given)
        if self.style == "list" and len(given) > 1:
            words = f"[{words}]"
        elif self.style == "keyword" and len(given) > 1:
            words = f"{given[0]}, x1={given[1]}"
        return words + (f", other={rng.choice(['True', 'False'])}" if self.flag else "")

    def code(self):
        layers_made = [one for one in self.made if "add_weight" not in one]
        weights = [one for one in self.made if "add_weight" in one]
        lines = [f"class {self.name}(L.Layer):"]
        tied = "tied, " if self.tied else ""
        lines += [
            f"    def __init__(self, {tied}**options):",
            "        super().__init__(**options)",
        ]
        lines += [f"        {one}" for one in layers_made]
        if weights:
            lines += ["    def build(self, *shapes):", *(f"        {one}" for one in weights)]
        flag = f", {self.flag}=False" if self.flag else ""
        if self.style == "list" and len(self.inputs) > 1:
            lines += [f"    def call(self, xs{flag}):", f"        {', '.join(self.inputs)} = xs"]
        else:
            lines += [f"    def call(self, {', '.join(self.inputs)}{flag}):"]
        lines += [f"        {target} = {text}" for target, text in self.lines]
        return "\n".join([*lines, f"        return {self.result}"])


@dataclass
class Program:
    """The code of a model."""

    inputs: list[tuple[str, tuple[int, ...], str]]  # name, shape without the batch, dtype
    batch: int | None
    classes: list[OwnClass] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    subclassed: bool = False

    def code(self, shapes=None):
        shapes = shapes or [shape for _, shape, _ in self.inputs]
        parts = [HEADER, *(one.code() for one in self.classes)]
        for (name, _, dtype), shape in zip(self.inputs, shapes, strict=True):
            kind = f', dtype="{dtype}"' if dtype != "float32" else ""
            parts.append(f"{name} = Input(batch_shape={(self.batch, *shape)}{kind})")
        if self.subclassed:
            return "\n".join([*parts, *self._subclass(), *map(_as_attribute, self.after)]) + "\n"
        parts += self.made
        parts += [f"{target} = {text}" for target, text in self.lines]
        names = [name for name, _, _ in self.inputs]
        parts.append(f"model = Model([{', '.join(names)}], [{', '.join(self.outputs)}])")
        return "\n".join([*parts, *self.after]) + "\n"

    def _subclass(self):
        """Return the lines that make the same model as a subclass."""
        names = [name for name, _, _ in self.inputs]
        lines = ["class Own(Model):", "    def __init__(self):", "        super().__init__()"]
        lines += [f"        {_as_attribute(one)}" for one in self.made]
        lines += ["    def call(self, given):"]
        lines += [f"        {', '.join(names)} = given"]
        lines += [f"        {target} = {_as_attribute(text)}" for target, text in self.lines]
        given = ", ".join(names)
        return [
            *lines,
            f"        return [{', '.join(self.outputs)}]",
            "model = Own()",
            f"model([{given}])" if len(names) > 1 else f"model({given})",
        ]

    def build(self, shapes=None):
        keras.utils.clear_session()
        env = {}
        exec(compile(self.code(shapes), "<drawn model>", "exec"), env)
        return env["model"]


def _as_attribute(line):
    """Return a line in which the layers of a model are its attributes."""
    owner = "model" if ".trainable = " in line or "weights[" in line else "self"
    return re.sub(r"(?<!\w)_l(?=\d)", f"{owner}.l", line)


def smaller(program):
    """Yield programs that are a little smaller."""
    for one in program.outputs[1:] and program.outputs:
        yield replace(program, outputs=[one])
    if program.after:
        yield replace(program, after=[])
    for name, _ in program.lines[:-1]:
        yield pruned(replace(program, outputs=[name]))
    for place, drawn in enumerate(program.classes):
        for less in _smaller_classes(drawn):
            classes = [*program.classes[:place], less, *program.classes[place + 1 :]]
            yield pruned(replace(program, classes=classes))
    for lines in _shorter([name for name, _, _ in program.inputs], program.lines):
        yield pruned(replace(program, lines=lines))


def _smaller_classes(drawn):
    for target in [*drawn.inputs, *(target for target, _ in drawn.lines)]:
        if target != drawn.result:
            yield replace(drawn, result=target)
    for lines in _shorter(drawn.inputs, drawn.lines):
        yield replace(drawn, lines=lines)


def _shorter(inputs, lines):
    """Yield lines one of which is only another name for an earlier value."""
    for index, (target, text) in enumerate(lines):
        for other in [*inputs, *(one for one, _ in lines[:index])]:
            if text != other:
                yield [*lines[:index], (target, other), *lines[index + 1 :]]


def _mentions(name, text):
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None


def _needed(lines, wanted):
    kept, texts = [], list(wanted)
    for target, text in reversed(lines):
        if any(_mentions(target, one) for one in texts):
            kept.append((target, text))
            texts.append(text)
    return kept[::-1], texts


def _needed_made(made, texts):
    kept, texts = [], list(texts)
    for one in reversed(made):
        target, _, text = one.partition(" = ")
        if any(_mentions(target, other) for other in texts):
            kept.append(one)
            texts.append(text)
    return kept[::-1]


def pruned(program):
    """Return a program without the lines that nothing needs."""
    lines, texts = _needed(program.lines, program.outputs)
    made = _needed_made(program.made, texts)
    texts = [*texts, *made]
    classes = []
    for drawn in reversed(program.classes):
        if any(_mentions(drawn.name, one) for one in texts):
            own, inner = _needed(drawn.lines, [drawn.result])
            own_made = _needed_made(drawn.made, inner)
            classes.append(replace(drawn, lines=own, made=own_made))
            texts += own_made
    inputs = [one for one in program.inputs if any(_mentions(one[0], text) for text in texts)]
    return replace(
        program, lines=lines, made=made, classes=classes[::-1], inputs=inputs or program.inputs[:1]
    )
