"""What was changed of a network since its file was read: plain facts, which travel between the processes."""

from __future__ import annotations

from dataclasses import dataclass

MOST_CHANGES = 1 << 14  # numbers in all; each takes some 30 bytes of a message, whose length is limited


@dataclass(frozen=True, slots=True)
class WeightEdit:
    """Other numbers in a stored weight.

    Attributes:
        weight: The tensor's name in the graph.
        places: Indices into it as it is stored, flattened; ascending.
        numbers: What is there instead; of a quantized weight codes, as they are stored.
    """

    weight: str
    places: tuple[int, ...]
    numbers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SlideEdit:
    """Another stride or padding of a layer.

    Attributes:
        output: The layer's first tensor, which no other layer has.
        strides: One number for each spatial axis; empty leaves the file's.
        pads: In ONNX order, all begins and then all ends; empty leaves the file's.
    """

    output: str
    strides: tuple[int, ...] = ()
    pads: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Edits:
    """All that was changed; false where nothing was."""

    weights: tuple[WeightEdit, ...] = ()
    slides: tuple[SlideEdit, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.weights or self.slides)

    @property
    def count(self) -> int:
        """How many numbers of weights were changed."""
        return sum(len(each.places) for each in self.weights)

    def weight(self, name: str) -> WeightEdit | None:
        """Return what was changed of that weight, or None."""
        return next((each for each in self.weights if each.weight == name), None)

    def slide(self, output: str) -> SlideEdit | None:
        """Return what was changed of the layer with that output, or None."""
        return next((each for each in self.slides if each.output == output), None)


UNCHANGED = Edits()
