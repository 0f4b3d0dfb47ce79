"""The feature map that the chosen kernel made, small, beside it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from inspector.analysis.reading import Reading, reading
from inspector.graph.model import Layer
from inspector.render.palettes import palette, to_rgb
from inspector.render.pictures import thumbnail
from inspector.ui import theme
from inspector.ui.painting import paint_focus
from inspector.ui.session import Session
from inspector.ui.text import plain, tooltip

SIDE = 44  # pixels


class KernelMap(QAbstractButton):
    """A small picture of one channel; a click goes to it."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()
        self._key: tuple[object, ...] = ()
        self.setFixedSize(SIDE, SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_map(self, session: Session, layer: Layer, channel: int) -> None:
        """Show a channel of a layer's output in the run that is shown; hide where there is none to be seen."""
        made = _read(session, layer)
        is_seen = made is not None and channel < len(made.values) and made.maps.shape[1:] != (1, 1)
        self.setVisible(is_seen)
        if made is None or not is_seen:
            self.forget()
            return
        key = (id(made.values), made.slice, channel, self.devicePixelRatioF())
        if key != self._key:
            self._key = key
            map_ = made.maps[channel : channel + 1]
            is_flat = map_.shape[1] == 1  # a signal
            small = thumbnail(map_, round(SIDE * self.devicePixelRatioF()), fills=is_flat)
            rgb = to_rgb(small, palette("signed" if made.is_difference else "viridis"))
            height, width, _ = rgb.shape
            self._image = QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
            said = f"Feature map {channel} of {plain(layer.name)}, which this kernel made"
            self.setAccessibleName(said)
            self.setToolTip(tooltip(said, "Click to go to it"))
            self.update()

    def forget(self) -> None:
        """Hold nothing of a run."""
        self._key, self._image = (), QImage()

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rect = QRectF(self.rect())
        painter.fillRect(rect, theme.color("canvas"))
        if not self._image.isNull():
            height, width = self._image.height(), self._image.width()
            is_flat = height == 1
            scale = min(rect.width() / width, rect.height() / height)
            size = (rect.width(), rect.height() / 3) if is_flat else (width * scale, height * scale)
            left, top = (rect.width() - size[0]) / 2, (rect.height() - size[1]) / 2
            painter.drawImage(QRectF(left, top, *size), self._image)
        if self.underMouse():
            painter.setPen(theme.color("muted"))
            painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))
        if self.hasFocus():
            paint_focus(painter, rect)


def _read(session: Session, layer: Layer) -> Reading | None:
    if session.layer() is layer:
        return session.reading()
    run = session.run
    tensor = run.tensors.get(layer.output.name) if run is not None else None
    return reading(tensor, layer.output, run.tensors) if run is not None and tensor is not None else None
