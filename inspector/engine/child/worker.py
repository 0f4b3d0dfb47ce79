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
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import BinaryIO

import msgspec
import numpy as np
import onnxruntime as ort

from inspector.engine.blocks import ChildBlocks
from inspector.engine.channel import PASSES_DESCRIPTORS, Channel
from inspector.engine.child import preprocess, sandbox
from inspector.engine.child.providers import gpu_driver_loads
from inspector.engine.child.sessions import Sessions, copied
from inspector.engine.protocol import (
    MESSAGE_BYTES,
    Cancel,
    Failed,
    FromChild,
    InBlock,
    Lend,
    ModelOpened,
    NeedBlock,
    OpenModel,
    PictureFacts,
    Placement,
    PredictedAt,
    RanAt,
    Ready,
    RunImage,
    ToChild,
)
from inspector.errors import EngineError, ImageError, InspectorError, LimitError, ModelError, RunError
from inspector.graph.compare import difference
from inspector.graph.model import Array, Model, Tensor
from inspector.graph.preprocessing import Preprocessing
from inspector.graph.reader import Opened, read

_MOST_DESCRIPTORS = 64


def serve(connection: Connection, log: Connection, provider: str, memory_bytes: int) -> None:
    """Answer one request after the other until the other side closes."""
    if sys.platform != "win32":
        for stream in (1, 2):  # ONNX Runtime prints; nobody's standard output is the place for that
            os.dup2(log.fileno(), stream)
    sandbox.limit(memory_bytes)
    ort.set_default_logger_severity(3)
    _Worker(connection, provider, memory_bytes).serve()


