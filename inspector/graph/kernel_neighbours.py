"""What stands round a layer and tells more of its kernels: a normalization behind it, a Flatten before it."""

from __future__ import annotations

from dataclasses import replace

from inspector.graph.kernels import Flattened, KernelFacts, kernel_facts
from inspector.graph.model import Layer, Model, Tensor

_FLATTENS = ("Flatten", "Reshape", "Squeeze")
_SAME_PLACES = ("Identity", "Dropout", "Cast", "QuantizeLinear", "DequantizeLinear", "BatchNormalization")
_FOLDED_INTO = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_FURTHEST = 16  # layers between a Flatten and the first fully connected one


def normalization_after(model: Model, layer: Layer) -> Layer | None:
    """Return the BatchNormalization that can be folded into a layer's kernels, or None.

    It must be the only one that takes the layer's output, which is no output of the model; all its numbers must be in
    the file; and it must normalize the channels that the kernels make.
    """
    name, facts = layer.output.name, kernel_facts(layer)
    if facts is None or layer.domain or layer.op_type not in _FOLDED_INTO:
        return None
    if name in (tensor.name for tensor in model.outputs):
        return None
    takers = [other for other in model.layers if name in other.inputs]
    if len(takers) != 1 or takers[0].op_type != "BatchNormalization" or takers[0].inputs[0] != name:
        return None
    found, attributes = takers[0], takers[0].attributes
    if found.inside != layer.inside or found.domain:
        return None
    if attributes.get("training_mode") or attributes.get("spatial") == 0:  # of the batch; of each place
        return None
    four = [found.weight(role) for role in ("scale", "offset", "mean", "variance")]
    if any(each is None or each.shape != (facts.outputs,) for each in four):
        return None
    return found if _has_plain_bias(layer, facts) else None


def _has_plain_bias(layer: Layer, facts: KernelFacts) -> bool:
    """Say whether a layer only multiplies by its kernels and adds one stored number for each channel."""
    bias = layer.weight("bias")
    if bias is None:
        if len([name for name in layer.inputs if name]) > 2:  # it is computed
            return False
    elif bias.shape != (facts.outputs,):
        return False
    if layer.op_type == "MatMul":
        weight, shape = layer.weight("kernel"), layer.output.shape
        return weight is not None and len(weight.shape) == 2 and shape is not None and len(shape) == 2
    if layer.op_type == "Gemm":
        return all(layer.attributes.get(name, 1.0) == 1.0 for name in ("alpha", "beta"))
    return True


def flattened_facts(model: Model, layer: Layer) -> KernelFacts | None:
    """Return the kernels of a fully connected layer that looks at flattened feature maps, as large as these.

    Returns:
        One kernel for each output, ``inputs`` the channels and ``spatial`` the height and width of the maps; None for
        other layers, and where their sizes are not known before a run.
    """
    facts, weight = kernel_facts(layer), layer.weight("kernel")
    if facts is None or facts.spatial or weight is None or len(weight.shape) != 2 or layer.attributes.get("transA"):
        return None
    maps = _flattened_by(model, layer)
    if maps is None or maps.shape is None or len(maps.shape) != 4:
        return None
    sizes = [each for each in maps.shape[1:] if isinstance(each, int)]
    if len(sizes) != 3:
        return None
    if maps.channels_last:
        height, width, channels = sizes
    else:
        channels, height, width = sizes
    if height * width < 2 or channels * height * width != facts.inputs:
        return None
    lie: Flattened = "channels last" if maps.channels_last else "channels first"
    return replace(facts, inputs=channels, spatial=(height, width), is_depthwise=channels == 1, flattened=lie)


def _flattened_by(model: Model, layer: Layer) -> Tensor | None:
    """Return the tensor of feature maps whose elements, in their order, are a layer's input."""
    tensors = {tensor.name: tensor for each in model.layers for tensor in each.outputs}
    tensors |= {tensor.name: tensor for tensor in model.inputs}
    makers = {tensor.name: each for each in model.layers for tensor in each.outputs}
    name = layer.inputs[0] if layer.inputs else ""
    for _ in range(_FURTHEST):
        maker = makers.get(name)
        if maker is None or not maker.inputs:
            return None
        name = maker.inputs[0]
        found = tensors.get(name)
        if maker.op_type in _FLATTENS and found is not None and found.shape is not None and len(found.shape) == 4:
            return found
        if maker.op_type not in (*_FLATTENS, *_SAME_PLACES) and maker.family != "activation":
            return None
    return None
