"""Draws the front of a house, as something full of straight edges, brick and lettering to look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

OVERSAMPLING = 3
UNITS = 480  # the drawing's own coordinates run from 0 to this
SEED = 4

Color = tuple[int, int, int]
Box = tuple[float, float, float, float]  # left, top, right, bottom

STONE: Color = (214, 205, 188)
SHADE: Color = (150, 140, 124)
FRAME: Color = (244, 240, 230)


class Drawing:
    """A canvas in units, whatever its pixels."""

    def __init__(self, size: int) -> None:
        self.scale = size / UNITS
        self.image = Image.new("RGB", (size, size))
        self.draw = ImageDraw.Draw(self.image)

    def box(self, box: Box, fill: Color) -> None:
        """Fill a rectangle."""
        left, top, right, bottom = (round(value * self.scale) for value in box)
        self.draw.rectangle((left, top, right - 1, bottom - 1), fill=fill)

    def polygon(self, points: list[tuple[float, float]], fill: Color) -> None:
        """Fill a polygon."""
        self.draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Color) -> None:
        """Fill a circle."""
        box = (x - radius, y - radius, x + radius, y + radius)
        self.draw.ellipse([value * self.scale for value in box], fill=fill)

    def line(self, points: list[tuple[float, float]], width: float, fill: Color) -> None:
        """Draw a line of that width."""
        self.draw.line([(x * self.scale, y * self.scale) for x, y in points], fill, max(1, round(width * self.scale)))

    def text(self, x: float, y: float, height: float, text: str, fill: Color) -> None:
        """Write centred on (x, y)."""
        font = ImageFont.load_default(height * self.scale)
        self.draw.text((x * self.scale, y * self.scale), text, fill, font, anchor="mm")

    def gradient(self, box: Box, top: Color, bottom: Color) -> None:
        """Fill a rectangle with colours that change from top to bottom."""
        left, upper, right, lower = (round(value * self.scale) for value in box)
        part = np.linspace(0, 1, lower - upper)[:, None, None]
        rows = np.array(top) * (1 - part) + np.array(bottom) * part
        pixels = np.broadcast_to(rows, (lower - upper, right - left, 3))
        self.image.paste(Image.fromarray(np.rint(pixels).astype(np.uint8)), (left, upper))


def _mixed(color: Color, random: np.random.Generator, spread: float) -> Color:
    change = random.normal(0, spread)
    red, green, blue = (int(np.clip(value + change, 0, 255)) for value in color)
    return red, green, blue


def _sky(canvas: Drawing, random: np.random.Generator) -> None:
    canvas.gradient((0, 0, UNITS, 130), (88, 142, 205), (196, 219, 238))
    clouds = Image.new("L", canvas.image.size)
    on_clouds = ImageDraw.Draw(clouds)
    for x, y, wide in ((70, 26, 60), (395, 36, 70)):
        for _ in range(14):
            reach = random.uniform(6, 13)
            at_x, at_y = x + random.uniform(-wide / 2, wide / 2), y + random.uniform(-6, 6)
            box = (at_x - reach * 1.4, at_y - reach * 0.7, at_x + reach * 1.4, at_y + reach * 0.7)
            on_clouds.ellipse([value * canvas.scale for value in box], fill=190)
    clouds = clouds.filter(ImageFilter.GaussianBlur(4 * canvas.scale))
    canvas.image.paste((255, 255, 255), (0, 0), clouds)


def _bricks(canvas: Drawing, box: Box, random: np.random.Generator) -> None:
    left, top, right, bottom = box
    canvas.box(box, (190, 176, 160))
    row, y = 0, top
    while y < bottom:
        x = left - (8 if row % 2 else 0)
        while x < right:
            edge = (max(x, left), y, min(x + 15, right), min(y + 6.6, bottom))
            if edge[2] > edge[0]:
                canvas.box(edge, _mixed((168, 84, 62), random, 11))
            x += 16
        row, y = row + 1, y + 7.6


def _roof(canvas: Drawing, random: np.random.Generator) -> None:
    canvas.polygon([(20, 104), (74, 44), (406, 44), (460, 104)], (66, 70, 82))
    for row in range(8):
        y = 44 + row * 7.5
        reach = (y - 44) * 0.9
        x = 74 - reach + (0 if row % 2 else 6)
        while x < 400 + reach:
            color = _mixed((84, 90, 104), random, 7)
            canvas.polygon([(x, y), (x + 11, y), (x + 11, y + 5), (x + 5.5, y + 7.5), (x, y + 5)], color)
            x += 12
    canvas.box((300, 14, 334, 62), (150, 74, 56))
    for row in range(6):
        canvas.box((300, 20 + row * 7.6, 334, 21 + row * 7.6), (188, 172, 156))
    canvas.box((296, 10, 338, 17), STONE)
    for x in (150, 240):  # two dormers
        canvas.box((x - 22, 62, x + 22, 102), (228, 222, 208))
        _window(canvas, (x - 13, 68, x + 13, 100))
        canvas.polygon([(x - 29, 63), (x, 40), (x + 29, 63)], (58, 62, 74))
        canvas.polygon([(x - 19, 61), (x, 46), (x + 19, 61)], (222, 214, 198))
    canvas.box((14, 102, 466, 110), FRAME)
    canvas.box((20, 110, 460, 113), SHADE)
    canvas.box((34, 113, 446, 119), (112, 92, 82))
    for index in range(37):
        canvas.box((24 + index * 12, 113, 30 + index * 12, 119), STONE)


def _window(canvas: Drawing, box: Box) -> None:
    """A window of two by three panes, sky in the upper glass."""
    left, top, right, bottom = box
    canvas.box(box, FRAME)
    wide, high = (right - left) / 2, (bottom - top) / 3
    for column in range(2):
        for row in range(3):
            x, y = left + column * wide, top + row * high
            pane = (x + 1.6, y + 1.6, x + wide - 1.6, y + high - 1.6)
            canvas.gradient(
                pane, (158 - 40 * row, 188 - 42 * row, 212 - 40 * row), (92 - 22 * row, 112 - 24 * row, 134 - 24 * row)
            )
            canvas.polygon(
                [(pane[0] + 1, pane[3]), (pane[0] + 1, pane[3] - 4), (pane[2] - 3, pane[1]), (pane[2], pane[1])],
                (186 - 40 * row, 206 - 42 * row, 224 - 40 * row),
            )


def _bay(canvas: Drawing, x: float, y: float, random: np.random.Generator, flowers: bool) -> None:
    """A window with its stone surround, shutters and, below, a box of flowers."""
    canvas.box((x - 24, y - 6, x + 24, y), STONE)
    canvas.polygon([(x - 28, y - 6), (x - 22, y - 13), (x + 22, y - 13), (x + 28, y - 6)], STONE)
    canvas.polygon([(x - 6, y - 2), (x - 8, y - 16), (x + 8, y - 16), (x + 6, y - 2)], (230, 222, 206))
    canvas.box((x - 18, y, x + 18, y + 62), SHADE)
    _window(canvas, (x - 16, y + 2, x + 16, y + 62))
    for left in (x - 35, x + 19):
        canvas.box((left, y, left + 16, y + 62), (40, 84, 78))
        for slat in range(13):
            canvas.box((left + 2, y + 4 + slat * 4.4, left + 14, y + 6 + slat * 4.4), (66, 122, 112))
    canvas.box((x - 24, y + 62, x + 24, y + 67), FRAME)
    canvas.box((x - 24, y + 67, x + 24, y + 69), SHADE)
    if flowers:
        for _ in range(46):
            at_x, at_y = x + random.uniform(-20, 20), y + 60 + random.normal(0, 2.4)
            choice = ((62, 122, 52), (86, 150, 66), (222, 58, 74), (246, 202, 76), (240, 236, 240))
            canvas.disc(at_x, at_y, random.uniform(1.2, 2.6), choice[int(random.integers(5))])


def _balcony(canvas: Drawing, x: float, y: float) -> None:
    canvas.box((x - 52, y, x + 52, y + 6), STONE)
    canvas.box((x - 48, y + 6, x + 48, y + 8), (96, 60, 48))
    for side in (-40, 40):
        canvas.polygon(
            [(x + side - 5, y + 6), (x + side + 5, y + 6), (x + side + 3, y + 15), (x + side - 3, y + 15)], STONE
        )
    iron = (34, 36, 42)
    canvas.box((x - 52, y - 26, x + 52, y - 23.5), iron)
    canvas.box((x - 52, y - 4, x + 52, y - 2.5), iron)
    for index in range(27):
        at = x - 52 + index * 4
        canvas.line([(at, y - 25), (at, y - 1)], 0.9, iron)
        if index % 2:
            canvas.disc(at, y - 15, 1.8, iron)


def _shop(canvas: Drawing) -> None:
    canvas.box((34, 326, 446, 446), (38, 62, 72))
    canvas.box((34, 318, 446, 326), STONE)
    canvas.box((44, 332, 436, 358), (28, 46, 54))
    canvas.box((46, 334, 434, 335), (196, 164, 92))
    canvas.box((46, 355, 434, 356), (196, 164, 92))
    canvas.text(240, 345.5, 17, "FEATURES & MAPS", (236, 206, 128))
    for left, right in ((48, 186), (294, 432)):
        canvas.gradient((left, 366, right, 430), (64, 78, 88), (150, 142, 120))
        canvas.box((left, 414, right, 417), (120, 86, 58))
        for index in range(11):  # books of many heights on a shelf
            at, tall = left + 4 + index * 12, 22 + (index * 7) % 13
            spines = ((178, 62, 52), (62, 104, 148), (214, 176, 82), (92, 132, 88), (224, 218, 202))
            canvas.box((at, 414 - tall, at + 9, 414), spines[(index * 3) % 5])
            canvas.box((at + 1.5, 414 - tall + 4, at + 7.5, 414 - tall + 5.5), (30, 30, 34))
        canvas.box(((left + right) / 2 - 1.5, 366, (left + right) / 2 + 1.5, 430), (38, 62, 72))
    for index in range(16):  # an awning over each window
        for left in (44, 290):
            x = left + index * 9.125
            color = (202, 58, 52) if index % 2 else (246, 240, 228)
            canvas.polygon([(x, 360), (x + 9.125, 360), (x + 9.125, 378), (x, 378)], color)
            canvas.disc(x + 4.56, 378, 4.56, color)
    canvas.box((200, 362, 280, 446), (26, 42, 50))
    canvas.box((206, 366, 274, 446), (132, 52, 44))
    for x in (211, 243):
        canvas.gradient((x, 372, x + 26, 412), (150, 176, 190), (70, 86, 98))
        canvas.box((x, 418, x + 26, 440), (112, 42, 36))
        canvas.box((x + 3, 421, x + 23, 437), (146, 62, 52))
    canvas.disc(237, 414, 2, (236, 206, 128))
    canvas.disc(243, 414, 2, (236, 206, 128))
    canvas.text(240, 366.5, 7, "No 8", (236, 206, 128))


def _street(canvas: Drawing, random: np.random.Generator) -> None:
    canvas.box((0, 446, UNITS, 480), (150, 146, 140))
    y, high, row = 446.0, 6.0, 0
    while y < UNITS:
        wide = high * 3.2
        x = -wide * (0.5 if row % 2 else 0.0)
        while x < UNITS:
            canvas.box((x + 0.6, y + 0.6, x + wide - 0.6, y + high - 0.6), _mixed((176, 170, 162), random, 9))
            x += wide
        y, high, row = y + high, high * 1.25, row + 1
    for x in (16.0, 464.0):  # a street lamp at either end
        iron = (30, 34, 38)
        canvas.line([(x, 250), (x, 470)], 4, iron)
        canvas.box((x - 7, 462, x + 7, 472), iron)
        canvas.polygon([(x - 9, 226), (x + 9, 226), (x + 6, 250), (x - 6, 250)], (250, 236, 178))
        canvas.line([(x - 9, 226), (x - 6, 250), (x + 6, 250), (x + 9, 226)], 1.6, iron)
        canvas.polygon([(x - 11, 226), (x, 214), (x + 11, 226)], iron)


def draw(size: int = UNITS) -> NDArray[np.uint8]:
    """Return the house, ``(size, size, 3)`` RGB."""
    random = np.random.default_rng(SEED)
    canvas = Drawing(size * OVERSAMPLING)
    _sky(canvas, random)
    canvas.gradient((0, 110, 34, 446), (172, 150, 130), (140, 120, 104))
    canvas.gradient((446, 110, UNITS, 446), (186, 180, 160), (150, 144, 128))
    _roof(canvas, random)
    _bricks(canvas, (34, 119, 446, 326), random)
    for x in (34, 428):  # corner stones
        for index in range(13):
            wide = 18 if index % 2 else 12
            left = x if x < 240 else 446 - wide
            canvas.box((left, 119 + index * 16, left + wide, 134 + index * 16), _mixed(STONE, random, 5))
    canvas.box((34, 219, 446, 225), STONE)
    canvas.box((34, 225, 446, 227), (110, 66, 52))
    for x in (98, 382):
        _bay(canvas, x, 140, random, flowers=False)
        _bay(canvas, x, 246, random, flowers=True)
    _bay(canvas, 240, 140, random, flowers=False)
    _bay(canvas, 240, 246, random, flowers=False)
    _balcony(canvas, 240, 310)
    _shop(canvas)
    _street(canvas, random)
    return np.asarray(canvas.image.reduce(OVERSAMPLING))
