"""Short runs of the fuzzers; CONTRIBUTING.md says how to run them for longer."""

import fuzz_conditions


def test_conditions_get_an_answer_or_one_sentence():
    cases = 2 * len(fuzz_conditions.HOSTILE) + 60
    outcomes, _ = fuzz_conditions.run(cases, seed=0)
    assert sum(outcomes.values()) == cases
    assert outcomes["right"] > cases // 3
