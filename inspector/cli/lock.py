"""A command that may write to one folder only: what the window starts to export."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from inspector.engine.child import sandbox
from inspector.export.files import writing


def lock(asked: argparse.Namespace, folder: str) -> None:
    """With ``--locked``, make a folder, and give up all writing but below it, where the system can see to that.

    It holds for what is begun afterwards, so it comes before any engine and any thread.

    Raises:
        ExportError: The folder cannot be made.
    """
    if not asked.locked:
        return
    with writing(Path(folder)):
        os.makedirs(folder, exist_ok=True)
    sandbox.write_only_to(folder)
