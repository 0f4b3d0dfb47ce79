"""The table of layer kinds: a new kind is a row here."""

from __future__ import annotations

from dataclasses import dataclass

FAMILIES = (
    "convolution",
    "activation",
    "pooling",
    "normalization",
    "fully connected",
    "merge",
    "shape",
    "other",
)
STATISTICS = ("mean", "variance")  # roles that are measured in training, not learned
CODES_ALONE = ("ConvInteger", "MatMulInteger")  # their kernels are learned, though they are plain integers
_DOMAINS = ("", "ai.onnx", "com.microsoft", "com.microsoft.nhwc", "com.ms.internal.nhwc")


@dataclass(frozen=True, slots=True)
class Codes:
    """Where a layer keeps what turns the integer codes of one of its weights into real numbers.

    Attributes:
        scale, zero_point: Inputs of the layer; None for no zero point.
        axis: Of the weight, along which they run if they are not single numbers.
        input_scale: An input that multiplies the scale too, as for the bias of a quantized convolution.
    """

    scale: int
    zero_point: int | None = None
    axis: int = 0
    input_scale: int | None = None


@dataclass(frozen=True, slots=True)
class LayerKind:
    """What the program needs to know about a group of operators.

    Attributes:
        family: The word the user reads, one of ``FAMILIES``.
        roles: What each input is if it is a constant; ``""`` for what is no weight.
        codes: For the inputs that hold integer codes.
        slides: Whether it moves a window over its input.
    """

    op_types: tuple[str, ...]
    family: str
    roles: tuple[str, ...] = ()
    codes: tuple[tuple[int, Codes], ...] = ()
    slides: bool = False


@dataclass(frozen=True, slots=True)
class Standard:
    """The ONNX operator that another one is a variant of, for shapes, costs and receptive fields.

    Attributes:
        op_type: The ONNX operator.
        inputs: Which inputs of the variant are that operator's.
        repeats: The variant's last input is the first of many, one in so many inputs.
        makes_float: It turns integers into floats.
    """

    op_type: str
    inputs: tuple[int, ...]
    repeats: int = 0
    makes_float: bool = False


_NORM = ("", "scale", "offset")
_BOTH_CODES = ((0, Codes(1, 2)), (3, Codes(4, 5)))
_BOTH_KERNELS = ((0, Codes(1, 2, axis=-2)), (3, Codes(4, 5, axis=-1)))

