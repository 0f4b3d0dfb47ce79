"""What lies beside a model: ``edges.inspector.toml`` says how ``edges.onnx`` wants its pictures, and names its classes.

A sidecar may hold::

    labels = ["circle", "square"]    # or: labels_file = "names.txt", one label a line, in the model's folder

    [preprocessing]
    preset = "unit"                  # start from a preset (without it: the pixels 0..255, stretched, RGB)
    fit = "crop"                     # and change any field of Preprocessing
    crop = 1.0
    size = [48, 192]                 # height and width, for a model that takes any
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from inspector import labels as class_names
from inspector.errors import InspectorError, ModelError
from inspector.graph import beside
from inspector.graph.preprocessing import PRESETS, Anchor, Channels, Fit, Interpolation, Layout, Preprocessing, preset

SUFFIX = ".inspector.toml"
MAX_LABEL_CHARACTERS = 1000
MAX_NUMBER = 1e9  # and 1e-9 the smallest divisor: beyond, float32 pixels lose all meaning
MAX_SIDE = 16_384  # pixels
MIN_CROP = 0.01  # a smaller part would have the picture enlarged a hundredfold
MAX_KEY_PARTS = 32  # tomllib needs quadratic time, minutes, for a key of thousands of dotted parts

_LONG_KEY = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+)"""
    rf"{{{MAX_KEY_PARTS}}}"
)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a model's own files say of it.

    Attributes:
        preprocessing: None if they say nothing of pictures.
        labels: Class names, in the order of the output; empty if there are none.
    """

    preprocessing: Preprocessing | None = None
    labels: tuple[str, ...] = ()


def sidecar_path(model_path: str) -> str:
    """Return where the sidecar of that model lies, if there is one."""
    return os.path.splitext(model_path)[0] + SUFFIX


def read(model_path: str) -> Sidecar:
    """Read the sidecar of a model.

    Args:
        model_path: The ONNX file; it is not opened.

    Returns:
        What the sidecar says; an empty ``Sidecar`` if there is none.

    Raises:
        ModelError: There is one, but it cannot be used: the sentence names file, key and what is allowed.
    """
    path = sidecar_path(model_path)
    if not os.path.lexists(path):
        return Sidecar()
    table = _parse(beside.text(path, model_path), os.path.basename(path))
    return _Checker(path, model_path).sidecar(table)


# ---------------------------------------------------------------- reading


def _parse(text: str, name: str) -> Mapping[str, Any]:
    # Escapes are taken out first, so that a quoted part ends at the next quote.
    if _LONG_KEY.search(text.replace("\\\\", "").replace('\\"', "")):
        raise ModelError(
            f"{name} has a key of more than {MAX_KEY_PARTS} parts.", "The keys of a sidecar have one part."
        )
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ModelError(f"{name} is nested too deep.", "A sidecar holds one table and plain lists.") from error
    except ValueError as error:  # TOMLDecodeError, and a number of thousands of digits
        raise ModelError(f"{name} is not valid TOML: {error}.", "Correct it there, or remove the file.") from error


# ---------------------------------------------------------------- checking


class _Checker:
    """Checks the tables of one sidecar; every complaint names the file and the key."""

    def __init__(self, path: str, model_path: str) -> None:
        self._name = os.path.basename(path)
        self._folder = os.path.dirname(path)
        self._model_path = model_path

    def sidecar(self, table: Mapping[str, Any]) -> Sidecar:
        self._known_keys(table, ("preprocessing", "labels", "labels_file"), "")
        if "labels" in table and "labels_file" in table:
            raise self._error("has both labels and labels_file.", "Keep one of the two.")
        preprocessing = None
        if "preprocessing" in table:
            preprocessing = self._preprocessing(table["preprocessing"])
        labels: tuple[str, ...] = ()
        if "labels" in table:
            labels = self._labels(table["labels"])
        elif "labels_file" in table:
            labels = self._labels_file(table["labels_file"])
        return Sidecar(preprocessing, labels)

    def _preprocessing(self, table: object) -> Preprocessing:
        if not isinstance(table, dict):
            raise self._wrong("preprocessing", table, "a table: write [preprocessing] and its keys below it")
        self._known_keys(table, ("preset", *FIELDS), "preprocessing.")
        start = Preprocessing("sidecar")
        if "preset" in table:
            names = tuple(each.name for each in PRESETS)
            start = preset(str(self._checked("preset", table["preset"], _one_of(names))), "")
        changes = {key: self._checked(key, table[key], FIELDS[key]) for key in FIELDS if key in table}
        result = replace(
            start,
            name="sidecar" if changes else start.name,
            source=f"{self._name} beside the model",
            **changes,  # type: ignore[arg-type]  # each was checked by the rule of its field
        )
        self._fits_channels(result)
        return result

    def _fits_channels(self, result: Preprocessing) -> None:
        channels = 1 if result.channels == "grey" else 3
        for key, numbers in (("mean", result.mean), ("std", result.std)):
            if len(numbers) not in (1, channels):
                allowed = "one number" if channels == 1 else "one number or 3"
                raise self._error(
                    f"gives preprocessing.{key} {len(numbers)} numbers, but preprocessing.channels is "
                    f'"{result.channels}".',
                    f"Give {key} {allowed}.",
                )

    def _labels(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            raise self._wrong("labels", value, 'a list of names, as in ["cat", "dog"]')
        for index, label in enumerate(value):
            if not isinstance(label, str) or len(label) > MAX_LABEL_CHARACTERS:
                raise self._wrong(f"labels[{index}]", label, f"a text of at most {MAX_LABEL_CHARACTERS} characters")
        return tuple(value)

    def _labels_file(self, value: object) -> tuple[str, ...]:
        allowed = "the name of a text file in the model's folder, one label a line"
        if not isinstance(value, str) or not value or "\0" in value or os.path.isabs(value):
            raise self._wrong("labels_file", value, allowed)
        if os.path.splitdrive(value)[0] or ".." in value.replace("\\", "/").split("/"):
            raise self._wrong("labels_file", value, allowed)
        try:
            text = beside.text(os.path.join(self._folder, value), self._model_path)
            return self._labels(list(class_names.parse(text, value)))
        except InspectorError as error:
            raise self._error(f"names a labels_file that cannot be used: {error.message}", error.remedy) from error

    def _known_keys(self, table: Mapping[str, Any], known: tuple[str, ...], prefix: str) -> None:
        for key in table:
            if key not in known:
                raise self._error(f"has the unknown key {_shown(prefix + key)}.", f"Known are {', '.join(known)}.")

    def _checked(self, key: str, value: object, rule: _Rule) -> object:
        try:
            return rule.check(value)
        except ValueError:
            raise self._wrong(f"preprocessing.{key}", value, rule.allowed) from None

    def _wrong(self, key: str, value: object, allowed: str) -> ModelError:
        return self._error(f"gives {key} the value {_shown(value)}.", f"Allowed is {allowed}.")

    def _error(self, what: str, remedy: str) -> ModelError:
        return ModelError(f"{self._name} {what}", remedy)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = "".join(character if character.isprintable() else "?" for character in text)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return f'"{text}"' if isinstance(value, str) else text


# ---------------------------------------------------------------- rules for one value


@dataclass(frozen=True, slots=True)
class _Rule:
    """Attributes: allowed: For the user. check: Returns the value as the field wants it, or raises ValueError."""

    allowed: str
    check: Callable[[object], object]


def _one_of(names: tuple[str, ...]) -> _Rule:
    def check(value: object) -> object:
        if not isinstance(value, str) or value not in names:
            raise ValueError
        return value

    return _Rule("one of " + ", ".join(f'"{name}"' for name in names), check)


def number(value: object) -> float:
    """Return a finite number of a size that pixels can stand, or raise ValueError."""
    # TOML's true is Python's True, which is an int.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    try:
        given = float(value)
    except OverflowError:
        raise ValueError from None
    if not math.isfinite(given) or abs(given) > MAX_NUMBER:
        raise ValueError
    return given


def divisor(value: object) -> float:
    """Return such a number that is not as good as 0, or raise ValueError."""
    given = number(value)
    if abs(given) < 1 / MAX_NUMBER:
        raise ValueError
    return given


def _fraction(value: object) -> float:
    given = number(value)
    if not MIN_CROP <= given <= 1:
        raise ValueError
    return given


def _list_of(check: Callable[[object], float]) -> Callable[[object], tuple[float, ...]]:
    def check_all(value: object) -> tuple[float, ...]:
        values = value if isinstance(value, list) else [value]
        if len(values) not in (1, 3):
            raise ValueError
        return tuple(check(each) for each in values)

    return check_all


def _color(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) != 3:
        raise ValueError
    if any(isinstance(each, bool) or not isinstance(each, int) or not 0 <= each <= 255 for each in value):
        raise ValueError
    return tuple(value)


def _size(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError
    if any(isinstance(each, bool) or not isinstance(each, int) or not 1 <= each <= MAX_SIDE for each in value):
        raise ValueError
    return tuple(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


FIELDS: Mapping[str, _Rule] = {
    "fit": _one_of(get_args(Fit)),
    "crop": _Rule(f"a number from {MIN_CROP} to 1", _fraction),
    "anchor": _one_of(get_args(Anchor)),
    "fill": _Rule("red, green and blue from 0 to 255, as in [114, 114, 114]", _color),
    "interpolation": _one_of(get_args(Interpolation)),
    "channels": _one_of(get_args(Channels)),
    "scale": _Rule("a finite number other than 0", divisor),
    "mean": _Rule("a finite number, or a list of 1 or 3 of them", _list_of(number)),
    "std": _Rule("a finite number other than 0, or a list of 1 or 3 of them", _list_of(divisor)),
    "invert": _Rule("true or false", _truth),
    "size": _Rule(f"height and width from 1 to {MAX_SIDE}, as in [224, 224]", _size),
    "layout": _one_of(get_args(Layout)),
    "background": _Rule("red, green and blue from 0 to 255, as in [255, 255, 255]", _color),
}
"""What each field of a recipe may be: of a sidecar, and of whatever else is written by hand or kept in a file."""
