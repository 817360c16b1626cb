"""The example's recipes: Muon, the schedule, early stopping, and restored variables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("keras")

import keras
from fashion_mnist import resuming
from fashion_mnist.recipes import STRONG, Recipe
from fashion_mnist.strong_optimizer import ConvolutionMuon, make_optimizer
from train_fashion_mnist import ARTICLE, LOSS, build_model


def test_muon_takes_the_kernels_that_mix_channels_and_makes_their_steps_orthogonal():
    model = build_model()
    last = model.layers[-1].name
    optimizer = ConvolutionMuon(learning_rate=0.1, weight_decay=0.0, exclude_layers=[last])
    optimizer.build(model.trainable_variables)
    muons = [
        v
        for v, velocity in zip(model.trainable_variables, optimizer.adam_velocities, strict=True)
        if velocity is None
    ]
    shapes = [tuple(v.shape) for v in muons]
    assert shapes == [
        (3, 3, 1, 32),
        (1, 1, 32, 32),
        (1, 1, 32, 64),
        (1, 1, 64, 64),
        (1, 1, 64, 128),
        (1, 1, 128, 128),
        (1152, 128),
    ]
    source = np.random.default_rng(1)
    variables = model.trainable_variables
    gradients = [source.normal(0, 1, v.shape).astype(np.float32) for v in variables]
    before = [np.asarray(v) for v in muons]
    optimizer.apply(gradients)
    for variable, old in zip(muons, before, strict=True):
        step = (old - np.asarray(variable)).reshape(-1, variable.shape[-1]) / 0.1
        # Keras scales by 0.2 and the root of the longer side; five iterations of Newton and Schulz
        # bring singular values near 1, except for the few of a square matrix that start near 0.
        singular = np.linalg.svd(step / (0.2 * max(step.shape) ** 0.5), compute_uv=False)
        assert singular.max() < 1.3
        assert np.quantile(singular, 0.1) > 0.5


def test_muon_on_matrices_is_kerass_own():
    gradient = np.random.default_rng(2).normal(0, 1, (20, 30)).astype(np.float32)
    ends = []
    for make in (ConvolutionMuon, keras.optimizers.Muon):
        variable = keras.Variable(np.ones((20, 30), np.float32))
        optimizer = make(learning_rate=0.1)
        optimizer.build([variable])
        optimizer.apply([gradient])
        ends.append(np.asarray(variable))
    np.testing.assert_array_equal(*ends)


def test_the_learning_rate_rises_and_falls():
    recipe = Recipe(epochs=10, batch_size=32, learning_rate=0.5, warmup=0.1, averaging=0.9)
    optimizer = make_optimizer(recipe, steps_per_epoch=20, last_layer="dense")
    rates = [float(optimizer._learning_rate(step)) for step in range(201)]
    assert rates[0] == 0
    assert rates.index(max(rates)) == 20
    assert max(rates) == 0.5
    assert rates[200] < 1e-6
    assert optimizer.use_ema


@given(st.lists(st.integers(1, 9).map(lambda n: n / 2000), max_size=12), st.integers(1, 4))
def test_training_stops_early_as_with_keras(losses, patience):
    recipe = Recipe(epochs=100, batch_size=1, learning_rate=1, patience=patience)
    stop = keras.callbacks.EarlyStopping(patience=patience, min_delta=0.001, mode="min")
    stop.set_model(keras.Model())
    stop.on_train_begin()
    stop.model.stop_training = False
    for epoch, loss in enumerate(losses):
        stop.on_epoch_end(epoch, {"val_loss": loss})
        assert recipe.is_over(losses[: epoch + 1]) == stop.model.stop_training
        if stop.model.stop_training:
            break


def test_training_ends_with_the_last_epoch():
    recipe = Recipe(epochs=3, batch_size=1, learning_rate=1)
    assert [recipe.is_over([1.0] * count) for count in range(5)] == [False] * 3 + [True] * 2


def test_variables_come_back_exactly():
    images = np.random.default_rng(0).normal(0, 1, (50, 28, 28, 1)).astype(np.float32)

    def compiled():
        model = build_model()
        optimizer = make_optimizer(STRONG, steps_per_epoch=2, last_layer=model.layers[-1].name)
        model.compile(loss=LOSS, optimizer=optimizer)
        return model

    model, again = compiled(), compiled()
    model.fit(images, np.arange(50) % 10, epochs=1, batch_size=25, verbose=0)
    kept = resuming.dump(model)
    resuming.load(again, kept)
    assert resuming.dump(again) == kept
    assert int(again.optimizer.iterations) == 2
    for old, new in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(old), np.asarray(new))
    other = build_model()
    other.compile(loss=LOSS, optimizer=keras.optimizers.Adam(ARTICLE.learning_rate))
    with pytest.raises(ValueError, match="arrays for"):
        resuming.load(other, kept)
