"""One picture out of a panel, at the resolution of its data: to be copied, saved, or dragged away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QIODevice, QMimeData, QSaveFile
from PySide6.QtGui import QImage, QImageWriter

from inspector import format
from inspector.analysis.reading import Reading
from inspector.export.files import safe_name
from inspector.graph.model import Layer
from inspector.render.arrays import Index
from inspector.render.palettes import COLORMAPS, palette
from inspector.render.taken import Taken, taken, taken_rows
from inspector.ui.surveyed import Surveyed

if TYPE_CHECKING:
    from inspector.ui.session import Session

NUMBERS = "text/tab-separated-values"


@dataclass(frozen=True, slots=True)
class Pictured:
    """What is seen at a place of a panel.

    Attributes:
        title: What it is, as the start of a sentence; names in it are those of the file.
        kind: What a menu calls it: ``map``, ``kernel``, ``picture`` or ``bars``.
        taken: The picture; None where there are only numbers.
        text: Its numbers, tabs between; empty for those of ``taken``.
        layer: Whose it is; ``""`` for none.
        channel: Of that layer's maps; None for none in particular.
    """

    title: str
    kind: str
    taken: Taken | None
    text: str = ""
    layer: str = ""
    channel: int | None = None

    @property
    def numbers(self) -> str:
        """The numbers as text, tabs between; empty where there are none, or too many."""
        return self.text or (self.taken.text if self.taken is not None else "")

    @property
    def size(self) -> str:
        """Width and height in pixels."""
        if self.taken is None:
            return ""
        height, width = self.taken.pixels.shape[:2]
        return f"{width} {format.TIMES} {height}"

    @property
    def words(self) -> str:
        """All that is to be known of it, in a line."""
        limits = self.taken.limits if self.taken is not None else None
        said = f"{self.title}, {self.size}" if self.size else self.title
        if limits is None:
            return said
        low, high = (format.significant(each).replace("-", format.MINUS) for each in limits)
        return f"{said}, colours from {low} to {high}"

    @property
    def file_name(self) -> str:
        """A name for its file that is safe everywhere."""
        return f"{safe_name(self.title)}.png"


def map_of(
    session: Session, layer: Layer, reading: Reading, known: Surveyed, channel: int, side: str = ""
) -> Pictured | None:
    """Return one channel as the wall draws it; of a signal the picture of all channels over time.

    Args:
        session: Its view says how it is drawn.
        layer: Whose it is.
        reading: Its numbers.
        known: The same, looked through.
        channel: None is returned where there is no such one.
        side: Of two runs that are compared; ``""`` where nothing is.
    """
    view, chosen = session.view, session.view.colormap
    if reading.is_difference and not (chosen and COLORMAPS[chosen].is_diverging):
        chosen = ""
    chosen = chosen or reading.colormap
    if not 0 <= channel < len(known.values):
        return None
    limits, colormap = known.drawn_with(view.scaling, chosen, view.limits)
    of = layer.name if not side else f"{layer.name}, {side}"
    maps = known.values[:, reading.slice]
    if reading.form == "signal":
        rows = taken_rows(maps, limits, palette(colormap))
        return Pictured(f"Time and channel of {of}", "map", rows, "", layer.name)
    drawn = taken(maps[channel], limits, palette(colormap), channel)
    slice_ = f", slice {reading.slice}" if reading.form == "volume" else ""
    return Pictured(f"Channel {channel} of {of}{slice_}", "map", drawn, "", layer.name, channel)


def selected_map(session: Session) -> Pictured | None:
    """Return the selected channel; None where there is none (yet)."""
    layer, reading, known = session.layer(), session.reading(), session.surveyed()
    if layer is None or reading is None or known is None:
        return None
    side = session.view.compare if session.reference is not None else ""
    return map_of(session, layer, reading, known, session.view.channel, side)


def image_of(pixels: Index) -> QImage:
    """Return ``(height, width, 3)`` uint8 RGB as an image of Qt's."""
    height, width, _ = pixels.shape
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def mime(pictured: Pictured) -> QMimeData:
    """Return what goes to the clipboard, or away with the pointer: the picture, what it is, its numbers."""
    data = QMimeData()
    if pictured.taken is not None:
        data.setImageData(image_of(pictured.taken.pixels))
    data.setText(pictured.words)
    if numbers := pictured.numbers:
        data.setData(NUMBERS, numbers.encode())
    return data


def write_png(pictured: Pictured, path: Path) -> str:
    """Write the picture, whole or not at all; return why that failed, or an empty text."""
    if pictured.taken is None:
        return "there is no picture"
    file = QSaveFile(str(path))
    if not file.open(QIODevice.OpenModeFlag.WriteOnly):
        return file.errorString()
    writer = QImageWriter(file, b"png")
    writer.setText("Title", pictured.words)
    if not writer.write(image_of(pictured.taken.pixels)):
        file.cancelWriting()
        return writer.errorString()
    return "" if file.commit() else file.errorString()
