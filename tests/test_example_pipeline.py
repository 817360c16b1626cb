"""The example's input pipeline, trained model and optimizer, held to loops, NumPy and Keras."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("keras")

import fashion_mnist_callbacks as callbacks
import fashion_mnist_data as data_set
import fashion_mnist_models as models
import fashion_mnist_pipeline as pipeline
import fashion_mnist_training_model as training_model
import fashion_mnist_variables as variables
import keras
from fashion_mnist_optimizer import ConvolutionMuon
from fashion_mnist_recipes import LOSS, RECIPES, Augmentation, Recipe, compile_model

STRONG = RECIPES["strong"].augmentation
IMAGES = np.random.default_rng(0).normal(0, 1, (50, 28, 28, 1)).astype(np.float32)
augmentations = st.builds(
    Augmentation,
    flip=st.booleans(),
    shift=st.integers(0, 27),
    erase=st.sampled_from([0.0, 0.5, 1.0]),
    erased_side=st.integers(3, 28),
)


@given(st.integers(0, 2**31 - 1), st.integers(0, 1000), st.integers(1, 300), augmentations)
def test_a_plan_is_a_permutation_with_changes_within_their_limits(seed, epoch, count, augmentation):
    plan = pipeline.draw_plan(seed, epoch, count, augmentation)
    change = pipeline.Change(*plan.T)
    assert sorted(change.image) == list(range(count))
    assert set(change.flip) <= ({0, 1} if augmentation.flip else {0})
    for moved in (change.down, change.right):
        assert abs(moved).max() <= augmentation.shift
    for start, end in (
        (change.erased_top, change.erased_bottom),
        (change.erased_left, change.erased_right),
    ):
        erased = end > start
        assert ((end - start)[erased] >= 3).all()
        assert ((end - start)[erased] <= augmentation.erased_side).all()
        # At least one pixel of the rectangle is in the image.
        assert ((end > 0) & (start < 28))[erased].all()
        assert erased.all() == (augmentation.erase == 1) or 0 < augmentation.erase < 1
    assert (plan == pipeline.draw_plan(seed, epoch, count, augmentation)).all()
    if count > 20:
        assert (plan[:, 0] != pipeline.draw_plan(seed, epoch + 1, count, augmentation)[:, 0]).any()
        assert (plan[:, 0] != pipeline.draw_plan(seed + 1, epoch, count, augmentation)[:, 0]).any()


def change_by_loops(image, change, background):
    """Mirror, move and blot out one image, pixel by pixel."""
    out = np.full((28, 28, 1), background, np.float32)
    for y in range(28):
        for x in range(28):
            column = 27 - x if change.flip else x
            new_y, new_x = y + change.down, x + change.right
            if 0 <= new_y < 28 and 0 <= new_x < 28:
                out[new_y, new_x] = image[y, column]
    for y in range(max(change.erased_top, 0), min(change.erased_bottom, 28)):
        for x in range(max(change.erased_left, 0), min(change.erased_right, 28)):
            out[y, x] = background
    return out


@settings(max_examples=20)
@given(st.integers(0, 2**31 - 1), augmentations)
def test_images_are_changed_as_their_plan_says(seed, augmentation):
    plan = pipeline.draw_plan(seed, 0, len(IMAGES), augmentation)[:8]
    layer = pipeline.DeviceImages(IMAGES, augmented=True)
    expected = [
        change_by_loops(IMAGES[row[0]], pipeline.Change(*row), IMAGES.min()) for row in plan
    ]
    assert (keras.ops.convert_to_numpy(layer(plan)) == np.stack(expected)).all()


def dataset(count=50):
    labels = np.arange(count) % 10
    part = IMAGES[:count], labels
    return data_set.Dataset(part, (IMAGES[:7] + 1, labels[:7]), part, "test", 0.0, 1.0)


@pytest.mark.parametrize("augmented", [False, True])
def test_the_fed_model_sees_the_images_that_lie_on_the_device(augmented):
    model = models.build("dense")
    images, validation = pipeline.gather(dataset(), augmented=augmented)
    fed = training_model.prepare(model, images=images)
    rows = pipeline.unchanged(np.array([3, 1, 4], np.int32))
    for given_rows, images in ((rows, IMAGES[[3, 1, 4]]), (validation, IMAGES[:7] + 1)):
        expected = model.predict(images, verbose=0)
        np.testing.assert_array_equal(fed.predict(given_rows, verbose=0), expected)
    steps = 1
    assert fed.count_params() == model.count_params() + 57 * 28 * 28 + steps
    assert sum(v.value.numpy().size for v in fed.trainable_variables) == model.count_params()


@given(st.integers(1, 50), st.integers(1, 60), st.booleans())
def test_the_batches_of_an_epoch_are_its_plan(count, batch_size, one_hot):
    labels = np.arange(count) % 10
    options = {"batch_size": batch_size, "seed": 5, "one_hot": one_hot}
    rows = pipeline.Batches(labels, augmentation=STRONG, **options)
    sent = pipeline.Batches(labels, images=IMAGES, **options)
    for epoch in (0, 3):
        rows.epoch = sent.epoch = epoch
        plan = pipeline.draw_plan(5, epoch, count, STRONG)
        assert (np.concatenate([rows[i][0] for i in range(len(rows))]) == plan).all()
        images = np.concatenate([sent[i][0] for i in range(len(sent))])
        assert (images == IMAGES[plan[:, 0]]).all()
        got = np.concatenate([rows[i][1] for i in range(len(rows))])
        assert ((got.argmax(1) if one_hot else got) == labels[plan[:, 0]]).all()
        last = len(rows[len(rows) - 1][0])
        assert last == (count - 1) % batch_size + 1
        recipe = Recipe(epochs=1, batch_size=batch_size, learning_rate=0.1)
        assert recipe.smallest_batch(count, 500) == last
        assert recipe.smallest_batch(count, 2 * recipe.validation_batch_size + 1) == 1


def test_dropout_changes_the_training_and_neither_weights_nor_predictions():
    model = models.build("separable")
    changed = training_model.prepare(model, dropout=0.5, seed=1)
    steps = 1
    assert changed.count_params() - steps == model.count_params() == 184_234
    predicted = model.predict(IMAGES, verbose=0)
    np.testing.assert_array_equal(changed.predict(IMAGES, verbose=0), predicted)
    assert not np.array_equal(changed(IMAGES, training=True), predicted)


@given(st.integers(0, 20), st.integers(1, 8))
def test_the_parts_of_a_batch_are_the_batch(rows, count):
    batch = np.arange(2 * rows).reshape(rows, 2)
    parts = [np.asarray(part) for part in training_model.Parts(count)(batch)]
    assert (np.concatenate(parts) == batch).all()
    sizes = [len(part) for part in parts]
    assert len(sizes) == count
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    "options", [{"parts": 3}, {"products": True}, {"parts": 2, "products": True}]
)
def test_however_it_is_computed_it_is_the_same_model(options):
    model = models.build("separable")
    fed = training_model.prepare(model, **options)
    assert [v.path for v in fed.trainable_variables] == [v.path for v in model.trainable_variables]
    predicted = model.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(fed.predict(IMAGES, verbose=0), predicted, rtol=1e-4)
    labels = np.arange(len(IMAGES)) % 10
    ends = []
    for one in (model, fed):
        kept = model.get_weights()
        one.compile(keras.optimizers.SGD(1.0), LOSS)
        one.train_on_batch(IMAGES, labels)
        ends.append([old - new for old, new in zip(kept, model.get_weights(), strict=True)])
        model.set_weights(kept)
    for gradient, expected in zip(*ends, strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-5)


@settings(max_examples=20)
@given(
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from([{}, {"strides": 2}, {"dilation_rate": 2}]),
    st.sampled_from(["same", "valid"]),
    st.booleans(),
)
def test_a_separable_layer_is_a_depthwise_one_and_a_product(
    filters, kernel_size, depth_multiplier, options, padding, use_bias
):
    layer = keras.layers.SeparableConv2D(
        filters,
        kernel_size,
        depth_multiplier=depth_multiplier,
        padding=padding,
        use_bias=use_bias,
        bias_initializer="random_normal",
        activation="selu",
        **options,
    )
    images = IMAGES[:6].reshape(2, 28, 28, 3)
    expected = np.asarray(layer(images))
    product = training_model.ProductOfChannels(layer)
    np.testing.assert_allclose(np.asarray(product(images)), expected, rtol=1e-4, atol=1e-5)
    assert product.compute_output_shape(images.shape) == expected.shape


def test_steps_are_counted_until_one_is_no_number():
    watch = training_model.Watch()
    good, bad = np.ones((2, 3), np.float32), np.array([[1, np.nan]], np.float32)
    for batch in (good, good, bad, bad):
        np.testing.assert_array_equal(np.asarray(watch(batch, training=True)), batch)
    watch(good, training=False)
    assert int(watch.finite_steps) == 2


@pytest.mark.parametrize(("finite", "when"), [(0, "in step 1"), (2, "in step 3"), (4, "by step 4")])
def test_the_step_is_named_in_which_a_loss_became_no_number(finite, when):
    fed = training_model.prepare(models.build("dense"))
    stop = callbacks.StopOnNaN()
    stop.set_model(fed)
    stop.on_epoch_begin(1)
    stop.on_train_batch_end(1, {"loss": 0.5})
    fed.get_layer("watch").finite_steps.assign(finite)
    with pytest.raises(callbacks.DivergedError, match=f"the loss became inf {when} of epoch 2"):
        stop.on_train_batch_end(3, {"loss": np.inf})


def test_muon_takes_the_kernels_that_mix_channels_and_makes_their_steps_orthogonal():
    model = models.build("separable")
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
        # bring singular values near 1, but for the few of a square matrix that began near 0.
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


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "muon"])
def test_the_learning_rate_rises_and_falls(optimizer):
    model = models.build("dense")
    recipe = Recipe(
        epochs=10,
        batch_size=32,
        learning_rate=0.5,
        warmup=0.1,
        optimizer=optimizer,
        weight_decay=0.1,
        averaging=0.9,
        label_smoothing=0.1,
    )
    options = {"last_layer": "dense", "steps_per_execution": 1, "jit_compile": False}
    compile_model(model, recipe, steps_per_epoch=20, **options)
    rates = [float(model.optimizer._learning_rate(step)) for step in range(201)]
    assert rates[0] == 0
    assert rates.index(max(rates)) == 20
    assert max(rates) == 0.5
    assert rates[200] < 1e-6
    assert model.optimizer.use_ema
    assert isinstance(model.loss, keras.losses.CategoricalCrossentropy)


def test_variables_come_back_exactly():
    model = models.build("separable")
    options = {"steps_per_epoch": 2, "steps_per_execution": 1, "jit_compile": False}
    last = model.layers[-1].name
    compile_model(model, RECIPES["strong"], last_layer=last, **options)
    labels = pipeline.encode(np.arange(50) % 10, RECIPES["strong"].label_smoothing > 0)
    model.fit(IMAGES, labels, epochs=1, batch_size=25, verbose=0)
    kept = variables.dump(model)
    again = models.build("separable")
    compile_model(again, RECIPES["strong"], last_layer=again.layers[-1].name, **options)
    variables.load(again, kept)
    assert variables.dump(again) == kept
    assert int(again.optimizer.iterations) == 2
    for old, new in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(old), np.asarray(new))
    other = models.build("dense")
    compile_model(other, RECIPES["article"], last_layer="dense", **options)
    with pytest.raises(ValueError, match="arrays for"):
        variables.load(other, kept)
