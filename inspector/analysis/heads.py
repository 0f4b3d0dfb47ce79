"""What a network's answer means: its classes, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inspector import format
from inspector.analysis.endings import Ending, Graph
from inspector.analysis.head_kinds import READINGS, Head, HeadKind, as_said, kind_of, made, no_head
from inspector.analysis.quantized import is_known, real
from inspector.analysis.vectors import NOTHING, Numbers, Vector, class_vector, fixed_batch, pictures_fed, softmax
from inspector.graph.model import Array, Model, Prediction

__all__ = [
    "READINGS",
    "ClassScore",
    "Head",
    "HeadKind",
    "answered",
    "entropy",
    "head",
    "margin",
    "softmax",
    "top_classes",
    "top_order",
]


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class of an answer.

    Attributes:
        label: Empty where no label is known.
        logit: None where the model does not give it.
    """

    index: int
    label: str
    probability: float
    logit: float | None


def answered(
    model: Model, prediction: Prediction, tensors: Mapping[str, Array] | None = None, kind: str = "", output: str = ""
) -> Head:
    """Read the answer of a run: ``head``, with as many pictures as were fed."""
    return head(model, prediction.outputs, tensors, kind, output, pictures_fed(prediction.fed))


def head(
    model: Model,
    outputs: Mapping[str, Array],
    tensors: Mapping[str, Array] | None = None,
    kind: str = "",
    output: str = "",
    pictures: int = 0,
) -> Head:
    """Find the output that holds one number per class, and read it.

    The last operators of the graph decide what its numbers are, and the numbers themselves confirm it, so
    that softmax is never applied twice. Where a model has several outputs, one is a head only if its graph or its
    numbers say so, or if all outputs look like one: the scores of a detector's boxes are no classes.

    Args:
        model: The graph.
        outputs: Of a run, by name.
        tensors: Of an instrumented run; the logits of a model that ends in softmax are among them.
        kind: What the user says that it is, one of ``READINGS``; ``""`` leaves it to the model. A choice that the
            numbers do not allow is not followed, and ``warning`` says why.
        output: The only one to look at; ``""`` for all.
        pictures: How many were fed, if more than one; the first one's answer is read. 0 takes the model's word.
    """
    graph, count = Graph(model), pictures or fixed_batch(model)
    looked_at = {name: values for name, values in outputs.items() if not output or name == output}
    known = {} if tensors is None else tensors
    vectors = {name: class_vector(graph, name, values, known, count) for name, values in looked_at.items()}
    found = {name: _read(model, graph, vectors[name], known, outputs) for name in looked_at}
    chosen = _best(model, graph, found)
    if not kind:
        return chosen
    place = chosen.output or next((name for name, each in vectors.items() if each.values.size), "")
    if not place:
        why = f"No output holds one number for each class, so none can be read as {kind}."
        return replace(chosen, warning=why)
    return as_said(found[place], vectors[place], kind, graph.ending(place))


def top_classes(answer: Head, labels: Sequence[str], count: int) -> tuple[ClassScore, ...]:
    """Return the most probable classes, of equals the one with the larger logit, then the first; NaN last.

    Args:
        answer: As ``head`` returns it.
        labels: One per class, or empty.
        count: How many at most.
    """
    return tuple(
        ClassScore(
            index=int(index),
            label=labels[index] if index < len(labels) else "",
            probability=float(answer.probabilities[index]),
            logit=float(answer.logits[index]) if answer.logits.size else None,
        )
        for index in top_order(answer)[: max(0, count)]
    )


def top_order(answer: Head) -> NDArray[np.int64]:
    """Return all classes in the order of ``top_classes``."""
    # A probability that rounds to 0 or 1 says less than its logit.
    logits = answer.logits if answer.logits.size else np.zeros_like(answer.probabilities)
    second = np.where(np.isnan(answer.probabilities), 0.0, -logits)
    return np.lexsort((second, -answer.probabilities)).astype(np.int64)


def entropy(probabilities: Array) -> float:
    """Return the entropy of a distribution in nats; ``0 ln 0`` is 0."""
    values = probabilities.astype(np.float64)
    some = values[values != 0]
    with np.errstate(invalid="ignore"):
        return float(-(some * np.log(some)).sum()) + 0.0  # no minus zero


def margin(answer: Head) -> float:
    """Return how far the best class is ahead of the second, in logits; NaN for fewer than two classes.

    Where the logits are not known, the logarithm of the ratio of both probabilities is the same number;
    for a sigmoid head it is the difference of both log-odds.
    """
    best = top_classes(answer, (), 2)
    if len(best) < 2:
        return math.nan
    first, second = best
    if first.logit is not None and second.logit is not None:
        return first.logit - second.logit
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = np.log([first.probability, second.probability])
        if answer.kind == "sigmoid":
            one, two = (one, two) - np.log1p([-first.probability, -second.probability])
        return float(one - two)


