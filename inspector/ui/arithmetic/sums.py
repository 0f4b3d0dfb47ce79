"""A sum as it grows, as a line of numbers, and held against the runtime's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector import format
from inspector.explain.facts import Explanation, Index
from inspector.explain.sheets import Ranking, step_around
from inspector.ui import icons, theme
from inspector.ui.arithmetic.ranked import DOWN, UP
from inspector.ui.readout import whole
from inspector.ui.text import elided, plain, tooltip

_BAR_ROOM = 14.0  # the least width of a bar with its gap
_WIDEST_BAR = 34.0


class Waterfall(QWidget):
    """The running sum, part after part, the largest first; then the bias, and the result.

    Signals:
        chosen: The place of the part that was clicked.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._ranking: Ranking | None = None
        self._names: Sequence[str] = ()
        self._selected = -1
        self._what = ""
        self.setAccessibleName("Running sum")

    def show_sum(self, ranking: Ranking, names: Sequence[str], selected: int, what: str) -> None:
        """Show a sum.

        Args:
            ranking: Its parts in order.
            names: Of the parts, by their number.
            selected: The place that is marked.
            what: The parts, as ``"input channels"``.
        """
        self._ranking, self._names, self._selected, self._what = ranking, names, selected, what
        self.setAccessibleDescription(f"{len(ranking)} {what} add up to {format.significant(ranking.result)}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(340, 150)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 100)

    def _bars(self) -> list[tuple[float, float, str, str]]:
        """Return start, end, name and kind of each bar: a part, the rest of them, the bias or the sum."""
        ranking = self._ranking
        if ranking is None or not len(ranking):
            return []
        most = max(2, int(self.width() / _BAR_ROOM) - 2)
        ends = ranking.ends(most)
        bars = []
        for place, (start, end) in enumerate(ends):
            is_rest = place == most - 1 and len(ranking) > most
            part = ranking.row(place)[0]
            name = "…" if is_rest else self._names[part] if part < len(self._names) else str(part)
            bars.append((start, end, name, "rest" if is_rest else "part"))
        if ranking.bias is not None:
            bars.append((ranking.total, ranking.result, "b", "bias"))
        bars.append((0.0, ranking.result, "Σ", "sum"))
        return bars

    def _range(self, bars: list[tuple[float, float, str, str]]) -> tuple[float, float]:
        values = [each for bar in bars for each in bar[:2] if abs(each) < float("inf")]
        low, high = min([0.0, *values]), max([0.0, *values])
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def _rect(self, bars: list[tuple[float, float, str, str]], place: int, low: float, high: float) -> QRectF:
        metrics = theme.metrics("small")
        top, foot = metrics.height() + 12, metrics.height() + 6
        room = min(_WIDEST_BAR, self.width() / len(bars))
        height = self.height() - top - foot
        start, end = bars[place][:2]
        one, two = (top + (high - value) / (high - low) * height if value == value else top for value in (start, end))
        gap = 3.0 if room >= 10 else 1.0
        rect = QRectF(QPointF(place * room + gap, min(one, two)), QPointF((place + 1) * room - gap, max(one, two)))
        return rect if rect.height() >= 1 else QRectF(rect.left(), rect.top() - 0.5, rect.width(), 1.0)

    def paintEvent(self, event: QPaintEvent) -> None:
        bars = self._bars()
        if not bars:
            return
        painter = QPainter(self)
        small = theme.font("small")
        metrics = QFontMetricsF(small)
        painter.setFont(theme.font(bold=True))
        painter.setPen(theme.color("text"))
        head = QRectF(0, 0, self.width(), metrics.height() + 2)
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, "Running sum")
        painter.setFont(small)
        painter.setPen(theme.color("muted"))
        note = f"{self._what}, largest part first"
        taken = theme.metrics(bold=True).horizontalAdvance("Running sum") + theme.MARGIN
        if taken + metrics.horizontalAdvance(note) <= self.width():
            painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, note)
        low, high = self._range(bars)
        zero = self._rect([(0.0, 0.0, "", "")] * len(bars), 0, low, high).center().y()
        last = self._rect(bars, len(bars) - 1, low, high)
        painter.fillRect(QRectF(0, zero, last.right() + 3, 1), theme.color("border"))
        step, parts = self._step_of_names(bars), sum(kind == "part" for *_, kind in bars)
        for place, (start, end, name, kind) in enumerate(bars):
            rect = self._rect(bars, place, low, high)
            is_selected = kind == "part" and place == self._selected
            color = theme.color("text") if kind == "sum" else (UP if end >= start else DOWN)
            painter.fillRect(rect, color)
            if place + 1 < len(bars) and kind != "sum":
                y = rect.bottom() if end < start else rect.top()
                painter.fillRect(QRectF(rect.right(), y, 6, 1), theme.color("bar"))
            if is_selected:
                painter.setPen(QPen(theme.color("mark"), 2))
                painter.drawRect(rect.adjusted(-1, -1, 1, 1))
            is_beside = self._selected >= 0 and abs(place - self._selected) < step
            is_crowded = place % step != 0 or is_beside or place > parts - step
            if kind != "part" or is_selected or not is_crowded:
                self._paint_name(painter, rect, name, kind == "sum" or is_selected)

    def _step_of_names(self, bars: list[tuple[float, float, str, str]]) -> int:
        """Return of how many bars one is named, so that names keep apart."""
        metrics = theme.metrics("small", bold=True)
        widest = max((metrics.horizontalAdvance(name) for _, _, name, kind in bars if kind == "part"), default=0.0)
        return max(1, math.ceil((widest + 4) / min(_WIDEST_BAR, self.width() / len(bars))))

    def _paint_name(self, painter: QPainter, rect: QRectF, name: str, is_bold: bool) -> None:
        font = theme.font("small", bold=is_bold)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(theme.color("text" if is_bold else "muted"))
        where = QRectF(rect.center().x() - 30, self.height() - metrics.height() - 2, 60, metrics.height() + 2)
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter, plain(name))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        bars = self._bars()
        place = int(event.position().x() / min(_WIDEST_BAR, self.width() / len(bars))) if bars else -1
        if 0 <= place < len(bars) and bars[place][3] == "part":
            self.chosen.emit(place)


