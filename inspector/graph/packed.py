"""Kernels that com.microsoft's MatMulNBits keeps in few bits, block by block, as matrices."""

from __future__ import annotations

from dataclasses import replace

from inspector.graph.nodes import Graph, Node
from inspector.graph.weight import Quantization, Step, Weight

PACKED = ("MatMulNBits", "MatMulBnb4")  # of the second none can be read as a matrix yet


def matrix(packed: Weight, node: Node, graph: Graph) -> Weight | None:
    """Return the kernel of a MatMulNBits as ``(inputs, outputs)``, dequantized.

    It is stored as ``(outputs, blocks, bytes of a block)``, a code in ``bits`` bits; each block has a scale, and a zero
    point that is in the middle of the codes if none is given.

    Returns:
        None where its numbers are laid out in another way.

    Source:
        The contrib operators of ONNX Runtime, com.microsoft.MatMulNBits.
    """
    inputs, outputs = node.integer("K", 0), node.integer("N", 0)
    bits, block = node.integer("bits", 4), node.integer("block_size", 0)
    scale = graph.stored.get(node.input(2))
    if bits not in (2, 4, 8) or min(inputs, outputs, block) < 1 or inputs % block or node.input(4) or scale is None:
        return None
    blocks = inputs // block
    codes = _as(packed, f"uint{bits}", (outputs, inputs))
    scale = _as(replace(scale, role="quantization scale"), scale.dtype, (outputs, blocks))
    zero_point = _zero_point(node, graph, bits, (outputs, blocks))
    if codes is None or scale is None or zero_point is None:
        return None
    turned = Step("transpose", (1, 0))
    quantization = Quantization(scale, zero_point, axis=1)
    return replace(codes, shape=(inputs, outputs), quantization=quantization, steps=(turned,))


def _zero_point(node: Node, graph: Graph, bits: int, shape: tuple[int, int]) -> Weight | None:
    if not node.input(3):
        middle = bytes([1 << (bits - 1)])
        return Weight("", "zero point", (), "uint8", (), length_bytes=1, encoding="inline", values=middle)
    stored = graph.stored.get(node.input(3))
    if stored is None:
        return None
    dtype = f"uint{bits}" if stored.dtype == "uint8" else stored.dtype
    return _as(replace(stored, role="zero point"), dtype, shape)


def _as(weight: Weight, dtype: str, shape: tuple[int, int]) -> Weight | None:
    """Return the same bytes as numbers of another type and shape; None if there are more or fewer of them."""
    bits = {"uint2": 2, "uint4": 4, "uint8": 8, "float16": 16, "bfloat16": 16, "float32": 32}.get(dtype, 0)
    is_whole_rows = shape[1] * bits % 8 == 0
    if weight.encoding == "varints" or not is_whole_rows or shape[0] * shape[1] * bits != weight.length_bytes * 8:
        return None
    return replace(weight, dtype=dtype, shape=shape, stored_shape=shape)
