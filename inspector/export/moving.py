"""Pictures one after the other: channels in turn, a sequence of pictures through one layer, the sliding window."""

from __future__ import annotations

import functools
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inspector import format
from inspector.errors import ExportError
from inspector.export import animation
from inspector.export.captions import captioned
from inspector.export.pictures import BACKGROUND, Painting, Shown, channel_picture, mosaic_picture
from inspector.export.png import numbered
from inspector.export.wish import Look
from inspector.render.limits import Limits, together

Frame = NDArray[np.uint8]
"""``(height, width, 3)`` RGB."""

MOST_FRAMES = animation.MOST_FRAMES
SECONDS = 0.5  # that a frame is seen
_SIDE = 384  # pixels that a map's longer side is brought to, about
_LEAST_SECONDS = 0.02  # viewers slow down what is shorter
_ENCODERS = ("libx264", "mpeg4")  # the first that this build has


# ---------------------------------------------------------------- what is seen


def channels(ready: Shown, title: str, chosen: Sequence[int] = ()) -> Iterator[Frame]:
    """Yield the channels of a layer one after the other, each with its number and its limits.

    Args:
        ready: The layer's tensor.
        title: Of the layer.
        chosen: Channels; empty for all, or for as many at equal distances as there may be frames.
    """
    count = len(ready.read.values)
    found = [each for each in chosen if each < count] or list(animation.positions(count))
    scale = max(1, _SIDE // max(ready.read.maps.shape[1:]))
    look = Look(scale=scale)
    for channel in found:
        drawn = channel_picture(ready, channel, look)
        yield captioned(drawn, [title, f"channel {channel} of {count}"])


def common_limits(found: Iterable[Limits]) -> Limits:
    """Return limits that hold all of these, so that pictures drawn with them can be compared.

    Raises:
        ValueError: There are none.
    """
    return functools.reduce(together, found)


def pictures(
    sequence: Iterable[tuple[str, Shown]], title: str, limits: Limits, colormap: str, channel: int | None = None
) -> Iterator[Frame]:
    """Yield what one layer made of one picture after the other, all with the same limits.

    Args:
        sequence: Names of pictures, each with the layer's tensor. It is gone through once, so that it need not be in
            memory.
        title: Of the layer.
        limits: See ``common_limits``.
        colormap: A name from ``render.COLORMAPS``.
        channel: The only one that is shown; None for all of them as a mosaic.
    """
    for number, (name, ready) in enumerate(sequence, 1):
        same = replace(ready, limits=limits, colormap=colormap)
        if channel is None:
            drawn, which = mosaic_picture(same), f"{format.count(len(same.read.values))} channels"
        else:
            scale = max(1, _SIDE // max(same.read.maps.shape[1:]))
            drawn, which = channel_picture(same, channel, Look(scale=scale)), f"channel {channel}"
        yield captioned(drawn, [f"{title}, {which}", f"picture {number}: {name}"])


def sliding(shown: animation.Sliding) -> Iterator[Frame]:
    """Yield the frames of a window on its way over the input, see ``animation``."""
    table = np.frombuffer(animation.color_table(shown), np.uint8).reshape(-1, 3)
    for frame in animation.frames(shown):
        yield table[frame]


# ---------------------------------------------------------------- files


def gif(frames: Iterable[Frame], seconds_per_frame: float = SECONDS) -> bytes:
    """Return frames as an animated GIF that begins again at its end.

    Args:
        frames: All are brought to the size of the first one, without being scaled. One of at most 256 colours keeps
            them all.
        seconds_per_frame: In steps of a hundredth, two of them at least.

    Raises:
        ExportError: There are no frames.
    """
    images = (_indexed(frame) for frame in _same_size(frames))
    first = next(images, None)
    if first is None:
        raise _nothing()
    file = io.BytesIO()
    duration = max(_LEAST_SECONDS, round(seconds_per_frame, 2))
    milliseconds = round(duration * 1000)
    first.save(file, "GIF", save_all=True, append_images=images, duration=milliseconds, loop=0, optimize=False)
    return file.getvalue()


def mp4(frames: Iterable[Frame], seconds_per_frame: float = SECONDS) -> bytes:
    """Return frames as a film: H.264 where this build of PyAV has it, else MPEG-4.

    Args:
        frames: All are brought to the size of the first one, and that to even numbers, without being scaled.
        seconds_per_frame: At least a hundredth.

    Raises:
        ExportError: There are no frames, or PyAV is not installed.
    """
    av = _av()
    codec = next((each for each in _ENCODERS if each in av.codecs_available), "")
    if not codec:
        raise ExportError("PyAV has no encoder for films here.", "Write a GIF instead.")
    every = _same_size(frames, even=True)
    first = next(every, None)
    if first is None:
        raise _nothing()
    file = io.BytesIO()
    rate = 1 / Fraction(max(seconds_per_frame, 0.01)).limit_denominator(100)
    with av.open(file, "w", format="mp4") as film:
        film.flags |= av.container.Flags.bitexact.value  # no dates and no versions
        stream = film.add_stream(codec, rate=rate)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # several share the work as it comes
        stream.codec_context.flags |= av.codec.context.Flags.bitexact.value
        if codec == "libx264":
            stream.options = {"crf": "16", "preset": "medium", "threads": "1"}
        else:
            stream.options = {"qscale": "2"}
        for pixels in itertools.chain([first], every):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        film.mux(stream.encode(None))
    return file.getvalue()


def _av() -> Any:
    try:
        import av
    except ImportError:
        raise ExportError(
            "Films need PyAV, which is not installed.",
            "Install it with pip install 'feature-map-inspector[video]', or write a GIF.",
        ) from None
    return av


def _nothing() -> ExportError:
    return ExportError("There is nothing to show one after the other.", "Choose other layers or channels.")


def _same_size(frames: Iterable[Frame], even: bool = False) -> Iterator[Frame]:
    """Bring frames to the size of the first one: what is larger is cut, what is smaller lies on the background."""
    size = (0, 0)
    for frame in frames:
        if size == (0, 0):
            size = (frame.shape[0] + frame.shape[0] % 2, frame.shape[1] + frame.shape[1] % 2) if even else _size(frame)
        if _size(frame) == size:
            yield frame
            continue
        whole = np.full((*size, 3), BACKGROUND, np.uint8)
        part = frame[: size[0], : size[1]]
        whole[: part.shape[0], : part.shape[1]] = part
        yield whole


def _size(frame: Frame) -> tuple[int, int]:
    return int(frame.shape[0]), int(frame.shape[1])


def _indexed(frame: Frame) -> Image.Image:
    """Return a frame as numbers of colours; of more than 256 colours, the closest of 256."""
    found = numbered(frame)
    if not isinstance(found, Painting):
        whole = Image.fromarray(np.ascontiguousarray(frame))
        return whole.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    image = Image.fromarray(found.index, "P")
    image.putpalette(found.colors[: int(found.index.max()) + 1].tobytes())
    return image