@dataclass(frozen=True, slots=True)
class Term:
    """A number in a line of arithmetic.

    Attributes:
        text: The number.
        caption: What it is, below it.
        sign: What stands before it: ``"+"``, ``"="``, ...
        is_result: It is what comes out.
        tensor, index: Where it lies, for who follows it; ``""`` for what lies nowhere.
    """

    text: str
    caption: str = ""
    sign: str = ""
    is_result: bool = False
    tensor: str = ""
    index: Index = ()


class SumLine(QWidget):
    """Numbers and signs in a line, which breaks where it is too long; each number says below what it is.

    Signals:
        picked: The place in its tensor, ``(tensor, index)``, of the number that was clicked.
    """

    picked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._terms: tuple[Term, ...] = ()
        self._placed: dict[float, tuple[list[QRectF], float]] = {}  # by width, as layouts ask again and again
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMouseTracking(True)

    def show_terms(self, terms: Sequence[Term]) -> None:
        if tuple(terms) == self._terms:
            return
        count = len(self._terms)
        self._terms = tuple(terms)
        self._placed.clear()
        said = " ".join(f"{each.sign} {each.text} ({each.caption})" for each in self._terms)
        self.setAccessibleName(plain(said))
        if len(self._terms) != count or self._places(self.width())[1] != self.height():
            self.updateGeometry()
        self.update()

    @property
    def terms(self) -> tuple[Term, ...]:
        return self._terms

    def _places(self, width: float) -> tuple[list[QRectF], float]:
        if width not in self._placed:
            self._placed[width] = self._laid_out(width)
        return self._placed[width]

    def _laid_out(self, width: float) -> tuple[list[QRectF], float]:
        title, small = theme.metrics("title", bold=True), theme.metrics("small")
        sign = theme.metrics("title").horizontalAdvance("=") + 20
        line = title.height() + small.height() + 2
        found: list[QRectF] = []
        x = y = 0.0
        for term in self._terms:
            before = sign if term.sign else (16.0 if x else 0.0)
            caption = min(small.horizontalAdvance(plain(term.caption)), 190.0)
            size = max(title.horizontalAdvance(term.text), caption) + 2
            if x and x + before + size > width:
                x, y = 0.0, y + line + theme.SPACING
            found.append(QRectF(x + before, y, min(size, max(40.0, width - before)), line))
            x += before + size
        return found, (y + line if self._terms else 0.0)

    def natural_width(self) -> float:
        """Return how much room it needs to stand in one line."""
        return max((rect.right() for rect in self._places(1e6)[0]), default=0.0) + 4

    def term_rect(self, number: int) -> QRectF:
        """Return where a number is painted."""
        return self._places(self.width())[0][number]

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return round(self._places(width)[1])

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(max(200, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.heightForWidth(max(120, self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._placed.clear()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        small = theme.font("small")
        for term, where in zip(self._terms, self._places(self.width())[0], strict=True):
            font = theme.font("title", bold=term.is_result)
            height = QFontMetricsF(font).height()
            painter.setFont(font)
            if term.sign:
                painter.setPen(theme.color("muted"))
                sign = QRectF(where.left() - 32, where.top(), 30, height)
                painter.drawText(sign, Qt.AlignmentFlag.AlignCenter, term.sign)
            painter.setPen(theme.color("text"))
            painter.drawText(QRectF(where.left(), where.top(), where.width() + 2, height), 0, term.text)
            painter.setFont(small)
            painter.setPen(theme.color("accent" if term.tensor else "muted"))
            text = elided(plain(term.caption), QFontMetricsF(small), where.width())
            painter.drawText(QRectF(where.left(), where.top() + height, where.width() + 2, height), 0, text)

    def _term_at(self, point: QPointF) -> Term | None:
        places = self._places(self.width())[0]
        return next((term for term, where in zip(self._terms, places, strict=True) if where.contains(point)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        term = self._term_at(event.position())
        is_link = term is not None and bool(term.tensor)
        self.setCursor(Qt.CursorShape.PointingHandCursor if is_link else Qt.CursorShape.ArrowCursor)
        words = [term.caption, f"[{', '.join(map(str, term.index))}]"] if term is not None and is_link else []
        self.setToolTip(tooltip(*words))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        term = self._term_at(event.position())
        if term is not None and term.tensor and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit((term.tensor, term.index))


class Verdict(QWidget):
    """Whether the recomputed number is the runtime's: a tick that was computed, or a warning with both numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._sign = ""
        self._tone = "muted"
        self._lines: tuple[str, ...] = ()

    def show_explanation(self, found: Explanation) -> None:
        """Say how it went."""
        self._sign, self._tone, self._lines = verdict(found)
        self.setAccessibleName(". ".join(self._lines))
        self.setToolTip(tooltip(*self._lines))
        self.updateGeometry()
        self.update()

    @property
    def lines(self) -> tuple[str, ...]:
        """What it says."""
        return self._lines

    @property
    def sign(self) -> str:
        """The icon before it; empty where there is nothing to compare."""
        return self._sign

    def sizeHint(self) -> QSize:
        width = max((theme.metrics().horizontalAdvance(line) for line in self._lines), default=0.0)
        line = theme.metrics("small").height()
        return QSize(round(width) + (52 if self._sign else 24), round(line * len(self._lines)) + 14)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme.color("raised"))
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)
        left = 12.0
        if self._sign:
            sign = icons.pixmap(self._sign, 16, theme.color(self._tone), self.devicePixelRatioF())
            painter.drawPixmap(QPointF(14, (self.height() - 16) / 2), sign)
            left = 40.0
        small = theme.font("small")
        height = QFontMetricsF(small).height()
        top = (self.height() - height * len(self._lines)) / 2
        for number, line in enumerate(self._lines):
            font = theme.font() if not number else small
            painter.setFont(font)
            painter.setPen(theme.color("muted" if number else "text"))
            text = elided(line, QFontMetricsF(font), self.width() - left - 8)
            painter.drawText(
                QRectF(left, top + number * height, self.width() - left, height), Qt.AlignmentFlag.AlignVCenter, text
            )


def verdict(found: Explanation) -> tuple[str, str, tuple[str, ...]]:
    """Return the icon, its colour, and what is said: both numbers, and what may lie between them."""
    is_whole = found.dtype.startswith(("int", "uint"))
    number = whole if is_whole else format.significant
    runtime = number(found.runtime) if found.runtime is not None else "nothing"
    if not found.layer:
        return "", "muted", (f"the model is fed {runtime}",)
    if found.agrees is None or found.recomputed is None or found.rounded is None:
        return "", "muted", (f"ONNX Runtime computed {runtime}",)
    rounded = number(found.rounded)
    away = found.difference
    if not found.agrees:
        between = "" if away is None else f"they differ by {format.significant(away)}, rounding explains "
        most = "" if away is None else format.significant(found.bound or 0.0)
        return "warning", "warning", (f"recomputed {rounded}, but the runtime has {runtime}", between + most)
    first = f"recomputed {rounded} = runtime {runtime}"
    if rounded != runtime:
        first = f"recomputed {rounded}, runtime {runtime}"
    if found.dtype in ("float16", "bfloat16"):
        exact = f"{found.recomputed:.2f}" if abs(found.recomputed) >= 1 else format.significant(found.recomputed)
        exact = exact.replace("-", format.MINUS)
        return "check", "good", (first, f"{exact} as {found.dtype}, steps of {_plain(step_around(found))}")
    if away is None or not away:
        return "check", "good", (first, "the same number")
    if is_whole:
        return "check", "good", (first, "the neighbouring code: the scale rounds")
    between = format.significant(abs(away))
    return "check", "good", (first, f"{between} apart, rounding explains {format.significant(found.bound or 0.0)}")


def _plain(step: float) -> str:
    return f"{step:g}" if step >= 1e-3 else format.significant(step)
