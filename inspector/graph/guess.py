"""How a network probably wants its pictures, where none of its files says so: guessed, with the reason.

A guess looks at who made the file, at names, at shapes and at outputs, never at the file's name. The rules stand in
``_RULES``, the most telling first. What a rule knows comes from how that framework or family of networks is used:

- Caffe2 kept Caffe's pictures: BGR, 0 to 255, minus the mean of each channel.
- CNTK reads pictures with OpenCV: BGR, 0 to 255, nothing taken off.
- TensorFlow puts channels last; its slim networks take -1 to 1.
- YOLOX takes BGR 0 to 255, Ultralytics and YOLOv5 to v7 take RGB 0 to 1; all are letterboxed with grey.
- PaddleOCR takes (x / 255 - 0.5) / 0.5; its direction classifier takes lines of 48 x 192.
- The one-shot face and SSD detectors with outputs ``scores`` and ``boxes`` take (x - 127) / 128.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from inspector import format
from inspector.graph.forms import boxes_of, class_count, grid_classes
from inspector.graph.model import Layer, Model, Tensor
from inspector.graph.preprocessing import Preprocessing, for_channels, preset

_IMAGENET_CLASSES = (1000, 1001)
_DIGITS = tuple(str(digit) for digit in range(10))
_SMALL_SIDE = 64
_PADDLE_LINE = (48, 192)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a rule may look at: the model, and its picture input as it will be fed."""

    model: Model
    channels: int
    height: int
    width: int
    channels_last: bool
    dtype: str

    @property
    def classes(self) -> int:
        return class_count(self.model.outputs)

    @property
    def producer(self) -> str:
        return self.model.producer.casefold()

    @property
    def size(self) -> str:
        return format.shape((self.height, self.width))

    def is_open(self) -> bool:
        """Whether the model leaves height and width to the picture."""
        return any(
            each.shape is not None
            and len(each.shape) == 4
            and not any(isinstance(side, int) for side in (each.shape[1:3] if self.channels_last else each.shape[2:]))
            for each in self.model.inputs
        )


def guess(model: Model, channels: int, height: int, width: int, channels_last: bool, dtype: str) -> Preprocessing:
    """Return how an input probably wants its pictures; ``source`` says why.

    Args:
        model: What is known of the network.
        channels: Of the input.
        height: Of the input as it will be fed, where the model leaves it open.
        width: Likewise.
        channels_last: ``(N, H, W, C)``.
        dtype: Of the input.
    """
    known = _Known(model, channels, height, width, channels_last, dtype)
    found = next(filter(None, (rule(known) for rule in _RULES)), None)
    return for_channels(found or _by_shape(known), channels)


def _guessed(name: str, reason: str) -> Preprocessing:
    return preset(name, f"guessed: {reason}")


# ---------------------------------------------------------------- rules: what the input's numbers are


def _integers(known: _Known) -> Preprocessing | None:
    if known.dtype == "int8":
        plain = Preprocessing("guess", mean=(128.0,))
        return replace(plain, source="guessed: the input takes int8, which holds the pixels less 128")
    if known.dtype.startswith(("uint", "int")):
        return _guessed("byte", f"the input takes {known.dtype}")
    return None


# ---------------------------------------------------------------- rules: detectors


def _boxes(known: _Known) -> Preprocessing | None:
    for output in known.model.outputs:
        rows = boxes_of(output.shape, known.height, known.width)
        if rows is None or known.channels != 3:
            continue
        what = f"the output of {format.shape(output.shape)} has a detector's boxes"
        if rows.values_first:
            return _guessed("yolo", f"{what}, numbers ahead of places, as Ultralytics YOLO has them")
        if rows.per_place == 3:
            return _guessed("yolo", f"{what}, three for each place, as YOLOv5 and YOLOv7 have them")
        if _starts_with_slices(known.model):
            return _guessed("letterbox", f"{what}, and the picture is first cut into four, as YOLOX has it")
        return _guessed("yolo", f"{what}, one for each place, as YOLOv6 has them")
    return None


def _starts_with_slices(model: Model) -> bool:
    """Whether the input is first taken apart into every second row and column (Focus)."""
    fed = {each.name for each in model.inputs}
    readers = [layer for layer in model.layers if fed & set(layer.inputs)]
    return bool(readers) and all(layer.op_type == "Slice" for layer in readers)


def _ultralytics_by_name(known: _Known) -> Preprocessing | None:
    inputs, outputs = ([each.name for each in side] for side in (known.model.inputs, known.model.outputs))
    if inputs == ["images"] and outputs[:1] == ["output0"] and known.channels == 3 and not known.classes:
        return _guessed("yolo", "the input is called images and the output output0, as Ultralytics YOLO has them")
    return None


def _scores_and_boxes(known: _Known) -> Preprocessing | None:
    shapes = {each.name.casefold(): each.shape for each in known.model.outputs}
    scores, boxes = shapes.get("scores"), shapes.get("boxes")
    if scores is None or boxes is None or len(scores) != 3 or len(boxes) != 3 or boxes[2] != 4:
        return None
    if scores[1] != boxes[1] or known.channels != 3 or known.channels_last:
        return None
    return _guessed("ultraface", "the outputs are called scores and boxes, as UltraFace and its kind have them")


