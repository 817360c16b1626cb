"""Random Keras models as source code: own layers, shared weights, operations, nested models."""

import itertools
import math
import random
from dataclasses import dataclass, field

import keras
from keras.src.backend import compute_output_spec
from live_layers import LayerTexts
from live_operations import Operations
from live_programs import HEADER, OwnClass, Program, pruned

LARGEST = 3_000  # elements of a value, the batch apart
MOST_WEIGHTS = 20_000
BATCHES = [None, None, None, 1, 2, 5, 8]


@dataclass
class Scope:
    """Where lines are drawn: the code of a model, or the `call` of a layer of one's own."""

    program: "Program"
    values: dict[str, object]  # symbolic tensors by name
    own: bool = False
    made: list[str] = field(default_factory=list)  # lines that make layers and weights
    lines: list[tuple[str, str]] = field(default_factory=list)
    result: str = ""
    env: dict[str, object] = field(default_factory=dict)
    depth: int = 0


class Drawer(LayerTexts, Operations):
    """Draws programs, one line at a time; a line that Keras refuses is dropped."""

    def __init__(self, rng):
        self.rng = rng
        self.count = itertools.count()

    def program(self):
        rng = self.rng
        rank = rng.choice([1, 2, 2, 3, 3, 3, 4])
        shape = {
            1: (rng.randint(2, 9),),
            2: (rng.randint(2, 8), rng.randint(2, 8)),
            3: (rng.randint(4, 9), rng.randint(4, 9), rng.randint(1, 6)),
            4: (rng.randint(3, 5), rng.randint(3, 5), rng.randint(3, 5), rng.randint(1, 4)),
        }[rank]
        inputs = [("i0", shape, "float32")]
        if rng.random() < 0.3:
            inputs.append(("i1", rng.choice([shape, (rng.randint(2, 6),)]), "float32"))
        if rng.random() < 0.15:
            inputs.append(("i2", (rng.randint(2, 7),), "int32"))
        program = Program(inputs, rng.choice(BATCHES))
        env = {}
        exec(HEADER, env)
        values = {
            name: keras.Input(batch_shape=(program.batch, *shape), dtype=dtype)
            for name, shape, dtype in inputs
        }
        scope = Scope(program, values, env=env)
        env.update(values)
        self.fill(scope, rng.randint(1, 7))
        program.made, program.lines = scope.made, scope.lines
        names = list(scope.values)
        program.outputs = [names[-1]]
        if rng.random() < 0.2:
            program.outputs.append(rng.choice(names))
        program = pruned(program)
        inline = not any(one.startswith(("n", "m")) for one in program.made)
        program.subclassed = program.batch is None and inline and rng.random() < 0.15
        if rng.random() < 0.2:
            program.after = self.afterwards(program)
        return program

    def afterwards(self, program):
        """Return what is done to a model after it is made."""
        made = [one.partition(" = ")[0] for one in program.made if one.startswith("_l")]
        which = self.rng.choice(made) if made else "model"
        return self.rng.choice(
            [
                ["model.trainable = False"],
                [f"{which}.trainable = False"],
                ["model.trainable = False", f"{which}.trainable = True"],
                ["model.extra = L.Dense(3)", "model.extra.build((None, 5))"],
                [f"for one in {which}.weights[:1]: one.trainable = False"],
            ]
        )

    # ---- lines --------------------------------------------------------------------------------

    def fill(self, scope, wanted):
        """Add a number of lines to a scope, or fewer if Keras refuses too many."""
        for _ in range(4 * wanted):
            if len(scope.lines) < wanted:
                self.line(scope)

    def line(self, scope):
        """Add one line to a scope, if Keras accepts it."""
        made, classes = list(scope.made), list(scope.program.classes)
        text = self.expression(scope)
        if text is None or not self.accept(scope, text, made):
            scope.made[:], scope.program.classes[:] = made, classes
            for name in [name for name in scope.env if name.startswith("_l")]:
                if not any(one.startswith(f"{name} =") for one in made):
                    del scope.env[name]

    def accept(self, scope, text, made):
        target = f"v{next(self.count)}"
        try:
            for one in scope.made[len(made) :]:
                exec(one, scope.env)
            value = self.evaluate(scope, text)
        except Exception:
            return False
        if isinstance(value, (list, tuple, dict)) or not hasattr(value, "shape"):
            return False
        if math.prod(side or 1 for side in value.shape[1:]) > LARGEST or len(value.shape) > 6:
            return False
        scope.lines.append((target, text))
        scope.values[target] = value
        scope.env[target] = value
        return True

    def evaluate(self, scope, text):
        if not scope.own:
            return eval(text, scope.env)
        names = list(scope.values)

        def run(*given):
            return eval(text, {**scope.env, **dict(zip(names, given, strict=True))})

        return compute_output_spec(run, *[scope.values[name] for name in names])

    def layer(self, scope, text):
        """Return the name of a new layer in the scope."""
        name = f"_l{next(self.count)}"
        if self.rng.random() < 0.05:
            text = text[:-1] + (", " if text[-2] != "(" else "") + "trainable=False)"
        if scope.own:
            name = f"self.{name[1:]}"
        scope.made.append(f"{name} = {text}")
        return name

    def weight(self, scope, shape):
        """Return the name of a new weight, or a constant where weights can't be made."""
        name = f"w{next(self.count)}"
        if None in shape or math.prod(shape) > MOST_WEIGHTS:
            return None
        if scope.own and self.rng.random() < 0.85:
            trainable = ", trainable=False" if self.rng.random() < 0.1 else ""
            scope.made.append(f"self.{name} = self.add_weight(shape={tuple(shape)}{trainable})")
            return f"self.{name}"
        return f'np.ones({tuple(shape)}, "float32")'

    def expression(self, scope):
        rng = self.rng
        names = list(scope.values)
        name = rng.choice(names[-3:] if rng.random() < 0.7 else names)
        value = scope.values[name]
        if "int" in str(value.dtype):
            return f"{self.layer(scope, f'L.Embedding(50, {rng.randint(2, 6)})')}({name})"
        kinds = [self.layer_call] * 6 + [self.operation] * 8 + [self.two] * 3 + [self.again]
        if scope.depth < 2:
            kinds += [self.own_layer] * 4
        if not scope.own:
            kinds += [self.nested] * 2
        if scope.own:
            kinds += [self.on_weights]
        return rng.choice(kinds)(scope, name, tuple(value.shape))

    def layer_call(self, scope, name, shape):
        text = self.layer_text(shape)
        return None if text is None else f"{self.layer(scope, text)}({name})"

    def again(self, scope, name, shape):
        """Call a layer that was called before."""
        made = self.layers_of(scope)
        if not made:
            return None
        again = self.rng.choice(made)
        if self.rng.random() < 0.25 and len(shape) > 2:
            again = self.layer(scope, f"L.TimeDistributed({again})")
        if scope.own and self.rng.random() < 0.3:
            held = self.rng.choice(["kernel", "kernel", "embeddings", "bias", "gamma"])
            with_it = [f"{name} * {again}.{held}"]
            if held in ("kernel", "embeddings"):
                with_it = [
                    f"{name} @ {again}.{held}",
                    f"ops.matmul({name}, ops.transpose({again}.{held}))",
                ]
            return self.rng.choice(with_it)
        return f"{again}({name})"

    def layers_of(self, scope):
        """Return the names of the layers of a scope."""
        names = [one.partition(" = ")[0] for one in scope.made if "add_weight" not in one]
        return [name for name in names if name.startswith(("_l", "self.l"))]

    def own_layer(self, scope, name, shape):
        """Draw a layer of one's own, and call it."""
        rng = self.rng
        given = [name]
        if rng.random() < 0.25:
            floats = [one for one, value in scope.values.items() if "int" not in str(value.dtype)]
            given.append(rng.choice(floats))
        layers = self.layers_of(scope)
        tied = rng.choice(layers) if layers and rng.random() < 0.3 else ""
        drawn = self.own_class(scope, given, tied)
        if drawn is None:
            return None
        scope.program.classes.append(drawn)
        exec(drawn.code(), scope.env)
        made = self.layer(scope, f"{drawn.name}({f'tied={tied}' if tied else ''})")
        if len(given) == 1 and len(shape) >= 3 and rng.random() < 0.08:
            made = self.layer(scope, f"L.TimeDistributed({made})")
        call = f"{made}({drawn.words(given, rng)})"
        if drawn.chosen:
            return call + drawn.chosen
        return f"{made}({call})" if rng.random() < 0.1 else call

    def own_class(self, scope, given, tied):
        """Draw the class of a layer that takes these values."""
        rng = self.rng
        names = [f"x{place}" for place in range(len(given))]
        values = [keras.KerasTensor(scope.values[one].shape) for one in given]
        inner = Scope(scope.program, dict(zip(names, values, strict=True)), own=True)
        inner.depth = scope.depth + 1
        exec(HEADER, inner.env)
        inner.env.update({"self": _Stub()}, **self._classes(scope))
        if tied:
            inner.env["tied"] = eval(tied, scope.env)
            inner.made.append(f"self.l{next(self.count)} = tied")
            exec(inner.made[-1], inner.env)
        self.fill(inner, rng.randint(1, 5))
        if not inner.lines:
            return None
        last = inner.lines[-1][0]
        drawn = OwnClass(f"Own{next(self.count)}", names, inner.made, inner.lines, last)
        rank = len(inner.values[last].shape)
        alike = [one for one, value in inner.values.items() if len(value.shape) == rank]
        drawn.tied = bool(tied)
        drawn.vary(rng, alike, list(inner.values))
        return drawn

    def _classes(self, scope):
        return {
            one.name: scope.env[one.name] for one in scope.program.classes if one.name in scope.env
        }

    def nested(self, scope, name, shape):
        """Draw a model inside the model."""
        rng = self.rng
        if rng.random() < 0.5:
            texts = [text for text in (self.layer_text(shape), self.layer_text(shape)) if text]
            return f"{self.layer(scope, f'keras.Sequential([{chr(44).join(texts)}])')}({name})"
        first, last = self.layer_text(shape), self.layer_text(shape)
        if first is None or last is None:
            return None
        number = next(self.count)
        scope.made.append(f"n{number} = Input(batch_shape={shape})")
        scope.made.append(f"m{number} = {first}(n{number})")
        scope.made.append(
            f"_l{number} = Model(n{number}, {last}({rng.choice(['m', 'm', 'n'])}{number}))"
        )
        call = f"_l{number}({name})"
        return f"_l{number}({call})" if rng.random() < 0.2 else call


class _Stub:
    """Stands for a layer of one's own while its `call` is drawn."""

    def add_weight(self, shape, trainable=True):
        return keras.Variable(keras.ops.zeros(shape), trainable=trainable)


def draw(seed):
    """Return a program; the same seed gives the same one."""
    return Drawer(random.Random(seed)).program()
