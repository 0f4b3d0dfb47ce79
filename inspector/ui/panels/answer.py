"""The classes of an answer: the best one in large type, and the best few as bars."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector import format
from inspector.analysis.heads import ClassScore
from inspector.labels import short
from inspector.ui import theme
from inspector.ui.text import elided, plain, tooltip


def class_name(score: ClassScore) -> str:
    """Return the first of a class's names, or its number."""
    return plain(short(score.label)) if score.label else f"class {score.index}"


def _number_and_names(score: ClassScore) -> str:
    """Return what is left to say of a class beside its name."""
    rest = score.label.partition(",")[2].strip() if score.label else ""
    if not score.label:
        return "no label is known"
    return f"class {score.index}, {plain(rest)}" if rest else f"class {score.index}"


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns of the bars end, from the right."""

    logit: float
    probability: float
    bar_left: float
    bar_right: float


class Answer(QWidget):
    """The best class in large type, and under it the best few as bars."""

    ROW = 22

    def __init__(self) -> None:
        super().__init__()
        self._scores: tuple[ClassScore, ...] = ()
        self._remark = ""
        self._is_dimmed = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """What is written: name, probability and logit of each class."""
        return tuple(
            (
                class_name(score),
                format.probability(score.probability),
                "" if score.logit is None else format.significant(score.logit),
            )
            for score in self._scores
        )

    def show_scores(self, scores: tuple[ClassScore, ...], remark: str = "") -> None:
        """Show these classes, the best one first; ``remark`` stands below its name, in place of its number."""
        self._scores = scores
        self._remark = remark or (_number_and_names(scores[0]) if scores else "")
        self.setAccessibleName("; ".join(f"{name} {probability}" for name, probability, _ in self.rows))
        self.setToolTip(tooltip(*(f"{score.index}  {score.label}" for score in scores)))
        self.updateGeometry()
        self.update()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self._is_dimmed = is_dimmed
        self.update()

    def _top(self) -> float:
        return QFontMetricsF(theme.font("title")).height() + QFontMetricsF(theme.font("small")).height() + 8

    def sizeHint(self) -> QSize:
        return QSize(260, round(self._top()) + self.ROW * len(self._scores))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._scores:
            return
        painter = QPainter(self)
        if self._is_dimmed:
            painter.setOpacity(0.5)
        columns = self._columns()
        self._paint_best(painter, columns)
        for row, score in enumerate(self._scores):
            self._paint_row(painter, columns, row, score)

    def _columns(self) -> _Columns:
        small, normal = QFontMetricsF(theme.font("small")), QFontMetricsF(theme.font())
        logits = [logit for _, _, logit in self.rows if logit]
        logit = max((small.horizontalAdvance(text) for text in (*logits, "logit")), default=0.0) + 12 if logits else 0.0
        widest = max(normal.horizontalAdvance(probability) for _, probability, _ in self.rows)
        probability = max(widest, small.horizontalAdvance("probability")) + 12
        names = max(QFontMetricsF(theme.font(bold=True)).horizontalAdvance(name) for name, _, _ in self.rows)
        room = self.width() - logit - probability
        left = min(names + 12, max(room * 0.5, room - 72))
        return _Columns(logit, probability, left, self.width() - logit - probability)

    def _paint_best(self, painter: QPainter, columns: _Columns) -> None:
        title, small = theme.font("title", bold=True), theme.font("small")
        height = QFontMetricsF(theme.font("title")).height()
        right, left = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignLeft
        probability = self.rows[0][1]
        metrics = QFontMetricsF(title)
        room = self.width() - metrics.horizontalAdvance(probability) - 16
        painter.setFont(title)
        painter.setPen(theme.color("text"))
        whole = QRectF(0, 0, self.width(), height)
        painter.drawText(whole, left, elided(self.rows[0][0], metrics, room))
        painter.drawText(whole, right, probability)
        painter.setFont(small)
        painter.setPen(theme.color("muted"))
        metrics = QFontMetricsF(small)
        line = QRectF(0, height + 1, self.width(), metrics.height())
        room = columns.bar_right + columns.probability - metrics.horizontalAdvance("probability") - 12
        painter.drawText(line, left, elided(self._remark, metrics, room))
        painter.drawText(line.adjusted(0, 0, -columns.logit, 0), right, "probability")
        if columns.logit:
            painter.drawText(line, right, "logit")

    def _paint_row(self, painter: QPainter, columns: _Columns, row: int, score: ClassScore) -> None:
        name, probability, logit = self.rows[row]
        line = QRectF(0, self._top() + row * self.ROW, self.width(), self.ROW)
        middle, font = Qt.AlignmentFlag.AlignVCenter, theme.font(bold=row == 0)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        painter.drawText(line, middle, elided(name, QFontMetricsF(font), columns.bar_left - 12))
        painter.setFont(theme.font())
        painter.drawText(line.adjusted(0, 0, -columns.logit, 0), middle | Qt.AlignmentFlag.AlignRight, probability)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        painter.drawText(line, middle | Qt.AlignmentFlag.AlignRight, logit)
        bar = QRectF(columns.bar_left, line.center().y() - 5, max(0.0, columns.bar_right - columns.bar_left), 10)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("canvas"))
        painter.drawRoundedRect(bar, theme.SMALL_RADIUS, theme.SMALL_RADIUS)
        part = min(1.0, score.probability) if score.probability > 0 else 0.0  # NaN has no bar
        painter.setBrush(theme.color("accent" if row == 0 else "bar"))
        bar.setWidth(max(1.0, bar.width() * part))
        painter.drawRoundedRect(bar, min(theme.SMALL_RADIUS, bar.width() / 2), theme.SMALL_RADIUS)
        painter.restore()