def _grid(known: _Known) -> Preprocessing | None:
    for output in known.model.outputs:
        if known.channels == 3 and grid_classes(output.shape, known.height, known.width):
            reason = (
                f"{format.shape(output.shape)} is a detector's grid; whether it wants RGB or BGR is not in the file"
            )
            return _guessed("unit", reason)
    return None


# ---------------------------------------------------------------- rules: who made it


def _caffe2(known: _Known) -> Preprocessing | None:
    fed = {each.name for each in known.model.inputs}
    if known.channels != 3 or known.channels_last:
        return None
    if "caffe2" in known.producer:
        return _guessed("caffe", f"made by {known.model.producer}, which kept Caffe's pictures")
    if fed & {"data_0", "gpu_0/data_0"}:
        return _guessed("caffe", "the input has the name that Caffe2 gives it")
    return None


def _cntk(known: _Known) -> Preprocessing | None:
    if not known.producer.startswith("cntk"):
        return None
    if known.channels == 1:
        return _guessed("byte", "made by CNTK, which feeds pixels as they are; digits white on black")
    made = replace(preset("byte", ""), name="guess", channels="BGR")
    return replace(made, source="guessed: made by CNTK, which feeds BGR pixels as they are")


def _paddle(known: _Known) -> Preprocessing | None:
    if known.channels != 3 or known.channels_last or not _is_paddle(known.model):
        return None
    if known.classes in _IMAGENET_CLASSES:
        return _guessed("imagenet", f"made by Paddle, {known.classes:,} classes: as PaddleClas has it")
    reason = "made by Paddle, as PaddleOCR has it; the file does not say"
    if known.classes == 2 and known.is_open():
        reason = f"made by Paddle, two classes and any size: PaddleOCR's reading direction, {_line_size()}"
        return replace(_guessed("signed", reason), size=_PADDLE_LINE)
    return _guessed("signed", reason)


def _line_size() -> str:
    return format.shape(_PADDLE_LINE)


def _is_paddle(model: Model) -> bool:
    if "paddle" in model.producer.casefold():
        return True
    return any(
        name.startswith("p2o.") for name in (*_open_lengths(model.inputs), *(each.name for each in model.layers))
    )


def _open_lengths(inputs: tuple[Tensor, ...]) -> list[str]:
    return [side for each in inputs for side in each.shape or () if isinstance(side, str)]


def _efficientnet_lite(known: _Known) -> Preprocessing | None:
    def says_so(layer: Layer) -> bool:
        name = layer.name.casefold().replace("_", "-")
        return "efficientnet-lite" in name

    if known.channels == 3 and known.channels_last and any(says_so(each) for each in known.model.layers):
        return _guessed("efficientnet-lite", "its layers are called EfficientNet-Lite's")
    return None


# ---------------------------------------------------------------- rules: shapes


def _digits(known: _Known) -> Preprocessing | None:
    if known.channels != 1 or (known.classes != 10 and known.model.labels != _DIGITS):
        return None
    if (known.height, known.width) == (28, 28) and "pytorch" in known.producer:
        return _guessed("mnist", f"made by PyTorch, grey {known.size} and 10 classes, as in its MNIST example")
    if max(known.height, known.width) <= _SMALL_SIDE:
        return _guessed("digits", f"grey {known.size} and 10 classes: digits, white on black")
    return None


def _picture_to_picture(known: _Known) -> Preprocessing | None:
    for output in known.model.outputs:
        shape = output.shape
        if shape is None or len(shape) != 4:
            continue
        channels, height, width = (shape[3], shape[1], shape[2]) if known.channels_last else shape[1:]
        if channels != known.channels or not isinstance(height, int) or not isinstance(width, int):
            continue
        if height >= known.height and width >= known.width and height * known.width == width * known.height:
            larger = "" if height == known.height else f", {height / known.height:.4g} times as large"
            return _guessed("unit", f"a picture goes in and a picture comes out{larger}")
    return None


def _by_shape(known: _Known) -> Preprocessing:
    if known.channels == 1:
        return _guessed("unit", f"one channel, {known.size}, and no word in the file")
    if known.channels_last:
        maker = f"made by {known.model.producer}, and " if "tf" in known.producer or "keras" in known.producer else ""
        return _guessed("signed", f"{maker}channels come last, as TensorFlow has them")
    if min(known.height, known.width) < _SMALL_SIDE:
        return _guessed("unit", f"{known.size} is a small picture")
    if known.channels != 3:
        return _guessed("unit", f"{known.channels} channels, {known.size}, and no word in the file")
    if known.classes in _IMAGENET_CLASSES:
        return _guessed("imagenet", f"{known.size} and {known.classes:,} classes, as networks for ImageNet have them")
    return _guessed("imagenet", f"{known.channels} channels, {known.size}, and no word in the file")


_RULES: tuple[Callable[[_Known], Preprocessing | None], ...] = (
    _integers,
    _boxes,
    _ultralytics_by_name,
    _scores_and_boxes,
    _grid,
    _caffe2,
    _cntk,
    _paddle,
    _efficientnet_lite,
    _digits,
    _picture_to_picture,
)
