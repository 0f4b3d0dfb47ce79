"""Changes to a network: which may be made, and the network as it is with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from inspector import format
from inspector.errors import InspectorError
from inspector.graph.changes import MOST_CHANGES, Edits, SlideEdit, WeightEdit
from inspector.graph.dtypes import by_name
from inspector.graph.model import Layer, Model
from inspector.graph.packed import PACKED
from inspector.graph.weight import Weight

LARGEST_STRIDE = 64
LARGEST_PAD = 512
_ROLES = ("kernel", "bias", "recurrence", "scale", "offset", "mean", "variance", "slope", "constant", "embedding")
_SLIDING = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "QLinearConv", "ConvInteger")


# ---------------------------------------------------------------- which may be made


def why_fixed(layer: Layer, weight: Weight) -> str:
    """Return why a layer's weight cannot be changed, as a sentence; ``""`` if it can."""
    dtype = by_name(weight.dtype)
    if layer.op_type in PACKED or dtype.bits < 8:
        return f"{weight.name} cannot be changed: its numbers are packed, several to a byte."
    if not dtype.numpy or np.dtype(dtype.numpy).kind not in "fiu":
        return f"{weight.name} cannot be changed: numbers of the type {weight.dtype} cannot be fed here."
    if weight.role not in _ROLES:
        return f"{weight.name} cannot be changed: it is not what {layer.name} learned."
    return ""


def why_not_sliding(layer: Layer) -> str:
    """Return why a layer's stride and padding cannot be changed, as a sentence; ``""`` if they can."""
    if layer.geometry is None:
        return f"{layer.name} ({layer.op_type}) has no stride and no padding."
    if layer.op_type not in _SLIDING:
        return f"The stride and padding of a {layer.op_type} cannot be changed here."
    if layer.inside:
        return f"{layer.name} lies within another layer, whose shape would change with its stride or padding."
    return ""


def number_as_stored(weight: Weight, number: float) -> float:
    """Return a number as its weight's type holds it.

    Raises:
        InspectorError: The type does not hold it.
    """
    kind = np.dtype(by_name(weight.dtype).numpy)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        if not (limits.min <= number <= limits.max and number == int(number)):
            raise InspectorError(
                f"{number:g} is no code of {weight.name}: {weight.dtype} holds whole numbers from "
                f"{format.count(limits.min)} to {format.count(limits.max)}."
            )
        return int(number)
    if not abs(number) <= float(np.finfo(kind).max):
        raise InspectorError(f"{number:g} cannot be stored in {weight.name}, whose type is {weight.dtype}.")
    return float(np.float64(kind.type(number)))


def stored_place(weight: Weight, index: Sequence[int]) -> int:
    """Return where an element lies in the stored tensor, flattened; ``index`` is that in ``weight.shape``."""
    shapes = [weight.stored_shape]
    for step in weight.steps:
        before = shapes[-1]
        shapes.append(tuple(before[axis] for axis in step.numbers) if step.op == "transpose" else step.numbers)
    at = tuple(int(each) for each in index)
    for step, before, after in zip(reversed(weight.steps), shapes[-2::-1], shapes[:0:-1], strict=True):
        if step.op == "transpose":
            moved = dict(zip(step.numbers, at, strict=True))
            at = tuple(moved[axis] for axis in range(len(before)))
        else:
            at = _unravelled(_flat(at, after), before)
    return _flat(at, weight.stored_shape)


def _flat(index: Sequence[int], shape: Sequence[int]) -> int:
    return int(np.ravel_multi_index(tuple(index), tuple(shape))) if shape else 0


def _unravelled(place: int, shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(each) for each in np.unravel_index(place, tuple(shape))) if shape else ()


# ---------------------------------------------------------------- making them


def with_numbers(edits: Edits, weight: Weight, changes: Mapping[int, float]) -> Edits:
    """Return the edits with other numbers in a weight; what is the file's again is no change any more.

    Args:
        edits: So far.
        weight: As the file has it, or with its edits.
        changes: The new numbers, by ``stored_place``.

    Raises:
        InspectorError: A number does not fit, or there are too many.
        ModelError: The file has changed since the model was opened, or cannot be read.
    """
    plain = replace(weight, edit=None).as_stored().reshape(-1)
    before = edits.weight(weight.name)
    numbers = dict(zip(before.places, before.numbers, strict=True)) if before is not None else {}
    numbers |= {place: number_as_stored(weight, number) for place, number in changes.items()}
    kept = sorted((place, number) for place, number in numbers.items() if number != plain[place])
    others = tuple(each for each in edits.weights if each.weight != weight.name)
    if kept:
        places, values = zip(*kept, strict=True)
        others = (*others, WeightEdit(weight.name, places, values))
    made = replace(edits, weights=tuple(sorted(others, key=lambda each: each.weight)))
    if made.count > MOST_CHANGES:
        raise InspectorError(
            f"That would change {made.count:,} numbers; up to {MOST_CHANGES:,} can be changed at a time.",
            "Undo some changes, or change the model where it was made.",
        )
    return made


