"""A network of more than 2 GiB, its weights in a file of their own: it opens, shows kernels, and runs."""

from __future__ import annotations

import os
import shutil
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from inspector.engine.machine import free_memory_bytes, gib
from inspector.engine.protocol import Failed, ModelOpened, OpenModel, Ran, Ready, RunImage
from tests.benchmarks.memory import Watch

ROWS, COLUMNS = 4096, 150_000  # float32: 2.29 GiB
ROW_BYTES = 4 * COLUMNS


def heavy(folder, rows, columns):
    """A Gemm whose weights are zero but for the first eight of row 5; the file has a hole for the rest."""
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[rows, columns])
    weights.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "heavy.bin"), ("offset", "0"), ("length", str(4 * rows * columns))):
        weights.external_data.add(key=key, value=value)
    with open(folder / "heavy.bin", "wb") as file:
        file.truncate(4 * rows * columns)
        file.seek(5 * 4 * columns)
        file.write(np.arange(8, dtype=np.float32).tobytes())
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w"], ["sum"], name="gemm"), helper.make_node("Relu", ["sum"], ["y"])],
        "heavy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, rows])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, columns])],
        [weights],
    )
    path = folder / "heavy.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


@pytest.fixture
def sparse(tmp_path):
    """A folder whose files may have holes; the test skips where they would take real room that is not there."""
    (tmp_path / "hole").write_bytes(b"")
    os.truncate(tmp_path / "hole", 1 << 30)
    if os.stat(tmp_path / "hole").st_blocks * 512 > 1 << 20 and shutil.disk_usage(tmp_path).free < 4 << 30:
        pytest.skip("2.3 GiB of disk are wanted")
    (tmp_path / "hole").unlink()
    yield tmp_path
    (tmp_path / "heavy.bin").unlink()


def opened(conversation, path):
    """What came of opening: the model, and the last answer."""
    conversation.engine.send(OpenModel(1, str(path)))
    model = conversation.next()
    assert isinstance(model, ModelOpened), model
    return model.model, conversation.next()


def test_a_network_of_more_than_two_gibibytes_opens_shows_a_kernel_and_runs(talk, sparse):
    if free_memory_bytes() < 8 << 30:
        pytest.skip("8 GiB of free memory are wanted")
    path = heavy(sparse, ROWS, COLUMNS)
    conversation = talk(provider="cpu")
    watch = Watch(conversation.engine.child_pid)
    began = time.perf_counter()
    conversation.engine.send(OpenModel(1, str(path)))
    first = conversation.next()
    assert isinstance(first, ModelOpened), first
    kernel = first.model.layers[0].weight("kernel")
    np.testing.assert_array_equal(np.asarray(kernel.read(5, 1)).reshape(-1)[:9], [0, 1, 2, 3, 4, 5, 6, 7, 0])
    structure = time.perf_counter() - began
    assert isinstance(conversation.next(), Ready)

    np.save(sparse / "x.npy", np.full((1, ROWS), 2, np.float32))
    ran = conversation.ask(RunImage(2, str(path), str(sparse / "x.npy")))
    watch.stop()
    assert isinstance(ran, Ran), ran
    np.testing.assert_array_equal(ran.run.tensors["y"][0, :9], [0, 2, 4, 6, 8, 10, 12, 14, 0])
    assert ran.run.difference.max_abs == 0
    print(f"\nstructure and a kernel after {structure:.2f} s, at most {gib(watch.most_held)} held", end=" ")
    assert watch.most_held < 2 * ROWS * ROW_BYTES  # one copy, which the deployed session packs


def test_weights_that_cannot_fit_are_refused_with_numbers_and_can_be_looked_at(talk, sparse):
    path = heavy(sparse, ROWS, COLUMNS)
    began = time.perf_counter()
    model, refused = opened(talk(provider="cpu", memory_bytes=1 << 30), path)
    assert isinstance(refused, Failed), refused
    assert refused.kind == "limit"
    assert "The weights of heavy.onnx take 2.3 GiB" in refused.message
    assert time.perf_counter() - began < 10
    kernel = model.layers[0].weight("kernel")
    np.testing.assert_array_equal(np.asarray(kernel.read(5, 1)).reshape(-1)[1:4], [1, 2, 3])
