"""The line across the top of the window while the network is not the file's, with the way back."""

from __future__ import annotations

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolBar, QToolButton, QWidget

from inspector.ui import theme
from inspector.ui.banner import HEIGHT, Strip
from inspector.ui.session import Session
from inspector.ui.status_line import Line, Part
from inspector.ui.text import shown, tooltip


class EditBanner(QToolBar):
    """Says what of the network was changed as long as it is."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__("", parent)
        self._session = session
        self.setObjectName("edit_banner")
        self.setProperty("edge", True)
        self.setMovable(False)
        self.setFloatable(False)
        self.toggleViewAction().setVisible(False)
        self.setFixedHeight(HEIGHT)
        self.line = Line()
        self.line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.reset = QToolButton()
        self.reset.setText("Reset")
        self.reset.setFixedHeight(theme.TOOL_HEIGHT)
        self.reset.setToolTip(tooltip("Give the network back what its file says; undo brings the changes back"))
        self.reset.clicked.connect(session.editing.reset)
        self._strip = Strip(self.line, self.reset, self)
        session.editing.changed.connect(self.look)
        self.look()

    def sizeHint(self) -> QSize:
        return QSize(2 * HEIGHT, HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._strip.setGeometry(self.rect())

    @Slot()
    def look(self) -> None:
        """Show what is changed now."""
        sentence = self._session.editing.sentence
        self.line.show_parts([Part(shown(sentence), role="warning", icon="warning")] if sentence else [])
        self.setVisible(bool(sentence))
