"""Questions to the engine, one after the other, and their answers."""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
from collections.abc import Mapping
from typing import TypeVar

from inspector.cli.console import say
from inspector.engine.client import Engine
from inspector.engine.machine import free_memory_bytes
from inspector.engine.modified import read
from inspector.engine.protocol import (
    Failed,
    Measured,
    MeasureLayers,
    ModelOpened,
    OpenModel,
    Predicted,
    Ran,
    Ready,
    Reply,
    RunImage,
)
from inspector.errors import EngineError, ImageError, ModelError, RunError, UsageError, error_of
from inspector.graph.changes import Edits
from inspector.graph.edits import edited
from inspector.graph.feeding import Feeding
from inspector.graph.model import Model, Prediction, Run, RunView
from inspector.graph.preprocessing import Preprocessing, preset
from inspector.labels import read_labels

_Reply = TypeVar("_Reply")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".ico", ".ppm", ".pgm")
_AFTER_DEATH = "The fault is in the model's file or in ONNX Runtime: export the model again, or try another model."
_MOST_EDITS_BYTES = 1 << 24
RUN_VIEWS: Mapping[str, RunView] = {"steps": "step by step", "deployed": "as deployed"}
"""What ``--view`` asks for."""
_GIVE = "Give a picture, a .wav or .csv signal, or a .npy, .npz or ONNX .pb tensor."


class Conversation:
    """Questions to the engine, one after the other, and their answers.

    Args:
        model: The file, as it was given.
        provider: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        tensor_bytes: What the tensors of one run may take; 0 for a quarter of the memory that is free.
        measures: Whether ``measure`` will be asked.
        feeding: What the model is fed besides pictures.
        share: How many engines share the memory.
        edits: What of the network is changed; nothing of it is written to the file.
    """

    def __init__(
        self,
        model: str,
        provider: str,
        tensor_bytes: int = 0,
        measures: bool = False,
        feeding: Feeding | None = None,
        share: int = 1,
        edits: Edits | None = None,
    ) -> None:
        self._feeding = feeding or Feeding()
        self._edits = edits or Edits()
        self._slid: Model | None = None  # with other strides or pads
        self._opened: Model | None = None
        self._path = os.path.abspath(model)
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._last_request = 0
        memory_bytes = free_memory_bytes() * 3 // 4 // share if share > 1 else 0
        self._engine = Engine(self._replies.put, provider, memory_bytes, tensor_bytes, scratch=measures)

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()

    def open(self) -> Model:
        """Return the model as soon as its structure is known.

        Raises:
            ModelError: It cannot be opened. UsageError: It lacks an input that is to be fed.
        """
        self._last_request += 1
        self._engine.send(OpenModel(self._last_request, self._path))
        try:
            model = self._answer(ModelOpened).model
        except ModelError as error:
            if self._path.lower().endswith(_PICTURES):  # what the window would do with it is no news here
                raise ModelError(error.message, "Give an ONNX model first, and then pictures.") from None
            raise
        self._feeding.check(model)
        self._opened = model
        return model

    def network(self, image: str | None, recipe: Preprocessing | None) -> Model:
        """Return the model with what is changed of it, after ``open``; where its shapes may be others, a run tells."""
        assert self._opened is not None, "open() comes first"
        if self._edits.slides and self._slid is None:
            self.predict(image, recipe)
        return edited(self._slid or self._opened, self._edits)

    def ready(self) -> Ready:
        """Wait, after ``open``, until the sessions are made."""
        return self._answer(Ready)

    def predict(self, image: str | None, recipe: Preprocessing | None) -> Prediction:
        """Run the model as deployed; for None, on what it is fed besides pictures."""
        self._run(image, recipe, (), maps=False)
        return self._answer(Predicted).prediction

    def run(
        self,
        image: str | None,
        recipe: Preprocessing | None,
        tensors: tuple[str, ...],
        view: RunView = "step by step",
    ) -> Run:
        """Run the model as deployed and instrumented, for these tensors or, for none, all that fit in memory."""
        self._run(image, recipe, tensors, maps=True, view=view)
        return self._answer(Ran).run

    def _run(
        self,
        image: str | None,
        recipe: Preprocessing | None,
        tensors: tuple[str, ...],
        maps: bool,
        view: RunView = "step by step",
    ) -> None:
        self._engine.send(self._request(image, recipe, tensors, maps, view))

    def measure(self, image: str | None, recipe: Preprocessing | None, repeats: int) -> Measured:
        """Time each layer of the instrumented model; the median of that many runs."""
        run = self._request(image, recipe)
        self._engine.send(MeasureLayers(run.request_id, run, repeats))
        return self._answer(Measured)

    def _request(
        self,
        image: str | None,
        recipe: Preprocessing | None,
        tensors: tuple[str, ...] = (),
        maps: bool = True,
        view: RunView = "step by step",
    ) -> RunImage:
        if image is not None:
            _check_image(image)
        assert self._opened is not None, "open() comes first"
        self._last_request += 1
        return RunImage(
            self._last_request,
            self._path,
            image or "",
            preprocessing=recipe,
            inputs=self._feeding.files_of(self._opened),
            fills=self._feeding.fills_of(self._opened),
            shapes=self._feeding.shapes_of(self._opened),
            frame=self._feeding.frame,
            maps=maps,
            tensors=tensors,
            view=view,
            edits=self._edits,
        )

    def _answer(self, wanted: type[_Reply]) -> _Reply:
        while True:
            reply = self._replies.get()
            if reply.request_id != self._last_request:
                continue
            if isinstance(reply, Failed):
                # What the window does after a death of its engine is no news here.
                remedy = _AFTER_DEATH if reply.kind == EngineError.kind else reply.remedy
                raise error_of(reply.kind, reply.message, remedy)
            if isinstance(reply, wanted):
                return reply
            if isinstance(reply, ModelOpened):
                self._slid = reply.model


