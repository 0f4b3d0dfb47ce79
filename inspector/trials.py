"""Trying the usual ways to feed pictures, and telling which of them a network answers best.

Running is left to the window and to the command line; both go the same way:

1. Run one picture with the recipe in force. ``recipes(prediction)`` are then those to try.
2. Run every picture with each of them (without maps), read the outputs with ``analysis.heads.answered``, and keep
   ``answered(picture, head, expected)``. A recipe and its answers are a ``Trial``. Where the head has no probabilities
   there is nothing to compare: ``no_classes`` is what to say.
3. ``ranked(trials)`` puts them in order and says, in ``note``, what that order is worth.

Where the user knows the right classes, ``class_of`` reads what was typed, and ``classes_of_folders`` looks at the
folders that the pictures lie in.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.analysis.heads import Head, entropy, top_classes
from inspector.errors import ImageError, InspectorError, UsageError
from inspector.graph.context import picture_input
from inspector.graph.model import Prediction
from inspector.graph.preprocessing import Preprocessing, presets_for
from inspector.labels import short

SAME_PROBABILITY = 1e-3
"""Recipes whose probabilities of all classes differ by no more than this on any picture are not told apart."""

HINT = (
    "The order is by the mean probability of the top class and only a hint: confidence misleads, "
    "because a larger input scale inflates it. With the right classes named, the order is by accuracy."
)

Basis = Literal["accuracy", "probability"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the network said of one picture that was fed in one way.

    Attributes:
        image: The picture.
        index: Of the most probable class.
        probability: Of that class; NaN where the network computed one.
        entropy: Of all probabilities, in nats; NaN for a head whose classes do not exclude each other.
        expected: The right class, or None where nobody named it.
        probabilities: ``(classes,)`` float32.
    """

    image: str
    index: int
    probability: float
    entropy: float
    expected: int | None = None
    probabilities: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)

    @property
    def is_right(self) -> bool | None:
        """Whether the top class is the expected one; None where that is not known."""
        return None if self.expected is None else self.index == self.expected and not math.isnan(self.probability)

    @property
    def probability_of_expected(self) -> float:
        """The probability that the right class got; NaN where that is not known."""
        return math.nan if self.expected is None else float(self.probabilities[self.expected])


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to feed pictures, and what came of it.

    Attributes:
        answers: One per picture; every trial has the same pictures in the same order.
        failure: Why it could not be tried; ``""`` if it could.
    """

    recipe: Preprocessing
    answers: tuple[Answer, ...] = ()
    failure: str = ""

    @property
    def judged(self) -> int:
        """How many pictures have a right class that is known."""
        return sum(each.expected is not None for each in self.answers)

    @property
    def right(self) -> int:
        """How many of them it was found for."""
        return sum(each.is_right is True for each in self.answers)

    @property
    def accuracy(self) -> float:
        """``right / judged``; NaN where nothing is known."""
        return self.right / self.judged if self.judged else math.nan

    @property
    def probability(self) -> float:
        """The mean over the pictures of the top class's probability."""
        return _mean([each.probability for each in self.answers])

    @property
    def probability_of_expected(self) -> float:
        """The mean over the judged pictures of the right class's probability."""
        return _mean([each.probability_of_expected for each in self.answers if each.expected is not None])

    @property
    def entropy(self) -> float:
        """The mean over the pictures, in nats."""
        return _mean([each.entropy for each in self.answers])


@dataclass(frozen=True, slots=True)
class Ranking:
    """Trials in order.

    Attributes:
        groups: The best first. Trials in one group agree on everything: on these pictures they are indistinguishable.
        failed: Those that could not be tried.
        basis: What the order is by.
        note: What the order is worth, in sentences.
    """

    groups: tuple[tuple[Trial, ...], ...]
    failed: tuple[Trial, ...]
    basis: Basis
    note: str

    @property
    def best(self) -> Trial | None:
        """The first; None if none could be tried."""
        return self.groups[0][0] if self.groups else None


# ---------------------------------------------------------------- what to try


def recipes(prediction: Prediction) -> tuple[Preprocessing, ...]:
    """Return the recipes to try: the usual ones for that input and, if it is none of them, the one in force first.

    Args:
        prediction: Of any picture; its recipe's size and background are kept in all of them.

    Raises:
        ImageError: It was fed no picture.
    """
    now, seen = prediction.preprocessing, picture_input(prediction.fed)
    if now is None:
        raise ImageError(
            f"{os.path.basename(prediction.image) or 'What was fed'} is fed as it is: "
            "there is no preprocessing to try on it.",
            "Give pictures.",
        )
    channels, is_last = (seen.channels, seen.channels_last) if seen is not None else (3, False)
    usual = [
        replace(each, source="one of the usual ones", size=now.size, background=now.background)
        for each in presets_for(channels, is_last)
    ]
    current = replace(now, channels="grey") if channels == 1 else now
    return (*([] if any(_effect(each) == _effect(current) for each in usual) else [now]), *usual)


def _effect(recipe: Preprocessing) -> Preprocessing:
    """Return a recipe without its name and without what makes no difference."""
    plain = Preprocessing("")
    same = replace(recipe, name="", source="", layout="")
    if recipe.fit != "crop":
        same = replace(same, crop=plain.crop)
    return same if recipe.fit == "letterbox" else replace(same, anchor=plain.anchor, fill=plain.fill)


