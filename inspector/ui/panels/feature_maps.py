"""All feature maps of the selected layer in one picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QIcon, QImage, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from inspector import format
from inspector.analysis.maps import feature_maps
from inspector.graph.context import activation_side
from inspector.graph.model import Array, Layer, Run
from inspector.graph.receptive_field import ReceptiveField
from inspector.render.arrays import Values, widened
from inspector.render.grid import Place
from inspector.render.limits import SCALINGS, Limits, fitted, limits, ticks
from inspector.render.palettes import COLORMAPS, palette
from inspector.render.survey import Survey, survey
from inspector.ui import theme
from inspector.ui.canvas import MosaicCanvas
from inspector.ui.controls import LabelledCombo
from inspector.ui.lines import Line, Span, facts
from inspector.ui.margins import Bar
from inspector.ui.panel import Panel
from inspector.ui.session import Session
from inspector.ui.text import plain, shortened

NO_MODEL = "Open a model and a picture: here you will see what each layer makes of it, one small map per channel."


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is computed once for a layer of a run.

    Attributes:
        maps: ``(channels, height, width)``, numbers that are quickly worked on.
        limits: By the name of their scaling, as far as they were asked for.
    """

    run: Run
    layer: Layer
    maps: Values
    survey: Survey
    limits: dict[str, Limits] = field(default_factory=dict)


