"""Small widgets that several panels are made of. Names out of files are plain text, shortened in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from inspector.ui import icons, theme

Tone = Literal["text", "muted", "bold", "warning"]

# Control characters, and those that are not seen or turn the direction of a line.
_HIDDEN = dict.fromkeys(
    (*range(32), *range(127, 160), *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
)


def plain(text: str) -> str:
    """Return a name from a file so that it can be drawn: no control characters, nothing that turns the line round."""
    return text.translate(_HIDDEN)


def shortened(name: str, longest: int = 48) -> str:
    """Return a name for use within a sentence or on a button, shortened in the middle."""
    name = plain(name)
    half = longest // 2
    return name if len(name) <= longest else f"{name[: half - 1]}…{name[-half:]}"


def tooltip(*lines: str) -> str:
    """Return a tooltip in which no name is read as markup."""
    return "<br>".join(f"<span style='white-space:pre'>{escape(plain(line))}</span>" for line in lines if line)


def elided(text: str, metrics: QFontMetricsF, width: float) -> str:
    """Return text shortened in the middle to fit."""
    return metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, max(0.0, width))


# ---------------------------------------------------------------- painting


def paint_dot(painter: QPainter, center: QPointF, family: str, size: float = 8) -> None:
    """Paint a family's dot; in the light theme with a ring, without which yellow would not show."""
    ring = theme.tokens().ring
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(theme.color(family))
    painter.setPen(QPen(QColor(ring), 1) if ring else Qt.PenStyle.NoPen)
    radius = size / 2 - (0.5 if ring else 0)
    painter.drawEllipse(center, radius, radius)
    painter.restore()


def paint_mark(painter: QPainter, framed: QRectF, thickness: float = 2) -> None:
    """Paint the frame that marks a place on data: outside of it, so that nothing marked is covered."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    dark = QColor(0, 0, 0, 191)
    for distance, width, color in (
        (0.0, 1.0, dark),
        (1.0, thickness, theme.color("mark")),
        (1.0 + thickness, 1.0, dark),
    ):
        _paint_frame(painter, framed.adjusted(-distance, -distance, distance, distance), width, color)
    painter.restore()


def _paint_frame(painter: QPainter, inner: QRectF, width: float, color: QColor) -> None:
    outer = inner.adjusted(-width, -width, width, width)
    painter.fillRect(QRectF(outer.left(), outer.top(), outer.width(), width), color)
    painter.fillRect(QRectF(outer.left(), inner.bottom(), outer.width(), width), color)
    painter.fillRect(QRectF(outer.left(), inner.top(), width, inner.height()), color)
    painter.fillRect(QRectF(inner.right(), inner.top(), width, inner.height()), color)


def paint_focus(painter: QPainter, rect: QRectF, radius: float = theme.RADIUS) -> None:
    """Paint the ring of a widget that has the keyboard."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("accent"), 2))
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)
    painter.restore()


# ---------------------------------------------------------------- text


class Sentence(QLabel):
    """Muted plain text that wraps."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(plain(text))


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text in one tone. The one that is a name is shortened when there is no room."""

    text: str
    tone: Tone = "text"
    is_name: bool = False


