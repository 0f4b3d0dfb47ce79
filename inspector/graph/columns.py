"""A network as columns to look at: layers that make one thing together, and what feeds what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from inspector.graph.model import Layer, Model

INPUT = -1  # the place of what the model is fed
_LONGEST = 12  # layers in a column
_MEASURES = frozenset({"Shape", "Size"})
_JOINS = frozenset({"activation", "normalization"})
_WITH_OWN = frozenset({"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum"})  # where all comes from the same column
_ALONG = frozenset(
    {"Identity", "Cast", "Dropout", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"}
    | {"Erf", "Exp", "Log", "Neg", "Abs", "Sqrt", "Reciprocal", "Softplus", "Tanh", "Sigmoid"}
)
_SAYS_NOTHING = ("", "Relu", "BiasAdd", "BatchNorm", "FusedBatchNorm", "FusedBatchNormV", "Conv2D", "MatMul")
_NUMBERED = re.compile(r"(.+)_\d+")
_SAME = frozenset({"Identity", "Dropout", "Cast"})
_NEW_PICTURE = frozenset({"Resize", "Upsample", "DepthToSpace", "SpaceToDepth"})


@dataclass(frozen=True, slots=True)
class Column:
    """Layers that are drawn as one, such as a convolution with its normalization and activation.

    Attributes:
        place: Among the columns, in execution order.
        layers: The last one's output is what is shown; no other layer's output leaves the column.
        sources: The columns that feed it, by place; ``INPUT`` for what the model is fed.
        path: What its name says it is part of, outermost first: ``("layer1", "layer1.0")``.
        name: What is left of its name.
        is_bar: It only brings together or reorders what others made.
        gives: The model's outputs that are made in it.
    """

    place: int
    layers: tuple[Layer, ...]
    sources: tuple[int, ...]
    path: tuple[str, ...]
    name: str
    is_bar: bool
    gives: tuple[str, ...]

    @property
    def shown(self) -> Layer:
        """The layer whose output is shown."""
        return self.layers[-1]

    @property
    def families(self) -> tuple[str, ...]:
        """The families in it, in order, each once."""
        return tuple(dict.fromkeys(layer.family for layer in self.layers))


@dataclass(frozen=True, slots=True)
class Columns:
    """A network as columns.

    Attributes:
        columns: In execution order.
        of_layer: The column of each layer that is drawn, by the layer's name.
        left_out: Layers that are not drawn: they depend on no input's values, only on shapes.
    """

    columns: tuple[Column, ...]
    of_layer: Mapping[str, int]
    left_out: int


def columns_of(model: Model, apart: bool = False) -> Columns:
    """Put a network's layers together to columns.

    Args:
        model: The network.
        apart: Every layer is a column of its own.
    """
    unmoved = _unmoved(model)
    drawn = [layer for layer in model.layers if layer.name not in unmoved]
    wiring = _Wiring(model, drawn)
    groups = [(layer,) for layer in drawn] if apart else _groups(drawn, wiring)
    of_layer = {layer.name: place for place, group in enumerate(groups) for layer in group}
    columns = [_column(place, group, of_layer, wiring) for place, group in enumerate(groups)]
    blocks = {column.path[:depth] for column in columns for depth in range(1, len(column.path) + 1)}
    columns = [_within(column, blocks) for column in columns]
    return Columns(tuple(columns), of_layer, len(model.layers) - len(drawn))


def _unmoved(model: Model) -> frozenset[str]:
    """Return the layers that compute from shapes alone."""
    varying = {tensor.name for tensor in model.inputs}
    found = set()
    for layer in model.layers:
        moved = layer.inside or any(name in varying for name in layer.inputs)
        if layer.op_type in _MEASURES or layer.is_constant or not moved:
            found.add(layer.name)
        else:
            varying.update(tensor.name for tensor in layer.outputs)
    return frozenset(found) if len(found) < len(model.layers) else frozenset()


class _Wiring:
    """Who makes and who takes each tensor, among the layers that are drawn."""

    def __init__(self, model: Model, drawn: Sequence[Layer]) -> None:
        self.fed = {tensor.name for tensor in model.inputs}
        self.given = {tensor.name for tensor in model.outputs}
        self.makers = {tensor.name: layer for layer in drawn for tensor in layer.outputs}
        self.takers: dict[str, list[Layer]] = {}
        for layer in drawn:
            for name in layer.inputs:
                if name in self.makers:
                    self.takers.setdefault(name, []).append(layer)
        self.owners = {layer.name: layer for layer in drawn}
        self.ends: dict[str, list[Layer]] = {}  # of the graphs within a layer, by its name
        for layer in drawn:
            if layer.inside and not self.followers(layer):
                self.ends.setdefault(layer.inside[-1][0], []).append(layer)

    def followers(self, layer: Layer) -> list[Layer]:
        return [taker for tensor in layer.outputs for taker in self.takers.get(tensor.name, ())]

    def data(self, layer: Layer) -> list[str]:
        """Return what a layer takes that is computed or fed."""
        return [name for name in layer.inputs if name in self.makers or name in self.fed]

    def leaves(self, layer: Layer, names: Set[str]) -> bool:
        """Say whether somebody outside of a group, given by its names, takes what a layer of it makes."""
        gives = any(tensor.name in self.given for tensor in layer.outputs)
        return gives or any(taker.name not in names for taker in self.followers(layer))

    def before(self, layer: Layer) -> list[Layer]:
        """Return the layers that feed a layer: makers of its inputs, and the ends of the graphs within it."""
        makers = [self.makers[name] for name in layer.inputs if name in self.makers]
        if not self.data(layer) and layer.inside:  # begins a graph within a layer: what that one takes
            owner = self.owners.get(layer.inside[-1][0])
            return [self.makers[name] for name in owner.inputs if name in self.makers] if owner else []
        return [*makers, *self.ends.get(layer.name, ())]

    def is_fed(self, layer: Layer) -> bool:
        return any(name in self.fed for name in layer.inputs)


def _groups(drawn: Sequence[Layer], wiring: _Wiring) -> list[tuple[Layer, ...]]:
    taken: set[str] = set()
    groups = []
    for layer in drawn:
        if layer.name not in taken:
            group = _grown(layer, wiring)
            taken.update(each.name for each in group)
            groups.append(group)
    return groups


def _grown(head: Layer, wiring: _Wiring) -> tuple[Layer, ...]:
    """Return a layer with those behind it that belong to it, as far as only the last one's output goes elsewhere."""
    group, closed = [head], 1
    names = {head.name}
    made = {tensor.name for tensor in head.outputs}
    waiting = wiring.followers(head)
    while waiting and len(group) < _LONGEST and head.name not in wiring.ends:
        waiting.sort(key=lambda layer: -layer.index)
        layer = waiting.pop()
        if layer.name in names:
            continue
        if not _belongs(layer, head, made, wiring):
            break
        group.append(layer)
        names.add(layer.name)
        made |= {tensor.name for tensor in layer.outputs}
        waiting += wiring.followers(layer)
        if not any(wiring.leaves(each, names) for each in group[:-1]):
            closed = len(group)
    return tuple(group[:closed])


