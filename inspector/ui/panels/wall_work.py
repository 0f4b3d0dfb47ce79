"""What takes time for the wall: counts, orders, one picture of all channels, the parts of a logit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal

from inspector.analysis.channels import CONTRIBUTION, Order, order
from inspector.analysis.class_parts import ClassParts, class_parts
from inspector.analysis.reading import Reading
from inspector.render.levels import level_counts
from inspector.ui.later import Later
from inspector.ui.panels.levels import BINS
from inspector.ui.panels.wall import STRONGEST, Prepared, Reduced, reduced, reduced_both
from inspector.ui.session import Session
from inspector.ui.surveyed import Surveyed

SOON = 1 << 20  # values that are put in order or made one picture while the window waits
COUNTED_SOON = 1 << 16  # values that are counted while the window waits
REST_MS = 60  # before more are: whoever steps through layers is not held up


@dataclass(frozen=True, slots=True)
class Counted:
    """How often which values occur in a layer."""

    known: Surveyed
    counts: tuple[int, ...]
    ends: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Both:
    """Two runs of a layer, each as one picture."""

    current: Surveyed
    reference: Surveyed
    how: str
    made: tuple[Reduced, Reduced]


class WallWork(QObject):
    """Gives what was worked out, or None while it is: asking begins it.

    Signals:
        done: Something that was asked for is there.
    """

    done = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._counted: Counted | None = None
        self._counting_for: Surveyed | None = None
        self._both: Both | None = None
        self._counting, self._reducing = Later(self, REST_MS), Later(self)
        self._ordering, self._adding_up = Later(self), Later(self)
        for later in (self._counting, self._reducing, self._ordering, self._adding_up):
            later.done.connect(self.done)

    def start_over(self) -> None:
        """Let go of what is worked out for another layer."""
        self._reducing.forget()
        self._ordering.forget()

    def forget(self) -> None:
        """Let go of everything."""
        self._counted = self._counting_for = self._both = None
        for later in (self._counting, self._reducing, self._ordering, self._adding_up):
            later.forget()

    def reduced(self, prepared: Prepared, how: str) -> Reduced | None:
        """Return all channels as one picture; None while that is worked out, which asking begins."""
        values = prepared.known.values
        if how not in prepared.reduced:
            if how != "components" and values.size <= SOON:
                prepared.reduced[how] = reduced(values, how)
            else:
                made = self._reducing.result((id(prepared), how), partial(reduced, values, how))
                if made is None:
                    return None
                prepared.reduced[how] = made
        return prepared.reduced[how]

    def reduced_both(self, current: Surveyed, reference: Surveyed, how: str) -> tuple[Reduced, Reduced] | None:
        """Return all channels of two runs as one picture each; None while that is worked out, which asking begins."""
        last = self._both
        if last is not None and last.current is current and last.reference is reference and last.how == how:
            return last.made
        work = partial(reduced_both, current.values, reference.values, how)
        if how != "components" and max(current.values.size, reference.values.size) <= SOON:
            made: tuple[Reduced, Reduced] | None = work()
        else:
            made = self._reducing.result((id(current), id(reference), how), work)
        if made is not None:
            self._both = Both(current, reference, how, made)
        return made

    def counted(self, known: Surveyed) -> Counted | None:
        """Return how often which values occur; None while very many are counted."""
        if self._counted is None or self._counted.known is not known:
            if known.values.size <= COUNTED_SOON:
                counts = level_counts(known.all_slices, known.survey, BINS)
            else:
                if self._counting_for is not known:
                    self._counting.forget()
                    self._counting_for = known
                made = self._counting.result(id(known), partial(level_counts, known.all_slices, known.survey, BINS))
                if made is None:
                    return None
                counts = made
            ends = known.survey.low, known.survey.high
            self._counted = Counted(known, tuple(counts.tolist()), ends)
        return self._counted

    def straight(self, prepared: Prepared) -> Order:
        """Return the order by index."""
        if "index" not in prepared.orders:
            prepared.orders["index"] = order(prepared.known.values, "index")
        return prepared.orders["index"]

    def order(self, prepared: Prepared, reading: Reading, how: str) -> Order | None:
        """Return the order that is wanted; None while that is worked out, which asking begins."""
        key, found = self.order_key(reading), self.class_parts(reading)
        if key == CONTRIBUTION and found is not None:
            return prepared.by_contribution(found.parts)
        key = STRONGEST if how == "top" and key == "index" else key
        if key == "index":
            return self.straight(prepared)
        values = prepared.to_order
        if key not in prepared.orders:
            if values.size <= SOON:
                made: Order | None = order(values, key)
            else:
                made = self._ordering.result((id(prepared), key), partial(order, values, key))
            if made is None:
                return None
            prepared.orders[key] = made
        return prepared.orders[key]

    def order_key(self, reading: Reading) -> str:
        """Return the key that a layer is put in order by: the view's, if it is one of this layer."""
        key = self._session.view.order
        return "index" if key == CONTRIBUTION and self.class_parts(reading) is None else key

    def class_parts(self, reading: Reading) -> ClassParts | None:
        """Return what the channels of this layer added to the logit of a class; None where that is not of them."""
        found, layer = self.looked_into(reading), self._session.layer()
        if not isinstance(found, ClassParts) or layer is None or found.parts.layer != layer.name:
            return None
        return found if found.parts.parts.size == len(reading.values) else None

    def looked_into(self, reading: Reading) -> ClassParts | str:
        """Return the parts of the logit of the class that is looked into, or why there are none."""
        session, run = self._session, self._session.shown_run()
        if session.model is None or run is None or reading.is_difference:
            return "A difference of two runs has no logit."
        target = session.view.target_class
        key = (id(session.model), id(run), run.request_id, len(run.tensors), session.head, target)
        work = partial(class_parts, session.model, run, session.head, target)
        return self._adding_up.result(key, work) or "Being worked out."
