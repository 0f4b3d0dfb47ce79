"""What one layer makes of one picture after the other, as an animation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from inspector.errors import ExportError, InspectorError, UsageError
from inspector.export import moving
from inspector.export.files import INDEX, Folder
from inspector.export.index import asked_facts, entry, index_facts, run_facts
from inspector.export.names import SEQUENCE, FileNames
from inspector.export.pictures import Shown, shown
from inspector.export.wish import Look, Wish
from inspector.export.writer import Exported, Source, chosen_layers
from inspector.graph.model import Layer, Model, Prediction, Run
from inspector.render.limits import fitted

MOST_LAYERS = 8  # each is run through twice
FOLDER = SEQUENCE
Fetch = Callable[[str, tuple[str, ...]], Run]


@dataclass(slots=True)
class _Pictures:
    """The pictures that can be run, and why others cannot."""

    fetch: Fetch
    names: list[str]
    failures: dict[str, InspectorError] = field(default_factory=dict)
    first: Run | None = None

    def shown(self, layer: Layer, look: Look) -> Iterator[tuple[str, Shown]]:
        """Yield what a layer made of each."""
        known = layer.output
        for name in list(self.names):
            try:
                run = self.fetch(name, (known.name,))
                ready = shown(run.tensors[known.name], known, run.tensors, look) if known.name in run.tensors else None
            except InspectorError as error:
                self.failures[name] = error
                self.names.remove(name)
                continue
            self.first = self.first or replace(run, tensors={})
            if ready is not None:
                yield name, ready


def check_sequence(model: Model, wish: Wish) -> tuple[Layer, ...]:
    """Return the layers of a sequence.

    Raises:
        UsageError: They are none, or too many.
    """
    layers = chosen_layers(model, wish)
    if len(layers) > MOST_LAYERS:
        raise UsageError(
            f"A sequence of pictures is of {MOST_LAYERS} layers at most, and these are {len(layers)}.",
            "Choose some with --layers.",
        )
    return layers


def export_sequence(
    path: str | os.PathLike[str], source: Source, images: Sequence[str], fetch: Fetch, wish: Wish, overwrite: bool
) -> tuple[Exported, tuple[InspectorError, ...]]:
    """Write an animation of what each chosen layer makes of one picture after the other, with limits for all of them.

    Args:
        path: The folder, see ``writer.export``.
        source: The network.
        images: Pictures, in their order.
        fetch: Returns a run of a picture that holds these tensors. It is called twice for each picture and layer.
        wish: Its formats, layers, channels (an animation each; none for a mosaic of all) and look.
        overwrite: Replace what an earlier export wrote there.

    Returns:
        What was written, and why pictures were left out.

    Raises:
        ExportError: A file cannot be written. UsageError: The layers are none, or too many.
    """
    layers = check_sequence(source.model, wish)
    folder = Folder(path)
    if folder.holds_export and not overwrite:
        raise ExportError(f"{folder.path} holds the files of an earlier export.", "Give --overwrite to replace them.")
    nothing = Prediction(images[0] if images else "", {}, {}, None, None, "", 0.0)
    stems = FileNames(source.model, layers, nothing, (), wish)
    every = [
        (layer, channel, kind, f"{stem}{'' if channel is None else f'-c{channel:04}'}.{kind}")
        for layer in layers
        for _, stem in list(stems.stems(layer))[:1]
        for channel in wish.channels or (None,)
        for kind in wish.formats_of("sequence")
    ]
    asked = asked_facts(wish, source.sha256, source.head, source.options, "") | {"images": list(images)}

    def index(files: list[dict[str, object]], prediction: Prediction, is_complete: bool) -> dict[str, object]:
        ran = run_facts(pictures.first)
        return index_facts(source.path, source.sha256, prediction, ran, asked, files, is_complete)

    pictures = _Pictures(fetch, list(images))
    folder.claim([each[3] for each in every], lambda names: index([entry(each, "") for each in names], nothing, False))
    written = []
    for layer, channel, kind, file in every:
        about = _write(folder, pictures, layer, channel, kind, file, wish.look)
        if about is not None:
            written.append(about)
    prediction = pictures.first.prediction if pictures.first is not None else nothing
    files = [str(each["file"]) for each in written]
    folder.finish(files, index(written, prediction, not pictures.failures))
    remarks = tuple(f"{each[3]} was not written: there is nothing to draw." for each in every if each[3] not in files)
    return Exported(os.fspath(folder.path), (*files, INDEX), remarks), tuple(pictures.failures.values())


def _write(
    folder: Folder, pictures: _Pictures, layer: Layer, channel: int | None, kind: str, file: str, look: Look
) -> dict[str, object] | None:
    found = [
        ready.limits
        for _, ready in pictures.shown(layer, replace(look, scaling="layer"))
        if channel is None or channel < len(ready.read.values)
    ]
    if not found:
        return None
    limits, colormap = fitted(moving.common_limits(found), look.colormap)
    title = f"{layer.index} {layer.name}"
    sequence = ((os.path.basename(name), ready) for name, ready in pictures.shown(layer, look))
    frames = moving.pictures(sequence, title, limits, colormap, channel)
    content = moving.gif(frames) if kind == "gif" else moving.mp4(frames)
    done = folder.write(file, lambda target: target.write(content))
    about = entry(file, "sequence", layer, layer.output.name)
    shown_channels = {"order": "as stored", "shown": "all" if channel is None else [channel]}
    about |= {"limits": list(limits.of(0)), "colormap": colormap, "channels": shown_channels}
    return about | {"images": list(pictures.names), "bytes": done.bytes, "sha256": done.sha256}
