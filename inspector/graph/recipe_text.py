"""A recipe's fields as a person writes them, and as a record that can be kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from inspector.graph.preprocessing import Preprocessing
from inspector.graph.sidecar import FIELDS

_LONGEST = 200  # characters of a name or a source
_MINUS = "\N{MINUS SIGN}"
_TIMES = "\N{MULTIPLICATION SIGN}"
_HEX_COLOR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_SAID = {
    "crop": "The kept part of the short side is a number from 0.01 to 1, as in 0.875 or 224/256.",
    "size": "The size is height × width in pixels, as in 224 × 224; leave it empty to let the model decide.",
    "fill": "The colour is red, green, blue from 0 to 255, as in 114, 114, 114 or #727272.",
    "background": "The colour is red, green, blue from 0 to 255, as in 255, 255, 255 or #ffffff.",
    "scale": "The scale is a number other than 0, as in 1, 0.5 or 1/255.",
    "mean": "The mean is one number, or three separated by commas, as in 0.485, 0.456, 0.406.",
    "std": "The deviation is one number other than 0, or three separated by commas, as in 0.229, 0.224, 0.225.",
}
"""The fields that are written as text, and what they take, for whoever wrote something else."""


def written(field: str, value: object) -> str:
    """Return a field's value as text that ``read`` takes: ``1/255``, ``0.485, 0.456, 0.406``, ``224 × 224``."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return (f" {_TIMES} " if field == "size" else ", ").join(_number_as_text(each) for each in value)
    return _number_as_text(value)


def read(field: str, text: str) -> Any:
    """Return the value of a field that is written as text.

    Raises:
        ValueError: It is none; the message is a sentence that says what is allowed.
    """
    try:
        value = _plain_value(field, text.strip())
        return None if value is None else FIELDS[field].check(value)
    except (ValueError, ArithmeticError):
        raise ValueError(_SAID[field]) from None


def _plain_value(field: str, text: str) -> object:
    """Return text as the numbers it holds, as a sidecar would give them."""
    if field == "size" and not text:
        return None
    if found := _HEX_COLOR.fullmatch(text) if field in ("fill", "background") else None:
        return [int(each, 16) for each in found.groups()]
    parts = [each for each in re.split(rf"[\s,;x{_TIMES}]+", text.strip("[]()")) if each]
    if field in ("size", "fill", "background"):
        return [int(each) for each in parts]
    numbers = [number(each) for each in parts]
    return numbers if field in ("mean", "std") else _only(numbers)


def _only(numbers: list[float]) -> float:
    if len(numbers) != 1:
        raise ValueError
    return numbers[0]


def number(text: str) -> float:
    """Return a number or fraction that is written: ``−0.5``, ``1/255``.

    Raises:
        ValueError, ArithmeticError: It is none.
    """
    above, divided, below = text.replace(_MINUS, "-").partition("/")
    return float(above) / float(below) if divided else float(above)


def _number_as_text(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    sign, size = (_MINUS, -value) if value < 0 else ("", value)
    text = str(int(size)) if size.is_integer() and size < 1e15 else repr(size)
    for denominator in (round(1 / size), round(2 / size) / 2) if 1e-5 < size < 1 else ():
        fraction = f"1/{denominator:g}"
        if 1 / denominator == size and len(fraction) < len(text):  # 1/255, but 0.5
            return sign + fraction
    return (sign + text).replace("-", _MINUS)


# ---------------------------------------------------------------- records


def record(recipe: Preprocessing) -> dict[str, Any]:
    """Return a recipe as plain values that JSON holds exactly."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(recipe).items()}


def from_record(kept: object) -> Preprocessing:
    """Return the recipe of a record; a field that is not there has its default.

    Raises:
        ValueError: A field is unknown, or has a value that it cannot have.
    """
    if not isinstance(kept, Mapping) or not kept.keys() <= {"name", "source", *FIELDS}:
        raise ValueError("not a recipe")
    texts = {key: _text(kept.get(key, "")) for key in ("name", "source")}
    given = {key: kept[key] for key in FIELDS if key in kept and (key, kept[key]) != ("size", None)}
    return Preprocessing(**texts, **{key: FIELDS[key].check(value) for key, value in given.items()})  # type: ignore[arg-type]


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError("not a text")
    return value
