"""`assert_budget` takes what `check` takes, and long numbers print in short."""

import ast
import inspect

import pytest

import convcost
from convcost._report import budgets
from convcost.testing import assert_budget

DENSE = {"class_name": "Dense", "config": {"name": "head", "units": 10}}
TINY = {"name": "tiny", "layers": [DENSE]}


def test_both_take_the_same_arguments():
    with pytest.raises(
        TypeError, match=r"assert_budget has no argument 'max_mac'.*did you mean 'max_macs'"
    ):
        assert_budget(TINY, (3,), max_mac=3)
    assert assert_budget(TINY, (3,), max_macs="1k", tolerance=0, on_unknown="warn") is None
    with pytest.raises(AssertionError, match="at most 3: 27 too many"):
        assert_budget(TINY, (3,), max_macs=3)


def test_limits_beyond_any_model_print_in_short():
    check = convcost.check(TINY, (3,), max_macs="1e400", max_params="1e23", max_size="2e30B")
    assert repr(check) == (
        "tiny: within budget\n"
        "  ok  parameters         40  at most 100,000,000,000,000,000,000,000\n"
        "  ok  MACs               30  at most 1.000e+400\n"
        "  ok  size        160 bytes  at most 2.000e+30 bytes"
    )
    assert check.limits[1].limit == 10**400
    wide = {"name": "w", "layers": [{**DENSE, "config": {"name": "d", "units": 10**30}}]}
    over = convcost.check(wide, (3,), max_macs=3)
    assert "3.000e+30  at most 3: 3.000e+30 too many" in repr(over)


def test_checkers_see_the_same_arguments():
    source = ast.parse(inspect.getsource(budgets))
    written = next(one for one in ast.walk(source) if getattr(one, "name", None) == "Budget")
    seen = {one.target.id: ast.unparse(one.annotation) for one in written.body[1:]}
    taken = inspect.signature(convcost.check).parameters.values()
    assert seen == {one.name: one.annotation for one in taken if one.kind is one.KEYWORD_ONLY}
