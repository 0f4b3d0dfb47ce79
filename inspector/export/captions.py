"""Writing on pictures: captions with a colour bar, and the chart of the most probable classes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from inspector import format
from inspector.analysis.heads import ClassScore
from inspector.export.pictures import BACKGROUND, RGB, Drawn
from inspector.graph.model import Array
from inspector.render.palettes import palette

Pixels = NDArray[np.uint8]

_TEXT, _QUIET, _BAR, _TRACK = (0xE8, 0xE9, 0xEB), (0xA5, 0xAA, 0xB3), (0x4C, 0x9B, 0xE8), (0x2E, 0x31, 0x36)
_SIZE, _LINE, _EDGE = 12, 17, 8  # of the writing, from line to line, and round it, at scale 1
_BAR_HEIGHT, _WIDEST_BAR, _LEAST_BAR = 8, 256, 48
_LEAST_WIDTH = 220  # of a picture with a caption
_CHART = 480, 22, 0.42  # width, from class to class, and the part of the width that labels take
_ASCII = str.maketrans({format.TIMES: "x", format.MINUS: "-", "\N{EN DASH}": "-", "\N{MIDDLE DOT}": "-"})


def captioned(drawn: Drawn, lines: Sequence[str], scale: int = 1) -> Pixels:
    """Return a picture with lines of text below it, and its colour bar with both limits.

    Args:
        drawn: The picture.
        lines: The first is the title.
        scale: Of the writing.
    """
    scale = max(1, min(scale, 4))
    pixels = drawn.pixels
    width = max(pixels.shape[1], _LEAST_WIDTH * scale)
    edge = _EDGE * scale
    has_bar = drawn.colormap != RGB and bool(drawn.limits)
    height = 2 * edge + _LINE * scale * (len(lines) + (1 if has_bar else 0)) + (_BAR_HEIGHT * scale if has_bar else 0)
    below = Image.new("RGB", (width, height), BACKGROUND)
    pen = ImageDraw.Draw(below)
    font = _font(scale)
    for place, line in enumerate(lines):
        color = _QUIET if place else _TEXT
        pen.text((edge, edge + place * _LINE * scale), _fitted(line, font, width - 2 * edge), color, font)
    if has_bar:
        _draw_bar(below, pen, drawn, edge, edge + len(lines) * _LINE * scale, scale)
    found = np.full((pixels.shape[0] + height, width, 3), BACKGROUND, np.uint8)
    found[: pixels.shape[0], : pixels.shape[1]] = pixels
    found[pixels.shape[0] :] = np.asarray(below)
    return found


def map_lines(title: str, op_type: str, values: Array, drawn: Drawn) -> list[str]:
    """Return what is written below maps.

    Args:
        title: Of the layer.
        op_type: Its operator.
        values: ``(channels, depth, height, width)``, all of them.
        drawn: Those that are drawn.
    """
    channels, _, *places = values.shape
    which = f"channel {drawn.channels[0]} of {channels}" if drawn.channels else f"{format.count(channels)} channels"
    return [title, f"{op_type}, {which}, {format.shape(places)}"]


def kernel_lines(layer: str, kernel: Array) -> list[str]:
    """Return what is written below the kernels of a layer of that name."""
    return [f"{layer}: kernels", f"{format.shape(kernel.shape)}, {kernel.dtype.name}"]


def _draw_bar(image: Image.Image, pen: ImageDraw.ImageDraw, drawn: Drawn, left: int, top: int, scale: int) -> None:
    length = max(_LEAST_BAR * scale, min(_WIDEST_BAR * scale, image.width - 2 * left))
    bar = palette(drawn.colormap)[np.arange(length) * 256 // length]
    strip = np.repeat(bar[np.newaxis], _BAR_HEIGHT * scale, axis=0)
    image.paste(Image.fromarray(np.ascontiguousarray(strip)), (left, top + 2 * scale))
    below = top + (_BAR_HEIGHT + 3) * scale
    font = _font(scale)
    low, high = (_plain(each) for each in _ends(drawn))
    pen.text((left, below), low, _QUIET, font)
    pen.text((left + length - font.getlength(high), below), high, _QUIET, font)


def _ends(drawn: Drawn) -> tuple[str, str]:
    low, high = drawn.limits[0], drawn.limits[-1]
    if isinstance(low, tuple) or isinstance(high, tuple):
        return "each channel's minimum", "maximum"
    return format.significant(low), format.significant(high)


def chart(title: str, subtitle: str, classes: Sequence[ClassScore], scale: int = 1) -> Pixels:
    """Draw the most probable classes as bars.

    Args:
        title: Above them.
        subtitle: Below the title.
        classes: The first is drawn first.
        scale: Of everything.
    """
    scale = max(1, min(scale, 4))
    wide, step, share = _CHART
    width, row, edge = wide * scale, step * scale, _EDGE * scale
    top = edge + 2 * _LINE * scale + edge
    image = Image.new("RGB", (width, top + row * len(classes) + edge), BACKGROUND)
    pen, font = ImageDraw.Draw(image), _font(scale)
    pen.text((edge, edge), _fitted(title, font, width - 2 * edge), _TEXT, font)
    pen.text((edge, edge + _LINE * scale), _fitted(subtitle, font, width - 2 * edge), _QUIET, font)
    begin, end = edge + round(share * width), width - edge - round(font.getlength("< 0.0001")) - edge
    for place, score in enumerate(classes):
        y = top + place * row
        name = score.label or f"class {score.index}"
        pen.text((edge, y + 2 * scale), _fitted(name, font, begin - 2 * edge), _TEXT, font)
        pen.rectangle((begin, y + 3 * scale, end, y + row - 5 * scale), fill=_TRACK)
        part = 0.0 if math.isnan(score.probability) else min(max(score.probability, 0.0), 1.0)
        length = round(part * (end - begin))
        if length:
            pen.rectangle((begin, y + 3 * scale, begin + length, y + row - 5 * scale), fill=_BAR)
        number = _plain(format.probability(score.probability))
        pen.text((width - edge - font.getlength(number), y + 2 * scale), number, _TEXT, font)
    return np.asarray(image)


def labelled(pixels: Pixels, lines: Sequence[str], width: int, scale: int = 1) -> Pixels:
    """Return a picture of at least a width with short lines of text below it."""
    font = _font(scale, _SIZE - 2)
    step = (_LINE - 3) * scale
    image = Image.new("RGB", (max(width, pixels.shape[1]), pixels.shape[0] + step * len(lines) + 2 * scale), BACKGROUND)
    image.paste(Image.fromarray(np.ascontiguousarray(pixels)), (0, 0))
    pen = ImageDraw.Draw(image)
    for place, line in enumerate(lines):
        text = _fitted(line, font, image.width)
        pen.text((0, pixels.shape[0] + 2 * scale + place * step), text, _QUIET if place else _TEXT, font)
    return np.asarray(image)


def _font(scale: int, size: int = _SIZE) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * scale)


def _plain(text: str) -> str:
    """Return text in the letters that the font has: the same on every machine, as it comes with Pillow."""
    return "".join(each if " " <= each <= "~" else "?" for each in text.translate(_ASCII))


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    """Return as much of a text as there is room for, with dots where some is left out."""
    text = _plain(text[:400])
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text + "..."
