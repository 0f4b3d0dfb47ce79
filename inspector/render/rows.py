"""Signals as one picture of time and channel: each channel a row."""

from __future__ import annotations

from dataclasses import replace

from inspector.render.arrays import Values
from inspector.render.indices import indices
from inspector.render.limits import Limits, shared_limits
from inspector.render.survey import Specials


def in_rows(maps: Values) -> Values:
    """Return signals, ``(channels, 1, samples)``, as one tile whose rows are the channels, a view."""
    return maps.swapaxes(0, 1)


def drawn_in_rows(maps: Values, limits: Limits, found: Specials) -> tuple[Values, Limits, Specials]:
    """Return signals as one tile, ready to be drawn.

    Args:
        maps: ``(channels, 1, samples)``.
        limits: Shared, or one pair per channel.
        found: NaN and Inf among them.

    Returns:
        ``(1, channels, samples)``, with limits for it that draw each value as before, and what was found.
    """
    if not limits.is_shared:  # one tile has one pair of limits: let each channel's own give it its colors first
        maps, limits = indices(maps, limits), shared_limits(0, 255)
    kinds = in_rows(found.kinds) if found.kinds is not None else None
    return in_rows(maps), limits, replace(found, kinds=kinds)  # type: ignore[arg-type]
