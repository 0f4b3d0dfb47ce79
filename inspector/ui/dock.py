"""A dock for one panel: its title as a tab, a frame round it, and tabs alone where docks share a place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QMenu, QSizePolicy, QTabBar, QToolButton, QWidget

from inspector.ui import icons, theme


class Dock(QDockWidget):
    """Holds one panel.

    Args:
        name: Under which the layout is remembered.
    """

    def __init__(self, title: str, name: str, window: QMainWindow) -> None:
        super().__init__(title, window)
        self.setObjectName(name)
        self.setContentsMargins(1, 1, 1, 1)
        self._title = DockTitle(self)
        self._no_title = QWidget(self)
        self._no_title.hide()
        self.setTitleBarWidget(self._title)

        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)

    def grow(self) -> None:
        """Take what width the window gains; the others keep theirs."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def show_title(self, shown: bool) -> None:
        """Show the title, or leave the place to the strip of tabs."""
        wanted = self._title if shown else self._no_title
        if self.titleBarWidget() is not wanted:
            self.setTitleBarWidget(wanted)
            self._title.setVisible(shown)

    @Slot()
    def float_it(self) -> None:
        """Take the dock out of the window."""
        self.setFloating(True)

    def has_title(self) -> bool:
        return self.titleBarWidget() is self._title

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("panel"))
        painter.setPen(theme.color("border"))
        # Under a strip of tabs the upper line is left out, so that the chosen tab and its panel are one.
        above = 0 if self.has_title() else -1
        painter.drawRect(self.rect().adjusted(0, above, -1, -1))


class DockTitle(QWidget):
    """The title bar of a dock that has its place alone; drag it to move the dock, double-click it to float it."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self._dock = dock
        self._text_width = 0  # asked for often, by every layout of the window
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._float = _TitleButton("float", f"Float {dock.windowTitle()}", self)
        self._float.clicked.connect(self._toggle_floating)
        self._close = _TitleButton("close", f"Close {dock.windowTitle()}", self)
        self._close.clicked.connect(dock.close)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 6, 1)
        layout.setSpacing(0)
        layout.addStretch(1)
        layout.addWidget(self._float)
        layout.addWidget(self._close)
        dock.topLevelChanged.connect(self._name_button)

    def sizeHint(self) -> QSize:
        return QSize(self._tab_width() + 64, theme.TITLE_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(64, theme.TITLE_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("window"))
        line = self.height() - 1
        painter.fillRect(0, line, self.width(), 1, theme.color("border"))
        tab = QRect(0, 0, min(self._tab_width(), self.width() - 56), self.height())
        painter.fillRect(tab, theme.color("panel"))
        painter.fillRect(tab.right(), 0, 1, self.height(), theme.color("border"))
        painter.setFont(theme.font(bold=True))
        painter.setPen(theme.color("text"))
        inner = tab.adjusted(theme.MARGIN, 0, -theme.SPACING, 0)
        text = painter.fontMetrics().elidedText(self._dock.windowTitle(), Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._text_width = 0
            self.updateGeometry()
            self.update()

    def _tab_width(self) -> int:
        if not self._text_width:
            self._text_width = QFontMetrics(theme.font(bold=True)).horizontalAdvance(self._dock.windowTitle())
        return self._text_width + 2 * theme.MARGIN + 2

    @Slot()
    def _toggle_floating(self) -> None:
        self._dock.setFloating(not self._dock.isFloating())

    @Slot(bool)
    def _name_button(self, floating: bool) -> None:
        self._float.setToolTip(f"{'Dock' if floating else 'Float'} {self._dock.windowTitle()}")


class _TitleButton(QToolButton):
    """A small icon that is muted until the pointer is on it."""

    def __init__(self, icon: str, tooltip: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = icon
        self.setToolTip(tooltip)
        self.setAccessibleName(tooltip)
        self.setFixedSize(22, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        lively = self.underMouse() or self.hasFocus()
        if self.isDown() or lively:
            painter.fillRect(self.rect(), theme.color("raised"))
        if self.hasFocus():
            painter.fillRect(0, self.height() - 2, self.width(), 2, theme.color("accent"))
        color = theme.color("text" if lively else "muted")
        picture = icons.pixmap(self._icon, 14, color, self.devicePixelRatioF())
        painter.drawPixmap((self.width() - 14) // 2, (self.height() - 14) // 2, picture)


class TitleKeeper(QObject):
    """Gives each dock its title, or none while it shares a place and the tabs name it.

    It also makes the tabs behave as titles do: a double-click floats the dock, the context menu floats or closes it.
    """

    def __init__(self, window: QMainWindow, docks: tuple[Dock, ...]) -> None:
        super().__init__(window)
        self._window = window
        self._docks = docks
        # Docks move in several steps, each with a signal: look once, when all is in place.
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.keep)
        for dock in docks:
            dock.dockLocationChanged.connect(self._timer.start)
            dock.topLevelChanged.connect(self._timer.start)
            dock.visibilityChanged.connect(self._timer.start)
        window.tabifiedDockWidgetActivated.connect(self._timer.start)

    @Slot()
    def keep(self) -> None:
        """Set every title to what the layout is now."""
        for dock in self._docks:
            shared = any(not other.isHidden() for other in self._window.tabifiedDockWidgets(dock))
            dock.show_title(dock.isFloating() or not shared)
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setExpanding(False)
            bar.setDrawBase(False)
            if bar.count() > 1 and bar.isHidden():
                bar.show()  # Qt forgets this for docks that are put together before the window has settled
            bar.removeEventFilter(self)
            bar.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(watched, QTabBar):
            return False
        if event.type() == QEvent.Type.MouseButtonDblClick and isinstance(event, QMouseEvent):
            dock = self._dock_at(watched, watched.tabAt(event.position().toPoint()))
            if dock is not None:
                dock.setFloating(True)
                return True
        if event.type() == QEvent.Type.ContextMenu and isinstance(event, QContextMenuEvent):
            dock = self._dock_at(watched, watched.tabAt(event.pos()))
            if dock is not None:
                self._ask(dock, event)
                return True
        return False

    def _dock_at(self, bar: QTabBar, index: int) -> Dock | None:
        title = bar.tabText(index).replace("&", "")
        return next((dock for dock in self._docks if dock.windowTitle() == title), None)

    def _ask(self, dock: Dock, event: QContextMenuEvent) -> None:
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        float_it = menu.addAction(icons.icon("float", 16), f"Float {dock.windowTitle()}")
        menu.addAction(icons.icon("close", 16), f"Close {dock.windowTitle()}").triggered.connect(dock.close)
        float_it.triggered.connect(dock.float_it)
        menu.popup(event.globalPos())
