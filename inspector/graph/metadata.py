"""What the metadata in a model's own file say of its pictures and classes: Ultralytics' keys, and WinML's."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import replace

from inspector import format
from inspector.graph.preprocessing import Preprocessing, preset
from inspector.graph.sidecar import MAX_SIDE
from inspector.labels import by_class, in_order

MAX_CHARACTERS = 1 << 20  # of a value that is parsed
_NAMES = ("names", "id2label", "labels", "classes", "class_names")
_RANGES: Mapping[str, str] = {
    "nominalrange_0_255": "byte",
    "normalized_0_1": "unit",
    "normalized_1_1": "signed",
}


def labels(metadata: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """Return the class names in a file's metadata, and where they are; both empty if there are none."""
    for key in _NAMES:
        value = _literal(metadata.get(key, ""))
        try:
            found = by_class(value) if isinstance(value, dict) else in_order(value) if isinstance(value, list) else ()
        except ValueError:
            continue
        if found:
            return found, f"the metadata {key} in the file"
    return (), ""


def preprocessing(metadata: Mapping[str, str]) -> Preprocessing | None:
    """Return what a file's metadata say of its pictures; None if they say nothing."""
    return _winml(metadata) or _ultralytics(metadata)


def _ultralytics(metadata: Mapping[str, str]) -> Preprocessing | None:
    """Return how Ultralytics feeds its models, and YOLOv5 before it: a square, letterboxed or, to classify, cut out."""
    signs = {"task", "imgsz", "stride"} & set(metadata)
    is_theirs = "ultralytics" in f"{metadata.get('author', '')} {metadata.get('description', '')}".casefold()
    if "names" not in metadata or not (len(signs) > 1 or is_theirs or "stride" in signs):
        return None
    task, size = metadata.get("task", ""), _size(metadata.get("imgsz", ""))
    plain = task.isascii() and task.isalpha() and len(task) < 20
    said = [f"task {task}" if plain else "", f"imgsz {format.shape(size)}" if size else ""]
    source = f"the metadata in the file ({', '.join(filter(None, (*said, 'Ultralytics')))})"
    if task == "classify":
        return Preprocessing("ultralytics", source=source, fit="crop", crop=1.0, scale=1 / 255, size=size)
    return replace(preset("yolo", source), size=size)


def _size(text: str) -> tuple[int, int] | None:
    value = _literal(text)
    given = value if isinstance(value, list | tuple) else [value, value]
    sides = [each for each in given if isinstance(each, int) and 1 <= each <= MAX_SIDE]
    return (sides[0], sides[1]) if len(sides) == len(given) == 2 else None


def _winml(metadata: Mapping[str, str]) -> Preprocessing | None:
    """Return what WinML's image metadata say; it cuts the middle out of a picture of another shape."""
    by_key = {key.casefold(): value.casefold().strip() for key, value in metadata.items()}
    pixels, numbers = by_key.get("image.bitmappixelformat", ""), by_key.get("image.nominalpixelrange", "")
    if not pixels and numbers not in _RANGES:
        return None
    recipe = preset(_RANGES.get(numbers, "byte"), "")
    said = f"{_word(metadata, 'image.bitmappixelformat')} {_word(metadata, 'image.nominalpixelrange')}"
    channels = "grey" if pixels.startswith("gray") else "BGR" if pixels.startswith("bgr") else "RGB"
    return replace(
        recipe,
        name="winml",
        source=f"the metadata in the file (WinML: {said.strip()})",
        channels=channels,  # type: ignore[arg-type]  # one of three
        fit="crop",
        crop=1.0,
    )


def _word(metadata: Mapping[str, str], key: str) -> str:
    """Return a value of letters, digits and underscores, its key in any case; ``""`` for anything else."""
    value = next((value for name, value in metadata.items() if name.casefold() == key), "")
    return value if re.fullmatch(r"\w{1,40}", value) else ""


def _literal(text: str) -> object:
    """Return the plain value that a text holds, as Python or JSON writes it; None if it holds none."""
    text = text.strip()
    if not text or len(text) > MAX_CHARACTERS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value
