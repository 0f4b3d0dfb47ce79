"""The engine as the rest of the program sees it; loads neither Qt nor ONNX."""

from __future__ import annotations

import collections
import contextlib
import mmap
import multiprocessing
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TypeVar

import msgspec
import numpy as np

from inspector.engine.blocks import ProgramBlocks, arrays
from inspector.engine.channel import PASSES_DESCRIPTORS, Channel
from inspector.engine.child.entry import serve
from inspector.engine.machine import free_memory_bytes, gib, reserve_bytes, touched_bytes
from inspector.engine.protocol import (
    BODY_BYTES,
    Cancel,
    Failed,
    FromChild,
    InBlock,
    Measured,
    MeasureLayers,
    ModelOpened,
    NeedBlock,
    OpenModel,
    Placement,
    Predicted,
    PredictedAt,
    Ran,
    RanAt,
    Ready,
    Reply,
    Request,
    RunImage,
)
from inspector.errors import EngineError, ImageError, InspectorError, LimitError
from inspector.graph.changes import Edits
from inspector.graph.model import Picture, Prediction, Run

_R = TypeVar("_R", bound=Request)
_SPAWN = multiprocessing.get_context("spawn")
_BODY = msgspec.json.Decoder(ModelOpened | PredictedAt | RanAt)
KILL_AFTER_SECONDS = 0.5  # between asking a run to stop and ending its process
OPEN_WITHIN_SECONDS = 60.0
DEATHS_ALLOWED, DEATHS_WITHIN_SECONDS = 3, 60.0
_DIES_WITHIN_SECONDS = 1.0  # after its pipe has closed
_LOG_BYTES = 16_384
WATCHES_MEMORY = sys.platform == "linux"
WATCH_SECONDS = 0.1
SCRATCH_PREFIX = "inspector-scratch-"


