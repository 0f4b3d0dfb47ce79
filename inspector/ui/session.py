"""The state of the open window. Panels read it, ask it, and hear of changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal, Slot

from inspector.analysis.comparing import Side
from inspector.analysis.reading import Reading, reading
from inspector.engine.client import Engine
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
from inspector.errors import ImageError, InspectorError
from inspector.graph.changes import Edits
from inspector.graph.model import Array, Layer, Model, Prediction, Run, RunView
from inspector.graph.preprocessing import Preprocessing, preset
from inspector.labels import read_labels
from inspector.render.limits import SCALINGS
from inspector.render.palettes import COLORMAPS
from inspector.ui.compare import NOT_THE_SAME, Comparison, Wish
from inspector.ui.edits import Editing, why_undone
from inspector.ui.fixed_limits import carried_on
from inspector.ui.later import Later
from inspector.ui.surveyed import Surveyed, surveyed

MODEL_SUFFIXES = (".onnx",)
AT_ONCE = 1 << 24  # values that are looked through while the window waits, some 30 ms
_SPARE_AFTER_MS = 1_000
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class View:
    """What the user looks at; replaced, never changed.

    Attributes:
        layer: Its name; ``""`` before a model is open.
        channel: Of the layer's shown tensor.
        element: ``(row, column)`` in the feature map, or None.
        colormap: A name from ``render.COLORMAPS``; ``""`` lets the data decide.
        scaling: A name from ``render.SCALINGS``.
        limits: The values drawn as the first and the last color, chosen as numbers: they go before the scaling.
        is_locked: The limits hold for every layer, not only for the one they were chosen for.
        reduction: Draw less than all channels, a name from ``analysis.reductions.REDUCTIONS``; ``""`` draws all.
        strongest: How many channels the strongest are.
        order: What the channels of the wall are put in order by, a name from ``analysis.channels.KEYS``.
        slice: Which slice of a volume; None for the middle one.
        codes: Show a quantized tensor's integers, not the real numbers that they stand for.
        signals: Show a layer of signals as ``"curves"``, or as an ``"image"`` of time and channel.
        target_class: Whose logit is looked into, and orders channels by their part of it; None for the best class.
        compare: Which of two compared runs is shown, or what is between them; ``"current"`` without a reference.
    """

    layer: str = ""
    channel: int = 0
    element: tuple[int, int] | None = None
    colormap: str = ""
    scaling: str = "percentile"
    limits: tuple[float, float] | None = None
    is_locked: bool = False
    reduction: str = ""
    strongest: int = 16
    order: str = "index"
    slice: int | None = None
    codes: bool = False
    signals: Literal["curves", "image"] = "curves"
    target_class: int | None = None
    compare: Side = "current"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the pointer is, in data.

    Attributes:
        layer: Whose feature maps it is on; ``""`` for the picture as the model is fed it.
        row, column: The element, as the map is shown; the pixel.
        channel: None where it is on none in particular.
    """

    layer: str
    row: int
    column: int
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, for the status bar: a sentence, what to try, details for the log, and the error's ``kind``."""

    message: str
    remedy: str = ""
    detail: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    """The last reading, and what it was made of."""

    run: Run
    layer: Layer
    codes: bool
    reading: Reading | None


