"""Every class of `keras.layers` is known and held to Keras, or on a list of those that aren't."""

import importlib
import sys

import keras
import pytest
from layer_settings import settings

import convcost


@pytest.fixture(scope="module")
def docs(root):
    sys.path.insert(0, str(root / "docs"))
    return importlib.import_module("known_layers")


def test_every_class_is_listed_once(docs):
    listed = [*docs.KNOWN, *docs.NOT_KNOWN, *docs.NO_LAYERS]
    assert sorted(listed) == sorted(docs.CLASSES)
    objects = {id(one) for one in vars(keras.layers).values() if isinstance(one, type)}
    assert {id(getattr(keras.layers, name)) for name in listed} == objects
    assert len(listed) == len(objects)


def test_the_table_has_all_classes_with_their_settings(docs):
    lines = docs.TABLE.read_text(encoding="utf-8").splitlines()
    for name in docs.KNOWN:
        (line,) = [one for one in lines if one.startswith((f"| `{name}` |", f"| `{name}`, "))]
        _, shown, how, *numbers, _ = map(str.strip, line.split("|"))
        tried, equal, jax = map(int, numbers)
        assert tried == equal == len(settings(name)) >= max(jax, 1), name
        counted = docs.Tally(tried, jax)
        assert docs.line(name, counted) == (shown, how, tried, equal, jax)
    for name, why in (docs.NOT_KNOWN | docs.NO_LAYERS).items():
        assert f"| `{name}` | {why} |" in lines


@pytest.mark.parametrize(
    "initial", sorted({name[0] for name in vars(keras.layers) if name[0] != "_"})
)
def test_a_setting_of_each_class_is_kerass(docs, initial):
    for name in docs.CLASSES:
        if name in docs.KNOWN and name.startswith(initial):
            settings(name)[0].check(jaxpr=False)


@pytest.mark.parametrize("name", ["FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"])
def test_what_is_not_known_is_refused_by_name(docs, name):
    assert name in docs.NOT_KNOWN
    config = {"class_name": name, "module": "keras.layers", "config": {"name": "own"}}
    message = f"'own' of class {name} has no known cost"
    with pytest.raises(convcost.UnknownLayerError, match=message):
        convcost.from_keras({"name": "model", "layers": [config]}, (4,))


def test_the_summary_says_what_the_pages_say(docs):
    summary = importlib.import_module("known_summary")
    text = summary.summary()
    assert summary.TABLE.read_text(encoding="utf-8") == text
    assert f"| {len(docs.KNOWN)} classes" in text
    assert f"| {len(docs.NOT_KNOWN)}, which run another framework" in text
    for name in docs.NOT_KNOWN:
        assert f"`{name}`" in text
