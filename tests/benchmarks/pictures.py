"""How long the largest pictures take through the engine, and how far its child's memory rises for them.

The figures to reach stand in the name of each row: seconds from the question to the answer, and bytes above what the
child holds before the picture comes. The answer is that of a tiny network, so that the picture is what is measured. On
a machine that does something else too, the processor's seconds say more than those on the clock.
"""

from __future__ import annotations

import os
import queue
import struct
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from PIL import Image

from inspector.engine.client import Engine
from inspector.engine.protocol import Failed, OpenModel, Predicted, Ready, Reply, RunImage
from tests.benchmarks.opening import PeakMemory

SIDE = 20_000
_MIB = 1 << 20


def _network(path: Path) -> None:
    shape = [1, 3, 224, 224]
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "relu",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _bomb(path: Path) -> None:
    """A PNG of 450 kB that claims, and holds, 60,000 x 60,000 pixels of one bit."""
    rows, deflate = bytes(7_501 * 1_000), zlib.compressobj(9)
    body = b"".join([*(deflate.compress(rows) for _ in range(60)), deflate.flush()])
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b""))


def write_pictures(folder: Path) -> dict[str, Path]:
    """Write the pictures; return them by what is said of them."""
    across = np.linspace(0, 40, SIDE, dtype=np.float32)
    waves = np.sin(across)[None, :] * np.sin(across * 0.7)[:, None]  # neither flat nor noise, as photographs are
    grey = Image.fromarray((waves * 127 + 128).astype(np.uint8))
    del waves
    found = {
        "JPEG in colour (0.6 s, 150 MiB)": folder / "colour.jpg",
        "PNG in grey (2.5 s, 600 MiB)": folder / "grey.png",
        "PNG in grey, all black": folder / "black.png",
        "PNG in colour (600 MiB)": folder / "colour.png",
        "bomb of 3.6 gigapixels, refused (0.05 s)": folder / "bomb.png",
    }
    grey.save(folder / "grey.png", compress_level=1)
    Image.new("L", grey.size).save(folder / "black.png")
    colour = Image.merge("RGB", [grey, grey.transpose(Image.Transpose.TRANSPOSE), grey])
    colour.save(folder / "colour.jpg", quality=85)
    colour.save(folder / "colour.png", compress_level=1)
    _bomb(folder / "bomb.png")
    return found


@dataclass(frozen=True)
class Measured:
    """What one picture took: seconds on the clock and of the processor, bytes above the child's base."""

    seconds: float
    processor_seconds: float
    bytes: int
    answer: str


def _processor_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def measure(model: Path, picture: Path) -> Measured:
    """Run a picture in a child of its own."""
    replies: queue.Queue[Reply] = queue.Queue()
    engine = Engine(replies.put, provider="cpu")
    try:
        engine.send(OpenModel(1, str(model)))
        while not isinstance(reply := replies.get(timeout=60), Ready):
            assert not isinstance(reply, Failed), reply
        with tempfile.TemporaryDirectory() as folder:  # so that Pillow's decoders are loaded before
            small = Path(folder) / "small.png"
            Image.new("RGB", (8, 8)).save(small)
            engine.send(RunImage(2, str(model), str(small), maps=False))
            assert isinstance(replies.get(timeout=60), Predicted)
        pid = engine.child_pid()
        assert pid is not None
        base = PeakMemory(pid)
        time.sleep(0.1)
        before = base.stop()
        watch, used = PeakMemory(pid), _processor_seconds(pid)
        began = time.perf_counter()
        engine.send(RunImage(3, str(model), str(picture), maps=False))
        reply = replies.get(timeout=120)
        seconds = time.perf_counter() - began
        answer = reply.message if isinstance(reply, Failed) else type(reply).__name__.lower()
        return Measured(seconds, _processor_seconds(pid) - used, max(0, watch.stop() - before), answer)
    finally:
        engine.close()


def report(say: Callable[[str], None]) -> dict[str, Measured]:
    """Measure each picture; return what it took by what is said of it."""
    say(f"pictures of {SIDE:,} x {SIDE:,} pixels")
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _network(folder / "relu.onnx")
        for label, path in write_pictures(folder).items():
            took = found[label] = measure(folder / "relu.onnx", path)
            say(
                f"  {label}: {took.seconds:.3f} s, {took.processor_seconds:.2f} s of the processor, "
                f"{took.bytes / _MIB:,.0f} MiB; the file {path.stat().st_size / _MIB:,.1f} MiB: {took.answer}"
            )
    return found
