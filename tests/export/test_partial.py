"""An export of more tensors than fit in memory, through the real engine."""

from __future__ import annotations

import queue

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from inspector.engine.client import Engine
from inspector.engine.protocol import ModelOpened, OpenModel, Predicted, Ran, Ready, RunImage
from inspector.export.writer import Source, Wish, export

LAYERS, SIDE = 60, 1024  # 60 tensors of 4 MiB
MEMORY_BYTES = 600 << 20  # a third of it is for tensors
PATIENCE_SECONDS = 60


@pytest.fixture
def tower(tmp_path):
    """Each layer adds one to what it gets."""
    shape = [1, 1, SIDE, SIDE]
    nodes = [helper.make_node("Add", [f"t{n}", "one"], [f"t{n + 1}"], f"add{n}") for n in range(LAYERS)]
    graph = helper.make_graph(
        nodes,
        "tower",
        [helper.make_tensor_value_info("t0", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(f"t{LAYERS}", TensorProto.FLOAT, shape)],
        [helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])],
    )
    path = tmp_path / "tower.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    np.save(tmp_path / "zeros.npy", np.zeros(shape, np.float32))
    return str(path), str(tmp_path / "zeros.npy")


def test_tensors_that_did_not_fit_come_in_further_runs_and_every_layer_is_written(tower, tmp_path):
    model_path, image = tower
    replies = queue.SimpleQueue()
    engine = Engine(replies.put, "cpu", MEMORY_BYTES)
    asked = []

    def answer(request, last):
        engine.send(request)
        found = {}
        while last not in found:
            reply = replies.get(timeout=PATIENCE_SECONDS)
            found[type(reply)] = reply
            assert "Failed" not in type(reply).__name__, reply
        return found

    def fetch(tensors):
        asked.append(tensors)
        run = answer(RunImage(len(asked) + 2, model_path, image, tensors=tensors), Ran)[Ran].run
        assert sum(array.nbytes for array in run.tensors.values()) < MEMORY_BYTES // 2
        return run

    try:
        model = answer(OpenModel(1, model_path), Ready)[ModelOpened].model
        prediction = answer(RunImage(2, model_path, image, maps=False), Predicted)[Predicted].prediction
        source = Source(model, model_path, "")
        exported = export(tmp_path / "out", source, prediction, fetch, Wish(frozenset({"tensors"})))
    finally:
        engine.close()
    assert asked[0] == ()
    assert len(asked) > 1
    assert exported.remarks == ()
    assert len(exported.files) == LAYERS + 2
    for number in range(LAYERS):
        found = np.load(tmp_path / "out" / f"{number:03}-add{number}.npy", mmap_mode="r")
        assert found.shape == (1, 1, SIDE, SIDE)
        assert (found == number + 1).all()
