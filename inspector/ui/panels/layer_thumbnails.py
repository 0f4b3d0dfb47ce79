"""The mean of each layer's feature maps as a small picture."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from inspector.analysis.comparing import Side, Sight
from inspector.graph.model import Layer, Run, Tensor
from inspector.render.palettes import palette, to_rgb
from inspector.render.pictures import thumbnail
from inspector.render.rows import in_rows

THUMBNAIL = 18  # pixels across
TICK_SECONDS = 0.008  # of computing small pictures before the window gets its turn


class Thumbnails(QObject):
    """Mean maps as small pictures, made when they are first looked at, a few at a time.

    Attributes:
        made: Some are there now.
    """

    made = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._sight: Sight | None = None
        self._images: dict[str, QImage | None] = {}
        self._waiting: dict[str, tuple[Tensor, float]] = {}
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._make)

    def show_run(self, run: Run | None, reference: Run | None = None, side: Side = "current") -> bool:
        """Make pictures of this run from now on, or of what it is compared with; say whether that is something else."""
        last, found = self._sight, Sight(run, reference, side) if run is not None else None
        if last is not None and found is not None:
            is_same = (last.run is found.run and last.reference is found.reference) and last.side == found.side
        else:
            is_same = last is found
        if not is_same:
            self._sight = found
            self._images.clear()
            self._waiting.clear()
        return not is_same

    def of(self, layer: Layer, ratio: float) -> QImage | None:
        """Return a layer's picture if it has been made; else it will be."""
        name = layer.output.name
        if name not in self._images and self._sight is not None and self._sight.has(name):
            self._waiting[name] = layer.output, ratio
            if not self._timer.isActive():
                self._timer.start()
        return self._images.get(name)

    @Slot()
    def _make(self) -> None:
        end = time.perf_counter() + TICK_SECONDS
        while self._waiting and self._sight is not None and time.perf_counter() < end:
            name, (known, ratio) = self._waiting.popitem()
            self._images[name] = _picture(known, self._sight, round(THUMBNAIL * ratio))
        if self._waiting:
            self._timer.start()
        self.made.emit()


def _picture(known: Tensor, sight: Sight, size: int) -> QImage | None:
    read = sight.read(known)
    if read is None or read.form == "vector" or read.maps.shape[1:] == (1, 1):
        return None
    is_signal = read.form == "signal"
    maps = in_rows(read.maps) if is_signal else read.maps
    drawn = thumbnail(maps, size, fills=is_signal, is_signed=read.is_difference)
    rgb = to_rgb(drawn, palette("signed" if read.is_difference else "viridis"))
    height, width, _ = rgb.shape
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
