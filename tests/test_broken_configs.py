"""Configs that Keras never writes: each is refused by name."""

import pytest
from test_model_files import refused

INPUT = {"class_name": "InputLayer", "name": "i", "config": {"name": "i"}, "inbound_nodes": []}
INPUT["config"]["batch_input_shape"] = [None, 8]


def functional(function, nodes):
    part = {"class_name": "TFOpLambda", "name": "t", "config": {"name": "t", "function": function}}
    ends = {"input_layers": [["i", 0, 0]], "output_layers": [["t", 0, 0]]}
    inner = {"name": "m", "layers": [INPUT, {**part, "inbound_nodes": nodes}], **ends}
    return {"class_name": "Functional", "config": inner}


@pytest.mark.parametrize("layers", [{}, {"layers": None}, {"layers": 3}])
def test_a_pipeline_without_layers(layers):
    inner = {"class_name": "Pipeline", "config": {"name": "p", **layers}}
    refused({"name": "s", "layers": [inner]}, "layers of 'p' must be a list")


def test_an_operation_without_its_sizes():
    refused(functional("split", [["i", 0, 0, {"axis": 1}]]), "layer 't' .*indices_or_sections")


@pytest.mark.parametrize("function", ["nn.relu", "shape", "split", "add_n"])
@pytest.mark.parametrize("node", [{}, {"args": [], "kwargs": {}}, {"kwargs": {"x": 3}}])
def test_an_operation_that_is_called_with_nothing(function, node):
    refused(functional(function, [node]), "'t' .*called without an input tensor")


@pytest.mark.parametrize("function", ["nn.relu", "reshape"])
def test_a_call_that_names_no_tensor(function):
    refused(functional(function, [[]]), "a call of layer 't' names no tensor")
