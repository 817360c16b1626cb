"""Families of classes of `keras.layers` with the same options, and the values to try of each."""

import random
from itertools import product

# So many settings of several options that are not the defaults.
TOGETHER = 8


class Family:
    """Classes with the same options, of which each may have several values, as source code."""

    def __init__(self, names, shapes, given="", /, how=None, unless=None, **options):
        self.names = names.split()
        self.shapes = shapes if isinstance(shapes, list) else [shapes]
        self.given, self.options, self.unless = given, options, unless
        self.how = how or {}

    def settings(self, name):
        rng = random.Random(name)
        alone = [{}, *({key: one} for key, values in self.options.items() for one in values)]
        for _ in range(TOGETHER if len(self.options) > 1 else 0):
            alone.append({key: rng.choice(values) for key, values in self.options.items()})
        for (place, shape), chosen in product(enumerate(self.shapes), alone):
            if place and len(chosen) > 1:
                continue  # together with the first shape only
            if self.unless is None or not self.unless(chosen):
                words = [self.given, *(f"{key}={one}" for key, one in chosen.items())]
                text = f"{name}({', '.join(filter(None, words))})"
                shapes = shape if shape and isinstance(shape[0], tuple) else (shape,)
                yield shapes, text, 2 if chosen else None, self.how


BOTH = ["True", "False"]
SAME = ['"valid"', '"same"']
FORMATS = ['"channels_first"', '"channels_last"']
# Sides that are channels of every group, too.
MAPS = {1: (8, 6), 2: (8, 10, 6), 3: (8, 6, 8, 6)}


def strided_and_dilated(chosen):
    """Tell whether a convolution has strides and dilation, which Keras refuses."""
    return {"strides", "dilation_rate"} <= chosen.keys()


def causal_first(chosen):
    """Tell whether a causal convolution has its channels first, which Keras refuses."""
    first = chosen.get("data_format") == '"channels_first"'
    return strided_and_dilated(chosen) or (first and "causal" in chosen.get("padding", ""))


def needs_vectors(chosen):
    """Tell whether a vocabulary is padded without a length to pad it to."""
    return "pad_to_max_tokens" in chosen and "max_tokens" not in chosen


def convolutions():
    """Yield the families of convolutions."""
    for rank in (1, 2, 3):
        sides = {1: "2", 2: "(2, 1)", 3: "(2, 1, 2)"}[rank]
        shared = {
            "padding": SAME,
            "data_format": FORMATS,
            "use_bias": ["False"],
            "activation": ['"relu"'],
        }
        strides, dilation = {"strides": ["2"]}, {"dilation_rate": ["2", sides]}
        slid = [{**shared, "strides": ["2", "3"]}, {**shared, **dilation}]
        for place, one in enumerate(slid):
            causal = [*SAME, '"causal"'] if rank == 1 else SAME
            more = {**one, "padding": causal, "groups": ["2"], "kernel_size": [sides, "3"]}
            yield Family(f"Conv{rank}D", MAPS[rank], "4, kernel_size=1", unless=causal_first)
            base = {key: more[key] for key in more if key != "kernel_size"}
            for size in more["kernel_size"] if place else more["kernel_size"][:1]:
                yield Family(f"Conv{rank}D", MAPS[rank], f"4, {size}", unless=causal_first, **base)
            if rank < 3:
                names = f"DepthwiseConv{rank}D"
                deep = {**one, "depth_multiplier": ["2"]}
                yield Family(names, MAPS[rank], "2", unless=causal_first, **deep)
                names = f"SeparableConv{rank}D"
                yield Family(names, MAPS[rank], "4, 2", unless=causal_first, **deep)
        moved = {**shared, **strides}
        for size in ("2", "3", sides):
            yield Family(f"Conv{rank}DTranspose", MAPS[rank], f"4, {size}", **moved)
        padded = {**moved, "output_padding": ["0", "1"]}
        yield Family(f"Conv{rank}DTranspose", MAPS[rank], "4, 3, strides=2", **_less(padded))
        if rank < 3:
            spread = {**shared, "dilation_rate": ["2"]}
            yield Family(f"Conv{rank}DTranspose", MAPS[rank], "4, 3", **spread)
        recurrent = {
            **shared,
            "return_sequences": BOTH,
            "return_state": BOTH,
            "go_backwards": ["True"],
            "stateful": ["False"],
            "dropout": ["0.1"],
            "recurrent_dropout": ["0.1"],
        }
        for more in (strides, dilation):
            shape = (3, *MAPS[rank])
            yield Family(f"ConvLSTM{rank}D", shape, "4, 2", **recurrent, **more)