class _Worker:
    """Two threads: one hears (and can stop a run under way), the other works."""

    def __init__(self, connection: Connection, provider: str, memory_bytes: int) -> None:
        self._channel: Channel[ToChild] = Channel(connection, ToChild, _MOST_DESCRIPTORS)
        self._provider = provider
        self._budget = memory_bytes // 3  # for the tensors of one run; the rest is for what makes them
        self._blocks = ChildBlocks()
        self._requests: queue.SimpleQueue[tuple[OpenModel | RunImage, tuple[int, ...]]] = queue.SimpleQueue()
        self._lends: queue.SimpleQueue[tuple[Lend, int | None]] = queue.SimpleQueue()
        self._opened: Opened | None = None
        self._sessions: Sessions | None = None
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
        assert isinstance(message, OpenModel | RunImage)
        if self._provider != "cpu" and gpu_driver_loads():
            self._sandbox = "off (the CUDA driver needs devices and folders of its own)"
        else:
            self._sandbox = sandbox.lock_in([os.path.dirname(os.path.realpath(message.path))])
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
                    if self._sessions is not None:
                        self._sessions.stop()
                case OpenModel() | RunImage():
                    self._requests.put((message, descriptors))

    # ---------------------------------------------------------------- requests

    def _answer(self, request: OpenModel | RunImage, descriptors: tuple[int, ...]) -> FromChild:
        """Carry out a request; return its last answer."""
        name = os.path.basename(request.path)
        try:
            match request:
                case OpenModel():
                    return self._open(request)
                case RunImage():
                    return self._run(request, descriptors)
        except InspectorError as error:
            is_about_model = isinstance(request, OpenModel) and name not in error.message
            message = f"{name}: {error.message}" if is_about_model else error.message
            return Failed(request.request_id, error.kind, message, error.remedy, traceback.format_exc())
        except MemoryError:
            return _failed(request, LimitError(f"{name} needs more memory than the engine may use.", _SMALLER))
        except Exception as error:  # ONNX, ONNX Runtime and Pillow raise types of their own
            return _failed(request, _in_words(error, name))

    def _open(self, request: OpenModel) -> Ready:
        opened = self._model(request.path)
        self._send(ModelOpened(request.request_id, opened.model))
        began = time.perf_counter()
        sessions = self._prepared(opened)
        sessions.instrument()
        seconds = time.perf_counter() - began
        return Ready(request.request_id, sessions.provider, sessions.note, self._sandbox, seconds)

    def _model(self, path: str) -> Opened:
        if self._opened is None:
            self._opened = read(path)
        return self._opened

    def _prepared(self, opened: Opened) -> Sessions:
        if self._sessions is None:
            self._sessions = Sessions(opened, self._provider)
        return self._sessions

    def _run(self, request: RunImage, descriptors: tuple[int, ...]) -> FromChild:
        opened = self._model(request.path)
        sessions = self._prepared(opened)
        sessions.begin()
        feeds, recipe, picture = self._feeds(opened.model, request, descriptors)
        began = time.perf_counter()
        outputs = sessions.predict(feeds)
        seconds = time.perf_counter() - began
        arrays = {
            name: value for name, value in outputs.items() if isinstance(value, np.ndarray) and _is_numeric(value)
        }
        facts, placements = self._place_prediction(feeds, arrays, picture)
        fed, answered = placements[: len(feeds)], placements[len(feeds) :]
        prediction = PredictedAt(request.request_id, fed, answered, recipe, facts, sessions.provider, seconds)
        if not request.maps:
            return prediction
        self._send(prediction)
        return self._maps(request, sessions, feeds, arrays)

    def _maps(
        self, request: RunImage, sessions: Sessions, feeds: Mapping[str, Array], deployed: Mapping[str, Array]
    ) -> RanAt:
        marked = sessions.instrument()
        wanted = [name for name in request.tensors if name in marked.names]
        began = time.perf_counter()
        placed = sessions.run(feeds, wanted, self._budget, self._lend)
        seconds = time.perf_counter() - began
        instrumented = {place.name: self._blocks.view(place) for place in placed.placements if place.name in deployed}
        differs = difference(deployed, instrumented) if instrumented else None
        del instrumented  # a block with a view on it cannot be unmapped
        return RanAt(
            request.request_id,
            placed.placements,
            differs,
            seconds,
            placed.missing,
            marked.unshowable,
            marked.casts,
        )

    # ---------------------------------------------------------------- inputs

    def _feeds(
        self, model: Model, request: RunImage, descriptors: tuple[int, ...]
    ) -> tuple[dict[str, Array], Preprocessing | None, tuple[np.ndarray, PictureFacts] | None]:
        """Return what each input is fed, how the picture became a tensor, and the picture for showing."""
        model = _with_shapes(model, request)
        files = list(_files(request, descriptors))
        feeds: dict[str, Array] = {}
        recipe, picture = None, None
        if request.image:
            path, file = files.pop(0)
            if path.lower().endswith(preprocess.TENSOR_SUFFIXES):
                wanted = preprocess.image_input(model)
                tensor = wanted.tensor if wanted is not None else _first_free_input(model, request)
                feeds[tensor.name] = preprocess.fitted_tensor(_tensor(file, path), tensor, os.path.basename(path))
            else:
                decoded = preprocess.decode(file, os.path.basename(path))
                into = preprocess.image_input(model, decoded.size)
                if into is None:
                    raise ImageError(
                        f"{os.path.basename(model.path)} has no input that takes a picture.",
                        "Give it a .npy file or an ONNX .pb tensor.",
                    )
                recipe = request.preprocessing or preprocess.recipe_for(model, into)
                feeds[into.tensor.name], box = preprocess.prepare(decoded, into, recipe)
                pixels = preprocess.shown(decoded)
                place = Placement("", pixels.shape, pixels.dtype.str, 0, 0)
                picture = pixels, PictureFacts(place, decoded.size, box, decoded.note)
        by_name = {tensor.name: tensor for tensor in model.inputs}
        for (path, file), name in zip(files, request.inputs, strict=True):
            if name not in by_name:
                raise _no_input(model, name)
            feeds[name] = preprocess.fitted_tensor(_tensor(file, path), by_name[name], os.path.basename(path))
        for tensor in model.inputs:
            if tensor.name not in feeds:
                feeds[tensor.name] = preprocess.default_tensor(tensor)
        return feeds, recipe, picture

    def _place_prediction(
        self,
        feeds: Mapping[str, Array],
        outputs: Mapping[str, Array],
        picture: tuple[np.ndarray, PictureFacts] | None,
    ) -> tuple[PictureFacts | None, tuple[Placement, ...]]:
        # An output may have the name of an input (a model without nodes), so the keys are numbers.
        names = [*feeds, *outputs]
        arrays = {str(number): array for number, array in enumerate([*feeds.values(), *outputs.values()])}
        if picture is not None:
            arrays["picture"] = picture[0]
        places = copied({key: _plain(array) for key, array in arrays.items()}, self._lend)
        facts = msgspec.structs.replace(picture[1], pixels=places.pop()) if picture is not None else None
        renamed = (msgspec.structs.replace(place, name=name) for place, name in zip(places, names, strict=True))
        return facts, tuple(renamed)

    # ---------------------------------------------------------------- memory and messages

    def _lend(self, size: int) -> tuple[int, mmap.mmap]:
        self._channel.send(NeedBlock(size))
        lend, descriptor = self._lends.get()
        if lend.refusal:
            self._blocks.forget(lend)
            raise LimitError(f"There is not enough memory: {lend.refusal}.", _SMALLER)
        return lend.block, self._blocks.take(lend, descriptor)

    def _send(self, message: FromChild) -> None:
        body = msgspec.json.encode(message)
        if len(body) <= MESSAGE_BYTES:
            self._channel.send(message)
            return
        number, block = self._lend(len(body))
        block[: len(body)] = body
        self._channel.send(InBlock(number, len(body)))


