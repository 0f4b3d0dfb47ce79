"""What is computed once for a layer of a run, and shared by the panels that draw it."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field

from inspector.analysis.reading import Reading
from inspector.graph.model import Array
from inspector.render.arrays import Values, widened
from inspector.render.limits import Limits, fitted, limits
from inspector.render.survey import Survey, survey


@dataclass(slots=True, weakref_slot=True)
class Surveyed:
    """A layer's values, ready to be drawn.

    Attributes:
        source: What it was made of.
        values: ``(channels, depth, height, width)``, numbers that are quickly worked on.
        survey: Of all of them, as ``(channels, depth * height, width)``.
        by_scaling: The limits that were asked for, of all slices, by the name of their scaling.
    """

    source: Array
    values: Values
    survey: Survey
    by_scaling: dict[str, Limits] = field(default_factory=dict)

    @property
    def all_slices(self) -> Values:
        """All slices below each other, ``(channels, depth * height, width)``."""
        return self.values.reshape(len(self.values), -1, self.values.shape[3])

    def limits(self, scaling: str) -> Limits:
        """Return the limits of that scaling, of all slices."""
        if scaling not in self.by_scaling:
            self.by_scaling[scaling] = limits(self.all_slices, scaling, self.survey)
        return self.by_scaling[scaling]

    def drawn_with(self, scaling: str, colormap: str) -> tuple[Limits, str]:
        """Return limits and colormap as they are drawn; see ``limits.fitted``."""
        return fitted(self.limits(scaling), colormap)


_last: weakref.ref[Surveyed] | None = None  # held by the panels that are seen: they let go of a run when hidden


def surveyed(reading: Reading) -> Surveyed:
    """Return what is known of a layer; while a panel holds it, the same one is returned to the others."""
    global _last
    known = _last() if _last is not None else None
    if known is None or known.source is not reading.values:
        values = widened(reading.values)
        known = Surveyed(reading.values, values, survey(values.reshape(len(values), -1, values.shape[3])))
        _last = weakref.ref(known)
    return known
