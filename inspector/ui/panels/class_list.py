"""Classes in rows: name, bar, probability, logit and margin. Only the rows that are seen are worked out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy

from inspector import format
from inspector.analysis.ranked_classes import PRESENT, RankedClasses
from inspector.ui import icons, theme
from inspector.ui.painting import paint_focus
from inspector.ui.panels.class_columns import Columns, class_name, columns, rank_text
from inspector.ui.text import elided, tooltip

ROW = 22
NOTHING_FOUND = "No class has this number or name."
MOST = 20  # rows that are seen without scrolling
PIN = 14
_BAR = 10
_PAIRED = 5  # of two bars below each other: the current answer, and that of the reference


class ClassList(QAbstractScrollArea):
    """Classes of an answer, the pinned ones first; these stay where they are while the others are scrolled.

    Signals:
        chosen: The number of the class that was clicked, or gone to with the keys.
        pin_wanted: A class is to be pinned, or let go again.
        entered: The user wants to know how a class came about: Enter.
        left: The user wants to go back to the best class: Escape.
        menu_wanted: The menu of a class, at a place on the screen.
        hovered: The class under the pointer; -1 for none.
    """

    chosen = Signal(int)
    pin_wanted = Signal(int)
    entered = Signal(int)
    left = Signal()
    menu_wanted = Signal(int, QPoint)
    hovered = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._classes: RankedClasses | None = None
        self._shown: Sequence[int] = ()
        self._pins: tuple[int, ...] = ()
        self._beside: RankedClasses | None = None
        self._selected = -1
        self._hovered = -1
        self._has_ranks = False
        self._rows = 0
        self._is_dimmed = False
        self._keyboard = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName("Classes")

    # ---------------------------------------------------------------- what is shown

    def show_classes(
        self,
        classes: RankedClasses | None,
        shown: Sequence[int],
        pins: tuple[int, ...] = (),
        selected: int = -1,
        rows: int | None = None,
        beside: RankedClasses | None = None,
    ) -> None:
        """Show these classes.

        Args:
            classes: The answer they are of; None shows nothing.
            shown: Their numbers, those that are pinned not among them.
            pins: The numbers of the pinned ones.
            selected: The number of the one that is looked into; -1 for none.
            rows: For how many there is to be room, pinned ones among them; None for as many as there are.
            beside: The answer of the reference, with as many classes; None where nothing is compared.
        """
        self._rows = min(len(shown), MOST) + len(pins) if rows is None else rows
        self._beside = beside if beside is not None and classes is not None and len(beside) == len(classes) else None
        is_shorter = len(shown) < len(self._shown)
        self._classes, self._shown, self._pins, self._selected = classes, shown, pins, selected
        self._has_ranks = classes is not None and any(
            classes.rank(index) != place + 1 for place, index in enumerate((*pins, *shown[:MOST]))
        )
        if is_shorter:
            self.verticalScrollBar().setValue(0)
        self.setFixedHeight(self.sizeHint().height())
        self._measure()
        self.setAccessibleDescription(
            "; ".join(f"{name} {probability}" for name, probability, _ in map(self.texts, self.indices[:MOST]))
        )
        self.viewport().update()

    @property
    def indices(self) -> tuple[int, ...]:
        """The numbers of the classes in the rows."""
        return (*self._pins, *self._shown)

    @property
    def scrolled(self) -> int:
        """How many of them are not pinned."""
        return len(self._shown)

    def texts(self, index: int) -> tuple[str, str, str]:
        """Return what is written of a class: name, probability and logit."""
        assert self._classes is not None
        score = self._classes.score(index)
        logit = "" if score.logit is None else format.significant(score.logit)
        return class_name(score), format.probability(score.probability), logit

    def hint(self, index: int) -> str:
        """Return the tooltip of a class."""
        assert self._classes is not None
        score, classes = self._classes.score(index), self._classes
        named = f"class {index}  {score.label}" if score.label else f"class {index}"
        rank = f"rank {format.count(classes.rank(index))} of {format.count(len(classes))}"
        margin = f"margin {format.significant(classes.margin(index))}"
        hint = "click to look into it, double-click to keep it on top"
        return tooltip(named, f"{rank}, probability {self.texts(index)[1]}, {margin}", hint)

    def set_dimmed(self, is_dimmed: bool) -> None:
        self._is_dimmed = is_dimmed
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(260, ROW * self._rows)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    # ---------------------------------------------------------------- where things lie

    def _measure(self) -> None:
        bar = self.verticalScrollBar()
        page = self.viewport().height() - ROW * len(self._pins)
        bar.setPageStep(max(1, page))
        bar.setSingleStep(ROW)
        bar.setRange(0, max(0, len(self._shown) * ROW - page))

    def row_rect(self, place: int) -> QRectF:
        """Return where a row is painted, in the viewport; pinned rows come first."""
        top = place * ROW - (0 if place < len(self._pins) else self.verticalScrollBar().value())
        return QRectF(0, top, self.viewport().width(), ROW)

    def pin_rect(self, place: int, columns: Columns | None = None) -> QRectF:
        """Return where a row's pin is, in the viewport."""
        right = (columns or self.columns()).name_right
        return QRectF(right - PIN, self.row_rect(place).center().y() - PIN / 2, PIN, PIN)

    def columns(self) -> Columns:
        """Return where the columns are now."""
        sample = [*self._pins, *self._shown[:MOST], *self._shown[-2:]]
        classes = self._classes
        texts = [self.texts(index) for index in sample]
        ranks = [rank_text(classes, index) for index in sample] if classes is not None and self._has_ranks else []
        has_margins = classes is not None and len(classes) > 1 and not classes.is_independent
        margins = [format.significant(classes.margin(each)) for each in sample] if classes and has_margins else []
        others = [self.reference_text(index) for index in sample] if self._beside is not None else []
        return columns(float(self.viewport().width()), texts, ranks, margins, PIN if self._pins else 0.0, others)

    def reference_text(self, index: int) -> str:
        """Return the probability of a class in the reference; nothing where nothing is compared."""
        return format.probability(self._beside.score(index).probability) if self._beside is not None else ""

    def _place(self, y: float) -> int | None:
        pinned = len(self._pins)
        place = int(y // ROW)
        if place >= pinned:
            place = int((y + self.verticalScrollBar().value()) // ROW)
        return place if 0 <= place < len(self.indices) else None

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._classes is None:
            return
        painter = QPainter(self.viewport())
        if self._is_dimmed:
            painter.setOpacity(0.5)
        columns, pinned = self.columns(), len(self._pins)
        view = QRectF(self.viewport().rect())
        scrolled = view.adjusted(0, pinned * ROW, 0, 0)
        painter.save()
        painter.setClipRect(scrolled)
        first = self.verticalScrollBar().value() // ROW
        last = min(len(self._shown), first + int(scrolled.height() // ROW) + 2)
        for number in range(first, last):
            self._paint_row(painter, columns, pinned + number, self._shown[number])
        painter.restore()
        for place, index in enumerate(self._pins):
            self._paint_row(painter, columns, place, index)
        if pinned and self._shown:
            line = QRectF(theme.MARGIN, pinned * ROW - 1, view.width() - 2 * theme.MARGIN, 1)
            painter.fillRect(line, theme.color("border"))
        if not self.indices:
            painter.setFont(theme.font("small"))
            painter.setPen(theme.color("muted"))
            where = QRectF(theme.MARGIN, 0, view.width() - 2 * theme.MARGIN, ROW)
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, NOTHING_FOUND)
        if self.hasFocus() and self._keyboard:
            paint_focus(painter, view)

    def _paint_row(self, painter: QPainter, columns: Columns, place: int, index: int) -> None:
        assert self._classes is not None
        row, classes = self.row_rect(place), self._classes
        if index == self._selected:
            painter.fillRect(row, theme.color("selection"))
            painter.fillRect(QRectF(0, row.top(), 3, ROW), theme.color("accent"))
        name, probability, logit = self.texts(index)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.color("muted"))
        painter.setFont(theme.font("small"))
        if self._has_ranks:
            _right(painter, row, columns.name_left - 8, rank_text(classes, index))
        if columns.logit:
            _right(painter, row, columns.logit, logit)
        if columns.margin:
            _right(painter, row, columns.margin, format.significant(classes.margin(index)))
        is_pinned, is_first = place < len(self._pins), classes.rank(index) == 1
        room = columns.name_right - columns.name_left
        if is_pinned or index == self._hovered:
            color = theme.color("text" if is_pinned else "muted")
            sign = icons.pixmap("pin", PIN, color, self.devicePixelRatioF())
            painter.drawPixmap(self.pin_rect(place, columns).topLeft(), sign)
            room -= PIN + 2
        font = theme.font(bold=is_first)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        where = QRectF(columns.name_left, row.top(), room + 1, ROW)
        painter.drawText(where, middle, elided(name, QFontMetricsF(font), room))
        painter.setFont(theme.font())
        _right(painter, row, columns.probability, probability)
        if columns.reference:
            painter.setPen(theme.color("muted"))
            _right(painter, row, columns.reference, self.reference_text(index))
        value = float(classes.score(index).probability)
        is_on = value >= PRESENT if classes.is_independent else is_first
        if self._beside is None:
            self._paint_bar(painter, columns, row, value, "accent" if is_on else "bar")
            return
        below = float(self._beside.score(index).probability)
        self._paint_bar(
            painter, columns, row.adjusted(0, 0, 0, -_PAIRED - 2), value, "accent" if is_on else "bar", _PAIRED
        )
        self._paint_bar(painter, columns, row.adjusted(0, _PAIRED + 2, 0, 0), below, "muted", _PAIRED)

    def _paint_bar(
        self, painter: QPainter, columns: Columns, row: QRectF, value: float, color: str, height: float = _BAR
    ) -> None:
        length = max(0.0, columns.bar_right - columns.bar_left)
        bar = QRectF(columns.bar_left, row.center().y() - height / 2, length, height)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("canvas"))
        painter.drawRoundedRect(bar, theme.SMALL_RADIUS, theme.SMALL_RADIUS)
        part = min(1.0, value) if value > 0 else 0.0  # NaN has no bar
        painter.setBrush(theme.color(color))
        bar.setWidth(max(1.0, bar.width() * part))
        painter.drawRoundedRect(bar, min(theme.SMALL_RADIUS, bar.width() / 2), theme.SMALL_RADIUS)
        painter.restore()
        if self._classes is not None and self._classes.is_independent:
            at = round(columns.bar_left + length * PRESENT)
            painter.fillRect(QRectF(at, row.center().y() - height / 2 - 3, 1, height + 6), theme.color("text"))

    # ---------------------------------------------------------------- events

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            place = self._place(event.pos().y())
            self.viewport().setToolTip(self.hint(self.indices[place]) if place is not None else "")
        elif event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()
        super().resizeEvent(event)

    def _hover(self, place: int | None) -> None:
        index = self.indices[place] if place is not None else -1
        if index != self._hovered:
            self._hovered = index
            self.hovered.emit(index)
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._place(event.position().y()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position().y())
        if place is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._keyboard = False
        if self._is_on_pin(place, event.position()):
            self.pin_wanted.emit(self.indices[place])
        else:
            self.chosen.emit(self.indices[place])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position().y())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.pin_wanted.emit(self.indices[place])

    def _is_on_pin(self, place: int, at: QPointF) -> bool:
        return self.pin_rect(place).adjusted(-3, -4, 3, 4).contains(at)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self._selected
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            place = self._place(event.pos().y())
            index = self.indices[place] if place is not None else -1
        if index >= 0:
            self.menu_wanted.emit(index, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._keyboard = True
        moves = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        indices, selected = self.indices, self._selected
        if event.key() in moves and indices:
            place = indices.index(selected) + moves[Qt.Key(event.key())] if selected in indices else 0
            self._go(max(0, min(len(indices) - 1, place)))
        elif event.key() == Qt.Key.Key_Space and selected >= 0:
            self.pin_wanted.emit(selected)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and selected >= 0:
            self.entered.emit(selected)
        elif event.key() == Qt.Key.Key_Escape and selected >= 0:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _go(self, place: int) -> None:
        bar, number = self.verticalScrollBar(), place - len(self._pins)
        room = self.viewport().height() - ROW * len(self._pins)
        if number >= 0 and not bar.value() <= number * ROW <= bar.value() + room - ROW:
            bar.setValue(number * ROW - room // 2)
        self.chosen.emit(self.indices[place])


def _right(painter: QPainter, row: QRectF, right: float, text: str) -> None:
    where = QRectF(right - 200, row.top(), 200, row.height())
    painter.drawText(where, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
