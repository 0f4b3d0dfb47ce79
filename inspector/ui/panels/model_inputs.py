"""What a model must be fed: each input with its shape, and where its numbers come from."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from inspector import format
from inspector.graph import recipe_text
from inspector.graph.model import Tensor
from inspector.ui import theme
from inspector.ui.drops import KEEPS_DROPS, holds_files, local_paths
from inspector.ui.fields import CheckedField
from inspector.ui.forms import FormCombo
from inspector.ui.lines import Line, Span
from inspector.ui.text import file_name, tooltip

DEFAULT, NUMBER, FILE = "default", "number", "file"
_KINDS = "Tensors and signals (*.npy *.npz *.pb *.csv *.wav);;All files (*)"
_SHAPE_SAID = "The shape is a length for each axis, as in 1 × 3 × 320 × 320; leave it empty for the default."
_NUMBER_SAID = "This is a number, as in 0, 0.5 or 16000; every element of the input gets it."


@dataclass(frozen=True, slots=True)
class InputFacts:
    """What is said of an input.

    Attributes:
        fed: The shape that it was fed; empty before a run.
        origin: Where its numbers came from, as a phrase.
        takes_image: The picture, signal or tensor that was opened goes to it.
        shape: What the user gave it; None for the default.
        source: The file or number that the user gave it; None for the default.
    """

    tensor: Tensor
    fed: tuple[int, ...]
    origin: str
    takes_image: bool
    shape: tuple[int, ...] | None
    source: str | float | None

    @property
    def is_open(self) -> bool:
        """Whether the model leaves a length open."""
        return self.tensor.shape is None or not all(isinstance(each, int) for each in self.tensor.shape)


class ModelInputs(QWidget):
    """The inputs of a model, one below the other.

    Signals:
        shape_wanted: An input's name, and its lengths or None for the default.
        source_wanted: An input's name, and a file, a number or None for the default.
    """

    shape_wanted = Signal(str, object)
    source_wanted = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, InputRow] = {}
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(18, 0, 0, theme.GAP)
        self._lines.setSpacing(theme.SPACING)

    def show_inputs(self, inputs: Mapping[str, InputFacts]) -> None:
        """Show these inputs, by name in the order of the model."""
        if list(self.rows) != list(inputs):
            for row in self.rows.values():
                self._lines.removeWidget(row)
                row.deleteLater()
            self.rows = {name: InputRow(name) for name in inputs}
            for row in self.rows.values():
                row.shape_wanted.connect(self.shape_wanted)
                row.source_wanted.connect(self.source_wanted)
                self._lines.addWidget(row)
        for name, known in inputs.items():
            self.rows[name].show_input(known)


class InputRow(QWidget):
    """One input. A file that is dropped on it is fed to it.

    Signals:
        shape_wanted, source_wanted: As of ``ModelInputs``.
    """

    shape_wanted = Signal(str, object)
    source_wanted = Signal(str, object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._known: InputFacts | None = None
        self.heading = Line("small")
        self.shape = CheckedField(f"Shape of {name}", "shape", read_shape, _written_shape)
        self.shape.line.setPlaceholderText("default")
        self.sources = FormCombo(f"What {name} is fed", "source")
        for value, text in ((DEFAULT, "default"), (NUMBER, "a number"), (FILE, "a file…")):
            self.sources.addItem(text, value)
        self.number = CheckedField(f"Number fed to {name}", "number", _read_number, _written_number)
        self._lay_out()
        self.shape.entered.connect(self._want_shape)
        self.number.entered.connect(self._want_number)
        self.sources.chosen.connect(self._choose_source)

    def _lay_out(self) -> None:
        sources = QHBoxLayout()
        sources.setSpacing(6)
        sources.addWidget(self.sources, 1)
        sources.addWidget(self.number, 1)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(theme.GAP)
        lines.addWidget(self.heading)
        lines.addWidget(self.shape)
        lines.addLayout(sources)

    def show_input(self, known: InputFacts) -> None:
        """Show what is known of the input."""
        self._known = known
        tensor = known.tensor
        declared = _declared(tensor)
        self.heading.show_spans(
            [Span(tensor.name, "bold", is_name=True), Span(f"  {tensor.dtype or '?'}  {declared}", "muted")],
            remark=[Span(known.origin, "text")] if known.origin and known.takes_image else [],
        )
        self.shape.setVisible(known.is_open)
        self.shape.show_value(known.shape if known.shape is not None else known.fed or None)
        self.shape.line.setToolTip(tooltip(f"The model takes {declared}", _SHAPE_SAID))
        kind = DEFAULT if known.source is None else FILE if isinstance(known.source, str) else NUMBER
        self.sources.setVisible(not known.takes_image)
        is_default = kind == DEFAULT and bool(known.origin)
        self.sources.rename(0, f"default: {known.origin}" if is_default else DEFAULT)
        self.sources.setToolTip(tooltip(known.origin))
        self.sources.rename(2, file_name(known.source) if isinstance(known.source, str) else "a file…")
        self.sources.choose(kind)
        self.number.setVisible(not known.takes_image and kind == NUMBER)
        if isinstance(known.source, float | int):
            self.number.show_value(float(known.source))
        self.setProperty(KEEPS_DROPS, not known.takes_image)
        self.setAcceptDrops(not known.takes_image)

    # ---------------------------------------------------------------- what the user does

    @Slot(str, object)
    def _want_shape(self, key: str, shape: tuple[int, ...] | None) -> None:
        self.shape_wanted.emit(self._name, shape)

    @Slot(str, object)
    def _want_number(self, key: str, number: float) -> None:
        self.source_wanted.emit(self._name, number)

    @Slot(str, object)
    def _choose_source(self, key: str, kind: str) -> None:
        if kind == DEFAULT:
            self.source_wanted.emit(self._name, None)
        elif kind == NUMBER:
            self.number.setVisible(True)
            self.number.show_value(0.0)
            self.number.line.setFocus()
            self.number.line.selectAll()
            self.source_wanted.emit(self._name, 0.0)
        else:
            self._ask_file()

    def _ask_file(self) -> None:
        known = self._known
        folder = os.path.dirname(known.source) if known is not None and isinstance(known.source, str) else ""
        path, _ = QFileDialog.getOpenFileName(self.window(), f"What to feed {self._name}", folder, _KINDS)
        if path:
            self.source_wanted.emit(self._name, path)
        elif known is not None:
            self.show_input(known)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if holds_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths, _ = local_paths(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.source_wanted.emit(self._name, paths[0])


def read_shape(text: str) -> tuple[int, ...] | None:
    """Return the lengths that are written, as in ``1,3,320,320`` or ``1 × 3 × 320 × 320``; None for no text.

    Raises:
        ValueError: They are none; the message is a sentence.
    """
    parts = re.findall(r"[^\s,;x×\[\]()]+", text)
    if not text.strip():
        return None
    if not parts or not all(each.isascii() and each.isdigit() and len(each) < 10 and int(each) for each in parts):
        raise ValueError(_SHAPE_SAID)
    return tuple(int(each) for each in parts)


def _declared(tensor: Tensor) -> str:
    """Return the shape that the model asks for."""
    if tensor.shape is None:
        return "any shape"
    if not tensor.shape:
        return "a single number"
    return format.shape(tensor.shape)


def _written_shape(shape: tuple[int, ...] | None) -> str:
    return format.shape(shape) if shape is not None else ""


def _read_number(text: str) -> float:
    try:
        return recipe_text.number(text.strip())
    except (ValueError, ArithmeticError):
        raise ValueError(_NUMBER_SAID) from None


def _written_number(value: float | None) -> str:
    return recipe_text.written("number", value)
