"""Explanations of random elements, held against a plain ONNX Runtime session with optimisation off."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from inspector.explain.facts import Explanation
from inspector.explain.table import explain
from inspector.graph.reader import read

Feeds = Mapping[str, np.ndarray]


@dataclass
class Tally:
    """How many elements were explained, per operator, and which did not come out as the runtime has them."""

    agreed: collections.Counter[str] = field(default_factory=collections.Counter)
    unexplained: collections.Counter[tuple[str, str]] = field(default_factory=collections.Counter)
    disagreed: list[str] = field(default_factory=list)

    def note(self, where: str, found: Explanation) -> None:
        if not found.explained:
            self.unexplained[found.op_type, found.sentence] += 1
        elif found.agrees:
            self.agreed[found.op_type] += 1
        else:
            self.disagreed.append(
                f"{where}, {found.layer} ({found.op_type}) at {found.at}: {found.runtime} by the runtime, "
                f"{found.recomputed} recomputed, {found.bound} allowed"
            )


def marked(model: onnx.ModelProto) -> ort.InferenceSession:
    """A plain session with every tensor as an output and optimisation off."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    have = {output.name for output in copy.graph.output}
    for node in copy.graph.node:
        if node.op_type != "Constant":
            copy.graph.output.extend(
                onnx.ValueInfoProto(name=each) for each in node.output if each and each not in have
            )
            have.update(node.output)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    return ort.InferenceSession(copy.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run(model: onnx.ModelProto, feeds: Feeds) -> dict[str, np.ndarray]:
    """Every tensor of numbers that a run makes, and what was fed."""
    session = marked(model)
    names = [output.name for output in session.get_outputs()]
    values = dict(zip(names, session.run(names, dict(feeds)), strict=True))
    numbers = {n: v for n, v in values.items() if isinstance(v, np.ndarray) and v.dtype.kind in "fiub"}
    return {**numbers, **feeds}


def check(tally: Tally, path: Path, model: onnx.ModelProto, feeds: Feeds, elements: int, seed: int = 0) -> None:
    """Explain some random elements of every output of every layer."""
    rng, tensors, opened = np.random.default_rng(seed), run(model, feeds), read(str(path))
    for layer in opened.model.layers:
        for number, output in enumerate(layer.outputs):
            made = tensors.get(output.name)
            for _ in range(elements if made is not None and made.size else 0):
                at = tuple(int(rng.integers(length)) for length in made.shape)
                tally.note(path.name, explain(opened.model, layer, tensors, at, output=number))


def save(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path