def _less(options):
    return {key: one for key, one in options.items() if key != "strides"}


def maps():
    """Yield the families of pooling, padding and resizing."""
    for rank in (1, 2, 3):
        both = {"data_format": FORMATS}
        sides = {1: "2", 2: "(2, 3)", 3: "(2, 3, 1)"}[rank]
        pooled = {"strides": ["1", "3"], "padding": SAME, **both}
        for size in ("2", "3", sides):
            yield Family(f"MaxPooling{rank}D AveragePooling{rank}D", MAPS[rank], size, **pooled)
        names = f"GlobalMaxPooling{rank}D GlobalAveragePooling{rank}D"
        yield Family(names, MAPS[rank], keepdims=BOTH, **both)
        names = f"AdaptiveMaxPooling{rank}D AdaptiveAveragePooling{rank}D"
        for size in ("1", "3", sides):
            yield Family(names, MAPS[rank], size, **both)
        pairs = {1: "(1, 2)", 2: "((1, 2), (0, 3))", 3: "((1, 2), (0, 1), (1, 0))"}[rank]
        formatted = both if rank > 1 else {}
        yield Family(f"Cropping{rank}D", MAPS[rank], cropping=["1", pairs], **formatted)
        yield Family(f"ZeroPadding{rank}D", MAPS[rank], padding=["1", pairs], **both)
        yield Family(f"UpSampling{rank}D", MAPS[rank], size=["2", "3", sides], **formatted)
    modes = ['"bilinear"', '"bicubic"', '"lanczos3"', '"lanczos5"', '"nearest"']
    yield Family("UpSampling2D", MAPS[2], interpolation=modes, data_format=FORMATS)
    ratio = {"crop_to_aspect_ratio": ["True"]}
    yield Family("Resizing", MAPS[2], "5, 4", interpolation=modes[:1], data_format=FORMATS, **ratio)
    yield Family("Resizing", MAPS[2], "5, 4", pad_to_aspect_ratio=["True"], antialias=["True"])
    yield Family("CenterCrop", MAPS[2], "5, 4", data_format=FORMATS)
    yield Family("RandomCrop", MAPS[2], "5, 4", data_format=FORMATS)


