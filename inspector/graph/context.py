"""What a layer is in its network and on the picture: what panels say beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from inspector.graph.dtypes import by_name, size_bytes
from inspector.graph.model import Array, Layer, Model, Run, Tensor
from inspector.graph.receptive_field import ReceptiveField

Side = Literal["before", "after", ""]

# Operators that hand values on unchanged or in another order, on the way from a picture to the first kernel.
_SAME_NUMBERS = {"Identity", "Cast", "QuantizeLinear", "DequantizeLinear"}  # or their codes
_HANDED_ON = {*_SAME_NUMBERS, "Transpose", "Pad", "Mul", "Div", "Sub", "Add", "Clip", "BatchNormalization"}
_NEAR = 4_096  # layers that are looked at while nobody should have to wait
_KEEPS_CHANNELS = {"activation", "normalization", "pooling"}
_WITH_ACTIVATION = {"convolution", "fully connected", "normalization", "merge"}


def activation_side(model: Model, layer: Layer) -> Side:
    """Say whether a layer's output is an activation's input or its output; ``""`` if it is neither."""
    if layer.family == "activation":
        return "after"
    if layer.family in _WITH_ACTIVATION and layer.output.name in _wiring(model).activated:
        return "before"
    return ""


@dataclass(frozen=True, slots=True)
class _Wiring:
    """How the layers of a model are connected.

    Attributes:
        layers: Of the model that this was made for.
        makers: The layer that makes each tensor.
        activated: The tensors that an activation takes.
    """

    layers: tuple[Layer, ...] = ()
    makers: Mapping[str, Layer] = field(default_factory=dict)
    activated: frozenset[str] = frozenset()


_last = _Wiring()  # found out once for a model: there are networks of tens of thousands of layers


def _wiring(model: Model) -> _Wiring:
    global _last
    if _last.layers is not model.layers:
        _last = _Wiring(
            model.layers,
            {tensor.name: layer for layer in model.layers for tensor in layer.outputs},
            frozenset(name for layer in model.layers if layer.family == "activation" for name in layer.inputs),
        )
    return _last


def _makers(model: Model) -> Mapping[str, Layer]:
    return _wiring(model).makers


def kernel_layer_before(model: Model, layer: Layer) -> Layer | None:
    """Return the nearest layer with a kernel on the way from the input to this one, itself included.

    None where there is none, or only behind thousands of layers.
    """
    makers = _makers(model)
    waiting, seen = deque([layer]), {layer.name}
    while waiting and len(seen) < _NEAR:
        candidate = waiting.popleft()
        if candidate.weight("kernel") is not None:
            return candidate
        for name in candidate.inputs:
            maker = makers.get(name)
            if maker is not None and maker.name not in seen:
                seen.add(maker.name)
                waiting.append(maker)
    return None


def sees_picture(model: Model, layer: Layer) -> bool:
    """Say whether a layer's kernel slides over the model's input itself, but for a rescaling of its values."""
    makers = _makers(model)
    fed = {tensor.name for tensor in model.inputs}
    name = layer.inputs[0] if layer.inputs else ""
    for _ in range(len(model.layers)):
        if name in fed:
            return True
        maker = makers.get(name)
        if maker is None or maker.op_type not in _HANDED_ON or not maker.inputs:
            return False
        name = maker.inputs[0]
    return False


def maker_of_maps(model: Model, layer: Layer) -> Layer | None:
    """Return the layer whose kernels made this layer's channels, one each, or None.

    That is the layer itself, or the one before it as long as only activations, normalizations and poolings follow.
    """
    makers = _makers(model)
    current: Layer | None = layer
    for _ in range(len(model.layers)):
        if current is None or current.weight("kernel") is not None:
            return current
        keeps = current.family in _KEEPS_CHANNELS or current.op_type in _SAME_NUMBERS
        if not keeps or not current.inputs:
            return None
        current = makers.get(current.inputs[0])
    return None


# ---------------------------------------------------------------- in a run


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The layers whose output a run left out to save memory.

    Attributes:
        layers: How many.
        bytes: What all tensors that were left out would take, as far as their sizes are known before a run.
        is_all_known: The sizes of all of them are.
    """

    layers: int
    bytes: int
    is_all_known: bool


