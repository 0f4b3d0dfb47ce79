"""What a run will need, worked out before it: which tensors are alive at once, in the order ONNX Runtime runs them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import onnx

from inspector.engine.machine import gib
from inspector.errors import LimitError
from inspector.graph.dtypes import by_code, by_name, size_bytes
from inspector.graph.model import Tensor
from inspector.graph.nodes import known_sizes

# Their output is their input under another shape: the same memory.
VIEWS = frozenset(["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"])
# They can write over an input that nobody needs afterwards, or melt into the operator before them.
IN_PLACE = frozenset(
    [
        *("Abs", "Add", "BatchNormalization", "Ceil", "Celu", "Clip", "Div", "Elu", "Erf", "Exp", "Floor", "Gelu"),
        *("HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Max", "Min", "Mish", "Mul", "Neg", "Pow", "PRelu"),
        *("Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Softmax", "LogSoftmax", "Softplus", "Softsign"),
        *("Sqrt", "Sub", "Sum", "Swish", "Tanh", "ThresholdedRelu"),
    ]
)

SMALLER = "Use a smaller picture or input shape, or close other programs."
_SIGNS = (
    "bad_alloc",
    "Failed to allocate memory",
    "is smaller than requested bytes",
    "CUDA failure 2",
    "out of memory",
)
_SIGNS_OF_GPU = ("CUDA", "Cuda", "cuda", "GPU")


@dataclass(frozen=True, slots=True)
class Need:
    """The least memory that a run takes.

    Attributes:
        bytes: Of all tensors that must be there at once, at the fullest moment.
        layer: The node that runs at that moment, by name; its output's where it has none.
        unknown: How many tensors were not counted, as their shapes are not known before the run.
    """

    bytes: int
    layer: str
    unknown: int


def sizes(tensors: Mapping[str, Tensor]) -> dict[str, int]:
    """Return the bytes of the tensors whose type and shape are known, by name."""
    found = {}
    for name, tensor in tensors.items():
        shape, dtype = known_sizes(tensor.shape), by_name(tensor.dtype)
        if shape is not None and dtype.bits:
            found[name] = size_bytes(dtype, shape)
    return found


def as_deployed(graph: onnx.GraphProto, known: Mapping[str, int]) -> dict[str, int]:
    """Return the sizes with what full optimisation removes left out.

    Between a DequantizeLinear and a QuantizeLinear everything runs in integers: no float tensor is ever made.
    """
    found = dict(known)
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    for node in graph.node:
        for name in node.output:
            using = users.get(name, [])
            is_quantized_next = bool(using) and all(each.op_type == "QuantizeLinear" for each in using)
            if node.op_type == "DequantizeLinear" or is_quantized_next:
                found[name] = 0
    return found


def running_order(nodes: Sequence[onnx.NodeProto]) -> list[int]:
    """Return the places of the nodes in the order in which ONNX Runtime runs them.

    It walks backwards from the nodes whose outputs no other node uses, the last of them first, and from each node
    to those it needs, the last of them first (``Graph::ReverseDFSFrom`` and ``GraphViewer`` of ONNX Runtime).
    """
    makers = {name: place for place, node in enumerate(nodes) for name in node.output if name}
    needed = [sorted({makers[name] for name in _read(node) if name in makers}) for node in nodes]
    used = {place for each in needed for place in each}
    order: list[int] = []
    seen: set[int] = set()
    stack = [(place, False) for place in range(len(nodes)) if place not in used]
    while stack:
        place, is_done = stack.pop()
        if is_done:
            order.append(place)
        elif place not in seen:
            seen.add(place)
            stack.append((place, True))
            stack += [(each, False) for each in needed[place] if each not in seen]
    return order


def least_need(
    graph: onnx.GraphProto, known: Mapping[str, int], kept: Collection[str], elsewhere: Collection[str] = ()
) -> Need:
    """Return what a run of a graph takes at least, beside its weights.

    Args:
        graph: The main graph; what runs in the bodies of its nodes is not counted.
        known: Bytes of its tensors, inputs included, by name.
        kept: Tensors that stay until the end, such as the outputs.
        elsewhere: Tensors that are written to memory which is counted elsewhere.
    """
    nodes = [node for node in graph.node if node.op_type != "Constant"]
    nodes = [nodes[place] for place in running_order(nodes)]
    stored = {each.name for each in graph.initializer}
    fed = {value.name for value in graph.input} - stored
    size = {name: 0 if name in elsewhere else count for name, count in known.items() if name not in stored}
    homes, last_use = _lives(nodes, kept, elsewhere)
    alive = sum(size.get(name, 0) for name in fed)
    worst, unknown = Need(alive, "", 0), 0
    ends: dict[int, list[str]] = {}
    for moment, node in enumerate(nodes):
        made = [name for name in node.output if name and name not in homes]
        unknown += sum(name not in known for name in made)
        inputs = [homes.get(name, name) for name in node.input]
        dying = [name for name in inputs if last_use.get(name) == moment and name not in fed]
        alive += sum(size.get(name, 0) for name in made)
        if over := _written_over(node, made, dying, size):
            alive -= size[over]
            size[over] = 0  # its memory is the output's from now on
        if alive > worst.bytes:
            worst = Need(alive, node.name or made[0], 0)
        for name in made:
            ends.setdefault(max(moment, last_use.get(name, moment)), []).append(name)
        alive -= sum(size.get(name, 0) for name in ends.pop(moment, []))
    return Need(worst.bytes, worst.layer, unknown)


def _lives(
    nodes: Sequence[onnx.NodeProto], kept: Collection[str], elsewhere: Collection[str]
) -> tuple[dict[str, str], dict[str, int]]:
    """Return the tensor whose memory each view shares, by the view's name, and when each tensor is last needed."""
    own = {*kept, *elsewhere}  # have memory of their own
    homes: dict[str, str] = {}
    last_use: dict[str, int] = {}
    for moment, node in enumerate(nodes):
        for name in _read(node):
            last_use[homes.get(name, name)] = moment
        if node.op_type in VIEWS and not node.domain and node.output[0] not in own:
            homes[node.output[0]] = homes.get(node.input[0], node.input[0])
    last_use |= {homes.get(name, name): len(nodes) for name in kept}
    return homes, last_use


