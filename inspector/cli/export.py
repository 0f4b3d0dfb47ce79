"""``inspector export``: what every layer made of each picture, as files."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from inspector import format
from inspector.cli.answers import difference_words
from inspector.cli.console import Outcome, say, say_all, write
from inspector.cli.conversation import (
    RUN_VIEWS,
    Conversation,
    checked_provider,
    chosen_edits,
    chosen_feeding,
    chosen_labels,
    chosen_recipe,
)
from inspector.cli.exporter import Done, Exporter, Picture, in_order
from inspector.cli.lock import lock
from inspector.cli.pictures import pictures
from inspector.cli.progress import PicturesProgress
from inspector.engine.modified import written
from inspector.errors import ExportError, InspectorError
from inspector.export.files import INDEX
from inspector.export.index import image_sha256
from inspector.export.sequence import FOLDER, check_sequence, export_sequence
from inspector.export.wish import Look, Wish
from inspector.export.workers import processors
from inspector.export.writer import Source, chosen_layers, file_sha256, picture_folders
from inspector.graph import recipe_text
from inspector.graph.model import Difference, Model, Run
from inspector.graph.preprocessing import Preprocessing


def export(asked: argparse.Namespace) -> int:
    """Write a folder for each picture; one that cannot be used does not stop the others, and is said at the end."""
    wish = chosen_wish(asked)
    wish.check()
    images, without = pictures(asked.images, asked.to)
    failures: list[InspectorError] = list(without)
    folders = picture_folders((FOLDER, *images))[1:]  # that one is never a picture's
    todo = [Picture(place, *each) for place, each in enumerate(zip(images, folders, strict=True))]
    is_sequence, wish = "sequence" in wish.what, replace(wish, what=wish.what - {"sequence"})
    if not (asked.overwrite or asked.resume):
        _check_free(asked.to, [*(each.folder for each in todo if wish.what), *([FOLDER] if is_sequence else [])])
    lock(asked, asked.to)
    outcome, labels, recipe, edits = Outcome(), chosen_labels(asked), chosen_recipe(asked), chosen_edits(asked)
    count = max(1, min(asked.jobs, len(todo)))
    with ExitStack() as open_engines:
        talks = [
            open_engines.enter_context(
                Conversation(
                    asked.model, asked.provider, asked.memory, feeding=chosen_feeding(asked), share=count, edits=edits
                )
            )
            for _ in range(count)
        ]
        model = talks[0].open()
        chosen_layers(model, wish)
        if is_sequence:
            check_sequence(model, wish)
        checked_provider(talks[0].ready(), asked.provider, asked.allow_fallback)
        labels = labels or model.labels
        options = _options(asked, model, labels, recipe) | ({"edits": json.loads(written(edits))} if edits else {})
        model = talks[0].network(images[0], recipe) if edits and images else model
        source = Source(model, asked.model, file_sha256(asked.model), labels, asked.head, options)
        exporter = Exporter(asked, wish, source, recipe, len(images) == 1, max(1, processors() // count))
        done = in_order(exporter, talks, todo) if count > 1 else (exporter.done(talks[0], each) for each in todo)
        try:
            if wish.what:
                _export_all(done, len(todo), asked.progress, outcome, failures)
            if is_sequence:
                failures += _export_sequence(asked, talks[0], source, images, recipe, outcome)
        finally:
            _say_failures(failures, len(todo) + len(without), outcome)
    return outcome.code


def _export_all(
    done: Iterable[Done], count: int, is_asked: bool, outcome: Outcome, failures: list[InspectorError]
) -> None:
    largest: Difference | None = None
    with PicturesProgress(count, is_asked and count > 1) as progress:
        for each in done:
            progress.clear()
            _say_done(each, outcome)
            failures += each.failures
            if largest is None or (each.difference is not None and _size(each.difference) > _size(largest)):
                largest = each.difference
            progress.step()
    if largest is not None and count > 1:
        say(f"Of all pictures, {difference_words(largest)}.")


def _size(difference: Difference) -> float:
    return difference.max_abs or 0.0


def _say_failures(failures: Sequence[InspectorError], total: int, outcome: Outcome) -> None:
    for failure in failures:
        outcome.note(failure)
    if failures and total > 1:
        say(f"{format.count(len(failures))} of {format.count(total)} could not be exported as wanted.")


def _export_sequence(
    asked: argparse.Namespace,
    talk: Conversation,
    source: Source,
    images: Sequence[str],
    recipe: Preprocessing | None,
    outcome: Outcome,
) -> tuple[InspectorError, ...]:
    """Write the animation that is of all pictures; return why some of them are not in it."""

    def fetch(image: str, tensors: tuple[str, ...]) -> Run:
        return talk.run(image, recipe, tensors, view=RUN_VIEWS[asked.view])

    to, wish = os.path.join(asked.to, FOLDER), replace(chosen_wish(asked), what=frozenset({"sequence"}))
    exported, failures = export_sequence(to, source, images, fetch, wish, asked.overwrite or asked.resume)
    for remark in exported.remarks:
        outcome.say_once(remark)
    write(f"{exported.folder}: {format.count(len(exported.files))} files")
    return failures


def chosen_wish(asked: argparse.Namespace) -> Wish:
    """Return what the arguments of an export ask for."""
    look = Look(asked.scaling, asked.limits, asked.colormap, asked.scale, asked.width, asked.caption)
    return Wish(asked.what, asked.layers, asked.format, asked.channels, look)


def _check_free(to: str, folders: Sequence[str]) -> None:
    """Refuse to begin where pictures have been exported already.

    Raises:
        ExportError: They have.
    """
    there = [each for each in folders if os.path.lexists(os.path.join(to, each, INDEX))]
    if there:
        others = f" and {format.count(len(there) - 1)} more" if len(there) > 1 else ""
        raise ExportError(
            f"{os.path.join(to, there[0])}{others} holds an earlier export.",
            "Give --overwrite to replace it, --resume to keep what is complete, or choose another folder.",
        )


def _options(
    asked: argparse.Namespace, model: Model, labels: Sequence[str], recipe: Preprocessing | None
) -> dict[str, Any]:
    """Return how the model is fed and run, as far as it was chosen, or is said by the files beside the model."""
    recipe = recipe or model.preprocessing
    files = {each.partition("=")[0]: image_sha256(each.partition("=")[2]) for each in asked.input}
    return {
        "provider": asked.provider,
        "network": model.fingerprint,  # weights may lie in files beside the model's
        "view": asked.view,
        "recipe": None if recipe is None else recipe_text.record(recipe),
        "labels": hashlib.sha256(json.dumps(labels).encode()).hexdigest() if labels else None,
        "inputs": list(asked.input),
        "input_files": {name: digest for name, digest in files.items() if digest is not None},
        "input_shapes": list(asked.input_shape),
        "frame": asked.frame,
    }


def _say_done(done: Done, outcome: Outcome) -> None:
    say_all(done.sentences)
    for remark in done.remarks:
        outcome.say_once(remark)
    if done.line:
        write(done.line)
