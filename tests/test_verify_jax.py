"""Whole models against a walk over their jaxprs, which another process makes, and drawn models."""

import io
import json
import subprocess
import sys
from collections import Counter

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras_models import operations
from test_verify_models import MODELS, model_of, reasons, report_of

import convcost
from convcost._verify import model_totals
from convcost._verify.model_totals import check_jaxpr
from convcost._verify.oracles import NotVisible, jaxpr_process, recorded
from convcost._verify.oracles.jaxpr_model import Walked
from convcost._verify.whole_models import check_model


def branches():
    """Models of one output each, in one."""
    entries, made = [], []
    for name, (shape, call) in MODELS.items():
        if "own" in name or "summed" in name or "8" in name:
            continue
        entries.append(keras.Input(shape, batch_size=1))
        made.append(call(entries[-1]))
    return keras.Model(entries, made)


@pytest.mark.usefixtures("jax_process")
def test_jax_counts_whole_models():
    model = branches()
    network = convcost.from_keras(model)
    finding = check_jaxpr(model, network)
    assert str(finding) == f"jaxpr: confirmed: macs {network.macs:,}"


@pytest.mark.usefixtures("jax_process")
@pytest.mark.parametrize("batch", [None, 1, 6])
def test_jax_counts_declared_batches(batch):
    model = model_of((5, 4), lambda x: kl.Dense(3)(kl.Conv1D(2, 3)(x)), batch_size=batch)
    report = report_of(model, oracles=["jaxpr", "profiler"])
    assert [str(found) for _, found in report.findings] == [
        "profiler: confirmed: macs 90",
        "jaxpr: confirmed: macs 90",
    ]


@pytest.mark.usefixtures("jax_process")
def test_jax_names_what_it_can_not_count():
    (said,) = reasons(report_of(model_of(*MODELS["einsum, summed"]), oracles=["jaxpr"]), "jaxpr")
    assert said.startswith("it counts 20 MACs, but einsum 'bij,jk->bk' adds up an input before")
    (said,) = reasons(report_of(model_of(*MODELS["own layer"]), oracles=["jaxpr"]), "jaxpr")
    assert said.startswith("a process with JAX can't build it from its config; with KERAS_BACKEND")


def test_a_difference_is_shown_for_each_kind_of_operation(monkeypatch):
    model = branches()
    network = convcost.from_keras(model)
    monkeypatch.setattr(model_totals, "walk_model", lambda *_: Walked(Counter(convolutions=1)))
    finding = check_jaxpr(model, network)
    names = [quantity.name for quantity in finding.quantities]
    assert names == ["macs", *(f"macs of {kind}" for kind in model_totals.KINDS)]
    assert sum(quantity.convcost for quantity in finding.quantities[1:]) == network.macs
    assert "macs of transposed convolutions: convcost" in str(finding)


def test_a_model_without_json_is_named():
    class Plain(keras.Model):
        def call(self, x):
            return x @ x

        def get_config(self):
            raise NotImplementedError("no\nconfig")

    model = Plain()
    model(np.ones((1, 3, 3)))
    (said,) = reasons(report_of(model, (3, 3), oracles=["jaxpr"]), "jaxpr")
    assert said.endswith("(it has no JSON: no config)")


def test_jax_that_is_missing_or_in_this_process(monkeypatch):
    model = operations()
    network = convcost.from_keras(model)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(recorded, "count_model", lambda *_: Walked(Counter(convolutions=7)))
    assert check_jaxpr(model, network).quantities[0].oracle == 7
    assert "it needs TensorFlow as the backend" in str(check_model(model, network))
    monkeypatch.setattr(recorded, "find_spec", lambda _: None)
    assert check_jaxpr(model, network).reason == 'it needs JAX: pip install "convcost[verify]"'


def test_a_process_that_ends_is_an_error(monkeypatch):
    monkeypatch.setattr(recorded, "ask", lambda *_, backend: "")
    with pytest.raises(ArithmeticError, match="ended without a count of 'tried'"):
        report_of(model_of(*MODELS["dot"]), oracles=["jaxpr"])


def test_what_the_process_can_not_count_is_not_visible(monkeypatch):
    monkeypatch.setattr(recorded, "ask", lambda *_, backend: '{"reason": "too odd"}')
    report = report_of(model_of(*MODELS["dot"]), oracles=["jaxpr"])
    assert reasons(report, "jaxpr") == ["too odd"]
    assert not report.agrees


def test_the_process_answers_line_by_line(monkeypatch, capsys):
    model = model_of(*MODELS["dot"])
    params = model.count_params()
    good = {"model": model.to_json(), "params": params, "input_shapes": [[7, 4]]}
    monkeypatch.setattr(
        sys, "stdin", io.StringIO(f"{json.dumps(good)}\n{json.dumps({**good, 'model': '['})}\n")
    )
    monkeypatch.setattr(
        jaxpr_process,
        "count_model",
        lambda _, inputs: Walked(Counter(at=inputs.shapes[0][0]), ("x",)),
    )
    jaxpr_process.main()
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {"macs": {"at": 7}, "blind": ["x"]}
    assert list(second) == ["unbuilt"]

    def refuse(*_):
        raise NotVisible("no")

    monkeypatch.setattr(jaxpr_process, "count_model", refuse)
    assert jaxpr_process.answer(good) == {"reason": "no"}
    assert "unbuilt" in jaxpr_process.answer({**good, "params": 1})


def test_live_models_agree_where_they_are_drawn_at_random(root):
    command = [sys.executable, "tests/fuzz_live_models.py", "--models", "8", "--seed", "2"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
