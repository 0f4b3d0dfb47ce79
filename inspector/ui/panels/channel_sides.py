"""One channel of two compared runs and what is between them, side by side."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis.comparing import Side, curves
from inspector.analysis.reading import Reading
from inspector.render.arrays import Values
from inspector.render.limits import shared_limits
from inspector.render.palettes import COLORMAPS, palette
from inspector.ui import theme
from inspector.ui.compare import SIDES
from inspector.ui.lines import Line, Span
from inspector.ui.map_view import MapView, Shown
from inspector.ui.panels.sides import side_spans
from inspector.ui.session import Session

CURVES = ("current", "reference", "difference")
_CAPTION_HEIGHT = 34


class ComparedMaps(QWidget):
    """Current, reference and difference; current and reference with the limits of both.

    Attributes:
        maps: The views, by side.
        captions: Below them: what it is, and from what to what the colors go.
    """

    def __init__(self) -> None:
        super().__init__()
        self.maps: dict[Side, MapView] = {side: MapView() for side in SIDES}
        self.captions: dict[Side, tuple[Line, Line]] = {side: (Line("small"), Line("small")) for side in SIDES}
        self._drawn: dict[Side, tuple[object, Values]] = {}  # the same map is the same array, as the views want it
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.SPACING)
        for side in SIDES:
            self.maps[side].setAccessibleName(f"The selected channel, {side}")
            column = QVBoxLayout()
            column.setSpacing(0)
            column.addWidget(self.maps[side], 1)
            for line in self.captions[side]:
                column.addWidget(line)
            self._row.addLayout(column, 1)
        self.hide()

    def show_sides(self, session: Session, channel: int) -> None:
        """Show that channel of all three, as far as they are there."""
        for side in SIDES:
            reading, known = session.reading(side), session.surveyed(side)
            view = self.maps[side]
            if reading is None or known is None or channel >= len(known.values):
                view.clear()
                self._drawn.pop(side, None)
                self._caption(side, session, "not to be had for this layer")
                continue
            is_alike = (side == "difference") == (session.view.compare == "difference")
            chosen = session.view.limits if is_alike else None  # numbers that were chosen for the one say nothing else
            limits, colormap = known.drawn_with(session.view.scaling, session.colormap(side), chosen)
            low, high = limits.of(channel)
            key = (id(known), channel, reading.slice)
            if side not in self._drawn or self._drawn[side][0] != key:
                self._drawn[side] = key, known.values[channel, reading.slice]
            is_whole = reading.values.dtype.kind in "iu"
            middle = COLORMAPS[colormap].is_diverging
            values = self._drawn[side][1]
            view.show_map(Shown(values, shared_limits(low, high), palette(colormap), middle, False, is_whole))
            self._caption(side, session, _ends(low, high, reading))

    def _caption(self, side: Side, session: Session, what: str) -> None:
        is_chosen = side == session.view.compare
        first, second = self.captions[side]
        first.show_spans([Span(side, "bold" if is_chosen else "text")], remark=[Span(what, "muted")])
        second.show_spans([Span(each.text, "muted", each.is_name) for each in side_spans(session, side)])

    def forget(self) -> None:
        """Let go of the runs."""
        self._drawn.clear()
        for view in self.maps.values():
            view.clear()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room, lines = event.size(), _CAPTION_HEIGHT
        beside = min(room.width() // 3, room.height() - lines)
        below = min(room.width(), room.height() // 3 - lines)
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._row.setDirection(across if beside >= below else down)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, 72)


class ComparedCurves:
    """The curves of one channel, made once for each layer of two runs."""

    def __init__(self) -> None:
        self._made: tuple[tuple[object, ...], Values] | None = None

    def of(self, session: Session, channel: int) -> Values | None:
        """Return current, reference and difference, ``(3, samples)``; None where they cannot stand side by side."""
        sides = [session.reading(side) for side in SIDES]
        key = (*(id(each.values) if each is not None else 0 for each in sides), channel)
        if self._made is None or self._made[0] != key:
            made = curves(sides, channel)
            self._made = (key, made) if made is not None else None
        return self._made[1] if self._made is not None else None

    def forget(self) -> None:
        self._made = None


def _ends(low: float, high: float, reading: Reading) -> str:
    is_whole = reading.values.dtype.kind in "iu"
    ends = [str(round(each)) if is_whole else format.significant(each) for each in (low, high)]
    return f"{ends[0]} to {ends[1]}".replace("-", format.MINUS)
