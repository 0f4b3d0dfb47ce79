"""What the writer of an export hands on: a tensor that is drawn, an NPZ file under way, tensors that fit together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inspector.analysis import quantized
from inspector.export.facts import Facts, codes_facts
from inspector.export.files import Part, Written, writing
from inspector.export.index import entry
from inspector.export.numbers import Npz
from inspector.export.pictures import Drawn, Shown
from inspector.graph.cost import tensor_bytes
from inspector.graph.model import Array, Layer, Tensor


@dataclass(frozen=True, slots=True)
class DrawnTensor:
    """A tensor whose maps are drawn, with where it comes from."""

    name: str
    layer: Layer
    stem: str
    array: Array
    known: Tensor
    tensors: Mapping[str, Array]
    ready: Shown

    def entry(self, file: str, what: str, drawn: Drawn | None = None) -> Facts:
        """Return what is listed of a file that shows this tensor."""
        known, array = self.known.codes, self.array
        is_real = known is not None and quantized.is_known(array, known, self.tensors)
        found = entry(file, what, self.layer, self.name, array, drawn)
        return found | {"quantization": codes_facts(known, self.tensors, is_real)}

    def title(self) -> str:
        """Return the layer, and which of its outputs it is where it has several."""
        place = [output.name for output in self.layer.outputs].index(self.name)
        return f"{self.layer.index} {self.layer.name}" + (f", output {place}" if place else "")


class OpenNpz:
    """An NPZ file under way: what it holds is listed with the names of the arrays."""

    def __init__(self, part: Part, file: str, what: str) -> None:
        self._part = part
        self._npz = Npz(part.file)
        self._about = entry(file, what)
        self._arrays: list[Facts] = []

    def add(self, name: str, array: Array, layer: str, tensor: str) -> None:
        """Write one more array."""
        with writing(self._part.target):
            self._npz.add(name, array)
        about = {"array": name, "layer": layer, "tensor": tensor, "shape": list(array.shape)}
        self._arrays.append(about | {"dtype": array.dtype.name})

    def finish(self) -> Facts:
        """Put the file in its place, and return what is listed of it."""
        with writing(self._part.target):
            self._npz.finish()
        return self._about | {"arrays": self._arrays} | sized(self._part.finish())


def sized(written: Written) -> Facts:
    """Return what is listed of a file once it is written."""
    return {"bytes": written.bytes, "sha256": written.sha256}


def groups(tensors: Iterable[Tensor], room: int) -> list[tuple[str, ...]]:
    """Put tensors together, by name, that one run has room for; one of unknown size, or type, comes alone.

    Args:
        tensors: In the order in which they are asked for.
        room: Bytes.
    """
    found: list[tuple[str, ...]] = []
    left = 0
    for each in tensors:
        size = tensor_bytes(each) or room
        if found and 0 < size <= left:
            found[-1] += (each.name,)
        else:
            found.append((each.name,))
            left = room
        left -= size
    return found
