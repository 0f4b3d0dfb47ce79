"""Values that are typed, with a mark and a sentence where they cannot be taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from inspector.ui import theme
from inspector.ui.forms import Notice

SWATCH = 18


class _Line(QLineEdit):
    """One line to type in; Esc brings back what held before."""

    given_up = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isModified():
            self.given_up.emit()
            return
        super().keyPressEvent(event)


class CheckedField(QWidget):
    """A value that is typed. What it cannot be is marked, with a sentence; the value then stays as it was.

    Args:
        name: For those who cannot see the label.
        key: What the value is called.
        read: Returns the value of a text, or raises ValueError with the sentence that says what is allowed.
        write: Returns the text of a value.

    Signals:
        entered: The key and the new value; never the one that holds already.
    """

    entered = Signal(str, object)

    def __init__(self, name: str, key: str, read: Callable[[str], Any], write: Callable[[Any], str]) -> None:
        super().__init__()
        self._key = key
        self._read, self._write = read, write
        self._value: Any = None
        self._is_set = False
        self.line = _Line()
        self.line.setAccessibleName(name)
        self.line.setMinimumWidth(40)
        self.error = Notice("error")
        self.error.hide()
        self.row = QHBoxLayout()
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(6)
        self.row.addWidget(self.line, 1)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(2)
        lines.addLayout(self.row)
        lines.addWidget(self.error)
        self.setFocusProxy(self.line)
        self._soon = QTimer(self, singleShot=True, interval=0)  # when the sentence has its place
        self._soon.timeout.connect(self._show_error)
        self.line.editingFinished.connect(self._on_finished)
        self.line.textEdited.connect(self._on_edited)
        self.line.given_up.connect(self._restore)

    def show_value(self, value: Any) -> None:
        """Show what holds; text that is being typed is left alone as long as it holds."""
        if not self._is_set or value != self._value:
            self._value, self._is_set = value, True
            self._restore()

    @property
    def value(self) -> Any:
        """What holds."""
        return self._value

    @property
    def is_wrong(self) -> bool:
        """Whether the text is marked as one that cannot be taken."""
        return not self.error.isHidden()

    @Slot()
    def _restore(self) -> None:
        self.line.setText(self._write(self._value))
        self.line.setCursorPosition(0)
        self._mark("")

    @Slot()
    def _on_edited(self) -> None:
        self._mark("")

    @Slot()
    def _on_finished(self) -> None:
        if not self.line.isModified():
            return
        try:
            value = self._read(self.line.text())
        except ValueError as error:
            self._mark(str(error))
            return
        is_new = value != self._value
        self._value = value
        self._restore()
        if is_new:
            self.entered.emit(self._key, value)

    def _mark(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))
        self.line.setAccessibleDescription(sentence)
        if bool(self.line.property("wrong")) != bool(sentence):
            self.line.setProperty("wrong", bool(sentence))
            self.line.style().unpolish(self.line)
            self.line.style().polish(self.line)
        if sentence:
            self._soon.start()

    @Slot()
    def _show_error(self) -> None:
        """Bring the sentence into view where the form is scrolled."""
        parent = self.parentWidget()
        while parent is not None and not isinstance(parent, QScrollArea):
            parent = parent.parentWidget()
        if parent is not None and self.is_wrong:
            parent.ensureWidgetVisible(self, 0, theme.GAP)


class ColorField(CheckedField):
    """Red, green and blue as they are typed, with the colour beside them."""

    def __init__(self, name: str, key: str, read: Callable[[str], Any], write: Callable[[Any], str]) -> None:
        super().__init__(name, key, read, write)
        self._swatch = Swatch()
        self.row.addWidget(self._swatch)

    def show_value(self, value: Any) -> None:
        super().show_value(value)
        self._swatch.show_color(QColor(*value))

    @Slot()
    def _on_finished(self) -> None:
        super()._on_finished()
        self._swatch.show_color(QColor(*self._value))


class Swatch(QWidget):
    """A colour."""

    def __init__(self) -> None:
        super().__init__()
        self._color = QColor()
        self.setFixedSize(SWATCH, SWATCH)

    def show_color(self, color: QColor) -> None:
        self._color = color
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._color)
        painter.setPen(QPen(theme.color("bar"), 1))
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.SMALL_RADIUS, theme.SMALL_RADIUS
        )
