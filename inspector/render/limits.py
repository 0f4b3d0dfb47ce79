"""Limits: the values that are drawn as the first and the last color."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.render.arrays import Numbers, Values, widened
from inspector.render.palettes import COLORMAPS, default_colormap
from inspector.render.percentiles import Reals, ranked
from inspector.render.survey import Survey, extremes, is_finite

_ENOUGH = 1 << 20  # values, to know where a hundredth of all of them ends: to 0.03 % of their number


@dataclass(frozen=True, slots=True)
class Scaling:
    """A row of ``SCALINGS``: how limits are chosen, as a phrase for a list and as a sentence for a tooltip."""

    label: str
    sentence: str


SCALINGS: Mapping[str, Scaling] = {
    "layer": Scaling("layer, min to max", "From the smallest to the largest value of the layer; all channels alike."),
    "percentile": Scaling(
        "layer, 1 to 99 %",
        "The lowest and highest hundredth of the values are cut off; of very many, that of every third, fifth, ...",
    ),
    "symmetric": Scaling("layer, around zero", "As far below zero as above it; all channels alike."),
    "channel": Scaling("each channel", "Every channel from its own minimum to its maximum: do not compare channels."),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The values drawn as the first and the last color.

    Attributes:
        low, high: One number for all channels, or one per channel; float64, finite.
    """

    low: Numbers
    high: Numbers

    @property
    def is_shared(self) -> bool:
        """All channels have the same limits."""
        return self.low.size == 1

    def of(self, channel: int) -> tuple[float, float]:
        """Return the limits of one channel."""
        place = 0 if self.is_shared else channel
        return float(self.low[place]), float(self.high[place])

    def arranged(self, channels: NDArray[np.intp]) -> Limits:
        """Return the limits of the channels in that order."""
        return self if self.is_shared else Limits(self.low[channels], self.high[channels])

    def is_same(self, other: Limits) -> bool:
        """Say whether these draw every value as the other ones do."""
        return np.array_equal(self.low, other.low) and np.array_equal(self.high, other.high)

    def around_zero(self) -> Limits:
        """Return limits as far below zero as above it that hold these."""
        reach = np.maximum(np.abs(self.low), np.abs(self.high))
        return Limits(-reach, reach)

    def with_middle(self) -> Limits:
        """Return limits around zero for a diverging colormap; -1 and 1 where all is zero.

        Without a span zero would get the first color, not the one in the middle.
        """
        found = self.around_zero()
        reach = np.where(found.high == 0, 1.0, found.high)
        return Limits(-reach, reach)


def shared_limits(low: float, high: float) -> Limits:
    """Return these limits for all channels."""
    return Limits(np.array([low], np.float64), np.array([high], np.float64))


def together(one: Limits, other: Limits) -> Limits:
    """Return limits that hold both; where one has limits for each channel and not as many as the other, shared ones."""
    if one.low.size == other.low.size:
        return Limits(np.minimum(one.low, other.low), np.maximum(one.high, other.high))
    lows, highs = np.concatenate((one.low, other.low)), np.concatenate((one.high, other.high))
    return shared_limits(float(lows.min()), float(highs.max()))


def limits(maps: Values, scaling: str = "layer", known: Survey | None = None) -> Limits:
    """Choose limits from the finite values.

    Args:
        maps: ``(channels, height, width)``, any number type. A channel without a finite value has the limits 0 and 0.
        scaling: A name from ``SCALINGS``.
        known: A survey of these maps, if there is one: it spares looking again.

    Raises:
        KeyError: ``scaling`` is not in ``SCALINGS``.
    """
    SCALINGS[scaling]
    if scaling == "channel":
        return Limits(known.lows, known.highs) if known is not None else Limits(*extremes(maps, (1, 2)))
    if scaling == "percentile":
        return _without_tails(maps, known)
    low, high = (known.low, known.high) if known is not None else extremes(maps)
    found = shared_limits(float(low), float(high))
    return found.around_zero() if scaling == "symmetric" else found


def _without_tails(maps: Values, known: Survey | None) -> Limits:
    step = (maps.size // _ENOUGH) | 1  # odd, so that it meets every column of a map
    numbers: Reals = np.ascontiguousarray(widened(maps).reshape(-1)[::step])
    if not is_finite(numbers) if known is None else known.found.kinds is not None:
        numbers = numbers[np.isfinite(numbers)]
    return shared_limits(*ranked(numbers, 0.01)) if numbers.size else shared_limits(0.0, 0.0)


def resolve(maps: Values, scaling: str = "layer", colormap: str = "") -> tuple[Limits, str]:
    """Choose limits and colormap that fit each other.

    Args:
        maps: ``(channels, height, width)``.
        scaling: A name from ``SCALINGS``.
        colormap: A name from ``COLORMAPS``; ``""`` lets the data decide.

    Returns:
        The limits and the colormap's name. With a diverging colormap the limits lie around zero, so that zero has the
        color in the middle.
    """
    return fitted(limits(maps, scaling), colormap)


def fitted(found: Limits, colormap: str = "") -> tuple[Limits, str]:
    """Choose a colormap for limits that were found, and fit them to it, as ``resolve`` does."""
    name = colormap or default_colormap(float(found.low.min()) if found.low.size else 0.0)
    return (found.with_middle() if COLORMAPS[name].is_diverging else found), name


def fixed(low: float, high: float, colormap: str, known: Survey | float) -> tuple[Limits, str]:
    """Return limits that were chosen as numbers, and a colormap that fits them.

    The data decide on the colormap, not the limits: so it stays while these are moved. With a diverging one zero keeps
    the color in the middle, as in ``resolve``.

    Args:
        low: The value drawn as the first color.
        high: The value drawn as the last color.
        colormap: A name from ``COLORMAPS``; ``""`` lets the data decide.
        known: A survey of the data, or their smallest value.
    """
    name = colormap or default_colormap(known.low if isinstance(known, Survey) else known)
    found = shared_limits(low, high)
    return (found.with_middle() if COLORMAPS[name].is_diverging else found), name


def ticks(low: float, high: float, at_most: int) -> tuple[float, ...]:
    """Return round numbers strictly between two limits, in steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if at_most < 1 or not math.isfinite(span) or span < 1e-300:
        return ()
    step = 10.0 ** math.floor(math.log10(span / at_most))
    for factor in (1, 2, 5, 10):
        first, last = math.ceil(low / (step * factor)), math.floor(high / (step * factor))
        numbers = tuple(n * step * factor for n in range(first, last + 1) if low < n * step * factor < high)
        if len(numbers) <= at_most:
            return numbers
    return ()
