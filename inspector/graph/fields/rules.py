"""Which rule of receptive fields each operator follows: a new operator is a row in ``RULES``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from inspector.graph import kinds
from inspector.graph.fields import axes, reshaping, sliding
from inspector.graph.fields.common import Rule, Seeing, broadcast, elementwise, nothing, on_first, rank_of, whole
from inspector.graph.nodes import Graph, Node
from inspector.graph.receptive_field import UNKNOWN, View, united

_OF_ONNX_RUNTIME = ("MatMulNBits",)  # which is a variant of no operator of ONNX
SHAPE_ONLY = ("Shape", "Size", "EyeLike", "RandomNormalLike", "RandomUniformLike")


def _rules(rows: Iterable[tuple[str, Rule]]) -> dict[str, Rule]:
    return {op_type: rule for op_types, rule in rows for op_type in op_types.split()}


RULES: dict[str, Rule] = _rules(
    (
        (
            "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Cast Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu",
            elementwise,
        ),
        (
            "HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu",
            elementwise,
        ),
        ("Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu LRN", elementwise),
        ("Add And BitwiseAnd BitwiseOr BitwiseXor BitShift Div Equal Greater GreaterOrEqual Less", elementwise),
        ("LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor CastLike", elementwise),
        ("BatchNormalization", axes.batch_normalization),
        ("Clip Dropout DequantizeLinear QuantizeLinear Bernoulli", on_first),
        ("Conv ConvTranspose MaxPool AveragePool LpPool", sliding.slide),
        ("GlobalAveragePool GlobalMaxPool GlobalLpPool InstanceNormalization GroupNormalization", sliding.over_space),
        ("Resize Upsample", sliding.resize),
        ("DepthToSpace", sliding.depth_to_space),
        ("SpaceToDepth", sliding.space_to_depth),
        ("ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd", axes.reduce),
        ("ReduceSum ReduceSumSquare ArgMax ArgMin", axes.reduce),
        ("Softmax LogSoftmax Hardmax", axes.softmax),
        ("LayerNormalization RMSNormalization SimplifiedLayerNormalization", axes.along(-1, from_axis_on=True)),
        ("LpNormalization TopK MatMulNBits", axes.along(-1)),
        ("MeanVarianceNormalization", axes.mean_variance),
        ("CumSum CumProd", axes.cumulative),
        ("MatMul", axes.matmul),
        ("Gemm", axes.gemm),
        ("Reshape Flatten", reshaping.reshape),
        ("Transpose", reshaping.transpose),
        ("Squeeze", reshaping.squeeze),
        ("Unsqueeze", reshaping.unsqueeze),
        ("Expand", reshaping.expand),
        ("Tile", reshaping.tile),
        ("Slice", reshaping.slice_),
        ("Split", reshaping.split),
        ("Concat", reshaping.concat),
        ("Pad", reshaping.pad),
        ("Gather", reshaping.gather),
        ("DynamicQuantizeLinear", axes.dynamic_quantize),
        (" ".join(SHAPE_ONLY), nothing),
        (
            "ConstantOfShape Range OneHot LSTM GRU RNN Einsum Attention GridSample DeformConv RoiAlign MaxRoiPool",
            whole,
        ),
        ("NonMaxSuppression NonZero Unique Compress GatherElements GatherND ScatterElements ScatterND", whole),
        ("Scatter MaxUnpool Det DFT STFT Trilu ReverseSequence CenterCropPad AffineGrid Col2Im", whole),
    )
)


def outputs_of(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View | None]:
    """Return what the outputs of a node see; None for those that see nothing of the picture."""
    rule = RULES.get(node.op_type) if node.domain == "" or node.op_type in _OF_ONNX_RUNTIME else None
    if rule is None:
        variant = kinds.standard(node.op_type, node.domain)
        if variant is None:
            return [UNKNOWN] * len(node.outputs)
        wanted = kinds.standard_inputs(variant, len(node.inputs))
        others = [view for index, view in enumerate(seeing) if index not in wanted and view is not None]
        rule = RULES[variant.op_type]
        plain = replace(node, op_type=variant.op_type, inputs=tuple(node.inputs[index] for index in wanted))
        made = rule(plain, [seeing[index] for index in wanted], graph)
        if not others or made[0] is None:
            return made
        # what is left is a sum that was fused in, or the scales of numbers quantized on the way
        added = [broadcast(view, rank_of(made[0])) for view in others] if made[0].is_known else others
        return [united([made[0], *added], graph.shape(node.outputs[0])), *made[1:]]
    return rule(node, seeing, graph)
