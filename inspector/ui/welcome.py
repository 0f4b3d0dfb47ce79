"""What the window shows before a model is open: where to drop files, three samples, and what was open lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from inspector import bundled
from inspector.ui import icons, theme
from inspector.ui.painting import paint_focus
from inspector.ui.recent import RecentList
from inspector.ui.session import Session
from inspector.ui.settings import Settings
from inspector.ui.text import file_name

WIDTH = 760
THUMBNAIL = 56
SAMPLE_HEIGHT = 74
RECENT_ROWS = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """Attributes: name: Of a bundled model. lines: What it is, in two short lines."""

    name: str
    lines: tuple[str, str]


SAMPLES: tuple[Sample, ...] = (
    Sample("edges", ("One 3 × 3 kernel, ReLU", "and pooling, 300 × 300")),
    Sample("shapes", ("12 kernels on drawn", "shapes, 32 × 32 × 3")),
    Sample("digits", ("Handwritten digits,", "ending in logits")),
)


class Welcome(QScrollArea):
    """Attributes: model_wanted, picture_wanted: A button was pressed. files_wanted: These paths, model first."""

    model_wanted = Signal()
    picture_wanted = Signal()
    files_wanted = Signal(object)

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__()
        self._session = session
        self._settings = settings
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.target = DropHere()
        self.target.open_model.clicked.connect(self.model_wanted)
        self.target.open_picture.clicked.connect(self.picture_wanted)
        self.samples = tuple(SampleCard(each) for each in SAMPLES if _has(each.name))
        for card in self.samples:
            card.chosen.connect(self.files_wanted)
        self._recent_head = _heading("Recent")
        self.recent = RecentList()
        self.recent.chosen.connect(self.files_wanted)
        self.setWidget(self._page())
        for signal in (session.prediction_changed, session.model_changed, session.busy_changed):
            signal.connect(self.show_session)
        self.show_session()

    def _page(self) -> QWidget:
        column = QWidget()
        column.setMaximumWidth(WIDTH)
        column.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        lines = QVBoxLayout(column)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(self.target)
        if self.samples:
            lines.addSpacing(28)
            lines.addWidget(_heading("Start with a sample"))
            lines.addSpacing(theme.SPACING)
            cards = QHBoxLayout()
            cards.setSpacing(theme.SPACING)
            for card in self.samples:
                cards.addWidget(card, 1)
            lines.addLayout(cards)
        lines.addSpacing(28)
        lines.addWidget(self._recent_head)
        lines.addSpacing(theme.SPACING)
        lines.addWidget(self.recent)
        page = QWidget()
        around = QVBoxLayout(page)
        around.setContentsMargins(theme.GROUP, 28, theme.GROUP, theme.GROUP)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(column, 100)
        middle.addStretch(1)
        around.addStretch(1)
        around.addLayout(middle)
        around.addStretch(2)
        return page

    @Slot()
    def show_session(self) -> None:
        """Show which picture waits, and what was open lately."""
        if self._session.model is not None:  # the page is not seen any more
            return
        waiting = self._session.image if not self._session.busy else ""
        self.target.show_waiting(file_name(waiting) if waiting else "", len(self._session.images))
        entries = self._settings.models()[:RECENT_ROWS]
        self._recent_head.setVisible(bool(entries))
        self.recent.setVisible(bool(entries))
        self.recent.show_entries(entries)


class DropHere(QWidget):
    """The dashed frame, with what to do in it."""

    def __init__(self) -> None:
        super().__init__()
        self._headline, self._hint = "", ""
        self.open_model = QPushButton("Open model")
        self.open_model.setIcon(icons.icon("open-model", 20, "on_accent"))
        self.open_model.setProperty("primary", True)
        self.open_picture = QPushButton("Open picture")
        self.open_picture.setIcon(icons.icon("open-image", 20))
        for button in (self.open_model, self.open_picture):
            button.setProperty("large", True)
            button.setIconSize(QSize(24, 20))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACING)
        buttons.addStretch(1)
        buttons.addWidget(self.open_model)
        buttons.addWidget(self.open_picture)
        buttons.addStretch(1)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(theme.GROUP, 0, theme.GROUP, 32)
        lines.addStretch(1)
        lines.addLayout(buttons)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_waiting("", 0)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 232)

    def show_waiting(self, name: str, count: int) -> None:
        """Say that a picture waits for a model; without a name, what can be dropped."""
        if not name:
            self._headline = "Drop a model and a picture here"
            self._hint = "The model as an .onnx file, the picture as PNG, JPEG, WebP or TIFF"
        else:
            others = f" and {count - 1:,} more" if count > 1 else ""
            verb = "wait" if count > 1 else "waits"
            self._headline = f"{name}{others} {verb} for a model"
            self._hint = "Drop an .onnx file here, open one, or start with a sample below"
        self.setAccessibleName(self._headline)
        self.setAccessibleDescription(self._hint)
        self.update()

    def headline(self) -> str:
        """Return what stands large in the frame."""
        return self._headline

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("bar"), 2, Qt.PenStyle.CustomDashLine))
        outline = painter.pen()
        outline.setDashPattern([3, 2])
        outline.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(outline)
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.LARGE_RADIUS, theme.LARGE_RADIUS)
        sign = icons.pixmap("app", 56, "#000000", self.devicePixelRatioF())
        painter.drawPixmap((self.width() - 56) // 2, 32, sign)
        room = self.width() - 2 * theme.GROUP
        for text, font, role, top, height in (
            (self._headline, theme.font("title", bold=True), "text", 102, 26),
            (self._hint, theme.font(), "muted", 131, 18),
        ):
            painter.setFont(font)
            painter.setPen(theme.color(role))
            fitting = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, room)
            painter.drawText(QRect(theme.GROUP, top, room, height), int(Qt.AlignmentFlag.AlignCenter), fitting)


class SampleCard(QAbstractButton):
    """A bundled model with one of its pictures; pressed, both are opened."""

    chosen = Signal(object)

    def __init__(self, sample: Sample) -> None:
        super().__init__()
        self.sample = sample
        pictures = bundled.samples(sample.name)
        self._paths = (str(bundled.model(sample.name)), *map(str, pictures))
        self._thumbnail = _thumbnail(pictures)
        self.setText(sample.name)
        self.setAccessibleDescription(" ".join(sample.lines))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._choose)

    def sizeHint(self) -> QSize:
        return QSize(240, SAMPLE_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, SAMPLE_HEIGHT)

    @Slot()
    def _choose(self) -> None:
        self.chosen.emit(self._paths)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_card(painter, self)
        inset = (self.height() - THUMBNAIL) // 2
        place = QRect(inset, inset, THUMBNAIL, THUMBNAIL)
        painter.fillRect(place, theme.color("canvas"))
        if self._thumbnail is not None:
            _paint_picture(painter, self._thumbnail, place, self.devicePixelRatioF())
        left = place.right() + theme.MARGIN + 1
        room = self.width() - left - theme.SPACING
        painter.setFont(theme.font(bold=True))
        painter.setPen(theme.color("text"))
        painter.drawText(QRect(left, 12, room, 18), int(Qt.AlignmentFlag.AlignVCenter), self.sample.name)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        metrics = painter.fontMetrics()
        for number, line in enumerate(self.sample.lines):
            text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRect(left, 31 + 15 * number, room, 15), int(Qt.AlignmentFlag.AlignVCenter), text)


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme.font(bold=True))
    return label


def _has(name: str) -> bool:
    try:
        bundled.model(name)
    except FileNotFoundError:
        return False
    return True


def _thumbnail(pictures: Sequence[Path]) -> QImage | None:
    """Return the first sample that Qt may decode: our own files only, never one a user gave us."""
    for path in pictures:
        if path.suffix == ".png":
            image = QImage(str(path))
            if not image.isNull():
                return image
    return None


def _paint_picture(painter: QPainter, image: QImage, place: QRect, ratio: float) -> None:
    side = round(THUMBNAIL * ratio)
    small = max(image.width(), image.height()) <= 64  # a few large pixels are shown as such
    how = Qt.TransformationMode.FastTransformation if small else Qt.TransformationMode.SmoothTransformation
    scaled = image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, how)
    scaled.setDevicePixelRatio(ratio)
    size = scaled.deviceIndependentSize().toSize()
    left = place.x() + (place.width() - size.width()) // 2
    top = place.y() + (place.height() - size.height()) // 2
    painter.drawPixmap(left, top, QPixmap.fromImage(scaled))


def _paint_card(painter: QPainter, card: QAbstractButton) -> None:
    lively = card.underMouse() or card.isDown()
    painter.setPen(QPen(theme.color("bar" if lively else "border"), 1))
    painter.setBrush(theme.color("raised" if card.isDown() else "panel"))
    painter.drawRoundedRect(QRectF(card.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)
    if card.hasFocus():
        paint_focus(painter, QRectF(card.rect()))
