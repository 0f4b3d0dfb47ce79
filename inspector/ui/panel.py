"""What all panels have in common: they read the session, draw only when seen, and keep their mistakes to themselves."""

from __future__ import annotations

import logging
from dataclasses import fields
from typing import ClassVar

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QHideEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from inspector.ui import theme
from inspector.ui.lines import Sentence
from inspector.ui.pictures import Pictured
from inspector.ui.session import Session, View

log = logging.getLogger(__name__)

FIELDS = tuple(each.name for each in fields(View))
COLORS = frozenset({"colormap", "scaling", "limits", "is_locked"})  # of the view: how numbers become colors
WALL = COLORS | {"order", "reduction", "strongest"}  # and how the wall lays them out
DIM_AFTER_MS = 200  # a run that is shorter changes the picture without a flicker


class Page(QWidget):
    """A sentence in place of a panel's content: what will be here, and how to get it."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = Sentence()
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton()
        self.button.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.GROUP, theme.MARGIN, theme.GROUP, theme.MARGIN)
        layout.setSpacing(theme.MARGIN)
        layout.addStretch(1)
        layout.addWidget(self.sentence)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)

    def show_below(self, widget: QWidget) -> None:
        """Take a widget in below the sentence, until another layout takes it."""
        layout = self.layout()
        if widget.parentWidget() is not self and layout is not None:
            layout.addWidget(widget)

    def say(self, sentence: str, button: str = "") -> None:
        if (sentence, button) != (self.sentence.text(), self.button.text()):
            self.sentence.setText(sentence)
            self.button.setText(button)
            self.button.setVisible(bool(button))


def panel_of(widget: QWidget | None) -> Panel | None:
    """Return the panel that a widget is in."""
    while widget is not None and not isinstance(widget, Panel):
        widget = widget.parentWidget()
    return widget


class Panel(QWidget):
    """A part of the window that shows one aspect of the session.

    Subclasses build their widgets on ``self.body`` in ``__init__`` and show the session in ``draw``, which must work on
    any session, also on an empty one. A hidden panel holds nothing and draws nothing; it catches up when shown.

    Attributes:
        title: On its tab.
        dock_name: The object name of its dock, by which a saved layout finds it.
        icon_name: Of a file in ``resources/icons``.
        area: Where it docks at first.
        follows_view: What it shows depends on the layer, channel, element or colors that were chosen.
        ignores: Fields of the view on which it does not depend.
        readout: What is under the cursor, for the status bar: a tuple of (label, value) pairs, empty when nothing is.
        menu_wanted: The menu of a ``Pictured`` (None for none) is wanted, at that place of the screen.
    """

    title: ClassVar[str] = ""
    dock_name: ClassVar[str] = ""
    icon_name: ClassVar[str] = ""
    area: ClassVar[Qt.DockWidgetArea] = Qt.DockWidgetArea.LeftDockWidgetArea
    follows_view: ClassVar[bool] = True
    ignores: ClassVar[frozenset[str]] = frozenset()
    readout = Signal(object)
    menu_wanted = Signal(object, QPoint)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.body = QWidget()
        self._page = Page()
        self._page.button.clicked.connect(self._follow_page)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.body)
        self._stack.addWidget(self._page)
        self._is_stale = True
        self._view = session.view  # as it was last heard of
        self._says = ""
        self._dim_timer = QTimer(self, singleShot=True, interval=DIM_AFTER_MS)
        self._dim_timer.timeout.connect(self._dim_now)
        self.setAccessibleName(self.title)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        for changed in (
            session.model_changed,
            session.prediction_changed,
            session.run_changed,
            session.reference_changed,
        ):
            changed.connect(self.refresh)
        if self.follows_view:
            session.view_changed.connect(self._on_view)
        session.busy_changed.connect(self._on_busy)

    # ---------------------------------------------------------------- for subclasses

    def draw(self) -> None:
        """Show the session."""
        raise NotImplementedError

    def say(self, sentence: str, button: str = "") -> None:
        """Show this sentence instead of the content; to be called from ``draw``.

        Args:
            sentence: What will be here and how to get it, as plain text.
            button: What ``page_action`` does, in two or three words; empty for no button.
        """
        self._says = sentence
        self._page.say(sentence, button)

    def page_action(self) -> None:
        """Do what the page's button offers."""

    def forget(self) -> None:
        """Let go of what belongs to a run: the panel is hidden, and one array keeps the memory of a whole run."""

    def set_dimmed(self, is_dimmed: bool) -> None:
        """Show that pictures are about to be replaced."""

    def pictured(self, at: QPoint | None) -> Pictured | None:
        """Return what can be copied, saved or dragged away.

        Args:
            at: A place of the panel; None for what is selected.

        Returns:
            None where there is nothing.
        """
        return None

    # ---------------------------------------------------------------- drawing

    @Slot()
    def _on_view(self) -> None:
        """Draw, unless all that changed does not matter here. With no change, something was worked out for the view."""
        last, self._view = self._view, self.session.view
        changed = {name for name in FIELDS if getattr(last, name) != getattr(self._view, name)}
        if not changed or changed - self.ignores:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Draw now if the panel is seen, else when it is."""
        if not self.is_seen():
            self._is_stale = True
            return
        self._is_stale = False
        self._says = ""
        try:
            self.draw()
        except Exception:
            log.exception("The panel %s could not draw.", self.title)
            self.say(f"{self.title} could not be shown. This is a mistake in the program; the log has the details.")
        self._stack.setCurrentWidget(self._page if self._says else self.body)

    def is_seen(self) -> bool:
        """Whether any of it can be seen: of docks that share a place Qt calls all visible, and hides all but one."""
        return self.isVisible() and not self.visibleRegion().isEmpty()

    @Slot()
    def catch_up(self) -> None:
        """Draw what has changed while it was not seen."""
        if self._is_stale and self.is_seen():
            self.refresh()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._is_stale:  # it comes into sight without being shown: its tab was chosen
            QTimer.singleShot(0, self.catch_up)

    @property
    def message(self) -> str:
        """The sentence shown in place of the content; empty while the content is shown."""
        return self._says

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():  # a minimized window still shows its panels
            self._is_stale = True
            self.forget()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._is_stale = True
            if self.isVisible():
                self.refresh()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        self.menu_wanted.emit(self.pictured(event.pos() if by_mouse else None), event.globalPos())

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 100)

    # ---------------------------------------------------------------- while a run is on

    @Slot()
    def _on_busy(self) -> None:
        if self.session.busy:
            if not self._dim_timer.isActive():
                self._dim_timer.start()
        else:
            self._dim_timer.stop()
            self.set_dimmed(False)
        if self._says:  # what is missing may be on its way now, or not any more
            self.refresh()

    @Slot()
    def _dim_now(self) -> None:
        self.set_dimmed(bool(self.session.busy))

    @Slot()
    def _follow_page(self) -> None:
        self.page_action()
