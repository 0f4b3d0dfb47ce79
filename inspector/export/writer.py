"""A run as files: every layer's tensors and pictures, the kernels, the probabilities, and an index of them all."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from inspector import format
from inspector.analysis.heads import answered
from inspector.analysis.outputs import described
from inspector.errors import ExportError, InspectorError, LimitError, UsageError
from inspector.export import answers, gathered, names, viewers
from inspector.export.facts import Facts, codes_facts
from inspector.export.files import INDEX, Folder, distinct_names
from inspector.export.index import asked_facts, entry, file_sha256, index_facts, run_facts
from inspector.export.index import is_complete as _is_complete
from inspector.export.kernels import first_spatial, kernel_codes, sees_bgr
from inspector.export.listing import Listing, Progress
from inspector.export.names import FileNames
from inspector.export.of_layer import LayerFiles
from inspector.export.pieces import OpenNpz, groups
from inspector.export.png import encode
from inspector.export.report_run import inspection
from inspector.export.wish import DEFAULT, WHAT, Look, Wish
from inspector.export.workers import Workers
from inspector.graph.model import Array, Layer, Model, Prediction, Run

__all__ = ["DEFAULT", "WHAT", "Exported", "Look", "Source", "Wish", "chosen_layers", "export", "file_sha256"]
__all__ += ["is_complete", "picture_folders"]

Fetch = Callable[[tuple[str, ...]], Run]


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote.

    Attributes:
        folder: Where.
        files: Their names; the index is the last.
        remarks: Sentences about what could not be written.
        failure: Why something that was wanted is not there; None if all is.
    """

    folder: str
    files: tuple[str, ...]
    remarks: tuple[str, ...]
    failure: InspectorError | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """The network whose runs are written.

    Attributes:
        path: Of the model's file, as it was given.
        sha256: Of that file, in hexadecimal.
        labels: Of its classes, or empty.
        head: How the user wants the answer read, a kind from ``analysis.heads``; ``""`` leaves it to the model.
        options: How it is fed and run, ready for JSON: what the index says beside the wish.
    """

    model: Model
    path: str
    sha256: str
    labels: Sequence[str] = ()
    head: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def picture_folders(images: Sequence[str]) -> tuple[str, ...]:
    """Return a folder name for each picture, all different."""
    return distinct_names(os.path.basename(image) for image in images)


def chosen_layers(model: Model, wish: Wish) -> tuple[Layer, ...]:
    """Return the layers that the wish names.

    Raises:
        UsageError: There is none.
    """
    chosen = names.matching(model, wish.layers)
    if not chosen and wish.layers != "*":
        raise UsageError(
            f"No layer of {os.path.basename(model.path)} has a name like {wish.layers!r}.",
            "The command inspector layers prints the names.",
        )
    return chosen


def is_complete(folder: str, source: Source, image: str, wish: Wish) -> bool:
    """Say whether an earlier export of this picture left all files in a folder, and was asked for the same."""
    return _is_complete(folder, asked_facts(wish, source.sha256, source.head, source.options, image))


def export(
    path: str | os.PathLike[str],
    source: Source,
    prediction: Prediction,
    fetch: Fetch,
    wish: Wish,
    progress: Progress = lambda done, total: None,
    *,
    overwrite: bool = False,
    workers: int = 0,
) -> Exported:
    """Write a run into a folder.

    Args:
        path: The folder. Of what is in it, only what an earlier export wrote there is ever replaced.
        source: The network.
        prediction: The answer for the picture.
        fetch: Returns a run of it with these tensors, or for an empty tuple with all that fit in memory. It is called
            again for those that are missing then, and not at all where the wish needs none. Earlier runs are let go.
        wish: What to write.
        progress: Called with the number of files written, and of all; on any thread, but never on two at once. What
            it raises ends the export.
        overwrite: Replace what an earlier export wrote there.
        workers: Threads that draw and write; 0 for one for each processor.

    Raises:
        ExportError: A file cannot be written, or is in the way; in that case nothing was written.
        UsageError: No layer is chosen, or the wish cannot be fulfilled.
    """
    wish.check()
    folder = Folder(path)
    if folder.holds_export and not overwrite:
        raise ExportError(
            f"{folder.path} holds the files of an earlier export.",
            "Give --overwrite to replace them, --resume to keep what is complete, or choose another folder.",
        )
    with Workers(workers) as pool, ExitStack() as open_files:
        job = _Job(folder, source, prediction, wish, progress, pool, open_files)
        job.claim()
        job.write_inputs()
        job.write_kernels()
        if wish.needs_tensors:
            job.write_tensors(fetch)
        if "report" in wish.what:
            job.write_report(fetch)
        job.write_answer()
        job.write_tables()
        return job.finish()


