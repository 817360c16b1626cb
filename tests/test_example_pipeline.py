"""The example's batches and its trained model, checked against loops, NumPy and Keras."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("keras")

import keras
from fashion_mnist import batches, fast
from fashion_mnist.data import Dataset
from fashion_mnist.device_images import DeviceImages
from fashion_mnist.recipes import STRONG, Augmentation, Recipe
from fashion_mnist.resuming import KeepEpoch
from fashion_mnist.run_folder import DivergedError
from fashion_mnist.stopping import StopOnNaN
from train_fashion_mnist import ARTICLE, LOSS, build_model

IMAGES = np.random.default_rng(0).normal(0, 1, (50, 28, 28, 1)).astype(np.float32)
ROWS = batches.unchanged(np.arange(len(IMAGES)))
augmentations = st.builds(
    Augmentation,
    shift=st.integers(0, 27),
    erase=st.sampled_from([0.0, 0.5, 1.0]),
    erased_side=st.integers(3, 28),
)


@given(st.integers(0, 2**31 - 1), st.integers(0, 1000), st.integers(1, 300), augmentations)
def test_a_plan_is_a_permutation_with_changes_within_their_limits(seed, epoch, count, augmentation):
    plan = batches.draw_plan(seed, epoch, count, augmentation)
    change = batches.Change(*plan.T)
    assert sorted(change.image) == list(range(count))
    assert set(change.flip) <= {0, 1}
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
    assert (plan == batches.draw_plan(seed, epoch, count, augmentation)).all()
    if count > 20:
        assert (plan[:, 0] != batches.draw_plan(seed, epoch + 1, count, augmentation)[:, 0]).any()
        assert (plan[:, 0] != batches.draw_plan(seed + 1, epoch, count, augmentation)[:, 0]).any()


def change_by_loops(image, change, background):
    """Mirror and shift one image and erase a part of it, pixel by pixel."""
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
    plan = batches.draw_plan(seed, 0, len(IMAGES), augmentation)[:8]
    layer = DeviceImages(IMAGES, augmented=True)
    expected = [change_by_loops(IMAGES[row[0]], batches.Change(*row), IMAGES.min()) for row in plan]
    assert (keras.ops.convert_to_numpy(layer(plan)) == np.stack(expected)).all()


@settings(max_examples=20)
@given(st.integers(0, 2**31 - 1), augmentations)
def test_a_mirrored_plan_shows_the_mirror_images(seed, augmentation):
    plan = batches.draw_plan(seed, 0, len(IMAGES), augmentation)
    layer = DeviceImages(IMAGES, augmented=True)
    shown, mirror = (
        keras.ops.convert_to_numpy(layer(one)) for one in (plan, batches.mirrored(plan))
    )
    assert (mirror == shown[:, :, ::-1]).all()


def prepare(model, **options):
    return fast.prepare(model, DeviceImages(IMAGES, augmented=False), **options)


def dataset():
    labels = np.arange(50) % 10
    part = IMAGES, labels
    return Dataset(part, (IMAGES[:7] + 1, labels[:7]), part, "test", 0.0, 1.0)


@pytest.mark.parametrize("recipe", [ARTICLE, STRONG])
def test_the_fed_model_sees_the_images_that_are_on_the_device(recipe):
    model = build_model()
    trained, fed, (validation, _) = fast.feed(model, dataset(), recipe, parts=1, seed=1)
    assert len(fed) == (2 if recipe is ARTICLE else 1)
    rows = batches.unchanged(np.array([3, 1, 4], np.int32))
    for given_rows, images in ((rows, IMAGES[[3, 1, 4]]), (validation, IMAGES[:7] + 1)):
        expected = model.predict(images, verbose=0)
        got = trained.predict(given_rows, verbose=0)
        np.testing.assert_allclose(got, expected, rtol=1e-4)
    steps = 1
    assert trained.count_params() == model.count_params() + 57 * 28 * 28 + steps
    assert sum(v.value.numpy().size for v in trained.trainable_variables) == model.count_params()


@given(st.integers(1, 50), st.integers(1, 60))
def test_the_batches_of_an_epoch_are_its_plan(count, batch_size):
    labels = np.arange(count) % 10
    options = {"batch_size": batch_size, "seed": 5}
    rows = batches.Batches(labels, augmentation=STRONG.augmentation, **options)
    sent = batches.Batches(labels, images=IMAGES, **options)
    for epoch in (0, 3):
        rows.begin(epoch)
        sent.begin(epoch)
        plan = batches.draw_plan(5, epoch, count, STRONG.augmentation)
        assert (np.concatenate([rows[i][0] for i in range(len(rows))]) == plan).all()
        images = np.concatenate([sent[i][0] for i in range(len(sent))])
        assert (images == IMAGES[plan[:, 0]]).all()
        got = np.concatenate([rows[i][1] for i in range(len(rows))])
        assert (got == labels[plan[:, 0]]).all()
        last = len(rows[len(rows) - 1][0])
        assert last == (count - 1) % batch_size + 1
        recipe = Recipe(epochs=1, batch_size=batch_size, learning_rate=0.1)
        sizes = {len(rows[i][0]) for i in range(len(rows))}
        assert recipe.batch_sizes(count, 500) == {*sizes, 500}
        assert recipe.batch_sizes(count, 2 * 500 + 1) == {*sizes, 500, 1}


def test_dropout_changes_the_training_and_neither_weights_nor_predictions():
    model = build_model()
    plain, dropped = (prepare(model, dropout=dropout, seed=1) for dropout in (0.0, 0.5))
    assert dropped.count_params() == plain.count_params()
    predicted = plain.predict(ROWS, verbose=0)
    np.testing.assert_array_equal(dropped.predict(ROWS, verbose=0), predicted)
    assert not np.array_equal(dropped(ROWS, training=True), predicted)


@given(st.integers(0, 20), st.integers(1, 8))
def test_the_parts_of_a_batch_are_the_batch(rows, count):
    batch = np.arange(2 * rows).reshape(rows, 2)
    parts = [np.asarray(part) for part in fast.Parts(count)(batch)]
    assert (np.concatenate(parts) == batch).all()
    sizes = [len(part) for part in parts]
    assert len(sizes) == count
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_however_it_is_computed_it_is_the_same_model(parts):
    model = build_model()
    fed = prepare(model, parts=parts)
    assert [v.path for v in fed.trainable_variables] == [v.path for v in model.trainable_variables]
    predicted = model.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(fed.predict(ROWS, verbose=0), predicted, rtol=1e-4)
    labels = np.arange(len(IMAGES)) % 10
    ends = []
    for one, inputs in ((model, IMAGES), (fed, ROWS)):
        kept = model.get_weights()
        one.compile(keras.optimizers.SGD(1.0), LOSS)
        one.train_on_batch(inputs, labels)
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
    product = fast.ProductOfChannels(layer)
    np.testing.assert_allclose(np.asarray(product(images)), expected, rtol=1e-4, atol=1e-5)
    assert product.compute_output_shape(images.shape) == expected.shape


def test_steps_are_counted_until_one_is_no_number():
    watch = fast.Watch()
    good, bad = np.ones((2, 3), np.float32), np.array([[1, np.nan]], np.float32)
    for batch in (good, good, bad, bad):
        np.testing.assert_array_equal(np.asarray(watch(batch, training=True)), batch)
    watch(good, training=False)
    assert int(watch.finite_steps) == 2


@pytest.mark.parametrize(("finite", "when"), [(0, "in step 1"), (2, "in step 3"), (4, "by step 4")])
def test_the_step_is_named_in_which_a_loss_became_no_number(finite, when):
    fed = prepare(build_model())
    fed.compile(steps_per_execution=4)
    stop = StopOnNaN()
    stop.set_model(fed)
    stop.on_epoch_begin(1)
    stop.on_train_batch_end(1, {"loss": 0.5})
    fed.get_layer("watch").finite_steps.assign(finite)
    with pytest.raises(DivergedError, match=f"the loss became inf {when} of epoch 2"):
        stop.on_train_batch_end(3, {"loss": np.inf})


def test_an_epoch_that_ends_in_no_number_is_not_saved(tmp_path):
    """Its last step can spoil the weights without a loss of its own."""
    check = StopOnNaN()
    check.epoch = 3
    check.on_epoch_end(2, {"val_loss": 0.5})
    with pytest.raises(DivergedError, match="the validation loss became nan in epoch 3"):
        check.on_epoch_end(2, {"val_loss": float("nan")})


def test_no_two_steps_have_the_same_dropout_masks():
    """Also not the steps of two epochs, though each begins at a known state."""
    model = keras.Sequential([keras.Input((500,)), keras.layers.Dropout(0.5)])
    kept = KeepEpoch(model, batches.Batches(np.arange(20), batch_size=6, seed=1), ARTICLE, None)
    kept.set_model(model)
    masks = set()
    for epoch in (0, 1, 2, 20_000):
        kept.on_epoch_begin(epoch)
        for _ in range(3):
            masks.add(np.asarray(model(np.ones((1, 500)), training=True)).tobytes())
    assert len(masks) == 12