# ---------------------------------------------------------------- what they are


def _best(model: Model, graph: Graph, found: Mapping[str, Head]) -> Head:
    """Choose among the outputs: what is certainly a head first."""
    every = list(found.values())
    if len(every) == 1:
        return replace(every[0], output=every[0].output if every[0].kind != "none" else "")
    heads = [each for each in every if each.kind != "none"]
    others = {each.output for each in every if each.kind == "none"}
    named = [each for each in heads if each.classes > 1 and each.classes == len(model.labels)]
    certain = [each for each in heads if each.kind not in ("logits", "index")]
    # Other outputs than classes are no objection where the classes are computed from them.
    likely = [each for each in heads if each.kind == "logits" and others <= graph.ancestors(each.output)]
    indices = [each for each in heads if each.kind == "index"]
    best = next(iter([*named, *certain, *likely, *indices]), None)
    return best or no_head("", "None of the outputs is one number for each class.")


def _read(
    model: Model, graph: Graph, numbers: Numbers, tensors: Mapping[str, Array], outputs: Mapping[str, Array]
) -> Head:
    """Read one output by itself."""
    name, vector = numbers.output, numbers.values
    ending = graph.ending(name)
    if not vector.size or ending.says == "index":
        return _read_indices(graph, numbers, ending)
    why = _why_no_classes(model, numbers, ending, outputs)
    kind, words = kind_of(vector, ending)
    if why or kind == "none":
        return no_head(name, f"Not one number for each class: {why}." if why else words, is_vector=True)
    logits = _logits(graph, ending, tensors, numbers)
    read = made(kind, name, vector, logits)
    nans = int(np.isnan(vector).sum())
    warning = f"{nans} of its {vector.size} numbers {'is' if nans == 1 else 'are'} NaN." if nans else ""
    return replace(read, reason=words + numbers.note, warning=warning, found=kind, is_vector=True)


def _logits(graph: Graph, ending: Ending, tensors: Mapping[str, Array], numbers: Numbers) -> Vector:
    """Return what the normalizing operator read, if the run holds it."""
    before = tensors.get(ending.before)
    known = graph.tensor(ending.before)
    if before is not None and known is not None and known.codes is not None and is_known(before, known.codes, tensors):
        before = real(before, known.codes, tensors)
    if before is None or before.dtype.kind != "f":
        return NOTHING
    if numbers.note and before.ndim > 1:
        before = before[:1]
    flat = before.reshape(-1).astype(np.float64)
    return flat if flat.shape == numbers.values.shape else NOTHING


def _why_no_classes(model: Model, numbers: Numbers, ending: Ending, outputs: Mapping[str, Array]) -> str:
    """Return what speaks against one number for each class, as a clause; ``""`` if nothing does."""
    count, shape = numbers.values.size, outputs[numbers.output].shape
    if len(model.labels) == count:
        return ""
    rows = [name for name, each in outputs.items() if each.ndim > 1 and each.shape[-2:] == (count, 4)]
    if rows and count > 1:
        return f"there is one for each of the {count} rows of {rows[0]}, as of a detector's boxes"
    last = ending.layer
    if ending.is_picked and last is not None:
        return f"{ending.words}, so these are the largest numbers alone"
    if count == 1 or last is None:
        return ""
    if ending.says == "features":
        return f"{ending.words}, which is what hidden layers end in: features, not scores"
    if ending.says == "unit":
        return f"{ending.words}, which makes vectors of length 1: an embedding"
    if ending.says == "linear" and len(shape) > 2:
        if ending.is_convolved and last.geometry is not None:
            size = format.shape(last.geometry.kernel_shape)
            return f"{ending.words} with a kernel of {size}, and its output is still a map: features, not scores"
        if not ending.is_reshaped and numbers.axis > 1 and last.op_type not in ("Gemm", "MatMul", "Add", "Sub"):
            return f"{ending.words}, whose one channel has {count} places"
    return ""


def _read_indices(graph: Graph, numbers: Numbers, ending: Ending) -> Head:
    whole = numbers.values[numbers.values == np.rint(numbers.values)]
    indices = numbers.indices or tuple(int(each) for each in whole)
    if ending.says != "index" or not indices or ending.layer is None:
        return no_head(numbers.output, f"Not one number for each class: {numbers.why}.")
    if ending.layer.op_type == "ArgMax" and len(indices) > 1:
        return no_head(numbers.output, f"Not one number for each class: {ending.words}, at {len(indices)} places.")
    words = ending.words[:1].upper() + ending.words[1:]
    several = "the numbers of the best classes" if len(indices) > 1 else "the number of the best class"
    reason = f"{words}: {several} alone, so no probability is known.{numbers.note}"
    return Head("index", numbers.output, NOTHING, NOTHING, reason, "", "index", indices, graph.among(ending))