def left_out(model: Model, run: Run) -> LeftOut | None:
    """Return what a run left out to save memory; None if it left out nothing."""
    if not run.missing:
        return None
    makers = _makers(model)
    layers = 0
    sizes: list[int | None] = []
    for name in run.missing:
        maker = makers.get(name)
        if maker is not None:
            layers += maker.outputs[0].name == name
        if maker is not None and len(sizes) < _NEAR:
            sizes.append(_bytes_of(next(tensor for tensor in maker.outputs if tensor.name == name)))
    is_all_known = len(sizes) == len(run.missing) and None not in sizes
    return LeftOut(layers, sum(size or 0 for size in sizes), is_all_known)


def _bytes_of(tensor: Tensor) -> int | None:
    """Return the size of a tensor where the model tells it, with a batch of one."""
    if tensor.shape is None or tensor.passes:
        return None
    batch, *rest = tensor.shape or (1,)
    lengths = [batch if isinstance(batch, int) else 1, *rest]
    known = [each for each in lengths if isinstance(each, int)]
    bits = by_name(tensor.dtype).bits
    return size_bytes(by_name(tensor.dtype), known) if len(known) == len(lengths) and bits else None


# ---------------------------------------------------------------- on the picture


@dataclass(frozen=True, slots=True)
class PictureInput:
    """The input that was fed a picture.

    Attributes:
        name: Of the tensor.
        height, width, channels: Of what was fed.
        channels_last: The channels are its last axis.
    """

    name: str
    height: int
    width: int
    channels: int
    channels_last: bool


def picture_input(fed: Mapping[str, Array], model: Model | None = None) -> PictureInput | None:
    """Return the input that has the shape of a picture, ``(N, C, H, W)`` or ``(N, H, W, C)``, or None.

    Args:
        fed: What a run was fed, by name.
        model: Then it is the input in whose pixels receptive fields are given.
    """
    if model is not None and model.picture in fed:
        return _of_fields(model, fed[model.picture])
    for name, tensor in fed.items():
        if tensor.ndim != 4:
            continue
        _, second, third, fourth = tensor.shape
        if second in (1, 3, 4):
            return PictureInput(name, third, fourth, second, channels_last=False)
        if fourth in (1, 3, 4):
            return PictureInput(name, second, third, fourth, channels_last=True)
    return None


def _of_fields(model: Model, tensor: Array) -> PictureInput | None:
    if tensor.ndim != 4 or len(model.picture_axes) != 2:
        return None
    height, width = (tensor.shape[axis] for axis in model.picture_axes)
    is_last = model.picture_axes == (1, 2)
    channels = tensor.shape[3 if is_last else 1]
    return PictureInput(model.picture, height, width, channels, is_last) if channels in (1, 3, 4) else None


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a picture, in its pixels; it may reach beyond the rim."""

    left: float
    top: float
    right: float
    bottom: float


def field_of(field: ReceptiveField, element: tuple[int, int]) -> Rectangle | None:
    """Return what one element sees, in the input's pixels.

    Args:
        field: Of its layer.
        element: ``(row, column)`` in the feature map.

    Returns:
        The rectangle, which may reach into the padding; None where there is none.
    """
    if field.size is None or field.jump is None or field.start is None or len(field.size) != 2:
        return None
    edges = []
    for size, jump, start, at in zip(field.size, field.jump, field.start, element, strict=True):
        middle = start + jump * at
        edges.append((middle - size / 2, middle + size / 2))
    (top, bottom), (left, right) = edges
    return Rectangle(left, top, right, bottom)


def on_picture(seen: Rectangle, box: tuple[float, float, float, float], height: int, width: int) -> Rectangle:
    """Return a rectangle of the input as one of the picture.

    Args:
        seen: In the input's pixels.
        box: ``(left, top, right, bottom)`` of what the model sees, in the picture's pixels.
        height: Of the input.
        width: Of the input.
    """
    left, top, right, bottom = box
    each_x, each_y = (right - left) / width, (bottom - top) / height
    return Rectangle(
        left + seen.left * each_x, top + seen.top * each_y, left + seen.right * each_x, top + seen.bottom * each_y
    )
