"""``inspector export``: what every layer made of each picture, as files."""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import sys
from collections.abc import Mapping

from inspector import format
from inspector.analysis.heads import answered
from inspector.cli.answers import difference_words, say_unfitting
from inspector.cli.console import Outcome, say, tell, write
from inspector.cli.conversation import Conversation, checked_provider, chosen_feeding, chosen_labels, chosen_recipe
from inspector.errors import ExportError, InspectorError
from inspector.export import writer
from inspector.export.png import encode
from inspector.export.writer import Source, Wish, chosen_layers, file_sha256, picture_folders
from inspector.graph.model import Run, RunView
from inspector.graph.preprocessing import Preprocessing

_VIEWS: Mapping[str, RunView] = {"steps": "step by step", "deployed": "as deployed"}


def export(asked: argparse.Namespace) -> int:
    """Write a folder for each picture; one that cannot be used does not stop the others."""
    labels, recipe = chosen_labels(asked), chosen_recipe(asked)
    wish, outcome = Wish(asked.what, asked.layers), Outcome()
    with Conversation(asked.model, asked.provider, asked.memory, feeding=chosen_feeding(asked)) as talk:
        model = talk.open()
        chosen_layers(model, wish)
        checked_provider(talk.ready(), asked.provider, asked.allow_fallback)
        source = Source(model, asked.model, file_sha256(asked.model), labels or model.labels, asked.head)
        for image, name in zip(asked.images, picture_folders(asked.images), strict=True):
            try:
                runs = _Runs(talk, image, recipe, wish.needs_maps, _VIEWS[asked.view])
                if "probabilities" in wish.what:
                    found = answered(model, runs.prediction, None, asked.head)
                    say_unfitting(asked.labels, source.labels, found, outcome)
                _export_picture(os.path.join(asked.to, name), source, runs, wish, asked.progress, outcome)
            except ExportError:
                raise
            except InspectorError as error:
                outcome.note(error)
    return outcome.code


def _export_picture(
    folder: str, source: Source, runs: _Runs, wish: Wish, shows_progress: bool, outcome: Outcome
) -> None:
    with _Progress(os.path.basename(folder), shows_progress) as progress:
        exported = writer.export(folder, source, runs.prediction, runs.fetch, wish, encode, progress.show)
    for remark in exported.remarks:
        outcome.say_once(remark)
    if exported.failure is not None:
        outcome.note(exported.failure)
    write(f"{exported.folder}: {format.count(len(exported.files))} files")


class _Runs:
    """The runs of one picture: the first at once, more when tensors are missing in it."""

    def __init__(
        self, talk: Conversation, image: str, recipe: Preprocessing | None, needs_maps: bool, view: RunView
    ) -> None:
        self._ask = functools.partial(talk.run, image, recipe, view=view)
        self._first = self._ask(()) if needs_maps else None
        if self._first is None:
            self.prediction = talk.predict(image, recipe)
        else:
            self.prediction = self._first.prediction
            say(f"{image}: {difference_words(self._first.difference)}.")

    def fetch(self, tensors: tuple[str, ...]) -> Run:
        """Return a run; the first is handed over, so that its memory can go."""
        run, self._first = self._first, None
        return run if run is not None and not tensors else self._ask(tensors)


class _Progress:
    """Shows how far an export is: in one changing line on a terminal, in lines elsewhere if they are asked for.

    Args:
        name: Of what is written.
        is_asked: Whether to print lines where there is no terminal.
    """

    def __init__(self, name: str, is_asked: bool) -> None:
        self._name = format.printable(name)
        self._is_terminal = sys.stderr.isatty()
        self._is_asked = is_asked
        self._shown = ""

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal:  # whatever is said next begins on an empty line
            self._rewrite("")

    def show(self, done: int, total: int) -> None:
        line = f"{self._name}: {done} of {total} files"
        if self._is_terminal:
            self._rewrite(line[-shutil.get_terminal_size().columns + 1 :])  # a longer one could not be taken back
        elif self._is_asked and line != self._shown:
            say(line)
            self._shown = line

    def _rewrite(self, line: str) -> None:
        tell(f"\r{' ' * len(self._shown)}\r{line}")
        self._shown = line
