"""Where the panels stand: their docks, the first arrangement, the one of the last time, and the window's place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QObject, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from inspector.ui import theme
from inspector.ui.dock import Dock, TitleKeeper
from inspector.ui.panel import Panel
from inspector.ui.settings import LAYOUT_VERSION, Settings

COMPACT = 1_440  # below this width the side panels are narrower, and Kernels is a tab beside Output
CRAMPED = 1_180  # below this width the side panels give up more of theirs
OUTPUT_HEIGHT = 346  # the answer, five bars, the search, in two lines how it was read, and the control for that
WIDE = 1_760  # from this width on the layers have room for all usual columns
PREFERRED = QSize(1_600, 1_000)
STARTED_WELL_AFTER_MS = 5_000
BELOW = "channel"  # the panel that stands under the feature maps where there is room
_WIDEST = 16_777_215  # as Qt says "no limit"
_EDGES = (
    Qt.ToolBarArea.TopToolBarArea,
    Qt.ToolBarArea.BottomToolBarArea,
    Qt.ToolBarArea.LeftToolBarArea,
    Qt.ToolBarArea.RightToolBarArea,
)


class DockLayout(QObject):
    """Docks the panels in a window, and what stands in the middle while none is docked.

    Args:
        panels: Layers, feature maps, input, output and kernels; further ones become tabs beside the feature maps,
            ``BELOW`` under them where there is room.
        welcome: Stands in the middle until ``show_work``.

    Attributes:
        docks: One per panel, in their order.
        is_shown: Whether the panels have taken the place of the welcome page.
        all_closed: Stands in the middle when every panel is closed or floats.
        changed: The panels have been shown for the first time.
    """

    changed = Signal()

    def __init__(self, window: QMainWindow, panels: Sequence[Panel], welcome: QWidget, settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._started_badly = settings.values.starting
        self.is_shown = False
        window.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.setDocumentMode(True)
        self.docks = tuple(self._dock(panel) for panel in panels)
        self._titles = TitleKeeper(window, self.docks)
        self.all_closed = AllClosed()
        self.all_closed.button.clicked.connect(self.reset)
        self._center = QStackedWidget()
        self._center.addWidget(welcome)
        self._center.addWidget(self.all_closed)
        window.setCentralWidget(self._center)
        self._well_timer = QTimer(self, singleShot=True, interval=STARTED_WELL_AFTER_MS)
        self._well_timer.timeout.connect(self._on_started_well)
        for dock in self.docks:
            dock.hide()
            dock.visibilityChanged.connect(self._on_docks)

    def _dock(self, panel: Panel) -> Dock:
        dock = Dock(panel.title, panel.dock_name, self._window)
        dock.setWidget(panel)
        if panel.dock_name == "feature_maps":
            dock.grow()
        self._window.addDockWidget(panel.area, dock)
        return dock

    def panel(self, dock: QDockWidget) -> Panel:
        """Return the panel in a dock."""
        widget = dock.widget()
        assert isinstance(widget, Panel)
        return widget

    def dock(self, name: str) -> Dock:
        """Return the dock of that object name."""
        return next(dock for dock in self.docks if dock.objectName() == name)

    # ---------------------------------------------------------------- arrangements

    def show_work(self) -> None:
        """Leave the welcome page for the panels, as they were left the last time."""
        if self.is_shown:
            return
        self.is_shown = True
        self._center.setCurrentWidget(self.all_closed)
        self._center.hide()
        layout = self._settings.values.layout
        if not layout or self._started_badly or not self._restore(layout):
            self.arrange()
        self._titles.keep()
        self._on_docks()
        self.changed.emit()

    def _restore(self, layout: bytes) -> bool:
        """Bring the docks to a stored layout; Qt may end the process over a bad one, so the attempt is noted first."""
        self._settings.change(starting=True)
        self._well_timer.start()
        return self._window.restoreState(QByteArray(layout), LAYOUT_VERSION)

    @Slot()
    def _on_started_well(self) -> None:
        self._settings.change(starting=False)

    def save(self) -> None:
        """Remember this layout and the window's place for the next start; this start has ended well."""
        self._well_timer.stop()
        changes: dict[str, object] = {"starting": False, "geometry": bytes(self._window.saveGeometry().data())}
        if self.is_shown:
            changes["layout"] = bytes(self._window.saveState(LAYOUT_VERSION).data())
        self._settings.change(**changes)

    @Slot()
    def reset(self) -> None:
        """Go back to the first arrangement."""
        self._center.hide()
        self.arrange()

    def arrange(self) -> None:
        """Put the docks where they are at first, with sizes for this window."""
        window = self._window
        layers, maps, seen, output, kernels, *beside = self.docks
        for dock in self.docks:
            dock.setFloating(False)
            window.removeDockWidget(dock)
        # All in one area: Qt shares a window's growth among areas as it likes, but within one as the docks ask.
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, layers)
        window.splitDockWidget(layers, maps, Qt.Orientation.Horizontal)
        window.splitDockWidget(maps, seen, Qt.Orientation.Horizontal)
        window.splitDockWidget(seen, output, Qt.Orientation.Vertical)
        window.splitDockWidget(output, kernels, Qt.Orientation.Vertical)
        for dock in beside:
            window.splitDockWidget(maps, dock, Qt.Orientation.Vertical)
        for dock in self.docks:
            dock.show()
        is_compact = window.width() < COMPACT
        for dock in beside:
            if is_compact or dock.objectName() != BELOW:
                window.tabifyDockWidget(maps, dock)
        maps.raise_()
        if is_compact:
            window.tabifyDockWidget(output, kernels)  # only now: Qt shows no tabs for docks that were hidden
            output.raise_()
        self._size_docks(is_compact)
        self._titles.keep()

    def _size_docks(self, is_compact: bool) -> None:
        window = self._window
        layers, maps, seen, output, kernels, *_ = self.docks
        narrow, side = (360, 340) if is_compact else (600 if window.width() >= WIDE else 572, 392)
        if window.width() < CRAMPED:
            narrow, side = 336, 300
        middle = max(200, window.width() - narrow - side - 4 * theme.GAP)
        window.resizeDocks([layers, maps, seen], [narrow, middle, side], Qt.Orientation.Horizontal)
        height = window.height() - theme.MENU_HEIGHT - theme.TOOL_BAR_HEIGHT - theme.STATUS_HEIGHT - 4 * theme.GAP
        if is_compact:
            window.resizeDocks([seen, output], [height * 45 // 100, height * 55 // 100], Qt.Orientation.Vertical)
        else:
            others = height - OUTPUT_HEIGHT
            heights = [others * 47 // 100, OUTPUT_HEIGHT, others * 53 // 100]
            window.resizeDocks([seen, output, kernels], heights, Qt.Orientation.Vertical)
            below = [dock for dock in self.docks if dock.objectName() == BELOW]
            window.resizeDocks(
                [maps, *below], [height * 56 // 100, height * 44 // 100][: 1 + len(below)], Qt.Orientation.Vertical
            )

    @Slot()
    def _on_docks(self) -> None:
        """Where every panel is closed or floats, the middle says how to get them back."""
        if self.is_shown:
            self._center.setVisible(all(dock.isHidden() or dock.isFloating() for dock in self.docks))


class AllClosed(QWidget):
    """What stands in the middle when every panel is closed."""

    def __init__(self) -> None:
        super().__init__()
        text = QLabel("Every panel is closed. They come back one by one in View > Panels, or all together here.")
        text.setForegroundRole(text.foregroundRole().PlaceholderText)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text.setWordWrap(True)
        self.button = QPushButton("Show all panels")
        lines = QVBoxLayout(self)
        lines.setSpacing(theme.MARGIN)
        lines.addStretch(1)
        lines.addWidget(text)
        lines.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        lines.addStretch(1)


# ---------------------------------------------------------------- round the docks


class Edge(QToolBar):
    """A strip of nothing between the docks and the window's edge, as wide as between two docks."""

    def __init__(self, number: int, parent: QWidget) -> None:
        super().__init__("", parent)
        self.setObjectName(f"edge_{number}")
        self.setProperty("edge", True)
        self.setMovable(False)
        self.setFloatable(False)
        self.toggleViewAction().setVisible(False)
        self.setMinimumSize(theme.GAP, theme.GAP)
        self.setMaximumSize(theme.GAP if number > 1 else _WIDEST, theme.GAP if number < 2 else _WIDEST)

    def sizeHint(self) -> QSize:
        return QSize(theme.GAP, theme.GAP)


def add_edges(window: QMainWindow) -> None:
    """Keep the docks off the window's four sides; call it when the tool bar is there."""
    for side, area in enumerate(_EDGES):
        if area == Qt.ToolBarArea.TopToolBarArea:
            window.addToolBarBreak(area)
        window.addToolBar(area, Edge(side, window))


# ---------------------------------------------------------------- the window on the screen


def place(window: QWidget, stored: bytes) -> None:
    """Give the window its stored place, or a good one; never one that lies outside of every screen."""
    if not window.restoreGeometry(QByteArray(stored)):
        room = QGuiApplication.primaryScreen().availableGeometry()
        window.resize(PREFERRED.boundedTo(QSize(room.width() * 94 // 100, room.height() * 90 // 100)))
        window.move(room.center() - window.rect().center())
    if not window.isMaximized() and not window.isFullScreen():
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        window.setGeometry(clamped(window.geometry(), screens))


def clamped(wanted: QRect, screens: Sequence[QRect]) -> QRect:
    """Return the place of a window, moved and shrunk so that it lies within one screen."""
    if not screens:
        return wanted
    seen = [(wanted.intersected(screen).width() * wanted.intersected(screen).height(), screen) for screen in screens]
    area, best = max(seen, key=lambda pair: pair[0])
    screen = best if area > 0 else screens[0]
    size = wanted.size().boundedTo(screen.size())
    left = min(max(wanted.left(), screen.left()), screen.right() + 1 - size.width())
    top = min(max(wanted.top(), screen.top()), screen.bottom() + 1 - size.height())
    return QRect(left, top, size.width(), size.height())