# ---------------------------------------------------------------- what came of it


def answered(image: str, head: Head, expected: int | None = None) -> Answer:
    """Return what a head says of a picture.

    Args:
        image: The picture.
        head: One that has probabilities.
        expected: The right class, if it is known; below ``head.classes``.
    """
    best = top_classes(head, (), 1)[0]
    disorder = math.nan if head.kind == "sigmoid" else entropy(head.probabilities)
    return Answer(image, best.index, best.probability, disorder, expected, head.probabilities.astype(np.float32))


def no_classes(model: str) -> InspectorError:
    """Return what to say of a network whose output names no class: there is nothing to compare."""
    return InspectorError(
        f"{os.path.basename(model)} does not answer with one number per class, "
        "so there is nothing by which ways to feed it could be compared.",
        "Choose its preprocessing by what its makers say, and look at its feature maps.",
    )


def ranked(trials: Iterable[Trial]) -> Ranking:
    """Put trials in order: by accuracy where right classes are known, else by mean probability, as a hint."""
    everything = tuple(trials)
    tried = [each for each in everything if not each.failure]
    failed = tuple(each for each in everything if each.failure)
    basis: Basis = "accuracy" if any(each.judged for each in tried) else "probability"
    groups: list[list[Trial]] = []
    for trial in sorted(tried, key=_by_accuracy if basis == "accuracy" else _by_probability):
        like = next((group for group in groups if agree(group[0], trial)), None)
        if like is None:
            groups.append([trial])
        else:
            like.append(trial)
    found = tuple(tuple(group) for group in groups)
    return Ranking(found, failed, basis, _worth(found) if basis == "accuracy" else HINT)


def agree(one: Trial, other: Trial) -> bool:
    """Whether two trials have the same top classes on all pictures, and the same probabilities of all classes."""
    return len(one.answers) == len(other.answers) and all(
        mine.index == its.index
        and mine.probabilities.shape == its.probabilities.shape
        and np.allclose(mine.probabilities, its.probabilities, rtol=0, atol=SAME_PROBABILITY, equal_nan=True)
        for mine, its in zip(one.answers, other.answers, strict=True)
    )


def _by_accuracy(trial: Trial) -> tuple[float, bool, float]:
    # Letterboxes are for detectors. A few pictures cannot say that a classifier wants one.
    return -trial.accuracy, trial.recipe.fit == "letterbox", _lowest_last(trial.probability_of_expected)


def _by_probability(trial: Trial) -> float:
    return _lowest_last(trial.probability)


def _lowest_last(value: float) -> float:
    return math.inf if math.isnan(value) else -value


def _worth(groups: Sequence[Sequence[Trial]]) -> str:
    first = groups[0][0]
    pictures = "1 picture" if first.judged == 1 else f"{first.judged:,} pictures"
    note = f"The order is by accuracy on {pictures}, then by the probability that the right classes get."
    if any(group[0].recipe.fit == "letterbox" for group in groups):
        note += " Of those equally often right, letterboxes come last, for they are made for detectors."
    if first.right == 0:
        return f"{note} None found a single right class: the network may want something else, or other classes."
    level = sum(group[0].right == first.right for group in groups)
    if level > 1:
        return f"{note} The first {level} ranks are equally often right: more pictures would tell more."
    return note


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


# ---------------------------------------------------------------- the right classes


def class_of(text: str, labels: Sequence[str], classes: int) -> int:
    """Return the class that a label, one of its names, or a number stands for.

    Args:
        text: As the user typed it.
        labels: One per class, or empty.
        classes: How many there are.

    Raises:
        UsageError: There is no such class, or more than one.
    """
    found = _labelled(text, labels)
    if len(found) > 1:
        numbers = ", ".join(str(each) for each in found[:5])
        raise UsageError(f"There is more than one class {text!r}: {numbers}.", "Give the number of the one you mean.")
    if found:
        return found[0]
    number = text.strip()
    if number.isascii() and number.isdigit() and len(number) < 10 and int(number) < classes:
        return int(number)
    near = difflib.get_close_matches(_plain(text), [_plain(short(each)) for each in labels], n=3)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    which = f"a number from 0 to {classes - 1}{', or a label' if labels else ''}"
    raise UsageError(f"There is no class {text!r}.{meant}", f"Give {which}.")


def classes_of_folders(images: Sequence[str], labels: Sequence[str], classes: int) -> tuple[int, ...]:
    """Return the class that each picture's folder is named after; empty unless all of them are."""
    found = []
    for image in images:
        try:
            found.append(class_of(os.path.basename(os.path.dirname(os.path.abspath(image))), labels, classes))
        except UsageError:
            return ()
    return tuple(found)


def _labelled(text: str, labels: Sequence[str]) -> list[int]:
    wanted = _plain(text)
    if not wanted:
        return []
    whole = [index for index, label in enumerate(labels) if wanted in (_plain(label), _plain(short(label)))]
    return whole or [
        index for index, label in enumerate(labels) if wanted in (_plain(each) for each in label.split(","))
    ]


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()
