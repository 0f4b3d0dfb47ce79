"""The answer of the model as it is deployed."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis import heads
from inspector.analysis.heads import ClassScore, Head
from inspector.labels import fitting, short
from inspector.ui import theme
from inspector.ui.lines import Line, Span, facts
from inspector.ui.panel import Panel
from inspector.ui.panels.tensor_table import TensorTable, tensor_row
from inspector.ui.session import Session
from inspector.ui.text import elided, plain, tooltip

SHOWN = 5
EMPTY = "Open a model and a picture: here you will see what the model answers, and how sure it is."
HEADS = {
    "logits": "The model ends in logits; softmax was applied here.",
    "probabilities": "The model itself ends in softmax.",
    "sigmoid": "The model ends in sigmoid: each class has a probability of its own.",
}


class OutputPanel(Panel):
    """Top classes as bars; any other output as shape and statistics."""

    title = "Output"
    dock_name = "output"
    icon_name = "output"
    area = Qt.DockWidgetArea.RightDockWidgetArea
    follows_view = False

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.answer = Answer()
        self.certainty = Line("small")
        self.head = Line("small")
        self.table_title = Line("small")
        self.table = TensorTable()
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(theme.MARGIN, theme.SPACING, theme.MARGIN, theme.SPACING)
        layout.setSpacing(6)
        for widget in (self.answer, self.certainty, self.head, self.table_title, self.table):
            layout.addWidget(widget)
        layout.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        inside.setAutoFillBackground(False)
        outer = QVBoxLayout(self.body)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._scroll)

    def draw(self) -> None:
        model, prediction = self.session.model, self.session.prediction
        if model is None or prediction is None:
            self.say(EMPTY if not (model and self.session.busy) else "The answer is on its way.")
            return
        run = self.session.run
        is_same = run is not None and run.prediction is prediction
        head = heads.head(model, prediction.outputs, run.tensors if run is not None and is_same else None)
        self._draw_head(head)
        others = [(name, tensor) for name, tensor in prediction.outputs.items() if name != head.output]
        self.table.show_rows([tensor_row(name, tensor) for name, tensor in others])
        self.table.setVisible(bool(others))
        self.table_title.setVisible(bool(others))
        what = "other outputs" if head.output else "no output holds one number for each class"
        self.table_title.show_spans([Span(what, "muted")])

    def _draw_head(self, head: Head) -> None:
        labels, mismatch = fitting(self.session.class_labels(), head.classes)
        scores = heads.top_classes(head, labels, SHOWN)
        self.answer.show_scores(scores)
        for widget in (self.answer, self.certainty, self.head):
            widget.setVisible(bool(scores))
        if not scores:
            return
        said = Span(mismatch, "warning") if mismatch else Span(HEADS[head.kind], "muted")
        self.head.show_spans([said])
        if len(scores) > 1:
            margin = (f"margin to {_name(scores[1])}", format.significant(heads.margin(head)))
            entropy = ("entropy", f"{format.significant(heads.entropy(head.probabilities))} nats")
            self.certainty.show_spans(facts(margin), remark=facts(entropy) if head.kind != "sigmoid" else ())
        else:
            self.certainty.show_spans(())

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.answer.set_dimmed(is_dimmed)


def _name(score: ClassScore) -> str:
    return plain(short(score.label)) if score.label else f"class {score.index}"


def _remark(score: ClassScore) -> str:
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

    ROW = 24

    def __init__(self) -> None:
        super().__init__()
        self._scores: tuple[ClassScore, ...] = ()
        self._is_dimmed = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """What is written: name, probability and logit of each class."""
        return tuple(
            (
                _name(score),
                format.probability(score.probability),
                "" if score.logit is None else format.significant(score.logit),
            )
            for score in self._scores
        )

    def show_scores(self, scores: tuple[ClassScore, ...]) -> None:
        self._scores = scores
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
        painter.drawText(line, left, elided(_remark(self._scores[0]), metrics, room))
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
