"""The engine process: reads models and pictures, runs them, and answers in messages."""

from __future__ import annotations

import contextlib
import mmap
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from typing import BinaryIO

import msgspec
import numpy as np
import onnxruntime as ort

from inspector.engine.blocks import ChildBlocks
from inspector.engine.channel import PASSES_DESCRIPTORS, Channel
from inspector.engine.child import inputs, memory, profiling, sandbox
from inspector.engine.child.editing import Networks
from inspector.engine.child.providers import gpu_driver_loads
from inspector.engine.child.sessions import Sessions, copied
from inspector.engine.protocol import (
    MESSAGE_BYTES,
    Cancel,
    Failed,
    FromChild,
    InBlock,
    Lend,
    Measured,
    MeasureLayers,
    ModelOpened,
    NeedBlock,
    OpenModel,
    PictureFacts,
    Placement,
    PredictedAt,
    RanAt,
    Ready,
    Request,
    RunImage,
    ToChild,
)
from inspector.errors import EngineError, InspectorError, LimitError, ModelError, RunError
from inspector.graph import beside
from inspector.graph.changes import Edits, SlideEdit
from inspector.graph.compare import difference
from inspector.graph.model import Array, Model, Picture

_MOST_DESCRIPTORS = 64


def serve(
    connection: Connection, log: Connection, provider: str, memory_bytes: int, tensor_bytes: int, scratch: str
) -> None:
    """Answer one request after the other until the other side closes."""
    if sys.platform != "win32":
        for stream in (1, 2):  # ONNX Runtime prints; nobody's standard output is the place for that
            os.dup2(log.fileno(), stream)
    sandbox.limit(memory_bytes, profiling.MOST_PROFILE_BYTES if scratch else 0)
    ort.set_default_logger_severity(3)
    _Worker(connection, provider, memory_bytes, tensor_bytes, scratch).serve()