class Session(QObject):
    """Owns the model, the last run and the view. Lives on the window's thread.

    The signals carry nothing: whoever hears one reads the session.

    Attributes:
        images: The pictures that were opened together; ``image`` is the one that is, or will be, run.
        preprocessing: What the user chose; None leaves it to the model's own files or a guess.
        remembered: What the user chose for other models, by ``Model.fingerprint``; kept by who owns the session.
        shapes: Lengths the user gave to inputs that leave some open, by input name.
        input_files, fills: What the user feeds the other inputs, a file or a number, by input name.
        frame: Which picture of an animation or of pages, from 0.
        run_view: In which view a quantized model is run; see ``Run.view``.
        head: How the user wants the answer read, a kind from ``analysis.heads``; ``""`` leaves it to the model.
        measured: How long each layer takes, once that was asked for.
        tensor_bytes: What the tensors of one run may take; 0 for a quarter of the memory that is free.
        labels: What the user loaded; empty leaves it to the model.
        editing: What the user changes of the network.
        comparison: Holds the pinned run, if there is one, and what is worked out of two.
        busy: A phrase ("opening digits.onnx"); empty when nothing is under way.
    """

    model_changed = Signal()
    prediction_changed = Signal()
    run_changed = Signal()
    view_changed = Signal()
    cursor_changed = Signal()
    busy_changed = Signal()
    failure_changed = Signal()
    measured_changed = Signal()
    reference_changed = Signal()
    _replied = Signal(object, object)  # an engine and its reply, from the engine's thread to ours

    def __init__(self, provider: str = "auto", parent: QObject | None = None, tensor_bytes: int = 0) -> None:
        super().__init__(parent)
        self.model: Model | None = None
        self.images: tuple[str, ...] = ()
        self.image = ""
        self.prediction: Prediction | None = None
        self.run: Run | None = None
        self.view = View()
        self.cursor: Cursor | None = None
        self.preprocessing: Preprocessing | None = None
        self.remembered: MutableMapping[str, Preprocessing] = {}
        self.shapes: Mapping[str, tuple[int, ...]] = {}
        self.input_files: Mapping[str, str] = {}
        self.fills: Mapping[str, float] = {}
        self.frame = 0
        self.run_view: RunView = "step by step"
        self.head = ""
        self.measured: Measured | None = None
        self.labels: tuple[str, ...] = ()
        self.provider = provider
        self.tensor_bytes = tensor_bytes
        self.ready: Ready | None = None
        self.busy = ""
        self.failure: Failure | None = None
        self._last_request = 0
        self._shown_images: tuple[str, ...] = ()  # what ``images`` was when the prediction came
        self._measured_shapes: dict[str, tuple[int, ...]] = {}  # of the inputs that ``measured`` was measured with
        self._read: _Read | None = None
        self._found: tuple[Model, str, Layer | None] | None = None  # the selected layer, and where it was
        self._fetching: set[int] = set()  # requests for tensors that a partial run left out
        self._fetching_reference: set[int] = set()  # likewise of the pinned run
        self._asked: dict[int, RunImage] = {}  # what the run that is shown was asked with, and those under way
        self.editing = Editing(self)
        self.comparison = Comparison(self, AT_ONCE // 4)
        self.comparison.looked.connect(self.view_changed)
        self.comparison.ranking.largest_found.connect(self.select_layer)
        self._surveying = Later(self)
        self._surveying.done.connect(self.view_changed)
        self._retiring: list[threading.Thread] = []
        self._replied.connect(self._on_reply)
        self._engine: Engine | None = None  # serves the model that is shown
        self._candidate: Engine | None = None  # opens the model that may replace it
        self._measurer: Engine | None = None  # times the layers, and ends with its answer
        self._spare: Engine | None = self._new_engine()  # warm: its child has loaded the libraries
        self._spare_timer = QTimer(self, singleShot=True, interval=_SPARE_AFTER_MS)
        self._spare_timer.timeout.connect(self._keep_spare)

    # ---------------------------------------------------------------- what the user asks for

    def open_files(self, paths: Sequence[str]) -> None:
        """Open the first model and all pictures among ``paths``, the model first."""
        models = [path for path in paths if path.lower().endswith(MODEL_SUFFIXES)]
        images = [path for path in paths if not path.lower().endswith(MODEL_SUFFIXES)]
        if images:
            self.images, self.image, self.frame = tuple(images), images[0], 0
        if models:
            self.open_model(models[0])
        elif images:
            self._run_image()

    def open_model(self, path: str) -> None:
        """Open a model in a child of its own; what is shown stays until that has succeeded."""
        self._retire(self._candidate)
        self._candidate = self._spare or self._new_engine()
        self._spare = None
        self._begin(f"opening {os.path.basename(path)}")
        self._candidate.send(OpenModel(self._next_request(), os.path.abspath(path)))

    def open_image(self, path: str) -> None:
        """Run a picture or tensor file; without a model it waits for one."""
        self.open_files([path])

    def select_layer(self, name: str) -> None:
        if self.model is not None and self.model.layer(name) is not None and name != self.view.layer:
            self.set_view(layer=name, channel=0, element=None)

    def select_channel(self, channel: int) -> None:
        self.set_view(channel=channel)

    def set_view(self, **changes: Any) -> None:
        """Replace parts of the view; nothing happens if nothing changes."""
        view = carried_on(self.view, changes)
        if view != self.view:
            self.view = view
            self.view_changed.emit()
            self._fetch_missing()

    def set_cursor(self, cursor: Cursor | None) -> None:
        """Say where the pointer is; None when it has left."""
        if cursor != self.cursor:
            self.cursor = cursor
            self.cursor_changed.emit()

    def set_preprocessing(self, recipe: Preprocessing | str | None) -> None:
        """Take that recipe, or the preset of that name; None goes back to what the model's files say, or a guess.

        The choice is remembered for this model.
        """
        self.preprocessing = preset(recipe, "chosen in the window") if isinstance(recipe, str) else recipe
        if self.model is not None and self.preprocessing is not None:
            self.remembered[self.model.fingerprint] = self.preprocessing
        elif self.model is not None:
            self.remembered.pop(self.model.fingerprint, None)
        self._run_image()

    def set_input_shape(self, name: str, shape: tuple[int, ...] | None) -> None:
        """Give an input these lengths; None goes back to the default."""
        self.shapes = _changed(self.shapes, name, shape)
        self._run_image()

    def set_input(self, name: str, source: str | float | None) -> None:
        """Feed an input from a file, or with one number everywhere; None goes back to the default."""
        self.input_files = _changed(self.input_files, name, source if isinstance(source, str) else None)
        self.fills = _changed(self.fills, name, source if isinstance(source, int | float) else None)
        self._run_image()

    def set_frame(self, frame: int) -> None:
        """Show that picture of an animation or of pages."""
        if frame != self.frame:
            self.frame = frame
            self._run_image()

    def set_run_view(self, view: RunView) -> None:
        """Show a quantized model step by step, or as deployed."""
        if view != self.run_view:
            self.run_view = view
            self._run_image()

    def set_head(self, kind: str) -> None:
        """Read the answer as that kind; ``""`` goes back to what the model says."""
        if kind != self.head:
            self.head = kind
            self.prediction_changed.emit()

    def set_provider(self, name: str) -> None:
        """Run on ``"auto"``, ``"cpu"`` or ``"cuda"`` from now on."""
        if name != self.provider:
            self.provider = name
            self._retire(self._spare)
            self._spare = None
            if self.model is not None:
                self.open_model(self.model.path)

    def set_tensor_memory(self, tensor_bytes: int) -> None:
        """Give the tensors of one run that much memory from now on; 0 for a quarter of what is free."""
        if tensor_bytes != self.tensor_bytes:
            self.tensor_bytes = tensor_bytes
            self._retire(self._spare)
            self._spare = None
            if self.model is not None:
                self.open_model(self.model.path)

    def measure_layers(self) -> None:
        """Time each layer on the picture that is shown, in a process of its own; the answer will be in ``measured``."""
        if self.model is None or self.prediction is None or self.busy:  # another run would disturb the times
            return
        self._measurer = self._new_engine(scratch=True)
        self._begin(f"measuring the layers of {os.path.basename(self.model.path)}")
        run = self._request(self.model, self.prediction.image, self.prediction.preprocessing)
        self._measurer.send(MeasureLayers(run.request_id, run))

    def pin_reference(self) -> None:
        """Keep the run that is shown, to compare those that follow with it."""
        if self.run is not None:
            self.comparison.pin(self.run, self._asked.get(self.run.request_id))
            self._read = None
            self.reference_changed.emit()

    def unpin_reference(self) -> None:
        """Compare nothing any more."""
        if self.comparison.reference is None:
            return
        self._let_go(self.comparison.unpin())
        self._fetching_reference.clear()
        self.view = replace(self.view, compare="current")
        self.reference_changed.emit()
        self.view_changed.emit()

    def rank_differences(self) -> None:
        """Have it worked out how far each layer is from the reference, see ``comparison.ranking``."""
        if self.model is not None and self.run is not None and self.reference is not None:
            self.comparison.ranking.rank(self.model, self.run, self.reference)

    def go_to_largest_difference(self) -> None:
        """Select the layer that is furthest from the reference, as soon as that is known."""
        self.rank_differences()
        self.comparison.ranking.ask_largest()

    def set_labels(self, path: str) -> None:
        """Name the classes by a labels file."""
        try:
            self.labels = read_labels(path)
        except InspectorError as error:
            self._fail(Failure(error.message, error.remedy, kind=error.kind))
            return
        self.prediction_changed.emit()

    def next_image(self) -> None:
        self._step_image(1)

    def previous_image(self) -> None:
        self._step_image(-1)

    def rerun(self) -> None:
        self._run_image()

    def stop(self) -> None:
        """Stop what is under way; what is shown stays."""
        if self._candidate is not None:
            self._candidate.cancel()
            return
        for engine in (self._engine, self._measurer):
            if engine is not None:
                engine.cancel()

    def dismiss_failure(self) -> None:
        if self.failure is not None:
            self.failure = None
            self.failure_changed.emit()

    def close(self) -> None:
        """End the children and let go of their memory; nothing is answered any more."""
        self._spare_timer.stop()
        self._surveying.forget()
        for engine in (self._engine, self._candidate, self._spare, self._measurer):
            self._retire(engine)
        for thread in self._retiring:
            thread.join()
        self._engine = self._candidate = self._spare = self._measurer = None
        QCoreApplication.removePostedEvents(self, QEvent.Type.MetaCall.value)  # answers that hold memory
        self.comparison.unpin()
        self.prediction = self.run = self._read = None

    # ---------------------------------------------------------------- what panels read

    def layer(self) -> Layer | None:
        """Return the selected layer."""
        if self.model is None:
            return None
        last = self._found
        if last is None or last[0] is not self.model or last[1] != self.view.layer:  # there may be tens of thousands
            last = self._found = self.model, self.view.layer, self.model.layer(self.view.layer)
        return last[2]

    @property
    def structure(self) -> Model | None:
        """The model, with the weights of its file: another one only when its layers or shapes may be others."""
        return self.editing.structure or self.model if self.model is not None else None

    @property
    def reference(self) -> Run | None:
        """The pinned run; None while nothing is compared."""
        return self.comparison.reference

    def shown_run(self, side: Side | None = None) -> Run | None:
        """Return the run whose tensors are shown: the reference where the view says so."""
        return self.reference if self._side(side) == "reference" else self.run

    def _side(self, side: Side | None) -> Side:
        return (side or self.view.compare) if self.reference is not None else "current"

    def tensor(self, side: Side | None = None) -> Array | None:
        """Return the selected layer's shown tensor in the run, or None if there is none (yet).

        Args:
            side: Of two compared runs; None for what the view says. Of a difference, the current one.
        """
        layer, run = self.layer(), self.shown_run(side)
        return run.tensors.get(layer.output.name) if run is not None and layer is not None else None

    def reading(self, side: Side | None = None) -> Reading | None:
        """Return the selected layer's tensor as feature maps, as the view wants them.

        None where the run holds none, or it cannot be read so. Until another is asked for, the same one is returned.

        Args:
            side: Of two compared runs; None for what the view says.
        """
        run, layer, tensor, codes = self.run, self.layer(), self.tensor(side), self.view.codes
        if run is None or layer is None or tensor is None:
            self._read = None
            return None
        if self.reference is not None:
            return self.comparison.reading(run, layer, self._wish(), self._side(side))
        last = self._read
        if last is None or last.run is not run or last.layer is not layer or last.codes != codes:
            made = reading(tensor, layer.output, run.tensors, self.view.slice, codes)
        else:
            made = last.reading.at(self.view.slice) if last.reading is not None else None
        self._read = _Read(run, layer, codes, made)
        return made

    def surveyed(self, side: Side | None = None) -> Surveyed | None:
        """Return what is known of all the values of ``reading``.

        None where there is no reading, and while very many values are looked through: then ``view_changed`` follows.
        """
        made = self.reading(side)
        if made is None:
            self._surveying.forget()
            return None
        if self.reference is not None and self.run is not None and (layer := self.layer()) is not None:
            return self.comparison.surveyed(self.run, layer, self._wish(), self._side(side))
        if made.values.size <= AT_ONCE:
            self._surveying.forget()
            return surveyed(made)
        scaling = self.view.scaling
        return self._surveying.result((id(made.values), scaling), partial(_looked_through, made, scaling))

    def colormap(self, side: Side | None = None) -> str:
        """Return the colormap to draw ``reading`` with; ``""`` lets the values decide. A difference has a middle."""
        made, chosen = self.reading(side), self.view.colormap
        if made is None or (made.is_difference and not (chosen and COLORMAPS[chosen].is_diverging)):
            return made.colormap if made is not None else chosen
        return chosen or made.colormap

    def _wish(self) -> Wish:
        return Wish(self.view.slice, self.view.codes, self.view.scaling)

    def class_labels(self) -> tuple[str, ...]:
        """Return the class names to show: the user's, else the model's; empty if nobody named them."""
        return self.labels or (self.model.labels if self.model is not None else ())

    # ---------------------------------------------------------------- requests and replies

    def _new_engine(self, scratch: bool = False) -> Engine:
        engine: Engine

        def reply(message: Reply) -> None:
            self._replied.emit(engine, message)

        engine = Engine(reply, provider=self.provider, tensor_bytes=self.tensor_bytes, scratch=scratch)
        return engine

    def _retire(self, engine: Engine | None) -> None:
        """End an engine without waiting: the system may take a second to take back gigabytes from its child."""
        if engine is not None:
            thread = threading.Thread(target=engine.close, name="retiring engine")
            thread.start()
            self._retiring = [*(each for each in self._retiring if each.is_alive()), thread]

    def _let_go(self, gone: list[object]) -> None:
        """Empty a list without waiting: with its engine gone, the last array of a run takes gigabytes along."""
        thread = threading.Thread(target=gone.clear, name="letting go")
        thread.start()
        self._retiring.append(thread)

    def _keep_spare(self) -> None:
        if self._spare is None:
            self._spare = self._new_engine()

    def _next_request(self) -> int:
        self._last_request += 1
        return self._last_request

    def _step_image(self, step: int) -> None:
        if self.image in self.images:
            self.image = self.images[(self.images.index(self.image) + step) % len(self.images)]
            self.frame = 0
            self._run_image()

    def _run_image(self) -> None:
        if self.model is None or self._engine is None or not self.image:
            self.prediction_changed.emit()  # a picture that waits is something to show
            return
        self._end_measuring()
        self._begin(f"running {os.path.basename(self.image)}")
        request = self._request(self.model, os.path.abspath(self.image), self.preprocessing)
        self._asked[request.request_id] = request
        self._engine.send(request)

    def _request(
        self,
        model: Model,
        image: str,
        recipe: Preprocessing | None,
        tensors: tuple[str, ...] = (),
        edits: Edits | None = None,
    ) -> RunImage:
        return RunImage(
            self._next_request(),
            model.path,
            image,
            recipe,
            inputs={name: os.path.abspath(path) for name, path in self.input_files.items()},
            fills=self.fills,
            shapes=self.shapes,
            frame=self.frame,
            tensors=tensors,
            view=self.run_view,
            held_bytes=0 if tensors else self.comparison.held_bytes,  # what is looked at comes in any case
            edits=self.editing.edits if edits is None else edits,
        )

    def _fetch_missing(self) -> None:
        layer = self.layer()
        if self.run is None or layer is None or self._engine is None or self.model is None:
            return
        if (self._fetching or self._fetching_reference) and self._engine.is_busy():
            return
        if layer.output.name in self.run.missing:
            self._begin(f"fetching {layer.name}")
            image, recipe = self.run.prediction.image, self.run.prediction.preprocessing
            edits = self.run.prediction.edits
            request = self._request(self.model, image, recipe, tensors=(layer.output.name,), edits=edits)
            self._fetching.add(request.request_id)
            self._engine.send(request)
        elif (asked := self.comparison.next_request(layer, self._last_request + 1)) is not None:
            self._begin(f"fetching {layer.name} of the reference")
            self._fetching_reference.add(self._next_request())
            self._engine.send(asked)

    def _begin(self, phrase: str) -> None:
        self.dismiss_failure()
        self.busy = phrase
        self.busy_changed.emit()

    def _end_if_idle(self) -> None:
        is_opening = self._candidate is not None
        is_running = self._engine is not None and self._engine.is_busy()
        if self.busy and not is_opening and not is_running and self._measurer is None:
            self.busy = ""
            self.busy_changed.emit()

    def _fail(self, failure: Failure) -> None:
        self.failure = failure
        self.failure_changed.emit()

    @Slot(object, object)  # a declared slot, so that Qt queues it for our thread
    def _on_reply(self, engine: Engine, reply: Reply) -> None:
        if engine is self._candidate:
            self._on_candidate(engine, reply)
        elif engine is self._engine:
            self._on_engine(reply)
        elif engine is self._measurer:
            self._on_measurer(reply)
        # an engine that was replaced may still have had an answer under way

    def _on_candidate(self, engine: Engine, reply: Reply) -> None:
        match reply:
            case ModelOpened():
                self._retire(self._engine)
                self._engine, self._candidate = engine, None
                self._show_model(reply.model)
            case Failed():
                self._retire(engine)
                self._candidate = None
                self._spare_timer.start()
                self._end_if_idle()
                self._fail(Failure(reply.message, reply.remedy, reply.detail, reply.kind))

    def _on_measurer(self, reply: Reply) -> None:
        self._end_measuring()
        self._end_if_idle()
        match reply:
            case Measured():
                self._take_times(reply)
            case Failed():
                self._fail(Failure(reply.message, reply.remedy, reply.detail, reply.kind))

    def _end_measuring(self) -> None:
        self._retire(self._measurer)
        self._measurer = None

    def _take_times(self, measured: Measured | None) -> None:
        if measured is not self.measured:
            self.measured = measured
            self._measured_shapes = self._fed_shapes()
            self.measured_changed.emit()

    def _fed_shapes(self) -> dict[str, tuple[int, ...]]:
        fed = self.prediction.fed if self.prediction is not None else {}
        return {name: array.shape for name, array in fed.items()}

    def _show_model(self, model: Model) -> None:
        same = self.model is not None and self.model.path == model.path
        kept = self.view.layer if same and model.layer(self.view.layer) is not None else _first_layer(model)
        if not same:
            self.labels, self.head, self.run_view = (), "", "step by step"
            self.shapes, self.input_files, self.fills = {}, {}, {}
            self.preprocessing = self.remembered.get(model.fingerprint)
        before = self.model
        gone: list[object] = [self.prediction, self.run, self._read]
        self.model, self.prediction, self.run, self.ready = self.editing.start(model), None, None, None
        self._read = self.cursor = None
        self._end_measuring()
        self._take_times(None)
        self._fetching.clear()
        self._fetching_reference.clear()
        if before is not None and before.fingerprint != model.fingerprint:
            gone += self.comparison.unpin()
        target = self.view.target_class if same else None
        side: Side = self.view.compare if self.reference is not None else "current"
        changes = {"layer": kept, "channel": 0, "element": None, "target_class": target, "compare": side}
        self.view = carried_on(self.view, changes, is_new=not same)
        self.model_changed.emit()
        self._let_go(gone)
        self._run_image()

    def _on_engine(self, reply: Reply) -> None:
        match reply:
            case ModelOpened():
                self.editing.take(reply.model, reply.slides)
            case Ready():
                self.ready = reply
                self._spare_timer.start()
                if not self.image:
                    self._end_if_idle()
                else:
                    self.busy_changed.emit()
            case Predicted():
                if reply.request_id not in self._fetching | self._fetching_reference:
                    self.prediction = reply.prediction
                    if self._fed_shapes() != self._measured_shapes:  # the times are those of other shapes
                        self._take_times(None)
                    self._shown_images = self.images
                    self.prediction_changed.emit()
            case Ran():
                self._on_run(reply.run)
            case Failed():
                self._fetching.discard(reply.request_id)
                self._fetching_reference.discard(reply.request_id)
                if reply.kind == ImageError.kind and reply.request_id == self._last_request:
                    self._return_to_shown_image()
                if self.run is not None and reply.request_id == self._last_request:
                    self.run_view = self.run.view  # another one may be what failed, and is not asked for again
                self._end_if_idle()
                message, remedy = reply.message, reply.remedy
                if reply.request_id == self._last_request and self.editing.give_up(self._shown_edits()):
                    message, remedy = why_undone(message)
                    if self.prediction is not None and self.prediction.edits != self.editing.edits:
                        self._run_image()  # the answer is there, and the maps are not: both shall be the same network's
                self._fail(Failure(message, remedy, reply.detail, reply.kind))

    def _shown_edits(self) -> Edits:
        return self.run.prediction.edits if self.run is not None else Edits()

    def _on_run(self, run: Run) -> None:
        if run.request_id in self._fetching_reference:
            self._fetching_reference.discard(run.request_id)
            is_same = self.comparison.add(run)
            self._end_if_idle()
            if not is_same:
                self._fail(Failure(*NOT_THE_SAME))
            self.run_changed.emit()
            self._fetch_missing()
            return
        if run.request_id in self._fetching and self.run is not None:
            self._fetching.discard(run.request_id)
            tensors = {**self.run.tensors, **run.tensors}
            missing = tuple(name for name in self.run.missing if name not in tensors)
            run = replace(self.run, tensors=tensors, missing=missing)
            self.comparison.follow(run)
        else:
            self._asked = {number: each for number, each in self._asked.items() if number >= run.request_id}
        self.run, self.prediction, self._read = run, run.prediction, None
        self.model = self.editing.show(run.prediction.edits) or self.model
        self._end_if_idle()
        self.run_changed.emit()
        self._fetch_missing()

    def _return_to_shown_image(self) -> None:
        """Let go of a picture that cannot be run: else every new model would be tried on it.

        Of several pictures it stays, so that stepping goes on behind it.
        """
        shown = self.prediction.image if self.prediction is not None else ""
        place = [os.path.abspath(path) for path in self._shown_images]
        if len(self.images) == 1 and shown in place:
            self.images, self.image = self._shown_images, self._shown_images[place.index(shown)]


def _looked_through(made: Reading, scaling: str) -> Surveyed:
    """Return what is known of a reading, its limits worked out already."""
    known = surveyed(made)
    if scaling in SCALINGS:
        known.limits(scaling)
    return known


def _changed(table: Mapping[str, _T], key: str, value: _T | None) -> Mapping[str, _T]:
    """Return the table with that value, or without the key for None."""
    rest = {each: kept for each, kept in table.items() if each != key}
    return rest if value is None else {**rest, key: value}


def _first_layer(model: Model) -> str:
    """Return the layer to show first: the first with kernels, else the first that the input reaches."""
    shown = [layer for layer in model.layers if not layer.is_constant] or list(model.layers)
    with_kernels = [layer for layer in shown if layer.family == "convolution"]
    return next((layer.name for layer in with_kernels or shown), "")
