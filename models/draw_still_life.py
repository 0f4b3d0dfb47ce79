"""Draws a still life by following rays of light, as something with edges, shading and texture to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]  # (rays, 3): x to the right, y up, z away from the eye
Numbers = NDArray[np.float64]  # (rays,)
Texture = Callable[[Vectors], Vectors]  # places on a surface to colours 0..1

EYE = np.array([0.0, 2.6, -7.2])
LOOK_AT = np.array([0.0, 0.85, 0.3])
LIGHT = np.array([-4.5, 6.5, -4.0])
AMBIENT = 0.28
NEAR = 1e-4
OVERSAMPLING = 3


@dataclass(frozen=True)
class Sphere:
    """A ball."""

    centre: tuple[float, float, float]
    radius: float
    texture: Texture
    mirror: float = 0.0  # part of the light that is reflected as by a mirror

    def hit(self, origins: Vectors, directions: Vectors) -> tuple[Numbers, Vectors]:
        """Return the distance along each ray (infinite where it misses) and the normals there."""
        offset = origins - np.array(self.centre)
        half = (offset * directions).sum(1)
        discriminant = half**2 - (offset**2).sum(1) + self.radius**2
        root = np.sqrt(np.maximum(discriminant, 0))
        distance = np.where(-half - root > NEAR, -half - root, -half + root)
        distance = np.where((discriminant > 0) & (distance > NEAR), distance, np.inf)
        return distance, _normals(origins, directions, distance, lambda p: (p - np.array(self.centre)) / self.radius)


@dataclass(frozen=True)
class Box:
    """A box that stands turned about the vertical."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    angle: float
    texture: Texture
    mirror: float = 0.0

    def hit(self, origins: Vectors, directions: Vectors) -> tuple[Numbers, Vectors]:
        """As ``Sphere.hit``."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
        start, along = (origins - np.array(self.centre)) @ turn.T, directions @ turn.T
        along = np.where(np.abs(along) < 1e-12, 1e-12, along)
        one, other = (-np.array(self.half) - start) / along, (np.array(self.half) - start) / along
        enter, leave = np.minimum(one, other).max(1), np.maximum(one, other).min(1)
        distance = np.where(enter > NEAR, enter, leave)
        distance = np.where((enter < leave) & (distance > NEAR), distance, np.inf)

        def normal(points: Vectors) -> Vectors:
            inside = ((points - np.array(self.centre)) @ turn.T) / np.array(self.half)
            side = np.abs(inside).argmax(1)
            flat = np.zeros_like(inside)
            rows = np.arange(len(inside))
            flat[rows, side] = np.sign(inside[rows, side])
            return flat @ turn

        return distance, _normals(origins, directions, distance, normal)


@dataclass(frozen=True)
class Cone:
    """A cone, or a cylinder where both radii are the same, standing upright; ``top`` closes it."""

    foot: tuple[float, float, float]
    height: float
    lower: float
    upper: float
    texture: Texture
    mirror: float = 0.0

    def hit(self, origins: Vectors, directions: Vectors) -> tuple[Numbers, Vectors]:
        """As ``Sphere.hit``."""
        slope = (self.upper - self.lower) / self.height
        start = origins - np.array(self.foot)
        wide, grow = self.lower + slope * start[:, 1], slope * directions[:, 1]
        a = directions[:, 0] ** 2 + directions[:, 2] ** 2 - grow**2
        b = start[:, 0] * directions[:, 0] + start[:, 2] * directions[:, 2] - wide * grow
        c = start[:, 0] ** 2 + start[:, 2] ** 2 - wide**2
        a = np.where(np.abs(a) < 1e-12, 1e-12, a)
        discriminant = b**2 - a * c
        root = np.sqrt(np.maximum(discriminant, 0))
        best = np.full(len(origins), np.inf)
        for distance in ((-b - root) / a, (-b + root) / a):
            y = start[:, 1] + distance * directions[:, 1]
            good = (discriminant > 0) & (distance > NEAR) & (y >= 0) & (y <= self.height) & (distance < best)
            best = np.where(good, distance, best)
        up = np.where(np.abs(directions[:, 1]) < 1e-12, 1e-12, directions[:, 1])
        lid = (self.height - start[:, 1]) / up
        reach = np.hypot(start[:, 0] + lid * directions[:, 0], start[:, 2] + lid * directions[:, 2])
        on_lid = (lid > NEAR) & (reach <= self.upper) & (lid < best)
        best = np.where(on_lid, lid, best)

        def normal(points: Vectors) -> Vectors:
            place = points - np.array(self.foot)
            out = np.stack([place[:, 0], -slope * np.hypot(place[:, 0], place[:, 2]), place[:, 2]], 1)
            out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
            is_lid = (place[:, 1] > self.height - 1e-6) & (np.hypot(place[:, 0], place[:, 2]) <= self.upper)
            return np.where(is_lid[:, None], [0.0, 1.0, 0.0], out)

        return best, _normals(origins, directions, best, normal)


@dataclass(frozen=True)
class Plane:
    """All points whose dot product with ``normal`` is ``offset``."""

    normal: tuple[float, float, float]
    offset: float
    texture: Texture
    mirror: float = 0.0

    def hit(self, origins: Vectors, directions: Vectors) -> tuple[Numbers, Vectors]:
        """As ``Sphere.hit``."""
        normal = np.array(self.normal)
        along = directions @ normal
        distance = (self.offset - origins @ normal) / np.where(np.abs(along) < 1e-12, 1e-12, along)
        distance = np.where((np.abs(along) > 1e-12) & (distance > NEAR), distance, np.inf)
        return distance, np.broadcast_to(normal, origins.shape)


Body = Sphere | Box | Cone | Plane


def _normals(origins: Vectors, directions: Vectors, distance: Numbers, at: Callable[[Vectors], Vectors]) -> Vectors:
    hit = np.isfinite(distance)
    normals = np.zeros_like(origins)
    normals[hit] = at(origins[hit] + directions[hit] * distance[hit, None])
    return normals


# ---------------------------------------------------------------- surfaces


def plain(red: float, green: float, blue: float) -> Texture:
    """One colour."""
    return lambda points: np.broadcast_to(np.array([red, green, blue]), points.shape)


def _wave(x: Numbers, y: Numbers) -> Numbers:
    """Something irregular but smooth, -1..1."""
    return (np.sin(x + 1.7 * np.sin(0.8 * y)) + np.sin(1.3 * y + 1.1 * np.sin(0.7 * x))) / 2


def wood(points: Vectors) -> Vectors:
    """Planks of a table, seen from above."""
    plank = np.floor(points[:, 2] / 0.9)
    shift = 13.7 * np.sin(plank * 12.9)
    grain = np.sin(26 * points[:, 2] + 3.0 * _wave(0.9 * points[:, 0] + shift, 4 * points[:, 2]))
    tone = 0.62 + 0.05 * np.sin(plank * 4.1) + 0.05 * grain
    gap = np.abs(points[:, 2] / 0.9 - np.rint(points[:, 2] / 0.9)) < 0.012
    end = np.abs(points[:, 0] - 5.5 * np.sin(plank * 7.7)) < 0.012
    tone = np.where(gap | end, 0.22, tone)
    return tone[:, None] * np.array([1.0, 0.72, 0.46])


def wallpaper(points: Vectors) -> Vectors:
    """A wall with a pattern of leaves."""
    x, y = points[:, 0] / 1.1, points[:, 1] / 1.1
    row = np.floor(y)
    u = np.abs((x + 0.5 * (row % 2)) % 1 - 0.5)
    v = (y - row) * 2 - 1
    leaf = u < 0.21 * np.maximum(1 - v**2, 0) ** 1.5
    rib = u < 0.012
    tone = np.where(leaf & ~rib, 0.52, 0.66)
    return tone[:, None] * np.array([0.78, 0.92, 0.95])


def stripes(points: Vectors) -> Vectors:
    """A beach ball: wedges about a tilted axis."""
    place = points - np.array(BALL)
    axis = np.array([0.35, 0.86, -0.37])
    side = np.cross(axis, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    angle = np.arctan2(place @ np.cross(axis, side), place @ side)
    wedge = np.floor((angle + np.pi) / (np.pi / 4)).astype(int) % 4
    colors = np.array([[0.88, 0.16, 0.16], [0.96, 0.95, 0.9], [0.13, 0.36, 0.75], [0.98, 0.78, 0.14]])[wedge]
    cap = (place @ (axis / np.linalg.norm(axis))) / BALL_RADIUS > 0.95
    return np.where(cap[:, None], [0.96, 0.95, 0.9], colors)


def glaze(points: Vectors) -> Vectors:
    """A vase: bands and a row of diamonds."""
    place = points - np.array(VASE)
    y = place[:, 1]
    around = np.arctan2(place[:, 2], place[:, 0]) / (2 * np.pi) * 14
    u = np.abs(around % 1 - 0.5)
    v = np.abs(y - 1.15) / 0.32
    tone = np.where((u / 0.42 + v < 1) | (np.abs(v - 1.15) < 0.1) | (np.abs(y - 0.35) < 0.05), 0.95, 0.3)
    cool, warm = np.array([0.25, 0.55, 0.62]), np.array([0.95, 0.9, 0.78])
    return np.where((tone > 0.9)[:, None], warm, cool)


def wrapping(points: Vectors) -> Vectors:
    """A parcel in dotted paper with a ribbon, on the box at ``PARCEL``."""
    cos, sin = np.cos(PARCEL_ANGLE), np.sin(PARCEL_ANGLE)
    place = points - np.array(PARCEL)
    x, y, z = cos * place[:, 0] + sin * place[:, 2], place[:, 1], -sin * place[:, 0] + cos * place[:, 2]
    ribbon = ((np.abs(x) < 0.1) & (np.abs(z) > 0.5)) | ((np.abs(z) < 0.1) & (np.abs(x) > 0.6))
    across = np.where(np.abs(z) > 0.59, x, z)
    dot = np.hypot((across / 0.25) % 1 - 0.5, (y / 0.25) % 1 - 0.5) < 0.2
    colors = np.where(dot[:, None], [0.95, 0.8, 0.72], [0.75, 0.28, 0.2])
    return np.where(ribbon[:, None], [0.95, 0.93, 0.85], colors)


def room(directions: Vectors) -> Vectors:
    """What a ray sees that meets nothing: the room behind the eye, with its window."""
    x, y, z = directions.T
    depth = np.where(z < -0.05, -z, 0.05)
    u, v = x / depth + 0.75, y / depth - 0.75
    pane = (np.abs(u) < 0.5) & (np.abs(v) < 0.55) & (np.abs(u) > 0.04) & (np.abs(v) > 0.04) & (z < -0.05)
    dim = (0.34 + 0.12 * y)[:, None] * np.array([0.95, 0.9, 0.85])
    return np.where(pane[:, None], [1.15, 1.2, 1.25], dim)


BALL, BALL_RADIUS = (1.5, 0.95, -0.2), 0.95
VASE = (-1.75, 0.0, 0.9)
PARCEL, PARCEL_ANGLE = (0.25, 0.75, 1.45), 0.5
SCENE: tuple[Body, ...] = (
    Plane((0.0, 1.0, 0.0), 0.0, wood, mirror=0.08),
    Plane((0.0, 0.0, -1.0), -3.4, wallpaper),
    Cone(VASE, 1.75, 0.5, 0.82, glaze, mirror=0.06),
    Cone((-1.75, 1.75, 0.9), 0.35, 0.82, 0.45, glaze, mirror=0.06),
    Sphere(BALL, BALL_RADIUS, stripes, mirror=0.06),
    Sphere((-0.25, 0.62, -1.35), 0.62, plain(0.72, 0.74, 0.78), mirror=0.72),
    Sphere((-1.75, 0.36, -1.5), 0.36, plain(0.35, 0.65, 0.2), mirror=0.04),
    Box(PARCEL, (0.75, 0.75, 0.6), PARCEL_ANGLE, wrapping),
    Cone((0.25, 1.5, 1.45), 1.05, 0.5, 0.0, plain(0.95, 0.75, 0.25)),
    Box((1.3, 0.12, -2.35), (0.62, 0.12, 0.42), -0.35, plain(0.2, 0.28, 0.5)),
    Box((1.28, 0.33, -2.33), (0.5, 0.09, 0.36), -0.15, plain(0.85, 0.82, 0.72)),
)


# ---------------------------------------------------------------- light


def _nearest(origins: Vectors, directions: Vectors) -> tuple[Numbers, Vectors, NDArray[np.intp]]:
    hits = [body.hit(origins, directions) for body in SCENE]
    distances = np.stack([distance for distance, _ in hits])
    which = distances.argmin(0)
    normals = np.stack([normal for _, normal in hits])[which, np.arange(len(origins))]
    return distances.min(0), normals, which


def _shade(origins: Vectors, directions: Vectors, bounces: int) -> Vectors:
    """Return the colour that arrives along each ray, 0..1 and above."""
    colors = room(directions)
    distance, normals, which = _nearest(origins, directions)
    met = np.isfinite(distance)
    if met.any():
        points = origins[met] + directions[met] * distance[met, None]
        colors[met] = _reflected(points, directions[met], normals[met], which[met], bounces)
    return colors


def _reflected(
    points: Vectors, directions: Vectors, normals: Vectors, which: NDArray[np.intp], bounces: int
) -> Vectors:
    """Return the colour that leaves the bodies ``which`` at those points against those rays."""
    colors = np.zeros_like(points)
    mirrors = np.zeros(len(points))
    for index, body in enumerate(SCENE):
        here = which == index
        colors[here] = body.texture(points[here])
        mirrors[here] = body.mirror
    to_light = LIGHT - points
    reach = np.linalg.norm(to_light, axis=1)
    to_light /= reach[:, None]
    start = points + normals * 1e-3
    lit = _nearest(start, to_light)[0] > reach
    facing = np.maximum((normals * to_light).sum(1), 0) * lit
    mirrored = directions - 2 * (directions * normals).sum(1)[:, None] * normals
    shine = np.maximum((mirrored * to_light).sum(1), 0) ** 60 * lit * np.where(mirrors > 0.03, 0.8, 0.1)
    result = colors * (AMBIENT + 0.8 * facing)[:, None] * (1 - mirrors)[:, None] + shine[:, None]
    bright = mirrors > 0
    if bounces and bright.any():
        reflection = _shade(start[bright], mirrored[bright], bounces - 1)
        result[bright] += reflection * mirrors[bright, None]
    return result


def draw(size: int = 480) -> NDArray[np.uint8]:
    """Return the still life, ``(size, size, 3)`` RGB."""
    large = size * OVERSAMPLING
    ahead = LOOK_AT - EYE
    ahead /= np.linalg.norm(ahead)
    right = np.cross([0.0, 1.0, 0.0], ahead)
    right /= np.linalg.norm(right)
    up = np.cross(ahead, right)
    axis = ((np.arange(large) + 0.5) / large * 2 - 1) * 0.42
    rows = []
    for part in np.array_split(-axis, 24):
        y, x = np.meshgrid(part, axis, indexing="ij")
        directions = ahead + x.reshape(-1, 1) * right + y.reshape(-1, 1) * up
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        rows.append(_shade(np.broadcast_to(EYE, directions.shape), directions, 2))
    light = np.concatenate(rows).reshape(size, OVERSAMPLING, size, OVERSAMPLING, 3).mean((1, 3))
    return np.rint(255 * np.clip(light, 0, 1) ** (1 / 1.6)).astype(np.uint8)
