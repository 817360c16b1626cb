"""Random operations of `keras.ops`, as source code."""


class Operations:
    """Writes operations that can take a value, most of the time."""

    def operation(self, scope, name, shape):
        kinds = [
            self._reshape_op, self._reshape_op, self._transpose_op, self._transpose_op,
            self._product, self._product, self._einsum, self._einsum, self._slice, self._slice,
            self._reduce, self._reduce, self._scale, self._scale, self._elementwise,
            self._broadcast, self._other, self._conv_op,
        ]  # fmt: skip
        return self.rng.choice(kinds)(scope, name, shape)

    def batch_of(self, scope, name, shape):
        """Return a way to write the batch of a value."""
        ways = ["-1", f"ops.shape({name})[0]"]
        if shape[0] is not None:
            ways += [str(shape[0]), f"{name}.shape[0]"] * 2
        return self.rng.choice(ways)

    def side_of(self, scope, name, shape, axis):
        ways = [f"{name}.shape[{axis}]", f"ops.shape({name})[{axis}]"]
        if shape[axis] is not None:
            ways += [str(shape[axis])] * 3
        return self.rng.choice(ways)

    def _reshape_op(self, scope, name, shape):
        rng, rank = self.rng, len(shape)
        batch = self.batch_of(scope, name, shape)
        sides = [self.side_of(scope, name, shape, axis) for axis in range(1, rank)]
        ways = []
        if rank >= 3:
            merged = f"{sides[0]} * {sides[1]}"
            ways += [[batch, merged, *sides[2:]], ["-1", *sides[1:]]]
            if batch != "-1":
                ways += [[batch, "-1", *sides[2:]], [batch, "-1"]]
        if shape[-1] is not None and rank >= 2:
            for heads in (2, 3):
                if shape[-1] % heads == 0:
                    ways.append([batch, *sides[:-1], str(heads), str(shape[-1] // heads)])
        if batch != "-1":
            ways.append([batch, "-1"])
        if rank >= 2:
            ways.append([batch, *sides, "1"])
        return f"ops.reshape({name}, ({', '.join(rng.choice(ways))}))" if ways else None

    def _transpose_op(self, scope, name, shape):
        rng, rank = self.rng, len(shape)
        order = list(range(1, rank))
        rng.shuffle(order)
        if rng.random() < 0.12:
            order.insert(rng.randrange(rank), 0)
            return f"ops.transpose({name}, {tuple(order)})"
        if rank >= 3 and rng.random() < 0.3:
            a, b = rng.sample(range(1, rank), 2)
            return f"ops.{rng.choice(['swapaxes', 'moveaxis'])}({name}, {a}, {b})"
        return f"ops.transpose({name}, {(0, *order)})"

    def _product(self, scope, name, shape):
        rng, rank = self.rng, len(shape)
        if rank < 2:
            return None
        if rank >= 3 and rng.random() < 0.5:
            turn = (*range(rank - 2), rank - 1, rank - 2)
            left, right = name, f"ops.transpose({name}, {turn})"
            if rng.random() < 0.5:
                left, right = right, left
            return f"ops.matmul({left}, {right})" if rng.random() < 0.7 else f"{left} @ {right}"
        if shape[-1] is None:
            return None
        weight = self.weight(scope, (shape[-1], rng.randint(1, 6)))
        return weight and rng.choice(
            [f"ops.matmul({name}, {weight})", f"{name} @ {weight}", f"ops.dot({name}, {weight})"]
        )

    def _einsum(self, scope, name, shape):
        rng, rank = self.rng, len(shape)
        if rank < 2 or shape[-1] is None:
            return None
        letters = "bxyzwv"[: rank - 1] + "c"
        way = rng.randrange(6)
        if way < 2:
            weight = self.weight(scope, (shape[-1], rng.randint(1, 5)))
            left = rng.choice([letters, "...c"])
            return weight and f'ops.einsum("{left},cd->{left[:-1]}d", {name}, {weight})'
        if way == 2 and rank >= 3:
            heads = self.weight(scope, (rng.randint(1, 3), shape[-1], rng.randint(1, 4)))
            return heads and f'ops.einsum("{letters},hcd->{letters[:-1]}hd", {name}, {heads})'
        if way == 3 and rank >= 3:
            other = letters[:-2] + "qc"
            return f'ops.einsum("{letters},{other}->{letters[:-1]}q", {name}, {name})'
        if way == 4 and rank >= 3:
            return f'ops.einsum("{letters}->{letters[0] + letters[:0:-1]}", {name})'
        weight = self.weight(scope, (rng.randint(1, 4), shape[-1]))
        return weight and f'ops.einsum("kc,{letters}->{letters[:-1]}k", {weight}, {name})'

    def _slice(self, scope, name, shape):
        rng, rank = self.rng, len(shape)
        if rank < 2:
            return None
        axis = rng.randrange(1, rank)
        side = shape[axis] or 2
        cut = rng.choice(
            [f":{max(side - 1, 1)}", "1:", "::2", "-1", "0", ":", f"-{min(2, side)}:", "None"]
        )
        return f"{name}[{', '.join([':'] * axis + [cut])}]" + (
            "" if rng.random() < 0.8 else "[..., :1]"
        )

    def _reduce(self, scope, name, shape):
        rng, rank = self.rng, len(shape)
        how = rng.choice(["mean", "sum", "max", "var", "mean"])
        keep = rng.choice(["", ", keepdims=True"])
        axes = sorted(rng.sample(range(1, rank), rng.randint(1, rank - 1))) if rank > 1 else []
        if not axes:
            return None
        axis = axes[0] if len(axes) == 1 else tuple(axes)
        text = f"ops.{how}({name}, axis={axis}{keep})"
        return rng.choice([text, text, f"{name} - ops.{how}({name}, axis={axis}, keepdims=True)"])

    def _scale(self, scope, name, shape):
        rng, rank = self.rng, len(shape)
        where = rng.randrange(1, rank) if rank > 1 else 0
        weight = self.weight(scope, shape[where:])
        sign = rng.choice(["*", "+", "-", "*"])
        return weight and rng.choice([f"{name} {sign} {weight}", f"{weight} {sign} {name}"])

    def _elementwise(self, scope, name, shape):
        return self.rng.choice(
            [
                f"ops.relu({name})", f"ops.softmax({name}, axis=-1)", f"ops.gelu({name})",
                f"{name} * 2.0", f"1.0 - {name}", f"ops.sqrt(ops.abs({name}))", f"-{name}",
                f"ops.where({name} > 0, {name}, 0.0)", f"ops.maximum({name}, 0.0)",
                f'ops.cast({name}, "float32")', f"ops.normalize({name}, axis=-1)",
                f"ops.clip({name}, -1, 1)", f"ops.flip({name}, axis=-1)",
                f"ops.zeros_like({name}) + {name}", f"{name} - ops.mean({name})",
            ]
        )  # fmt: skip

    def _broadcast(self, scope, name, shape):
        rng, rank = self.rng, len(shape)
        batch = self.batch_of(scope, name, shape)
        if batch == "-1":
            batch = f"ops.shape({name})[0]"
        n = rng.randint(2, 4)
        sides = [self.side_of(scope, name, shape, axis) for axis in range(1, rank)]
        if rng.random() < 0.5 and scope.own and rank >= 2 and None not in shape[2:]:
            token = self.weight(scope, (1, 1, *shape[2:]))
            spread = f"ops.broadcast_to({token}, ({', '.join([batch, '1', *sides[1:]])}))"
            return token and f"ops.concatenate([{spread}, {name}], axis=1)"
        target = ", ".join([batch, str(n), *sides])
        return f"ops.broadcast_to(ops.expand_dims({name}, 1), ({target}))"

    def _other(self, scope, name, shape):
        rng, rank = self.rng, len(shape)
        axis = rng.randrange(1, rank) if rank > 1 else 0
        pads = [[0, 0]] + [[rng.randint(0, 1), rng.randint(0, 1)] for _ in range(rank - 1)]
        choices = [
            f"ops.expand_dims({name}, {rng.randrange(1, rank + 1)})",
            f"ops.squeeze({name}, axis={axis})",
            f"ops.pad({name}, {pads})",
            f"ops.repeat({name}, 2, axis={axis})",
            f"ops.tile({name}, {[1] + [rng.randint(1, 2) for _ in range(rank - 1)]})",
            f"ops.cumsum({name}, axis={axis})",
            f"ops.split({name}, 2, axis={axis})[{rng.randrange(2)}]",
            f"ops.stack([{name}, {name}], axis={axis})",
            f"ops.unstack({name}, axis={axis})[0]",
            f"ops.concatenate([{name}, {name}], axis={axis})",
            f"ops.take({name}, [0, 0, 1], axis={axis})",
            f"ops.max(ops.sort({name}, axis={axis}), axis={axis})",
            f"ops.tensordot({name}, {name}, axes=[[{axis}], [{axis}]])[0]",
            f"ops.squeeze({name}[:, :1], axis=1)",
        ]
        if rank == 4:
            choices += [f'ops.image.resize({name}, (5, 4), interpolation="bilinear")'] * 2
        return rng.choice(choices)

    def _conv_op(self, scope, name, shape):
        rng, rank = self.rng, len(shape) - 2
        if rank < 1 or rank > 3 or shape[-1] is None:
            return None
        kernel = tuple(rng.randint(1, 3) for _ in range(rank))
        strides, padding = rng.randint(1, 2), rng.choice(["same", "valid"])
        kind = rng.choice(["conv", "depthwise_conv", "conv_transpose", "average_pool", "max_pool"])
        if "pool" in kind:
            return f'ops.{kind}({name}, 2, strides={strides}, padding="{padding}")'
        filters = rng.randint(1, 4)
        ends = {"conv": (shape[-1], filters), "depthwise_conv": (shape[-1], 1)}
        weight = self.weight(scope, (*kernel, *ends.get(kind, (filters, shape[-1]))))
        extra = f', strides={strides}, padding="{padding}"'
        return weight and f"ops.{kind}({name}, {weight}{extra})"

    def two(self, scope, name, shape):
        """Put two values together."""
        rng = self.rng
        other = rng.choice(list(scope.values))
        axis = rng.randrange(1, len(shape)) if len(shape) > 1 else 0
        ways = [
            f"{name} + {other}", f"{name} * {other}", f"ops.matmul({name}, {other})",
            f"ops.concatenate([{name}, {other}], axis={axis})", f"ops.add({name}, {other})",
            f"ops.maximum({name}, {other})", f"ops.stack([{name}, {other}], axis=1)",
        ]  # fmt: skip
        if len(shape) == 3:
            ways += [f'ops.einsum("bic,bjc->bij", {name}, {other})']
        kind = rng.choice(["Add()", "Multiply()", "Concatenate()", "Dot(axes=-1)", "Dot(axes=1)"])
        ways += [f"{self.layer(scope, f'L.{kind}')}([{name}, {other}])"] * 3
        chosen = rng.choice(ways)
        if not chosen.startswith(("_l", "self.l")):
            scope.made.pop()
        return chosen

    def on_weights(self, scope, name, shape):
        """Compute on weights alone, and put the result with a value."""
        rng = self.rng
        if shape[-1] is None or len(shape) < 2:
            return None
        c, rows = shape[-1], rng.randint(1, 5)
        table = self.weight(scope, (rows, c))
        dense = self.layer(scope, f"L.Dense({c})")
        return rng.choice(
            [
                f"ops.matmul({name}, ops.transpose({dense}({table})))",
                f"{name} + ops.mean({dense}({table}), axis=0)",
                f"{name} @ ops.matmul(ops.transpose({table}), {table})",
                f"ops.matmul({name}, ops.transpose({table}))",
                f"{name} @ {dense}.kernel",
                f"{dense}({name}) @ {dense}.kernel",
                f"{dense}({name}) @ ops.transpose({dense}.kernel)",
            ]
        )
