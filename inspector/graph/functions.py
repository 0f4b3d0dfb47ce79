"""Functions that a model brings along, written out where they are called, so that what they compute can be shown."""

from __future__ import annotations

import onnx
from google.protobuf.message import DecodeError, EncodeError  # type: ignore[import-untyped]
from onnx import checker, inliner, shape_inference

from inspector.graph.bodies import graphs_of

_REFUSALS = (
    *(RuntimeError, ValueError, TypeError, IndexError, MemoryError, EncodeError, DecodeError),
    *(checker.ValidationError, shape_inference.InferenceError),
)


def written_out(proto: onnx.ModelProto) -> tuple[onnx.ModelProto, str]:
    """Return a model in which the calls of its functions are what they compute.

    Args:
        proto: Checked by ``parsing.refuse_bombs``; it is not changed.

    Returns:
        The model, and a remark on what was done; the same model and ``""`` if it calls no functions of its own. What
        cannot be written out stays a call.
    """
    before = _calls(proto)
    if not before:
        return proto, ""
    try:
        written = inliner.inline_local_functions(proto)
    except _REFUSALS as error:
        reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        return proto, f"The model's own functions could not be written out, so each call is one layer: {reason}."
    _import_domains(written, proto)
    after = _calls(written)
    remarks = []
    if done := len(before - after):
        noun = "local function was" if done == 1 else "local functions were"
        remarks.append(f"{done:,} {noun} written out.")
    if after:
        some = ", ".join(sorted(repr(name) for _, name in after)[:3]) + (", …" if len(after) > 3 else "")
        remarks.append(f"Not written out, so that each call is one layer: {some}.")
    return written, " ".join(remarks)


def _calls(proto: onnx.ModelProto) -> set[tuple[str, str]]:
    """Return domain and name of the functions that a model calls, those that others call among them."""
    functions = {(each.domain, each.name): each for each in proto.functions}
    found: set[tuple[str, str]] = set()
    waiting = [proto.graph]
    while functions and waiting:
        nodes = [node for graph in graphs_of(waiting.pop()) for node in graph.node]
        for node in nodes:
            key = (node.domain, node.op_type)
            if key in functions and key not in found:
                found.add(key)
                waiting.append(onnx.GraphProto(node=functions[key].node))
    return found


def _import_domains(written: onnx.ModelProto, proto: onnx.ModelProto) -> None:
    """Name the operator sets that only the functions named."""
    have = {each.domain for each in written.opset_import}
    for function in proto.functions:
        for each in function.opset_import:
            if each.domain not in have:
                written.opset_import.add(domain=each.domain, version=each.version)
                have.add(each.domain)
