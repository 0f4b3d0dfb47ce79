"""What the wall shows of a layer: tiles in an order, the strongest, or all channels as one picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from inspector.analysis.channels import CONTRIBUTION, Order, ordered
from inspector.analysis.contributions import Contributions
from inspector.analysis.reading import Reading
from inspector.analysis.reductions import Components, components, components_of_both, over_channels
from inspector.analysis.saturation import ends, saturated
from inspector.graph.model import Array, Layer
from inspector.render.arrays import Values, widened
from inspector.render.limits import Limits
from inspector.render.survey import Specials, Survey, flat_channels, survey
from inspector.ui.flags import Tone
from inspector.ui.surveyed import Surveyed

STRONGEST = "magnitude"  # what the strongest channels are told by where they lie by index

Mask = NDArray[np.bool_]
Reduced = Surveyed | Components


@dataclass(frozen=True, slots=True)
class Slice:
    """What is drawn of a layer: all of it, or a slice of a volume.

    Attributes:
        place: Which slice.
        maps: ``(channels, height, width)``.
        found: NaN and Inf among them.
    """

    place: int
    maps: Values
    found: Specials


@dataclass(frozen=True, slots=True)
class Rows:
    """Signals as one picture, see ``render.rows``.

    Attributes:
        made_for: The limits of the channels.
        tile: ``(1, channels, samples)``.
        limits: Of the tile.
        found: NaN and Inf in it.
    """

    made_for: Limits
    tile: Values
    limits: Limits
    found: Specials


@dataclass(frozen=True, slots=True)
class Arranged:
    """The tiles of the wall, in the order of a key.

    Attributes:
        whole: The order of all channels.
        at_most: How many tiles are wanted; 0 for all.
        made_of: The slice by index.
        slice: The channels as they lie, one tile after the other.
        order: Which channel is where.
        flags: Tiles that stand out.
    """

    whole: Order
    at_most: int
    made_of: Slice
    slice: Slice
    order: Order
    flags: tuple[tuple[int, Tone], ...]


@dataclass(frozen=True, slots=True)
class StandingOut:
    """Which channels stand out.

    Attributes:
        by_word: By the word for it, ``(channels,)`` each.
        can_saturate: The layer has a smallest or largest value.
    """

    by_word: Mapping[str, Mask]
    can_saturate: bool

    def count(self, word: str) -> int:
        return int(np.count_nonzero(self.by_word[word]))

    def next_after(self, channel: int, known: Order, word: str = "") -> int:
        """Return the next such channel in an order, from the first again after the last; -1 where there is none.

        Args:
            channel: After which.
            known: The order.
            word: Of which kind; ``""`` for any.
        """
        masks = [self.by_word[word]] if word else list(self.by_word.values())
        places = np.flatnonzero(np.logical_or.reduce(masks)[known.channels])
        if not places.size:
            return -1
        after = places[places > known.place_of(channel)]
        return known.channel_at(int(after[0] if after.size else places[0]))


@dataclass(slots=True)
class Prepared:
    """What is computed once for a layer of a run.

    Attributes:
        known: What is shared with other panels.
        slice: The last one that was drawn.
        curves: ``(channels, samples)`` of a signal.
        standing_out: The channels that are dead, constant or saturated.
        rows: The last picture of them.
        arranged: The last order of the tiles; None before there was one.
        reduced: All channels as one picture, by how.
        orders: Of all channels, by key.
        parts: Those of a logit, and the order by them.
        ordered_by: The values whose numbers put the channels in order: of a reference those of the current run, so that
            both lie in the same places.
    """

    known: Surveyed
    slice: Slice
    curves: Values
    standing_out: StandingOut
    rows: Rows | None = None
    arranged: Arranged | None = None
    reduced: dict[str, Reduced] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    parts: tuple[Contributions, Order] | None = None

    def by_contribution(self, parts: Contributions) -> Order:
        """Return the order by the parts of a logit."""
        if self.parts is None or self.parts[0] is not parts:
            self.parts = parts, ordered(CONTRIBUTION, parts.parts)
        return self.parts[1]

    ordered_by: Values | None = None

    @property
    def to_order(self) -> Values:
        """The values whose numbers put the channels in order."""
        return self.known.values if self.ordered_by is None else self.ordered_by

    def in_order(self, whole: Order, at_most: int = 0) -> Arranged:
        """Return the tiles in an order, from the last time if that is the same.

        Args:
            whole: Of all channels.
            at_most: How many tiles are wanted, the first ones; 0 for all.
        """
        last = self.arranged
        is_same = last is not None and last.whole is whole and last.at_most == at_most
        if last is None or not is_same or last.made_of is not self.slice:
            known = last.order if last is not None and is_same else whole.first(at_most) if at_most else whole
            drawn = _arranged(self.slice, known)
            self.arranged = last = Arranged(whole, at_most, self.slice, drawn, known, self._flags(known))
        return last

    def _flags(self, known: Order) -> tuple[tuple[int, Tone], ...]:
        masks = self.standing_out.by_word
        loud = masks["saturated"][known.channels]
        quiet = (masks["dead"] | masks["constant"])[known.channels] & ~loud
        some: list[tuple[int, Tone]] = [(int(place), "quiet") for place in np.flatnonzero(quiet)]
        return (*some, *((int(place), "loud") for place in np.flatnonzero(loud)))


def prepared(reading: Reading, known: Surveyed, layer: Layer, tensors: Mapping[str, Array]) -> Prepared:
    """Return what does not depend on the view.

    Args:
        reading: Of the layer.
        known: Of all its values.
        layer: Whose output it is.
        tensors: Of the same run.
    """
    drawn = sliced(known.values, known.survey, reading.slice)
    dead, constant = flat_channels(known.survey)
    if reading.values[0].size == 1 or reading.is_difference:  # a single number is always constant
        dead, constant = np.zeros_like(dead), np.zeros_like(constant)
    bounds = ends(layer, reading, tensors)
    by_word = {"dead": dead, "constant": constant, "saturated": saturated(reading, bounds)}
    standing_out = StandingOut(by_word, bool(bounds))
    return Prepared(known, drawn, drawn.maps[:, 0], standing_out)


def reduction_of(reading: Reading, wanted: str) -> str:
    """Return the reduction that a layer is drawn with: what is wanted, or ``""`` where it says nothing here."""
    channels = len(reading.values)
    if channels < 2 or reading.form == "signal":
        return ""
    if wanted in ("mean", "maximum", "components") and reading.values[0].size == 1:
        return ""
    return wanted


def reduced(values: Values, how: str) -> Reduced:
    """Return all channels as one picture: maps that are looked over like a layer's, or components.

    Args:
        values: ``(channels, depth, height, width)``.
        how: ``"mean"``, ``"maximum"`` or ``"components"``.
    """
    if how == "components":
        return components(values)
    made = over_channels(values, how)
    wide = widened(made)
    return Surveyed(made, wide, survey(wide.reshape(1, -1, wide.shape[3])))


def reduced_both(current: Values, reference: Values, how: str) -> tuple[Reduced, Reduced]:
    """Return all channels of two runs as one picture each, to be compared; see ``reduced``."""
    if how == "components" and len(current) == len(reference):
        return components_of_both(current, reference)
    return reduced(current, how), reduced(reference, how)


def sliced(values: Values, known: Survey, place: int) -> Slice:
    """Return a slice of ``(channels, depth, height, width)`` with what was found in it."""
    kinds = known.found.kinds
    if kinds is not None:
        kinds = kinds.reshape(values.shape)[:, place]
    return Slice(place, values[:, place], replace(known.found, kinds=kinds))


def _arranged(drawn: Slice, known: Order) -> Slice:
    """Return a slice with its channels in that order; by index it is the slice itself."""
    if known.key == "index":
        return drawn
    kinds = drawn.found.kinds
    found = replace(drawn.found, kinds=kinds[known.channels] if kinds is not None else None)
    return replace(drawn, maps=drawn.maps[known.channels], found=found)
