"""Tensors within nodes (branches of If, bodies of Loop and Scan), handed out level by level to the main graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import onnx

from inspector.graph.bodies import bodies_of, defined_in, graphs_of
from inspector.graph.dtypes import by_name
from inspector.graph.model import Layer
from inspector.graph.parsing import text

ABSENT = (0,) * 7  # the shape of what stands for the tensors of a branch that did not run; no tensor has it otherwise
NOT_RUN = "part of a branch that was not run"
REFUSED = "part of a body that ONNX Runtime hands nothing out of"
UNSTEADY = "part of a body in which its shape changes from pass to pass"

_MOST_ATTEMPTS = 24  # at finding the bodies that ONNX Runtime refuses

Path = tuple[tuple[str, str], ...]  # the nodes around a tensor, by their first output, and which body; outermost first


@dataclass(frozen=True, slots=True)
class Route:
    """A tensor within nodes that is to be handed out.

    Attributes:
        tensor: Its name.
        dtype: Its type.
        path: Where it lies.
        is_stacked: It lies in a loop, and is handed out with an axis in front that counts the passes.
        is_steady: Its shape is known, so that it is the same in every pass.
    """

    tensor: str
    dtype: str
    path: Path
    is_stacked: bool
    is_steady: bool


def routes_of(layers: Iterable[Layer]) -> tuple[Route, ...]:
    """Return the tensors of a model that lie within nodes and can be handed out."""
    found = []
    keys: dict[str, str] = {}
    for layer in layers:
        keys[layer.name] = layer.output.name
        if layer.inside and not layer.hidden:
            path = tuple((keys[name], branch) for name, branch in layer.inside)
            found += [
                Route(
                    tensor.name,
                    tensor.dtype,
                    path,
                    tensor.passes > 0,
                    tensor.shape is not None and all(isinstance(size, int) for size in tensor.shape),
                )
                for tensor in layer.outputs
                if tensor.dtype
            ]
    return tuple(found)


def accepted(routes: Sequence[Route], works: Callable[[Sequence[Route]], bool]) -> tuple[Route, ...]:
    """Return the routes that ONNX Runtime accepts together, given that it refuses all of them.

    Args:
        routes: All.
        works: Tries some.
    """
    outer = list(dict.fromkeys(route.path[0][0] for route in routes))
    kept: list[Route] = []
    waiting = [outer[len(outer) // 2 :], outer[: len(outer) // 2]]
    for _ in range(_MOST_ATTEMPTS):
        group = waiting.pop() if waiting else []
        some = [route for route in routes if route.path[0][0] in group]
        if not some:
            continue
        if works([*kept, *some]):
            kept += some
        elif len(group) > 1:
            waiting += [group[len(group) // 2 :], group[: len(group) // 2]]
    return tuple(kept)


def hand_out(graph: onnx.GraphProto, routes: Iterable[Route]) -> dict[str, str]:
    """Make tensors within nodes tensors of the graph around them; ``graph`` is changed.

    Of a branch that does not run they are empty tensors of the shape ``ABSENT``. Of a loop all passes are stacked,
    along a new first axis.

    Returns:
        Under which name the graph has each of them.
    """
    taken = {name for each in graphs_of(graph) for name in defined_in(each)}
    return _hand_out(graph, [(route.path, route) for route in routes], taken)


def _hand_out(graph: onnx.GraphProto, items: list[tuple[Path, Route]], taken: set[str]) -> dict[str, str]:
    names = {route.tensor: route.tensor for path, route in items if not path}
    below: dict[str, list[tuple[Path, Route]]] = {}
    for path, route in items:
        if path:
            below.setdefault(path[0][0], []).append((path, route))
    for node in graph.node:
        held = below.get(next(filter(None, node.output), ""), [])
        if held:
            names |= _out_of(node, held, taken)
    return names


def _out_of(node: onnx.NodeProto, held: list[tuple[Path, Route]], taken: set[str]) -> dict[str, str]:
    """Give a node an output more for each tensor within it."""
    bodies = dict(bodies_of(node))
    inner = {
        branch: _hand_out(body, [(path[1:], route) for path, route in held if path[0][1] == branch], taken)
        for branch, body in bodies.items()
    }
    key = next(filter(None, node.output))
    first = 1 if node.op_type == "Loop" else 0  # a Loop's body tells first whether it goes on
    for place in range(len(node.output), max(len(body.output) for body in bodies.values()) - first):
        node.output.append(_fresh(f"{key}, output {place + 1}", taken))
    names = {}
    for path, route in held:
        for branch, body in bodies.items():
            if branch == path[0][1]:
                _give(body, inner[branch][route.tensor], route, taken)
            else:
                _give(body, _nothing(body, route, taken), route, taken)
        names[route.tensor] = _fresh(f"{route.tensor}, out of {key}", taken)
        node.output.append(names[route.tensor])
        for attribute in node.attribute:
            if text(attribute.name) in ("scan_output_axes", "scan_output_directions"):
                attribute.ints.append(0)
    return names


def _give(body: onnx.GraphProto, name: str, route: Route, taken: set[str]) -> None:
    """Make a tensor an output of a body; one that is an output already by another name."""
    if any(output.name == name for output in body.output):
        copy = _fresh(f"{name}, again", taken)
        body.node.add(op_type="Identity", input=[name], output=[copy], name=copy)
        name = copy
    output = body.output.add(name=name)
    output.type.tensor_type.elem_type = by_name(route.dtype).code


def _nothing(body: onnx.GraphProto, route: Route, taken: set[str]) -> str:
    """Add an empty tensor of a route's type to the branch that does not make it."""
    name = _fresh(f"{route.tensor}, not run", taken)
    node = body.node.add(op_type="Constant", output=[name], name=name)
    empty = onnx.TensorProto(name=name, data_type=by_name(route.dtype).code, dims=ABSENT, raw_data=b"")
    node.attribute.add(name="value", type=onnx.AttributeProto.TENSOR, t=empty)
    return name


def _fresh(wanted: str, taken: set[str]) -> str:
    while wanted in taken:
        wanted += "_"
    taken.add(wanted)
    return wanted


def of_loops(routes: Iterable[Route], steady_too: bool) -> frozenset[str]:
    """Return the tensors that are handed out of loops: those whose shape may change from pass to pass, or all."""
    return frozenset(route.tensor for route in routes if route.is_stacked and (steady_too or not route.is_steady))
