"""Pictures exported one after the other, with one engine or with several at once."""

from __future__ import annotations

import argparse
import functools
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from inspector import format
from inspector.analysis.heads import answered
from inspector.cli.answers import difference_words, unfitting
from inspector.cli.console import say_all
from inspector.cli.conversation import RUN_VIEWS, Conversation
from inspector.cli.progress import FilesProgress
from inspector.errors import ExportError, InspectorError
from inspector.export import writer
from inspector.export.wish import Wish
from inspector.export.writer import Exported, Source
from inspector.graph.model import Difference, Run, RunView
from inspector.graph.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class Picture:
    """One of the pictures: its place among them, its file, and the name of its folder."""

    place: int
    image: str
    folder: str


@dataclass(slots=True)
class Done:
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


class Exporter:
    """Exports one picture after the other, with any engine.

    Args:
        asked: The command line.
        wish: What to write of each.
        source: The network.
        recipe: How pictures become tensors; None for what the network's files say.
        shows_files: Say how many files are written: nothing else is under way.
        workers: Threads that draw and write; 0 for one for each processor.
    """

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

    def done(self, talk: Conversation, picture: Picture) -> Done:
        """Export a picture.

        Raises:
            ExportError: Its files cannot be written; nor could those of other pictures.
        """
        asked, wish, source, image = self._asked, self._wish, self._source, picture.image
        folder = os.path.join(asked.to, picture.folder)
        done = Done()
        if asked.resume and writer.is_complete(folder, source, image, wish):
            done.line = f"{folder}: complete already"
            return done
        try:
            runs = _Runs(talk, image, self._recipe, wish.needs_maps, RUN_VIEWS[asked.view], done)
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
        done: Done,
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


def in_order(exporter: Exporter, talks: Sequence[Conversation], todo: Sequence[Picture]) -> Iterator[Done]:
    """Export pictures with several engines at once, the first one open already; yield in the order of the pictures.

    The threads end with the program where it is stopped: one may wait for an engine that is closed.
    """
    waiting: queue.SimpleQueue[Picture] = queue.SimpleQueue()
    for picture in todo:
        waiting.put(picture)
    answers: queue.SimpleQueue[tuple[int, Done | BaseException]] = queue.SimpleQueue()
    for place, talk in enumerate(talks):
        work = functools.partial(_work, exporter, talk, place == 0, waiting, answers)
        threading.Thread(target=work, name=f"export {place}", daemon=True).start()
    early: dict[int, Done] = {}
    for place in range(len(todo)):
        while place not in early:
            which, done = answers.get()
            if isinstance(done, BaseException):
                raise done
            early[which] = done
        yield early.pop(place)


def _work(
    exporter: Exporter,
    talk: Conversation,
    is_open: bool,
    waiting: queue.SimpleQueue[Picture],
    answers: queue.SimpleQueue[tuple[int, Done | BaseException]],
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
