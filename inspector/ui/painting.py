"""Signs that several widgets paint: a family's dot, the mark on data, the ring of the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from inspector.ui import theme


def paint_dot(painter: QPainter, center: QPointF, family: str, size: float = 8) -> None:
    """Paint a family's dot; in the light theme with a ring, without which yellow would not show."""
    ring = theme.tokens().ring
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(theme.color(family))
    painter.setPen(QPen(QColor(ring), 1) if ring else Qt.PenStyle.NoPen)
    radius = size / 2 - (0.5 if ring else 0)
    painter.drawEllipse(center, radius, radius)
    painter.restore()


def paint_mark(painter: QPainter, framed: QRectF, thickness: float = 2) -> None:
    """Paint the frame that marks a place on data: outside of it, so that nothing marked is covered."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    dark = QColor(0, 0, 0, 191)
    for distance, width, color in (
        (0.0, 1.0, dark),
        (1.0, thickness, theme.color("mark")),
        (1.0 + thickness, 1.0, dark),
    ):
        _paint_frame(painter, framed.adjusted(-distance, -distance, distance, distance), width, color)
    painter.restore()


def paint_cross(painter: QPainter, cell: QRectF, whole: QRectF) -> None:
    """Paint hairs that lead from the rim of a map to a cell: where the pointer is, in whatever panel.

    Args:
        painter: Where to.
        cell: Of the map.
        whole: The map.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    middle, inner = cell.center(), cell.adjusted(-1, -1, 1, 1)
    for width, color in ((3.0, QColor(0, 0, 0, 120)), (1.0, QColor(255, 255, 255, 220))):
        half = width / 2
        x, y = middle.x() - half, middle.y() - half
        painter.fillRect(QRectF(whole.left(), y, inner.left() - whole.left(), width), color)
        painter.fillRect(QRectF(inner.right(), y, whole.right() - inner.right(), width), color)
        painter.fillRect(QRectF(x, whole.top(), width, inner.top() - whole.top()), color)
        painter.fillRect(QRectF(x, inner.bottom(), width, whole.bottom() - inner.bottom()), color)
    if cell.width() >= 4:
        _paint_frame(painter, cell, 1, QColor(255, 255, 255, 220))
        _paint_frame(painter, cell.adjusted(-1, -1, 1, 1), 1, QColor(0, 0, 0, 150))
    painter.restore()


def _paint_frame(painter: QPainter, inner: QRectF, width: float, color: QColor) -> None:
    outer = inner.adjusted(-width, -width, width, width)
    painter.fillRect(QRectF(outer.left(), outer.top(), outer.width(), width), color)
    painter.fillRect(QRectF(outer.left(), inner.bottom(), outer.width(), width), color)
    painter.fillRect(QRectF(outer.left(), inner.top(), width, inner.height()), color)
    painter.fillRect(QRectF(inner.right(), inner.top(), width, inner.height()), color)


def paint_focus(painter: QPainter, rect: QRectF, radius: float = theme.RADIUS) -> None:
    """Paint the ring of a widget that has the keyboard."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("accent"), 2))
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)
    painter.restore()
