"""How the numbers of one run are drawn in an explanation: with the limits and colors of the feature maps."""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import cache

import numpy as np
from PySide6.QtGui import QImage, qRgb

from inspector.analysis.maps import feature_maps
from inspector.explain.elements import Spot, map_of, origin
from inspector.graph.model import Array, Model, Run, Tensor
from inspector.render.arrays import widened
from inspector.render.indices import indices
from inspector.render.limits import Limits, fitted, fixed, limits, shared_limits
from inspector.render.palettes import palette, to_rgb
from inspector.render.pictures import thinned, thumbnail

THUMB = 20
MOST_PIXELS = 1 << 22  # of a picture with a pixel for each element
MOST_LOOKED_THROUGH = 1 << 20  # values, while the window waits
SOME = 1 << 18  # values that stand for all where there are more


class Looks:
    """Pictures and limits of a run's tensors, each worked out once for a way to look at them.

    Args:
        scaling: A name from ``render.SCALINGS``.
        colormap: A name from ``render.COLORMAPS``; ``""`` lets the data decide.
    """

    def __init__(self, model: Model, run: Run, scaling: str, colormap: str) -> None:
        self.model, self.run = model, run
        self.scaling, self.colormap = scaling, colormap
        self._limits: dict[tuple[str, str], Limits | None] = {}  # by tensor and scaling
        self._on_wall: tuple[str, Limits, str] | None = None  # a tensor, and how it is drawn there
        self._locked: tuple[float, float] | None = None
        self._images: dict[Hashable, QImage | None] = {}

    def is_for(self, model: Model, run: Run, scaling: str, colormap: str) -> bool:
        """Whether these are still the ones to use."""
        same = self.model is model and self.run is run
        return same and (self.scaling, self.colormap) == (scaling, colormap)

    def look(self, scaling: str, colormap: str) -> None:
        """Look in that way from now on."""
        if (scaling, colormap) != (self.scaling, self.colormap):
            self.scaling, self.colormap = scaling, colormap
            self._images.clear()

    def follow_wall(self, name: str, drawn: tuple[Limits, str] | None, locked: tuple[float, float] | None) -> None:
        """Draw maps as the feature maps are drawn from now on, with more than their scaling.

        Args:
            name: The selected layer's tensor.
            drawn: Its limits and colormap there; None where the scaling says all, or other numbers are seen there.
            locked: Limits that were chosen for all layers; None where there are none.
        """
        found = (name, *drawn) if drawn is not None else None
        if not _is_same(found, self._on_wall) or locked != self._locked:
            self._images.clear()
        self._on_wall, self._locked = found, locked

    def known(self, name: str) -> Tensor | None:
        """Return what the model says of a tensor that is computed or fed; None for what is stored."""
        found = origin(self.model, name)
        if found.layer is not None:
            return found.layer.outputs[found.output]
        return next((each for each in self.model.inputs if each.name == name), None)

    def source(self, name: str) -> str:
        """Return what a tensor is called: by the layer that makes it, as names of tensors say less."""
        found = origin(self.model, name)
        return found.layer.name if found.layer is not None else name

    def array(self, name: str) -> Array | None:
        return self.run.tensors.get(name)

    def limits(self, name: str, channel: int = 0) -> tuple[Limits, str] | None:
        """Return the limits and the colormap with which a tensor's maps are drawn; None where it has none.

        Of a very large tensor they are those of some of its values.
        """
        if self._on_wall is not None and name == self._on_wall[0]:
            shared, colormap = self._on_wall[1:]
        elif (found := self._found(name, self.scaling)) is None:
            return None
        elif self._locked is not None and origin(self.model, name).layer is not None:
            lowest = self._found(name, "layer")
            shared, colormap = fixed(*self._locked, self.colormap, float(lowest.low[0]) if lowest is not None else 0.0)
        else:
            shared, colormap = fitted(found, self.colormap)
        return shared_limits(*shared.of(min(channel, shared.low.size - 1))), colormap

    def _found(self, name: str, scaling: str) -> Limits | None:
        """Return the limits of a tensor's maps; None where it has none."""
        key = name, scaling
        if key not in self._limits:
            known, array = self.known(name), self.array(name)
            maps = feature_maps(array, known.channels_last) if known is not None and array is not None else None
            if maps is not None and maps.size > MOST_LOOKED_THROUGH:
                step = math.ceil(math.sqrt(maps.size / SOME))
                maps = thinned(maps, max(1, max(maps.shape[1:]) // step))
            self._limits[key] = limits(widened(maps), scaling) if maps is not None else None
        return self._limits[key]

    def around_zero(self, reach: float) -> tuple[Limits, str]:
        """Return the limits for numbers of both signs up to a size."""
        return shared_limits(-reach, reach), "signed"

    def image(self, name: str, spot: Spot) -> QImage | None:
        """Return a channel's map, a pixel for each element; None where it has none, or too many for a picture."""
        key = ("map", name, spot.channel, spot.slice)
        if key not in self._images:
            self._images[key] = self._drawn(name, spot)
        return self._images[key]

    def _drawn(self, name: str, spot: Spot) -> QImage | None:
        shown = self._map(name, spot)
        found = self.limits(name, spot.channel)
        if shown is None or found is None or shown.size > MOST_PIXELS:
            return None
        drawn = np.ascontiguousarray(indices(shown[None], found[0])[0])
        image = QImage(drawn.data, drawn.shape[1], drawn.shape[0], drawn.shape[1], QImage.Format.Format_Indexed8).copy()
        image.setColorTable(_color_table(found[1]))
        return image

    def _map(self, name: str, spot: Spot) -> Array | None:
        known, array = self.known(name), self.array(name)
        return map_of(known, array, spot) if known is not None and array is not None else None

    def thumb(self, name: str, channel: int) -> QImage | None:
        """Return a small picture of a channel's map; None where a map has one element only."""
        key = ("thumb", name, channel)
        if key not in self._images:
            shown = self._map(name, Spot(channel, (0, 0)))
            if shown is None or shown.size < 2:
                self._images[key] = None
            else:
                small = thumbnail(widened(shown[None]), THUMB, fills=1 in shown.shape)
                found = self.limits(name, channel)
                self._images[key] = picture(to_rgb(small, palette(found[1] if found is not None else "viridis")))
        return self._images[key]


def _is_same(one: tuple[str, Limits, str] | None, other: tuple[str, Limits, str] | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one[0], one[2]) == (other[0], other[2]) and one[1].is_same(other[1])


@cache
def _color_table(colormap: str) -> list[int]:
    return [qRgb(*color) for color in palette(colormap).tolist()]


def picture(rgb: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> QImage:
    """Return ``(height, width, 3)`` RGB as a picture of Qt's."""
    height, width, _ = rgb.shape
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
