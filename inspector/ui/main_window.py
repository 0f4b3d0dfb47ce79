"""The window: puts together the panels, the menus, the bars, and what opens and exports files."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtGui import QAction, QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDockWidget,
    QGraphicsView,
    QMainWindow,
    QWidget,
)

from inspector.ui import dialogs, layout, theme
from inspector.ui.banner import Banner
from inspector.ui.dock import Dock
from inspector.ui.drops import DropTarget
from inspector.ui.edit_banner import EditBanner
from inspector.ui.export_dialog import ExportDialog
from inspector.ui.exporting import Exporter
from inspector.ui.layout import DockLayout
from inspector.ui.map_view import MapView
from inspector.ui.menus import Menus
from inspector.ui.opening import Opening
from inspector.ui.panel import Panel
from inspector.ui.panels.arithmetic import ArithmeticPanel
from inspector.ui.panels.channel import ChannelPanel
from inspector.ui.panels.feature_maps import FeatureMapsPanel
from inspector.ui.panels.input import InputPanel
from inspector.ui.panels.kernels import KernelsPanel
from inspector.ui.panels.layer_table import LayerTable
from inspector.ui.panels.layers import LayersPanel
from inspector.ui.panels.output import OutputPanel
from inspector.ui.panels.overview import OverviewPanel
from inspector.ui.panels.trials_view import Trials
from inspector.ui.picture_menu import PictureDrags, PictureMenus
from inspector.ui.remembered import Remembered
from inspector.ui.saving import Saver
from inspector.ui.session import Failure, Session
from inspector.ui.settings import Settings
from inspector.ui.status import StatusBar
from inspector.ui.text import file_name
from inspector.ui.theme import THEMES, Theme
from inspector.ui.toolbar import ToolBar
from inspector.ui.welcome import Welcome

PANELS: tuple[type[Panel], ...] = (
    LayersPanel,
    FeatureMapsPanel,
    InputPanel,
    OutputPanel,
    KernelsPanel,
    ChannelPanel,
    OverviewPanel,
    ArithmeticPanel,
)

SMALLEST = QSize(960, 560)
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
        session.remembered = Remembered(self.settings)
        self.setMinimumSize(SMALLEST)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.status = StatusBar(session)
        self.setStatusBar(self.status)
        self.opening = Opening(session, self.settings, self.status, self)
        self.exporter = Exporter(session, self.status, self.opening, self)
        self.saver = Saver(session, self.status, self)
        self.trials = Trials(session, self)
        self._welcome = Welcome(session, self.settings)
        self.dock_layout = DockLayout(self, [panel(session) for panel in PANELS], self._welcome, self.settings)
        self.docks = self.dock_layout.docks
        self._menus = Menus(self)
        self._tool_bar = ToolBar(session, self.settings, self.command, self._menus.settings_menu(), self)
        self.addToolBar(self._tool_bar)
        self.banner = Banner(session, self)
        self.addToolBarBreak(Qt.ToolBarArea.TopToolBarArea)
        self.addToolBar(self.banner)
        self.edit_banner = EditBanner(session, self)
        self.addToolBarBreak()
        self.addToolBar(self.edit_banner)
        layout.add_edges(self)
        self._drops = DropTarget(self, self.docks)
        self.picture_menus = PictureMenus(self)
        self.picture_drags = PictureDrags([self.panel(dock) for dock in self.docks], self)
        self._connect()
        layout.place(self, self.settings.values.geometry)
        self._on_model()
        self._menus.refresh()
        self.setFocus()  # not on the first field: a ring belongs where someone has gone with the keyboard

    def _connect(self) -> None:
        session, opening = self.session, self.opening
        self._tool_bar.model_wanted.connect(opening.ask_model)
        self._welcome.model_wanted.connect(opening.ask_model)
        self._welcome.picture_wanted.connect(opening.ask_pictures)
        self._welcome.files_wanted.connect(opening.open_files)
        self._drops.taken.connect(opening.take)
        self.status.details_asked.connect(self._show_details)
        session.model_changed.connect(self._on_model)
        session.prediction_changed.connect(self._name_window)
        for banner in (self.banner, self.edit_banner):
            self.dock_layout.changed.connect(banner.look)  # a stored layout knows nothing of this model
        for signal in (
            session.model_changed,
            session.prediction_changed,
            session.run_changed,
            session.view_changed,
            session.reference_changed,
            session.busy_changed,
            session.editing.changed,
            self.saver.changed,
            self.exporter.changed,
            self.dock_layout.changed,
        ):
            signal.connect(self._menus.refresh)
        for dock in self.docks:
            panel = self.panel(dock)
            panel.readout.connect(self.status.show_readout)
            if isinstance(panel, LayersPanel):
                self._keep_columns(panel.table)
            if isinstance(panel, InputPanel):
                panel.trials_wanted.connect(self.trials.show)
            if isinstance(panel, OutputPanel):
                panel.class_picked.connect(self.dock("arithmetic").raise_)
            if isinstance(panel, ArithmeticPanel):
                panel.animation_wanted.connect(self.exporter.ask_animation)

    def _keep_columns(self, table: LayerTable) -> None:
        """Show the columns of the last time, and remember others that are chosen."""
        if self.settings.values.layer_columns is not None:
            table.want(self.settings.values.layer_columns)
        table.columns_chosen.connect(lambda: self.settings.change(layer_columns=table.wanted))

    # ---------------------------------------------------------------- its parts

    def panel(self, dock: QDockWidget) -> Panel:
        """Return the panel in a dock."""
        return self.dock_layout.panel(dock)

    def dock(self, name: str) -> Dock:
        """Return the dock of that object name."""
        return self.dock_layout.dock(name)

    def command(self, text: str) -> QAction:
        """Return the command of that text in the table of actions."""
        return self._menus.command(text)

    # ---------------------------------------------------------------- what it shows

    @Slot()
    def _on_model(self) -> None:
        if self.session.model is not None:
            self.dock_layout.show_work()
            self._drops.leave_to_window()
        self._name_window()

    @Slot()
    def _name_window(self) -> None:
        """Name what is shown: not a picture that could not be run, though one that waits."""
        model, prediction = self.session.model, self.session.prediction
        image = prediction.image if prediction is not None else self.session.image
        names = [file_name(path) for path in (image, model.path if model is not None else "") if path]
        self.setWindowTitle(" - ".join([*names, "Feature Map Inspector"]))

    def set_theme(self, name: str) -> None:
        """Dress the program, now and at the next start."""
        application = QApplication.instance()
        chosen: Theme = next(each for each in THEMES if each == name)
        if isinstance(application, QApplication):
            theme.apply(application, chosen)
        self.settings.change(theme=chosen)

    @Slot(str)
    def report_mistake(self, detail: str) -> None:
        """Say that the program has made a mistake, and go on."""
        sentence = "The program made a mistake and goes on; what you see may be incomplete."
        self.status.show_remark(sentence, "The details help whoever repairs it.", detail, tone="error")

    def report_crash(self, detail: str) -> None:
        """Offer what was left of a process that died."""
        sentence = "The last time the program ended by itself."
        self.status.show_remark(sentence, "The details help whoever repairs it.", detail, tone="error")

    @Slot(object)
    def _show_details(self, failure: Failure) -> None:
        dialogs.show_failure(self, failure)

    # ---------------------------------------------------------------- keys, and the end

    def event(self, event: QEvent) -> bool:
        """Leave the arrow keys to widgets that move something with them; elsewhere they choose layer and channel."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            focused = QApplication.focusWidget()
            plain_key = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            if plain_key and _uses_key(focused, Qt.Key(event.key())):
                event.accept()
                return True
        return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        for dialog in self.findChildren(ExportDialog):
            dialog.close()
        self.exporter.stop()
        self.picture_drags.close()
        self.saver.stop()
        self.trials.close()
        self.dock_layout.save()
        self.session.close()
        super().closeEvent(event)


def _uses_key(widget: QWidget | None, key: Qt.Key) -> bool:
    if isinstance(widget, QAbstractItemView):
        return key in (Qt.Key.Key_Up, Qt.Key.Key_Down)
    return key in _ARROWS and isinstance(widget, QComboBox | QAbstractSlider | QGraphicsView | MapView)
