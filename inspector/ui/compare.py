"""Two runs compared: the one that is pinned, and what panels read of it and of the one that is shown."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from inspector.analysis.comparing import Distance, Side, Sight, difference, is_fed_the_same
from inspector.analysis.reading import Reading, reading
from inspector.engine.protocol import RunImage
from inspector.graph.model import Layer, Model, Run
from inspector.graph.preprocessing import fit_in_words, in_words
from inspector.render.limits import SCALINGS, together
from inspector.ui.later import Later
from inspector.ui.surveyed import Surveyed, looked_through
from inspector.ui.text import file_name

NOT_THE_SAME = (
    "The reference's picture is not what it was: the file has changed since it was pinned.",
    "Let go of the reference, run the picture again and pin that.",
)
SIDES: tuple[Side, ...] = ("current", "reference", "difference")
_TURN_SECONDS = 0.1  # of working out distances before those that are there are shown


@dataclass(frozen=True, slots=True)
class Wish:
    """How a layer is looked at: see ``View``."""

    slice: int | None
    codes: bool
    scaling: str


@dataclass(slots=True)
class _Pair:
    """What is known of one layer of two runs.

    Attributes:
        readings: By side; None where there is none.
        known: By side: the readings, looked over.
    """

    run: Run
    reference: Run
    layer: Layer
    codes: bool
    readings: dict[Side, Reading | None] = field(default_factory=dict)
    known: dict[Side, Surveyed] = field(default_factory=dict)

    def is_of(self, run: Run, reference: Run, layer: Layer, codes: bool) -> bool:
        return self.run is run and self.reference is reference and self.layer is layer and self.codes == codes


class Comparison(QObject):
    """The pinned run. Of the layer that is looked at, it keeps what panels ask for until they ask for another.

    Signals:
        looked: What took long is there now.

    Attributes:
        reference: The pinned run; None while nothing is compared.
        request: What made it, to fetch what was left out of it.
        at_once: Values that are worked on while the window waits; more are worked on meanwhile.
    """

    looked = Signal()

    def __init__(self, parent: QObject, at_once: int) -> None:
        super().__init__(parent)
        self.reference: Run | None = None
        self.request: RunImage | None = None
        self.at_once = at_once
        self.ranking = Ranking(self)
        self._tried: set[str] = set()  # tensors of the reference that were asked for once more
        self._pair: _Pair | None = None
        self._later = Later(self)
        self._later.done.connect(self.looked)

    def pin(self, run: Run, request: RunImage | None) -> None:
        """Keep a run to compare others with."""
        self.reference, self.request = run, request
        self._tried.clear()
        self.forget()

    def unpin(self) -> list[object]:
        """Compare nothing any more; return what is not needed any more, to be let go where nobody waits for it."""
        gone: list[object] = [self.reference, self._pair]
        self.reference, self.request = None, None
        self.forget()
        self.ranking.forget()
        return gone

    def forget(self) -> None:
        """Let go of what was worked out."""
        self._pair = None
        self._later.forget()

    @property
    def held_bytes(self) -> int:
        """What the reference's tensors take."""
        return sum(each.nbytes for each in self.reference.tensors.values()) if self.reference is not None else 0

    def follow(self, run: Run) -> None:
        """Take a run to which tensors were added for the reference, if that is what it was before."""
        if self.reference is not None and self.reference.request_id == run.request_id:
            self.reference = run

    def next_request(self, layer: Layer, request_id: int) -> RunImage | None:
        """Return what to ask for a tensor of the reference that was left out; None where there is nothing to ask."""
        name = layer.output.name
        if self.reference is None or self.request is None or name not in self.reference.missing or name in self._tried:
            return None
        self._tried.add(name)
        return self.request.again(request_id, (name,))

    def add(self, run: Run) -> bool:
        """Take tensors that were fetched for the reference; say whether they are of the same numbers as the others."""
        if self.reference is None:
            return True
        if not is_fed_the_same(self.reference.prediction, run.prediction):
            return False
        held = {**self.reference.tensors, **run.tensors}
        missing = tuple(name for name in self.reference.missing if name not in held)
        self.reference = replace(self.reference, tensors=held, missing=missing)
        return True

    # ---------------------------------------------------------------- what panels read

    def reading(self, run: Run, layer: Layer, wish: Wish, side: Side) -> Reading | None:
        """Return a layer as feature maps; None where there is none, or it is being worked out: ``looked`` follows."""
        pair = self._pair_of(run, layer, wish.codes)
        if side == "difference" and side not in pair.readings:
            one, other = (self.reading(run, layer, wish, each) for each in ("current", "reference"))
            if one is not None and one.values.size > self.at_once and not self._is_done(pair, wish.scaling):
                return None
            pair.readings.setdefault(side, difference(one, other) if one and other else None)
        elif side not in pair.readings:
            tensors = (run if side == "current" else pair.reference).tensors
            tensor = tensors.get(layer.output.name)
            made = reading(tensor, layer.output, tensors, wish.slice, wish.codes) if tensor is not None else None
            pair.readings[side] = made
        found = pair.readings[side]
        return found.at(wish.slice) if found is not None else None

    def surveyed(self, run: Run, layer: Layer, wish: Wish, side: Side) -> Surveyed | None:
        """Return what is known of a reading; current and reference have the limits that hold both.

        None where there is none, or it is being worked out: ``looked`` follows.
        """
        made = self.reading(run, layer, wish, side)
        if made is None:
            return None
        pair = self._pair_of(run, layer, wish.codes)
        if made.values.size > self.at_once and not _is_looked_over(pair, side, wish.scaling):
            for each in ("current", "reference"):
                self.reading(run, layer, wish, each)
            if not self._is_done(pair, wish.scaling):
                return None
        others: tuple[Side, ...] = ("difference",) if side == "difference" else ("current", "reference")
        for each in others:
            self.reading(run, layer, wish, each)
        _look_over(pair, others, wish.scaling)
        return pair.known[side]

    def _is_done(self, pair: _Pair, scaling: str) -> bool:
        """Say whether everything of a large layer has been worked out, which asking begins."""
        return self._later.result((id(pair), scaling), partial(_work_out, pair, scaling)) is not None

    def _pair_of(self, run: Run, layer: Layer, codes: bool) -> _Pair:
        assert self.reference is not None
        if self._pair is None or not self._pair.is_of(run, self.reference, layer, codes):
            self.forget()
            self._pair = _Pair(run, self.reference, layer, codes)
        return self._pair


