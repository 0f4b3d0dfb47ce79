"""What can be copied: pictures at the resolution of their data, numbers, panels as they are seen, the readout."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from inspector import format
from inspector.graph.model import Array
from inspector.ui.panel import Panel
from inspector.ui.pictures import Pictured, mime, selected_map
from inspector.ui.session import Session
from inspector.ui.status import StatusBar
from inspector.ui.text import shown


def selected_maps(session: Session) -> Array | None:
    """Return the selected layer's feature maps in this run, ``(channels, height, width)``; None if there are none."""
    reading = session.reading()
    return reading.maps if reading is not None else None


def copy_picture(pictured: Pictured, status: StatusBar) -> None:
    """Put a picture on the clipboard, one pixel for each element, with what it is and its numbers beside it."""
    QGuiApplication.clipboard().setMimeData(mime(pictured))
    status.show_remark(f"{shown(pictured.title)} is on the clipboard, {pictured.size} pixels.")


def copy_numbers(pictured: Pictured, status: StatusBar) -> None:
    """Put the numbers of a picture on the clipboard, tabs between them."""
    QGuiApplication.clipboard().setText(pictured.numbers)
    status.show_remark(f"The numbers are on the clipboard: {shown(pictured.title)}.")


def copy_feature_map(session: Session, status: StatusBar) -> None:
    """Put the selected channel on the clipboard as a picture; of a signal it is that of all channels over time."""
    pictured = selected_map(session)
    if pictured is not None:
        copy_picture(pictured, status)


def copy_panel(panel: Panel, status: StatusBar) -> None:
    """Put a panel on the clipboard as it is seen."""
    picture = panel.grab()
    QGuiApplication.clipboard().setPixmap(picture)
    size = f"{picture.width()} {format.TIMES} {picture.height()}"
    status.show_remark(f"The panel {panel.title} is on the clipboard, {size} pixels.")


def copy_readout(status: StatusBar) -> None:
    """Put what the status bar says at its left on the clipboard."""
    QGuiApplication.clipboard().setText(status.left.text())
