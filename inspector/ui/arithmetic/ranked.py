"""A list of names, bars and numbers, the largest first: only what is seen is worked out."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy

from inspector.format import MINUS
from inspector.ui import theme
from inspector.ui.arithmetic.rows import Rows
from inspector.ui.painting import paint_focus
from inspector.ui.text import elided, plain, tooltip

UP, DOWN = "#d9822b", "#3f86c8"  # parts of a sum: what adds, what takes away
ROW = 25
_HEAD = 26
_THUMB = 20
_SAMPLE = f"{MINUS}000.00"
_LEAST_BAR = 40.0
_SHOWN = 16  # rows that the list would like to have room for


class RankedList(QAbstractScrollArea):
    """The rows of a sum. A click chooses one, a double click follows it to where its number came from.

    Signals:
        chosen: The place of the row that was clicked or gone to with the keys.
        followed: The place of the row that was double-clicked, or chosen with Enter.
    """

    chosen = Signal(int)
    followed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.viewport().setAutoFillBackground(False)
        self.setViewportMargins(0, _HEAD, 0, 0)
        self._keyboard = False

    def show_rows(self, rows: Rows) -> None:
        """Show these; the marked one is scrolled to if other rows are shown than before."""
        is_other = (rows.count, rows.heads) != (self.rows.count, self.rows.heads)
        is_moved = rows.selected != self.rows.selected
        feet = len(rows.foot) != len(self.rows.foot)
        self.rows = rows
        if feet or is_other:
            self.setViewportMargins(0, _HEAD, 0, ROW * len(rows.foot) + 1)
            self.setMaximumHeight(_HEAD + ROW * (rows.count + len(rows.foot)) + 2)  # no room between rows and results
            self.updateGeometry()
        self._measure()
        if is_other:
            self.verticalScrollBar().setValue(0)
        if is_other or is_moved:
            self._reveal(rows.selected)
        self.setAccessibleDescription(f"{rows.count} rows, the largest first")
        self.viewport().update()
        self.update()

    def sizeHint(self) -> QSize:
        shown = min(max(self.rows.count, 3), _SHOWN)
        return QSize(306 if len(self.rows.heads) < 5 else 380, _HEAD + ROW * (shown + len(self.rows.foot)) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(130, _HEAD + ROW * (min(3, self.rows.count) + len(self.rows.foot)) + 2)

    # ---------------------------------------------------------------- where things lie

    def _measure(self) -> None:
        bar = self.verticalScrollBar()
        bar.setPageStep(max(1, self.viewport().height()))
        bar.setSingleStep(ROW)
        bar.setRange(0, max(0, self.rows.count * ROW - self.viewport().height()))

    def _reveal(self, place: int) -> None:
        bar, height = self.verticalScrollBar(), self.viewport().height()
        if place >= 0 and not bar.value() <= place * ROW <= bar.value() + height - ROW:
            bar.setValue(place * ROW - height // 2)

    def row_rect(self, place: int) -> QRectF:
        """Return where a row is painted, in the viewport."""
        return QRectF(0, place * ROW - self.verticalScrollBar().value(), self.viewport().width(), ROW)

    def _columns(self) -> tuple[float, float, list[float]]:
        """Return where the names end, where the bars end, and the right edge of each column of numbers."""
        metrics = theme.metrics("small")
        width = float(self.viewport().width())
        each = metrics.horizontalAdvance(_SAMPLE) + 14
        left = self._name_left()
        numbers = max(1, min(len(self.rows.heads) - 2, int((width - left - _LEAST_BAR) / each)))  # the last ones go
        longest = max((metrics.horizontalAdvance(self._name(place)) for place in self._sampled()), default=0.0)
        names = left + max(longest, metrics.horizontalAdvance(self.rows.heads[0])) + 6
        names = min(names, max(left + 40.0, width - numbers * each - _LEAST_BAR))
        rights = [width - 6 - each * (numbers - 1 - number) for number in range(numbers)]
        return names, max(names, width - 6 - numbers * each), rights

    def _sampled(self) -> range:
        first = self.verticalScrollBar().value() // ROW
        return range(first, min(self.rows.count, first + self.viewport().height() // ROW + 2))

    def _name(self, place: int) -> str:
        return plain(self.rows.name(place))

    def _name_left(self) -> float:
        return 8.0 + (_THUMB + 8 if self.rows.has_thumbs else 0)

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setFont(theme.font("small"))
        names, bars, rights = self._columns()
        places = self._sampled()
        for place, texts in zip(places, self.rows.texts(places), strict=True):
            self._paint_row(painter, place, texts, names, bars, rights)
        if self.hasFocus() and self._keyboard:
            paint_focus(painter, QRectF(self.viewport().rect()))

    def _paint_row(
        self, painter: QPainter, place: int, texts: tuple[str, ...], names: float, bars: float, rights: list[float]
    ) -> None:
        row, is_selected = self.row_rect(place), place == self.rows.selected
        painter.setFont(theme.font("small", bold=is_selected))
        if is_selected:
            painter.fillRect(row, theme.color("selection"))
            painter.fillRect(QRectF(0, row.top(), 3, ROW), theme.color("accent"))
        if self.rows.has_thumbs and (image := self.rows.thumb(place)) is not None:
            scale = _THUMB / max(image.width(), image.height())
            size = image.width() * scale, image.height() * scale
            where = QRectF(8 + (_THUMB - size[0]) / 2, row.center().y() - size[1] / 2, *size)
            painter.drawImage(where, image)
        painter.setPen(theme.color("text"))
        left = self._name_left()
        name = self._name(place)
        metrics = QFontMetricsF(painter.font())
        side = Qt.AlignmentFlag.AlignRight if name.isdigit() else Qt.AlignmentFlag.AlignLeft
        where = QRectF(left, row.top(), names - left, ROW)
        painter.drawText(where, side | Qt.AlignmentFlag.AlignVCenter, elided(name, metrics, where.width() + 0.5))
        self._paint_bar(painter, row, self.rows.bar(place), names + 8, bars - 4)
        for number, (text, right) in enumerate(zip(texts, rights, strict=False)):
            is_main = number != len(texts) - 1 or is_selected
            painter.setPen(theme.color("text" if is_main else "muted"))
            self._paint_number(painter, text, right, row)

    def _paint_bar(self, painter: QPainter, row: QRectF, length: float, left: float, right: float) -> None:
        if right - left < 8:
            return
        has_negative = self.rows.heads[1] != "share"
        zero = left + (right - left) * (0.42 if has_negative else 0.0)
        room = (right - zero) if length >= 0 else (zero - left)
        end = zero + length * room
        painter.fillRect(QRectF(zero - 0.5, row.top(), 1, ROW), theme.color("border"))
        bar = QRectF(QPointF(min(zero, end), row.center().y() - 5), QPointF(max(zero, end), row.center().y() + 5))
        color = (UP if length >= 0 else DOWN) if has_negative else theme.color("accent" if length else "bar")
        painter.fillRect(bar, color)

    def _paint_number(self, painter: QPainter, text: str, right: float, row: QRectF) -> None:
        where = QRectF(right - 200, row.top(), 200, row.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_frame(self) -> None:
        """Paint the heads above the rows and the results below them."""
        painter = QPainter(self)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        names, bars, rights = self._columns()
        head = QRectF(0, 0, self.width(), _HEAD)
        metrics = QFontMetricsF(painter.font())
        left = self._name_left() if self.rows.count and not self._name(0).isdigit() else 0.0
        side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
        where = QRectF(left, 0, names - left, _HEAD)
        painter.drawText(where, side | Qt.AlignmentFlag.AlignVCenter, self.rows.heads[0])
        if bars - names - 12 > metrics.horizontalAdvance(self.rows.heads[1]):
            where = QRectF(names + 8, 0, bars - names - 12, _HEAD)
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, self.rows.heads[1])
        for text, right in zip(self.rows.heads[2:], rights, strict=False):
            self._paint_number(painter, text, right, head)
        painter.fillRect(QRectF(0, _HEAD - 1, self.width(), 1), theme.color("border"))
        top = float(self.viewport().geometry().bottom() + 1)
        painter.fillRect(QRectF(0, top, self.width(), 1), theme.color("border"))
        for number, foot in enumerate(self.rows.foot):
            row = QRectF(0, top + 1 + number * ROW, self.viewport().width(), ROW)
            if foot.is_result:
                painter.fillRect(row, theme.color("raised"))
            painter.setFont(theme.font("small", bold=foot.is_result))
            painter.setPen(theme.color("text" if foot.is_result else "muted"))
            where = QRectF(12, row.top(), bars, ROW)
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, foot.name)
            for text, right in zip(foot.texts[len(foot.texts) - len(rights) :], rights, strict=True):
                painter.setPen(theme.color("text"))
                self._paint_number(painter, text, right, row)

    # ---------------------------------------------------------------- events

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.Paint and self.rows.count:
            self._paint_frame()
        return handled

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            place = self._place(event.pos().y())  # type: ignore[attr-defined]
            self.viewport().setToolTip(tooltip(self.rows.name(place)) if place is not None else "")
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()
        super().resizeEvent(event)

    def _place(self, y: float) -> int | None:
        place = int((y + self.verticalScrollBar().value()) // ROW)
        return place if 0 <= place < self.rows.count else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position().y())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._keyboard = False
            self.chosen.emit(place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position().y())
        if place is not None:
            self.followed.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        self._keyboard = True
        if event.key() in moves and self.rows.count:
            self.chosen.emit(max(0, min(self.rows.count - 1, self.rows.selected + moves[Qt.Key(event.key())])))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.rows.selected >= 0:
            self.followed.emit(self.rows.selected)
        else:
            super().keyPressEvent(event)
