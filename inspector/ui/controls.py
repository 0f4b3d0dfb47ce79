"""What is clicked and typed in: lists with their label inside, a search field, family chips that flow."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLineEdit,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from inspector.ui import icons, theme
from inspector.ui.painting import paint_dot, paint_focus
from inspector.ui.text import elided, plain, tooltip


class LabelledCombo(QComboBox):
    """A list to choose from, with what is chosen named inside, muted: ``Limits  layer, min to max``."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self._label = label
        self.setAccessibleName(label)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)

    def choose(self, data: object) -> None:
        """Show the row of that user data, without telling anybody."""
        row = self.findData(data)
        if row != self.currentIndex():
            blocked = self.blockSignals(True)
            self.setCurrentIndex(row)
            self.blockSignals(blocked)
            self.updateGeometry()
            self.update()

    def rename(self, row: int, text: str) -> None:
        """Give a row another text; the same one costs nothing."""
        if text != self.itemText(row):
            self.setItemText(row, text)
            self.updateGeometry()

    def _text_width(self) -> float:
        metrics = QFontMetricsF(self.font())
        label = metrics.horizontalAdvance(f"{self._label}  ") if self._label else 0.0
        return label + metrics.horizontalAdvance(plain(self.currentText()))

    def sizeHint(self) -> QSize:
        return QSize(round(self._text_width()) + 42, theme.CONTROL_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, theme.CONTROL_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.subControls = QStyle.SubControl.SC_ComboBoxFrame
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        metrics = QFontMetricsF(self.font())
        left, right = 10.0, self.width() - 26.0
        is_on = self.isEnabled()
        if self._label:
            painter.setPen(theme.color("muted") if is_on else self.palette().color(self.foregroundRole()))
            painter.drawText(QRectF(left, 0, right - left, self.height()), Qt.AlignmentFlag.AlignVCenter, self._label)
            left += metrics.horizontalAdvance(f"{self._label}  ")
        color = theme.color("text")
        if not is_on:
            color.setAlphaF(theme.DISABLED)
        painter.setPen(color)
        text = elided(plain(self.currentText()), metrics, right - left)
        painter.drawText(QRectF(left, 0, right - left + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        arrow = icons.pixmap("chevron", 12, color, self.devicePixelRatioF())
        painter.drawPixmap(QPointF(self.width() - 21, (self.height() - 12) / 2), arrow)


class SearchField(QLineEdit):
    """A field to find something by its name."""

    def __init__(self, hint: str) -> None:
        super().__init__()
        self.setPlaceholderText(hint)
        self.setAccessibleName(hint)
        self.setClearButtonEnabled(True)
        sign = QAction(self)
        sign.setIcon(icons.icon("search", 16, "muted"))
        self.addAction(sign, QLineEdit.ActionPosition.LeadingPosition)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)


class Chip(QAbstractButton):
    """A family: its dot, its word and how many layers it has. Pressed, only these are shown."""

    def __init__(self, family: str) -> None:
        super().__init__()
        self.family = family
        self._count = ""
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setText(family)

    def show_count(self, count: str) -> None:
        self._count = count
        self.setAccessibleName(f"{self.family}, {count} layers")
        self.setToolTip(tooltip(f"Show only the {count} {self.family} layers"))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = theme.metrics("small")
        text = metrics.horizontalAdvance(f"{self.family}  {self._count}")
        return QSize(round(text) + 24, round(metrics.height()) + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self.isChecked() or self.underMouse():
            painter.setBrush(theme.color("selection" if self.isChecked() else "raised"))
            painter.setPen(QPen(theme.color("accent"), 1) if self.isChecked() else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(rect, theme.RADIUS, theme.RADIUS)
        paint_dot(painter, QPointF(10, self.height() / 2), self.family)
        font = theme.font("small")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        painter.drawText(QRectF(19, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, self.family)
        left = 19 + metrics.horizontalAdvance(f"{self.family}  ")
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(left, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, self._count)
        if self.hasFocus():
            paint_focus(painter, QRectF(self.rect()))


class Flow(QWidget):
    """Widgets in lines, as many beside each other as fit."""

    def __init__(self, spacing: int = theme.GAP) -> None:
        super().__init__()
        self._spacing = spacing
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def add(self, widget: QWidget) -> None:
        widget.setParent(self)
        widget.show()

    def arrange(self) -> None:
        """Lay out again, after a widget was shown, hidden or changed its size."""
        self._place(self.width(), move=True)
        self.updateGeometry()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(width, move=False)

    def sizeHint(self) -> QSize:
        return QSize(100, self._place(max(self.width(), 100), move=False))

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self._place(max(self.width(), 40), move=False))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place(self.width(), move=True)
        self.updateGeometry()

    def _place(self, width: int, move: bool) -> int:
        x = y = line = 0
        for child in self.children():
            if not isinstance(child, QWidget) or child.isHidden():
                continue
            size = child.sizeHint()
            if x and x + size.width() > width:
                x, y, line = 0, y + line + self._spacing, 0
            if move:
                child.setGeometry(QRect(x, y, min(size.width(), width), size.height()))
            x, line = x + size.width() + self._spacing, max(line, size.height())
        return y + line