KINDS: tuple[LayerKind, ...] = (
    LayerKind(("Conv", "FusedConv", "NhwcFusedConv"), "convolution", ("", "kernel", "bias"), slides=True),
    LayerKind(("ConvTranspose",), "convolution", ("", "kernel", "bias"), slides=True),
    LayerKind(("ConvInteger",), "convolution", ("", "kernel"), slides=True),
    LayerKind(("DeformConv",), "convolution", ("", "kernel", "", "bias"), slides=True),
    LayerKind(
        ("QLinearConv",),
        "convolution",
        ("", "", "", "kernel", "", "", "", "", "bias"),
        ((3, Codes(4, 5)), (8, Codes(4, input_scale=1))),
        slides=True,
    ),
    LayerKind(("MaxPool", "AveragePool", "LpPool", "NhwcMaxPool", "QLinearAveragePool"), "pooling", slides=True),
    LayerKind(("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool", "QLinearGlobalAveragePool"), "pooling"),
    LayerKind(("MaxUnpool", "MaxRoiPool", "RoiAlign"), "pooling"),
    LayerKind(("Relu", "LeakyRelu", "ThresholdedRelu", "Clip", "Elu", "Selu", "Celu", "Shrink"), "activation"),
    LayerKind(("Sigmoid", "HardSigmoid", "Tanh", "Softplus", "Softsign", "HardSwish", "Mish", "Swish"), "activation"),
    LayerKind(("Gelu", "FastGelu", "QuickGelu", "Softmax", "LogSoftmax", "Hardmax"), "activation"),
    LayerKind(("QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax"), "activation"),
    LayerKind(("BiasGelu",), "activation", ("", "bias")),
    LayerKind(("PRelu",), "activation", ("", "slope")),
    LayerKind(("BatchNormalization",), "normalization", (*_NORM, "mean", "variance")),
    LayerKind(("InstanceNormalization", "LayerNormalization", "GroupNormalization"), "normalization", _NORM),
    LayerKind(("RMSNormalization", "SimplifiedLayerNormalization"), "normalization", ("", "scale")),
    LayerKind(("SkipLayerNormalization",), "normalization", ("", "", "scale", "offset", "bias")),
    LayerKind(("SkipSimplifiedLayerNormalization",), "normalization", ("", "", "scale", "bias")),
    LayerKind(("LRN", "LpNormalization", "MeanVarianceNormalization"), "normalization"),
    LayerKind(("Gemm", "FusedGemm"), "fully connected", ("kernel", "kernel", "bias")),
    LayerKind(("MatMul", "FusedMatMul", "MatMulInteger"), "fully connected", ("kernel", "kernel")),
    LayerKind(("QLinearMatMul",), "fully connected", ("kernel", "", "", "kernel"), _BOTH_KERNELS),
    LayerKind(
        ("QGemm",),
        "fully connected",
        ("kernel", "", "", "kernel", "", "", "bias"),
        (*_BOTH_KERNELS, (6, Codes(4, axis=-1, input_scale=1))),
    ),
    LayerKind(
        ("DynamicQuantizeMatMul",), "fully connected", ("", "kernel", "", "", "bias"), ((1, Codes(2, 3, axis=-1)),)
    ),
    LayerKind(
        ("MatMulIntegerToFloat",),
        "fully connected",
        ("kernel", "kernel", "", "", "", "", "bias"),
        ((0, Codes(2, 4, axis=-2)), (1, Codes(3, 5, axis=-1))),
    ),
    LayerKind(("MatMulNBits",), "fully connected", ("", "kernel", "", "", "", "bias")),
    LayerKind(("LSTM",), "other", ("", "kernel", "recurrence", "bias", "", "", "", "peepholes")),
    LayerKind(("GRU", "RNN"), "other", ("", "kernel", "recurrence", "bias")),
    LayerKind(("Add", "Sub", "Mul", "Div"), "merge", ("constant", "constant")),
    LayerKind(("QLinearAdd", "QLinearMul"), "merge", ("constant", "", "", "constant"), _BOTH_CODES),
    LayerKind(("Sum", "Mean", "Max", "Min", "Pow", "Mod", "Concat", "QLinearConcat", "Where"), "merge"),
    LayerKind(("And", "Or", "Xor", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"), "merge"),
    LayerKind(("Gather",), "shape", ("embedding",)),
    LayerKind(
        ("Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split", "Pad", "CenterCropPad"), "shape"
    ),
    LayerKind(("GatherElements", "GatherND", "Expand", "Tile", "Resize", "Upsample"), "shape"),
    LayerKind(("DepthToSpace", "SpaceToDepth", "Shape", "Size", "ConstantOfShape", "Range"), "shape"),
)
_BY_OP_TYPE = {op_type: kind for kind in KINDS for op_type in kind.op_types}
OTHER = LayerKind((), "other")

_STANDARDS: dict[str, Standard] = {
    "FusedConv": Standard("Conv", (0, 1, 2)),
    "NhwcFusedConv": Standard("Conv", (0, 1, 2)),
    "QLinearConv": Standard("Conv", (0, 3, 8)),
    "ConvInteger": Standard("Conv", (0, 1), makes_float=True),
    "NhwcMaxPool": Standard("MaxPool", (0,)),
    "QLinearAveragePool": Standard("AveragePool", (0,)),
    "QLinearGlobalAveragePool": Standard("GlobalAveragePool", (0,)),
    "QLinearLeakyRelu": Standard("LeakyRelu", (0,)),
    "QLinearSigmoid": Standard("Sigmoid", (0,)),
    "QLinearSoftmax": Standard("Softmax", (0,)),
    "QuickGelu": Standard("Gelu", (0,)),
    "FastGelu": Standard("Gelu", (0,)),
    "BiasGelu": Standard("Gelu", (0,)),
    "FusedGemm": Standard("Gemm", (0, 1, 2)),
    "QGemm": Standard("Gemm", (0, 3)),
    "FusedMatMul": Standard("MatMul", (0, 1)),
    "MatMulInteger": Standard("MatMul", (0, 1), makes_float=True),
    "QLinearMatMul": Standard("MatMul", (0, 3)),
    "DynamicQuantizeMatMul": Standard("MatMul", (0, 1)),
    "MatMulIntegerToFloat": Standard("MatMul", (0, 1), makes_float=True),
    "QLinearAdd": Standard("Add", (0, 3)),
    "QLinearMul": Standard("Mul", (0, 3)),
    "QLinearConcat": Standard("Concat", (2,), repeats=3),
}


def kind_of(op_type: str, domain: str = "") -> LayerKind:
    """Return the kind of an operator; an unknown one is shown, not refused."""
    return _BY_OP_TYPE.get(op_type, OTHER) if domain in _DOMAINS else OTHER


def standard(op_type: str, domain: str = "") -> Standard | None:
    """Return the ONNX operator that this is a variant of, or None."""
    return _STANDARDS.get(op_type) if domain in _DOMAINS else None


def standard_inputs(variant: Standard, count: int) -> tuple[int, ...]:
    """Return which of ``count`` inputs are those of the ONNX operator."""
    if variant.repeats:
        return tuple(range(variant.inputs[-1], count, variant.repeats))
    return tuple(index for index in variant.inputs if index < count)
