"""``inspector report``: one HTML file of an inspection."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from inspector import format
from inspector.cli.answers import difference_words
from inspector.cli.console import say, write
from inspector.cli.conversation import (
    RUN_VIEWS,
    Conversation,
    checked_provider,
    chosen_edits,
    chosen_feeding,
    chosen_labels,
    chosen_recipe,
)
from inspector.cli.lock import lock
from inspector.cli.progress import FilesProgress
from inspector.errors import ExportError
from inspector.export.files import Part, writing
from inspector.export.report_run import inspection
from inspector.export.wish import Look, Wish
from inspector.export.writer import chosen_layers
from inspector.graph.model import Run


def report(asked: argparse.Namespace) -> int:
    """Write the report of one picture."""
    target = Path(asked.output)
    if os.path.isdir(target):
        raise ExportError(f"{target} is a folder.", "Give the name of a file, such as report.html.")
    if os.path.lexists(target) and not asked.overwrite:
        raise ExportError(f"{target} is there already.", "Give --overwrite to replace it, or another name.")
    if not target.parent.is_dir():
        raise ExportError(f"There is no folder {target.parent}.", "Make it first, or choose another one.")
    lock(asked, str(target.parent))
    labels, recipe = chosen_labels(asked), chosen_recipe(asked)
    edits, feeding = chosen_edits(asked), chosen_feeding(asked)
    with Conversation(asked.model, asked.provider, asked.memory, feeding=feeding, edits=edits) as talk:
        model = talk.open()
        layers = chosen_layers(model, Wish(frozenset({"report"}), asked.layers))
        checked_provider(talk.ready(), asked.provider, asked.allow_fallback)
        if edits:
            model = talk.network(asked.image, recipe)
            layers = chosen_layers(model, Wish(frozenset({"report"}), asked.layers))

        def fetch(tensors: tuple[str, ...]) -> Run:
            run = talk.run(asked.image, recipe, tensors, view=RUN_VIEWS[asked.view])
            if not tensors:
                say(f"{asked.image}: {difference_words(run.difference)}.")
            return run

        with FilesProgress(target.name, asked.progress, "layers") as progress:
            page = inspection(
                model,
                asked.model,
                fetch,
                layers=layers,
                labels=labels or model.labels,
                head=asked.head,
                look=Look(asked.scaling, colormap=asked.colormap),
                most_bytes=asked.max_size,
                progress=progress.show,
            )
    content = page.encode("utf-8")
    with Part(target.parent, target.name) as part:
        with writing(target):
            part.file.write(content)
        part.finish()
    write(f"{target}: {format.memory(len(content))}, {format.count(len(layers))} layers")
    return 0
