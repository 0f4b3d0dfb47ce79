"""The line across the top of the window for what must not be overlooked: the model runs on something else."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolBar, QToolButton, QWidget

from inspector.ui import icons, theme
from inspector.ui.session import Session
from inspector.ui.status_line import Line, Part
from inspector.ui.text import shown, tooltip

TINT = 0.16  # of the warning's colour over the panel's
HEIGHT = 32


class Banner(QToolBar):
    """Says why the model does not run on what was asked for, until the user dismisses it or it does.

    It is a tool bar, since that is what a window lays out above its panels.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__("", parent)
        self._session = session
        self._note = ""
        self._dismissed = ""  # the sentence that the user has read
        self.setObjectName("banner")
        self.setProperty("edge", True)
        self.setMovable(False)
        self.setFloatable(False)
        self.toggleViewAction().setVisible(False)
        self.setFixedHeight(HEIGHT)
        self.line = Line()
        self.line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.dismiss = QToolButton()
        self.dismiss.setIcon(icons.icon("close", 14, "text"))
        self.dismiss.setIconSize(QSize(14, 14))
        self.dismiss.setFixedSize(theme.TOOL_HEIGHT, theme.TOOL_HEIGHT)
        self.dismiss.setToolTip("Dismiss")
        self.dismiss.setAccessibleName("Dismiss")
        self.dismiss.clicked.connect(self._dismiss)
        self._strip = Strip(self.line, self.dismiss, self)
        session.busy_changed.connect(self.look)  # as soon as the sessions of a model are made
        self.look()

    def sizeHint(self) -> QSize:
        return QSize(2 * HEIGHT, HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._strip.setGeometry(self.rect())  # without the margins that a tool bar gives to what is in it

    @Slot()
    def look(self) -> None:
        """Show what there is to say now; until the next model is ready that is what held for the last one."""
        ready = self._session.ready
        if ready is not None:
            self._note = ready.note
        if not self._note:  # it runs where it should: a later warning is news
            self._dismissed = ""
        self.line.show_parts([Part(shown(self._note), role="warning", icon="warning")] if self._note else [])
        self._strip.setToolTip(tooltip(self._note))
        self.setVisible(self._note != self._dismissed)

    @Slot()
    def _dismiss(self) -> None:
        self._dismissed = self._note
        self.look()


class Strip(QWidget):
    """The tinted ground under a sentence and its button."""

    def __init__(self, line: Line, button: QToolButton, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GAP + theme.MARGIN, 0, theme.GAP, 1)
        row.setSpacing(theme.SPACING)
        row.addWidget(line, 1)
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = theme.tokens()
        painter.fillRect(self.rect(), theme.blend(tokens.warning, tokens.panel, TINT))
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.color("border"))