class FeatureMapsPanel(Panel):
    """The wall: every channel a tile, with limits one can choose and a color bar that states them."""

    title = "Feature maps"
    dock_name = "feature_maps"
    icon_name = "grid"
    area = Qt.DockWidgetArea.LeftDockWidgetArea

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.heading = Line()
        self.scalings = LabelledCombo("Limits")
        for name, scaling in SCALINGS.items():
            self.scalings.addItem(scaling.label, name)
            self.scalings.setItemData(self.scalings.count() - 1, scaling.sentence, Qt.ItemDataRole.ToolTipRole)
        self.colormaps = LabelledCombo("Colours")
        self.colormaps.setIconSize(QSize(48, 10))
        self.colormaps.setMaxVisibleItems(len(COLORMAPS) + 1)
        self.colormaps.addItem("auto", "")
        for name in COLORMAPS:
            self.colormaps.addItem(_strip(name), name, name)
        self.canvas = MosaicCanvas()
        self.canvas.setAccessibleName("Feature maps of the selected layer")
        self.foot = Line("small")
        self._prepared: Prepared | None = None
        self._lay_out()
        self.scalings.activated.connect(self._choose_scaling)
        self.colormaps.activated.connect(self._choose_colormap)
        self.canvas.hovered.connect(self._read_out)
        self.canvas.picked.connect(self._pick)
        self.canvas.channel_wanted.connect(session.select_channel)
        fit = QShortcut(QKeySequence("Ctrl+0"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        fit.activated.connect(self.canvas.fit)

    def _lay_out(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(theme.SPACING)
        controls.addWidget(self.scalings)
        controls.addWidget(self.colormaps)
        controls.addStretch(1)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.SPACING)
        layout.setSpacing(theme.SPACING)
        layout.addWidget(self.heading)
        layout.addLayout(controls)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.foot)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        model, layer, run = self.session.model, self.session.layer(), self.session.run
        if model is None or layer is None:
            self.forget()
            self.say(NO_MODEL)
            return
        tensor = self.session.tensor()
        if run is None or tensor is None:
            self.forget()
            self.say(self._why_nothing(layer))
            return
        prepared = self._prepare(run, layer, tensor)
        if prepared is None:
            self.say(_why_no_maps(layer, tensor))
            return
        self._draw_heading(layer, tensor)
        self._draw_maps(prepared)
        self._draw_foot(prepared)

    def _prepare(self, run: Run, layer: Layer, tensor: Array) -> Prepared | None:
        """Return what does not depend on the view, from the last time if the layer is the same."""
        last = self._prepared
        if last is not None and last.run is run and last.layer is layer:
            return last
        maps = feature_maps(tensor)
        self._prepared = None
        if maps is not None:
            maps = widened(maps)
            self._prepared = Prepared(run, layer, maps, survey(maps))
        return self._prepared

    def _draw_heading(self, layer: Layer, tensor: Array) -> None:
        model, run = self.session.model, self.session.run
        side = activation_side(model, layer) if model is not None else ""
        spans = [
            Span("output of ", "muted"),
            Span(layer.name, "bold", is_name=True),
            Span(f" ({layer.op_type})", "muted"),
        ]
        if side:
            spans += [Span(", ", "muted"), Span(side, "bold"), Span(" the activation", "muted")]
        notes = [format.shape_hwc(tensor.shape)]
        if run is not None and (cast := run.casts.get(layer.output.name)):
            notes.append(f"{cast} shown as float32")
        if tensor.ndim > 1 and tensor.shape[0] > 1:
            notes.append(f"the first of {tensor.shape[0]}")
        if tensor.ndim == 5:
            notes.append(f"slice {tensor.shape[2] // 2} of {tensor.shape[2]}")
        self.heading.show_spans(
            spans, layer.family, [Span(", ".join(notes), "muted")], [Span(", ".join(notes[1:]) or notes[0], "muted")]
        )

    def _draw_maps(self, prepared: Prepared) -> None:
        view = self.session.view
        if view.scaling not in prepared.limits:
            prepared.limits[view.scaling] = limits(prepared.maps, view.scaling, prepared.survey)
        fitting, colormap = fitted(prepared.limits[view.scaling], view.colormap)
        self.scalings.choose(view.scaling)
        self.colormaps.rename(0, "auto" if view.colormap else f"auto, {colormap}")
        self.colormaps.choose(view.colormap)
        bar = _bar(fitting, colormap, view.channel)
        self.canvas.show_maps(prepared.maps, fitting, palette(colormap), prepared.survey.found, bar)
        self.canvas.set_selection(view.channel, view.element)

    def _draw_foot(self, prepared: Prepared) -> None:
        known, found = prepared.survey, prepared.survey.found
        channels, height, width = prepared.maps.shape
        counted: list[tuple[str, str]] = [(" channel" if channels == 1 else " channels", format.count(channels))]
        if height * width > 1:  # a single number is always constant
            counted += [(" dead", format.count(known.dead)), (" constant", format.count(known.constant))]
        extremes = (("min", format.significant(known.low)), ("max", format.significant(known.high)))
        odd = f"{format.count(found.nan)} NaN, {format.count(found.infinite)} Inf"
        self.foot.show_spans(
            facts(*counted, ("", odd, "warning") if found.kinds is not None else ("no NaN or Inf", "")),
            remark=facts(("zeros", format.percent(known.zeros)), *extremes),
            brief=facts(*extremes),
        )

    def _why_nothing(self, layer: Layer) -> str:
        run, name = self.session.run, shortened(layer.name)
        if run is None:
            if self.session.busy:
                return f"The feature maps of {name} are on their way."
            if self.session.image:
                return f"There is no run to show. Run the picture again to see what {name} makes of it."
            return f"Open a picture, or drop one on the window, to see what {name} makes of it."
        tensor = layer.output.name
        if tensor in run.missing:
            return f"The output of {name} was left out of the run so that it fits in memory. It is being computed now."
        if tensor in run.unshowable:
            return f"The output of {name} cannot be drawn: it is {run.unshowable[tensor]}."
        return f"The run did not reach the output of {name}, so there is nothing to draw."

    def forget(self) -> None:
        self._prepared = None
        self.canvas.let_go()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.canvas.set_dimmed(is_dimmed)

    # ---------------------------------------------------------------- what the user does

    @Slot(int)
    def _choose_scaling(self, row: int) -> None:
        self.session.set_view(scaling=self.scalings.itemData(row))

    @Slot(int)
    def _choose_colormap(self, row: int) -> None:
        self.session.set_view(colormap=self.colormaps.itemData(row))

    @Slot(object)
    def _pick(self, place: Place) -> None:
        self.session.set_view(channel=place.channel, element=(place.row, place.column))

    @Slot(object)
    def _read_out(self, place: Place | None) -> None:
        prepared = self._prepared
        if place is None or prepared is None:
            self.readout.emit(())
            return
        layer = prepared.layer
        value = float(prepared.maps[place.channel, place.row, place.column])
        self.readout.emit(
            (
                ("", plain(layer.name)),
                ("channel", str(place.channel)),
                ("row", str(place.row)),
                ("column", str(place.column)),
                ("=", format.significant(value)),
                *sees(layer.receptive_field),
            )
        )


def sees(field: ReceptiveField) -> tuple[tuple[str, str], ...]:
    """Return what an element sees, for a readout; nothing where that is not known."""
    if field.status == "whole input":
        return (("sees", "the whole input"),)
    if field.size is None:
        return ()
    if 0 in field.size:
        return (("sees", "nothing of the picture"),)
    size = format.shape(field.size)
    return (("sees", f"{'at most ' if field.status == 'bound' else ''}{size} px"),)


def _bar(limits: Limits, colormap: str, channel: int) -> Bar:
    """Return the color bar; where each channel has limits of its own, with those of the selected one."""
    low, high = limits.of(min(channel, limits.low.size - 1))
    if limits.is_shared:
        marks = [((mark - low) / (high - low), _plain_number(mark)) for mark in ticks(low, high, 4)]
    else:
        marks = [(0.5, f"ch. {channel}")]
    return Bar(palette(colormap), format.significant(low), format.significant(high), marks)


def _plain_number(value: float) -> str:
    """Return a round number without the digits that are zero."""
    text = format.significant(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _why_no_maps(layer: Layer, tensor: Array) -> str:
    name, shape = shortened(layer.name), format.shape(tensor.shape)
    if tensor.ndim == 0 and tensor.dtype.kind in "biuf":
        return f"The output of {name} is a single number: {format.significant(float(tensor))}."
    if not tensor.size:
        return f"The output of {name} is empty: its shape is {shape}."
    return f"The output of {name} cannot be drawn as feature maps: {shape}, {tensor.dtype}."


def _strip(colormap: str) -> QIcon:
    colors = np.ascontiguousarray(palette(colormap))
    image = QImage(colors.data, 256, 1, 768, QImage.Format.Format_RGB888)
    return QIcon(QPixmap.fromImage(image.scaled(48, 10)))
