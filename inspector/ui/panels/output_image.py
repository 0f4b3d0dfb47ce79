"""Outputs that are seen: images, and maps of classes laid over the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis.grids import ClassMap, Output, cell_at, changed_classes, image_difference, planes
from inspector.graph.context import PictureInput, Rectangle
from inspector.graph.model import Array, Prediction
from inspector.labels import fitting, short
from inspector.render.arrays import Index
from inspector.render.classes import class_color, class_picture, difference_picture, image_picture
from inspector.render.pictures import stretched
from inspector.ui import theme
from inspector.ui.lines import Line, Span
from inspector.ui.panels.class_legend import ClassLegend, LegendEntry
from inspector.ui.panels.output_sides import Beside
from inspector.ui.panels.picture_view import PictureView

OPACITY = 60  # percent, at first
LEAST = 148  # height of a picture where there is little room
_OPENNESS = "Opacity"
_NOTHING_ELSE = frozenset(("background", "__background__", "bg", "unlabeled", "unlabelled", "void"))

Box = tuple[float, float, float, float]


class OverlayView(PictureView):
    """A picture with colours laid over what the network saw of it."""

    def __init__(self) -> None:
        super().__init__()
        self._colors: Index | None = None
        self._place: QRectF | None = None
        self._opacity = 1.0

    def sizeHint(self) -> QSize:
        return QSize(320, LEAST)  # a panel that scrolls gives what is wished for, and no more

    def show_overlay(self, colors: Index | None, box: Box) -> None:
        """Lay colours over a part of the picture.

        Args:
            colors: ``(height, width, 4)`` RGBA; None for nothing.
            box: ``(left, top, right, bottom)`` of it, in the file's pixels.
        """
        left, top, right, bottom = box
        self._colors, self._place = colors, QRectF(left, top, right - left, bottom - top)
        self.update()

    def set_opacity(self, part: float) -> None:
        self._opacity = part
        self.update()

    def clear(self) -> None:
        self._colors = None
        super().clear()

    @property
    def overlay_on_widget(self) -> QRectF | None:
        """Where the colours are painted."""
        return None if self._colors is None or self._place is None else self.on_widget(self._place)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        place = self.overlay_on_widget
        if place is None or self._colors is None:
            return
        painter = QPainter(self)
        painter.setOpacity(self._opacity * (0.5 if self._is_dimmed else 1.0))
        height, width, _ = self._colors.shape
        image = QImage(self._colors.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
        painter.drawImage(place, image)


class PictureOutput(QWidget):
    """An output that is an image or a map of classes.

    Signals:
        readout: (label, value) pairs of what is under the cursor; empty when nothing is.
    """

    readout = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.view = OverlayView()
        self.caption = Line("small")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(OPACITY)
        self.opacity.setAccessibleName(_OPENNESS)
        self.opacity_said = Line("small")
        self.legend = ClassLegend()
        self.hidden: set[int] = set()  # classes that the user does not want to see drawn
        self._output: Output | None = None
        self._values: Array | None = None
        self._map: ClassMap | None = None
        self._beside: Beside | None = None  # of which the difference is shown
        self._apart: Array | None = None
        self._drawn: ClassMap | None = None  # the map, or the places of it that have changed
        self._labels: tuple[str, ...] = ()
        self._box: Box = (0.0, 0.0, 1.0, 1.0)
        self._image = ""
        self._lay_out()
        self.view.hovered.connect(self._read_out)
        self.opacity.valueChanged.connect(self._on_opacity)
        self.legend.toggled.connect(self._toggle)
        self._on_opacity(OPACITY)

    def _lay_out(self) -> None:
        self._controls = QWidget()
        row = QHBoxLayout(self._controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACING)
        self.opacity_said.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row.addWidget(self.opacity_said)
        row.addWidget(self.opacity, 1)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(theme.GAP)
        lines.addWidget(self.view, 1)
        lines.addWidget(self.caption)
        lines.addWidget(self._controls)
        lines.addWidget(self.legend)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    # ---------------------------------------------------------------- what is shown

    def show_image(self, output: Output, values: Array, extent: tuple[float, float], prediction: Prediction) -> None:
        """Show an image.

        Args:
            output: As ``analysis.outputs`` describes it.
            values: Its tensor.
            extent: Its smallest and largest finite value.
            prediction: Whose it is.
        """
        self._output, self._values, self._map, self._beside, self._apart = output, values, None, None, None
        grid = planes(output, values)
        self.view.show_overlay(None, self._box)
        pixels = image_picture(grid, output.limits, output.is_bgr)
        self.view.show_picture(pixels, (output.width, output.height), None, None)
        self._image = prediction.image
        low, high = (format.significant(each) for each in extent)
        self._show_caption(output, f"values {low} to {high}")
        self._show_parts(is_map=False)

    def show_difference(self, output: Output, values: Array, other: Beside, prediction: Prediction) -> bool:
        """Show an image less that of the reference, around zero; say whether that can be."""
        apart = image_difference(planes(output, values), planes(other.output, other.values))
        if apart is None:
            return False
        self._output, self._values, self._map, self._beside, self._apart = output, values, None, other, apart
        pixels, reach = difference_picture(apart)
        self.view.show_overlay(None, self._box)
        self.view.show_picture(pixels, (output.width, output.height), None, None)
        self._image = prediction.image
        size = format.significant(reach)
        span = f"{format.MINUS}{size} to {size}"
        which = "the channel that differs most, " if output.channels > 1 else ""
        said = (f"difference, {which}{span}", span) if reach else ("no difference", "no difference")
        self._show_caption(output, *said)
        self._show_parts(is_map=False)
        return True

    def show_changes(
        self,
        output: Output,
        values: Array,
        found: ClassMap,
        other: Beside,
        labels: Sequence[str],
        prediction: Prediction,
        seen: PictureInput | None,
    ) -> str | None:
        """Show the classes of a map only where they are not the reference's; see ``show_map``.

        Returns:
            What is wrong with the labels; None where the maps are not of the same size.
        """
        changes = changed_classes(found, other.found) if other.found is not None else None
        if changes is None:
            return None
        mismatch = self.show_map(output, values, changes.found, labels, prediction, seen)
        self._map, self._beside = found, other
        places = format.count(changes.found.classes.size)
        share = format.percent(changes.share)
        said = f"another class on {format.count(changes.places)} of {places} places, {share}"
        self._show_caption(output, said, f"{share} of places differ")
        return mismatch

    def show_map(
        self,
        output: Output,
        values: Array,
        found: ClassMap,
        labels: Sequence[str],
        prediction: Prediction,
        seen: PictureInput | None,
    ) -> str:
        """Show a map of classes over the picture.

        Args:
            output: As ``analysis.outputs`` describes it.
            values: Its tensor.
            found: The classes.
            labels: Of the classes, or empty.
            prediction: Whose it is.
            seen: The input that was fed the picture.

        Returns:
            What is wrong with the labels, as a sentence; ``""`` if nothing is.
        """
        self._output, self._values, self._map, self._beside, self._apart = output, values, found, None, None
        self._drawn = found
        fitted, mismatch = fitting(labels, output.classes)
        if fitted != self._labels:
            self.hidden = {index for index, label in enumerate(fitted) if label.lower() in _NOTHING_ELSE}
            self._labels = fitted
        self._image = prediction.image
        self._show_ground(output, prediction, seen)
        self._draw_classes()
        count = f" of {format.count(output.classes)}" if output.classes else ""
        self._show_caption(output, f"{format.count(len(found.present))}{count} classes occur")
        self._show_parts(is_map=True)
        return mismatch

    def _show_ground(self, output: Output, prediction: Prediction, seen: PictureInput | None) -> None:
        """Show what the colours are laid over: the picture, else what was fed, else nothing."""
        picture = prediction.picture
        if picture is not None:
            self._box = picture.box
            self.view.show_picture(picture.pixels, picture.size, Rectangle(*picture.box), None)
            return
        fed = _fed_pixels(prediction.fed, seen)
        if fed is None:
            fed = np.zeros((output.height, output.width, 3), np.uint8)
        size = (fed.shape[1], fed.shape[0])
        self._box = (0.0, 0.0, float(size[0]), float(size[1]))
        self.view.show_picture(fed, size, None, None)

    def _draw_classes(self) -> None:
        if self._map is None or self._drawn is None:
            return
        self.view.show_overlay(class_picture(self._drawn.classes, self.hidden), self._box)
        entries = [
            LegendEntry(each.index, self._class_name(each.index), class_color(each.index), each.share)
            for each in self._drawn.present
        ]
        self.legend.show_entries(entries, self.hidden)

    def _class_name(self, index: int) -> str:
        return short(self._labels[index]) if index < len(self._labels) else f"class {index}"

    def _show_caption(self, output: Output, remark: str, brief: str = "") -> None:
        size = [Span(format.shape((output.width, output.height)), "text")]
        if output.scale:
            seen = format.shape((round(output.width / output.scale), round(output.height / output.scale)))
            size.append(Span(f"  input {seen}", "muted"))
        self.caption.show_spans(size, remark=[Span(remark, "muted")], brief=[Span(brief, "muted")] if brief else ())

    @property
    def shows_difference(self) -> bool:
        """An image less another is shown."""
        return self._apart is not None

    def _show_parts(self, is_map: bool) -> None:
        self._controls.setVisible(is_map)
        self.legend.setVisible(is_map)

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.view.set_dimmed(is_dimmed)

    def forget(self) -> None:
        """Hold nothing of a run."""
        self._output = self._values = self._map = self._beside = self._apart = self._drawn = None
        self.view.clear()

    # ---------------------------------------------------------------- what the user does

    @Slot(int)
    def _on_opacity(self, percent: int) -> None:
        self.view.set_opacity(percent / 100)
        self.opacity_said.show_spans([Span(f"{_OPENNESS} ", "muted"), Span(f"{percent} %", "text")])

    @Slot(int)
    def _toggle(self, index: int) -> None:
        self.hidden ^= {index}
        self._draw_classes()

    @Slot(object)
    def _read_out(self, at: tuple[int, int, tuple[int, int, int]] | None) -> None:
        if at is None or self._output is None or self._values is None:
            self.readout.emit(())
            return
        row, column, _ = at
        if self._map is not None:
            self.readout.emit(self._map_readout(self._map, row, column))
            return
        if self._beside is not None and self._apart is not None:
            self.readout.emit(self._difference_readout(self._output, self._values, self._beside, row, column))
            return
        grid = planes(self._output, self._values)
        names = ("value",) if len(grid) == 1 else ("blue, green, red" if self._output.is_bgr else "red, green, blue",)
        numbers = ", ".join(format.significant(float(plane[row, column])) for plane in grid[:3])
        self.readout.emit(
            (("", self._output.name), ("row", str(row)), ("column", str(column)), *((name, numbers) for name in names))
        )

    def _difference_readout(
        self, output: Output, values: Array, other: Beside, row: int, column: int
    ) -> tuple[tuple[str, str], ...]:
        def numbers(grid: Array) -> str:
            return ", ".join(format.significant(float(plane[row, column])) for plane in grid[:3])

        apart = format.significant(float(self._apart[row, column])) if self._apart is not None else ""
        sides = (
            ("current", numbers(planes(output, values))),
            ("reference", numbers(planes(other.output, other.values))),
        )
        return (("", output.name), ("row", str(row)), ("column", str(column)), *sides, ("difference", apart))

    def _map_readout(self, found: ClassMap, row: int, column: int) -> tuple[tuple[str, str], ...]:
        cell = cell_at((row, column), self._box, *found.classes.shape)
        if cell is None or self._output is None:
            return ()
        index = int(found.classes[cell])
        named = self._class_name(index) if index >= 0 else "none"
        value = () if found.values is None else (("value", format.significant(float(found.values[cell]))),)
        number = () if named == f"class {index}" or index < 0 else (("class", str(index)),)
        return (
            ("", self._output.name),
            ("row", str(cell[0])),
            ("column", str(cell[1])),
            ("", named),
            *number,
            *value,
            *self._class_before(cell),
        )

    def _class_before(self, cell: tuple[int, int]) -> tuple[tuple[str, str], ...]:
        """Say which class a place has in the reference, while the difference is shown."""
        if self._beside is None or self._beside.found is None:
            return ()
        index = int(self._beside.found.classes[cell])
        return (("in the reference", self._class_name(index) if index >= 0 else "none"),)


def _fed_pixels(fed: Mapping[str, Array], seen: PictureInput | None) -> Index | None:
    if seen is None or seen.channels not in (1, 3):
        return None
    first = fed[seen.name][0]
    return stretched(np.moveaxis(first, -1, 0) if seen.channels_last else first)
