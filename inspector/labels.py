"""Class names: read from a file, shortened, and checked against the model."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping, Sequence

from inspector.errors import InspectorError

MAX_BYTES = 8 << 20
MAX_CLASSES = 1_000_000

_WORDNET = re.compile(r"n\d{8}[\s:,]+(?=\S)")  # "n01443537 goldfish, Carassius auratus"
_NUMBERED = re.compile(r"(\d+)(?:[:,\t]\s*| +)(?=\S)")  # "0 cat", "1: dog"
_ONE_A_LINE = "Give a text file with one class name per line."


def read_labels(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Read class names, in the order of the classes, from a file as ``parse`` takes it.

    Raises:
        InspectorError: The file cannot be read, is no such list, or is too large to be one.
    """
    name = os.fspath(path)
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):  # opening a pipe would wait for ever
            raise InspectorError(f"{name} is not a file of labels.", _ONE_A_LINE)
        with open(name, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InspectorError(
            f"The labels file {name} cannot be read: {_reason(error)}.", "Check its name and its permissions."
        ) from None
    if len(content) > MAX_BYTES:
        raise InspectorError(f"The labels file {name} is larger than {MAX_BYTES >> 20} MiB.", _ONE_A_LINE)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InspectorError(
            f"The labels file {name} is not UTF-8 text.", "Give a text file, saved as UTF-8."
        ) from None
    return parse(text, name)


def parse(text: str, name: str) -> tuple[str, ...]:
    """Return the class names that a text holds.

    Text has one name per line; a number of WordNet before each name, or the class's own, is left out. JSON has a list
    of names, or an object as ``by_class`` takes it.

    Args:
        text: The whole file.
        name: Of the file, for messages.

    Raises:
        InspectorError: It is no such list.
    """
    labels = _from_json(text, name) if text.lstrip()[:1] in ("[", "{") else _from_lines(text)
    if not labels:
        raise InspectorError(f"The labels file {name} is empty.", _ONE_A_LINE)
    if len(labels) > MAX_CLASSES:
        raise InspectorError(f"The labels file {name} has more than {MAX_CLASSES:,} names.")
    return labels


def by_class(names: Mapping[object, object]) -> tuple[str, ...]:
    """Return the names of ``{0: name, 1: name, ...}`` in order; the keys may be numbers or their digits.

    Raises:
        ValueError: A class is missing or no number, or a name no text.
    """
    numbered: dict[int, object] = {}
    for key, name in names.items():
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise ValueError(f"{key!r} is no number of a class")
        numbered[int(key)] = name
    if sorted(numbered) != list(range(len(names))):
        raise ValueError("the classes are not numbered from 0 on")
    return in_order([numbered[index] for index in range(len(numbered))])


def in_order(names: Sequence[object]) -> tuple[str, ...]:
    """Return a list of names; of a WordNet number and a name, which Keras has in pairs, the name.

    Raises:
        ValueError: Something in it is no text.
    """
    plain = [each[1] if isinstance(each, list | tuple) and len(each) == 2 else each for each in names]
    if not all(isinstance(each, str) for each in plain):
        raise ValueError("a name is no text")
    return tuple(str(each).strip() for each in plain)


def short(label: str) -> str:
    """Return the first of a label's names: ``goldfish`` of ``goldfish, Carassius auratus``."""
    return label.partition(",")[0].strip() or label.strip()


def fitting(labels: Sequence[str], classes: int) -> tuple[tuple[str, ...], str]:
    """Return the labels if there is one per class, else none and a sentence that says so.

    Of two labels for one class, the second is taken, and the sentence says that.
    Names that are put to the wrong classes are worse than none.
    """
    if not labels or not classes or len(labels) == classes:
        return tuple(labels) if classes else (), ""
    if (len(labels), classes) == (2, 1):  # what a single sigmoid is trained to: 0 for the first, 1 for the second
        return (labels[1],), f"One probability for two labels: it is taken for that of the second, {short(labels[1])}."
    several = "1 class" if classes == 1 else f"{classes:,} classes"
    count = "is 1 label" if len(labels) == 1 else f"are {len(labels):,} labels"
    return (), f"There {count} for {several}, so classes are shown by number only."


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _from_lines(text: str) -> tuple[str, ...]:
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if all(_WORDNET.match(line) for line in lines if line):
        lines = [_WORDNET.sub("", line, count=1) for line in lines]
    numbers = [_NUMBERED.match(line) for line in lines]
    if all(found and len(found[1]) < 8 and int(found[1]) == index for index, found in enumerate(numbers)):
        lines = [line[found.end() :] for line, found in zip(lines, numbers, strict=True) if found]
    return tuple(lines)


def _from_json(text: str, name: str) -> tuple[str, ...]:
    try:
        content = json.loads(text)
        return by_class(content) if isinstance(content, dict) else in_order(content)
    except (ValueError, RecursionError):
        raise InspectorError(
            f"The labels file {name} is not a list of class names.",
            'Give one name per line, a JSON list of names, or a JSON object such as {"0": "cat", "1": "dog"}.',
        ) from None
