"""Time per layer: a process of its own, a folder of its own, and nothing left of either."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from inspector.engine.child.profiling import by_run
from inspector.engine.child.sandbox import landlock_abi
from inspector.engine.client import SCRATCH_PREFIX
from inspector.engine.protocol import Failed, Measured, MeasureLayers, OpenModel, Ready, RunImage


@pytest.fixture
def scratch(tmp_path, monkeypatch) -> Path:
    """Where temporary folders are made, and nothing else is."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def measured(conversation, path, fed="", repeats=3):
    conversation.engine.send(MeasureLayers(1, RunImage(1, str(path), str(fed)), repeats))
    return conversation.next()


@pytest.fixture
def wide(save) -> Path:
    """A convolution of 1.2 GMAC between two operators of one addition an element, one of them without a name."""
    nodes = [
        helper.make_node("Add", ["x", "x"], ["twice"], name="add"),
        helper.make_node("Conv", ["twice", "k"], ["conv"], name="conv", pads=[3] * 4),
        helper.make_node("Add", ["conv", "conv"], ["y"]),
    ]
    return save("wide.onnx", nodes, {"x": [1, 32, 160, 160]}, ["y"], {"k": np.ones((32, 32, 7, 7), np.float32)})


def test_every_layer_is_timed_and_the_heaviest_takes_longest(talk, wide, scratch):
    times = measured(talk(provider="cpu", scratch=True), wide)
    assert isinstance(times, Measured), times
    assert set(times.seconds) == {"add", "conv", "y"}
    assert times.seconds["conv"] > 5 * times.seconds["add"]
    assert times.plain_seconds > 0
    assert times.deployed_seconds > 0


def test_the_layers_of_one_run_take_less_than_the_run(talk, wide, scratch):
    times = measured(talk(provider="cpu", scratch=True), wide, repeats=1)  # medians of several need not add up
    assert 0 < sum(times.seconds.values()) <= times.total_seconds


def test_nothing_is_left_when_the_engine_ends(talk, wide, scratch):
    conversation = talk(provider="cpu", scratch=True)
    assert isinstance(measured(conversation, wide), Measured)
    made = list(scratch.iterdir())
    assert [each.name.startswith(SCRATCH_PREFIX) for each in made] == [True]
    assert stat.S_IMODE(made[0].stat().st_mode) == 0o700
    assert list(made[0].iterdir()) == []  # the profile goes as soon as it is read
    conversation.engine.close()
    assert list(scratch.iterdir()) == []


def test_nothing_is_left_of_a_child_that_was_killed(talk, wide, scratch):
    conversation = talk(provider="cpu", scratch=True)
    assert isinstance(measured(conversation, wide), Measured)
    conversation.engine.send(MeasureLayers(2, RunImage(2, str(wide), ""), 10_000))
    while conversation.engine._running is None:
        pass
    os.kill(conversation.engine.child_pid(), 9)
    assert isinstance(conversation.next(), Failed)
    assert list(scratch.iterdir()) == []


def test_measuring_can_be_stopped(talk, wide, scratch):
    conversation = talk(provider="cpu", scratch=True)
    assert isinstance(measured(conversation, wide), Measured)
    conversation.engine.send(MeasureLayers(2, RunImage(2, str(wide), ""), 10_000))
    while conversation.engine._running is None:
        pass
    conversation.engine.cancel()
    stopped = conversation.next()
    assert isinstance(stopped, Failed)
    assert stopped.kind == "stopped"


@pytest.mark.skipif(landlock_abi() == 0, reason="this kernel has no Landlock")
def test_only_the_child_that_measures_may_write_and_only_to_its_folder(talk, wide, scratch):
    for is_measuring, says in ((True, "writes only to a folder of its own"), (False, "writes nothing")):
        ready = talk(provider="cpu", scratch=is_measuring).ask(OpenModel(1, str(wide)))
        assert isinstance(ready, Ready)
        assert ready.sandbox.endswith(says)


def test_an_engine_without_a_folder_says_so(talk, wide):
    refused = measured(talk(provider="cpu"), wide)
    assert isinstance(refused, Failed)
    assert "folder" in refused.message


def test_a_layer_that_onnx_runtime_writes_out_has_the_time_of_its_parts(talk, save, scratch):
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="relu"),
        helper.make_node("HardSwish", ["a"], ["b"], name="swish"),
        helper.make_node("Mish", ["b"], ["c"], name="mish"),
        helper.make_node("HardSwish", ["c"], ["y"]),
    ]
    path = save("written.onnx", nodes, {"x": [1, 8, 256, 256]}, ["y"], opset=18)
    times = measured(talk(provider="cpu", scratch=True), path)
    assert isinstance(times, Measured), times
    assert set(times.seconds) == {"relu", "swish", "mish", "y"}
    assert times.seconds["mish"] > times.seconds["relu"]  # it takes a softplus, a tanh and a product


def test_layers_in_a_branch_are_timed_too(talk, save, scratch):
    def branch(name, kind):
        inner = helper.make_node(kind, ["x"], [name], name=f"inner {kind}")
        return helper.make_graph([inner], name, [], [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)])

    nodes = [
        helper.make_node("ReduceMax", ["x"], ["top"], name="top", keepdims=0),
        helper.make_node("Cast", ["top"], ["is positive"], name="cast", to=TensorProto.BOOL),
        helper.make_node(
            "If", ["is positive"], ["y"], name="if", then_branch=branch("t", "Neg"), else_branch=branch("e", "Tanh")
        ),
    ]
    path = save("branch.onnx", nodes, {"x": [1, 1, 64, 64]}, ["y"])
    times = measured(talk(provider="cpu", scratch=True), path)  # fed zeros: the second branch
    assert isinstance(times, Measured), times
    assert {"top", "cast", "if", "inner Tanh"} <= set(times.seconds)
    assert "inner Neg" not in times.seconds
    assert times.seconds["if"] >= times.seconds["inner Tanh"]


def test_what_runs_each_layer_is_known_with_its_sessions(engine, save):
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("HardSwish", ["a"], ["b"], name="swish"),  # which ONNX Runtime writes out
        helper.make_node("Cast", ["b"], ["half"], name="half", to=TensorProto.BFLOAT16),  # which is marked by a Cast
        helper.make_node("Cast", ["half"], ["y"], name="whole", to=TensorProto.FLOAT),
    ]
    ready = engine.ask(OpenModel(1, str(save("named.onnx", nodes, {"x": [1, 1, 4, 4]}, ["y"], opset=18))))
    assert isinstance(ready, Ready), ready
    assert dict(ready.layer_providers) == dict.fromkeys(["a", "swish", "half", "whole"], "CPU")


def test_events_are_told_apart_by_run_and_parts_added_up():
    def event(name, start, duration, category="Node"):
        return {"cat": category, "name": name, "ts": start, "dur": duration}

    events = [
        event("model_run", 100, 50, "Session"),
        event("conv_kernel_time", 105, 10),
        event("swish 1_kernel_time", 116, 3),
        event("swish 2_kernel_time", 120, 4),
        event("Memcpy_kernel_time", 130, 9),
        event("conv_fence_before", 104, 1),
        event("conv_kernel_time", 205, 20),
        event("model_run", 200, 60, "Session"),
    ]
    runs = by_run(events, {"conv", "swish"}, {"swish 1": "swish", "swish 2": "swish"})
    assert runs == [({"conv": 10e-6, "swish": pytest.approx(7e-6)}, 50e-6), ({"conv": 20e-6}, 60e-6)]
