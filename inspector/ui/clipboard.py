"""What can be copied: the selected feature map as a picture, the readout as text."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication, QImage

from inspector.graph.model import Array
from inspector.render.indices import indices
from inspector.render.limits import resolve
from inspector.render.palettes import palette, to_rgb
from inspector.render.rows import in_rows
from inspector.ui.session import Session
from inspector.ui.status import StatusBar


def selected_maps(session: Session) -> Array | None:
    """Return the selected layer's feature maps in this run, ``(channels, height, width)``; None if there are none."""
    reading = session.reading()
    return reading.maps if reading is not None else None


def copy_feature_map(session: Session, status: StatusBar) -> None:
    """Put the selected channel on the clipboard as a picture: one pixel for each element, colours as shown.

    Of a signal it is the picture of all channels over time.
    """
    reading, view = session.reading(), session.view
    if reading is None:
        return
    limits, colormap = resolve(reading.all_slices, view.scaling, view.colormap or reading.colormap)
    drawn, channel = indices(reading.maps, limits), min(view.channel, len(reading.maps) - 1)
    is_signal = reading.form == "signal"
    index = in_rows(drawn)[0] if is_signal else drawn[channel]
    pixels = to_rgb(index, palette(colormap))
    height, width = index.shape
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    QGuiApplication.clipboard().setImage(image)
    what = "The picture of time and channel" if is_signal else f"Channel {channel}"
    status.show_remark(f"{what} is on the clipboard, {width} × {height} pixels.")


def copy_readout(status: StatusBar) -> None:
    """Put what the status bar says at its left on the clipboard."""
    QGuiApplication.clipboard().setText(status.left.text())
