"""What can be done with a picture in a panel: its menu, and dragging it out of the window."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QUrl, Slot
from PySide6.QtGui import QDrag, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from inspector.ui import clipboard
from inspector.ui.canvas import MosaicCanvas
from inspector.ui.export_dialog import show_export
from inspector.ui.map_view import MapView
from inspector.ui.panel import Panel, panel_of
from inspector.ui.panels.overview_view import OverviewView
from inspector.ui.panels.picture_view import PictureView
from inspector.ui.pictures import Pictured, image_of, mime, write_png
from inspector.ui.text import shortened, shown

if TYPE_CHECKING:
    from inspector.ui.main_window import MainWindow

DRAG_HINT = "Drag with Ctrl to take it out of the window as a PNG"
_DRAGGED_SIDE = 96  # of what hangs at the pointer


class PictureMenus(QObject):
    """The menus of the pictures in all panels.

    Args:
        window: Where they stand.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._pictured: Pictured | None = None
        self._panel: Panel | None = None
        for dock in window.docks:
            window.panel(dock).menu_wanted.connect(self._open)

    @Slot(object, QPoint)
    def _open(self, pictured: Pictured | None, at: QPoint) -> None:
        panel = self.sender()
        if isinstance(panel, Panel):
            self.menu(panel, pictured).popup(at)

    def menu(self, panel: Panel, pictured: Pictured | None) -> QMenu:
        """Return the menu of a picture in a panel, gone when it is closed."""
        self._panel, self._pictured = panel, pictured
        menu = QMenu(panel)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        if pictured is not None:
            if pictured.taken is not None:
                menu.addAction(f"Copy {pictured.kind}").triggered.connect(self._copy)
            if pictured.numbers:
                menu.addAction("Copy numbers").triggered.connect(self._copy_numbers)
        menu.addAction("Copy panel").triggered.connect(self._copy_panel)
        if pictured is None:
            return menu
        menu.addSeparator()
        if pictured.taken is not None:
            save = menu.addAction(f"Save {pictured.kind} as PNG…")
            save.setToolTip(DRAG_HINT)  # not on the picture itself, which it would lie over
            save.triggered.connect(self.ask_file)
        if pictured.layer:
            export = menu.addAction("Export this layer…")
            export.triggered.connect(self._export)
            export.setEnabled(self._window.exporter.is_possible())
            if self._is_elsewhere(pictured):
                name = shortened(pictured.layer, 32).replace("&", "&&")
                menu.addSeparator()
                menu.addAction(f"Go to {name}").triggered.connect(self._go)
        return menu

    def _is_elsewhere(self, pictured: Pictured) -> bool:
        view = self._window.session.view
        return pictured.layer != view.layer or pictured.channel not in (None, view.channel)

    @Slot()
    def _copy(self) -> None:
        if self._pictured is not None:
            clipboard.copy_picture(self._pictured, self._window.status)

    @Slot()
    def _copy_numbers(self) -> None:
        if self._pictured is not None:
            clipboard.copy_numbers(self._pictured, self._window.status)

    @Slot()
    def _copy_panel(self) -> None:
        if self._panel is not None:
            clipboard.copy_panel(self._panel, self._window.status)

    @Slot()
    def _export(self) -> None:
        if self._pictured is not None:
            show_export(self._window, self._pictured.layer)

    @Slot()
    def _go(self) -> None:
        pictured = self._pictured
        if pictured is not None:
            self._window.session.select_layer(pictured.layer)
            if pictured.channel is not None:
                self._window.session.select_channel(pictured.channel)

    @Slot()
    def ask_file(self) -> None:
        """Let the user choose a file for the picture, and write it."""
        pictured, window = self._pictured, self._window
        if pictured is None:
            return
        proposed = str(Path(window.settings.values.export_folder or Path.home()) / pictured.file_name)
        path, _ = QFileDialog.getSaveFileName(window, f"Save the {pictured.kind} as", proposed, "PNG pictures (*.png)")
        if not path:
            return
        target = Path(path if path.lower().endswith(".png") else f"{path}.png")
        if why := write_png(pictured, target):
            sentence = f"{shown(str(target))} was not written: {why.rstrip('.')}."
            window.status.show_remark(sentence, "Choose another folder, or make room on the disk.", tone="error")
        else:
            window.status.show_remark(f"{shown(pictured.title)} is in {shown(str(target))}.")


class PictureDrags(QObject):
    """Lets pictures be dragged out of the window with Ctrl: plain dragging moves what is seen of them.

    What is dragged is the picture itself, and a PNG file in a folder of our own that only this user can read.

    Args:
        panels: Whose pictures they are.
    """

    def __init__(self, panels: Iterable[Panel], parent: QObject) -> None:
        super().__init__(parent)
        self._folder = ""
        self._pressed: QPoint | None = None
        for panel in panels:
            for view in _views(panel):
                watched = view.viewport() if isinstance(view, MosaicCanvas) else view
                watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            wanted = event.modifiers() & Qt.KeyboardModifier.ControlModifier
            if wanted and event.button() == Qt.MouseButton.LeftButton:
                self._pressed = event.position().toPoint()
                return True
        elif self._pressed is not None and kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            moved = event.position().toPoint() - self._pressed
            if moved.manhattanLength() >= QApplication.startDragDistance() and isinstance(watched, QWidget):
                at, self._pressed = self._pressed, None
                self._drag(watched, at)
            return True
        elif self._pressed is not None and kind == QEvent.Type.MouseButtonRelease:
            self._pressed = None
            return True
        return False

    def _drag(self, widget: QWidget, at: QPoint) -> None:
        panel = panel_of(widget)
        pictured = panel.pictured(widget.mapTo(panel, at)) if panel is not None else None
        if pictured is None or pictured.taken is None:
            return
        drag = QDrag(widget)
        data = mime(pictured)
        if path := self.written(pictured):
            data.setUrls([QUrl.fromLocalFile(str(path))])
        drag.setMimeData(data)
        size = Qt.AspectRatioMode.KeepAspectRatio
        hanging = QPixmap.fromImage(image_of(pictured.taken.pixels)).scaled(_DRAGGED_SIDE, _DRAGGED_SIDE, size)
        drag.setPixmap(hanging)
        drag.setHotSpot(QPoint(-8, -8))
        drag.exec(Qt.DropAction.CopyAction)

    def written(self, pictured: Pictured) -> Path | None:
        """Return the picture as a file; None where it cannot be written."""
        if not self._folder:
            try:
                self._folder = tempfile.mkdtemp(prefix="inspector-drag-")
            except OSError:
                return None
        path = Path(self._folder) / pictured.file_name
        return None if write_png(pictured, path) else path

    def close(self) -> None:
        """Remove what was written."""
        if self._folder:
            with contextlib.suppress(OSError):
                shutil.rmtree(self._folder)
            self._folder = ""


def _views(panel: Panel) -> list[QWidget]:
    kinds: tuple[type[QWidget], ...] = (MosaicCanvas, MapView, PictureView, OverviewView)
    return [view for kind in kinds for view in panel.findChildren(kind)]