class _Job:
    """One export under way."""

    def __init__(
        self,
        folder: Folder,
        source: Source,
        prediction: Prediction,
        wish: Wish,
        progress: Progress,
        pool: Workers,
        open_files: ExitStack,
    ) -> None:
        self._folder = folder
        self._source = source
        self._prediction = prediction
        self._wish = wish
        self._look = wish.look
        self._progress = progress
        self._pool = pool
        self._layers = chosen_layers(source.model, wish)
        answer = answered(source.model, prediction, None, source.head)
        self._outputs = described(source.model, prediction, answer)
        seen = [each.name for each in self._outputs if each.kind in ("image", "class map")]
        self._files = FileNames(source.model, self._layers, prediction, seen, wish)
        self._names = self._files.every()
        self._listing = Listing(folder, self._names, wish.look, progress, open_files)
        self._columns = gathered.overview_layers(source.model, self._layers) if "overview" in wish.what else {}
        self._written = LayerFiles(wish, self._files, self._listing, prediction.picture, self._columns)
        self._asked = asked_facts(wish, source.sha256, source.head, source.options, prediction.image)
        self._logits: dict[str, Array] = {}  # tensors that may hold them
        self._run_facts = run_facts(None)
        self._remarks: list[str] = []
        self._failure: InspectorError | None = None

    def claim(self) -> None:
        """Look whether all files may be written."""
        self._folder.claim(self._names, lambda every: self._index([entry(name, "") for name in every], False))

    # ---------------------------------------------------------------- what was fed

    def write_inputs(self) -> None:
        """Write what was fed."""
        wish, files = self._wish, self._files
        for name, array in self._prediction.fed.items():
            if wish.has("tensors", "npy") or wish.has("input", "npy"):
                self._listing.array(entry(files.input(name, "npy"), "input", tensor=name, array=array), array)
            if wish.has("input", "png"):
                drawn = answers.fed_picture(self._source.model, self._prediction, name)
                if drawn is not None:
                    about = entry(files.input(name, "png"), "input", tensor=name, array=array, drawn=drawn)
                    self._listing.picture(about, drawn, [f"{name}: what the model was fed"])
        self._pool.finish()

    # ---------------------------------------------------------------- kernels

    def write_kernels(self) -> None:
        """Write the weights of the layers that slide or multiply."""
        if "kernels" not in self._wish.what:
            return
        npz = self._listing.npz(names.KERNELS, "kernels") if self._wish.has("kernels", "npz") else None
        is_bgr, first = sees_bgr(self._prediction), first_spatial(self._source.model)
        for layer in self._layers:
            weight = layer.weight("kernel")
            if weight is None:
                continue
            try:
                # As stored, where these are the real numbers: half floats stay half floats.
                kernel = weight.codes() if weight.quantization is None else weight.read()
                quantization = codes_facts(kernel_codes(weight), {}, is_real=True)
            except InspectorError as error:
                self._remarks.append(f"The kernels of {layer.name} were not written.")
                self._failure = error
                continue
            write = functools.partial(self._written.write_kernel, layer, weight.name, kernel, quantization)
            self._pool.do(functools.partial(write, is_bgr, layer is first))
            if npz is not None:
                npz.add(self._files.kernels(layer), kernel, layer.name, weight.name)
        self._pool.finish()
        if npz is not None:
            self._listing.put(npz)

    # ---------------------------------------------------------------- tensors

    def write_tensors(self, fetch: Fetch) -> None:
        """Write what the layers made of the picture, in as many runs as memory needs."""
        waiting = {name: (layer, stem) for layer in self._layers for name, stem in self._files.stems(layer)}
        npz = self._listing.npz(names.TENSORS, "tensors") if self._wish.has("tensors", "npz") else None
        room = self._write_first(fetch(()), waiting, npz)
        left = (each for layer in self._layers for each in layer.outputs if each.name in waiting)
        for wanted in groups(list(left), room):
            try:
                self._write_run(fetch(wanted), waiting, npz)
            except LimitError as error:
                self._failure = error
        self._remarks += [f"Tensor {name} was not written: there was not enough memory for it." for name in waiting]
        if npz is not None:
            self._listing.put(npz)

    def _write_first(self, run: Run, waiting: dict[str, tuple[Layer, str]], npz: OpenNpz | None) -> int:
        """Write what the run has that keeps all that fits in memory."""
        self._run_facts = run_facts(run)
        if run.view == "as deployed":
            fused = [name for name in waiting if name not in run.tensors and name not in run.missing]
            for name in fused:
                del waiting[name]
            if fused:
                self._remarks.append(
                    f"Tensors not written, as the deployed network fuses them away: {format.count(len(fused))}."
                )
        return self._write_run(run, waiting, npz)

    def _write_run(self, run: Run, waiting: dict[str, tuple[Layer, str]], npz: OpenNpz | None) -> int:
        """Write the tensors of one run, and take them off the list; return how many bytes it had room for."""
        self._logits |= gathered.logits(self._prediction, run.tensors)
        for name in [each for each in waiting if each in run.unshowable]:
            self._remarks.append(f"Tensor {name} was not written: it holds no plain numbers ({run.unshowable[name]}).")
            del waiting[name]
        for name in [each for each in waiting if each in run.tensors]:
            layer, stem = waiting.pop(name)
            self._pool.do(functools.partial(self._written.write_tensor, name, run.tensors, layer, stem))
            if npz is not None:
                npz.add(stem, run.tensors[name], layer.name, name)
        self._pool.finish()
        return sum(array.nbytes for array in run.tensors.values())

    # ---------------------------------------------------------------- the answer, and what is of all layers

    def write_report(self, fetch: Fetch) -> None:
        """Write the page that holds everything."""

        def told(wanted: tuple[str, ...]) -> Run:
            run = fetch(wanted)
            self._run_facts = self._run_facts if wanted else run_facts(run)
            return run

        source = self._source
        page = inspection(
            *(source.model, source.path, told),
            layers=self._layers,
            labels=source.labels,
            head=source.head,
            look=self._look,
        )
        self._listing.content(entry(names.REPORT, "report"), page.encode(errors=answers.LOST))

    def write_answer(self) -> None:
        """Write the answer, and the outputs that can be seen."""
        if "probabilities" not in self._wish.what:
            return
        source, prediction = self._source, self._prediction
        answer = answered(source.model, prediction, self._logits, source.head)
        found = answers.Answer(prediction, answer, tuple(source.labels), self._outputs)
        for each in self._wish.formats_of("probabilities"):
            self._listing.content(
                entry(f"probabilities.{each}", "probabilities", tensor=answer.output),
                answers.probabilities(found, each, max(1, self._look.scale)),
            )
        if names.writes_outputs(self._wish):
            for output in self._outputs:
                if file := self._files.output(output.name):
                    values = prediction.outputs[output.name]
                    content, facts = answers.output_file(output, values, source.labels)
                    self._listing.content(entry(file, "output", tensor=output.name, array=values) | facts, content)

    def write_tables(self) -> None:
        """Write what is of all layers together."""
        wish = self._wish
        if "layers" in wish.what:
            for each in wish.formats_of("layers"):
                content = answers.layer_table(self._source.model, self._layers, self._source.path, each)
                self._listing.content(entry(f"layers.{each}", "layers"), content)
        if "statistics" in wish.what:
            rows = [self._written.statistics[name] for name in self._in_order() if name in self._written.statistics]
            for each in wish.formats_of("statistics"):
                self._listing.content(entry(f"statistics.{each}", "statistics"), answers.statistics_table(rows, each))
        if "viewers" in wish.what:
            about = {"image": self._prediction.image}
            netron = viewers.netron_attachment(self._source.model, self._written.statistics, about=about)
            self._listing.content(entry(names.NETRON, "viewers"), netron.encode(errors=answers.LOST))
            explorer = viewers.model_explorer(self._source.model, self._written.statistics)
            self._listing.content(entry(names.MODEL_EXPLORER, "viewers"), explorer.encode(errors=answers.LOST))
        if "overview" in wish.what:
            pixels = gathered.overview_picture(self._columns, self._written.tiles, max(1, self._look.scale))
            if pixels is not None:
                self._listing.content(entry(names.OVERVIEW, "overview"), encode(pixels))

    def _in_order(self) -> list[str]:
        return [output.name for layer in self._layers for output in layer.outputs]

    def finish(self) -> Exported:
        """Write the index, and remove what an earlier export wrote besides."""
        self._pool.finish()
        entries = self._listing.entries()
        files = [str(each["file"]) for each in entries]
        self._folder.finish(files, self._index(entries, self._failure is None))
        self._progress(len(self._names), len(self._names))
        return Exported(os.fspath(self._folder.path), (*files, INDEX), tuple(self._remarks), self._failure)

    def _index(self, files: list[Facts], is_complete: bool) -> Facts:
        source = self._source
        ran = self._run_facts
        return index_facts(source.path, source.sha256, self._prediction, ran, self._asked, files, is_complete)
