"""A run as files: every layer's tensors and pictures, the kernels, the probabilities, and an index of them all."""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from inspector import __version__, format
from inspector.analysis import quantized
from inspector.analysis.grids import Output
from inspector.analysis.heads import answered
from inspector.analysis.outputs import described
from inspector.errors import ExportError, InspectorError, LimitError, UsageError
from inspector.export.facts import Facts, answer_facts, codes_facts, difference_facts, preprocessing_facts
from inspector.export.files import INDEX, PROBABILITIES, Folder, distinct_names, safe_name
from inspector.export.outputs import output_picture
from inspector.export.pictures import Drawn, kernels_picture, maps_picture
from inspector.graph.dtypes import by_name, size_bytes
from inspector.graph.model import Array, Codes, Layer, Model, Prediction, Run
from inspector.graph.weight import Weight
from inspector.labels import MAX_CLASSES

WHAT = ("maps", "kernels", "tensors", "probabilities")
Encode = Callable[[NDArray[np.uint8]], bytes]
Fetch = Callable[[tuple[str, ...]], Run]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a run is to be written.

    Attributes:
        what: Words from ``WHAT``.
        layers: A pattern for layer names, as shells have it (``conv*``).
    """

    what: frozenset[str] = frozenset(WHAT)
    layers: str = "*"

    @property
    def needs_maps(self) -> bool:
        """Whether the instrumented model has to run."""
        return bool(self.what & {"maps", "tensors"})


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
    """

    model: Model
    path: str
    sha256: str
    labels: Sequence[str] = ()
    head: str = ""


def picture_folders(images: Sequence[str]) -> tuple[str, ...]:
    """Return a folder name for each picture, all different."""
    return distinct_names(os.path.basename(image) for image in images)


def chosen_layers(model: Model, wish: Wish) -> tuple[Layer, ...]:
    """Return the layers that the wish names.

    Raises:
        UsageError: There is none.
    """
    chosen = tuple(layer for layer in model.layers if fnmatch.fnmatchcase(layer.name, wish.layers))
    if not chosen and wish.layers != "*":
        raise UsageError(
            f"No layer of {os.path.basename(model.path)} has a name like {wish.layers!r}.",
            "The command inspector layers prints the names.",
        )
    return chosen


def file_sha256(path: str) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ExportError(f"{path} cannot be read: {error.strerror or error}.") from error


def export(
    path: str | os.PathLike[str],
    source: Source,
    prediction: Prediction,
    fetch: Fetch,
    wish: Wish,
    encode: Encode,
    progress: Progress = lambda done, total: None,
) -> Exported:
    """Write a run into a folder.

    Args:
        path: The folder. Of what is in it, only what an earlier export wrote there is replaced.
        source: The network.
        prediction: The answer for the picture.
        fetch: Returns a run of it with these tensors, or for an empty tuple with all that fit in memory. It is called
            again for those that are missing then, and not at all where the wish needs none. Earlier runs are let go.
        wish: What to write.
        encode: Turns pixels ``(height, width, 3)`` into a PNG file.
        progress: Called with the number of files written, and of all.

    Raises:
        ExportError: A file cannot be written, or is in the way; in that case nothing was written.
        UsageError: No layer is chosen.
    """
    job = _Job(Folder(path), source, prediction, wish, encode, progress)
    job.claim()
    job.write_inputs()
    job.write_kernels()
    if wish.needs_maps:
        job.write_tensors(fetch)
    job.write_probabilities()
    return job.finish()


