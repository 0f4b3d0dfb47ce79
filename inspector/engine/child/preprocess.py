"""From a picture to the tensor that an input wants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inspector.engine.child import pictures
from inspector.engine.child.pictures import Decoded
from inspector.engine.child.tensors import as_type, is_integer
from inspector.errors import ImageError, LimitError
from inspector.graph.guess import guess
from inspector.graph.model import Array, Model, Tensor
from inspector.graph.preprocessing import Preprocessing

PICTURE_CHANNELS = (1, 3, 4)
MOST_ELEMENTS = 1 << 28  # of an input made from a picture: 1 GiB of float32

Box = tuple[float, float, float, float]
_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
}


@dataclass(frozen=True, slots=True)
class ImageInput:
    """An input that takes pictures.

    Attributes:
        shape: With a number for every axis: ``(N, C, H, W)``, ``(N, H, W, C)``, either without N, or ``(H, W)``.
        channels_last: Where the channels are, if it has any.
    """

    tensor: Tensor
    shape: tuple[int, ...]
    channels_last: bool

    @property
    def channels(self) -> int:
        if len(self.shape) == 2:
            return 1
        return self.shape[-1] if self.channels_last else self.shape[-3]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        has_channels_last = self.channels_last and len(self.shape) > 2
        return (self.shape[-3], self.shape[-2]) if has_channels_last else (self.shape[-2], self.shape[-1])

    @property
    def repeats(self) -> int:
        """How often the picture is repeated to fill the batch."""
        return math.prod(self.shape[:-3])


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as an input takes it.

    Attributes:
        tensor: What is fed.
        box: ``(left, top, right, bottom)`` of what it shows, in pixels of the file's picture.
        note: What had to be decided; may be empty.
    """

    tensor: Array
    box: Box
    note: str


def recipe_for(model: Model, wanted: ImageInput) -> Preprocessing:
    """Return what the model's own files say of its pictures, else a guess that says it is one."""
    if model.preprocessing is not None:
        return model.preprocessing
    height, width = wanted.size
    return guess(model, wanted.channels, height, width, wanted.channels_last, wanted.tensor.dtype)


def prepare(decoded: Decoded, wanted: ImageInput, recipe: Preprocessing) -> Prepared:
    """Turn a picture into a model's input.

    Raises:
        ImageError: The input has a number of channels that no picture has.
        LimitError: The input is larger than can be made here.
    """
    if wanted.channels not in PICTURE_CHANNELS:
        raise ImageError(
            f"The input {wanted.tensor.name!r} takes {wanted.channels} channels, which no picture has.",
            "Give it a .npy, .npz or ONNX .pb tensor, or a TIFF with a grey page for each channel.",
        )
    _check_size(wanted)
    image, note = decoded.image, ""
    if wanted.channels == 4 and image.mode == "RGBA":
        note = "its transparency is the fourth channel"
    else:
        image, note = pictures.over(decoded, recipe.background)
        if wanted.channels == 4:
            note = ", ".join(filter(None, (note, "the fourth channel is 255")))
    kind = {1: "L", 3: "RGB", 4: "RGBA"}[wanted.channels]
    image = image if image.mode == kind else image.convert(kind)
    fitted, box = _fit(image, wanted.size, recipe)
    planes = np.asarray(fitted, np.float32).reshape(*wanted.size, -1)
    if recipe.channels == "BGR" and wanted.channels > 1:
        planes = planes[:, :, [2, 1, 0, 3][: wanted.channels]]
    return _prepared(planes, decoded, box, wanted, recipe, note)


def prepare_pages(pages: Sequence[Decoded], wanted: ImageInput, recipe: Preprocessing) -> Prepared:
    """Turn pages into a model's input: each, in grey, is a channel.

    Raises:
        ImageError: There are more or fewer pages than channels. LimitError: As in ``prepare``.
    """
    if len(pages) != wanted.channels:
        raise ImageError(
            f"The input {wanted.tensor.name!r} takes {wanted.channels} channels; the picture has {len(pages)} pages.",
            "Give a TIFF with a grey page for each channel, or a .npy, .npz or ONNX .pb tensor.",
        )
    _check_size(wanted)
    planes, box = [], (0.0, 0.0, 0.0, 0.0)
    for page in pages:
        fitted, box = _fit(pictures.over(page, recipe.background)[0].convert("L"), wanted.size, recipe)
        planes.append(np.asarray(fitted, np.float32))
    return _prepared(np.stack(planes, axis=-1), pages[0], box, wanted, recipe, f"{len(pages)} pages as channels")


