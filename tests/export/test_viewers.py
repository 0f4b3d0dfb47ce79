"""Statistics for Netron and Model Explorer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inspector.analysis.reading import reading
from inspector.export import viewers
from inspector.graph.model import Layer, Model, Tensor

STATISTICS = {
    "a": {"mean": 1.25, "minimum": -1.0, "maximum": 4.0, "std": 2.0, "zeros": 0.5, "nans": 0, "dead": 1, "channels": 8},
    "b": {"mean": "NaN", "minimum": "NaN", "maximum": "NaN", "std": "NaN", "zeros": 0.0, "nans": 3},
}


@pytest.fixture
def model():
    layers = (
        Layer(0, "conv", "Conv", "", "convolution", ("x",), (Tensor("a", "float32", None), Tensor("more", "", None))),
        Layer(1, "b", "Relu", "", "activation", ("a",), (Tensor("b", "float32", None),)),  # it has no name in the file
        Layer(2, "late", "Relu", "", "activation", ("b",), (Tensor("c", "float32", None),)),
    )
    return Model("m.onnx", 17, "", (), (), layers)


def entries(content, kind, target):
    found = [each for each in content["metrics"] if (each["kind"], each["target"]) == (kind, target)]
    return {each["name"]: each["value"] for each in found}


def test_netron_attachment_names_nodes_and_values(model):
    content = json.loads(viewers.netron_attachment(model, STATISTICS, {"conv": 0.0015}, {"picture": "cat.png"}))
    assert content["signature"] == "netron:attachment"  # what Netron recognises it by
    told = {"mean": 1.25, "std": 2.0, "min": -1.0, "max": 4.0, "zeros, %": 50.0, "channels": 8, "dead channels": 1}
    assert entries(content, "node", "conv") == told | {"ms": 1.5}
    assert entries(content, "value", "a") == told | {"ms": 1.5}
    assert entries(content, "value", "b")["NaN"] == 3
    assert not entries(content, "node", "late")
    assert content["metadata"] == [
        {"kind": "model", "target": "", "name": "picture", "value": "cat.png", "type": "string"}
    ]
    assert all({"kind", "target", "name", "value"} <= each.keys() for each in content["metrics"])


def test_model_explorer_gets_one_number_for_each_node_and_tensor(model):
    content = json.loads(viewers.model_explorer(model, STATISTICS))
    assert content["results"] == {"conv": {"value": 50.0}, "a": {"value": 50.0}, "b": {"value": 0.0}}
    assert content["name"] == "Zeros in percent"
    assert [each["stop"] for each in content["gradient"]] == [0, 0.25, 0.5, 0.75, 1]  # it needs both ends


def test_model_explorer_leaves_out_what_is_no_number(model):
    assert json.loads(viewers.model_explorer(model, STATISTICS, "mean"))["results"] == {
        "conv": {"value": 1.25},
        "a": {"value": 1.25},
    }
    timed = json.loads(viewers.model_explorer(model, STATISTICS, "milliseconds", {"late": 0.25}))
    assert timed["results"] == {"late": {"value": 250.0}, "c": {"value": 250.0}}


def test_dead_and_constant_channels_are_counted():
    maps = np.zeros((1, 3, 2, 2), np.float32)
    maps[0, 1] = 5
    maps[0, 2] = [[1, 2], [3, 4]]
    read = reading(maps, Tensor("t", "float32", maps.shape), {})
    assert viewers.channel_facts(read) == {"channels": 3, "dead": 1, "constant": 2}  # zero everywhere is constant too
