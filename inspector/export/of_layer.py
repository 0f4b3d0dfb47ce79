"""The files that are of one layer: its kernels, and what its tensors hold, as numbers and as pictures."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping

from inspector.analysis.statistics import statistics
from inspector.export import answers, gathered, moving, svg, viewers
from inspector.export.captions import kernel_lines, map_lines
from inspector.export.facts import Facts, codes_facts
from inspector.export.index import entry
from inspector.export.listing import Listing
from inspector.export.names import FileNames
from inspector.export.pictures import (
    Drawn,
    channel_picture,
    kernels_picture,
    mosaic_picture,
    overlay_picture,
    shown,
    stack_of,
    strongest_channel,
)
from inspector.export.pieces import DrawnTensor
from inspector.export.wish import Wish
from inspector.graph.columns import Column
from inspector.graph.model import Array, Layer, Picture
from inspector.render.columns import Tiles


class LayerFiles:
    """Writes what is wanted of one layer after the other, on any thread, and gathers what is of all of them.

    Args:
        wish: What to write.
        names: Of the files.
        listing: Where they go.
        picture: That was fed; None where there was none.
        columns: Of the overview, by the tensor that each shows.

    Attributes:
        statistics: Rows of ``gathered.statistics_facts``, by tensor.
        tiles: Of the overview, by tensor.
    """

    def __init__(
        self,
        wish: Wish,
        names: FileNames,
        listing: Listing,
        picture: Picture | None,
        columns: Mapping[str, Column],
    ) -> None:
        self._wish = wish
        self._names = names
        self._listing = listing
        self._picture = picture
        self._columns = columns
        self._lock = threading.Lock()
        self.statistics: dict[str, Facts] = {}
        self.tiles: dict[str, Tiles] = {}

    def write_kernel(
        self, layer: Layer, name: str, kernel: Array, quantization: Facts | None, is_bgr: bool, is_first: bool
    ) -> None:
        """Write the kernels of a layer.

        Args:
            layer: The layer.
            name: Of its weight.
            kernel: ``(outputs, inputs, ...)`` real numbers.
            quantization: What their codes stood for.
            is_bgr: A picture's channels are blue, green, red.
            is_first: It is the layer whose kernels slide over the picture itself.
        """
        wish = self._wish
        file = functools.partial(self._names.kernels, layer)
        more = {"quantization": quantization}
        if wish.has("kernels", "png"):
            drawn = kernels_picture(kernel, is_bgr, as_rgb=is_first, look=wish.look)
            if drawn is not None:
                about = entry(file("png"), "kernels", layer, name, kernel, drawn) | more
                self._listing.picture(about, drawn, kernel_lines(layer.name, kernel))
        if wish.has("kernels", "npy"):
            self._listing.array(entry(file("npy"), "kernels", layer, name, kernel) | more, kernel)
        if wish.has("kernels", "tiff") and 2 <= kernel.ndim <= 5 and kernel.size:
            spatial = kernel.reshape(*kernel.shape[:2], *([1] * max(0, 4 - kernel.ndim)), *kernel.shape[2:])
            stack, axes = (spatial, "ZCYX") if spatial.ndim == 4 else (spatial.swapaxes(1, 2), "TZCYX")
            self._listing.stack(entry(file("tiff"), "kernels", layer, name, kernel) | more, stack, axes)

    def write_tensor(self, name: str, tensors: Mapping[str, Array], layer: Layer, stem: str) -> None:
        """Write all that is wanted of one tensor.

        Args:
            name: Of the tensor.
            tensors: Of the run.
            layer: That makes it.
            stem: How its files' names begin.
        """
        wish, array = self._wish, tensors[name]
        known = next(output for output in layer.outputs if output.name == name)
        if wish.has("tensors", "npy"):
            about = entry(f"{stem}.npy", "tensors", layer, name, array)
            about["quantization"] = codes_facts(known.codes, tensors, is_real=False)
            self._listing.array(about, array)
        if wish.what & {"statistics", "viewers"}:
            found = gathered.statistics_facts(layer, name, array, statistics(array))
            with self._lock:
                self.statistics[name] = found
        if not wish.what & {"maps", "overlay", "overview", "colors", "viewers"}:
            return
        ready = shown(array, known, tensors, wish.look)
        if ready is None:
            return
        if "viewers" in wish.what:
            channels = viewers.channel_facts(ready.read)
            with self._lock:
                self.statistics[name] |= channels
        if name in self._columns:
            drawn = gathered.overview_tiles(ready)
            with self._lock:
                self.tiles[name] = drawn
        self._write_maps(DrawnTensor(name, layer, stem, array, known, tensors, ready))

    def _write_maps(self, of: DrawnTensor) -> None:
        """Write all that is drawn of one tensor."""
        wish, names, look = self._wish, self._names, self._wish.look
        chosen = [each for each in wish.channels if each < len(of.ready.read.values)]
        if wish.has("maps", "png") and not wish.channels:
            self._write_drawn(names.maps(of.stem, "png"), "maps", of, mosaic_picture(of.ready, look))
        if wish.has("maps", "png"):
            for channel in chosen:
                self._write_drawn(names.channel(of.stem, channel), "maps", of, channel_picture(of.ready, channel, look))
        if wish.has("colors", "svg"):
            self._write_color_bar(of)
        for kind in ("gif", "mp4"):
            if wish.has("maps", kind) and (chosen or not wish.channels):
                frames = moving.channels(of.ready, of.title(), chosen)
                content = moving.gif(frames) if kind == "gif" else moving.mp4(frames)
                about = of.entry(names.maps(of.stem, kind), "maps")
                self._listing.content(about | {"channels": {"order": "as stored", "shown": chosen or "all"}}, content)
        if wish.has("maps", "tiff"):
            self._write_stack(of, chosen)
        if wish.has("overlay", "png") and self._picture is not None and of.ready.has_maps:
            start = names.overlay(of.stem)
            for channel in chosen if wish.channels else [strongest_channel(of.ready)]:
                file = names.channel(start, channel) if wish.channels else names.maps(start, "png")
                self._write_drawn(file, "overlay", of, overlay_picture(of.ready, channel, self._picture, look))

    def _write_stack(self, of: DrawnTensor, chosen: list[int]) -> None:
        stack, axes = stack_of(of.ready, self._wish.channels)
        about = of.entry(self._names.maps(of.stem, "tiff"), "maps")
        if self._wish.channels:
            about["channels"] = {"order": "as stored", "shown": chosen}
        if stack.size:
            self._listing.stack(about, stack, axes, of.ready.limits.of(0) if of.ready.limits.is_shared else None)

    def _write_color_bar(self, of: DrawnTensor) -> None:
        ready = of.ready
        if not ready.limits.is_shared:
            return  # every channel has its own
        limits = ready.limits.of(0)
        about = of.entry(self._names.colors(of.stem), "colors") | {"limits": list(limits), "colormap": ready.colormap}
        bar = svg.color_bar(limits, ready.colormap, of.title())
        self._listing.content(about, bar.encode(errors=answers.LOST))

    def _write_drawn(self, file: str, what: str, of: DrawnTensor, drawn: Drawn) -> None:
        lines = map_lines(of.title(), of.layer.op_type, of.ready.read.values, drawn)
        self._listing.picture(of.entry(file, what, drawn), drawn, lines)
