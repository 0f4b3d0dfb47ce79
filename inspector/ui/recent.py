"""The list of models that were open, newest first."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import date, datetime

from PySide6.QtCore import QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from inspector.ui import icons, theme
from inspector.ui.painting import paint_focus
from inspector.ui.settings import RecentModel
from inspector.ui.text import file_name, shown, tooltip

_ROW = 28


class RecentList(QWidget):
    """Models that were open, newest first, each with the picture it ran, its folder, and when that was."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[RecentRow] = []
        self._entries: tuple[RecentModel, ...] = ()
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(1, 1, 1, 1)
        self._lines.setSpacing(1)

    def show_entries(self, entries: Sequence[RecentModel]) -> None:
        """Replace the rows."""
        if tuple(entries) == self._entries:
            return
        self._entries = tuple(entries)
        for row in self._rows:
            self._lines.removeWidget(row)
            row.deleteLater()
        self._rows = [RecentRow(entry) for entry in entries]
        for row in self._rows:
            row.chosen.connect(self.chosen)
            self._lines.addWidget(row)

    def rows(self) -> tuple[RecentRow, ...]:
        return tuple(self._rows)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("border"))
        painter.setBrush(theme.color("border"))  # shows as lines between the rows
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)


class RecentRow(QAbstractButton):
    """One line of the list."""

    chosen = Signal(object)

    def __init__(self, entry: RecentModel) -> None:
        super().__init__()
        self.entry = entry
        self.setText(file_name(entry.path))
        self.setAccessibleDescription(f"{file_name(entry.image)} {_when(entry.opened)}")
        self.setToolTip(tooltip(shown(entry.path), shown(entry.image)))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFixedHeight(_ROW - 1)
        self.clicked.connect(self._choose)

    @Slot()
    def _choose(self) -> None:
        self.chosen.emit(tuple(filter(None, (self.entry.path, self.entry.image))))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.color("raised" if self.underMouse() else "panel"))
        width, height = self.width(), self.height()
        small, normal = theme.font(), theme.font()
        when = _when(self.entry.opened)
        time_width = QFontMetrics(small).horizontalAdvance(when)
        ends = (round(width * 0.30), round(width * 0.53), width - time_width - 2 * theme.GROUP)
        columns = (
            (theme.MARGIN, ends[0], "open-model", file_name(self.entry.path), "text"),
            (ends[0] + theme.SPACING, ends[1], "open-image", file_name(self.entry.image), "text"),
            (ends[1] + theme.SPACING, ends[2], "", _folder(self.entry.path), "muted"),
            (width - time_width - theme.MARGIN, width, "", when, "muted"),
        )
        painter.setFont(normal)
        metrics = painter.fontMetrics()
        for start, end, icon, text, role in columns:
            left = start
            if not text:
                continue
            if icon:
                picture = icons.pixmap(icon, 16, theme.color("muted"), self.devicePixelRatioF())
                painter.drawPixmap(left, (height - 16) // 2, picture)
                left += 16 + theme.SPACING
            painter.setPen(theme.color(role))
            fitting = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, end - left)
            painter.drawText(QRect(left, 0, end - left, height), int(Qt.AlignmentFlag.AlignVCenter), fitting)
        if self.hasFocus():
            paint_focus(painter, QRectF(self.rect()))


def _folder(path: str) -> str:
    folder, home = os.path.dirname(path), os.path.expanduser("~")
    if folder == home or folder.startswith(home + os.sep):
        folder = "~" + folder[len(home) :]
    return shown(folder)


def _when(seconds: float) -> str:
    """Return when that was, as one says it: with the time today, else the day."""
    if not seconds:
        return ""
    then = datetime.fromtimestamp(seconds)
    days = (date.fromtimestamp(time.time()) - then.date()).days
    if days == 0:
        return f"today, {then:%H:%M}"
    if days == 1:
        return "yesterday"
    day = f"{then.day} {then:%B}"
    return day if then.year == date.today().year else f"{day} {then.year}"
