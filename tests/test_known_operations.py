"""Every function of `keras.ops`: its shapes as Keras computes them, its MACs as JAX does."""

import keras
import known_operations
import pytest
from both_forms import walked
from known_operations import COUNTED, PRODUCTS
from product_settings import NO_PRODUCTS, NO_TENSORS

import convcost
from convcost._models.keras.operation_calls import RULES
from convcost._models.keras.operation_refusals import REASONS


@pytest.mark.parametrize("name", COUNTED)
def test_a_function_has_the_shapes_of_keras(name):
    known_operations.check_shapes(name)


def traced(names, most=None):
    """Return a model of settings that JAX can trace, of each function at most as many."""
    several = [[one for one in COUNTED[name] if one.traced][:most] for name in names]
    return known_operations.model_of([one for settings in several for one in settings])[0]


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_have_the_macs_of_jax(name):
    model = traced([name])
    network = convcost.from_keras(model)
    assert walked(model, network) == network.macs > 0


def test_nothing_else_multiplies_in_jax():
    """No counts cancel out: in JAX there is nothing to count, and here there is not either."""
    model = traced([name for name in COUNTED if name not in {*PRODUCTS, *NO_PRODUCTS}], 1)
    network = convcost.from_keras(model)
    assert walked(model, network) == network.macs == 0


def test_every_function_of_keras_is_known_or_listed():
    """Fails when Keras adds a function: give it a rule and settings, or a reason."""
    names = set(known_operations.names())
    known = {*COUNTED, *NO_TENSORS}
    refused = {name for name in names if known_operations.kind_of(name)}
    assert not known & refused
    assert names - known - refused == set()


def test_the_table_in_the_docs_is_the_one_of_today():
    """After a change: `python tests/known_operations.py`."""
    if keras.__version__ in known_operations.PAGE.read_text(encoding="utf-8"):
        assert known_operations.PAGE.read_text(encoding="utf-8") == known_operations.page()


def test_what_is_not_counted_has_no_rule():
    assert not set(REASONS) & set(RULES)
