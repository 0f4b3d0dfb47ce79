"""What the user changes of the network: kept as one immutable table, with a way back, and run at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from inspector.graph.changes import Edits, SlideEdit
from inspector.graph.edits import edited, edited_layers, said_of, with_numbers, with_slide, without_layer
from inspector.graph.model import Layer, Model
from inspector.graph.weight import Weight

if TYPE_CHECKING:
    from inspector.ui.session import Session

MOST_STEPS = 200  # that can be undone


class Editing(QObject):
    """The changes that are wanted, and the network as it is with those that were run.

    A change is wanted at once and shown when its run has come: until then the panels show the numbers of the run
    before, and the weights with which it was made. One that cannot be run is taken back.

    Attributes:
        edits: All that is wanted.
        shown: What the network that is shown was made with.

    Signals:
        changed: Other changes are wanted, or shown.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.edits = Edits()
        self.shown = Edits()
        self._before: list[Edits] = []
        self._after: list[Edits] = []
        self._plain: Model | None = None
        self._slid: tuple[tuple[SlideEdit, ...], Model] | None = None  # with other strides or pads
        self._made: tuple[Edits, Model] | None = None  # the last one handed out

    # ---------------------------------------------------------------- what the session says

    def start(self, model: Model) -> Model:
        """Begin with a model as its file has it; the same one, opened again, keeps its changes."""
        if self._plain is None or self._plain.fingerprint != model.fingerprint or self._plain.path != model.path:
            self.edits, self._before, self._after = Edits(), [], []
        self._plain, self._slid, self._made, self.shown = model, None, None, Edits()
        self.changed.emit()
        return model

    def take(self, model: Model, slides: tuple[SlideEdit, ...]) -> None:
        """Take a model as the engine read it with other strides and pads."""
        self._slid = (slides, model) if slides else None

    def show(self, edits: Edits) -> Model | None:
        """Return the network with these changes, which its run has made; it is what is shown from now on."""
        if self._made is None or self._made[0] != edits:
            base = self._base(edits.slides)
            if base is None:
                return None
            self._made = edits, edited(base, edits)
        self.shown = edits
        self.changed.emit()
        return self._made[1]

    def give_up(self, shown: Edits) -> bool:
        """Take back changes that could not be run; return whether there were any."""
        if self.edits == shown:
            return False
        self.edits, self._after = shown, []
        while self._before and self._before[-1] == shown:
            self._before.pop()
        self.changed.emit()
        return True

    def _base(self, slides: tuple[SlideEdit, ...]) -> Model | None:
        if not slides:
            return self._plain
        return self._slid[1] if self._slid is not None and self._slid[0] == slides else None

    # ---------------------------------------------------------------- what panels read

    @property
    def structure(self) -> Model | None:
        """The network that is shown, its weights as the file has them: another one only when shapes may be others."""
        return self._base(self.shown.slides)

    @property
    def plain(self) -> Model | None:
        """The network as its file has it."""
        return self._plain

    @property
    def sentence(self) -> str:
        """What was changed of the network that is wanted; ``""`` where nothing was."""
        return said_of(self._plain, self.edits) if self._plain is not None else ""

    def layers(self) -> frozenset[str]:
        """Return the names of the layers of which something is changed in what is shown."""
        return edited_layers(self._plain, self.shown) if self._plain is not None else frozenset()

    def weight(self, weight: Weight) -> Weight:
        """Return a weight with the changes that are wanted of it, whether or not they were run yet."""
        return replace(weight, edit=self.edits.weight(weight.name))

    def unedited(self, weight: Weight) -> Weight:
        """Return a weight as the file has it."""
        return replace(weight, edit=None)

    def plain_layer(self, name: str) -> Layer | None:
        """Return a layer as the file has it."""
        return self._plain.layer(name) if self._plain is not None else None

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return bool(self._after)

    # ---------------------------------------------------------------- what the user does

    def change(self, weight: Weight, numbers: Mapping[int, float]) -> None:
        """Put other numbers into a weight, by ``edits.stored_place``.

        Raises:
            InspectorError: They do not fit, or are too many.
        """
        self._want(with_numbers(self.edits, weight, numbers))

    def slide(self, name: str, strides: Sequence[int], pads: Sequence[int]) -> None:
        """Give a layer another stride and padding.

        Raises:
            InspectorError: They cannot be changed, or not to that.
        """
        layer = self.plain_layer(name)
        if layer is not None:
            self._want(with_slide(self.edits, layer, strides, pads))

    def reset_layer(self, name: str) -> None:
        """Give a layer back what its file says."""
        layer = self.plain_layer(name)
        if layer is not None:
            self._want(without_layer(self.edits, layer))

    def reset(self) -> None:
        """Give the network back all that its file says."""
        self._want(Edits())

    def undo(self) -> None:
        if self._before:
            self._after.append(self.edits)
            self._run(self._before.pop())

    def redo(self) -> None:
        if self._after:
            self._before.append(self.edits)
            self._run(self._after.pop())

    def _want(self, edits: Edits) -> None:
        if edits != self.edits:
            self._before = [*self._before[-MOST_STEPS + 1 :], self.edits]
            self._after = []
            self._run(edits)

    def _run(self, edits: Edits) -> None:
        self.edits = edits
        self.changed.emit()
        self._session.rerun()


def why_undone(error: str) -> tuple[str, str]:
    """Return the sentence for a change that was taken back, and what to try."""
    return f"The change was taken back. {error}", "The network is as it was before; the layers must still fit together."