def _work_out(pair: _Pair, scaling: str) -> bool:
    """Subtract, and look everything over."""
    if "difference" not in pair.readings:
        one, other = pair.readings.get("current"), pair.readings.get("reference")
        pair.readings["difference"] = difference(one, other) if one is not None and other is not None else None
    _look_over(pair, SIDES, scaling)
    return True


def _is_looked_over(pair: _Pair, side: Side, scaling: str) -> bool:
    known = pair.known.get(side)
    return known is not None and (scaling not in SCALINGS or scaling in (known.by_scaling | known.shared))


def _look_over(pair: _Pair, sides: Sequence[Side], scaling: str) -> None:
    """Look over those sides that can be, and give the two runs the limits of both."""
    for side in sides:
        made = pair.readings.get(side)
        if made is not None and side not in pair.known:
            pair.known[side] = looked_through(made)
    if scaling not in SCALINGS:
        return
    one, other = pair.known.get("current"), pair.known.get("reference")
    for each in ("layer", scaling):  # the first is what curves are drawn with
        if one is not None and other is not None and each not in one.shared:
            one.shared[each] = other.shared[each] = together(one.limits(each), other.limits(each))
    for side in sides:
        if side in pair.known:
            pair.known[side].limits(scaling)


class Ranking(QObject):
    """How far each layer is from what it was in the reference, worked out a few at a time on a thread.

    Signals:
        made: Some more are there.
        largest_found: The name of the layer that is furthest away, where that was asked for.
    """

    made = Signal()
    largest_found = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._found: dict[str, Distance | None] = {}
        self._left: list[Layer] = []
        self._sight: Sight | None = None
        self._model: Model | None = None
        self._turn = 0
        self._is_asked = False
        self._later = Later(self)
        self._later.done.connect(self._take)
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._begin)

    def rank(self, model: Model, run: Run, reference: Run) -> None:
        """Work out the distances of these two runs; nothing happens if that is under way or done."""
        last = self._sight
        if last is not None and last.run is run and last.reference is reference:
            return
        is_same = (
            last is not None
            and last.reference is not None
            and (last.run.request_id, last.reference.request_id) == (run.request_id, reference.request_id)
            and self._model is model
        )
        kept = {name: each for name, each in self._found.items() if each is not None} if is_same else {}
        self.forget()
        self._found, self._model, self._sight = dict(kept), model, Sight(run, reference)
        self._left = [layer for layer in model.layers if layer.name not in kept]
        self._timer.start()

    def forget(self) -> None:
        """Let go of everything."""
        self._timer.stop()
        self._later.forget()
        self._found, self._left, self._sight, self._model = {}, [], None, None
        self._is_asked = False

    def ask_largest(self) -> None:
        """Find the layer that is furthest from the reference; ``largest_found`` follows when all are known."""
        self._is_asked = True
        self._answer()

    def _answer(self) -> None:
        if self._is_asked and self.is_done:
            self._is_asked = False
            if name := self.largest():
                self.largest_found.emit(name)

    @property
    def is_done(self) -> bool:
        """All that can be worked out is there."""
        return self._sight is not None and not self._left

    def of(self, name: str) -> Distance | None:
        """Return the distance of a layer by its name; None where it is not there yet, or the two cannot be compared."""
        return self._found.get(name)

    def key(self, name: str) -> float:
        """Return a number by which layers are put in order: the larger, the further; below 0 where nothing is known."""
        found = self._found.get(name)
        return found.relative if found is not None and not math.isnan(found.relative) else -1.0

    def largest(self) -> str:
        """Return the name of the layer that is furthest from the reference; ``""`` where none is known to differ."""
        best = max(self._found, key=self.key, default="")
        return best if best and self.key(best) > 0 else ""

    @Slot()
    def _begin(self) -> None:
        if self._sight is not None and self._left:
            self._turn += 1
            if self._later.result(self._turn, partial(_distances, tuple(self._left), self._sight)) is not None:
                self._take()

    @Slot()
    def _take(self) -> None:
        if self._sight is None or not self._left:
            return
        found = self._later.result(self._turn, partial(_distances, tuple(self._left), self._sight)) or {}
        self._later.forget()
        self._found |= found
        self._left = self._left[len(found) :]
        if self._left:
            self._timer.start()
        self.made.emit()
        self._answer()


