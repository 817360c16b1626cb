"""Names that an object does not have: the message has the near ones, and nothing else changes."""

import copy
import inspect
import pickle

import pytest

import convcost

DENSE = {"class_name": "Dense", "config": {"name": "head", "units": 10}}


@pytest.fixture(scope="module")
def report():
    return convcost.summary({"name": "tiny", "layers": [DENSE]}, (100,))


@pytest.fixture(scope="module")
def objects(report):
    network = report.network
    return {
        "cost": network.total(),
        "ratio": convcost.ratio(3, 32, 64),
        "explanation": network.total().explain(),
        "network": network,
        "row": network.rows[0],
        "report": report,
        "saved": convcost.summary(report.to_json()).network,
        "comparison": convcost.compare(network, network),
        "models": convcost.compare(network, network, network),
        "check": convcost.check(network, max_macs=3),
        "limit": convcost.check(network, max_macs=3).limits[0],
    }


COST = "It has bias_adds, explain, flops, latex, macs, params, reused, subs and terms"


@pytest.mark.parametrize(
    ("which", "name", "said"),
    [
        (
            "cost",
            "gflops",
            f"'Cost' object has no attribute 'gflops'; did you mean 'flops'? {COST}",
        ),
        ("cost", "mac", f"'Cost' object has no attribute 'mac'; did you mean 'macs'? {COST}"),
        ("cost", "parameters", "; did you mean 'params'? It has"),
        ("cost", "weights", "; did you mean 'params'? It has"),
        ("ratio", "param", "; did you mean 'params'? It has flops, latex, macs and params"),
        ("explanation", "mac", "; did you mean 'macs'? It has as_dict, bias_adds, expressions,"),
        ("network", "layers", "'Network' object has no attribute 'layers'; did you mean 'rows'?"),
        ("network", "parameters", "; did you mean 'params'?"),
        ("network", "flops", "; did you mean 'total().flops'?"),
        (
            "network",
            "xyz",
            "'Network' object has no attribute 'xyz'; it has at, conditions, graph,",
        ),
        ("row", "flop", "'Row' object has no attribute 'flop'; did you mean 'cost.flops'?"),
        ("row", "bias_adds", "; did you mean 'cost.bias_adds'?"),
        ("row", "mac", "; did you mean 'macs'?"),
        ("report", "rows", "'Report' object has no attribute 'rows'; did you mean 'lines'?"),
        ("report", "df", "; did you mean 'to_pandas()'?"),
        ("report", "sorted", "; did you mean 'sort' or 'printed'?"),
        (
            "saved",
            "layers",
            "'SavedNetwork' object has no attribute 'layers'; did you mean 'rows'?",
        ),
        ("comparison", "flops", "'Comparison' object has no attribute 'flops'; it has after,"),
        ("models", "network", "; did you mean 'networks'"),
        ("check", "fit", "; did you mean 'fits'? It has fits, limits, name, notes and title"),
        ("limit", "limits", "; did you mean 'limit' or 'fits'? It has allowed, baseline,"),
    ],
)
def test_near_names(objects, which, name, said):
    one = objects[which]
    assert not hasattr(one, name)
    assert getattr(one, name, 3) == 3
    with pytest.raises(AttributeError) as error:
        getattr(one, name)
    assert said in str(error.value)
    # Python would add a near name of its own.
    assert (error.value.name, error.value.obj) == (name, None)
    assert name not in dir(one)


def test_nothing_else_changes(objects):
    for one in objects.values():
        assert copy.copy(one) is not None
        assert copy.deepcopy(one) is not None
        for name in ("_repr_mimebundle_", "_ipython_display_", "__array__", "_anything"):
            assert not hasattr(one, name)
        with pytest.raises(AttributeError, match=f"^{type(one).__name__!r}.* '_x'$"):
            one._x  # noqa: B018
        assert set(dir(one)) >= {"__class__", "__doc__"}
        assert inspect.getdoc(one)
    for which in ("cost", "ratio", "network", "row", "check"):
        assert pickle.loads(pickle.dumps(objects[which])) is not None
    assert "flops" in dir(objects["cost"])
    for kind in (convcost.Cost, convcost.Ratio, convcost.Row):
        assert not hasattr(kind, "gmacs")
        with pytest.raises(AttributeError, match=f"type object '{kind.__name__}' has no attribute"):
            kind.gmacs  # noqa: B018
        # Which would make each of their attributes slower to read.
        assert not any("__getattr__" in vars(base) for base in kind.__mro__)


def test_an_error_in_a_property_is_not_hidden():
    class Broken(convcost.Report):
        @property
        def title(self):
            return self.network.nothing

    broken = Broken(convcost.from_keras({"name": "tiny", "layers": [DENSE]}, (3,)))
    with pytest.raises(AttributeError, match="'Network' object has no attribute 'nothing'"):
        broken.title  # noqa: B018