def check(what: str, need: Need, free_bytes: int) -> None:
    """Refuse a run that cannot fit.

    Args:
        what: Is run: the name of the model's file, and how.
        need: What it takes at least.
        free_bytes: What there is for it.

    Raises:
        LimitError: It needs more than that.
    """
    if need.bytes > free_bytes:
        at = f" at the layer {need.layer!r}" if need.layer else ""
        raise LimitError(
            f"{what} needs at least {gib(need.bytes)}{at}; {gib(free_bytes)} are free for it.",
            SMALLER,
        )


def check_weights(name: str, graph: onnx.GraphProto, free_bytes: int) -> None:
    """Refuse a network whose weights alone do not fit.

    Args:
        name: Of the model's file.
        graph: The main graph; weights in the bodies of its nodes are not counted.
        free_bytes: What there is for them.

    Raises:
        LimitError: They are larger.
    """
    total = sum(size_bytes(by_code(each.data_type), each.dims) for each in graph.initializer)
    if total > free_bytes:
        raise LimitError(
            f"The weights of {name} take {gib(total)}; {gib(free_bytes)} are free for them.",
            "Close other programs, or run it on a machine with more memory. Its layers and kernels can be looked at.",
        )


def ran_out(said: str) -> bool:
    """Return whether ONNX Runtime, or what it uses, says that there is no memory left."""
    return any(sign in said for sign in _SIGNS)


def out_of_memory(name: str, said: str, layers: Collection[str] = ()) -> LimitError:
    """Return what ONNX Runtime said of a lack of memory as a sentence with its numbers.

    Args:
        name: Of the model's file.
        said: In its words, on one line.
        layers: Names; ONNX Runtime may name a node of its own making, which nobody knows.
    """
    layer = re.search(r"running \S+ node\. Name:'([^']*)'", said)
    size = re.search(r"(?:buffer of size|requested bytes of|tried to allocate) (\d+)", said)
    at = f" at the layer {layer[1]!r}" if layer and layer[1] in layers else ""
    of = f", for one tensor of {gib(int(size[1]))}" if size else ""
    if any(sign in said for sign in _SIGNS_OF_GPU):
        return LimitError(
            f"The graphics card has too little memory for {name}: it ran out{at}{of}.",
            "Run it on the CPU (Run > Runs on, or --provider cpu), or use a smaller picture or input shape.",
        )
    return LimitError(f"{name} needs more memory than the engine may use: it ran out{at}{of}.", SMALLER)


def _read(node: onnx.NodeProto) -> list[str]:
    """Return the tensors that a node needs, those that the graphs in its attributes take from outside among them."""
    names = [name for name in node.input if name]
    for attribute in node.attribute:
        for body in [attribute.g] if attribute.HasField("g") else attribute.graphs:
            for inner in body.node:
                names += _read(inner)
            names += [value.name for value in body.output]
    return names


def _written_over(node: onnx.NodeProto, made: list[str], dying: list[str], size: Mapping[str, int]) -> str:
    """Return the input whose memory the output takes; ``""`` if there is none."""
    if node.op_type not in IN_PLACE or len(made) != 1:
        return ""
    wanted = size.get(made[0], 0)
    return next((name for name in dying if size.get(name, 0) >= wanted > 0), "")
