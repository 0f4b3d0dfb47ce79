"""A network as plain values: what is worked out from a file's nodes without the onnx package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inspector.graph import kinds
from inspector.graph.model import AttributeValue, Dimension, Geometry, Tensor
from inspector.graph.weight import Weight

Shape = tuple[Dimension, ...]
Constants = Callable[[str], NDArray[np.generic] | None]


@dataclass(frozen=True, slots=True)
class Node:
    """An operator in the file.

    Attributes:
        name: As in the file; may be empty, and others may have it too.
        inputs: Tensor names; ``""`` for an optional input left out.
        outputs: Likewise.
        captured: Tensors of the graph around it that the graphs in its attributes use.
        opens: What it feeds the graphs in its attributes: their inputs.
        inside: Of a node in such a graph: the first output of the node that holds it, and the attribute; outermost
            first.
    """

    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    domain: str = ""
    name: str = ""
    captured: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    inside: tuple[tuple[str, str], ...] = ()

    def integers(self, name: str) -> tuple[int, ...] | None:
        """Return that attribute if it is a list of integers, else None."""
        value = self.attributes.get(name)
        if isinstance(value, tuple) and all(isinstance(each, int) for each in value):
            return tuple(int(each) for each in value)
        return None

    def integer(self, name: str, default: int) -> int:
        """Return that attribute if it is an integer, else ``default``."""
        value = self.attributes.get(name)
        return value if isinstance(value, int) else default

    def text(self, name: str, default: str) -> str:
        """Return that attribute if it is a text, else ``default``."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else default

    def input(self, index: int) -> str:
        """Return the name of that input, ``""`` if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes of a network and what is known of its tensors.

    Attributes:
        nodes: In execution order, without the Constant nodes; those in the body of a node follow it.
        inputs: What the network must be fed.
        tensors: By name, with the inputs, the weights and all that the nodes make.
        stored: Initializers and constants, by name; their role is still empty.
        constant: The values of a small stored tensor, by name; None for any other.
        opset: Of the standard operators.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[Tensor, ...]
    tensors: Mapping[str, Tensor]
    stored: Mapping[str, Weight] = field(default_factory=dict)
    constant: Constants = lambda name: None
    opset: int = 17
    makers: Mapping[str, Node] = field(init=False, repr=False)
    users: Mapping[str, tuple[Node, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        makers = {output: node for node in self.nodes for output in node.outputs if output}
        users: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(filter(None, node.inputs)):
                users.setdefault(name, []).append(node)
        object.__setattr__(self, "makers", makers)
        object.__setattr__(self, "users", {name: tuple(nodes) for name, nodes in users.items()})

    def tensor(self, name: str) -> Tensor:
        """Return what is known of a tensor, if only its name."""
        return self.tensors.get(name, Tensor(name, "", None))

    def shape(self, name: str) -> Shape | None:
        """Return what is known of a tensor's shape; None if not even the rank is."""
        return self.tensor(name).shape

    def known_shape(self, name: str) -> tuple[int, ...] | None:
        """Return a tensor's shape if every dimension is known, else None."""
        return known_sizes(self.shape(name))

    def integers(self, name: str) -> tuple[int, ...] | None:
        """Return the values of a small constant of integers, flat; None if it is none."""
        values = self.constant(name) if name else None
        if values is None or values.dtype.kind not in "iu":
            return None
        return tuple(int(value) for value in values.reshape(-1))


def known_sizes(shape: Shape | None) -> tuple[int, ...] | None:
    """Return a shape if every dimension of it is known, else None."""
    sizes = tuple(size for size in shape or () if isinstance(size, int))
    return None if shape is None or len(sizes) < len(shape) else sizes


def size_of(shape: Shape | None, axis: int) -> int | None:
    """Return the size along an axis (which may count from the end), or None if it is not known."""
    if shape is None or not -len(shape) <= axis < len(shape):
        return None
    size = shape[axis]
    return size if isinstance(size, int) else None


