"""The window: docks the panels, fills the menus, takes dropped files, shows what went wrong."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QEvent, QObject, QRect, QSize, Qt, QTimer, Slot
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDockWidget,
    QFileDialog,
    QGraphicsView,
    QLabel,
    QMainWindow,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from inspector import render
from inspector.analysis import feature_maps
from inspector.graph.model import Array
from inspector.graph.preprocessing import Preprocessing
from inspector.ui import dialogs, exporting, theme
from inspector.ui.actions import ACTIONS, MENUS, Action, Choice, ChoiceMenu, Command, PanelToggles, Rule
from inspector.ui.dock import Dock, TitleKeeper
from inspector.ui.drops import (
    PICTURE_ENDINGS,
    DropOverlay,
    Dropped,
    dropped,
    holds_files,
    promise,
    sort_files,
)
from inspector.ui.panel import Panel
from inspector.ui.panels.feature_maps import FeatureMapsPanel
from inspector.ui.panels.input import InputPanel
from inspector.ui.panels.kernels import KernelsPanel
from inspector.ui.panels.layers import LayersPanel
from inspector.ui.panels.output import OutputPanel
from inspector.ui.session import Failure, Session
from inspector.ui.settings import LAYOUT_VERSION, Settings
from inspector.ui.status import StatusBar
from inspector.ui.text import file_name
from inspector.ui.theme import THEMES, Theme
from inspector.ui.toolbar import ToolBar
from inspector.ui.welcome import Welcome

PANELS: tuple[type[Panel], ...] = (LayersPanel, FeatureMapsPanel, InputPanel, OutputPanel, KernelsPanel)

COMPACT = 1_440  # below this width the side panels are narrower, and Kernels is a tab beside Output
CRAMPED = 1_180  # below this width the side panels give up more of theirs
OUTPUT_HEIGHT = 264  # the answer, five bars and what follows them
SMALLEST = QSize(960, 560)
PREFERRED = QSize(1_600, 1_000)
STARTED_WELL_AFTER_MS = 5_000
_EDGES = (
    Qt.ToolBarArea.TopToolBarArea,
    Qt.ToolBarArea.BottomToolBarArea,
    Qt.ToolBarArea.LeftToolBarArea,
    Qt.ToolBarArea.RightToolBarArea,
)
_SETTINGS_CHOICES = ("Theme", "Colormap", "Limits", "Preprocessing")
_ARROWS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right)


class MainWindow(QMainWindow):
    """The program's window.

    Args:
        settings: Where the layout and the recent files are kept; by default nowhere.
    """

    def __init__(self, session: Session, settings: Settings | None = None) -> None:
        super().__init__()
        self.session = session
        self.settings = settings or Settings(None)
        self._started_badly = self.settings.values.starting
        self._shows_work = False
        self._remembered = ("", "")
        self._labels_file = ""
        self._labels_waiting = ""
        self._recipe_waiting: Preprocessing | None = None
        self._export: exporting.ExportJob | None = None
        self.setAcceptDrops(True)
        self.setMinimumSize(SMALLEST)
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setDocumentMode(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.docks = tuple(self._dock(panel) for panel in PANELS)
        self._titles = TitleKeeper(self, self.docks)
        self._commands: dict[str, Command] = {}
        self._fill_menus()
        self._tool_bar = ToolBar(session, self.settings, self.command, self._settings_menu(), self)
        self._tool_bar.model_wanted.connect(self.ask_model)
        self.addToolBar(self._tool_bar)
        for side, area in enumerate(_EDGES):
            if area == Qt.ToolBarArea.TopToolBarArea:
                self.addToolBarBreak(area)
            self.addToolBar(area, Edge(side, self))
        self.status = StatusBar(session)
        self.status.details_asked.connect(self._show_details)
        self.setStatusBar(self.status)
        self._welcome = Welcome(session, self.settings)
        self._welcome.model_wanted.connect(self.ask_model)
        self._welcome.picture_wanted.connect(self.ask_pictures)
        self._welcome.files_wanted.connect(self.open_files)
        self._all_closed = AllClosed()
        self._all_closed.button.clicked.connect(self.reset_layout)
        self._center = QStackedWidget()
        self._center.addWidget(self._welcome)
        self._center.addWidget(self._all_closed)
        self.setCentralWidget(self._center)
        self._overlay = DropOverlay(self)
        self._well_timer = QTimer(self, singleShot=True, interval=STARTED_WELL_AFTER_MS)
        self._well_timer.timeout.connect(self._on_started_well)
        for dock in self.docks:
            dock.hide()
            dock.visibilityChanged.connect(self._on_docks)
        self._connect_session()
        self._leave_drops_to_window()
        self._place()
        self._on_model()
        self.refresh_actions()
        self.setFocus()  # not on the first field: a ring belongs where someone has gone with the keyboard

    def _connect_session(self) -> None:
        session = self.session
        session.model_changed.connect(self._on_model)
        session.prediction_changed.connect(self._on_prediction)
        for signal in (
            session.model_changed,
            session.prediction_changed,
            session.run_changed,
            session.view_changed,
            session.busy_changed,
        ):
            signal.connect(self.refresh_actions)
        for dock in self.docks:
            self.panel(dock).readout.connect(self.status.show_readout)

    # ---------------------------------------------------------------- docks

    def _dock(self, panel: type[Panel]) -> Dock:
        dock = Dock(panel.title, panel.dock_name, self)
        dock.setWidget(panel(self.session))
        if panel is FeatureMapsPanel:
            dock.grow()
        self.addDockWidget(panel.area, dock)
        return dock

    def panel(self, dock: QDockWidget) -> Panel:
        """Return the panel in a dock."""
        widget = dock.widget()
        assert isinstance(widget, Panel)
        return widget

    def dock(self, name: str) -> Dock:
        """Return the dock of that object name."""
        return next(dock for dock in self.docks if dock.objectName() == name)

    def _show_work(self) -> None:
        """Leave the welcome page for the panels, as they were left the last time."""
        self._shows_work = True
        self._center.setCurrentWidget(self._all_closed)
        self._center.hide()
        layout = self.settings.values.layout
        if not layout or self._started_badly or not self._restore(layout):
            self.arrange()
        self._titles.keep()
        self._on_docks()

    def _restore(self, layout: bytes) -> bool:
        """Bring the docks to a stored layout; Qt may end the process over a bad one, so the attempt is noted first."""
        self.settings.change(starting=True)
        self._well_timer.start()
        return self.restoreState(QByteArray(layout), LAYOUT_VERSION)

    @Slot()
    def _on_started_well(self) -> None:
        self.settings.change(starting=False)

    def arrange(self) -> None:
        """Put the docks where they are at first, with sizes for this window."""
        layers, maps, seen, output, kernels = (self.dock(panel.dock_name) for panel in PANELS)
        for dock in self.docks:
            dock.setFloating(False)
            self.removeDockWidget(dock)
        # All in one area: Qt shares a window's growth among areas as it likes, but within one as the docks ask.
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, layers)
        self.splitDockWidget(layers, maps, Qt.Orientation.Horizontal)
        self.splitDockWidget(maps, seen, Qt.Orientation.Horizontal)
        self.splitDockWidget(seen, output, Qt.Orientation.Vertical)
        self.splitDockWidget(output, kernels, Qt.Orientation.Vertical)
        for dock in self.docks:
            dock.show()
        is_compact = self.width() < COMPACT
        if is_compact:
            self.tabifyDockWidget(output, kernels)  # only now: Qt shows no tabs for docks that were hidden
            output.raise_()
        self._size_docks(is_compact)
        self._titles.keep()

    def _size_docks(self, is_compact: bool) -> None:
        layers, maps, seen, output, kernels = (self.dock(panel.dock_name) for panel in PANELS)
        narrow, side = (360, 340) if is_compact else (572, 392)
        if self.width() < CRAMPED:
            narrow, side = 336, 300
        middle = max(200, self.width() - narrow - side - 4 * theme.GAP)
        self.resizeDocks([layers, maps, seen], [narrow, middle, side], Qt.Orientation.Horizontal)
        height = self.height() - theme.MENU_HEIGHT - theme.TOOL_BAR_HEIGHT - theme.STATUS_HEIGHT - 4 * theme.GAP
        if is_compact:
            self.resizeDocks([seen, output], [height * 45 // 100, height * 55 // 100], Qt.Orientation.Vertical)
        else:
            others = height - OUTPUT_HEIGHT
            heights = [others * 47 // 100, OUTPUT_HEIGHT, others * 53 // 100]
            self.resizeDocks([seen, output, kernels], heights, Qt.Orientation.Vertical)

    @Slot()
    def reset_layout(self) -> None:
        """Go back to the first arrangement."""
        self._center.hide()
        self.arrange()

    @Slot()
    def _on_docks(self) -> None:
        """Where every panel is closed or floats, the middle says how to get them back."""
        if self._shows_work:
            self._center.setVisible(all(dock.isHidden() or dock.isFloating() for dock in self.docks))

    # ---------------------------------------------------------------- menus

    def _fill_menus(self) -> None:
        menus = {name: self.menuBar().addMenu(name) for name in MENUS}
        self._choices: list[ChoiceMenu] = []
        for row in ACTIONS:
            menu = menus[row.menu]
            match row:
                case Action():
                    command = Command(row, self)
                    self._commands[row.text] = command
                    menu.addAction(command)
                case Choice():
                    choice = ChoiceMenu(row, self)
                    self._choices.append(choice)
                    menu.addMenu(choice)
                case PanelToggles():
                    self._panel_menu = menu.addMenu("Panels")
                    self._panel_menu.addActions([dock.toggleViewAction() for dock in self.docks])
                case Rule():
                    menu.addSeparator()
        for menu in menus.values():
            menu.aboutToShow.connect(self._look_at_choices)
        self.menuBar().setFixedHeight(max(theme.MENU_HEIGHT, self.menuBar().sizeHint().height()))

    def _settings_menu(self) -> QMenu:
        menu = QMenu("Settings", self)
        for row in ACTIONS:
            if isinstance(row, Choice) and row.text in _SETTINGS_CHOICES:
                menu.addMenu(ChoiceMenu(row, self))
        menu.addMenu(self._panel_menu)
        menu.addSeparator()
        menu.addAction(self._commands["Reset layout"])
        return menu

    def command(self, text: str) -> QAction:
        """Return the command of that text in the table."""
        return self._commands[text]

    @Slot()
    def _look_at_choices(self) -> None:
        self.refresh_actions()
        for choice in self._choices:
            choice.look()

    @Slot()
    def refresh_actions(self) -> None:
        """Enable what is possible now."""
        for command in self._commands.values():
            command.look()
        self._panel_menu.setEnabled(self._shows_work)

    def begin_action(self) -> None:
        """What was said about the last action is over."""
        self.status.clear_remark()
        self.session.dismiss_failure()

    # ---------------------------------------------------------------- files

    @Slot()
    def ask_model(self) -> None:
        """Let the user choose a model."""
        shown = self.session.model.path if self.session.model is not None else self._recent_folder()
        path, _ = QFileDialog.getOpenFileName(self, "Open model", os.path.dirname(shown), "ONNX models (*.onnx)")
        if path:
            self.open_files((path,))

    @Slot()
    def ask_pictures(self) -> None:
        """Let the user choose pictures or tensor files."""
        pictures = self.settings.pictures()
        folder = os.path.dirname(self.session.image or (pictures[0] if pictures else ""))
        endings = " ".join(f"*{ending}" for ending in PICTURE_ENDINGS)
        kinds = f"Pictures and tensors ({endings});;All files (*)"
        paths, _ = QFileDialog.getOpenFileNames(self, "Open picture", folder, kinds)
        if paths:
            self.open_files(tuple(paths))

    def ask_labels(self) -> None:
        """Let the user choose a file of class names."""
        kinds = "Class names (*.txt *.json);;All files (*)"
        path, _ = QFileDialog.getOpenFileName(self, "Open labels", os.path.dirname(self.session.image), kinds)
        if path:
            self.begin_action()
            self._take_labels(path)

    def _recent_folder(self) -> str:
        models = self.settings.models()
        return models[0].path if models else ""

    @Slot(object)
    def open_files(self, paths: Sequence[str]) -> None:
        """Open models, pictures, tensors, labels and folders, as if they had been dropped."""
        self._take(sort_files(tuple(paths)))

    def _take(self, found: Dropped) -> None:
        self.begin_action()
        for path in found.labels:
            self._take_labels(path, wait=bool(found.models) or self.session.model is None)
        if found.models or found.pictures:
            self.session.open_files([*found.models, *found.pictures])
        if found.remark:
            self.status.show_remark(found.remark)

    def _take_labels(self, path: str, wait: bool = False) -> None:
        """Name the classes; a new model forgets the old one's names, so those that came with it wait for it."""
        if wait:
            self._labels_waiting = path
        else:
            self._labels_file = path
            self.session.set_labels(path)

    def prepare_first_model(self, recipe: Preprocessing | None, labels: str) -> None:
        """Have the next model that opens run with this preprocessing and these class names."""
        self._recipe_waiting, self._labels_waiting = recipe, labels

    @Slot()
    def _on_model(self) -> None:
        model = self.session.model
        if model is not None:
            if not self._shows_work:
                self._show_work()
            if model.path != self._remembered[0]:
                self._labels_file = ""
                self._remember(model.path, "")
            if self._recipe_waiting is not None:
                self.session.preprocessing, self._recipe_waiting = self._recipe_waiting, None
            if self._labels_waiting:
                waiting, self._labels_waiting = self._labels_waiting, ""
                self._take_labels(waiting)
            self._leave_drops_to_window()
        self._name_window()

    @Slot()
    def _on_prediction(self) -> None:
        prediction, model = self.session.prediction, self.session.model
        if prediction is not None and model is not None:
            self._remember(model.path, prediction.image)
        self._name_window()

    def _remember(self, model: str, image: str) -> None:
        if (model, image) == self._remembered:
            return
        self._remembered = (model, image)
        self.settings.remember_model(os.path.abspath(model), os.path.abspath(image) if image else "")
        if image:
            self.settings.remember_picture(os.path.abspath(image))

    def _name_window(self) -> None:
        session = self.session
        names = [file_name(path) for path in (session.image, session.model.path if session.model else "") if path]
        self.setWindowTitle(" - ".join([*names, "Feature Map Inspector"]))

    # ---------------------------------------------------------------- drops

    def _leave_drops_to_window(self) -> None:
        """Fields and canvases would take drops for themselves."""
        for dock in self.docks:
            for child in dock.findChildren(QWidget):
                child.setAcceptDrops(False)
            dock.setAcceptDrops(True)
            dock.removeEventFilter(self)
            dock.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let a floating dock, a window of its own, take files as the main window does."""
        if isinstance(watched, QDockWidget) and watched.isFloating():
            if isinstance(event, QDropEvent):  # entering and moving are drops to Qt as well
                self._handle_drag(event)
                return event.isAccepted()
            if event.type() == QEvent.Type.DragLeave:
                self._overlay.hide()
        return super().eventFilter(watched, event)

    def _handle_drag(self, event: QDropEvent) -> None:
        if not holds_files(event.mimeData()):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if event.type() == QEvent.Type.DragEnter:
            self._overlay.cover(*promise(event.mimeData()))
        elif event.type() == QEvent.Type.Drop:
            self._overlay.hide()
            self._take(dropped(event.mimeData()))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._handle_drag(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._handle_drag(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._handle_drag(event)

    # ---------------------------------------------------------------- what the actions do

    def set_theme(self, name: str) -> None:
        """Dress the program, now and at the next start."""
        application = QApplication.instance()
        chosen: Theme = next(each for each in THEMES if each == name)
        if isinstance(application, QApplication):
            theme.apply(application, chosen)
        self.settings.change(theme=chosen)

    def _maps(self) -> Array | None:
        tensor = self.session.tensor()
        return feature_maps(tensor) if tensor is not None else None

    def channel_count(self) -> int:
        """Return how many feature maps the selected layer has in this run; 0 if there are none."""
        maps = self._maps()
        return len(maps) if maps is not None else 0

    def copy_feature_map(self) -> None:
        """Put the selected channel on the clipboard as a picture: one pixel for each element, colours as shown."""
        maps, view = self._maps(), self.session.view
        if maps is None:
            return
        limits, colormap = render.resolve(maps, view.scaling, view.colormap)
        channel = min(view.channel, len(maps) - 1)
        indices = render.indices(maps, limits)[channel]
        pixels = render.to_rgb(indices, render.palette(colormap))
        height, width = indices.shape
        image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        QGuiApplication.clipboard().setImage(image)
        self.status.show_remark(f"Channel {channel} is on the clipboard, {width} × {height} pixels.")

    def copy_readout(self) -> None:
        """Put what the status bar says at its left on the clipboard."""
        QGuiApplication.clipboard().setText(self.status.left.text())

    def stop(self) -> None:
        """Stop a run or an export."""
        if self._export is not None:
            self._export.stop()
        if self.session.busy:
            self.session.stop()

    @Slot(str)
    def report_mistake(self, detail: str) -> None:
        """Say that the program has made a mistake, and go on."""
        sentence = "The program made a mistake and goes on; what you see may be incomplete."
        self.status.show_remark(sentence, "The details help whoever repairs it.", detail, is_failure=True)

    def report_crash(self, detail: str) -> None:
        """Offer what was left of a process that died."""
        sentence = "The last time the program ended by itself."
        self.status.show_remark(sentence, "The details help whoever repairs it.", detail, is_failure=True)

    @Slot(object)
    def _show_details(self, failure: Failure) -> None:
        dialogs.show_failure(self, failure)

    # ---------------------------------------------------------------- export

    def is_exporting(self) -> bool:
        return self._export is not None

    def ask_export(self, layer: str) -> None:
        """Let the user choose a folder, and export a layer's maps and kernels, or everything."""
        title = "Export the selected layer to" if layer else "Export all layers to"
        folder = QFileDialog.getExistingDirectory(self, title, os.path.dirname(self.session.image))
        if folder:
            self.export(folder, layer)

    def export(self, folder: str, layer: str = "") -> None:
        """Export this run to a folder, in another process."""
        session = self.session
        if session.model is None or session.run is None or self._export is not None:
            return
        chosen = session.preprocessing
        arguments = exporting.command(
            session.model.path,
            session.run.prediction.image,
            folder,
            layer=layer,
            preset=chosen.name if chosen is not None else "",
            provider=session.provider,
            labels=self._labels_file,
        )
        self._export = exporting.ExportJob(arguments, folder, self)
        self._export.progressed.connect(self._on_export_progress)
        self._export.done.connect(self._on_export_done)
        self._export.failed.connect(self._on_export_failed)
        self._export.ended.connect(self._on_export_ended)
        self.status.show_task(f"exporting {file_name(session.run.prediction.image)}")
        self.refresh_actions()
        self._export.start()

    @Slot(str)
    def _on_export_progress(self, phrase: str) -> None:
        self.status.show_task(phrase)

    @Slot(object)
    def _on_export_done(self, folder: str) -> None:
        self.status.show_remark(f"The files are in {folder}.")

    @Slot(object)
    def _on_export_failed(self, failure: Failure) -> None:
        self.status.show_remark(failure.message, failure.remedy, failure.detail, is_failure=True)

    @Slot()
    def _on_export_ended(self) -> None:
        if self._export is not None:
            self._export.deleteLater()
            self._export = None
        self.status.show_task("")
        self.refresh_actions()

    # ---------------------------------------------------------------- the window itself

    def _place(self) -> None:
        """Take the stored place on the screen, or a good one; never one that lies outside of every screen."""
        if not self.restoreGeometry(QByteArray(self.settings.values.geometry)):
            room = QGuiApplication.primaryScreen().availableGeometry()
            self.resize(PREFERRED.boundedTo(QSize(room.width() * 94 // 100, room.height() * 90 // 100)))
            self.move(room.center() - self.rect().center())
        if not self.isMaximized() and not self.isFullScreen():
            screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
            self.setGeometry(clamped(self.geometry(), screens))

    def event(self, event: QEvent) -> bool:
        """Leave the arrow keys to widgets that move something with them; elsewhere they choose layer and channel."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            focused = QApplication.focusWidget()
            plain_key = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            if plain_key and _uses_key(focused, Qt.Key(event.key())):
                event.accept()
                return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._overlay.isVisible():
            self._overlay.setGeometry(self.rect())

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._export is not None:
            self._export.stop()
        self._well_timer.stop()
        changes: dict[str, object] = {"starting": False, "geometry": bytes(self.saveGeometry().data())}
        if self._shows_work:
            changes["layout"] = bytes(self.saveState(LAYOUT_VERSION).data())
        self.settings.change(**changes)
        self.session.close()
        super().closeEvent(event)


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
        self.setMaximumSize(theme.GAP if number > 1 else 16_777_215, theme.GAP if number < 2 else 16_777_215)

    def sizeHint(self) -> QSize:
        return QSize(theme.GAP, theme.GAP)


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


def _uses_key(widget: QWidget | None, key: Qt.Key) -> bool:
    if isinstance(widget, QAbstractItemView):
        return key in (Qt.Key.Key_Up, Qt.Key.Key_Down)
    return key in _ARROWS and isinstance(widget, QComboBox | QAbstractSlider | QGraphicsView)


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
