"""``inspector export``: what every layer made of each picture, as files."""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import queue
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from inspector import format
from inspector.analysis.heads import answered
from inspector.cli.answers import difference_words, unfitting
from inspector.cli.console import Outcome, say, say_all, write
from inspector.cli.conversation import Conversation, checked_provider, chosen_feeding, chosen_labels, chosen_recipe
from inspector.cli.lock import lock
from inspector.cli.pictures import pictures
from inspector.cli.progress import FilesProgress, PicturesProgress
from inspector.errors import ExportError, InspectorError
from inspector.export import writer
from inspector.export.files import INDEX
from inspector.export.index import image_sha256
from inspector.export.sequence import FOLDER, check_sequence, export_sequence
from inspector.export.wish import Look, Wish
from inspector.export.workers import processors
from inspector.export.writer import Exported, Source, chosen_layers, file_sha256, picture_folders
from inspector.graph import recipe_text
from inspector.graph.model import Difference, Run, RunView
from inspector.graph.preprocessing import Preprocessing

_VIEWS: Mapping[str, RunView] = {"steps": "step by step", "deployed": "as deployed"}


def export(asked: argparse.Namespace) -> int:
    """Write a folder for each picture; one that cannot be used does not stop the others, and is said at the end."""
    wish = chosen_wish(asked)
    wish.check()
    images, without = pictures(asked.images)
    failures: list[InspectorError] = list(without)
    folders = picture_folders((FOLDER, *images))[1:]  # that one is never a picture's
    todo = [_Picture(*each) for each in enumerate(zip(images, folders, strict=True))]
    is_sequence, wish = "sequence" in wish.what, replace(wish, what=wish.what - {"sequence"})
    if not (asked.overwrite or asked.resume):
        _check_free(asked.to, [*(each.folder for each in todo if wish.what), *([FOLDER] if is_sequence else [])])
    lock(asked, asked.to)
    outcome, labels, recipe = Outcome(), chosen_labels(asked), chosen_recipe(asked)
    count = max(1, min(asked.jobs, len(todo)))
    with ExitStack() as open_engines:
        talks = [
            open_engines.enter_context(
                Conversation(asked.model, asked.provider, asked.memory, feeding=chosen_feeding(asked), share=count)
            )
            for _ in range(count)
        ]
        model = talks[0].open()
        chosen_layers(model, wish)
        if is_sequence:
            check_sequence(model, wish)
        checked_provider(talks[0].ready(), asked.provider, asked.allow_fallback)
        options = _options(asked, labels, recipe)
        source = Source(model, asked.model, file_sha256(asked.model), labels or model.labels, asked.head, options)
        exporter = _Exporter(asked, wish, source, recipe, len(images) == 1, max(1, processors() // count))
        done = _in_order(exporter, talks, todo) if count > 1 else (exporter.done(talks[0], each) for each in todo)
        try:
            if wish.what:
                _export_all(done, len(todo), asked.progress, outcome, failures)
            if is_sequence:
                failures += _export_sequence(asked, talks[0], source, images, recipe, outcome)
        finally:
            _say_failures(failures, len(todo) + len(without), outcome)
    return outcome.code


def _export_all(
    done: Iterable[_Done], count: int, is_asked: bool, outcome: Outcome, failures: list[InspectorError]
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
        return talk.run(image, recipe, tensors, view=_VIEWS[asked.view])

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


def _options(asked: argparse.Namespace, labels: Sequence[str], recipe: Preprocessing | None) -> dict[str, Any]:
    """Return how the model is fed and run, as far as it was chosen."""
    files = {each.partition("=")[0]: image_sha256(each.partition("=")[2]) for each in asked.input}
    return {
        "provider": asked.provider,
        "view": asked.view,
        "recipe": None if recipe is None else recipe_text.record(recipe),
        "labels": hashlib.sha256(json.dumps(labels).encode()).hexdigest() if labels else None,
        "inputs": list(asked.input),
        "input_files": {name: digest for name, digest in files.items() if digest is not None},
        "input_shapes": list(asked.input_shape),
        "frame": asked.frame,
    }


@dataclass(frozen=True, slots=True)
class _Picture:
    """One of the pictures: its place among them, its file, and the name of its folder."""

    place: int
    names: tuple[str, str]

    @property
    def image(self) -> str:
        return self.names[0]

    @property
    def folder(self) -> str:
        return self.names[1]


@dataclass(slots=True)
class _Done:
    """What is to be said of a picture once its turn has come.

    Attributes:
        sentences: To be said, each.
        difference: Of the instrumented network from the deployed one, where that is no sentence by itself.
        remarks: To be said once for all pictures.
        line: Data; empty for none.
        failures: To be said at the end.
    """

    sentences: list[str] = field(default_factory=list)
    difference: Difference | None = None
    remarks: list[str] = field(default_factory=list)
    line: str = ""
    failures: tuple[InspectorError, ...] = ()


def _say_done(done: _Done, outcome: Outcome) -> None:
    say_all(done.sentences)
    for remark in done.remarks:
        outcome.say_once(remark)
    if done.line:
        write(done.line)


class _Exporter:
    """Exports one picture after the other, with any engine."""

    def __init__(
        self,
        asked: argparse.Namespace,
        wish: Wish,
        source: Source,
        recipe: Preprocessing | None,
        shows_files: bool,
        workers: int,
    ) -> None:
        self._asked = asked
        self._wish = wish
        self._source = source
        self._recipe = recipe
        self._shows_files = shows_files
        self._workers = workers

    def done(self, talk: Conversation, picture: _Picture) -> _Done:
        """Export a picture.

        Raises:
            ExportError: Its files cannot be written; nor could those of other pictures.
        """
        asked, wish, source, image = self._asked, self._wish, self._source, picture.image
        folder = os.path.join(asked.to, picture.folder)
        done = _Done()
        if asked.resume and writer.is_complete(folder, source, image, wish):
            done.line = f"{folder}: complete already"
            return done
        try:
            runs = _Runs(talk, image, self._recipe, wish.needs_maps, _VIEWS[asked.view], done)
            if self._shows_files:  # nothing else is under way: it need not wait for its turn
                say_all(done.sentences)
            if self._shows_files or done.difference is not None:
                done.sentences.clear()
            if "probabilities" in wish.what:
                head = answered(source.model, runs.prediction, None, asked.head)
                done.remarks += unfitting(asked.labels, source.labels, head)
            exported = self._written(folder, runs)
        except ExportError:
            raise
        except InspectorError as error:
            done.failures = (_named(error, image),)
            return done
        done.remarks += exported.remarks
        done.failures = () if exported.failure is None else (_named(exported.failure, image),)
        done.line = f"{exported.folder}: {format.count(len(exported.files))} files"
        return done

    def _written(self, folder: str, runs: _Runs) -> Exported:
        asked = self._asked
        write_run = functools.partial(
            writer.export,
            *(folder, self._source, runs.prediction, runs.fetch, self._wish),
            overwrite=asked.overwrite or asked.resume,
            workers=self._workers,
        )
        if not self._shows_files:
            return write_run()
        with FilesProgress(os.path.basename(folder), asked.progress) as progress:
            return write_run(progress.show)


def _named(error: InspectorError, image: str) -> InspectorError:
    """Return an error that names the picture."""
    if image in error.message:
        return error
    return type(error)(f"{image}: {error.message}", error.remedy)


class _Runs:
    """The runs of one picture: the first at once, more when tensors are missing in it."""

    def __init__(
        self,
        talk: Conversation,
        image: str,
        recipe: Preprocessing | None,
        needs_maps: bool,
        view: RunView,
        done: _Done,
    ) -> None:
        self._ask = functools.partial(talk.run, image, recipe, view=view)
        self._first = self._ask(()) if needs_maps else None
        if self._first is None:
            self.prediction = talk.predict(image, recipe)
        else:
            self.prediction = self._first.prediction
            found = self._first.difference
            done.sentences.append(f"{image}: {difference_words(found)}.")
            if found is not None and found.max_abs is not None and not found.top_changed:
                done.difference = found

    def fetch(self, tensors: tuple[str, ...]) -> Run:
        """Return a run; the first is handed over, so that its memory can go."""
        run, self._first = self._first, None
        return run if run is not None and not tensors else self._ask(tensors)


# ---------------------------------------------------------------- several engines


def _in_order(exporter: _Exporter, talks: Sequence[Conversation], todo: Sequence[_Picture]) -> Iterator[_Done]:
    """Export pictures with several engines at once; what is said comes in the order of the pictures.

    The threads end with the program where it is stopped: one may wait for an engine that is closed.
    """
    waiting: queue.SimpleQueue[_Picture] = queue.SimpleQueue()
    for picture in todo:
        waiting.put(picture)
    answers: queue.SimpleQueue[tuple[int, _Done | BaseException]] = queue.SimpleQueue()
    for place, talk in enumerate(talks):
        work = functools.partial(_work, exporter, talk, place == 0, waiting, answers)
        threading.Thread(target=work, name=f"export {place}", daemon=True).start()
    early: dict[int, _Done] = {}
    for place in range(len(todo)):
        while place not in early:
            which, done = answers.get()
            if isinstance(done, BaseException):
                raise done
            early[which] = done
        yield early.pop(place)


def _work(
    exporter: _Exporter,
    talk: Conversation,
    is_open: bool,
    waiting: queue.SimpleQueue[_Picture],
    answers: queue.SimpleQueue[tuple[int, _Done | BaseException]],
) -> None:
    try:
        if not is_open:
            talk.open()
            talk.ready()
        while True:
            picture = waiting.get_nowait()
            answers.put((picture.place, exporter.done(talk, picture)))
    except queue.Empty:
        return
    except BaseException as error:  # noqa: BLE001 raised again where the program can end
        answers.put((-1, error))
