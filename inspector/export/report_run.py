"""A report from runs: the layers one after the other, in as many runs as memory needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inspector.analysis.heads import answered
from inspector.analysis.outputs import described
from inspector.errors import LimitError
from inspector.export import gathered
from inspector.export.index import file_sha256, runtime_version
from inspector.export.kernels import first_spatial, sees_bgr
from inspector.export.pieces import groups
from inspector.export.report import MOST_BYTES, About, file_size, report
from inspector.export.report_parts import LayerPart, layer_part, with_kernels
from inspector.export.wish import Look
from inspector.graph.model import Array, Layer, Model, Run

Fetch = Callable[[tuple[str, ...]], Run]
Progress = Callable[[int, int], None]


def inspection(
    model: Model,
    path: str,
    fetch: Fetch,
    *,
    layers: Sequence[Layer] | None = None,
    labels: Sequence[str] = (),
    head: str = "",
    look: Look | None = None,
    most_bytes: int = MOST_BYTES,
    progress: Progress = lambda done, total: None,
) -> str:
    """Return the report of one picture.

    Args:
        model: The network.
        path: Of its file, as it was given.
        fetch: Returns a run with these tensors, or for an empty tuple with all that fit in memory. It is called again
            for those that are missing then.
        layers: Those that are shown; None for all.
        labels: Of the classes, or empty.
        head: How the user wants the answer read; ``""`` leaves it to the model.
        look: How pictures of layers are drawn.
        most_bytes: Of the whole file.
        progress: Called with the number of layers that are done, and of all.

    Raises:
        ExportError: The model's file cannot be read any more, or the report cannot be made that small.
    """
    chosen = model.layers if layers is None else layers
    run = fetch(())
    prediction = run.prediction
    difference, view = run.difference, run.view
    found: dict[str, LayerPart] = {}
    remarks: list[str] = []
    logits: dict[str, Array] = {}
    missing = set(run.missing)
    shown = tuple(layer.output.name for layer in chosen if layer.output.name not in missing)
    room = sum(array.nbytes for array in run.tensors.values())
    more = groups([layer.output for layer in chosen if layer.output.name in missing], room)
    is_bgr, first = sees_bgr(prediction), first_spatial(model)
    for place, wanted in enumerate((shown, *more)):
        if place:
            del run  # its memory is needed
            try:
                run = fetch(wanted)
            except LimitError as error:
                remarks.append(error.message)
                run = Run(0, prediction, {}, None, 0.0)
        logits |= gathered.logits(prediction, run.tensors)
        for layer in (each for each in chosen if each.output.name in wanted):
            part = layer_part(layer, run.tensors, look)
            if not part.shape and layer.output.name in run.unshowable:
                words = f"Its tensor holds no plain numbers ({run.unshowable[layer.output.name]})."
                part = LayerPart(layer, remarks=(words,))
            found[layer.name] = with_kernels(part, is_bgr, layer is first)
            progress(len(found), len(chosen))
    answer = answered(model, prediction, logits, head)
    about = About(
        model,
        path,
        file_sha256(path),
        prediction,
        answer,
        labels,
        described(model, prediction, answer),
        view,
        difference,
        runtime_version() or "",
        file_size(path),
        remarks,
    )
    return report(about, [found[layer.name] for layer in chosen], most_bytes)
