"""Spectrograms against Keras: shapes, kernels, and the products in JAX's record."""

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras_layers import check

import convcost
from convcost import layers
from convcost._verify.model_totals import walk_model
from convcost._verify.oracles.jaxpr import PRODUCT
from convcost._verify.oracles.model_inputs import inputs_of
from convcost.symbols import symbol


@pytest.mark.parametrize("mode", ["log", "stft", "imag"])
@pytest.mark.parametrize("expand_dims", [True, False])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_kernels_and_shapes(mode, expand_dims, data_format):
    options = {"expand_dims": expand_dims, "data_format": data_format}
    made = check("STFTSpectrogram", (20, 30), mode, 9, 4, 12, **options)
    assert made.traffic((20, 30)).intermediate == 0
    assert made.training((20, 30), first=True).input_gradient.macs == 0


def test_the_length_of_the_transform_is_a_power_of_two():
    for frame_length in (2, 3, 5, 8, 9, 16):
        check("STFTSpectrogram", (20, 1), frame_length=frame_length)


def test_symbols_and_arrays():
    length, frame = symbol("t"), symbol("f")
    layer = layers.STFTSpectrogram("real", frame, 4, 16)
    assert layer.cost((length, 2)).macs.subs({frame: 9, length: 40}) == (
        layers.STFTSpectrogram("real", 9, 4, 16).cost((40, 2)).macs
    )
    lengths = np.array([8, 9])
    several = layers.STFTSpectrogram("real", lengths, 4, 16).cost((40, 2)).macs
    one = [layers.STFTSpectrogram("real", int(n), 4, 16).cost((40, 2)).macs for n in lengths]
    assert several.tolist() == one
    mel = layers.MelSpectrogram(16, 4, num_mel_bins=frame)
    assert mel.cost((40,)).macs == 11 * 9 * frame


@pytest.mark.parametrize("steps", [40, 43, 44])
def test_a_mel_spectrogram_has_the_frames_that_it_makes(steps):
    # Keras declares one frame more than it makes where steps + 1 is a multiple of the stride.
    made = kl.MelSpectrogram(fft_length=16, sequence_stride=4, num_mel_bins=6)
    ours = layers.MelSpectrogram(16, 4, num_mel_bins=6)
    assert ours.output_shape((steps,)) == made(np.ones((1, steps), "float32")).shape[1:]


def test_the_product_with_the_mel_matrix_is_in_the_record_and_the_transform_is_not_counted():
    entry = keras.Input((100,))
    model = keras.Model(entry, kl.MelSpectrogram(16, 4, num_mel_bins=6)(entry))
    net = convcost.from_keras(model)
    found = walk_model(model, inputs_of(model, net))
    assert found.macs[PRODUCT] == net.macs == 26 * 9 * 6
    assert found.blind == ("fft is not counted",) or "fft" in found.blind[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.STFTSpectrogram("power"), "mode must be one of log, magnitude, .*'power'"),
        (lambda: layers.STFTSpectrogram(frame_length=8, frame_step=9), "frame_step must be from 1"),
        (lambda: layers.STFTSpectrogram(frame_length=1), "frame_step must be from 1 .*got 0"),
        (lambda: layers.STFTSpectrogram(fft_length=64), "fft_length must be at least frame_leng"),
        (
            lambda: layers.STFTSpectrogram(frame_length=symbol("f"), frame_step=1),
            "fft_length must be given where frame_length is not an integer",
        ),
        (lambda: layers.STFTSpectrogram(padding="full"), "padding must be 'valid' or 'same'"),
        (lambda: layers.MelSpectrogram(64, sequence_length=65), "sequence_length must be at most"),
        (lambda: layers.MelSpectrogram(0), "fft_length must be a positive integer"),
        (lambda: layers.MelSpectrogram().cost((3, 4)), r"input_shape must be \(steps,\) without"),
        (lambda: layers.STFTSpectrogram().cost((9, 1)), "must be at least as long as frame_length"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
