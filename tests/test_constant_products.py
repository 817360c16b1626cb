"""Products of constants in users' own code, which Keras itself does not record."""

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops
from test_control_flow import read

LIST, MATRIX = [[1.0, 2.0, 3.0]] * 4, [[1.0, 2.0]] * 3  # 4 by 3, 3 by 2
PRODUCTS = {
    "matmul": lambda: ops.matmul(LIST, MATRIX),
    "dot": lambda: ops.dot(LIST, MATRIX),
    "inner": lambda: ops.inner(LIST, [[1.0] * 3] * 2),
    "tensordot": lambda: ops.tensordot(LIST, MATRIX, axes=1),
    "einsum": lambda: ops.einsum("ij,jk->ik", LIST, MATRIX),
    "a list and an array": lambda: ops.matmul(LIST, ops.ones((3, 2))),
    "an array and a list": lambda: ops.dot(ops.ones((4, 3)), MATRIX),
    "two tensors": lambda: ops.ones((4, 3)) @ ops.ones((3, 2)),
    "a tensor and an array": lambda: ops.ones((4, 3)) @ np.ones((3, 2), "float32"),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_of_constants_are_counted(name):
    net = read(lambda x: x + ops.cast(PRODUCTS[name](), x.dtype), (4, 2))
    assert net.macs == 4 * 3 * 2


def test_a_flat_product_of_lists_is_counted():
    assert read(lambda x: x + ops.cast(ops.vdot([1.0] * 5, [2.0] * 5), x.dtype), (2,)).macs == 5


def test_outside_of_a_trace_products_are_computed():
    """Also while a layer computes its own shape, which Keras does with the backend's tensors."""

    class Once(kl.Layer):
        def call(self, x):
            return x + ops.cast(ops.matmul(LIST, MATRIX), x.dtype)

    entry = keras.Input((4, 2))
    assert Once()(entry).shape == (None, 4, 2)
    assert read(lambda x: x, (4, 2)).macs == 0
    assert np.asarray(ops.matmul(LIST, MATRIX)).tolist() == [[6.0, 12.0]] * 4
    assert np.asarray(ops.ones((4, 3)) @ ops.ones((3, 2))).tolist() == [[3.0, 3.0]] * 4
