"""What the values of arguments may be: each function reads one, or says what is wrong with it."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspector.graph.preprocessing import Preprocessing

MOST_JOBS = 64


def positive(text: str) -> int:
    """Return a whole number from 1 on."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def gibibytes(text: str) -> int:
    """Return an amount of memory in GiB as bytes."""
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not 0 < amount <= 1 << 20:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of memory in GiB, such as 4 or 0.5")
    return max(1, int(amount * 2**30))


def megabytes(text: str) -> int:
    """Return a size in MB as bytes."""
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not 0.1 <= amount <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size in MB from 0.1 on, such as 20")
    return int(amount * 1_000_000)


def from_zero(text: str) -> int:
    """Return a whole number from 0 on."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def element_index(text: str) -> tuple[int, ...]:
    """Return a number for each axis."""
    return tuple(from_zero(each.strip()) for each in text.split(","))


def input_shape(text: str) -> str:
    """Return the shape of an input as it was given, if it holds lengths."""
    from inspector.graph.feeding import lengths

    try:
        lengths(text.rpartition("=")[2])
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} holds no lengths such as 1,3,320,320") from None
    return text


def preprocessing_recipe(text: str) -> Preprocessing:
    """Return a recipe that was written as JSON."""
    from inspector.graph import recipe_text

    try:
        return recipe_text.from_record(json.loads(text))
    except (ValueError, RecursionError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a recipe") from None


def folder_name(text: str) -> str:
    """Return a name that is not empty."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name is no folder")
    return text


def window_size(text: str) -> tuple[int, int]:
    """Return width and height."""
    width, _, height = text.lower().partition("x")
    if not all(side.isascii() and side.isdigit() and 0 < int(side) <= 32767 for side in (width, height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1280x800")
    return int(width), int(height)


def what_words(text: str) -> frozenset[str]:
    """Return words for what is exported."""
    from inspector.export.wish import WHAT

    return words_of(text, WHAT)


def format_words(text: str) -> frozenset[str]:
    """Return words for formats."""
    from inspector.export.wish import FORMATS

    return words_of(text, FORMATS)


def words_of(text: str, known: Collection[str]) -> frozenset[str]:
    """Return words with commas between, if all are known."""
    words = frozenset(each.strip() for each in text.split(","))
    if not words <= frozenset(known):
        unknown = ", ".join(sorted(words - frozenset(known)))
        raise argparse.ArgumentTypeError(f"{unknown!r} is none of {', '.join(known)}")
    return words


def channel_numbers(text: str) -> tuple[int, ...]:
    """Return channels from text such as ``0-15``."""
    from inspector.export.wish import channels_of

    try:
        return channels_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def color_limits(text: str) -> tuple[float, float]:
    """Return the values drawn as first and last colour."""
    try:
        low, high = (float(each) for each in text.split(","))
    except ValueError:
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise argparse.ArgumentTypeError(f"{text!r} is not a lower and an upper number such as 0,6")
    return low, high


def up_to(most: int, text: str) -> int:
    """Return a whole number from 1 to ``most``."""
    number = positive(text)
    if number > most:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {most}")
    return number


def job_count(text: str) -> int:
    """Return how many engines run side by side."""
    return up_to(MOST_JOBS, text)