class _Job:
    """One export under way."""

    def __init__(
        self,
        folder: Folder,
        source: Source,
        prediction: Prediction,
        wish: Wish,
        encode: Encode,
        progress: Progress,
    ) -> None:
        self._folder = folder
        self._source = source
        self._prediction = prediction
        self._what = wish.what
        self._encode = encode
        self._progress = progress
        digits = max(3, len(str(len(source.model.layers))))
        self._stems = {
            layer.name: f"{layer.index:0{digits}}-{safe_name(layer.name)}"
            for layer in chosen_layers(source.model, wish)
        }
        self._layers = [layer for layer in source.model.layers if layer.name in self._stems]
        inputs = distinct_names(self._prediction.fed)
        self._inputs = {name: f"input-{safe}.npy" for name, safe in zip(self._prediction.fed, inputs, strict=True)}
        self._logits: dict[str, Array] = {}  # tensors that may hold them
        answer = answered(source.model, prediction, None, source.head)
        self._outputs = described(source.model, prediction, answer)
        seen = [each.name for each in self._outputs if each.kind in ("image", "class map")]
        self._seen = {name: f"output-{safe}.png" for name, safe in zip(seen, distinct_names(seen), strict=True)}
        self._names = list(self._every_name())
        self._entries: dict[str, Facts] = {}  # of the files that are written, by name
        self._run_facts: Facts = {"view": None, "difference": None}  # without a run there is nothing to say
        self._remarks: list[str] = []
        self._failure: InspectorError | None = None

    def claim(self) -> None:
        """Look whether all files may be written."""
        self._folder.claim(self._names, lambda every: self._index([_entry(name, "") for name in every]))

    def write_inputs(self) -> None:
        """Write what was fed."""
        if "tensors" not in self._what:
            return
        for name, file in self._inputs.items():
            array = self._prediction.fed[name]
            self._write_array(_entry(file, "input", tensor=name, array=array), array)

    def write_kernels(self) -> None:
        """Write the weights of the layers that slide or multiply."""
        if "kernels" not in self._what:
            return
        recipe = self._prediction.preprocessing
        is_bgr = recipe is not None and recipe.channels == "BGR"
        first = next((each for each in self._source.model.layers if _has_spatial_kernel(each)), None)
        for layer in self._layers:
            weight = layer.weight("kernel")
            if weight is None:
                continue
            try:
                # As stored, where these are the real numbers: half floats stay half floats.
                kernel = weight.codes() if weight.quantization is None else weight.read()
                quantization = codes_facts(_kernel_codes(weight), {}, is_real=True)
            except InspectorError as error:
                self._remarks.append(f"The kernels of {layer.name} were not written.")
                self._failure = error
                continue
            stem = f"{self._stems[layer.name]}-kernels"
            drawn = kernels_picture(kernel, is_bgr, as_rgb=layer is first)
            picture = _entry(f"{stem}.png", "kernels", layer, weight.name, kernel, drawn)
            numbers = _entry(f"{stem}.npy", "kernels", layer, weight.name, kernel)
            picture["quantization"] = numbers["quantization"] = quantization
            self._write_picture(picture, drawn)
            self._write_array(numbers, kernel)

    def write_tensors(self, fetch: Fetch) -> None:
        """Write what the layers made of the picture, in as many runs as memory needs."""
        waiting = {name: (layer, stem) for layer in self._layers for name, stem in self._tensor_stems(layer)}
        room = self._write_first(fetch(()), waiting)
        for names in _groups(self._layers, waiting, room):
            try:
                self._write_run(fetch(names), waiting)
            except LimitError as error:
                self._failure = error
        self._remarks += [f"Tensor {name} was not written: there was not enough memory for it." for name in waiting]

    def _write_first(self, run: Run, waiting: dict[str, tuple[Layer, str]]) -> int:
        """Write what the run has that keeps all that fits in memory."""
        self._run_facts = {"view": run.view, "difference": difference_facts(run.difference)}
        if run.view == "as deployed":
            fused = [name for name in waiting if name not in run.tensors and name not in run.missing]
            for name in fused:
                del waiting[name]
            if fused:
                self._remarks.append(
                    f"Tensors not written, as the deployed network fuses them away: {format.count(len(fused))}."
                )
        return self._write_run(run, waiting)

    def _write_run(self, run: Run, waiting: dict[str, tuple[Layer, str]]) -> int:
        """Write the tensors of one run, and take them off the list; return how many bytes it had room for."""
        sizes = {output.size for output in self._prediction.outputs.values() if output.size <= MAX_CLASSES}
        self._logits |= {name: array.copy() for name, array in run.tensors.items() if array.size in sizes}
        for name in [each for each in waiting if each in run.unshowable]:
            self._remarks.append(f"Tensor {name} was not written: it holds no plain numbers ({run.unshowable[name]}).")
            del waiting[name]
        for name in [each for each in waiting if each in run.tensors]:
            self._write_tensor(name, run.tensors, *waiting.pop(name))
        return sum(array.nbytes for array in run.tensors.values())

    def write_probabilities(self) -> None:
        """Write the answer."""
        if "probabilities" not in self._what:
            return
        outputs = self._prediction.outputs
        answer = answered(self._source.model, self._prediction, self._logits, self._source.head)
        labels = self._source.labels
        facts = answer_facts(self._prediction.image, answer, labels, outputs, self._outputs)
        self._folder.write_json(PROBABILITIES, facts)
        self._done(_entry(PROBABILITIES, "probabilities", tensor=answer.output))
        for each in self._outputs:
            if each.name in self._seen:
                self._write_output(each, outputs[each.name])

    def _write_output(self, output: Output, values: Array) -> None:
        """Write an output that can be seen."""
        pixels, facts = output_picture(output, values, self._source.labels)
        content = self._encode(pixels)
        entry = _entry(self._seen[output.name], "output", tensor=output.name, array=values) | facts
        self._folder.write(entry["file"], lambda file: file.write(content))
        self._done(entry)

    def finish(self) -> Exported:
        """Write the index, and remove what an earlier export wrote besides."""
        files = [name for name in self._names if name in self._entries]
        self._folder.finish(files, self._index([self._entries[name] for name in files]))
        self._progress(len(self._names), len(self._names))
        return Exported(os.fspath(self._folder.path), (*files, INDEX), tuple(self._remarks), self._failure)

    # ---------------------------------------------------------------- parts

    def _every_name(self) -> Iterator[str]:
        """Yield the names of all files that may be written."""
        if "tensors" in self._what:
            yield from self._inputs.values()
        endings = [ending for what, ending in (("maps", ".png"), ("tensors", ".npy")) if what in self._what]
        for layer in self._layers:
            for _, stem in self._tensor_stems(layer):
                yield from (stem + ending for ending in endings)
            if "kernels" in self._what and layer.weight("kernel") is not None:
                yield from (f"{self._stems[layer.name]}-kernels{ending}" for ending in (".png", ".npy"))
        if "probabilities" in self._what:
            yield PROBABILITIES
            yield from self._seen.values()

    def _tensor_stems(self, layer: Layer) -> Iterator[tuple[str, str]]:
        """Yield each tensor of a layer with the start of its files' names."""
        stem = self._stems[layer.name]
        for place, output in enumerate(layer.outputs):
            if output.name:  # an optional output that the model leaves out has none
                yield output.name, f"{stem}-output{place}" if place else stem

    def _write_tensor(self, name: str, tensors: Mapping[str, Array], layer: Layer, stem: str) -> None:
        array = tensors[name]
        known = next(output for output in layer.outputs if output.name == name)
        if "maps" in self._what:
            drawn = maps_picture(array, known, tensors)
            is_real = known.codes is not None and quantized.is_known(array, known.codes, tensors)
            entry = _entry(f"{stem}.png", "maps", layer, name, array, drawn)
            entry["quantization"] = codes_facts(known.codes, tensors, is_real)
            self._write_picture(entry, drawn)
        if "tensors" in self._what:
            entry = _entry(f"{stem}.npy", "tensors", layer, name, array)
            entry["quantization"] = codes_facts(known.codes, tensors, is_real=False)
            self._write_array(entry, array)

    def _write_picture(self, entry: Facts, drawn: Drawn | None) -> None:
        if drawn is not None:
            content = self._encode(drawn.pixels)
            self._folder.write(entry["file"], lambda file: file.write(content))
            self._done(entry)

    def _write_array(self, entry: Facts, array: Array) -> None:
        def fill(file: BinaryIO) -> None:
            np.lib.format.write_array(file, array, allow_pickle=False)

        self._folder.write(entry["file"], fill)
        self._done(entry)

    def _done(self, entry: Facts) -> None:
        self._entries[entry["file"]] = entry
        self._progress(len(self._entries), len(self._names))

    def _index(self, files: list[Facts]) -> Facts:
        return {
            "model": self._source.path,
            "sha256": self._source.sha256,
            "image": self._prediction.image,
            "preprocessing": preprocessing_facts(self._prediction.preprocessing),
            "provider": self._prediction.provider,
            **self._run_facts,
            "version": __version__,
            "files": files,
        }


