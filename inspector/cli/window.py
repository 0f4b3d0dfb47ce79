"""``inspector``: the window, or its picture."""

from __future__ import annotations

import argparse
import os

from inspector.app import run_window
from inspector.cli.commands import COMMANDS
from inspector.errors import UsageError


def window(asked: argparse.Namespace) -> int:
    """Open the window and return when it is closed, or write its picture."""
    name = asked.model or ""
    if name.isalpha() and not os.path.lexists(name):
        raise UsageError(f"{name} is neither a command nor a file.", f"The commands are {', '.join(COMMANDS)}.")
    return run_window(
        asked.model,
        asked.images,
        provider=asked.provider,
        preprocess=asked.preprocess,
        labels=asked.labels,
        input_shapes=asked.input_shape,
        inputs=asked.input,
        frame=asked.frame,
        tensor_bytes=asked.memory,
        theme=asked.theme,
        screenshot=asked.screenshot,
        size=asked.size,
    )
