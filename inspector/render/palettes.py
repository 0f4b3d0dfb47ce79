"""Colormaps, and indices as colors."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import cmap
import numpy as np

from inspector.render.arrays import Index, Mask

MARK = (0xFF, 0x5F, 0xA8)  # pink is in no palette that is a default


@dataclass(frozen=True, slots=True)
class Colormap:
    """A row of ``COLORMAPS``.

    Attributes:
        source: Its name in the ``cmap`` catalogue; ``""`` for our own.
        is_diverging: Its middle color stands for zero; it is drawn with limits of the same size on both sides.
    """

    source: str
    is_diverging: bool = False


COLORMAPS: Mapping[str, Colormap] = {
    "viridis": Colormap("bids:viridis"),
    "cividis": Colormap("cividis:cividis"),
    "magma": Colormap("bids:magma"),
    "inferno": Colormap("bids:inferno"),
    "plasma": Colormap("bids:plasma"),
    "gray": Colormap("matlab:gray"),
    "turbo": Colormap("google:turbo"),
    "signed": Colormap("", is_diverging=True),
    "vik": Colormap("crameri:vik", is_diverging=True),
    "rdbu": Colormap("colorbrewer:RdBu_r", is_diverging=True),
}

_SIGNED = ((0x0B, 0x3C, 0x78), (0x3B, 0x82, 0xC4), (0xF4, 0xF3, 0xF0), (0xE0, 0x8A, 0x2E), (0x8A, 0x3A, 0x00))


@functools.cache
def palette(name: str) -> Index:
    """Return the 256 colors of a colormap, ``(256, 3)`` uint8 RGB, read-only.

    Raises:
        KeyError: ``name`` is not in ``COLORMAPS``.
    """
    source = COLORMAPS[name].source
    if source:
        colors = np.asarray(cmap.Colormap(source).lut(256))[:, :3] * 255
    else:
        at = np.linspace(0, len(_SIGNED) - 1, 256)
        colors = np.stack([np.interp(at, range(len(_SIGNED)), channel) for channel in zip(*_SIGNED, strict=True)], -1)
    rounded: Index = np.rint(colors).astype(np.uint8)
    rounded.flags.writeable = False
    return rounded


def default_colormap(low: float) -> str:
    """Return the colormap for data whose smallest value is ``low``: one with a middle where there are two signs."""
    return "signed" if low < 0 else "viridis"


def to_rgb(index: Index, colors: Index) -> Index:
    """Return palette indices of any shape as ``(..., 3)`` uint8 RGB."""
    rgb: Index = np.take(colors, index, axis=0)
    return rgb


def ink(rgb: Index) -> Mask:
    """Say on which colors ``(..., 3)`` black writing has a higher contrast than white (WCAG 2.2)."""
    channel = np.asarray(rgb, np.float64) / 255
    linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    is_black: Mask = (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05)
    return is_black
