"""The channels of a layer, put in order by what they hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inspector.graph.model import Array

Numbers = NDArray[np.float64]

AT_A_TIME = 1 << 20  # elements turned to float64


@dataclass(frozen=True, slots=True)
class Key:
    """A row of ``KEYS``: what channels are put in order by, as a word and as a sentence for a tooltip."""

    label: str
    sentence: str


KEYS: Mapping[str, Key] = {
    "index": Key("index", "As the layer numbers them."),
    "mean": Key("mean", "The largest mean of the finite values first."),
    "maximum": Key("maximum", "The largest finite value first."),
    "std": Key("std", "The largest standard deviation of the finite values first."),
    "sparsity": Key("sparsity", "The largest part of values that are exactly zero first."),
    "magnitude": Key("magnitude", "The largest mean of the finite values without their signs first."),
}
CONTRIBUTION = "contribution"  # a key whose numbers come from elsewhere: see ``ordered``


@dataclass(frozen=True, slots=True)
class Order:
    """Channels in the order of a key.

    Attributes:
        key: A name from ``KEYS``, or ``CONTRIBUTION``.
        channels: ``(places,)``, the index of the channel at each place.
        places: ``(channels,)``, the place of each channel; -1 for one that has none.
        numbers: ``(channels,)`` float64, the key of each channel, by index; NaN where it has no finite value.
    """

    key: str
    channels: NDArray[np.intp]
    places: NDArray[np.intp]
    numbers: Numbers

    def channel_at(self, place: int) -> int:
        """Return the channel at a place."""
        return int(self.channels[place])

    def place_of(self, channel: int) -> int:
        """Return the place of a channel; -1 where there is no such channel."""
        return int(self.places[channel]) if 0 <= channel < self.places.size else -1

    def first(self, count: int) -> Order:
        """Return the order of the channels at the first places; the others have none."""
        places = np.where(self.places < count, self.places, -1)
        return replace(self, channels=self.channels[:count], places=places)


def order(values: Array, key: str) -> Order:
    """Put channels in order, the largest number first, equal ones by index, those without a finite value last.

    Args:
        values: ``(channels, ...)``, any number type.
        key: A name from ``KEYS``.

    Raises:
        KeyError: ``key`` is not in ``KEYS``.
    """
    KEYS[key]
    count = len(values)
    if key == "index":
        straight = np.arange(count)
        return Order(key, straight, straight, straight.astype(np.float64))
    flat = values.reshape(count, values[0].size if count else 0)
    numbers = np.full(count, np.nan)
    step = max(1, AT_A_TIME // max(1, flat.shape[1]))
    for start in range(0, count if flat.shape[1] else 0, step):
        numbers[start : start + step] = _found(flat[start : start + step], key)
    return ordered(key, numbers)


def ordered(key: str, numbers: Numbers) -> Order:
    """Put channels in order by numbers that are known, as ``order`` does."""
    channels = np.argsort(-numbers, kind="stable")  # numpy puts NaN last
    places = np.empty_like(channels)
    places[channels] = np.arange(len(numbers))
    return Order(key, channels, places, numbers)


def _found(rows: Array, key: str) -> Numbers:
    """Return the key of each row."""
    if key == "sparsity":
        return np.asarray((rows == 0).mean(axis=1), np.float64)
    wide = rows.astype(np.float64)
    finite = np.isfinite(wide)
    compute = _COMPUTED[key]
    if finite.all():
        return compute(wide)
    return np.array(
        [compute(row[None, seen])[0] if seen.any() else np.nan for row, seen in zip(wide, finite, strict=True)]
    )


def _mean(rows: Numbers) -> Numbers:
    return np.asarray(rows.mean(axis=1))


def _maximum(rows: Numbers) -> Numbers:
    return np.asarray(rows.max(axis=1))


def _std(rows: Numbers) -> Numbers:
    return np.asarray(rows.std(axis=1))


def _magnitude(rows: Numbers) -> Numbers:
    return np.asarray(np.abs(rows).mean(axis=1))


_COMPUTED: Mapping[str, Callable[[Numbers], Numbers]] = {
    "mean": _mean,
    "maximum": _maximum,
    "std": _std,
    "magnitude": _magnitude,
}
