"""The instrumented graph: every tensor that can be shown, as an output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx

from inspector.engine.child.routing import Route, hand_out

# What ONNX Runtime says of a tensor's type, and the numpy type that can hold it.
NUMPY_TYPES = {
    "tensor(float)": "<f4",
    "tensor(double)": "<f8",
    "tensor(float16)": "<f2",
    "tensor(int8)": "|i1",
    "tensor(int16)": "<i2",
    "tensor(int32)": "<i4",
    "tensor(int64)": "<i8",
    "tensor(uint8)": "|u1",
    "tensor(uint16)": "<u2",
    "tensor(uint32)": "<u4",
    "tensor(uint64)": "<u8",
    "tensor(bool)": "|b1",
    "tensor(complex64)": "<c8",
    "tensor(complex128)": "<c16",
}
# Types that numpy lacks. ONNX Runtime would refuse the whole run, or hand out codes as if they were numbers.
CAST_TYPES = frozenset(
    f"tensor({name})"
    for name in (
        *("bfloat16", "int4", "uint4", "int2", "uint2", "float4e2m1"),
        *("float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "float8e8m0"),
    )
)


def castable(types: Mapping[str, str], opset: int) -> tuple[dict[str, str], dict[str, str]]:
    """Part tensors into those that a Cast of that opset turns into float32, and those for which none does.

    Args:
        types: Of the tensors, by name.
        opset: Of the model.

    Returns:
        The first with their types; the others with what to say of them.
    """
    cast = onnx.defs.get_schema("Cast", opset or onnx.defs.onnx_opset_version(), "")
    taken = {kind for each in cast.type_constraints if each.type_param_str == "T1" for kind in each.allowed_type_strs}
    can = {name: dtype for name, dtype in types.items() if f"tensor({dtype})" in taken}
    said = f"which ONNX's opset {opset} cannot turn into other numbers"
    return can, {name: f"{dtype}, {said}" for name, dtype in types.items() if name not in can}


@dataclass(frozen=True, slots=True)
class Marked:
    """The instrumented graph.

    Attributes:
        proto: With every tensor that can be shown as an output.
        names: Of the outputs to fetch, by the tensor they show: the same, but for a cast.
        casts: Tensors shown as float32, by name: their own type.
        unshowable: Tensors that are no arrays of numbers, by name: what they are.
        routes: Of the tensors among them that lie within nodes.
    """

    proto: onnx.ModelProto
    names: Mapping[str, str]
    casts: Mapping[str, str]
    unshowable: Mapping[str, str]
    routes: tuple[Route, ...] = ()

    @property
    def handed_out(self) -> frozenset[str]:
        """The tensors that lie within nodes: what a run gives of them may be empty, or several passes."""
        return frozenset(route.tensor for route in self.routes)


def with_outputs(
    proto: onnx.ModelProto,
    tensors: Sequence[str],
    casts: Mapping[str, str],
    unshowable: Mapping[str, str],
    routes: Sequence[Route] = (),
) -> Marked:
    """Return a graph with more outputs.

    Args:
        proto: ``reader.Opened.proto``; it is not changed.
        tensors: Of the main graph, to be outputs.
        casts: Those to be shown as float32, by name: their own type.
        unshowable: Those to be left out, by name: what they are.
        routes: Of tensors within nodes, to be outputs too.
    """
    marked = onnx.ModelProto()
    marked.CopyFrom(proto)
    routes = tuple(route for route in routes if route.tensor not in unshowable)
    handed_out = hand_out(marked.graph, routes)
    have = {output.name for output in marked.graph.output}
    taken = {name for node in marked.graph.node for name in (*node.input, *node.output)}
    names = {}
    for tensor in (*tensors, *handed_out):
        if tensor in unshowable:
            continue
        output = source = handed_out.get(tensor, tensor)
        if tensor in casts:
            output = f"{tensor} as float32"
            while output in taken:
                output += "_"
            taken.add(output)
            cast = marked.graph.node.add(op_type="Cast", input=[source], output=[output], name=output)
            cast.attribute.add(name="to", type=onnx.AttributeProto.INT, i=onnx.TensorProto.FLOAT)
        names[tensor] = output
        if output not in have:
            marked.graph.output.add(name=output)  # without a type: ONNX Runtime infers it
            have.add(output)
    return Marked(marked, names, dict(casts), dict(unshowable), routes)
