"""The receptive field of every tensor of a network, worked out on its graph."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inspector.graph import kinds
from inspector.graph.fields.rules import SHAPE_ONLY, outputs_of
from inspector.graph.model import Tensor
from inspector.graph.nodes import Graph, Node, geometry, size_of
from inspector.graph.receptive_field import UNKNOWN, Interval, ReceptiveField, View
from inspector.graph.roles import first_sliding, role_of


@dataclass(frozen=True, slots=True)
class Views:
    """What the elements of every tensor see of the picture.

    Attributes:
        picture: The input that counts as the picture; ``""`` if the network has none.
        axes: Its spatial axes, rows first.
        sizes: Its sizes along them, as far as they are known.
    """

    picture: str = ""
    axes: tuple[int, ...] = ()
    sizes: tuple[int | None, ...] = ()
    _views: Mapping[str, View] = field(default_factory=dict, repr=False)

    def view(self, tensor: str) -> View | None:
        """Return what the elements of a tensor see; None if they see nothing of the picture."""
        return self._views.get(tensor)

    def pixels(self, tensor: str, place: Sequence[int]) -> tuple[tuple[int, int], ...] | None:
        """Return the pixels that one element sees: per spatial axis, the first and the one after the last.

        They are cut to the picture where its size is known, and empty where the element sees padding only.

        Returns:
            None where it is not known.
        """
        view = self._views.get(tensor)
        if view is None:
            return tuple((0, 0) for _ in self.axes)
        if not view.is_known:
            return None
        found = []
        for interval, size in zip(view.intervals, self.sizes, strict=True):
            low, high = interval.at(place)
            if size is not None:
                low, high = max(low, 0), min(high, size - 1)
            if math.isinf(low) or math.isinf(high):
                return None
            found.append((int(low), max(int(low), int(high) + 1)))
        return tuple(found)

    def receptive_field(self, tensor: str) -> ReceptiveField:
        """Return what the panels say of a tensor."""
        if not self.axes:
            return ReceptiveField()
        view = self._views.get(tensor)
        if view is None:
            return ReceptiveField(size=(0,) * len(self.axes), status="exact")
        return view.receptive_field(self.sizes)


def follow(graph: Graph) -> Views:
    """Follow every tensor of a network back to the picture."""
    picture = _picture_among(graph)
    if picture is None:
        return Views()
    axes = _spatial_axes(picture, graph)
    rank = len(picture.shape) if picture.shape is not None else 4
    found: dict[str, View] = {
        picture.name: View(tuple(Interval(0, 0, tuple(int(each == axis) for each in range(rank))) for axis in axes))
    }
    for node in graph.nodes:
        seeing = [found.get(name) for name in node.inputs]
        if any(name in found for name in node.captured):
            made: Sequence[View | None] = [UNKNOWN] * len(node.outputs)
        elif not any(seeing):
            continue
        elif any(view is not None and not view.is_known for view in seeing) and node.op_type not in SHAPE_ONLY:
            made = [UNKNOWN] * len(node.outputs)
        else:
            made = _made(node, seeing, graph)
        found.update({name: view for name, view in zip(node.outputs, made, strict=False) if name and view is not None})
        found.update(dict.fromkeys(node.opens, UNKNOWN))  # what a loop hands to its body changes from pass to pass
    sizes = tuple(size_of(picture.shape, axis) for axis in axes)
    return Views(picture.name, axes, sizes, found)


def _made(node: Node, seeing: Sequence[View | None], graph: Graph) -> Sequence[View | None]:
    try:
        return outputs_of(node, seeing, graph)
    except (IndexError, ValueError, ZeroDivisionError):  # settings that do not fit the shapes: it will not run either
        return [UNKNOWN] * len(node.outputs)


def _picture_among(graph: Graph) -> Tensor | None:
    """Return the input that is most like a picture.

    That is the first with one, three or four channels, rows and columns, else the first that takes a picture, a volume
    or a signal, in this order, else the first with rows and columns, else the first with an axis.
    """
    ranked = [
        (tensor, 4 if tensor.shape is None else len(tensor.shape))
        for tensor in graph.inputs
        if tensor.dtype != "string"
    ]
    for tensor, rank in ranked:
        if rank == 4 and tensor.shape is not None and {1, 3, 4}.intersection((tensor.shape[1], tensor.shape[3])):
            return tensor
    found = {tensor.name: role_of(tensor, _axes_slid_over(tensor.name, graph)) for tensor, _ in ranked}
    for wanted in ("picture", "volume", "signal"):
        for tensor, _ in ranked:
            if found[tensor.name] == wanted:
                return tensor
    for least in (3, 1):
        for tensor, rank in ranked:
            if rank >= least:
                return tensor
    return None


def _axes_slid_over(name: str, graph: Graph) -> int:
    steps = (
        (node.inputs, node.outputs, node if kinds.kind_of(node.op_type, node.domain).slides else None)
        for node in graph.nodes
    )
    node = first_sliding(name, steps)
    sliding = geometry(node, graph) if node is not None else None
    return len(sliding.kernel_shape) if sliding is not None else 0


def _spatial_axes(picture: Tensor, graph: Graph) -> tuple[int, ...]:
    """Return the axes of a picture along which kernels slide: rows and columns, or the only one of a signal."""
    shape = picture.shape
    if shape is None:
        return (2, 3)
    rank = len(shape)
    sliding = [node for node in graph.nodes if picture.name in node.inputs]
    slides = any(kinds.kind_of(node.op_type, node.domain).slides for node in sliding)
    turned = any(node.op_type == "Transpose" and _moves_channels(node, rank) for node in sliding)
    if rank == 3:
        return (1, 2) if shape[0] in (1, 3, 4) and not slides and _large(shape[1]) and _large(shape[2]) else (2,)
    if rank == 2:
        return (0, 1) if _large(shape[0]) and _large(shape[1]) else (1,)
    if rank >= 4:
        is_last = turned or (not slides and shape[-1] in (1, 2, 3, 4) and shape[1] not in (1, 2, 3, 4))
        return tuple(range(1, rank - 1)) if is_last else tuple(range(2, rank))
    return tuple(range(rank))


def _large(size: object) -> bool:
    return isinstance(size, int) and size > 4


def _moves_channels(node: Node, rank: int) -> bool:
    return node.integers("perm") == (0, rank - 1, *range(1, rank - 1))