STATES = {
    "return_sequences": BOTH,
    "return_state": BOTH,
    "go_backwards": ["True"],
    "unroll": ["True"],
    "dropout": ["0.1"],
    "recurrent_dropout": ["0.1"],
    "use_bias": ["False"],
}
ATTENTION = {
    "dropout": ["0.1"],
    "use_bias": ["False"],
    "sliding_window": ["2"],
    "flash_attention": ["False"],
    "use_gate": ["True"],
}
IMAGE = (8, 8, 3)
# What augmentation does in training is not counted.
CALM = {"call": "layer(x, training=False)"}
AS_LIST = {"call": "layer(inputs)"}
INTEGERS = {"dtype": "int32"}
TEXTS = {"dtype": "string"}
PAIRS = {**INTEGERS, **AS_LIST}
_BESIDE = '"bounding_boxes": {"boxes": inputs[1], "labels": inputs[2]}'
BOXED = {"call": f'layer({{"images": x, {_BESIDE}}})'}
MODES = ['"int"', '"one_hot"', '"multi_hot"', '"count"']
WITH_STATES = {"call": "layer(x, inputs[1:])"}
_HALF = "AlphaDropout Dropout GaussianDropout GaussianNoise SpatialDropout1D"
_IMAGES = """
    AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix MixUp RandAugment
    RandomColorJitter RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
    RandomGrayscale RandomInvert RandomPerspective RandomShear Solarization
"""
_IMAGES_BY = """
    RandomBrightness RandomColorDegeneration RandomContrast RandomHue RandomRotation
    RandomSaturation RandomSharpness
"""
FAMILIES = [
    *convolutions(),
    *maps(),
    Family("Dense", [(7,), (5, 7), (2, 3, 7)], "4", use_bias=["False"], activation=['"softmax"']),
    Family("EinsumDense", [(5, 6)], '"abc,cd->abd", (None, 4)', bias_axes=['"d"']),
    Family("EinsumDense", [(5, 6)], '"abc,cde->abde", (None, 4, 3)', bias_axes=['"e"', '"de"']),
    Family("EinsumDense", [(2, 6), (2, 2, 6)], '"...x,xy->...y", 4', bias_axes=['"y"']),
    Family("Embedding", [(), (5,), (2, 3)], "10, 4", mask_zero=BOTH, how=INTEGERS),
    Family(
        "ELU LeakyReLU PReLU ReLU Softmax Identity Flatten Masking ActivityRegularization", [(6, 3)]
    ),
    Family("Activation", [(6, 3)], '"gelu"'),
    Family("ReLU", (6, 3), max_value=["6.0"], negative_slope=["0.1"], threshold=["1.0"]),
    Family("PReLU", (6, 4, 3), shared_axes=["[1]", "[1, 2]"]),
    Family("Softmax UnitNormalization", (6, 3), axis=["-1", "1"]),
    Family(_HALF, [(6, 3)], "0.5", seed=["1"]),
    Family("SpatialDropout2D", [IMAGE], "0.5", data_format=FORMATS),
    Family("SpatialDropout3D", [(4, 4, 4, 3)], "0.5", data_format=FORMATS),
    Family("Dropout AlphaDropout", (6, 3), "0.5", noise_shape=["(2, 1, 3)"]),
    Family("Rescaling", [(6, 3)], "0.5", offset=["1.0"]),
    Family(
        "BatchNormalization",
        [(6, 3), IMAGE],
        **{"axis": ["1", "-1"], "center": ["False"], "scale": ["False"], "renorm": ["True"]},
    ),
    Family(
        "LayerNormalization",
        [(6, 3), IMAGE],
        **{"axis": ["1", "-1", "[1, 2]"], "center": ["False"], "scale": ["False"]},
    ),
    Family("RMSNormalization", [(6, 3), IMAGE], axis=["1", "-1"]),
    Family(
        "GroupNormalization",
        [(6, 4), (4, 4, 4)],
        "2",
        **{"axis": ["1", "-1"], "center": ["False"], "scale": ["False"]},
    ),
    Family("GroupNormalization", (6, 32), groups=["-1", "1", "4"]),
    Family("Normalization", [(6, 3)], axis=["1", "-1", "(1, 2)"]),
    Family("Normalization", (6, 3), "mean=0.5, variance=2.0, axis=None", invert=["True"]),
    *(Family("Reshape", (6, 4), one) for one in ("(24,)", "(4, 6)", "(-1, 8)", "(2, -1, 3)")),
    Family("Permute", (6, 4, 3), "(2, 1, 3)"),
    Family("Permute", (6, 4, 3), "(3, 1, 2)"),
    Family("Flatten", [IMAGE], data_format=FORMATS),
    Family("RepeatVector", [(6,)], "3"),
    Family("Add Average Maximum Minimum Multiply", [((6, 3),) * 3, ((6, 1), (1, 3))], how=AS_LIST),
    Family("Subtract", [((6, 3),) * 2, ((6, 1), (1, 3))], how=AS_LIST),
    Family("Concatenate", [((6, 3),) * 2], how=AS_LIST, axis=["1", "2", "-1"]),
    Family("Dot", [((6, 3), (4, 3))], "(2, 2)", how=AS_LIST, normalize=["True"]),
    Family("Dot", [((6, 3), (6, 4))], "1", how=AS_LIST),
    Family("Dot", [((3,), (3,))], "-1", how=AS_LIST, normalize=["True"]),
    Family("SimpleRNN LSTM", (5, 3), "4", **STATES),
    Family("GRU", (5, 3), "4", reset_after=BOTH, **STATES),
    Family("SimpleRNNCell", ((3,), (4,)), "4", use_bias=["False"], dropout=["0.1"]),
    Family("GRUCell", ((3,), (4,)), "4", use_bias=["False"], reset_after=BOTH),
    Family(
        "LSTMCell",
        ((3,), (4,), (4,)),
        "4",
        how=WITH_STATES,
        **{"use_bias": ["False"], "unit_forget_bias": ["False"]},
    ),
    Family(
        "StackedRNNCells",
        ((3,), (4,), (2,)),
        "[GRUCell(4), SimpleRNNCell(2)]",
        how=WITH_STATES,
    ),
    *(
        Family("RNN", (5, 3), cell, **{key: STATES[key] for key in list(STATES)[:4]})
        for cell in ("LSTMCell(4)", "[GRUCell(4), LSTMCell(2)]", "StackedRNNCells([GRUCell(4)])")
    ),
    *(
        Family("Bidirectional", (5, 3), one, merge_mode=['"sum"', '"mul"', '"ave"', "None"])
        for one in ("LSTM(4)", "GRU(4, return_sequences=True)", "RNN(LSTMCell(4))")
    ),
    Family("Bidirectional", (5, 3), "GRU(4), backward_layer=LSTM(4, go_backwards=True)"),
    *(
        Family("TimeDistributed", (5, 8, 6), one)
        for one in ("Dense(4)", "Conv1D(4, 2)", "LSTM(4)", "Flatten()", "BatchNormalization()")
    ),
    Family("TimeDistributed", (3, 8, 8, 2), "TimeDistributed(Conv1D(4, 2, strides=2))"),
    Family(
        "Attention",
        [((5, 4), (6, 4)), ((5, 4), (6, 3), (6, 4))],
        how=AS_LIST,
        **{"use_scale": ["True"], "score_mode": ['"concat"'], "dropout": ["0.1"]},
    ),
    Family("Attention", ((5, 4), (5, 4)), how={"call": "layer(inputs, use_causal_mask=True)"}),
    Family(
        "AdditiveAttention",
        [((5, 4), (6, 4))],
        how={**AS_LIST, "jaxpr": False},
        use_scale=["False"],
    ),
    Family(
        "MultiHeadAttention",
        ((5, 6), (7, 3)),
        "2, 4",
        value_dim=["3"],
        output_shape=["5", "(5, 2)"],
        **ATTENTION,
    ),
    Family(
        "MultiHeadAttention",
        ((4, 5, 6),),
        "2, 4",
        how={"call": "layer(x, x)"},
        attention_axes=["1", "(1, 2)"],
    ),
    Family("GroupQueryAttention", ((5, 6), (7, 6)), "4, 4, 2", **ATTENTION),
    Family(_IMAGES, [IMAGE], how=CALM),
    Family(_IMAGES_BY, [IMAGE], "0.5", how=CALM),
    # Keras makes a cycle of it in a model, where it stands by itself.
    Family("Equalization", [(2, *IMAGE)], how={"call": "keras.layers.TimeDistributed(layer)(x)"}),
    Family("RandomPosterization", [IMAGE], "4", how=CALM),
    Family("RandomTranslation RandomZoom", [IMAGE], "0.2, 0.2", how=CALM, data_format=FORMATS),
    Family("Pipeline", [IMAGE], "[Rescaling(0.5), CenterCrop(4, 6)]"),
    Family("ReversibleEmbedding", [(), (5,)], "10, 4", how=INTEGERS, tie_weights=["False"]),
    Family(
        "ReversibleEmbedding",
        [(5, 4)],
        "10, 4",
        how={"call": "layer(x, reverse=True)"},
        tie_weights=["False"],
        reverse_dtype=['"float32"'],
        logit_soft_cap=["30.0"],
    ),
    *(
        Family("SpectralNormalization", shape, one, power_iterations=["3"])
        for shape, one in (
            ((5, 7), "Dense(4)"),
            ((8, 8, 3), "Conv2D(4, 3, use_bias=False)"),
            ((8, 8, 3), "Conv2DTranspose(4, 3)"),
            ((8, 8, 3), "DepthwiseConv2D(3)"),
            ((5, 6), 'EinsumDense("abc,cd->abd", (None, 4))'),
        )
    ),
    Family("SpectralNormalization", (5,), "Embedding(10, 4)", how=INTEGERS),
    Family(
        "STFTSpectrogram",
        [(50, 3)],
        "frame_length=12",
        **{
            "mode": ['"stft"', '"real"', '"imag"', '"angle"', '"psd"', '"magnitude"'],
            "frame_step": ["5"],
            "fft_length": ["16", "32"],
            "padding": SAME,
            "expand_dims": ["True"],
            "scaling": ["None"],
        },
    ),
    Family("STFTSpectrogram", (30, 40), "frame_length=10", data_format=FORMATS, expand_dims=BOTH),
    Family(
        "MelSpectrogram",
        [(100,)],
        "fft_length=16, sequence_stride=4",
        **{"sequence_length": ["10"], "num_mel_bins": ["6"], "power_to_db": ["False"]},
    ),
    Family("CategoryEncoding", [(5,), (3, 5), (1,)], "6", how=INTEGERS, output_mode=MODES[1:]),
    Family("Discretization", [(5,), (3, 5), (1,)], "[0.0, 1.0]", output_mode=MODES),
    Family("Discretization", [(5,)], "num_bins=4", output_mode=MODES),
    Family("Hashing", [(5,), (3, 5), (1,)], "4", how=INTEGERS, output_mode=MODES),
    Family("HashedCrossing", [((1,), (1,)), ((), ())], "4", how=PAIRS, output_mode=MODES[:2]),
    Family(
        "IntegerLookup",
        [(5,), (3, 5), (1,)],
        "vocabulary=[4, 5, 7], idf_weights=None",
        how=INTEGERS,
        unless=needs_vectors,
        **{
            "output_mode": MODES,
            "num_oov_indices": ["2"],
            "mask_token": ["0"],
            "max_tokens": ["9"],
            "pad_to_max_tokens": ["True"],
        },
    ),
    Family(
        "StringLookup",
        [(5,), (3, 5), (1,)],
        'vocabulary=["a", "b"]',
        how=TEXTS,
        unless=needs_vectors,
        **{
            "output_mode": MODES,
            "num_oov_indices": ["2"],
            "mask_token": ['""'],
            "max_tokens": ["9"],
            "pad_to_max_tokens": ["True"],
        },
    ),
    Family("StringLookup", (5,), 'invert=True, vocabulary=["a", "b"]', how=INTEGERS),
    Family("TextVectorization", [(1,), ()], "output_sequence_length=7", how=TEXTS, ngrams=["2"]),
    Family(
        "TextVectorization",
        [(1,), ()],
        'vocabulary=["a", "b"], output_mode="count"',
        how=TEXTS,
        unless=needs_vectors,
        **{
            "split": ["None", '"character"'],
            "max_tokens": ["9"],
            "pad_to_max_tokens": ["True"],
        },
    ),
    Family("MaxNumBoundingBoxes", [IMAGE], "5"),
    *(
        Family("Lambda", [(5, 4)], f"lambda x: {one}", how={"saved": False})
        for one in ("x + 1", "x @ keras.ops.transpose(x, (0, 2, 1))", "keras.ops.mean(x, 1)")
    ),
    Family("MaxNumBoundingBoxes", ((8, 8, 3), (7, 4), (7,)), "5", how=BOXED),
    Family("RandomFlip", ((8, 8, 3), (7, 4), (7,)), 'bounding_box_format="xyxy"', how=BOXED),
    Family("RandomFlip", [IMAGE], mode=['"horizontal"', '"vertical"']),
]