class _Worker:
    """Two threads: one hears (and can stop a run under way), the other works."""

    def __init__(
        self, connection: Connection, provider: str, memory_bytes: int, tensor_bytes: int, scratch: str
    ) -> None:
        self._channel: Channel[ToChild] = Channel(connection, ToChild, _MOST_DESCRIPTORS)
        self._provider = provider
        self._memory_bytes = memory_bytes
        self._budget = tensor_bytes  # for the tensors of one run; the rest is for what makes them
        self._scratch = scratch
        self._blocks = ChildBlocks()
        self._requests: queue.SimpleQueue[tuple[Request, tuple[int, ...]]] = queue.SimpleQueue()
        self._lends: queue.SimpleQueue[tuple[Lend, int | None]] = queue.SimpleQueue()
        self._networks = Networks(provider, memory_bytes)
        self._told: tuple[SlideEdit, ...] = ()  # the strides and pads of the model that the program knows
        self._sandbox = ""

    def serve(self) -> None:
        self._hear_first()
        threading.Thread(target=self._hear, name="hear", daemon=True).start()
        while True:
            request, descriptors = self._requests.get()
            try:
                last = self._answer(request, descriptors)
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)
            self._send(last)

    def _hear_first(self) -> None:
        """Wait for the first request, and lock this process in to its model's folder before there is a second thread.

        Landlock holds for the thread that asks for it and for those that it starts.
        """
        message, descriptors = self._receive()
        assert isinstance(message, OpenModel | RunImage | MeasureLayers)
        if self._provider != "cpu" and gpu_driver_loads():
            self._sandbox = "off (the CUDA driver needs devices and folders of its own)"
        else:
            self._sandbox = sandbox.lock_in(beside.readable(message.path), self._scratch)
        self._requests.put((message, descriptors))

    def _receive(self) -> tuple[ToChild, tuple[int, ...]]:
        try:
            return self._channel.receive()
        except (EOFError, OSError):
            os._exit(0)  # the program is gone, or ended this engine

    def _hear(self) -> None:
        while True:
            message, descriptors = self._receive()
            match message:
                case Lend():
                    self._lends.put((message, descriptors[0] if descriptors else None))
                case Cancel():
                    if self._networks.current is not None:
                        self._networks.current.stop()
                case OpenModel() | RunImage() | MeasureLayers():
                    self._requests.put((message, descriptors))

    def _in_words(self, error: Exception, name: str) -> InspectorError:
        """Return what a library refused as a sentence."""
        said = " ".join(str(error).split())
        if memory.ran_out(said):
            plain = self._networks.plain
            layers = {layer.name for layer in plain.model.layers} if plain is not None else set()
            return memory.out_of_memory(name, said, layers)
        return _in_words(error, name)

    # ---------------------------------------------------------------- requests

    def _answer(self, request: Request, descriptors: tuple[int, ...]) -> FromChild:
        """Carry out a request; return its last answer."""
        name = os.path.basename(request.path)
        try:
            match request:
                case OpenModel():
                    return self._open(request)
                case RunImage():
                    return self._run(request, descriptors)
                case MeasureLayers():
                    return self._measure(request, descriptors)
        except InspectorError as error:
            is_about_model = isinstance(request, OpenModel) and name not in error.message
            message = f"{name}: {error.message}" if is_about_model else error.message
            return Failed(request.request_id, error.kind, message, error.remedy, traceback.format_exc())
        except MemoryError:
            return _failed(request, LimitError(f"{name} needs more memory than the engine may use.", memory.SMALLER))
        except Exception as error:  # ONNX, ONNX Runtime and Pillow raise types of their own
            return _failed(request, self._in_words(error, name))

    def _open(self, request: OpenModel) -> Ready:
        opened = self._networks.opened(request.path)
        self._send(ModelOpened(request.request_id, opened.model))
        began = time.perf_counter()
        sessions = self._networks.network(request.path, Edits()).sessions
        sessions.instrument()
        seconds = time.perf_counter() - began
        return Ready(
            request.request_id, sessions.provider, sessions.note, self._sandbox, seconds, sessions.layer_providers()
        )

    def _run(self, request: RunImage, descriptors: tuple[int, ...]) -> FromChild:
        network = self._networks.network(request.path, request.edits)
        opened, sessions = network.opened, network.sessions
        if request.edits.slides != self._told:
            self._send(ModelOpened(request.request_id, opened.model, request.edits.slides))
            self._told = request.edits.slides
        sessions.begin()
        given = _fed(opened.model, request, descriptors)
        feeds = {**given.feeds, **network.feeds(request.edits)}
        sessions.check_deployed(feeds)
        began = time.perf_counter()
        outputs = sessions.predict(feeds)
        seconds = time.perf_counter() - began
        arrays = {
            name: value for name, value in outputs.items() if isinstance(value, np.ndarray) and _is_numeric(value)
        }
        facts, placements = self._place_prediction(given.feeds, arrays, given.picture)
        fed, answered = placements[: len(given.feeds)], placements[len(given.feeds) :]
        prediction = PredictedAt(
            request.request_id,
            fed,
            answered,
            given.recipe,
            facts,
            sessions.provider,
            seconds,
            given.origins,
            given.note,
        )
        if not request.maps:
            return prediction
        self._send(prediction)
        return self._maps(request, sessions, feeds, arrays)

    def _maps(
        self, request: RunImage, sessions: Sessions, feeds: Mapping[str, Array], deployed: Mapping[str, Array]
    ) -> RanAt:
        marked = sessions.instrument()
        if request.view == "as deployed":
            return self._maps_as_deployed(request, sessions, feeds, deployed)
        wanted = [name for name in request.tensors if name in marked.names]
        began = time.perf_counter()
        placed = sessions.run(feeds, wanted, self._budget_beside(request), self._lend)
        seconds = time.perf_counter() - began
        instrumented = {place.name: self._blocks.view(place) for place in placed.placements if place.name in deployed}
        differs = difference(deployed, instrumented) if instrumented else None
        del instrumented  # a block with a view on it cannot be unmapped
        other = sessions.as_deployed(feeds, deployed, (), self._budget, fetch=False)
        return RanAt(
            request.request_id,
            placed.placements,
            differs,
            seconds,
            placed.missing,
            placed.unshowable,
            marked.casts,
            views=other.views,
            view_note=other.why_not if sessions.is_qdq else "",
        )

    def _budget_beside(self, request: RunImage) -> int:
        """Return what the tensors of a run may take while the program holds those of another."""
        return max(self._budget - request.held_bytes, self._budget // 4)

    def _maps_as_deployed(
        self, request: RunImage, sessions: Sessions, feeds: Mapping[str, Array], deployed: Mapping[str, Array]
    ) -> RanAt:
        found = sessions.as_deployed(feeds, deployed, request.tensors, self._budget_beside(request), fetch=True)
        if found.why_not:
            raise RunError(found.why_not, "Look at it step by step.")
        casts = {name: dtype for name, dtype in sessions.instrument().casts.items() if name in found.tensors}
        return RanAt(
            request.request_id,
            tuple(copied(found.tensors, self._lend)),
            difference(deployed, found.tensors),
            found.seconds,
            found.missing,
            {},
            casts,
            request.view,
            found.views,
        )

    def _measure(self, request: MeasureLayers, descriptors: tuple[int, ...]) -> Measured:
        if not self._scratch:
            raise RunError("This engine has no folder to which ONNX Runtime could write its profile.")
        network = self._networks.network(request.path, request.run.edits)
        opened, sessions = network.opened, network.sessions
        sessions.begin()
        feeds = {**_fed(opened.model, request.run, descriptors).feeds, **network.feeds(request.run.edits)}
        sessions.check_deployed(feeds)
        times = profiling.measure(sessions, opened.model.layers, feeds, request.repeats, self._budget, self._scratch)
        return Measured(
            request.request_id, times.seconds, times.total_seconds, times.plain_seconds, times.deployed_seconds
        )

    def _place_prediction(
        self,
        feeds: Mapping[str, Array],
        outputs: Mapping[str, Array],
        picture: Picture | None,
    ) -> tuple[PictureFacts | None, tuple[Placement, ...]]:
        # An output may have the name of an input (a model without nodes), so the keys are numbers.
        names = [*feeds, *outputs]
        arrays = {str(number): array for number, array in enumerate([*feeds.values(), *outputs.values()])}
        if picture is not None:
            arrays["picture"] = picture.pixels
        places = copied({key: _plain(array) for key, array in arrays.items()}, self._lend)
        facts = None
        if picture is not None:
            shown = places.pop()
            facts = PictureFacts(shown, picture.size, picture.box, picture.note, picture.frames, picture.frame)
        renamed = (msgspec.structs.replace(place, name=name) for place, name in zip(places, names, strict=True))
        return facts, tuple(renamed)

    # ---------------------------------------------------------------- memory and messages

    def _lend(self, size: int) -> tuple[int, mmap.mmap]:
        for _ in range(2):  # blocks that were too small count as free once this process has let go of them too
            self._channel.send(NeedBlock(size))
            lend, descriptor = self._lends.get()
            if not lend.refusal:
                break
            self._blocks.forget(lend)
        if lend.refusal:
            raise LimitError(f"There is not enough memory: {lend.refusal}.", memory.SMALLER)
        return lend.block, self._blocks.take(lend, descriptor)

    def _send(self, message: FromChild) -> None:
        body = msgspec.json.encode(message)
        if len(body) <= MESSAGE_BYTES:
            self._channel.send(message)
            return
        number, block = self._lend(len(body))
        block[: len(body)] = body
        self._channel.send(InBlock(number, len(body)))


def _fed(model: Model, request: RunImage, descriptors: tuple[int, ...]) -> inputs.Fed:
    """Return what each input is fed."""
    files = list(_files(request, descriptors))
    image = files.pop(0) if request.image else None
    return inputs.feed(model, request, image, files)


def _files(request: RunImage, descriptors: tuple[int, ...]) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the names and open files of a request: the picture first, then the tensor files."""
    paths = [path for path in (request.image, *request.inputs.values()) if path]
    for number, path in enumerate(paths):
        if PASSES_DESCRIPTORS:
            yield path, open(descriptors[number], "rb", closefd=False)  # noqa: SIM115  it is closed with the request
        else:
            yield path, open(path, "rb")  # noqa: SIM115  closed with the last reference to it


def _is_numeric(array: Array) -> bool:
    return array.dtype.kind in "fiubc"


def _plain(array: Array) -> Array:
    """Return an array that can be sent; a fed string tensor is sent as nothing."""
    return array if _is_numeric(array) else np.zeros(0, np.uint8)


def _failed(request: Request, error: InspectorError) -> Failed:
    """Return the end of a request that a library could not carry out; one without memory is the child's end too."""
    is_spent = isinstance(error, LimitError)
    return Failed(request.request_id, error.kind, error.message, error.remedy, traceback.format_exc(), is_spent)


def _in_words(error: Exception, name: str) -> InspectorError:
    """Return what ONNX Runtime (or another library) refused as a sentence; anything else is a bug of ours."""
    said = " ".join(str(error).split())
    with contextlib.suppress(ValueError):
        said = said[said.index(" : ", said.index("[ONNXRuntimeError]") + 20) + 3 :]
    kind = type(error).__name__
    said = said[:400] or kind
    if kind in ("InvalidGraph", "InvalidProtobuf", "NotImplemented", "NoModel", "NoSuchFile"):
        return ModelError(f"ONNX Runtime cannot load {name}: {said}", "Export the model again, or for another opset.")
    if type(error).__module__.partition(".")[0] in ("onnxruntime", "onnx", "google") or type(error) is RuntimeError:
        return RunError(f"ONNX Runtime cannot run {name}: {said}", "Check that the input fits the model.")
    return EngineError(
        f"The engine has a bug that {name} brings out ({kind}: {said}).", "Please report it with the details."
    )