class Line(QWidget):
    """One line of text in several tones, a dot before it, and a remark at its right end."""

    def __init__(self, size: theme.Size = "normal") -> None:
        super().__init__()
        self._size: theme.Size = size
        self._family = ""
        self._spans: tuple[Span, ...] = ()
        self._remark: tuple[Span, ...] = ()
        self._brief: tuple[Span, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_spans(
        self,
        spans: Sequence[Span],
        family: str = "",
        remark: Sequence[Span] = (),
        brief: Sequence[Span] = (),
    ) -> None:
        """Show these stretches of text, and ``remark`` at the right end, or ``brief`` if there is no room for it."""
        self._family = family
        self._spans = tuple(Span(plain(span.text), span.tone, span.is_name) for span in spans)
        self._remark = tuple(Span(plain(span.text), span.tone, span.is_name) for span in remark)
        self._brief = tuple(Span(plain(span.text), span.tone, span.is_name) for span in brief)
        self.setAccessibleName(self.text)
        self.setToolTip(tooltip(self.text))
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        """All it says, unshortened."""
        main, remark = ("".join(span.text for span in spans) for spans in (self._spans, self._remark))
        return f"{main}  {remark}" if remark else main

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(theme.font(self._size))
        return QSize(100, round(metrics.height()) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = self.height()
        left, right = 0.0, float(self.width())
        if self._family:
            paint_dot(painter, QPointF(4.5, height / 2), self._family)
            left = 16.0
        names = sum(self._width((span,)) for span in self._spans if span.is_name)
        fixed = self._width(self._spans) - names
        room = right - left
        remark = self._fitting_remark(fixed, names, room)
        if remark:
            width = self._width(remark)
            self._paint(painter, remark, right - width, width, 0.0)
            room -= width + theme.MARGIN
        self._paint(painter, self._spans, left, room, max(0.0, room - fixed))

    def _fitting_remark(self, fixed: float, names: float, room: float) -> Sequence[Span]:
        """Return the remark beside which the names need not be shortened, or else the one that leaves most of them."""
        remarks = [remark for remark in (self._remark, self._brief) if remark]
        for least in (names, min(names, 60.0)):
            for remark in remarks if least == names else remarks[::-1]:
                if fixed + least + self._width(remark) + theme.MARGIN <= room:
                    return remark
        return ()

    def _paint(self, painter: QPainter, spans: Sequence[Span], left: float, room: float, for_names: float) -> None:
        end = left + room
        for span in spans:
            font = theme.font(self._size, bold=span.tone == "bold")
            metrics = QFontMetricsF(font)
            room = min(end - left, for_names) if span.is_name else end - left
            text = elided(span.text, metrics, room + 0.5)
            painter.setFont(font)
            painter.setPen(theme.color("text" if span.tone == "bold" else span.tone))
            width = metrics.horizontalAdvance(text)
            painter.drawText(QRectF(left, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
            left += width

    def _width(self, spans: Sequence[Span]) -> float:
        fonts = {bold: QFontMetricsF(theme.font(self._size, bold)) for bold in (False, True)}
        return sum(fonts[span.tone == "bold"].horizontalAdvance(span.text) for span in spans)


def facts(*pairs: tuple[str, str] | tuple[str, str, Tone]) -> tuple[Span, ...]:
    """Return (label, value) pairs as one line: labels muted, values not, space between the pairs.

    A label that begins with a space follows its value (``64`` `` channels``).
    """
    spans: list[Span] = []
    for label, value, *tone in pairs:
        if spans:
            spans.append(Span("     ", "muted"))
        shown = Span(value, tone[0] if tone else "text")
        if label.startswith(" "):
            spans += [shown, Span(label, "muted")]
        else:
            spans += [Span(f"{label} " if value else label, "muted")] if label else []
            spans += [shown] if value else []
    return tuple(spans)


# ---------------------------------------------------------------- controls


class LabelledCombo(QComboBox):
    """A list to choose from, with what is chosen named inside, muted: ``Limits  layer, min to max``."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self._label = label
        self.setAccessibleName(label)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)

    def choose(self, data: object) -> None:
        """Show the row of that user data, without telling anybody."""
        blocked = self.blockSignals(True)
        self.setCurrentIndex(self.findData(data))
        self.blockSignals(blocked)
        self.updateGeometry()
        self.update()

    def _text_width(self) -> float:
        metrics = QFontMetricsF(self.font())
        label = metrics.horizontalAdvance(f"{self._label}  ") if self._label else 0.0
        return label + metrics.horizontalAdvance(plain(self.currentText()))

    def sizeHint(self) -> QSize:
        return QSize(round(self._text_width()) + 42, theme.CONTROL_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, theme.CONTROL_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.subControls = QStyle.SubControl.SC_ComboBoxFrame
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        metrics = QFontMetricsF(self.font())
        left, right = 10.0, self.width() - 26.0
        is_on = self.isEnabled()
        if self._label:
            painter.setPen(theme.color("muted") if is_on else self.palette().color(self.foregroundRole()))
            painter.drawText(QRectF(left, 0, right - left, self.height()), Qt.AlignmentFlag.AlignVCenter, self._label)
            left += metrics.horizontalAdvance(f"{self._label}  ")
        color = theme.color("text")
        if not is_on:
            color.setAlphaF(theme.DISABLED)
        painter.setPen(color)
        text = elided(plain(self.currentText()), metrics, right - left)
        painter.drawText(QRectF(left, 0, right - left + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        arrow = icons.pixmap("chevron", 12, color, self.devicePixelRatioF())
        painter.drawPixmap(QPointF(self.width() - 21, (self.height() - 12) / 2), arrow)


class SearchField(QLineEdit):
    """A field to find something by its name."""

    def __init__(self, hint: str) -> None:
        super().__init__()
        self.setPlaceholderText(hint)
        self.setAccessibleName(hint)
        self.setClearButtonEnabled(True)
        sign = QAction(self)
        sign.setIcon(icons.icon("search", 16, "muted"))
        self.addAction(sign, QLineEdit.ActionPosition.LeadingPosition)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)


class Chip(QAbstractButton):
    """A family: its dot, its word and how many layers it has. Pressed, only these are shown."""

    def __init__(self, family: str) -> None:
        super().__init__()
        self.family = family
        self._count = ""
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setText(family)

    def show_count(self, count: str) -> None:
        self._count = count
        self.setAccessibleName(f"{self.family}, {count} layers")
        self.setToolTip(tooltip(f"Show only the {count} {self.family} layers"))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(theme.font("small"))
        text = metrics.horizontalAdvance(f"{self.family}  {self._count}")
        return QSize(round(text) + 24, round(metrics.height()) + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self.isChecked() or self.underMouse():
            painter.setBrush(theme.color("selection" if self.isChecked() else "raised"))
            painter.setPen(QPen(theme.color("accent"), 1) if self.isChecked() else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(rect, theme.RADIUS, theme.RADIUS)
        paint_dot(painter, QPointF(10, self.height() / 2), self.family)
        font = theme.font("small")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        painter.drawText(QRectF(19, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, self.family)
        left = 19 + metrics.horizontalAdvance(f"{self.family}  ")
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(left, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, self._count)
        if self.hasFocus():
            paint_focus(painter, QRectF(self.rect()))


class Flow(QWidget):
    """Widgets in lines, as many beside each other as fit."""

    def __init__(self, spacing: int = theme.GAP) -> None:
        super().__init__()
        self._spacing = spacing
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def add(self, widget: QWidget) -> None:
        widget.setParent(self)
        widget.show()

    def arrange(self) -> None:
        """Lay out again, after a widget was shown, hidden or changed its size."""
        self._place(self.width(), move=True)
        self.updateGeometry()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(width, move=False)

    def sizeHint(self) -> QSize:
        return QSize(100, self._place(max(self.width(), 100), move=False))

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self._place(max(self.width(), 40), move=False))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place(self.width(), move=True)
        self.updateGeometry()

    def _place(self, width: int, move: bool) -> int:
        x = y = line = 0
        for child in self.children():
            if not isinstance(child, QWidget) or child.isHidden():
                continue
            size = child.sizeHint()
            if x and x + size.width() > width:
                x, y, line = 0, y + line + self._spacing, 0
            if move:
                child.setGeometry(QRect(x, y, min(size.width(), width), size.height()))
            x, line = x + size.width() + self._spacing, max(line, size.height())
        return y + line


@dataclass(frozen=True, slots=True)
class TensorRow:
    """What a table says of one tensor."""

    name: str
    shape: str
    dtype: str
    low: str
    high: str
    mean: str


class TensorTable(QWidget):
    """Tensors in rows: name, shape, type, smallest, largest, mean."""

    HEADS = TensorRow("Name", "Shape", "Type", "Min", "Max", "Mean")

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[TensorRow, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: Sequence[TensorRow]) -> None:
        self._rows = tuple(rows)
        said = (f"{row.name}: {row.shape} {row.dtype}, {row.low} to {row.high}, mean {row.mean}" for row in self._rows)
        self.setAccessibleName("; ".join(plain(each) for each in said))
        self.setToolTip(tooltip(*(row.name for row in self._rows)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, (len(self._rows) + 1) * theme.ROW_HEIGHT if self._rows else 0)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        painter = QPainter(self)
        font = theme.font("small")
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        table = [_cells(row) for row in (self.HEADS, *self._rows)]
        widths = [max(metrics.horizontalAdvance(row[column]) for row in table) + 12 for column in range(6)]
        shown = [1, 2, 3, 4, 5]
        for column in (2, 5, 4, 3):  # what is left out first: type, mean, maximum
            if sum(widths[each] for each in shown) + min(widths[0], 90.0) <= self.width():
                break
            shown.remove(column)
        painter.fillRect(QRectF(0, theme.ROW_HEIGHT - 1, self.width(), 1), theme.color("border"))
        room = self.width() - sum(widths[each] for each in shown)
        for line, row in enumerate(table):
            top = line * theme.ROW_HEIGHT
            painter.setPen(theme.color("muted" if line == 0 else "text"))
            place = QRectF(0, top, room, theme.ROW_HEIGHT)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, elided(row[0], metrics, room))
            left = room
            for column in shown:
                place = QRectF(left, top, widths[column], theme.ROW_HEIGHT)
                painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row[column])
                left += widths[column]


def _cells(row: TensorRow) -> tuple[str, ...]:
    return plain(row.name), row.shape, row.dtype, row.low, row.high, row.mean
