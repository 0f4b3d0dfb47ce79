"""How fast a large model opens, and what memory that takes, against a plain ONNX Runtime session in the same run."""

from __future__ import annotations

import multiprocessing
import queue
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from inspector.engine.client import Engine
from inspector.engine.protocol import ModelOpened, OpenModel, Ran, Ready, RunImage
from tests.benchmarks.vgg import write_vgg16

ROUNDS = 3
_SAMPLE_SECONDS = 0.01


class PeakMemory:
    """The largest proportional set size of a process while it is watched, in bytes."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._path = Path(f"/proc/{pid}/smaps_rollup")
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        self._done.set()
        self._thread.join()
        return self.peak

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            try:
                for line in self._path.read_text().splitlines():
                    if line.startswith("Pss:"):
                        self.peak = max(self.peak, int(line.split()[1]) * 1024)
            except OSError:
                return


def _plain(path: str, image: str, connection: multiprocessing.connection.Connection) -> None:
    import onnxruntime as ort

    connection.send(0.0)
    connection.recv()
    began = time.perf_counter()
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    connection.send(time.perf_counter() - began)
    connection.recv()
    for _ in range(3):
        session.run(None, {"image": np.load(image)})
    connection.send(0.0)
    connection.recv()


def measure_plain(path: str, image: str) -> dict[str, float]:
    """Seconds to a plain session, and its process's peak memory at opening and after three runs."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_plain, args=(path, image, theirs))
    process.start()
    ours.recv()
    watch = PeakMemory(process.pid or 0)
    ours.send("open")
    seconds = ours.recv()
    opening = watch.stop()
    watch = PeakMemory(process.pid or 0)
    ours.send("run")
    ours.recv()
    running = watch.stop()
    ours.send("end")
    process.join()
    return {"session": seconds, "opening": opening, "running": running}


def measure_engine(path: str, image: str) -> dict[str, float]:
    """Seconds to structure and shapes with one kernel read, and to both sessions; peak memory likewise."""
    replies: queue.Queue[object] = queue.Queue()
    engine = Engine(replies.put, provider="cpu")
    try:
        warm = engine.child_pid()
        while warm is None:
            warm = engine.child_pid()
        time.sleep(2)  # the program keeps a warm child; its start is not what is measured
        watch = PeakMemory(warm)
        began = time.perf_counter()
        engine.send(OpenModel(1, path))
        opened = replies.get(timeout=60)
        assert isinstance(opened, ModelOpened)
        kernel = opened.model.layers[0].weight("kernel")
        assert kernel is not None
        kernel.read()
        structure = time.perf_counter() - began
        ready = replies.get(timeout=60)
        assert isinstance(ready, Ready)
        both = time.perf_counter() - began
        opening = watch.stop()
        watch = PeakMemory(warm)
        for number in range(2, 5):
            engine.send(RunImage(number, path, image))
            while not isinstance(reply := replies.get(timeout=60), Ran):
                assert "Failed" not in type(reply).__name__, reply
        running = watch.stop()
        return {"structure": structure, "both": both, "opening": opening, "running": running}
    finally:
        engine.close()


def report(say: Callable[[str], None]) -> dict[str, float]:
    """Measure in turn, several rounds; say the medians and return the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path, image = f"{folder}/vgg16.onnx", f"{folder}/image.npy"
        write_vgg16(Path(path))
        np.save(image, np.random.default_rng(0).standard_normal((1, 3, 224, 224), np.float32))
        plain, ours = [], []
        for _ in range(ROUNDS):
            plain.append(measure_plain(path, image))
            ours.append(measure_engine(path, image))

    def median(rows: list[dict[str, float]], key: str) -> float:
        return statistics.median(row[key] for row in rows)

    plain_peak = max(median(plain, "opening"), median(plain, "running"))
    ratios = {
        "structure / plain session": median(ours, "structure") / median(plain, "session"),
        "both sessions / plain session": median(ours, "both") / median(plain, "session"),
        "peak memory at opening / plain session's peak": median(ours, "opening") / plain_peak,
        "peak memory after runs / plain session's peak": median(ours, "running") / plain_peak,
    }
    say("opening VGG-16, 553 MB")
    for name, rows, keys in (
        ("plain", plain, ("session", "opening", "running")),
        ("engine", ours, ("structure", "both", "opening", "running")),
    ):
        values = ", ".join(
            f"{key} {median(rows, key) / 2**20:,.0f} MiB"
            if median(rows, key) > 1e4
            else f"{key} {median(rows, key):.3f} s"
            for key in keys
        )
        say(f"  {name}: {values}")
    for name, ratio in ratios.items():
        say(f"  {name}: {ratio:.3f}")
    return ratios