def _check_image(image: str) -> None:
    """Refuse what is certainly no picture, with a remedy for the command line.

    Raises:
        ImageError: It is none.
    """
    if not image:
        raise ImageError("An empty name is no picture.", "Check the command line.")
    if os.path.isdir(image):
        with contextlib.suppress(OSError), os.scandir(image) as entries:
            if next(entries, None) is None:
                raise ImageError(f"{image} is an empty folder.", _GIVE)
        raise ImageError(
            f"{image} is a folder, not a picture.", f"Give the pictures in it, as in {os.path.join(image, '*')}."
        )
    if os.path.exists(image):
        if image.lower().endswith(".onnx"):
            raise ImageError(f"{image} is a model, not a picture.", "Give one model, and then pictures.")
    elif image == "-":
        raise ImageError("Pictures are not read from standard input (-).", "Give the name of a file.")
    elif not os.path.lexists(image):
        raise ImageError(f"There is no file {image}.", "Check the name and the folder.")


def chosen_feeding(asked: argparse.Namespace) -> Feeding:
    """Return what ``--input-shape``, ``--input`` and ``--frame`` say."""
    return Feeding(tuple(asked.input_shape), tuple(asked.input), asked.frame)


def chosen_edits(asked: argparse.Namespace) -> Edits:
    """Return the changes in the file of ``--edits``, or none.

    Raises:
        UsageError: It holds none.
    """
    if asked.edits is None:
        return Edits()
    try:
        with open(asked.edits, "rb") as file:
            return read(file.read(_MOST_EDITS_BYTES))
    except (OSError, ValueError) as error:
        raise UsageError(f"{asked.edits} holds no changes of a network: {error}.", "Export from the window.") from None


def chosen_labels(asked: argparse.Namespace) -> tuple[str, ...]:
    """Return the class names of ``--labels``, or none."""
    return read_labels(asked.labels) if asked.labels is not None else ()


def chosen_recipe(asked: argparse.Namespace) -> Preprocessing | None:
    """Return the preset of ``--preprocess``, or the recipe of ``--recipe``; None leaves it to the model."""
    if asked.recipe is not None:
        recipe: Preprocessing = asked.recipe
        return recipe
    return preset(asked.preprocess, "chosen with --preprocess") if asked.preprocess is not None else None


def checked_provider(ready: Ready, asked: str, allow_fallback: bool) -> str:
    """Return what runs the model, and say why if that is not what was asked for.

    Raises:
        RunError: It is not, and ``allow_fallback`` is false.
    """
    note = ready.note
    if asked != "auto" and ready.provider.lower() != asked:
        note = note or f"The model runs on {ready.provider}, not on {asked.upper()}."
        if not allow_fallback:
            raise RunError(note, "Give --allow-fallback if it may.")
    if note:
        say(note)
    return ready.provider
