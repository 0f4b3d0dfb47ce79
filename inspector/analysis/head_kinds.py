"""One number for each class, and what it is: by the graph, by the numbers, or by the user's word."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from inspector import format
from inspector.analysis.endings import Ending
from inspector.analysis.vectors import (
    NOTHING,
    Numbers,
    Vector,
    between,
    extent_words,
    is_distribution,
    sigmoid,
    softmax,
)

HeadKind = Literal["logits", "softmax", "log-softmax", "sigmoid", "probabilities", "index", "none"]

READINGS: tuple[HeadKind, ...] = ("logits", "softmax", "log-softmax", "sigmoid")  # what a user may say it is

_SUM_TO_ONE = 1e-3
_SUM_OF_HALVES = 0.02  # of a softmax in 16 bit
_SUM_OF_CODES = 0.5  # 8 bit lose the small probabilities
_HERE = "Softmax was applied here."


@dataclass(frozen=True, slots=True)
class Head:
    """How a network's answer is read.

    Attributes:
        kind: ``logits``: the output was put through softmax here. ``softmax``: the model did that. ``log-softmax``: the
            model gives the logarithms of probabilities. ``sigmoid``: each class has a probability of its own.
            ``probabilities``: numbers that are a distribution, though no softmax made them as far as the graph shows.
            ``index``: the numbers of classes, and no probabilities. ``none``: the output is not one number per class.
        output: Its name; empty where no output is one.
        probabilities: ``(classes,)``; empty for ``index`` and ``none``.
        logits: ``(classes,)``; empty where the model does not give them.
        reason: What was found and why, in sentences; names from the file are in them.
        warning: A sentence about what does not fit, such as a choice of the user's that cannot be meant; else empty.
        found: The kind that model and values themselves say, whatever the user chose.
        indices: The classes of ``index``, the best one first.
        among: How many classes an index chooses from; 0 where that is not known.
        is_vector: The output has one number for each of something, so that the user may say what they are.
    """

    kind: HeadKind
    output: str
    probabilities: Vector
    logits: Vector
    reason: str = ""
    warning: str = ""
    found: HeadKind = "none"
    indices: tuple[int, ...] = ()
    among: int = 0
    is_vector: bool = False

    @property
    def classes(self) -> int:
        """How many classes there are; 0 for ``none``, and where that is not known."""
        return len(self.probabilities) or self.among


def no_head(output: str, reason: str, is_vector: bool = False) -> Head:
    """Return that an output is not one number per class, and why."""
    return Head("none", output, NOTHING, NOTHING, reason, is_vector=is_vector)


def made(kind: HeadKind, name: str, vector: Vector, logits: Vector) -> Head:
    """Return the head of that kind with these numbers."""
    if kind == "logits":
        return Head(kind, name, softmax(vector), vector)
    if kind == "log-softmax":
        with np.errstate(over="ignore"):
            return Head(kind, name, np.exp(vector), logits)
    return Head(kind, name, vector, logits)


def kind_of(vector: Vector, ending: Ending) -> tuple[HeadKind, str]:
    """Return what a vector of class scores is, by the graph and by the numbers, and the sentence that says so."""
    words = ending.words[:1].upper() + ending.words[1:]
    allowed = _SUM_OF_CODES if ending.is_rounded else _SUM_OF_HALVES
    if ending.says in ("softmax", "log-softmax"):
        values = vector if ending.says == "softmax" else np.exp(np.minimum(vector, 1.0))
        if not is_distribution(values, allowed):
            return "none", f"{words}, but {extent_words(values)}: not one probability for each class."
        if ending.says == "softmax":
            return "softmax", f"{words}."
        return "log-softmax", f"{words}: the exponentials of these numbers are the probabilities."
    if ending.says == "sigmoid":
        if not between(vector, 0, 1 + 1e-3):
            return "none", f"{words}, but {extent_words(vector)}: not one probability for each class."
        if vector.size == 1:
            return "sigmoid", f"{words}: one probability, of one class."
        return "sigmoid", f"{words}: each class has a probability of its own."
    if vector.size == 1:
        return "none", f"One number alone, and {ending.words}: nothing says that it is a probability."
    is_certain = not np.isnan(vector).any()
    if ending.says == "linear" or not is_certain:
        return "logits", f"{words}, with no softmax after it: these are logits. {_HERE}"
    if is_distribution(vector, _SUM_OF_CODES / 25 if ending.is_rounded else _SUM_TO_ONE):
        return "probabilities", f"The values lie between 0 and 1 and sum to 1: probabilities. {words}."
    if vector.max() <= 0 and is_distribution(np.exp(vector), _SUM_TO_ONE):
        return "log-softmax", f"No value is above 0 and the exponentials sum to 1: log-probabilities. {words}."
    return "logits", f"{words}; {extent_words(vector)}, so they are read as logits. {_HERE}"


def as_said(found: Head, numbers: Numbers, kind: str, ending: Ending) -> Head:
    """Read an output as the user says, if its numbers allow that.

    Args:
        found: What it is by itself; what is returned, with a warning, where the user's word cannot be meant.
        numbers: Of the output.
        kind: What the user says.
        ending: How the output was made.
    """
    vector, name = numbers.values, numbers.output
    said = next((each for each in READINGS if each == kind), None)
    if said is None:
        return replace(found, warning=f"There is no way to read an answer that is called {kind!r}.")
    if not vector.size:
        return replace(found, warning=f"{name} cannot be read as {kind}: {numbers.why}.")
    if np.isnan(vector).all():
        return replace(found, warning=f"{name} cannot be read as {kind}: it holds nothing but NaN.")
    refused, applied = _refused(vector, kind, ending)
    if refused:
        return replace(found, warning=f"{name} cannot be read as {kind}: {refused}.")
    if said == "sigmoid" and applied:
        read = Head("sigmoid", name, sigmoid(vector), vector)
    else:
        read = made(said, name, vector, found.logits if found.kind == said else NOTHING)
    itself = f"Found: {found.found}." if found.found != "none" else ""
    reason = " ".join(each for each in (f"Read as {kind}, as you chose.", applied, itself) if each)
    warning = found.warning or _odd(read)
    return replace(read, reason=reason + numbers.note, warning=warning, found=found.found, is_vector=True)


def _refused(vector: Vector, kind: str, ending: Ending) -> tuple[str, str]:
    """Return why numbers cannot be what the user says, and else what is done to them."""
    if kind == "logits":
        return ("the softmax of a single number is always 1", "") if vector.size == 1 else ("", _HERE)
    if kind == "sigmoid":
        if ending.says in ("linear", "features") or (ending.says == "other" and not between(vector, 0, 1)):
            return "", "Sigmoid was applied here."
        return (extent_words(vector) if not between(vector, 0, 1 + 1e-3) else ""), ""
    values = vector if kind == "softmax" else np.exp(np.minimum(vector, 1.0))
    if is_distribution(values, _SUM_OF_CODES):
        return "", "The exponentials of its numbers are shown." if kind == "log-softmax" else ""
    return extent_words(values, "the values" if kind == "softmax" else "the exponentials"), ""


def _odd(read: Head) -> str:
    """Return what does not fit probabilities that the user named, as a sentence; ``""`` if all does."""
    total = float(read.probabilities.sum())
    if read.kind == "sigmoid" or math.isnan(total) or abs(total - 1) <= _SUM_OF_HALVES:
        return ""
    return f"These probabilities sum to {format.significant(total)}, not to 1."
