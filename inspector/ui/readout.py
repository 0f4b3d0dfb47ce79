"""What is said of one element of a layer: under the cursor, of the selection, on the clipboard."""

from __future__ import annotations

from inspector import format
from inspector.analysis.reading import Reading, Scales
from inspector.graph.receptive_field import ReceptiveField

Readout = tuple[tuple[str, str], ...]  # (label, value): ("channel", "61"); without a label, a name

_UNITS = {1: "samples", 2: "px", 3: "voxels"}


def place_of(reading: Reading, channel: int, element: tuple[int, int] | None) -> Readout:
    """Return where an element is, by the axes that its tensor has; without an element, which channel and slice."""
    parts = [("channel", str(channel))]
    if reading.form == "volume":
        parts.append(("depth", str(reading.slice)))
    if element is not None and reading.form == "signal":
        parts.append(("time", str(element[1])))
    elif element is not None and reading.form != "vector":
        parts += [("row", str(element[0])), ("column", str(element[1]))]
    return tuple(parts)


def value_of(reading: Reading, channel: int, element: tuple[int, int]) -> Readout:
    """Return an element's value, after its integer code where it has one; nothing where there is no such element."""
    if not reading.has(channel, *element):
        return ()
    code, number = reading.code(channel, *element), reading.number(channel, *element)
    parts = [] if code is None else [("code", whole(code) if code.is_integer() else format.significant(code))]
    if number is not None:
        is_whole = code is None and reading.values.dtype.kind in "iu"
        label = "difference" if reading.is_difference else "="
        parts.append((label, whole(number) if is_whole else format.significant(number)))
    return tuple(parts)


def whole(value: float) -> str:
    """Return a number without a fraction; below 10,000 without a mark between its digits, as codes are read."""
    return format.count(round(value)) if abs(value) >= 10_000 else str(round(value)).replace("-", format.MINUS)


def scale_of(scales: Scales, channel: int) -> str:
    """Say what a quantized tensor's codes stand for: ``scale 0.02353, zero point 128``."""
    found = scales.of(channel)
    if found is None:
        low, high = format.significant(min(scales.scale)), format.significant(max(scales.scale))
        return f"{len(scales.scale)} scales along axis {scales.along}, {low} to {high}"
    scale, zero_point = found
    return f"scale {format.significant(scale)}, zero point {format.count(zero_point)}"


def sees(field: ReceptiveField) -> Readout:
    """Return what an element sees, for a readout, and how certain that is."""
    if field.status == "unknown":
        return (("sees", "unknown"),)
    if field.status == "whole input":
        return (("sees", "the whole input"),)
    if field.size is None:
        return ()
    if 0 in field.size:  # of a network that is fed something else than one picture, that says little
        return (("sees", "nothing of the picture"),) if len(field.size) == 2 else ()
    size, unit = format.shape(field.size), _UNITS.get(len(field.size), "elements")
    return (("sees", f"{'at most ' if field.status == 'bound' else ''}{size} {unit}"),)
