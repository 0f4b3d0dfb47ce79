"""The kernels of the layer that is shown, and what is worked out of them: kept while the layer stays."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from inspector.analysis.kernels import (
    Fold,
    KernelReader,
    KernelSurvey,
    fold,
    frequency_response,
    kernel_numbers,
    kernel_survey,
)
from inspector.graph.context import sees_picture
from inspector.graph.kernel_neighbours import flattened_facts, normalization_after
from inspector.graph.kernels import KernelFacts, kernel_facts
from inspector.graph.model import Array, Layer, Model
from inspector.render.kernels import tiles_of, with_gaps
from inspector.ui.later import Later
from inspector.ui.panels.kernel_details import Detailed
from inspector.ui.panels.kernel_drawing import READ_AT_ONCE, Kernels, Wish
from inspector.ui.panels.kernel_readout import Mode, Shown


class KernelSource(QObject):
    """Reads a layer's kernels.

    Attributes:
        kernels: Of the layer that was asked for last; None before.
        normalization: That can be folded into them; None for none.

    Signals:
        done: A layer has been looked through.
    """

    done = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.kernels: Kernels | None = None
        self.normalization: Layer | None = None
        self._surveys: dict[bool, KernelSurvey] = {}  # of the real numbers, and of the codes
        self._surveying = Later(self)
        self._surveying.done.connect(self.done)

    def facts(self, model: Model, layer: Layer | None) -> KernelFacts | None:
        """Return the shape of a layer's kernels; it is not worked out again while the layer stays."""
        kernels = self.kernels
        if layer is None or (kernels is not None and kernels.layer is layer):
            return kernels.known if kernels is not None and layer is not None else None
        self.kernels = None
        known = flattened_facts(model, layer) or kernel_facts(layer)
        weight = layer.weight("kernel")
        is_plain = weight is not None and weight.quantization is None
        self.normalization = normalization_after(model, layer) if is_plain else None
        return known

    def of(self, layer: Layer, known: KernelFacts, is_folded: bool) -> Kernels:
        """Return what reads a layer's kernels; what was read before is kept as long as it holds.

        Args:
            layer: The one whose ``facts`` were asked for.
            known: These.
            is_folded: With the normalization that follows, if there is one.

        Raises:
            ModelError: The file has changed since the model was opened, or cannot be read.
        """
        before, folded = self.kernels, self._fold(layer) if is_folded else None
        had = before.real.folded if before is not None else None
        if before is not None and before.layer is layer and had is folded:
            return before
        weight = layer.weight("kernel")
        has_codes = weight is not None and weight.quantization is not None
        codes = KernelReader(layer, known, codes=True) if has_codes else None
        self.kernels = Kernels(layer, known, KernelReader(layer, known, folded=folded), codes)
        self._surveys = {}
        return self.kernels

    def _fold(self, layer: Layer) -> Fold | None:
        if self.normalization is None:
            return None
        before = self.kernels
        known = before.real.folded if before is not None and before.layer is layer else None
        return known or fold(layer, self.normalization)

    def survey(self, codes: bool) -> KernelSurvey | None:
        """Return what all kernels hold; None while they are being looked through.

        Raises:
            ModelError: The file has changed since the model was opened, or cannot be read.
        """
        kernels = self.kernels
        if kernels is None:
            return None
        reader = kernels.codes if codes and kernels.codes is not None else kernels.real
        key = reader is kernels.codes
        if key not in self._surveys:
            if reader.numbers * kernels.known.outputs <= READ_AT_ONCE:
                found: KernelSurvey | None = kernel_survey(reader)
            else:
                found = self._surveying.result((id(kernels), key), partial(kernel_survey, reader))
            if found is None:
                return None
            self._surveys[key] = found
        return self._surveys[key]

    def forget(self) -> None:
        """Hold nothing."""
        self._surveying.forget()
        self.kernels, self.normalization, self._surveys = None, None, {}


def modes_of(model: Model, kernels: Kernels) -> tuple[tuple[Mode, str], ...]:
    """Return the ways in which kernels can be shown, with their names."""
    known = kernels.known
    if not known.spatial:
        return (("matrix", "matrix"),)
    modes: list[tuple[Mode, str]] = [("one", "pictures" if known.flattened else "kernel")]
    if are_colors(model, kernels):
        modes = [("one", "RGB")]
    if not known.is_depthwise:
        modes.append(("all", "all"))
    if known.flattened:
        modes.append(("matrix", "matrix"))
    return tuple(modes)


def are_colors(model: Model, kernels: Kernels) -> bool:
    """Say whether kernels look at a picture of three channels."""
    known = kernels.known
    is_sliding = len(known.spatial) == 2 and not known.transposed and not known.flattened
    return known.inputs == 3 and is_sliding and sees_picture(model, kernels.layer)


def detailed(kernels: Kernels, wish: Wish, shown: Shown, input: int, survey: KernelSurvey | None) -> Detailed:
    """Return what the chosen kernel and its layer hold.

    Args:
        kernels: Of the layer.
        wish: What is drawn.
        shown: How.
        input: The chosen input channel.
        survey: Of all kernels; None while they are being looked through.
    """
    reader = kernels.codes if kernels.codes is not None and wish.codes else kernels.real
    slice_, of = _answering(kernels, wish, shown, input)
    return Detailed(
        f"output {wish.output}" if kernels.known.flattened else f"kernel {wish.output}",
        kernel_numbers(reader.of((wish.output,))),
        survey.all if survey is not None else None,
        frequency_response(slice_) if slice_.size > 1 else None,
        of,
        shown.limits,
    )


def _answering(kernels: Kernels, wish: Wish, shown: Shown, input: int) -> tuple[Array, str]:
    """Return what of the chosen kernel answers to waves, ``(height, width)`` of real numbers, and its name."""
    tiles = tiles_of(kernels.real.of((wish.output,)), shown.plane)
    if shown.what == "colors":
        found, of = tiles.sum(axis=0, keepdims=True), "R + G + B, a grey picture's"
    else:
        place = 0 if shown.what == "kernels" else input
        found, of = tiles[place : place + 1], shown.names[0] or f"kernel {wish.output}"
    return (with_gaps(found, shown.gaps) if wish.gaps else found)[0], of
