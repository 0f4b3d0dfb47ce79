"""Starts the window. Imports Qt late: the command line and the engine's process do without it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from inspector import preflight


def run_window(
    model: str | None = None,
    images: Sequence[str] = (),
    *,
    provider: str = "auto",
    preprocess: str | None = None,
    labels: str | None = None,
    input_shapes: Sequence[str] = (),
    inputs: Sequence[str] = (),
    frame: int = 0,
    tensor_bytes: int = 0,
    theme: str | None = None,
    screenshot: str | None = None,
    size: tuple[int, int] | None = None,
) -> int:
    """Open the window, and return when it is closed.

    Args:
        model: An ONNX file to open.
        images: Pictures, signals or tensor files; the first one is run.
        provider: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        preprocess: A preset for this model instead of what its files say.
        labels: A file of class names for this model.
        input_shapes: Lengths for its inputs, ``NAME=1,3,320,320``.
        inputs: What else to feed, ``NAME=FILE`` or ``NAME=NUMBER``.
        frame: Which picture of an animation or of pages, from 0.
        tensor_bytes: What the tensors of one run may take; 0 for what the user chose before.
        theme: ``"light"``, ``"dark"`` or ``"system"``; None for what the user chose before.
        screenshot: Write the window's picture to this file once the run is shown, and leave.
        size: Of the window, in pixels.

    Returns:
        The exit code.

    Raises:
        UsageError: No window can be opened here.
        InspectorError: What was to be in the screenshot could not be shown, or the file not be written.
    """
    if screenshot and sys.platform == "linux":
        # Without a desktop around it the picture is the same everywhere, and no window flashes up.
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    preflight.require_window()
    from inspector.ui import program

    wishes = program.Wishes(
        model or "",
        tuple(images),
        provider,
        preprocess or "",
        labels or "",
        theme or "",
        size,
        tensor_bytes,
        tuple(input_shapes),
        tuple(inputs),
        frame,
    )
    return program.take_screenshot(wishes, screenshot) if screenshot else program.open_window(wishes)
