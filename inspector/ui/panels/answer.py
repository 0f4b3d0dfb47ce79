"""The classes of an answer: the best one in large type, and below it the list of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis.heads import ClassScore
from inspector.analysis.ranked_classes import RankedClasses
from inspector.ui import theme
from inspector.ui.panels.class_columns import class_name
from inspector.ui.panels.class_list import ClassList
from inspector.ui.text import elided, plain, tooltip

__all__ = ["Answer", "AnswerHead", "class_name"]


def _number_and_names(score: ClassScore) -> str:
    """Return what is left to say of a class beside its name."""
    rest = score.label.partition(",")[2].strip() if score.label else ""
    if not score.label:
        return "no label is known"
    return f"class {score.index}, {plain(rest)}" if rest else f"class {score.index}"


class AnswerHead(QWidget):
    """The best class and its probability in large type; below it the heads of the columns.

    Signals:
        clicked: The user wants to look into whatever class is the best.
    """

    clicked = Signal()

    def __init__(self, classes: ClassList) -> None:
        super().__init__()
        self._list = classes
        self._name = self._probability = self._remark = ""
        self._is_dimmed = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_best(self, score: ClassScore, remark: str) -> None:
        self._name, self._probability = class_name(score), format.probability(score.probability)
        self._remark = remark or _number_and_names(score)
        self.setToolTip(tooltip(f"class {score.index}  {score.label}".strip()))
        self.setAccessibleName(f"{self._name} {self._probability}")
        self.update()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self._is_dimmed = is_dimmed
        self.update()

    def sizeHint(self) -> QSize:
        heights = (theme.metrics(size).height() for size in ("title", "small"))
        return QSize(260, round(sum(heights)) + 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._is_dimmed:
            painter.setOpacity(0.5)
        title, small = theme.font("title", bold=True), theme.font("small")
        right, left = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignLeft
        whole = QRectF(theme.MARGIN, 0, self.width() - 2 * theme.MARGIN, QFontMetricsF(title).height())
        metrics = QFontMetricsF(title)
        room = whole.width() - metrics.horizontalAdvance(self._probability) - 16
        painter.setFont(title)
        painter.setPen(theme.color("text"))
        painter.drawText(whole, left, elided(self._name, metrics, room))
        painter.drawText(whole, right, self._probability)
        painter.setFont(small)
        painter.setPen(theme.color("muted"))
        metrics, columns = QFontMetricsF(small), self._list.columns()
        line = QRectF(theme.MARGIN, whole.bottom() + 1, whole.width(), metrics.height())
        room = columns.probability - metrics.horizontalAdvance("probability") - theme.MARGIN - 12
        painter.drawText(line, left, elided(self._remark, metrics, room))
        now = "current" if columns.reference else "probability"
        ends = {now: columns.probability, "reference": columns.reference}
        ends |= {"logit": columns.logit, "margin": columns.margin}
        for text, end in ends.items():
            if end:
                painter.drawText(QRectF(end - 200, line.top(), 200, line.height()), right, text)


class Answer(QWidget):
    """The best class in large type, and under it classes as bars.

    Attributes:
        head: What is in large type.
        classes: The rows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.classes = ClassList()
        self.head = AnswerHead(self.classes)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(self.head)
        lines.addWidget(self.classes)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """What is written: name, probability and logit of each class, the pinned ones first."""
        return tuple(self.classes.texts(index) for index in self.classes.indices)

    def show_answer(
        self,
        ranked: RankedClasses,
        shown: Sequence[int],
        pins: tuple[int, ...] = (),
        selected: int = -1,
        remark: str = "",
        rows: int | None = None,
        beside: RankedClasses | None = None,
    ) -> None:
        """Show an answer.

        Args:
            ranked: All its classes.
            shown: The numbers of the ones below the pinned ones.
            pins: The numbers of those.
            selected: The number of the class that is looked into; -1 for none.
            rows: For how many there is to be room; None for as many as there are.
            beside: The answer of the reference; None where nothing is compared.
            remark: Stands below the name of the best class, in place of its number.
        """
        self.classes.show_classes(ranked, shown, pins, selected, rows, beside)
        self.head.show_best(ranked.at(0), remark)
        self.updateGeometry()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.head.set_dimmed(is_dimmed)
        self.classes.set_dimmed(is_dimmed)