def _check_size(wanted: ImageInput) -> None:
    if math.prod(wanted.shape) > MOST_ELEMENTS:
        raise LimitError(
            f"The input {wanted.tensor.name!r} takes {math.prod(wanted.shape):,} numbers, more than are made here.",
            "Give it a smaller shape, or a tensor file.",
        )


def _prepared(
    planes: NDArray[np.float32],
    decoded: Decoded,
    box: Box,
    wanted: ImageInput,
    recipe: Preprocessing,
    note: str,
) -> Prepared:
    """Return pixels ``(height, width, channels)``, 0..255, as the input's numbers in the input's shape."""
    if recipe.invert:  # not a transparency
        colors = 3 if wanted.channels == 4 else wanted.channels
        planes = np.concatenate([np.float32(255) - planes[..., :colors], planes[..., colors:]], axis=-1)
    mean, std = _per_channel(recipe.mean, wanted.channels, 0), _per_channel(recipe.std, wanted.channels, 1)
    values = (planes * np.float32(recipe.scale) - mean) / std
    notes = [note]
    if is_integer(wanted.tensor):
        low, high = _reach(recipe, wanted.channels)
        if wanted.tensor.dtype == "int8" and low >= 0 and high > 127:
            values = values - np.float32(128)
            notes.append("less 128, as int8 ends at 127")
        elif high - low < 16:
            notes.append(f"rounded to whole numbers, as the input takes {wanted.tensor.dtype}")
    if not wanted.channels_last:
        values = values.transpose(2, 0, 1)
    if wanted.repeats > 1:
        notes.append(f"repeated {wanted.repeats} times")
    tensor = as_type(np.broadcast_to(values.reshape(wanted.shape[-3:]), wanted.shape), wanted.tensor)
    across, down = decoded.size[0] / decoded.image.width, decoded.size[1] / decoded.image.height
    seen = (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
    return Prepared(tensor, seen, ", ".join(filter(None, notes)))


def _reach(recipe: Preprocessing, channels: int) -> tuple[float, float]:
    """Return the smallest and largest number that a pixel can become."""
    mean, std = _per_channel(recipe.mean, channels, 0), _per_channel(recipe.std, channels, 1)
    ends = [(pixel * recipe.scale - mean) / std for pixel in (0.0, 255.0)]
    return float(np.min(ends)), float(np.max(ends))


def _per_channel(numbers: tuple[float, ...], channels: int, beyond: float) -> NDArray[np.float32]:
    """Return a number for each channel, or one for all; ``beyond`` is that of a fourth one."""
    if len(numbers) == 3 and channels == 4:
        numbers = (*numbers, beyond)
    if len(numbers) not in (1, channels):
        numbers = (sum(numbers) / len(numbers),)  # three means for a grey picture: their mean
    return np.asarray(numbers, np.float32)


def _fit(image: Image.Image, size: tuple[int, int], recipe: Preprocessing) -> tuple[Image.Image, Box]:
    """Bring a picture to a height and width; return it and the box of the picture that it shows."""
    height, width = size
    resampling = _RESAMPLING[recipe.interpolation]
    if recipe.fit == "stretch":
        return _resized(image, width, height, resampling), (0.0, 0.0, float(image.width), float(image.height))
    if recipe.fit == "crop":
        short = max(width, height) / recipe.crop
        factor = max(short / min(image.size), width / image.width, height / image.height)
        large = round(image.width * factor), round(image.height * factor)
        left, top = round((large[0] - width) / 2), round((large[1] - height) / 2)
        across, down = image.width / large[0], image.height / large[1]
        box = (left * across, top * down, (left + width) * across, (top + height) * down)
        if large[0] * large[1] > pictures.REDUCE_ABOVE_PIXELS:  # a very long picture: enlarge only what is kept of it
            return image.resize((width, height), resampling, box=box), box
        return _resized(image, *large, resampling).crop((left, top, left + width, top + height)), box
    factor = min(width / image.width, height / image.height)
    small = _resized(image, max(1, round(image.width * factor)), max(1, round(image.height * factor)), resampling)
    centred = recipe.anchor == "centre"
    left, top = ((width - small.width) // 2, (height - small.height) // 2) if centred else (0, 0)
    grey = round(recipe.fill[0] * 0.299 + recipe.fill[1] * 0.587 + recipe.fill[2] * 0.114)
    paper = Image.new(image.mode, (width, height), grey if image.mode == "L" else recipe.fill)
    paper.paste(small, (left, top))
    across, down = image.width / small.width, image.height / small.height
    return paper, (-left * across, -top * down, (width - left) * across, (height - top) * down)


def _resized(image: Image.Image, width: int, height: int, resampling: Image.Resampling) -> Image.Image:
    return image if image.size == (width, height) else image.resize((width, height), resampling)
