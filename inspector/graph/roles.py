"""What an input is for, read from its shape and from what the network does with it first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

from inspector.graph.model import Dimension, Layer, Model, Tensor

T = TypeVar("T")
Role = Literal["picture", "signal", "volume", "other"]

PICTURE_CHANNELS = (1, 3, 4)
_FEW_CHANNELS = 16  # of a signal; more are features
_LEAST_SIDE = 8  # of a picture without a channel axis
_LEAST_SAMPLES = 16  # of a signal that is nothing but its samples
_NOT_NUMBERS = ("", "string", "bool", "complex64", "complex128")
_FOLLOWED = 40  # layers, on the way to the first that slides
_COUNTS = ("int64", "uint64", "uint32")  # of tokens, lengths and sizes: no signal comes in them


def role(tensor: Tensor, model: Model) -> Role:
    """Return what kind of thing an input takes.

    A rank alone does not say it: ``(1, 40, 100)`` is a grey picture for a network that slides over two axes, and a
    signal of 40 channels for one that slides over one.
    """
    return role_of(tensor, _axes_slid_over(model, tensor.name))


def role_of(tensor: Tensor, slides: int) -> Role:
    """Return what kind of thing an input takes.

    Args:
        tensor: The input.
        slides: Along how many axes the first layer slides over it; 0 where none does.
    """
    shape = tensor.shape
    if shape is None or tensor.dtype in _NOT_NUMBERS:
        return "other"
    match len(shape):
        case 5:
            return "volume"
        case 4:
            return "volume" if slides == 3 else "picture"
        case 3:
            return _role_of_three(shape, slides, tensor.dtype)
        case 2:
            return _role_of_two(shape, slides, tensor.dtype)
        case 1:
            is_long = not isinstance(shape[0], int) or shape[0] >= _LEAST_SAMPLES
            return "signal" if is_long and tensor.dtype not in _COUNTS else "other"
    return "other"


def _role_of_three(shape: tuple[Dimension, ...], slides: int, dtype: str) -> Role:
    by_axes: dict[int, Role] = {1: "signal", 2: "picture", 3: "volume"}
    if slides in by_axes:
        return by_axes[slides]
    first, middle, last = shape
    if first in (3, 4) or (last in PICTURE_CHANNELS and isinstance(first, int) and first > 4):
        return "picture"
    if first == 1 and isinstance(middle, int) and isinstance(last, int):
        short, long = sorted((middle, last))
        if short >= _LEAST_SIDE and long < 4 * short:
            return "picture"
    is_batch = first == 1 or not isinstance(first, int)
    return "signal" if is_batch and dtype not in _COUNTS else "other"


def _role_of_two(shape: tuple[Dimension, ...], slides: int, dtype: str) -> Role:
    first, last = shape
    is_batch = first == 1 or (not isinstance(first, int) and (isinstance(last, int) or slides != 2))
    if is_batch:
        is_short = isinstance(last, int) and last < _LEAST_SAMPLES
        return "other" if dtype in _COUNTS or is_short else "signal"
    sides = [each for each in shape if isinstance(each, int)]
    return "picture" if all(each >= _LEAST_SIDE for each in sides) else "other"


def channels_known(model: Model, tensor: Tensor) -> int:
    """Return the channels that the first convolution of an input takes, as far as it says; 0 if it does not."""
    layer = _first_sliding(model, tensor.name)
    kernel = layer.weight("kernel") if layer is not None else None
    if layer is None or kernel is None or layer.op_type != "Conv" or layer.geometry is None or len(kernel.shape) < 3:
        return 0
    channels = kernel.shape[1] * layer.geometry.group
    return channels if channels in PICTURE_CHANNELS else 0


def channels_are_last(tensor: Tensor, shape: tuple[Dimension, ...]) -> bool | None:
    """Return whether the channels of a picture are the last axis; None where the shape leaves it open.

    Args:
        tensor: The input; what the graph tells of its layout decides where both ends could be channels.
        shape: Of rank 3 or 4, as far as it is known.
    """
    first, last = shape[-3], shape[-1]
    could_be_first = first in PICTURE_CHANNELS or not isinstance(first, int)
    could_be_last = last in PICTURE_CHANNELS or not isinstance(last, int)
    if tensor.channels_last and could_be_last:
        return True
    if last in PICTURE_CHANNELS and first not in PICTURE_CHANNELS:
        return True
    if could_be_first:
        return False
    return True if could_be_last else None


def is_signal_channels(dimension: Dimension) -> bool:
    """Return whether that may be the channel axis of a signal rather than its time."""
    return isinstance(dimension, int) and dimension <= _FEW_CHANNELS


def _axes_slid_over(model: Model, name: str) -> int:
    layer = _first_sliding(model, name)
    return len(layer.geometry.kernel_shape) if layer is not None and layer.geometry is not None else 0


def _first_sliding(model: Model, name: str) -> Layer | None:
    return first_sliding(
        name,
        (
            (layer.inputs, [output.name for output in layer.outputs], layer if layer.geometry is not None else None)
            for layer in model.layers
        ),
    )


def first_sliding(name: str, steps: Iterable[tuple[Sequence[str], Sequence[str], T | None]]) -> T | None:
    """Return the first thing after an input that slides over it; None if none is near.

    Args:
        name: Of the input.
        steps: In execution order: the tensors that are taken, those that are made, and the thing if it slides.
    """
    reached = {name}
    followed = 0
    for taken, made, sliding in steps:
        if not reached.intersection(taken):
            continue
        if sliding is not None:
            return sliding
        reached.update(made)
        followed += 1
        if followed > _FOLLOWED:
            break
    return None
