"""Random calls of Keras's layers, as source code."""

import math


class LayerTexts:
    """Writes layers that can take a shape, most of the time."""

    def layer_text(self, shape):
        rng, rank = self.rng, len(shape)
        options = ["dense", "act", "norm", "drop"]
        if 3 <= rank <= 5:
            options += ["conv"] * 5 + ["pool", "up", "pad", "crop", "transposed", "transposed"]
            options += ["timed"]
        if rank >= 3:
            options += ["flat", "permute", "reshape"]
        if rank == 2:
            options += ["repeat", "reshape"]
        if rank == 3:
            options += ["recurrent"]
        if rng.random() < 0.03:
            options = ["rare"]
        return getattr(self, f"_{rng.choice(options)}")(shape)

    def _dense(self, shape):
        extra = self.rng.choice(["", "", "", ", use_bias=False", ', activation="relu"'])
        return f"L.Dense({self.rng.randint(1, 6)}{extra})"

    def _recurrent(self, shape):
        rng = self.rng
        units = rng.randint(1, 5)
        sequences = rng.choice(["", ", return_sequences=True"])
        one = rng.choice(
            [
                f"L.LSTM({units}{sequences})",
                f"L.GRU({units}{sequences}, reset_after={rng.random() < 0.5})",
                f"L.SimpleRNN({units}{sequences}, use_bias=False)",
                f"L.RNN([L.LSTMCell({units}), L.GRUCell({units})]{sequences})",
                f'L.EinsumDense("abc,cd->abd", (None, {units}), bias_axes="d")',
            ]
        )
        both = rng.random() < 0.3 and "Einsum" not in one
        merge = rng.choice(["sum", "concat"])
        return f'L.Bidirectional({one}, "{merge}")' if both else one

    def _act(self, shape):
        return self.rng.choice(
            ["L.ReLU()", "L.LeakyReLU()", "L.PReLU()", "L.Softmax()", 'L.Activation("gelu")']
        )

    def _norm(self, shape):
        return self.rng.choice(
            [
                "L.BatchNormalization()",
                "L.BatchNormalization(scale=False)",
                "L.LayerNormalization()",
                "L.UnitNormalization()",
                "L.RMSNormalization()",
                "L.GroupNormalization(groups=-1)",
                "L.BatchNormalization(axis=1)",
            ]
        )

    def _drop(self, shape):
        return self.rng.choice(["L.Dropout(0.5)", "L.GaussianNoise(1.0)", "L.Identity()"])

    def _conv(self, shape):
        rng, rank = self.rng, len(shape) - 2
        first = rng.random() < 0.1
        channels = shape[1] if first else shape[-1]
        kernel = tuple(rng.randint(1, 3) for _ in range(rank))
        words = [f"kernel_size={kernel}"]
        paddings = ["valid", "same"] + (["causal"] if rank == 1 and not first else [])
        words.append(f'padding="{rng.choice(paddings)}"')
        if rng.random() < 0.4:
            words.append(f"strides={rng.randint(1, 3)}")
        elif rng.random() < 0.3:
            words.append(f"dilation_rate={rng.randint(1, 2)}")
        if first:
            words.append('data_format="channels_first"')
        if rng.random() < 0.2:
            words.append("use_bias=False")
        kind = rng.choice(["Conv", "Conv", "Depthwise", "Separable"])
        if kind == "Depthwise" and rank < 3:
            words.append(f"depth_multiplier={rng.randint(1, 2)}")
            return f"L.DepthwiseConv{rank}D({', '.join(words)})"
        filters = rng.randint(1, 6)
        if kind == "Separable" and rank < 3:
            return f"L.SeparableConv{rank}D({filters}, {', '.join(words)})"
        if rng.random() < 0.25 and channels and channels > 1:
            groups = rng.choice([d for d in range(1, channels + 1) if channels % d == 0])
            filters = groups * rng.randint(1, 2)
            words.append(f"groups={groups}")
        return f"L.Conv{rank}D({filters}, {', '.join(words)})"

    def _transposed(self, shape):
        rng, rank = self.rng, len(shape) - 2
        strides = rng.randint(1, 3)
        words = [f"kernel_size={tuple(rng.randint(1, 3) for _ in range(rank))}"]
        words += [f"strides={strides}", f'padding="{rng.choice(["valid", "same"])}"']
        if rng.random() < 0.2:
            words.append(f"output_padding={rng.randrange(strides)}")
        return f"L.Conv{rank}DTranspose({rng.randint(1, 5)}, {', '.join(words)})"

    def _pool(self, shape):
        rng, rank = self.rng, len(shape) - 2
        how = rng.choice(["Max", "Average"])
        if rng.random() < 0.3:
            keep = rng.choice(["", "keepdims=True"])
            return f"L.Global{how}Pooling{rank}D({keep})"
        padding = rng.choice(["valid", "same"])
        return f'L.{how}Pooling{rank}D({rng.randint(1, 3)}, padding="{padding}")'

    def _up(self, shape):
        rank = len(shape) - 2
        mode = ', interpolation="bilinear"' if rank == 2 and self.rng.random() < 0.4 else ""
        return f"L.UpSampling{rank}D(2{mode})"

    def _pad(self, shape):
        return f"L.ZeroPadding{len(shape) - 2}D({self.rng.randint(1, 2)})"

    def _crop(self, shape):
        return f"L.Cropping{len(shape) - 2}D(1)"

    def _flat(self, shape):
        return "L.Flatten()"

    def _permute(self, shape):
        order = list(range(1, len(shape)))
        self.rng.shuffle(order)
        return f"L.Permute({tuple(order)})"

    def _reshape(self, shape):
        sides = shape[1:]
        if any(side is None or side == 0 for side in sides):
            return "L.Reshape((-1,))"
        size = math.prod(sides)
        first = self.rng.choice([d for d in range(1, size + 1) if size % d == 0])
        return f"L.Reshape({self.rng.choice([(-1, first), (first, size // first), (size,)])})"

    def _repeat(self, shape):
        return f"L.RepeatVector({self.rng.randint(1, 4)})"

    def _timed(self, shape):
        inner = self.layer_text((shape[0], *shape[2:]))
        return None if inner is None else f"L.TimeDistributed({inner})"

    def _rare(self, shape):
        if len(shape) != 3:
            return 'L.EinsumDense("...i,ij->...j", output_shape=(3,))'
        return self.rng.choice(
            [
                "L.Bidirectional(L.LSTM(3, return_sequences=True))",
                "L.GRU(3)",
                "L.SimpleRNN(3, return_sequences=True)",
                'L.EinsumDense("abc,cd->abd", output_shape=(None, 3))',
            ]
        )
