"""Trying the usual ways to feed pictures, in an engine of its own: what is shown stays, and the window never waits."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot

from inspector import trials
from inspector.analysis import heads
from inspector.engine.client import Engine
from inspector.engine.protocol import Failed, Predicted, Reply, RunImage
from inspector.errors import ImageError, InspectorError
from inspector.graph.model import Model, Prediction
from inspector.graph.preprocessing import Preprocessing
from inspector.trials import Answer, Ranking, Trial
from inspector.ui.session import Failure, Session
from inspector.ui.text import file_name


@dataclass(frozen=True, slots=True)
class _Step:
    """One run: a recipe by its number, and a picture."""

    recipe: int
    image: str


class TrialRunner(QObject):
    """Runs all fitting recipes on the opened pictures, one after the other.

    Attributes:
        recipes: What is tried, in the order in which it runs.
        images: The pictures that are run; one that cannot be read is left out.
        left_out: A sentence for each picture that was.
        classes: How many classes the model has; 0 until the first answer.
        done, total: Runs.
        is_running: Whether runs are still to come.
        failure: Why nothing could be tried; None if something could.

    Signals:
        progressed: A run has ended.
        ended: All runs have, or they were stopped.
    """

    progressed = Signal()
    ended = Signal()
    _replied = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._engine: Engine | None = None
        self._retiring: list[threading.Thread] = []
        self._request = 0
        self._replied.connect(self._on_reply)
        self._clear()

    def _clear(self) -> None:
        self.recipes: tuple[Preprocessing, ...] = ()
        self.images: tuple[str, ...] = ()
        self.left_out: tuple[str, ...] = ()
        self.classes = 0
        self.done = self.total = 0
        self.is_running = False
        self.failure: Failure | None = None
        self._answers: dict[_Step, Answer] = {}
        self._refused: dict[int, str] = {}
        self._waiting: list[_Step] = []
        self._running = _Step(0, "")
        self._model: Model | None = None

    # ---------------------------------------------------------------- what the window asks for

    def start(self) -> None:
        """Begin, with the model, the pictures and the other inputs of the session as they are now."""
        self.stop()
        self._clear()
        prediction, model = self._session.prediction, self._session.model
        if prediction is None or model is None:
            return
        try:
            self.recipes = trials.recipes(prediction)
        except InspectorError as error:
            self._fail(Failure(error.message, error.remedy, kind=error.kind))
            return
        opened = tuple(os.path.abspath(each) for each in self._session.images)
        self.images = tuple(dict.fromkeys(opened or (prediction.image,)))
        self._model = model
        self._waiting = [_Step(recipe, image) for recipe in range(len(self.recipes)) for image in self.images]
        self.total = len(self._waiting)
        self.is_running = True
        self._engine = Engine(self._replied.emit, provider=self._session.provider)
        self._send_next()

    def stop(self) -> None:
        """End the runs; what was found stays."""
        engine, self._engine = self._engine, None
        if engine is not None:
            thread = threading.Thread(target=engine.close, name="retiring engine")
            thread.start()
            self._retiring = [*(each for each in self._retiring if each.is_alive()), thread]
        if self.is_running:
            self.is_running = False
            self.ended.emit()

    def close(self) -> None:
        """End the runs, and wait until their process is gone."""
        self.stop()
        for thread in self._retiring:
            thread.join()
        self._retiring.clear()

    # ---------------------------------------------------------------- what came of it

    def ranking(self, expected: Mapping[str, int]) -> Ranking:
        """Return what has been tried in full, in order.

        Args:
            expected: The right class of a picture, as far as they are known.
        """
        found = []
        for number, recipe in enumerate(self.recipes):
            steps = [_Step(number, each) for each in self.images]
            answers = [self._answers[each] for each in steps if each in self._answers]
            if number in self._refused:
                found.append(Trial(recipe, failure=self._refused[number]))
            elif answers and len(answers) == len(steps):
                known = tuple(replace(each, expected=expected.get(each.image)) for each in answers)
                found.append(Trial(recipe, known))
        return trials.ranked(found)

    # ---------------------------------------------------------------- run by run

    def _send_next(self) -> None:
        model, engine = self._model, self._engine
        if model is None or engine is None:
            return
        if not self._waiting:
            self.stop()
            return
        self._running = self._waiting.pop(0)
        self._request += 1
        session = self._session
        engine.send(
            RunImage(
                self._request,
                model.path,
                self._running.image,
                self.recipes[self._running.recipe],
                inputs={name: os.path.abspath(path) for name, path in session.input_files.items()},
                fills=session.fills,
                shapes=session.shapes,
                edits=session.editing.shown,
                maps=False,
            )
        )

    @Slot(object)
    def _on_reply(self, reply: Reply) -> None:
        if self._engine is None or reply.request_id != self._request:
            return  # of an engine that was stopped
        match reply:
            case Predicted():
                self._take(reply.prediction)
            case Failed():
                self._refuse(reply)
            case _:
                return
        self.done = max(0, self.total - len(self._waiting))
        self.progressed.emit()
        self._send_next()

    def _take(self, prediction: Prediction) -> None:
        assert self._model is not None
        head = heads.answered(self._model, prediction, kind=self._session.head)
        if not head.probabilities.size:
            error = trials.no_classes(self._model.path)
            self._fail(Failure(error.message, error.remedy, kind=error.kind))
            return
        self.classes = head.classes
        self._answers[self._running] = trials.answered(self._running.image, head)

    def _refuse(self, reply: Failed) -> None:
        step = self._running
        is_first = step.recipe == 0 and all(each.image != step.image for each in self._answers)
        if reply.kind == ImageError.kind and is_first and len(self.images) > 1:
            self.left_out = (*self.left_out, f"{file_name(step.image)} is left out: {reply.message}")
            self.images = tuple(each for each in self.images if each != step.image)
            self._waiting = [each for each in self._waiting if each.image != step.image]
            return
        self._refused[step.recipe] = reply.message
        self._waiting = [each for each in self._waiting if each.recipe != step.recipe]

    def _fail(self, failure: Failure) -> None:
        self.failure = failure
        self._waiting = []
        self.stop()
