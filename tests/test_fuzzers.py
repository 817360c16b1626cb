"""Short runs of the fuzzers; CONTRIBUTING.md says how to run them for longer."""

import fuzz_conditions
import fuzz_configs
import fuzz_sweeps
import pytest
from drawn_spaces import ENCODING, FUNCTIONS, LAYERS, MERGING, OTHERS

import convcost
from convcost import layers


def test_conditions_get_an_answer_or_one_sentence():
    cases = 2 * len(fuzz_conditions.HOSTILE) + 60
    outcomes, _ = fuzz_conditions.run(cases, seed=0)
    assert sum(outcomes.values()) == cases
    assert outcomes["right"] > cases // 3


def test_configs_give_a_network_or_a_model_error():
    found = fuzz_configs.run(400, seed=0)
    assert min(found["read"], found["refused"]) > 100


def test_design_spaces_agree_with_enumeration():
    kinds, asked = fuzz_sweeps.run(len(FUNCTIONS) + len(LAYERS), seed=1)
    assert set(kinds) == {*FUNCTIONS, *LAYERS}
    for question in ("files and datasets", "solved", "crossings"):
        assert asked[question] > 0


def test_every_layer_is_drawn_or_named():
    public = [getattr(layers, name) for name in layers.__all__]
    classes = {one for one in public if isinstance(one, type)}
    # Those that keep the shape of their input have nothing to be drawn.
    own = {
        one
        for one in classes
        if one is layers.Elementwise or not issubclass(one, layers.Elementwise)
    }
    assert {one.__name__ for one in own} == {*LAYERS, *MERGING, *OTHERS, *ENCODING}


@pytest.mark.parametrize("name", sorted(MERGING))
def test_layers_of_several_inputs_are_refused_by_name(name):
    options = {
        "Dot": {"axes": 2},
        "GroupQueryAttention": {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 2},
        "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
    }.get(name, {})
    shape = (("side", 3), ("side", 3))
    with pytest.raises(TypeError, match=f"{name} takes shapes of integers or symbols"):
        convcost.Space(getattr(layers, name), side=[3, 4], input_shape=shape, **options)
