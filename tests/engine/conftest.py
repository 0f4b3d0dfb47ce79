"""Small networks with answers that can be worked out by hand, and an engine to run them in."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from inspector.engine.client import Engine
from inspector.engine.protocol import Failed, Predicted, Ran, Ready, Reply, Request, RunImage

PATIENCE_SECONDS = 60

Save = Callable[..., Path]


class Conversation:
    """An engine and what it answers, in order."""

    def __init__(self, **settings: object) -> None:
        self.replies: queue.Queue[Reply] = queue.Queue()
        self.engine = Engine(self.replies.put, **settings)  # type: ignore[arg-type]

    def next(self) -> Reply:
        return self.replies.get(timeout=PATIENCE_SECONDS)

    def ask(self, request: Request) -> Reply:
        """Send a request; return its last answer."""
        self.engine.send(request)
        while True:
            reply = self.next()
            is_last = isinstance(reply, Ready | Ran | Failed) or (
                isinstance(reply, Predicted) and isinstance(request, RunImage) and not request.maps
            )
            if is_last and reply.request_id == request.request_id:
                return reply


@pytest.fixture
def talk() -> Iterator[Callable[..., Conversation]]:
    """Start an engine; it is ended after the test."""
    started: list[Conversation] = []

    def start(**settings: object) -> Conversation:
        started.append(Conversation(**settings))
        return started[-1]

    yield start
    for conversation in started:
        conversation.engine.close()


@pytest.fixture
def engine(talk: Callable[..., Conversation]) -> Conversation:
    return talk(provider="cpu")


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write a model of these nodes; float32 unless said otherwise."""

    def write(
        name: str,
        nodes: list[onnx.NodeProto],
        inputs: dict[str, list[int | str | None]],
        outputs: list[str],
        initializers: dict[str, np.ndarray] | None = None,
        opset: int = 17,
        output_kind: int = TensorProto.FLOAT,
    ) -> Path:
        graph = helper.make_graph(
            nodes,
            "test",
            [helper.make_tensor_value_info(each, TensorProto.FLOAT, shape) for each, shape in inputs.items()],
            [helper.make_empty_tensor_value_info(each) for each in outputs],
            [numpy_helper.from_array(value, each) for each, value in (initializers or {}).items()],
        )
        for output in graph.output:
            output.type.tensor_type.elem_type = output_kind
        path = tmp_path / name
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9), path)
        return path

    return write


@pytest.fixture
def signs(save: Save) -> Path:
    """A Conv with the kernels 1, -1 and 0 on a grey picture of any size; then Relu."""
    kernels = np.array([1, -1, 0], np.float32).reshape(3, 1, 1, 1)
    nodes = [
        helper.make_node("Conv", ["image", "kernels"], ["conv"], name="signs", kernel_shape=[1, 1]),
        helper.make_node("Relu", ["conv"], ["relu"], name="relu"),
    ]
    return save("signs.onnx", nodes, {"image": [1, 1, "height", "width"]}, ["relu"], {"kernels": kernels})


@pytest.fixture
def ramp(tmp_path: Path) -> Path:
    """``[[-1, 0], [1, 2]]`` as a tensor file for one grey picture."""
    path = tmp_path / "ramp.npy"
    np.save(path, np.array([[[[-1, 0], [1, 2]]]], np.float32))
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A grey picture of 64 x 32 pixels that gets brighter from left to right."""
    path = tmp_path / "grey.png"
    Image.fromarray(np.tile(np.arange(0, 256, 4, dtype=np.uint8), (32, 1))).save(path)
    return path