_SMALLER = "Try a smaller picture or model, or close other programs."


def _files(request: RunImage, descriptors: tuple[int, ...]) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the names and open files of a request: the picture first, then the tensor files."""
    paths = [path for path in (request.image, *request.inputs.values()) if path]
    for number, path in enumerate(paths):
        if PASSES_DESCRIPTORS:
            yield path, open(descriptors[number], "rb", closefd=False)  # noqa: SIM115  it is closed with the request
        else:
            yield path, open(path, "rb")  # noqa: SIM115  closed with the last reference to it


def _with_shapes(model: Model, request: RunImage) -> Model:
    """Return the model with the input lengths that the request gives."""
    unknown = [name for name in request.shapes if all(name != tensor.name for tensor in model.inputs)]
    if unknown:
        raise _no_input(model, unknown[0])
    return replace(
        model,
        inputs=tuple(
            preprocess.with_shape(tensor, request.shapes[tensor.name]) if tensor.name in request.shapes else tensor
            for tensor in model.inputs
        ),
    )


def _no_input(model: Model, name: str) -> ImageError:
    names = ", ".join(tensor.name for tensor in model.inputs)
    return ImageError(f"{os.path.basename(model.path)} has no input {name!r}.", f"Its inputs: {names}.")


def _tensor(file: BinaryIO, path: str) -> Array:
    return preprocess.read_tensor(file, os.path.basename(path))


def _first_free_input(model: Model, request: RunImage) -> Tensor:
    free = [tensor for tensor in model.inputs if tensor.name not in request.inputs]
    if not free:
        raise ImageError(f"{os.path.basename(model.path)} has no input left to feed.", "Leave the file out.")
    return free[0]


def _is_numeric(array: Array) -> bool:
    return array.dtype.kind in "fiubc"


def _plain(array: Array) -> Array:
    """Return an array that can be sent; a fed string tensor is sent as nothing."""
    return array if _is_numeric(array) else np.zeros(0, np.uint8)


def _failed(request: OpenModel | RunImage, error: InspectorError) -> Failed:
    return Failed(request.request_id, error.kind, error.message, error.remedy, traceback.format_exc())


def _in_words(error: Exception, name: str) -> InspectorError:
    """Return what ONNX Runtime (or another library) refused as a sentence; anything else is a bug of ours."""
    said = " ".join(str(error).split())
    with contextlib.suppress(ValueError):
        said = said[said.index(" : ", said.index("[ONNXRuntimeError]") + 20) + 3 :]
    kind = type(error).__name__
    said = said[:400] or kind
    if any(sign in said for sign in ("bad_alloc", "Failed to allocate memory", "BFCArena")):
        return LimitError(f"{name} needs more memory than the engine may use: {said}", _SMALLER)
    if kind in ("InvalidGraph", "InvalidProtobuf", "NotImplemented", "NoModel", "NoSuchFile"):
        return ModelError(f"ONNX Runtime cannot load {name}: {said}", "Export the model again, or for another opset.")
    if type(error).__module__.partition(".")[0] in ("onnxruntime", "onnx", "google") or type(error) is RuntimeError:
        return RunError(f"ONNX Runtime cannot run {name}: {said}", "Check that the input fits the model.")
    return EngineError(
        f"The engine has a bug that {name} brings out ({kind}: {said}).", "Please report it with the details."
    )