class Engine:
    """Runs one model in a child process, so that a crash there is a message here.

    One request runs at a time. Of each kind at most one waits; a newer one takes its place, and the
    older is never answered. Every request that runs ends in exactly one last answer (``Ready``,
    ``Ran``, ``Predicted`` where no maps were asked for, or ``Failed``), through ``on_reply``, on a
    background thread. If the child dies, the next request starts a new one.

    Args:
        on_reply: Called with each answer.
        provider: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        memory_bytes: What the child may use; 0 for three quarters of what is free now.
        tensor_bytes: What the tensors of one run may take, at most ``memory_bytes``; 0 for a third of that.
        scratch: Give the child a folder of its own to write to, which ``MeasureLayers`` needs; it is removed with
            the child.
    """

    def __init__(
        self,
        on_reply: Callable[[Reply], None],
        provider: str = "auto",
        memory_bytes: int = 0,
        tensor_bytes: int = 0,
        scratch: bool = False,
    ) -> None:
        self._on_reply = on_reply
        self._provider = provider
        self._memory_bytes = memory_bytes or free_memory_bytes() * 3 // 4
        self._tensor_bytes = min(tensor_bytes, self._memory_bytes) or self._memory_bytes // 3
        self._scratch = scratch
        self._lock = threading.Lock()
        self._waiting: dict[type[Request], Request] = {}
        self._dropped: list[Request] = []  # stopped before they ran; still to be answered
        self._running: Request | None = None
        self._began = 0.0  # the request that runs
        self._has_answered = False  # it, though not for the last time
        self._cancelled_at = 0.0
        self._closed = False
        self._deaths: collections.deque[float] = collections.deque(maxlen=DEATHS_ALLOWED)
        self._path = ""  # of the model that the child serves
        self._child: _Child | None = None
        self._woken, self._wake = _SPAWN.Pipe(duplex=False)
        # One thread for the engine's whole life: the system ends the child when the thread that started it ends.
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)
        self._thread.start()

    def send(self, request: Request) -> None:
        """Ask for something; returns at once."""
        with self._lock:
            self._waiting[type(request)] = request
        self._poke()

    def cancel(self) -> None:
        """Stop what runs or waits: at its next node, or with its process half a second later."""
        with self._lock:
            self._dropped += self._waiting.values()
            self._waiting.clear()
            if self._running is not None and not self._cancelled_at:
                self._cancelled_at = time.monotonic()
        self._poke()

    def is_busy(self) -> bool:
        """Return whether a request runs or waits."""
        with self._lock:
            return self._running is not None or bool(self._waiting)

    def child_pid(self) -> int | None:
        """Return the process that does the work, or None if there is none at the moment."""
        child = self._child
        return child.process.pid if child is not None else None

    def close(self) -> None:
        """End the child and wait for it. Nothing is answered any more; tensors in hand stay readable."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._waiting.clear()
            child = self._child
        if child is not None:
            child.process.kill()
        self._poke()
        self._thread.join()

    def _poke(self) -> None:
        with contextlib.suppress(OSError):  # already closed
            self._wake.send_bytes(b"!")

    # ---------------------------------------------------------------- everything below runs on the engine's thread

    def _serve(self) -> None:
        _keep_ctrl_c_from_children()
        with contextlib.suppress(OSError):  # the first request will try again, and say so
            self._start_child()
        while not self._closed:
            self._answer_dropped()
            self._post_next()
            child = self._child
            watched: list[Connection] = [self._woken]
            if child is not None:
                watched += [child.connection, *([child.log] if child.log_is_open else [])]
            ready = wait(watched, self._patience())
            if self._woken in ready:
                self._woken.recv_bytes()
            if child is not None and child.log in ready:
                child.read_log()
            if child is not None and child.connection in ready:
                self._receive(child)
            self._keep_deadlines()
        if self._child is not None:
            self._child.end()
            self._child = None
        self._woken.close()
        self._wake.close()

    def _start_child(self) -> None:
        self._path = ""
        child = _Child(self._provider, self._memory_bytes, self._tensor_bytes, self._scratch)
        with self._lock:
            self._child = child
            if self._closed:  # close() did not see it
                child.process.kill()

    def _answer_dropped(self) -> None:
        with self._lock:
            dropped, self._dropped = self._dropped, []
        for request in dropped:
            self._on_reply(_stopped(request.request_id))

    def _post_next(self) -> None:
        with self._lock:
            if self._running is not None or not self._waiting:
                return
            request = self._waiting.pop(next(iter(self._waiting)))
            self._running, self._cancelled_at = request, 0.0
            self._began = time.monotonic()
            self._has_answered = False
        if self._has_died_too_often():
            name = os.path.basename(request.path)
            self._finish(
                Failed(
                    request.request_id,
                    EngineError.kind,
                    f"{name} has crashed the engine {DEATHS_ALLOWED} times in a minute and is not tried again for now.",
                    "Wait a minute, or try another model.",
                )
            )
            return
        if self._child is not None and self._path not in ("", request.path):
            self._child.end()
            self._child = None
        try:
            if self._child is None:
                self._start_child()
        except OSError as error:
            why = f"The engine could not be started ({error.strerror})."
            self._finish(Failed(request.request_id, EngineError.kind, why, "Close other programs and try again."))
            return
        assert self._child is not None
        self._path = request.path
        try:
            with _opened(request) as descriptors, contextlib.suppress(OSError):  # a child that just died is seen below
                self._child.channel.send(_presentable(request), descriptors)
        except InspectorError as error:
            self._finish(Failed(request.request_id, error.kind, error.message, error.remedy))

    def _patience(self) -> float | None:
        """Return for how long nothing has to be looked after."""
        patience = self._time_left()
        if self._running is None or not WATCHES_MEMORY:
            return patience
        return WATCH_SECONDS if patience is None else min(patience, WATCH_SECONDS)

    def _time_left(self) -> float | None:
        with self._lock:
            if self._cancelled_at:
                return max(0.0, self._cancelled_at + KILL_AFTER_SECONDS - time.monotonic())
            if isinstance(self._running, OpenModel) and not self._has_answered:
                return max(0.0, self._began + OPEN_WITHIN_SECONDS - time.monotonic())
        return None

    def _keep_deadlines(self) -> None:
        with self._lock:
            running, cancelled_at, child = self._running, self._cancelled_at, self._child
        if running is None or child is None:
            return
        if cancelled_at:
            if time.monotonic() >= cancelled_at + KILL_AFTER_SECONDS:
                child.process.kill()
            elif not child.was_asked_to_stop:
                child.was_asked_to_stop = True
                with contextlib.suppress(OSError):
                    child.channel.send(Cancel())
        elif taken := self._taken_too_much(child):
            child.limit = LimitError(
                f"{os.path.basename(running.path)} needs more memory than the engine may use: it was stopped at "
                f"{gib(taken)}.",
                "Use a smaller picture or input shape, or close other programs.",
            )
            child.process.kill()
        elif self._time_left() == 0.0:
            child.reason = f"Reading {os.path.basename(running.path)} took more than {OPEN_WITHIN_SECONDS:.0f} seconds."
            child.process.kill()

    def _taken_too_much(self, child: _Child) -> int:
        """Return what a child has taken if that is too much for it, or for the machine; else 0.

        The system refuses what one request asks for beyond the limit; what this is for is the rest: a machine that
        promises more memory than it has, and other programs that need some meanwhile.
        """
        if not WATCHES_MEMORY or child.process.pid is None or child.limit is not None:
            return 0
        taken = touched_bytes(child.process.pid)
        is_too_much = taken > self._memory_bytes or free_memory_bytes() < reserve_bytes() // 4
        return taken if is_too_much else 0

    def _receive(self, child: _Child) -> None:
        try:
            message, _ = child.channel.receive()
            self._handle(child, message)
        except (EOFError, OSError):
            self._lost(child)
        except (msgspec.MsgspecError, EngineError) as error:
            child.reason = f"The engine sent something that makes no sense ({error})."
            child.process.kill()
            self._lost(child)

    def _handle(self, child: _Child, message: FromChild) -> None:
        match message:
            case NeedBlock():
                lend, descriptor = child.blocks.lend(message.bytes)
                child.channel.send(lend, () if descriptor is None else (descriptor,))
            case InBlock():
                self._handle(child, child.message_in(message))
            case PredictedAt():
                prediction = child.prediction(message, self._running)
                self._has_answered = True
                if isinstance(self._running, RunImage) and self._running.maps:
                    self._answer(Predicted(message.request_id, prediction))
                else:
                    self._finish(Predicted(message.request_id, prediction))
            case RanAt():
                self._finish(Ran(message.request_id, child.run(message)))
            case ModelOpened():
                self._has_answered = True
                self._answer(message)
            case Ready() | Measured() | Failed():
                self._finish(message)

    def _answer(self, reply: Reply) -> None:
        running = self._running
        if running is None or reply.request_id != running.request_id:
            raise EngineError("it answered a question that was not asked")
        if not self._closed:
            self._on_reply(reply)

    def _finish(self, reply: Reply) -> None:
        """Give the last answer to the running request, after the next one is on its way."""
        with self._lock:
            running, self._running, cancelled = self._running, None, bool(self._cancelled_at)
            self._cancelled_at = 0.0
        if running is None or reply.request_id != running.request_id:
            raise EngineError("it answered a question that was not asked")
        if self._child is not None:
            self._child.was_asked_to_stop = False
            self._child.blocks.reclaim()
            if isinstance(reply, Failed) and reply.is_spent:
                self._child.end()
                self._child = None
        if isinstance(reply, Failed) and cancelled:
            reply = _stopped(reply.request_id)
        self._post_next()
        if not self._closed:
            self._on_reply(reply)

    def _lost(self, child: _Child) -> None:
        """The child is dead or useless: say so, once, for what it was doing."""
        with self._lock:
            running, cancelled = self._running, bool(self._cancelled_at)
            self._child = None
        child.process.join(_DIES_WITHIN_SECONDS)  # so that it is known how it died
        child.end()
        if running is None or self._closed:
            return
        if child.limit is not None:
            self._finish(Failed(running.request_id, child.limit.kind, child.limit.message, child.limit.remedy))
            return
        if not cancelled:
            self._deaths.append(time.monotonic())
        doing = {OpenModel: "opening", MeasureLayers: "measuring"}.get(type(running), "running")
        self._finish(
            Failed(
                running.request_id,
                EngineError.kind,
                child.reason
                or f"The engine stopped while {doing} {os.path.basename(running.path)} ({child.how_it_died()}).",
                "What is shown stays; the next picture or model starts a new engine.",
                child.log_text(),
            )
        )

    def _has_died_too_often(self) -> bool:
        deaths = self._deaths
        return len(deaths) == DEATHS_ALLOWED and time.monotonic() - deaths[0] < DEATHS_WITHIN_SECONDS


class _Child:
    """The process, the pipe to it, and what it was lent."""

    def __init__(self, provider: str, memory_bytes: int, tensor_bytes: int, scratch: bool) -> None:
        self.connection, theirs = _SPAWN.Pipe()
        self.log, their_log = _SPAWN.Pipe(duplex=False)
        self.log_is_open = True
        self.channel: Channel[FromChild] = Channel(self.connection, FromChild)
        self.blocks = ProgramBlocks(memory_bytes)
        self.scratch = tempfile.mkdtemp(prefix=f"{SCRATCH_PREFIX}{os.getpid()}-") if scratch else ""  # mode 0700
        self.reason = ""
        self.limit: LimitError | None = None  # why it was stopped, if it took too much
        self.was_asked_to_stop = False
        self._log = b""
        self._predictions: dict[int, Prediction] = {}
        self.process: BaseProcess = _SPAWN.Process(
            target=serve,
            args=(theirs, their_log, provider, memory_bytes, tensor_bytes, self.scratch),
            name="inspector-engine",
            daemon=True,
        )
        try:
            self.process.start()
        except OSError:
            self._remove_scratch()
            raise
        theirs.close()
        their_log.close()

    def read_log(self) -> None:
        """Keep the end of what the child and its libraries print."""
        try:
            chunk = os.read(self.log.fileno(), 65_536)
        except OSError:
            chunk = b""
        self._log = (self._log + chunk)[-_LOG_BYTES:]
        self.log_is_open = bool(chunk)

    def log_text(self) -> str:
        while self.log_is_open and self.log.poll():
            self.read_log()
        return self._log.decode("utf-8", "replace")

    def message_in(self, message: InBlock) -> ModelOpened | PredictedAt | RanAt:
        """Read a message that was too long to send."""
        if not 0 <= message.bytes <= BODY_BYTES:
            raise EngineError("a message is too long")
        mapping = self.blocks.map(message.block)
        try:
            body = bytes(mapping[: message.bytes])
        finally:
            mapping.close()
        decoded: ModelOpened | PredictedAt | RanAt = _BODY.decode(body)
        return decoded

    def prediction(self, message: PredictedAt, request: Request | None) -> Prediction:
        """Map the arrays of a prediction."""
        pixels = (message.picture.pixels,) if message.picture is not None else ()
        mappings = self._mappings((*message.fed, *message.outputs, *pixels))
        picture = None
        if message.picture is not None:
            image = next(iter(arrays(pixels, mappings).values()))
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
                raise EngineError("The engine sent a picture that is none.")
            facts = message.picture
            picture = Picture(np.asarray(image, np.uint8), facts.size, facts.box, facts.note, facts.frames, facts.frame)
        prediction = Prediction(
            request.image if isinstance(request, RunImage) else "",
            arrays(message.fed, mappings),
            arrays(message.outputs, mappings),
            message.preprocessing,
            picture,
            message.provider,
            message.seconds,
            message.origins,
            message.note,
            request.edits if isinstance(request, RunImage) else Edits(),
        )
        self._predictions = {message.request_id: prediction}
        return prediction

    def run(self, message: RanAt) -> Run:
        """Map the tensors of a run; its prediction came before."""
        if message.request_id not in self._predictions:
            raise EngineError("it sent maps before an answer")
        prediction = self._predictions.pop(message.request_id)
        tensors = {**prediction.fed, **arrays(message.tensors, self._mappings(message.tensors))}
        return Run(
            message.request_id,
            prediction,
            tensors,
            message.difference,
            message.seconds,
            message.missing,
            message.unshowable,
            message.casts,
            message.view,
            message.views,
            message.view_note,
        )

    def _mappings(self, placements: tuple[Placement, ...]) -> dict[int, mmap.mmap]:
        return {number: self.blocks.map(number) for number in {place.block for place in placements}}

    def how_it_died(self) -> str:
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"exit code {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"

    def end(self) -> None:
        """End the process, wait for it, and let go of everything but arrays in hand."""
        self.process.kill()
        self.process.join()
        self.log_text()
        self.connection.close()
        self.log.close()
        self.blocks.close()
        self._remove_scratch()

    def _remove_scratch(self) -> None:
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


def _stopped(request_id: int) -> Failed:
    return Failed(request_id, "stopped", "Stopped.")


@contextlib.contextmanager
def _opened(request: Request) -> Iterator[tuple[int, ...]]:
    """Open the files that a locked-in child cannot: the picture, then the tensor files in their order."""
    descriptors: list[int] = []
    try:
        run = request.run if isinstance(request, MeasureLayers) else request
        if isinstance(run, RunImage):
            for path in (run.image, *run.inputs.values()):
                if path:
                    descriptors.append(_open_file(path))
        yield tuple(descriptors) if PASSES_DESCRIPTORS else ()
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _open_file(path: str) -> int:
    name = os.path.basename(path) or path
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise ImageError(f"There is no file {path}.", "Check the name, or drop the picture on the window.") from None
    except OSError as error:
        raise ImageError(f"{name} cannot be read: {error.strerror}.", "Check its permissions.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ImageError(f"{name} is not a file.", "Give a picture, a signal or a tensor file.")
    return descriptor


def _presentable(request: _R) -> _R:
    """Return the request with file names that JSON can hold; the files themselves are passed open."""
    if isinstance(request, MeasureLayers):
        request = msgspec.structs.replace(request, run=_presentable(request.run))
    elif isinstance(request, RunImage) and PASSES_DESCRIPTORS:
        inputs = {name: _printable(path) for name, path in request.inputs.items()}
        request = msgspec.structs.replace(request, image=_printable(request.image), inputs=inputs)
    if request.path != _printable(request.path):
        name = _printable(os.path.basename(request.path))
        raise InspectorError(f"The name of {name}, or of a folder above it, is not UTF-8.", "Rename it.")
    return request


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _keep_ctrl_c_from_children() -> None:
    """Block SIGINT on this thread, as the processes inherit that start from it: Ctrl+C is for the program alone."""
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # else the first start of a child does this, and unblocks the signal again
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
