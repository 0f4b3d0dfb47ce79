"""Networks that ask for more memory than there is: what is said of them, how soon, and what the machine has left."""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inspector.engine.client import Engine
from inspector.engine.machine import free_memory_bytes, gib, touched_bytes
from inspector.engine.protocol import Failed, Predicted, Ran, Reply, RunImage

Values = NDArray[np.generic]
_SAMPLE_SECONDS = 0.05
_PATIENCE_SECONDS = 300
_FLOAT, _INT = TensorProto.FLOAT, TensorProto.INT64
_GIB_OF_FLOATS = 1 << 28


class Watch:
    """The least memory that the machine had free, and the most that a process held, while it is watched."""

    def __init__(self, pid: Callable[[], int | None]) -> None:
        self.least_free, self.most_held = free_memory_bytes(), 0
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            self.least_free = min(self.least_free, free_memory_bytes())
            pid = self._pid()
            self.most_held = max(self.most_held, touched_bytes(pid) if pid is not None else 0)


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, list[int | str]]],
    output: str,
    weights: Mapping[str, object] | None = None,
) -> Path:
    """Write a model with one float output."""
    graph = helper.make_graph(
        nodes,
        "memory",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(output, _FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def one_static(path: Path, gigabytes: int = 20) -> Path:
    """A Resize to one map of that many GiB, whose size is in the file."""
    side = int((gigabytes * _GIB_OF_FLOATS) ** 0.5) // 128 * 128
    nodes = [
        helper.make_node("Resize", ["x", "", "", "to"], ["large"], "resize", mode="nearest"),
        helper.make_node("Conv", ["large", "k"], ["conv"], "conv", strides=[64, 64]),
        helper.make_node("GlobalAveragePool", ["conv"], ["y"], "pool"),
    ]
    weights = {"to": np.array([1, 1, side, side]), "k": np.ones((4, 1, 1, 1), np.float32)}
    return save(path, nodes, {"x": (_FLOAT, [1, 1, 64, 64])}, "y", weights)


def one_dynamic(path: Path) -> Path:
    """A Conv with 64 channels on a picture 8 times enlarged: one of 1,200 × 1,200 asks for 22 GiB."""
    nodes = [
        helper.make_node("Resize", ["x", "", "by"], ["large"], "resize", mode="nearest"),
        helper.make_node("Conv", ["large", "k"], ["conv"], "conv"),
        helper.make_node("GlobalAveragePool", ["conv"], ["y"], "pool"),
    ]
    weights = {"by": np.array([1, 1, 8, 8], np.float32), "k": np.ones((64, 1, 1, 1), np.float32)}
    return save(path, nodes, {"x": (_FLOAT, [1, 1, "height", "width"])}, "y", weights)


def one_constant(path: Path, gigabytes: int = 20) -> Path:
    """A ConstantOfShape of that many GiB, which depends on no input."""
    nodes = [
        helper.make_node("ConstantOfShape", ["to"], ["large"], "constant"),
        helper.make_node("ReduceMax", ["large"], ["top"], "top", keepdims=0),
        helper.make_node("Add", ["x", "top"], ["y"], "add"),
    ]
    return save(path, nodes, {"x": (_FLOAT, [1, 1, 8, 8])}, "y", {"to": np.array([gigabytes, _GIB_OF_FLOATS])})


def many_at_once(path: Path, count: int = 20) -> Path:
    """That many maps of 1 GiB, all needed at the end."""
    nodes = [helper.make_node("Resize", ["x", "", "", "to"], ["large"], "resize", mode="nearest")]
    nodes += [helper.make_node("Conv", ["large", "k"], [f"branch {i}"], f"conv {i}") for i in range(count)]
    nodes.append(helper.make_node("Sum", [f"branch {i}" for i in range(count)], ["sum"], "sum"))
    nodes.append(helper.make_node("GlobalAveragePool", ["sum"], ["y"], "pool"))
    weights = {"to": np.array([1, 1, 16384, 16384]), "k": np.ones((1, 1, 1, 1), np.float32)}
    return save(path, nodes, {"x": (_FLOAT, [1, 1, 64, 64])}, "y", weights)


def one_after_the_other(path: Path, count: int = 20, side: int = 4096) -> Path:
    """A chain of convolutions, 16 maps each of 1 GiB; two such tensors at a time are all that the answer needs."""
    nodes = [helper.make_node("Resize", ["x", "", "", "to"], ["t"], "resize", mode="nearest")]
    for i in range(count):
        nodes.append(helper.make_node("Conv", ["t" if i == 0 else f"t{i - 1}", "k"], [f"t{i}"], f"conv {i}", group=16))
    nodes.append(helper.make_node("GlobalAveragePool", [f"t{count - 1}"], ["y"], "pool"))
    weights = {"to": np.array([1, 16, side, side]), "k": np.ones((16, 1, 1, 1), np.float32)}
    return save(path, nodes, {"x": (_FLOAT, [1, 16, 64, 64])}, "y", weights)


def one_unknown(path: Path) -> Path:
    """A ConstantOfShape whose size is computed from the values fed: nobody can know it before the run."""
    nodes = [
        helper.make_node("Cast", ["x"], ["to"], "cast", to=_INT),
        helper.make_node("ConstantOfShape", ["to"], ["large"], "constant"),
        helper.make_node("ReduceMax", ["large"], ["y"], "top", keepdims=0),
    ]
    return save(path, nodes, {"x": (_FLOAT, [2])}, "y")


def many_unknown(path: Path, count: int = 24) -> Path:
    """Maps whose sizes are computed from the values fed, all needed at the end."""
    nodes = [helper.make_node("Cast", ["x"], ["to"], "cast", to=_INT)]
    for i in range(count):
        value = helper.make_tensor("value", _FLOAT, [1], [float(i)])
        nodes.append(helper.make_node("ConstantOfShape", ["to"], [f"t{i}"], f"constant {i}", value=value))
    nodes.append(helper.make_node("Max", [f"t{i}" for i in range(count)], ["all"], "all"))
    nodes.append(helper.make_node("ReduceMax", ["all"], ["y"], "top", keepdims=0))
    return save(path, nodes, {"x": (_FLOAT, [2])}, "y")


def cases(folder: Path) -> dict[str, tuple[Path, Values]]:
    """Return networks that ask for 20 GiB and more, each with what to feed it, by what is special about it."""
    small, wide = np.zeros((1, 1, 64, 64), np.float32), np.zeros((1, 1, 1200, 1200), np.float32)
    return {
        "one of 20 GiB, static": (one_static(folder / "static.onnx"), small),
        "one of 22 GiB, by the picture": (one_dynamic(folder / "dynamic.onnx"), wide),
        "one of 20 GiB, constant": (one_constant(folder / "constant.onnx"), np.zeros((1, 1, 8, 8), np.float32)),
        "20 of 1 GiB at once": (many_at_once(folder / "many.onnx"), small),
        "20 of 1 GiB, one after the other": (one_after_the_other(folder / "chain.onnx"), small.repeat(16, axis=1)),
        "one of 20 GiB, unknown": (one_unknown(folder / "unknown.onnx"), np.array([20, 1 << 28], np.float32)),
        "24 of 1 GiB, unknown": (many_unknown(folder / "unknowns.onnx"), np.array([1, 1 << 28], np.float32)),
    }


def measure(path: Path, fed: Values, folder: Path) -> tuple[Reply, float, Watch]:
    """Run a network; return its last answer, the seconds until it came, and what was watched meanwhile."""
    np.save(folder / "fed.npy", fed)
    replies: queue.Queue[Reply] = queue.Queue()
    engine = Engine(replies.put, provider="cpu")
    try:
        while engine.child_pid() is None:
            time.sleep(0.01)
        time.sleep(2)  # the program keeps a warm child; its start is not what is measured
        watch = Watch(engine.child_pid)
        began = time.perf_counter()
        engine.send(RunImage(1, str(path), str(folder / "fed.npy")))
        reply = replies.get(timeout=_PATIENCE_SECONDS)
        while isinstance(reply, Predicted):
            reply = replies.get(timeout=_PATIENCE_SECONDS)
        seconds = time.perf_counter() - began
        watch.stop()
        return reply, seconds, watch
    finally:
        engine.close()


def report(say: Callable[[str], None]) -> None:
    """Run each network and say what came of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, (path, fed) in cases(folder).items():
            free = free_memory_bytes()
            reply, seconds, watch = measure(path, fed, folder)
            held, left = gib(watch.most_held), gib(watch.least_free)
            say(f"{title}: {seconds:.1f} s, engine held {held}; of {gib(free)} {left} stayed free")
            if isinstance(reply, Failed):
                say(f"  {reply.message} {reply.remedy}")
            elif isinstance(reply, Ran):
                say(f"  ran, {len(reply.run.tensors)} tensors kept, {len(reply.run.missing)} left out")
