"""How long each layer takes, from ONNX Runtime's own profile of the instrumented model."""

from __future__ import annotations

import bisect
import contextlib
import json
import mmap
import os
import statistics
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import onnx
import onnxruntime as ort
from onnx import helper, inliner, shape_inference

from inspector.engine.child.sessions import Plan, Sessions
from inspector.errors import RunError
from inspector.graph.model import Array, Layer

MOST_PROFILE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Times:
    """Medians over the runs that count; the fields are those of ``protocol.Measured``."""

    seconds: Mapping[str, float]
    total_seconds: float
    plain_seconds: float
    deployed_seconds: float


def measure(
    sessions: Sessions,
    layers: Iterable[Layer],
    feeds: Mapping[str, Array],
    repeats: int,
    budget_bytes: int,
    folder: str,
) -> Times:
    """Run the model as deployed, instrumented, and instrumented under the profiler.

    Args:
        sessions: Of the model.
        layers: Of the model.
        feeds: Every input, by name.
        repeats: Runs of each that count, after one that does not.
        budget_bytes: For the tensors that a run keeps; what goes beyond is made and forgotten.
        folder: The only one this process may write to.

    Raises:
        RunError: ONNX Runtime wrote no profile that can be read.
    """
    deployed = _median(lambda: sessions.timed_deployed(feeds), repeats)
    plan = _without_bodies(sessions.plan(feeds, (), budget_bytes), sessions.instrument().handed_out)
    block = mmap.mmap(-1, max(plan.bytes, 1))
    kept = sessions.keeping(plan.outputs)
    plain = _median(lambda: sessions.timed(kept, feeds, plan, block), repeats)
    proto, parts = written_out(sessions.keeping_proto(plan.outputs), kept, layers)
    session = sessions.profiled(proto, os.path.join(folder, "profile"))
    try:
        for _ in range(repeats + 1):
            sessions.timed(session, feeds, plan, block)
    finally:
        path = session.end_profiling()
    try:
        events = _events(path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
    names = {layer.name for layer in layers}
    runs = by_run(events, names, parts)[1:]
    if not runs:
        raise RunError("ONNX Runtime wrote no times into its profile.", "Try again with fewer repeats.")
    timed = [name for name in names if all(name in run for run, _ in runs)]
    seconds = {name: statistics.median(run[name] for run, _ in runs) for name in timed}
    return Times(seconds, statistics.median(total for _, total in runs), plain, deployed)


def _without_bodies(plan: Plan, handed_out: Collection[str]) -> Plan:
    """Return a plan that keeps nothing of the bodies of loops: to hand it out would take time of its own."""
    bound = [row for row in plan.bound if row[1].name not in handed_out]
    loose = [row for row in plan.loose if row[0] not in handed_out]
    return replace(plan, bound=bound, loose=loose)


def written_out(
    proto: onnx.ModelProto, session: ort.InferenceSession, layers: Iterable[Layer]
) -> tuple[onnx.ModelProto, dict[str, str]]:
    """Write layers out that ONNX Runtime has no kernel for, as it does itself, but with names.

    Args:
        proto: Its nodes have the names of their layers.
        session: Made of the same nodes, with assignments recorded.
        layers: Of the model.

    Returns:
        The model and, for each new node's name, that of its layer. Where it cannot be done, the model as it was.
    """
    known = {node.name for part in session.get_provider_graph_assignment_info() for node in part.get_nodes()}
    unfolded = [node for node in proto.graph.node if node.name not in known and node.op_type != "Constant"]
    kinds = {(node.domain, node.op_type) for node in unfolded}
    kinds -= {(node.domain, node.op_type) for node in proto.graph.node if node.name in known}
    if not kinds:
        return proto, {}
    typed = onnx.ModelProto()
    typed.CopyFrom(proto)
    with contextlib.suppress(shape_inference.InferenceError, RuntimeError):
        typed = shape_inference.infer_shapes(typed, data_prop=True)
    for each in typed.graph.initializer:  # the inliner asks for their types here alone
        typed.graph.value_info.append(helper.make_tensor_value_info(each.name, each.data_type, list(each.dims)))
    try:
        made = inliner.inline_selected_functions(typed, sorted(kinds), inline_schema_functions=True)
    except RuntimeError:
        return proto, {}
    waiting = [node for node in unfolded if (node.domain, node.op_type) in kinds]
    return made, _name_parts(made.graph, waiting)


def _name_parts(graph: onnx.GraphProto, waiting: list[onnx.NodeProto]) -> dict[str, str]:
    """Name the nodes without a name, which stand where the ``waiting`` ones stood, in their order."""
    taken = {node.name for node in graph.node}
    parts: dict[str, str] = {}
    left: set[str] = set()
    layer, count = "", 0
    for node in graph.node:
        if node.name:
            continue
        if not left:
            layer, left, count = waiting[0].name, set(filter(None, waiting[0].output)), 0
            waiting = waiting[1:]
        while not node.name or node.name in taken:
            count += 1
            node.name = f"{layer} {count}"
        taken.add(node.name)
        parts[node.name] = layer
        left -= set(node.output)
    return parts


def by_run(
    events: Iterable[Mapping[str, Any]], names: set[str], parts: Mapping[str, str]
) -> list[tuple[dict[str, float], float]]:
    """Return for each run the seconds of its layers, by name, and of all of it.

    Args:
        events: Of ONNX Runtime's profile.
        names: Of the layers.
        parts: The layer that other nodes belong to, by their names.
    """
    events = list(events)
    wholes = sorted((each["ts"], each["dur"]) for each in events if each["name"] == "model_run")
    begins = [begin for begin, _ in wholes]
    runs: list[tuple[dict[str, float], float]] = [({}, seconds / 1e6) for _, seconds in wholes]
    for each in events:
        node = each["name"].removesuffix("_kernel_time")
        layer = parts.get(node, node)
        place = bisect.bisect_right(begins, each["ts"]) - 1
        if each["cat"] == "Node" and node != each["name"] and layer in names and place >= 0:
            seconds = runs[place][0]
            seconds[layer] = seconds.get(layer, 0.0) + each["dur"] / 1e6
    return runs


def _events(path: str) -> list[dict[str, Any]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = json.load(file)
    except (OSError, ValueError) as error:
        raise RunError(f"ONNX Runtime's profile cannot be read ({error}).", "Try again with fewer repeats.") from error
    return [each for each in found if isinstance(each, dict) and each.get("cat") in ("Node", "Session")]


def _median(run: Callable[[], float], repeats: int) -> float:
    run()
    return statistics.median(run() for _ in range(repeats))