def _belongs(layer: Layer, head: Layer, made: set[str], wiring: _Wiring) -> bool:
    if layer.inside != head.inside or not set(wiring.data(layer)) <= made:
        return False
    if _is_reordering(head):
        return _is_reordering(layer) and layer.family == "shape"
    return layer.family in _JOINS or layer.op_type in _ALONG or layer.op_type in _WITH_OWN


def _is_reordering(layer: Layer) -> bool:
    return layer.family == "shape" and layer.op_type not in _NEW_PICTURE


def _column(place: int, group: tuple[Layer, ...], of_layer: Mapping[str, int], wiring: _Wiring) -> Column:
    sources = {of_layer[maker.name] for layer in group for maker in wiring.before(layer)} - {place}
    if any(wiring.is_fed(layer) for layer in group):
        sources.add(INPUT)
    if not sources:
        sources.add(INPUT)
    path, name = _named(group)
    return Column(
        place,
        group,
        tuple(sorted(sources)),
        path,
        name,
        all(_is_reordering(layer) or layer.family == "merge" or layer.op_type in _SAME for layer in group),
        tuple(tensor.name for layer in group for tensor in layer.outputs if tensor.name in wiring.given),
    )


def _within(column: Column, blocks: Set[tuple[str, ...]]) -> Column:
    """Put a column that is called like what others are part of into it: ``/layer1.0/Add`` after ``/layer1.0/conv1``."""
    block = (*column.path, column.name)
    return replace(column, path=block, name=column.layers[0].op_type) if block in blocks else column


def _named(group: tuple[Layer, ...]) -> tuple[tuple[str, ...], str]:
    """Split a column's name: ``/layer1/layer1.0/conv1/Conv`` is ``conv1`` of ``layer1.0`` of ``layer1``."""
    head = group[0]
    parts = [part for part in head.name.split("/") if part]
    while len(parts) > 1 and parts[-1].rstrip("_0123456789") in (head.op_type, *_SAYS_NOTHING):
        parts.pop()
    inner = tuple(f"{owner}, {branch.replace('_', ' ')}" for owner, branch in head.inside)
    *path, name = parts or [head.name]
    if len(group) > 1 and (base := _NUMBERED.fullmatch(head.name)) is not None:
        others = [_NUMBERED.fullmatch(layer.name) for layer in group[1:]]
        if all(other is not None and other[1] == base[1] for other in others):  # conv1_1 and conv1_2 are conv1
            name = _NUMBERED.sub(r"\1", name)
    return (*inner, *path), name