def with_slide(edits: Edits, plain: Layer, strides: Sequence[int], pads: Sequence[int]) -> Edits:
    """Return the edits with another stride and padding of a layer.

    Args:
        edits: So far.
        plain: The layer as the file has it.
        strides: One number for each spatial axis.
        pads: In ONNX order; empty leaves the file's.

    Raises:
        InspectorError: They cannot be changed, or not to that.
    """
    why = why_not_sliding(plain)
    if why or plain.geometry is None:
        raise InspectorError(why)
    axes = len(plain.geometry.strides)
    if len(strides) != axes or not all(1 <= each <= LARGEST_STRIDE for each in strides):
        raise InspectorError(f"A stride of {plain.name} is a whole number from 1 to {LARGEST_STRIDE}.")
    if pads and (len(pads) != 2 * axes or not all(0 <= each <= LARGEST_PAD for each in pads)):
        raise InspectorError(f"A padding of {plain.name} is a whole number from 0 to {LARGEST_PAD}.")
    is_other = tuple(strides) != plain.geometry.strides
    made = SlideEdit(
        plain.output.name,
        tuple(strides) if is_other else (),
        tuple(pads) if tuple(pads) != plain.geometry.pads or (is_other and _pads_itself(plain)) else (),
    )
    others = tuple(each for each in edits.slides if each.output != made.output)
    return replace(edits, slides=(*others, made) if made.strides or made.pads else others)


def _pads_itself(layer: Layer) -> bool:
    """Whether a layer's padding follows from its stride: then another stride leaves the padding that is shown."""
    return layer.attributes.get("auto_pad", "NOTSET") not in ("", "NOTSET")


def without_layer(edits: Edits, layer: Layer) -> Edits:
    """Return the edits without those of a layer."""
    own = names_of(layer)
    return Edits(
        tuple(each for each in edits.weights if each.weight not in own),
        tuple(each for each in edits.slides if each.output != layer.output.name),
    )


# ---------------------------------------------------------------- the network with them


def edited(model: Model, edits: Edits) -> Model:
    """Return a model whose weights are read with what was changed of them; other layers stay the same objects."""
    table = {each.weight: each for each in edits.weights}
    layers = tuple(_edited_layer(layer, table) for layer in model.layers)
    return (
        model
        if all(new is old for new, old in zip(layers, model.layers, strict=True))
        else replace(model, layers=layers)
    )


def _edited_layer(layer: Layer, table: Mapping[str, WeightEdit]) -> Layer:
    weights = tuple(_edited_weight(weight, table) for weight in layer.weights)
    stored = {name: _edited_weight(weight, table) for name, weight in layer.stored.items()}
    is_same = all(new is old for new, old in zip(weights, layer.weights, strict=True))
    is_same = is_same and all(stored[name] is old for name, old in layer.stored.items())
    return layer if is_same else replace(layer, weights=weights, stored=stored)


def _edited_weight(weight: Weight, table: Mapping[str, WeightEdit]) -> Weight:
    edit = table.get(weight.name)
    return weight if weight.edit == edit else replace(weight, edit=edit)


def names_of(layer: Layer) -> frozenset[str]:
    """Return the names of the stored tensors that a layer works with."""
    return frozenset(weight.name for weight in (*layer.weights, *layer.stored.values()))


def weights_named(model: Model, names: Iterable[str]) -> dict[str, Weight]:
    """Return the weights of those names, as the file has them; a name that no layer knows is left out."""
    wanted = set(names)
    found = {}
    for layer in model.layers:
        for weight in (*layer.weights, *layer.stored.values()):
            if weight.name in wanted and weight.name not in found:
                found[weight.name] = replace(weight, edit=None)
    return found


def users_of(model: Model, weight: Weight) -> tuple[str, ...]:
    """Return the names of the layers that work with a weight."""
    return tuple(layer.name for layer in model.layers if any(each.name == weight.name for each in layer.weights))


def edited_layers(model: Model, edits: Edits) -> frozenset[str]:
    """Return the names of the layers of which something was changed."""
    weights = {each.weight for each in edits.weights}
    outputs = {each.output for each in edits.slides}
    return frozenset(
        layer.name
        for layer in model.layers
        if layer.output.name in outputs or any(each.name in weights for each in layer.weights)
    )


def said_of(model: Model, edits: Edits) -> str:
    """Return what was changed of a network as a sentence without its full stop; ``""`` where nothing was."""
    if not edits:
        return ""
    names = [layer.name for layer in model.layers if layer.name in edited_layers(model, edits)]
    where = names[0] if len(names) == 1 else f"{len(names)} layers"
    parts = []
    if edits.count:
        parts.append(f"{edits.count:,} weight{'' if edits.count == 1 else 's'}")
    if edits.slides:
        parts.append("stride or padding")
    said = " and ".join(parts)
    return f"{said[:1].upper()}{said[1:]} of {where} edited: not the file's network"


def real_number(weight: Weight, index: Sequence[int], code: float) -> float:
    """Return what a code of a quantized weight stands for, at an index of ``weight.shape``."""
    place = stored_place(weight, index)
    with_code = replace(weight, edit=WeightEdit(weight.name, (place,), (code,)))
    first = index[0] if index else 0
    return float(with_code.read(first, 1)[(0, *index[1:])] if index else with_code.read())
