"""Which of two compared runs a panel shows: the control to choose it, the words for it, and why it cannot be shown."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from inspector import format
from inspector.analysis.comparing import Side
from inspector.graph.model import Layer
from inspector.ui import theme
from inspector.ui.compare import names
from inspector.ui.lines import Line, Span
from inspector.ui.segments import Segments
from inspector.ui.session import Session
from inspector.ui.text import shortened

BACK = "Show the current run"
_NAME = 48  # characters of a picture's name in a sentence


class SideControl(QWidget):
    """``Current | Reference | Difference`` and which picture that is; seen only while two runs are compared."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.sides = Segments(
            "Compared", (("current", "Current"), ("reference", "Reference"), ("difference", "Difference"))
        )
        self.said = Line("small")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.SPACING)
        layout.addWidget(self.sides)
        layout.addWidget(self.said, 1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.sides.chosen.connect(self._choose)
        self.hide()

    def show_sides(self) -> None:
        """Show what the session compares, and which side is looked at."""
        session = self._session
        self.setVisible(session.reference is not None)
        if session.reference is None:
            return
        current, reference = names(session.run, session.reference)
        self.sides.choose(session.view.compare)
        self.sides.explain("current", f"{current}, drawn with the limits of both")
        self.sides.explain("reference", f"{reference}, which is pinned, drawn with the limits of both")
        self.sides.explain("difference", "Current less reference, around zero")
        self.said.show_spans(side_spans(session))

    @Slot(str)
    def _choose(self, side: str) -> None:
        self._session.set_view(compare=side)


def side_spans(session: Session, side: Side | None = None) -> list[Span]:
    """Return the name of what is shown, or of what is subtracted from what."""
    current, reference = names(session.run, session.reference)
    shown = side or session.view.compare
    if shown == "difference":
        return [Span(current, "text"), Span(f" {format.MINUS} ", "muted"), Span(reference, "text", is_name=True)]
    return [Span(reference if shown == "reference" else current, "text", is_name=True)]


def why_not_compared(session: Session, layer: Layer) -> str:
    """Say why the side that is looked at cannot be shown of a layer; ``""`` where it can, or that is nothing special.

    The sentence is for the panel's page; its button is ``BACK``.
    """
    run, reference, side = session.run, session.reference, session.view.compare
    if run is None or reference is None or side == "current" or layer.hidden:
        return ""
    tensor, name = layer.output.name, shortened(layer.name)
    current, pinned = (shortened(each, _NAME) for each in names(run, reference))
    if tensor in reference.missing and tensor not in reference.tensors:
        left_out = f"The output of {name} was left out of the reference, {pinned}, so that it fits in memory."
        if session.busy:
            return f"{left_out} It is being computed now."
        return f"{left_out} It could not be computed by itself either; pin the run again to try once more."
    if tensor not in reference.tensors:
        return f"The reference, {pinned}, does not hold the output of {name}: that run did not compute it by itself."
    if side == "reference" or tensor not in run.tensors:
        return ""
    one, other = session.reading("current"), session.reading("reference")
    if one is None or other is None or session.reading() is not None:
        return ""
    if one.values.shape == other.values.shape:
        return f"The many values of {name} are being subtracted."
    shapes = [
        format.shape_hwc(each.tensors[tensor].shape[layer.output.passes :], layer.output.channels_last)
        for each in (run, reference)
    ]
    return (
        f"{name} gives {shapes[0]} for {current} and {shapes[1]} for {pinned}: maps of different shapes cannot be "
        "subtracted. Both can be looked at, one at a time."
    )
