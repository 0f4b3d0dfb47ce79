"""What the files of an export are called: known before anything runs, so that nothing of the user's is in the way."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence

from inspector.export.files import distinct_names, safe_name
from inspector.export.wish import Wish
from inspector.graph.model import Layer, Model, Prediction

_TABLES = ("probabilities", "layers", "statistics")
_ENDINGS = {"tiff": "tif"}
TENSORS, KERNELS = "tensors.npz", "kernels.npz"
OVERVIEW, REPORT = "overview.png", "report.html"
SEQUENCE = "sequence"  # the folder of what is of all pictures together
NETRON, MODEL_EXPLORER = "netron.json", "model-explorer.json"


def matching(model: Model, pattern: str) -> tuple[Layer, ...]:
    """Return the layers whose names match a pattern, as shells have it."""
    return tuple(layer for layer in model.layers if fnmatch.fnmatchcase(layer.name, pattern))


class FileNames:
    """The names of all files that one export may write.

    Args:
        model: The network.
        layers: Those that are chosen.
        prediction: Its inputs have files of their own.
        seen: The outputs that are written as pictures.
        wish: What to write.
    """

    def __init__(
        self, model: Model, layers: Sequence[Layer], prediction: Prediction, seen: Sequence[str], wish: Wish
    ) -> None:
        self._wish = wish
        self._layers = layers
        digits = max(3, len(str(len(model.layers))))
        self._stems = {layer.name: f"{layer.index:0{digits}}-{safe_name(layer.name)}" for layer in layers}
        fed = list(prediction.fed)
        self._inputs = {name: f"input-{safe}" for name, safe in zip(fed, distinct_names(fed), strict=True)}
        self._outputs = {name: f"output-{safe}.png" for name, safe in zip(seen, distinct_names(seen), strict=True)}

    def every(self) -> tuple[str, ...]:
        """Return all names, in the order of the layers, each once."""
        return tuple(dict.fromkeys(self._every()))

    def input(self, name: str, format: str) -> str:
        """Return the file of what an input was fed."""
        return f"{self._inputs[name]}.{format}"

    def output(self, name: str) -> str:
        """Return the picture of an output; ``""`` for one that has none."""
        return self._outputs.get(name, "")

    def stems(self, layer: Layer) -> Iterator[tuple[str, str]]:
        """Yield each tensor of a layer with the start of its files' names."""
        stem = self._stems[layer.name]
        for place, output in enumerate(layer.outputs):
            if output.name:  # an optional output that the model leaves out has none
                yield output.name, f"{stem}-output{place}" if place else stem

    def kernels(self, layer: Layer, format: str = "") -> str:
        """Return the file of a layer's kernels, or the name that they have within another file."""
        stem = f"{self._stems[layer.name]}-kernels"
        return f"{stem}.{_ENDINGS.get(format, format)}" if format else stem

    def maps(self, stem: str, format: str) -> str:
        """Return the file of all maps of a tensor."""
        return f"{stem}.{_ENDINGS.get(format, format)}"

    def channel(self, stem: str, channel: int) -> str:
        """Return the file of one map."""
        return f"{stem}-c{channel:04}.png"

    def overlay(self, stem: str) -> str:
        """Return the start of the names of maps over the picture."""
        return f"{stem}-overlay"

    def colors(self, stem: str) -> str:
        """Return the file of a tensor's colour bar."""
        return f"{stem}-colors.svg"

    def _every(self) -> Iterator[str]:
        wish = self._wish
        for name in self._inputs:
            if wish.has("tensors", "npy") or wish.has("input", "npy"):
                yield self.input(name, "npy")
            if wish.has("input", "png"):
                yield self.input(name, "png")
        for layer in self._layers:
            for _, stem in self.stems(layer):
                yield from self._of_tensor(stem)
            if "kernels" in wish.what and layer.weight("kernel") is not None:
                yield from (self.kernels(layer, each) for each in wish.formats_of("kernels") if each != "npz")
        yield from self._of_all()

    def _of_tensor(self, stem: str) -> Iterator[str]:
        wish = self._wish
        if wish.has("maps", "png"):
            yield from (self.channel(stem, each) for each in wish.channels)
            if not wish.channels:
                yield self.maps(stem, "png")
        for format in ("tiff", "gif", "mp4"):
            if wish.has("maps", format):
                yield self.maps(stem, format)
        if wish.has("overlay", "png"):
            yield from (self.channel(self.overlay(stem), each) for each in wish.channels)
            if not wish.channels:
                yield self.maps(self.overlay(stem), "png")
        if wish.has("colors", "svg"):
            yield self.colors(stem)
        if wish.has("tensors", "npy"):
            yield f"{stem}.npy"

    def _of_all(self) -> Iterator[str]:
        wish = self._wish
        for what, name in (("tensors", TENSORS), ("kernels", KERNELS)):
            if wish.has(what, "npz"):
                yield name
        for what in _TABLES:
            if what in wish.what:
                yield from (f"{what}.{format}" for format in wish.formats_of(what))
        if writes_outputs(wish):
            yield from self._outputs.values()
        if "overview" in wish.what:
            yield OVERVIEW
        if "viewers" in wish.what:
            yield from (NETRON, MODEL_EXPLORER)
        if "report" in wish.what:
            yield REPORT


def writes_outputs(wish: Wish) -> bool:
    """Say whether outputs that can be seen are written as pictures: they are part of the answer."""
    return "probabilities" in wish.what and (not wish.formats or "png" in wish.formats)
