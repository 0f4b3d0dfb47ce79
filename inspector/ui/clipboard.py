"""What can be copied: the selected feature map as a picture, the readout as text."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication, QImage

from inspector.analysis.maps import feature_maps
from inspector.graph.model import Array
from inspector.render.indices import indices
from inspector.render.limits import resolve
from inspector.render.palettes import palette, to_rgb
from inspector.ui.session import Session
from inspector.ui.status import StatusBar


def selected_maps(session: Session) -> Array | None:
    """Return the selected layer's feature maps in this run, ``(channels, height, width)``; None if there are none."""
    tensor = session.tensor()
    return feature_maps(tensor) if tensor is not None else None


def copy_feature_map(session: Session, status: StatusBar) -> None:
    """Put the selected channel on the clipboard as a picture: one pixel for each element, colours as shown."""
    maps, view = selected_maps(session), session.view
    if maps is None:
        return
    limits, colormap = resolve(maps, view.scaling, view.colormap)
    channel = min(view.channel, len(maps) - 1)
    index = indices(maps, limits)[channel]
    pixels = to_rgb(index, palette(colormap))
    height, width = index.shape
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    QGuiApplication.clipboard().setImage(image)
    status.show_remark(f"Channel {channel} is on the clipboard, {width} × {height} pixels.")


def copy_readout(status: StatusBar) -> None:
    """Put what the status bar says at its left on the clipboard."""
    QGuiApplication.clipboard().setText(status.left.text())
