"""Draws the pictures that ``shapes.onnx`` learns from and is tested on. Needs numpy and Pillow only."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Point = tuple[float, float]

CLASSES = ("circle", "crescent", "cross", "heart", "ring", "square", "star", "triangle")

# A picture is its seed: no two of these ranges share one.
TRAIN_SEEDS = range(0, 40_000)
VALIDATION_SEEDS = range(500_000, 504_000)
TEST_SEEDS = range(1_000_000, 1_004_000)

RADIUS = (0.20, 0.42)  # of the circle around the shape, as a part of the picture's side
MIN_CONTRAST = 60.0  # between shape and background: distance of their colours, each channel 0..255
MAX_NOISE = 22.0  # standard deviation, in the same unit
OVERSAMPLING = 8  # the mask is drawn this much larger, for smooth outlines


def label_of(seed: int) -> int:
    """Return the index in ``CLASSES`` of what that seed draws."""
    return seed % len(CLASSES)


def draw(seed: int, size: int = 32) -> NDArray[np.uint8]:
    """Draw one shape at a random place, in random size, rotation, colours and noise.

    Args:
        seed: Decides everything, so that the same scene can be had in another size.
        size: Height and width in pixels.

    Returns:
        ``(size, size, 3)`` RGB.
    """
    random = np.random.default_rng(seed)
    radius = random.uniform(*RADIUS)
    centre = random.uniform(radius, 1 - radius, size=2)
    angle = random.uniform(0, 2 * math.pi)
    background, ink = _colors(random)
    slope = random.uniform(-30, 30, size=(2, 3))  # the light falls off across the background
    noise = random.uniform(0, MAX_NOISE)

    axis = (np.arange(size) + 0.5) / size - 0.5
    light = axis[:, None, None] * slope[0] + axis[None, :, None] * slope[1]
    mask = _mask(CLASSES[label_of(seed)], centre, radius, angle, size)[:, :, None]
    picture = (background + light) * (1 - mask) + ink * mask
    picture = picture + random.normal(0, 1, (size, size, 3)) * noise
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _colors(random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    while True:
        background, ink = random.uniform(0, 255, size=(2, 3))
        if np.linalg.norm(background - ink) >= MIN_CONTRAST:
            return background, ink


def _mask(name: str, centre: NDArray[np.float64], radius: float, angle: float, size: int) -> NDArray[np.float64]:
    """How much of each pixel the shape covers, 0..1."""
    large = size * OVERSAMPLING
    image = Image.new("L", (large, large))
    draw_on = ImageDraw.Draw(image)

    def place(points: list[Point]) -> list[Point]:
        """From the unit circle into the picture."""
        cos, sin = math.cos(angle) * radius, math.sin(angle) * radius
        return [((centre[0] + x * cos - y * sin) * large, (centre[1] + x * sin + y * cos) * large) for x, y in points]

    def disc(x: float, y: float, part: float, fill: int) -> None:
        ((x, y),) = place([(x, y)])
        reach = part * radius * large
        draw_on.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill)

    if name == "circle":
        disc(0, 0, 0.9, 255)
    elif name == "ring":
        disc(0, 0, 1.0, 255)
        disc(0, 0, 0.55, 0)
    elif name == "crescent":
        disc(0, 0, 1.0, 255)
        disc(0.5, 0, 0.8, 0)
    else:
        draw_on.polygon(place(_OUTLINES[name]), fill=255)
    return np.asarray(image.reduce(OVERSAMPLING), np.float64) / 255


def _polygon(corners: int, *radii: float) -> list[Point]:
    angles = [2 * math.pi * index / corners for index in range(corners)]
    return [
        (radii[index % len(radii)] * math.sin(angle), -radii[index % len(radii)] * math.cos(angle))
        for index, angle in enumerate(angles)
    ]


def _cross(arm: float, half_width: float) -> list[Point]:
    a, w = arm, half_width
    return [(-w, -a), (w, -a), (w, -w), (a, -w), (a, w), (w, w), (w, a), (-w, a), (-w, w), (-a, w), (-a, -w), (-w, -w)]


def _heart() -> list[Point]:
    """The curve x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, made to fit the unit circle."""
    points = []
    for step in range(90):
        t = 2 * math.pi * step / 90
        x = 16 * math.sin(t) ** 3
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((x / 18.2, -(y + 2.5) / 18.2))
    return points


_OUTLINES: dict[str, list[Point]] = {
    "cross": _cross(0.95, 0.29),
    "heart": _heart(),
    "square": _polygon(4, 1.0),
    "star": _polygon(10, 1.0, 0.42),
    "triangle": _polygon(3, 1.0),
}
