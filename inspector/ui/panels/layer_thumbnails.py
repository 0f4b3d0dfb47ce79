"""The mean of each layer's feature maps as a small picture."""

from __future__ import annotations

import time
from collections.abc import Mapping

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from inspector.analysis.reading import reading
from inspector.graph.model import Array, Layer, Run, Tensor
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
        self._tensors: dict[str, Array] = {}
        self._images: dict[str, QImage | None] = {}
        self._waiting: dict[str, tuple[Tensor, float]] = {}
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._make)

    def show_run(self, run: Run | None) -> None:
        self._tensors = dict(run.tensors) if run is not None else {}
        self._images.clear()
        self._waiting.clear()

    def of(self, layer: Layer, ratio: float) -> QImage | None:
        """Return a layer's picture if it has been made; else it will be."""
        name = layer.output.name
        if name not in self._images and name in self._tensors:
            self._waiting[name] = layer.output, ratio
            if not self._timer.isActive():
                self._timer.start()
        return self._images.get(name)

    @Slot()
    def _make(self) -> None:
        end = time.perf_counter() + TICK_SECONDS
        while self._waiting and time.perf_counter() < end:
            name, (known, ratio) = self._waiting.popitem()
            self._images[name] = _picture(known, self._tensors, round(THUMBNAIL * ratio))
        if self._waiting:
            self._timer.start()
        self.made.emit()


def _picture(known: Tensor, tensors: Mapping[str, Array], size: int) -> QImage | None:
    read = reading(tensors[known.name], known, tensors)
    if read is None or read.form == "vector" or read.maps.shape[1:] == (1, 1):
        return None
    is_signal = read.form == "signal"
    drawn = thumbnail(in_rows(read.maps) if is_signal else read.maps, size, fills=is_signal)
    rgb = to_rgb(drawn, palette("viridis"))
    height, width, _ = rgb.shape
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