def _entry(
    file: str,
    what: str,
    layer: Layer | None = None,
    tensor: str = "",
    array: Array | None = None,
    drawn: Drawn | None = None,
) -> Facts:
    return {
        "file": file,
        "what": what,
        "layer": None if layer is None else layer.name,
        "op_type": None if layer is None else layer.op_type,
        "tensor": tensor or None,
        "shape": None if array is None else list(array.shape),
        "dtype": None if array is None else array.dtype.name,
        "limits": None if drawn is None else list(drawn.limits),
        "colormap": None if drawn is None else drawn.colormap,
        "quantization": None,
    }


def _groups(layers: Sequence[Layer], waiting: Iterable[str], room: int) -> list[tuple[str, ...]]:
    """Put tensors together that one run has room for; one of unknown size, or type, comes alone."""
    wanted = set(waiting)
    groups: list[tuple[str, ...]] = []
    left = 0
    for output in (each for layer in layers for each in layer.outputs if each.name in wanted):
        size = room
        if output.shape is not None and all(isinstance(length, int) for length in output.shape):
            size = size_bytes(by_name(output.dtype), [int(length) for length in output.shape if length is not None])
        if groups and 0 < size <= left:
            groups[-1] += (output.name,)
        else:
            groups.append((output.name,))
            left = room
        left -= size
    return groups


def _kernel_codes(weight: Weight) -> Codes | None:
    """Return what the integers of a quantized weight stand for, in the shape in which the layer gets it.

    None for one that is not quantized, or has a scale for each block of an axis.
    """
    if weight.quantization is None:
        return None
    scale, axis = weight.quantization.scale.read().reshape(-1), weight.quantization.axis
    zeros = weight.quantization.zero_point
    offsets = np.zeros(1) if zeros is None else zeros.codes().reshape(-1)
    for step in weight.steps:
        if max(scale.size, offsets.size) > 1:
            if step.op != "transpose":
                return None
            axis = step.numbers.index(axis)
    if not {scale.size, offsets.size} <= {1, weight.shape[axis] if axis < len(weight.shape) else 1}:
        return None
    return Codes(tuple(float(each) for each in scale), tuple(int(each) for each in offsets), axis)


def _has_spatial_kernel(layer: Layer) -> bool:
    weight = layer.weight("kernel")
    return weight is not None and len(weight.shape) == 4
