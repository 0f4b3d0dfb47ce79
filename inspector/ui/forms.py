"""What forms are made of: parts that open and close, lists the wheel leaves alone, notices, sliders."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPalette, QTransform, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from inspector.ui import icons, theme
from inspector.ui.controls import LabelledCombo
from inspector.ui.lines import Sentence
from inspector.ui.painting import paint_focus
from inspector.ui.text import elided, plain, tooltip


class SectionHead(QAbstractButton):
    """The line by which a part is opened and closed: an arrow, what it is, and in short what it holds."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setText(title)
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._summary = ""
        self._say()

    def summarize(self, summary: str) -> None:
        """Say in short what the part holds; it is seen while the part is closed."""
        if plain(summary) != self._summary:
            self._summary = plain(summary)
            self._say()
            self.update()

    def _say(self) -> None:
        self.setAccessibleName(f"{self.text()}: {self._summary}" if self._summary else self.text())
        self.setToolTip(tooltip(self._summary))

    @property
    def summary(self) -> str:
        """What it says beside the title, unshortened."""
        return self._summary

    def sizeHint(self) -> QSize:
        return QSize(120, theme.ROW_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, theme.ROW_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rect = QRectF(self.rect())
        if self.underMouse():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(rect.adjusted(-4, 0, 4, 0), theme.RADIUS, theme.RADIUS)
        arrow = icons.pixmap("chevron", 12, theme.color("muted"), self.devicePixelRatioF())
        if not self.isChecked():
            arrow = arrow.transformed(QTransform().rotate(-90))
            arrow.setDevicePixelRatio(self.devicePixelRatioF())
        painter.drawPixmap(QPointF(0, (rect.height() - 12) / 2), arrow)
        bold = theme.font(bold=True)
        width = QFontMetricsF(bold).horizontalAdvance(self.text())
        painter.setFont(bold)
        painter.setPen(theme.color("text"))
        painter.drawText(rect.adjusted(18, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        if not self.isChecked():
            small = theme.font("small")
            left = 18 + width + theme.SPACING + 2
            painter.setFont(small)
            painter.setPen(theme.color("muted"))
            text = elided(self._summary, QFontMetricsF(small), rect.width() - left)
            painter.drawText(rect.adjusted(left, 0, 2, 0), Qt.AlignmentFlag.AlignVCenter, text)
        if self.hasFocus():
            paint_focus(painter, rect)


class Section(QWidget):
    """A part of a panel that opens below its title.

    Signals:
        toggled: It was opened or closed.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget) -> None:
        super().__init__()
        self.head = SectionHead(title)
        self.content = content
        content.hide()
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(theme.GAP)
        lines.addWidget(self.head)
        lines.addWidget(content)
        self.head.toggled.connect(self._on_toggled)

    @Slot(bool)
    def _on_toggled(self, is_open: bool) -> None:
        self.content.setVisible(is_open)
        self.toggled.emit(is_open)


class FormCombo(LabelledCombo):
    """A list in a form that scrolls: the wheel turns the form, not what is chosen.

    Args:
        name: For those who cannot see the label.
        key: What the value is called.

    Signals:
        chosen: The key, and the data of the row that the user chose.
    """

    chosen = Signal(str, object)

    def __init__(self, name: str, key: str = "") -> None:
        super().__init__("")
        self._key = key
        self.activated.connect(self._on_activated)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(70, theme.CONTROL_HEIGHT)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    @Slot(int)
    def _on_activated(self, row: int) -> None:
        self.chosen.emit(self._key, self.itemData(row))


class Notice(Sentence):
    """A sentence with the sign of a warning before it."""

    def __init__(self, tone: Literal["warning", "error"]) -> None:
        super().__init__()
        self._tone = tone
        self.setProperty("tone", tone)
        self.setForegroundRole(QPalette.ColorRole.WindowText)  # a style sheet makes the other one half as strong
        self.setFont(theme.font("small"))
        self.setContentsMargins(18, 0, 0, 0)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        top = max(0.0, (QFontMetricsF(self.font()).height() - 14) / 2)
        sign = icons.pixmap("warning", 14, theme.color(self._tone), self.devicePixelRatioF())
        painter.drawPixmap(QPointF(0, top), sign)


class Stepper(QWidget):
    """A slider for one of several: ``Frame 3 of 6``, counted from 1 for the user and from 0 within.

    Signals:
        moved: The place that the user chose.
    """

    moved = Signal(int)

    def __init__(self, noun: str) -> None:
        super().__init__()
        self._noun = noun
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(noun)
        self.slider.setPageStep(10)
        self.label = QLabel()
        self.label.setFont(theme.font("small"))
        self.label.setForegroundRole(self.label.foregroundRole().PlaceholderText)
        lines = QHBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(theme.SPACING)
        lines.addWidget(self.label)
        lines.addWidget(self.slider, 1)
        self.slider.valueChanged.connect(self._on_moved)

    def show_step(self, place: int, count: int) -> None:
        """Show a place of so many, without telling anybody."""
        blocked = self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, count - 1))
        self.slider.setValue(place)
        self.slider.blockSignals(blocked)
        self._say(place)

    def _say(self, place: int) -> None:
        count = self.slider.maximum() + 1
        widest = QFontMetricsF(self.label.font()).horizontalAdvance(f"{self._noun} {count} of {count}")
        self.label.setMinimumWidth(round(widest) + 2)
        self.label.setText(f"{self._noun} {place + 1} of {count}")

    @Slot(int)
    def _on_moved(self, place: int) -> None:
        self._say(place)
        self.moved.emit(place)


def form(parent: QWidget) -> QFormLayout:
    """Return a layout for labels and fields, the labels in one column."""
    lines = QFormLayout(parent)
    lines.setContentsMargins(18, 0, 0, theme.GAP)  # below the title's first letter
    lines.setHorizontalSpacing(theme.SPACING)
    lines.setVerticalSpacing(theme.GAP)
    lines.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    lines.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    lines.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
    return lines


def form_label(text: str, field: QWidget, hint: str = "") -> QLabel:
    """Return the muted label of a field."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setForegroundRole(made.foregroundRole().PlaceholderText)
    made.setBuddy(field)
    made.setFixedHeight(theme.CONTROL_HEIGHT)
    made.setToolTip(tooltip(hint))
    return made
