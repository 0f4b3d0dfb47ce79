"""The icons, tinted for the theme that is worn when they are painted."""

from __future__ import annotations

import functools

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from inspector import bundled
from inspector.ui import theme


def pixmap(name: str, size: int, color: QColor | str, device_pixel_ratio: float = 1.0) -> QPixmap:
    """Return a picture of one icon.

    Args:
        name: Of a file in ``resources/icons``, without its ending.
        size: Of one side, in pixels of the layout.
        color: What the drawing's lines are painted with.
        device_pixel_ratio: Pixels of the screen for each pixel of the layout.
    """
    return QPixmap.fromImage(_image(name, size, QColor(color).name(), device_pixel_ratio))


def icon(name: str, size: int = 20, role: str = "text") -> QIcon:
    """Return an icon that repaints itself in the colour ``role`` of whatever theme is worn."""
    return QIcon(_TintedIcon(name, size, role))


def application_icon() -> QIcon:
    """Return the program's own icon, in every size a desktop asks for."""
    made = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        made.addPixmap(pixmap("app", size, "#000000"))
    return made


@functools.lru_cache(maxsize=512)
def _image(name: str, size: int, color: str, device_pixel_ratio: float) -> QImage:
    drawing = _drawing(name).replace("currentColor", color)
    renderer = QSvgRenderer(drawing.encode())
    side = max(1, round(size * device_pixel_ratio))
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    image.setDevicePixelRatio(device_pixel_ratio)
    return image


@functools.cache
def _drawing(name: str) -> str:
    return bundled.icon(name).read_text(encoding="utf-8")


class _TintedIcon(QIconEngine):
    """Asks for its colour each time it paints, so that a change of theme needs no new icons."""

    def __init__(self, name: str, size: int, role: str) -> None:
        super().__init__()
        self._name = name
        self._size = size
        self._role = role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatioF() if painter.device() else 1.0
        painter.drawPixmap(rect, self._tinted(rect.size(), ratio, mode))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        return self._tinted(size, scale, mode)

    def actualSize(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QSize:
        return size

    def availableSizes(self, mode: QIcon.Mode = QIcon.Mode.Normal, state: QIcon.State = QIcon.State.Off) -> list[QSize]:
        return [QSize(self._size, self._size)]

    def clone(self) -> QIconEngine:
        return _TintedIcon(self._name, self._size, self._role)

    def key(self) -> str:
        return f"inspector-{self._name}"

    def _tinted(self, size: QSize, ratio: float, mode: QIcon.Mode) -> QPixmap:
        """Return the icon; where it is wider than high, the rest is space before the text that follows."""
        worn = theme.tokens()
        color = theme.color(self._role)
        if mode == QIcon.Mode.Disabled:
            color = theme.blend(color.name(), worn.panel, theme.DISABLED)
        side = max(1, min(size.width(), size.height()))
        drawn = pixmap(self._name, side, color, ratio)
        if size.width() <= size.height():
            return drawn
        wide = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
        wide.setDevicePixelRatio(ratio)
        wide.fill(Qt.GlobalColor.transparent)
        painter = QPainter(wide)
        painter.drawPixmap(0, 0, drawn)
        painter.end()
        return wide
