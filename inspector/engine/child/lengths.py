"""A number for each axis of an input that leaves some open."""

from __future__ import annotations

from inspector.engine.child.pictures import Decoded
from inspector.engine.child.preprocess import ImageInput
from inspector.errors import ImageError
from inspector.graph.model import Dimension, Model, Tensor
from inspector.graph.preprocessing import Preprocessing
from inspector.graph.roles import channels_are_last, channels_known, is_signal_channels, role

DEFAULT_SIDE = 224  # of a picture, where neither model nor picture says
LARGEST_DEFAULT_SIDE = 512
LONGEST_LINE = 2_048  # the other side of a picture whose height or width is fixed: a line of text
STEP = 32  # most networks halve a picture five times
DEFAULT_SAMPLES = 16_000  # of a signal: a second at 16 kHz
DEFAULT_DEPTH = 32  # of each axis of a volume
_MEANINGLESS = ("", "?", "-1", "None", "unk", "unknown", "dynamic")  # what exporters write where they know nothing

Shape = tuple[Dimension, ...]


class Lengths:
    """What the named lengths of a model have been found to be: the same name is the same number everywhere."""

    def __init__(self) -> None:
        self._found: dict[str, int] = {}

    def bind(self, declared: Shape | None, shape: Shape | None) -> None:
        """Learn from an input that has its shape now; what was known stays."""
        for name, length in zip(declared or (), shape or (), strict=False):
            if isinstance(name, str) and name not in _MEANINGLESS and isinstance(length, int):
                self._found.setdefault(name, length)

    def known(self, shape: Shape | None) -> Shape | None:
        """Return a shape with the numbers that are known."""
        if shape is None:
            return None
        return tuple(self._found.get(each, each) if isinstance(each, str) else each for each in shape)


def image_input(
    tensor: Tensor, model: Model, lengths: Lengths, picture: Decoded | None, recipe: Preprocessing | None
) -> ImageInput | None:
    """Return an input as a picture fills it, with a number for every axis; None if its rank is no picture's.

    Args:
        tensor: The input.
        model: What it belongs to.
        lengths: What is known of named lengths.
        picture: For an input that takes any size.
        recipe: What it says of size and layout; None for what the shape says.

    Raises:
        ImageError: The recipe puts the channels where the input has something else.
    """
    shape = lengths.known(tensor.shape)
    if shape is None or not 2 <= len(shape) <= 4:
        return None
    if len(shape) == 2:
        height, width = _sides(shape[0], shape[1], picture, recipe)
        return ImageInput(tensor, (height, width), False)
    is_last = _channels_are_last(tensor, shape, picture, recipe)
    rows, columns, depth = (shape[-3], shape[-2], shape[-1]) if is_last else (shape[-2], shape[-1], shape[-3])
    channels = depth if isinstance(depth, int) else channels_known(model, tensor) or 3
    height, width = _sides(rows, columns, picture, recipe)
    batch = tuple(each if isinstance(each, int) else 1 for each in shape[:-3])
    full = (*batch, height, width, channels) if is_last else (*batch, channels, height, width)
    return ImageInput(tensor, full, is_last)


def _channels_are_last(tensor: Tensor, shape: Shape, picture: Decoded | None, recipe: Preprocessing | None) -> bool:
    if recipe is not None and recipe.layout:
        is_last = recipe.layout == "channels last"
        channels = shape[-1] if is_last else shape[-3]
        if isinstance(channels, int) and channels not in (1, 3, 4) and channels_are_last(tensor, shape) is not None:
            raise ImageError(
                f"The preprocessing {recipe.name} puts the {recipe.layout}, where the input {tensor.name!r} has "
                f"{channels} of something else.",
                "Choose another layout.",
            )
        return is_last
    found = channels_are_last(tensor, shape)
    if found is None:  # more channels than a picture has: as many as there are pages
        pages = picture.frames if picture is not None else 0
        found = tensor.channels_last or (shape[-1] == pages and shape[-3] != pages)
    return found


def _sides(
    rows: Dimension, columns: Dimension, picture: Decoded | None, recipe: Preprocessing | None
) -> tuple[int, int]:
    """Return height and width: the input's, the recipe's, else the picture's, no larger than is quick to compute."""
    height, width = recipe.size if recipe is not None and recipe.size else (None, None)
    height = rows if isinstance(rows, int) else height
    width = columns if isinstance(columns, int) else width
    if picture is None:
        height, width = height or DEFAULT_SIDE, width or DEFAULT_SIDE
    elif height is None and width is None:
        factor = min(1.0, LARGEST_DEFAULT_SIDE / max(picture.size))
        height, width = (_stepped(side * factor, LARGEST_DEFAULT_SIDE) for side in reversed(picture.size))
    else:
        across, down = picture.size
        height = height or _stepped((width or 1) * down / across, LONGEST_LINE)
        width = width or _stepped(height * across / down, LONGEST_LINE)
    if isinstance(rows, str) and rows == columns and rows not in _MEANINGLESS:
        height = width = min(height, width)  # one name, one number
    return height, width


def _stepped(side: float, largest: int) -> int:
    return max(STEP, min(largest, round(side / STEP) * STEP))


def default_shape(tensor: Tensor, model: Model, lengths: Lengths) -> tuple[int, ...]:
    """Return the shape of an input that nobody gave anything."""
    shape = lengths.known(tensor.shape) or ()
    what = role(tensor, model)
    if what == "picture":
        wanted = image_input(tensor, model, lengths, None, model.preprocessing)
        if wanted is not None:
            return wanted.shape
    if what == "signal":
        is_last = len(shape) == 3 and not is_signal_channels(shape[1]) and is_signal_channels(shape[2])
        time = 1 if is_last else len(shape) - 1
        return tuple(
            each if isinstance(each, int) else DEFAULT_SAMPLES if place == time else 1
            for place, each in enumerate(shape)
        )
    if what == "volume":
        return tuple(
            each if isinstance(each, int) else DEFAULT_DEPTH if place >= len(shape) - 3 else 1
            for place, each in enumerate(shape)
        )
    return tuple(each if isinstance(each, int) else 1 for each in shape)
