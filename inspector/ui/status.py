"""The bottom line: at the left what is looked at or went wrong, at the right what the numbers rest on."""

from __future__ import annotations

import math
from typing import Literal

from PySide6.QtCore import QSize, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStatusBar, QToolButton, QWidget

from inspector import format
from inspector.analysis.statistics import statistics
from inspector.graph.context import left_out
from inspector.graph.model import Difference, Model, Prediction, Run
from inspector.ui import icons, theme
from inspector.ui.readout import Readout, place_of, sees, value_of
from inspector.ui.session import Failure, Session
from inspector.ui.status_line import Line, Part
from inspector.ui.text import file_name, shortened, shown, tooltip

Tone = Literal["text", "warning", "error"]

BUSY_AFTER_MS = 300
AGREES_WITHIN = 0.01  # of the output's largest value


class StatusBar(QStatusBar):
    """Says at the left, by urgency: a failure, a remark, what is under way, the readout.

    Attributes:
        details_asked: The user wants to read the whole of a failure.
    """

    details_asked = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._readout: Readout = ()
        self._remark: Failure | None = None
        self._remark_tone: Tone = "text"
        self._task = ""  # what the window itself does, such as an export
        self._shows_busy = False
        self.setSizeGripEnabled(False)
        self.setFixedHeight(theme.STATUS_HEIGHT)
        self._busy_timer = QTimer(self, singleShot=True, interval=BUSY_AFTER_MS)
        self._busy_timer.timeout.connect(self._show_busy)
        self.left = Line()
        self.left.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.details = QToolButton()
        self.details.setText("Details")
        self.details.setToolTip("Show what to try, and what was logged")
        self.dismiss = QToolButton()
        self.dismiss.setToolTip("Dismiss")
        self.dismiss.setIcon(icons.icon("close", 14, "muted"))
        self.dismiss.setAccessibleName("Dismiss")
        for button in (self.details, self.dismiss):
            button.setFixedHeight(theme.STATUS_HEIGHT - 6)
            button.setFont(theme.font("small"))
            button.setProperty("flat", True)
        self.dismiss.setIconSize(QSize(14, 14))
        self.details.clicked.connect(self._ask_details)
        self.dismiss.clicked.connect(self._dismiss)
        self.check, self.memory, self.provider = Line(), Line(), Line()
        self.addWidget(self._row(), 1)
        for signal in (
            session.failure_changed,
            session.model_changed,
            session.view_changed,
            session.run_changed,
            session.reference_changed,
        ):
            signal.connect(self._show_left)
        session.busy_changed.connect(self._on_busy)
        session.busy_changed.connect(self._show_right)
        for signal in (
            session.model_changed,
            session.prediction_changed,
            session.run_changed,
            session.reference_changed,
        ):
            signal.connect(self._show_right)
        session.prediction_changed.connect(self._show_left)
        self._show_left()
        self._show_right()

    def _row(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(theme.MARGIN - 2, 0, 2, 0)
        layout.setSpacing(theme.SPACING)
        layout.addWidget(self.left, 1)
        layout.addWidget(self.details)
        layout.addWidget(self.dismiss)
        layout.addSpacing(theme.SPACING)
        for line in (self.check, self.memory, self.provider):
            line.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
            layout.addWidget(line)
            layout.addSpacing(theme.SPACING)
        return row

    # ---------------------------------------------------------------- what others say

    @Slot(object)
    def show_readout(self, readout: Readout) -> None:
        """Show what the pointer is on; an empty readout goes back to the selection."""
        self._readout = readout
        if readout and self._remark is not None:
            self._remark = None
        self._show_left()

    def show_remark(self, message: str, remedy: str = "", detail: str = "", tone: Tone = "text") -> None:
        """Say a sentence until the next action."""
        self._remark = Failure(message, remedy, detail)
        self._remark_tone = tone
        self._show_left()

    def clear_remark(self) -> None:
        if self._remark is not None:
            self._remark = None
            self._show_left()

    def show_task(self, phrase: str) -> None:
        """Show what the window itself does; empty when it is done."""
        self._task = phrase
        self._on_busy()
        self._show_left()

    # ---------------------------------------------------------------- left

    @Slot()
    def _on_busy(self) -> None:
        if self._phrase():
            if not self._shows_busy:
                self._busy_timer.start()
        else:
            self._busy_timer.stop()
            self._shows_busy = False
        self._show_left()

    @Slot()
    def _show_busy(self) -> None:
        self._shows_busy = bool(self._phrase())
        self._show_left()

    def _phrase(self) -> str:
        return self._task or self._session.busy

    @Slot()
    def _show_left(self) -> None:
        failure = self._session.failure
        said = failure or self._remark
        self.details.setVisible(said is not None and bool(said.remedy or said.detail))
        self.dismiss.setVisible(said is not None)
        if said is not None:
            tone = "error" if failure is not None else self._remark_tone
            sentence = Part(shown(said.message), role=tone, icon="warning" if tone != "text" else "")
            self.left.show_parts([sentence, Part(shown(said.remedy), role="muted", is_extra=True)])
        elif self._shows_busy:
            phrase = shown(self._phrase())
            self.left.show_parts([Part(phrase[:1].upper() + phrase[1:]), Part("", label="Esc stops it")])
        else:
            self.left.show_parts(_parts(self._readout or self._selection()))
        self.left.setToolTip(tooltip(said.message, said.remedy) if said is not None else "")
        self._make_room()

    def _selection(self) -> Readout:
        session = self._session
        if session.model is None:
            if session.image:
                return (("", file_name(session.image)), ("waits for a model", ""))
            return (("No model open", ""),)
        layer = session.layer()
        if layer is None:
            return (("", file_name(session.model.path)),)
        name, reading = ("", shortened(layer.name, 32)), session.reading()
        channel, element = session.view.channel, session.view.element
        if reading is None:
            return (name, ("channel", str(channel)), *sees(layer.receptive_field))
        value = value_of(reading, channel, element) if element is not None else ()
        return (name, *place_of(reading, channel, element), *value, *sees(layer.receptive_field))

    @Slot()
    def _ask_details(self) -> None:
        said = self._session.failure or self._remark
        if said is not None:
            self.details_asked.emit(said)

    @Slot()
    def _dismiss(self) -> None:
        self.clear_remark()
        self._session.dismiss_failure()

    # ---------------------------------------------------------------- right

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Show the check and the memory only beside a sentence that can be read whole; a readout needs less room."""
        said = self._session.failure or self._remark
        others = [self.check, self.memory]
        buttons = [button for button in (self.details, self.dismiss) if not button.isHidden()]
        wanted = self.left.least_width() + sum(each.sizeHint().width() for each in (*buttons, *others, self.provider))
        gaps = theme.SPACING * (len(buttons) + 2 * len(others) + 4) + theme.MARGIN
        fits = wanted + gaps <= self.width()
        self.check.setVisible(said is None or fits)
        self.memory.setVisible(fits or (said is None and self._is_partial()))

    def _is_partial(self) -> bool:
        run = self._session.run
        return run is not None and bool(run.missing)

    @Slot()
    def _show_right(self) -> None:
        session = self._session
        run, prediction, ready = session.run, session.prediction, session.ready
        if run is not None and run.difference is not None:
            part, what = check_part(run.difference, run.prediction, run.view == "as deployed")
            edited = session.editing.sentence if session.editing.shown else ""
            mark = [Part("edited", role="warning", icon="warning")] if edited else []
            self.check.show_parts([*mark, part])
            self.check.setToolTip(tooltip(edited, what))
        elif session.model is None:
            self.check.show_parts([Part("", label="Files stay on this computer")])
            self.check.setToolTip("")
        else:
            self.check.show_parts([])
            self.check.setToolTip("")
        parts, explained = _memory(run, session.model)
        if parts and session.reference is not None and session.reference is not run:
            parts = [*parts, Part(format.memory(session.comparison.held_bytes), label="reference")]
        self.memory.show_parts(parts)
        self.memory.setToolTip(tooltip(*explained))
        used = prediction.provider if prediction is not None else ready.provider if ready is not None else ""
        note = ready.note if ready is not None else ""
        name = f"ONNX Runtime, {used}" if used else "ONNX Runtime"
        self.provider.show_parts([Part(name, role="warning", icon="warning") if note else Part(name)])
        self._make_room()
        facts = [note, f"Sandbox: {ready.sandbox}" if ready is not None and ready.sandbox else ""]
        self.provider.setToolTip(tooltip(*facts))


def _parts(readout: Readout) -> list[Part]:
    return [Part(value, label, bold=label in ("", "=")) for label, value in readout]


def _memory(run: Run | None, model: Model | None) -> tuple[list[Part], tuple[str, ...]]:
    """Return what the tensors of a run take and what it left out: for the status bar, and explained."""
    if run is None or model is None:
        return [], ()
    held = Part(format.memory(sum(tensor.nbytes for tensor in run.tensors.values())), label="tensors")
    less = left_out(model, run)
    if less is None:
        return [held], ()
    size = f" ({'' if less.is_all_known else 'at least '}{format.memory(less.bytes)})" if less.bytes else ""
    said = f"{format.count(less.layers)} of {format.count(len(model.layers))} layers left out{size}"
    return [held, Part(said, icon="warning", role="warning")], (
        f"{said}: with them the run would have taken more memory than tensors may have.",
        "A layer that was left out is computed when you look at it, with the same values.",
        "Run, Memory for tensors sets how much there may be.",
    )


def check_part(difference: Difference, prediction: Prediction, as_deployed: bool = False) -> tuple[Part, str]:
    """Return how far the model as deployed agrees with its instrumented copy: for the status bar, and explained.

    Args:
        difference: Between the two.
        prediction: Of the model as deployed.
        as_deployed: The tensors are those of the optimised network, of which only some are left.
    """
    apart = difference.max_abs
    if as_deployed and apart == 0:
        return Part("as deployed", icon="check", role="good"), (
            "The tensors come from the network as it is deployed, fully optimised: only those that are left when its "
            f"operators are fused. Its output {shown(difference.output)} is the deployed network's, bit for bit."
        )
    what = (
        "The probabilities come from the model as it is deployed, fully optimised; the feature maps from a copy that "
        f"is not optimised. In the output {shown(difference.output)} "
    )
    if apart == 0:
        return Part("deployed = instrumented", icon="check", role="good"), what + "both give exactly the same."
    if apart is None:
        part = Part("deployed and instrumented cannot be compared", icon="warning", role="warning")
        return part, what + "one of them has NaN or infinity where the other has a number, or another shape."
    within = format.significant(apart)
    if difference.top_changed:
        part = Part(f"deployed and instrumented name different classes ({within})", icon="warning", role="warning")
        return part, what + f"they differ by up to {within}, and the largest value is another one."
    if not apart <= AGREES_WITHIN * _largest(prediction, difference.output):
        part = Part(f"deployed and instrumented differ by {within}", icon="warning", role="warning")
        return part, what + f"they differ by up to {within}, more than 1 % of its largest value."
    return Part(f"deployed = instrumented within {within}", icon="check", role="good"), (
        what + f"they differ by {within} at most."
    )


def _largest(prediction: Prediction, output: str) -> float:
    """Return the largest magnitude in an output; 0 if it holds no number."""
    values = prediction.outputs.get(output)
    if values is None:
        return 0.0
    known = statistics(values)
    largest = max(abs(known.minimum), abs(known.maximum))
    return largest if math.isfinite(largest) else 0.0
