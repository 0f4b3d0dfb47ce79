"""Class names: read from a file, shortened, and checked against the model."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Sequence

from inspector.errors import InspectorError

MAX_BYTES = 8 << 20
MAX_CLASSES = 1_000_000

_WORDNET = re.compile(r"n\d{8}[\s:,]+(?=\S)")  # "n01443537 goldfish, Carassius auratus"


def read_labels(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Read class names, in the order of the classes.

    A text file has one name per line; the number that WordNet lists put before each name is left out. A JSON file has
    a list of names, or an object ``{"0": name, "1": name, ...}``.

    Raises:
        InspectorError: The file cannot be read, is no such list, or is too large to be one.
    """
    name = os.fspath(path)
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):  # opening a pipe would wait for ever
            raise InspectorError(f"{name} is not a file of labels.", "Give a text file with one class name per line.")
        with open(name, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InspectorError(
            f"The labels file {name} cannot be read: {_reason(error)}.", "Check its name and its permissions."
        ) from None
    if len(content) > MAX_BYTES:
        raise InspectorError(
            f"The labels file {name} is larger than {MAX_BYTES >> 20} MiB.",
            "Give a text file with one class name per line.",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InspectorError(
            f"The labels file {name} is not UTF-8 text.", "Give a text file, saved as UTF-8."
        ) from None
    labels = _from_json(text, name) if text.lstrip()[:1] in ("[", "{") else _from_lines(text)
    if not labels:
        raise InspectorError(f"The labels file {name} is empty.", "Give a text file with one class name per line.")
    if len(labels) > MAX_CLASSES:
        raise InspectorError(f"The labels file {name} has more than {MAX_CLASSES:,} names.")
    return labels


def short(label: str) -> str:
    """Return the first of a label's names: ``goldfish`` of ``goldfish, Carassius auratus``."""
    return label.partition(",")[0].strip() or label.strip()


def fitting(labels: Sequence[str], classes: int) -> tuple[tuple[str, ...], str]:
    """Return the labels if there is one per class, else none and a sentence that says so.

    Names that are put to the wrong classes are worse than none.
    """
    if not labels or not classes or len(labels) == classes:
        return tuple(labels) if classes else (), ""
    return (), f"There are {len(labels):,} labels for {classes:,} classes, so classes are shown by number only."


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _from_lines(text: str) -> tuple[str, ...]:
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if all(_WORDNET.match(line) for line in lines):
        lines = [_WORDNET.sub("", line, count=1) for line in lines]
    return tuple(lines)


def _from_json(text: str, name: str) -> tuple[str, ...]:
    refused = InspectorError(
        f"The labels file {name} is not a list of class names.",
        'Give one name per line, a JSON list of names, or a JSON object such as {"0": "cat", "1": "dog"}.',
    )
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise refused from None
    if isinstance(content, dict):
        try:
            by_class = {int(key): value for key, value in content.items()}
        except ValueError:
            raise refused from None
        if sorted(by_class) != list(range(len(by_class))):
            raise refused
        content = [by_class[index] for index in range(len(by_class))]
    # Keras lists pair the WordNet number with the name.
    names = [each[1] if isinstance(each, list) and len(each) == 2 else each for each in content]
    if not all(isinstance(each, str) for each in names):
        raise refused
    return tuple(each.strip() for each in names)
