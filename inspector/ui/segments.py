"""A choice of a few, all seen side by side: ``curves | image``."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from inspector.ui import theme
from inspector.ui.text import tooltip


class Segments(QWidget):
    """Buttons of which one is pressed.

    Args:
        name: What is chosen, for who cannot see it.
        options: Value and text of each.

    Signals:
        chosen: The value that the user chose.
    """

    chosen = Signal(str)

    def __init__(self, name: str, options: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        self._values: list[str] = []
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for value, text in options:
            button = QToolButton()
            button.setText(text)
            button.setAccessibleName(f"{name}: {text}")
            button.setCheckable(True)
            button.setFixedHeight(theme.CONTROL_HEIGHT)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._group.addButton(button, len(self._values))
            self._values.append(value)
            layout.addWidget(button)
        self._group.buttonClicked.connect(self._choose)

    def choose(self, value: str) -> None:
        """Show that one as chosen, without telling anybody."""
        self.button(value).setChecked(True)

    def explain(self, value: str, sentence: str, is_possible: bool = True) -> None:
        """Say in a tooltip what a choice shows, or why it cannot be chosen."""
        button = self.button(value)
        button.setToolTip(tooltip(*sentence.split("\n")))
        button.setEnabled(is_possible)

    def button(self, value: str) -> QAbstractButton:
        """Return the button of a value."""
        return self._group.button(self._values.index(value))

    @Slot(QAbstractButton)
    def _choose(self, button: QAbstractButton) -> None:
        self.chosen.emit(self._values[self._group.id(button)])