def first_spatial_axis(node: Node) -> int:
    """Return where height, or the only spatial axis, lies in the input of a layer that slides."""
    is_last = node.integer("channels_last", 0) == 1 or node.op_type.startswith("Nhwc") or node.domain.endswith("nhwc")
    return 1 if is_last else 2


def geometry(node: Node, graph: Graph) -> Geometry | None:
    """Return how a convolution or pooling slides, with ``auto_pad`` resolved where the sizes are known.

    Returns:
        None where the size of the window is not known.
    """
    variant = kinds.standard(node.op_type, node.domain)
    data, *others = (0, 1) if variant is None else variant.inputs  # the others start with the kernel
    window = node.integers("kernel_shape")
    if window is None and others:
        kernels = graph.known_shape(node.input(others[0]))
        window = None if kernels is None else kernels[2:]
    if not window or min(window) < 1:
        return None
    ones = (1,) * len(window)
    strides = _per_axis(node, "strides", ones)
    dilations = _per_axis(node, "dilations", ones)
    if min(strides) < 1 or min(dilations) < 1:
        return None
    first = first_spatial_axis(node)
    shape = graph.shape(node.input(data))
    sizes = tuple(size_of(shape, first + axis) for axis in range(len(window)))
    reach = tuple(dilation * (size - 1) + 1 for size, dilation in zip(window, dilations, strict=True))
    if "ConvTranspose" in node.op_type:
        pads = _transposed_pads(node, sizes, reach, strides)
    else:
        pads = _pads(node, sizes, reach, strides)
    return Geometry(window, strides, pads, dilations, node.integer("group", 1))


def _per_axis(node: Node, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    value = node.integers(name)
    return value if value is not None and len(value) == len(default) else default


def _pads(
    node: Node, sizes: Sequence[int | None], reach: tuple[int, ...], strides: tuple[int, ...]
) -> tuple[int, ...] | None:
    auto_pad = node.text("auto_pad", "NOTSET")
    zeros = (0,) * (2 * len(reach))
    if auto_pad == "VALID":
        return zeros
    if not auto_pad.startswith("SAME"):
        return _per_axis(node, "pads", zeros)
    totals = []
    for size, window, stride in zip(sizes, reach, strides, strict=True):
        if stride == 1:
            totals.append(window - 1)
        elif size is None:
            return None
        else:
            totals.append(max(0, (-(-size // stride) - 1) * stride + window - size))
    return _shared_out(totals, more_at_begin=auto_pad == "SAME_LOWER")


def _transposed_pads(
    node: Node, sizes: Sequence[int | None], reach: tuple[int, ...], strides: tuple[int, ...]
) -> tuple[int, ...] | None:
    auto_pad = node.text("auto_pad", "NOTSET")
    wanted = node.integers("output_shape")
    zeros = (0,) * (2 * len(reach))
    if wanted is None and not auto_pad.startswith("SAME"):
        return zeros if auto_pad == "VALID" else _per_axis(node, "pads", zeros)
    extra = _per_axis(node, "output_padding", (0,) * len(reach))
    totals = []
    for axis, (size, window, stride) in enumerate(zip(sizes, reach, strides, strict=True)):
        if wanted is None:
            totals.append(max(0, window - stride + extra[axis]))
        elif size is None or len(wanted) < len(reach):
            return None
        else:
            output = wanted[len(wanted) - len(reach) + axis]
            totals.append(max(0, stride * (size - 1) + extra[axis] + window - output))
    return _shared_out(totals, more_at_begin=auto_pad != "SAME_UPPER")


def _shared_out(totals: list[int], more_at_begin: bool) -> tuple[int, ...]:
    begins = tuple((total + more_at_begin) // 2 for total in totals)
    ends = tuple(total - begin for total, begin in zip(totals, begins, strict=True))
    return (*begins, *ends)
