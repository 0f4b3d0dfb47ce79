"""The instrumented graph: every tensor that can be shown, as an output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import onnx

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
        *("float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz"),
    )
)


@dataclass(frozen=True, slots=True)
class Marked:
    """The instrumented graph.

    Attributes:
        proto: With every tensor that can be shown as an output.
        names: Of the outputs to fetch, by the tensor they show: the same, but for a cast.
        casts: Tensors shown as float32, by name: their own type.
        unshowable: Tensors that are no arrays of numbers, by name: what they are.
    """

    proto: onnx.ModelProto
    names: Mapping[str, str]
    casts: Mapping[str, str]
    unshowable: Mapping[str, str]


NOT_ARRAYS = frozenset(["string", "sequence", "optional", "map", "sparse_tensor"])


def with_outputs(
    proto: onnx.ModelProto, tensors: list[str], casts: Mapping[str, str], unshowable: Mapping[str, str]
) -> Marked:
    marked = onnx.ModelProto()
    marked.CopyFrom(proto)
    have = {output.name for output in marked.graph.output}
    taken = {name for node in marked.graph.node for name in (*node.input, *node.output)}
    names = {}
    for tensor in tensors:
        if tensor in unshowable:
            continue
        output = tensor
        if tensor in casts:
            output = f"{tensor} as float32"
            while output in taken:
                output += "_"
            taken.add(output)
            cast = marked.graph.node.add(op_type="Cast", input=[tensor], output=[output], name=output)
            cast.attribute.add(name="to", type=onnx.AttributeProto.INT, i=onnx.TensorProto.FLOAT)
        names[tensor] = output
        if output not in have:
            marked.graph.output.add(name=output)  # without a type: ONNX Runtime infers it
            have.add(output)
    return Marked(marked, names, dict(casts), dict(unshowable))