def _distances(layers: Sequence[Layer], sight: Sight) -> dict[str, Distance | None]:
    """Work out the distances of as many layers as there is time for, of one at least."""
    until = time.monotonic() + _TURN_SECONDS
    found: dict[str, Distance | None] = {}
    for layer in layers:
        found[layer.name] = sight.distance(layer.output)
        if time.monotonic() > until:
            break
    return found


def names(current: Run | None, reference: Run | None) -> tuple[str, str]:
    """Return what tells two runs apart, in words: the pictures, or how the same picture was fed."""
    if current is None or reference is None:
        return _picture(current), _picture(reference)
    for name in (_picture, _with_preset, _with_recipe, _with_edits, _with_provider):
        found = name(current), name(reference)
        if found[0] != found[1]:
            return found
    return f"{_picture(current)}, now", f"{_picture(reference)}, before"


def _picture(run: Run | None) -> str:
    if run is None:
        return ""
    prediction = run.prediction
    name = file_name(prediction.image) if prediction.image else "defaults"
    picture = prediction.picture
    return f"{name}, frame {picture.frame}" if picture is not None and picture.frames > 1 else name


def _with_preset(run: Run) -> str:
    recipe = run.prediction.preprocessing
    return f"{_picture(run)}, {recipe.name}" if recipe is not None else _picture(run)


def _with_recipe(run: Run) -> str:
    recipe = run.prediction.preprocessing
    return f"{_picture(run)}, {in_words(recipe)}, {fit_in_words(recipe)}" if recipe is not None else _picture(run)


def _with_edits(run: Run) -> str:
    return f"{_picture(run)}, {'edited network' if run.prediction.edits else 'network as in its file'}"


def _with_provider(run: Run) -> str:
    return f"{_picture(run)} on {run.prediction.provider}"
