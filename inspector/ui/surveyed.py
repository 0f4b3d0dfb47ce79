"""What is computed once for a layer of a run, and shared by the panels that draw it."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field

from inspector.analysis.reading import Reading
from inspector.graph.model import Array
from inspector.render.arrays import Values, widened
from inspector.render.limits import Limits, fitted, fixed, limits
from inspector.render.survey import Survey, survey


@dataclass(slots=True, weakref_slot=True)
class Surveyed:
    """A layer's values, ready to be drawn.

    Attributes:
        source: What it was made of.
        values: ``(channels, depth, height, width)``, numbers that are quickly worked on.
        survey: Of all of them, as ``(channels, depth * height, width)``.
        by_scaling: The limits that were asked for, of all slices, by the name of their scaling.
        shared: Limits that another run has too, by the name of their scaling; they go before its own.
    """

    source: Array
    values: Values
    survey: Survey
    by_scaling: dict[str, Limits] = field(default_factory=dict)
    shared: dict[str, Limits] = field(default_factory=dict)

    @property
    def all_slices(self) -> Values:
        """All slices below each other, ``(channels, depth * height, width)``."""
        return self.values.reshape(len(self.values), -1, self.values.shape[3])

    def limits(self, scaling: str) -> Limits:
        """Return the limits of that scaling, of all slices."""
        if scaling in self.shared:
            return self.shared[scaling]
        if scaling not in self.by_scaling:
            self.by_scaling[scaling] = limits(self.all_slices, scaling, self.survey)
        return self.by_scaling[scaling]

    def drawn_with(self, scaling: str, colormap: str, chosen: tuple[float, float] | None = None) -> tuple[Limits, str]:
        """Return limits and colormap as they are drawn; see ``limits.fitted``.

        Args:
            scaling: A name from ``render.SCALINGS``.
            colormap: A name from ``render.COLORMAPS``; ``""`` lets the data decide.
            chosen: Limits that go before the scaling's, see ``View.limits``.
        """
        if chosen is not None:
            return fixed(*chosen, colormap, self.survey)
        return fitted(self.limits(scaling), colormap)


_last: weakref.ref[Surveyed] | None = None  # held by the panels that are seen: they let go of a run when hidden


def surveyed(reading: Reading) -> Surveyed:
    """Return what is known of a layer; while a panel holds it, the same one is returned to the others."""
    global _last
    known = _last() if _last is not None else None
    if known is None or known.source is not reading.values:
        known = looked_through(reading)
        _last = weakref.ref(known)
    return known


def looked_through(reading: Reading) -> Surveyed:
    """Return what is known of a layer, worked out now."""
    values = widened(reading.values)
    return Surveyed(reading.values, values, survey(values.reshape(len(values), -1, values.shape[3])))
