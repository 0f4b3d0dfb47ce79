"""A quantized network as it is deployed: the tensors that full optimisation leaves, looked at without changing a bit.

Between a DequantizeLinear and a QuantizeLinear ONNX Runtime computes in integers, in one kernel: the real numbers that
stand there in the file are never made. What such a kernel writes is the output of the QuantizeLinear. It can be marked
as an output of the network, and mostly that changes nothing. Where it does (the mark keeps a node that would otherwise
have been merged with its neighbours), the answer tells: it is no longer the deployed network's, bit for bit.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as refusals

from inspector.engine.child import values
from inspector.engine.child.marking import with_outputs
from inspector.graph.model import Array, Layer, Model, RunView

MakeSession = Callable[[onnx.ModelProto], ort.InferenceSession]
_SEARCH_SECONDS = 2.0  # for a set of tensors that leaves the answer as it is
_REFUSALS = (
    *(refusals.Fail, refusals.InvalidArgument, refusals.InvalidGraph, refusals.NotImplemented),
    *(refusals.RuntimeException, refusals.EPFail, RuntimeError, MemoryError),
)


@dataclass(frozen=True, slots=True)
class AsDeployed:
    """What a run of the optimised network showed.

    Attributes:
        tensors: By name: those that were asked for, and the outputs.
        missing: Tensors left out to stay within the memory budget.
        why_not: Why there is nothing to show, as a sentence; ``""`` if there is.
        seconds: Of the run.
    """

    tensors: Mapping[str, Array] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    why_not: str = ""
    seconds: float = 0.0

    @property
    def views(self) -> tuple[RunView, ...]:
        """The views that the network has on this input."""
        return ("step by step",) if self.why_not else ("step by step", "as deployed")


@dataclass(frozen=True, slots=True)
class Asked:
    """One input of the network, and what the deployed session made of it.

    Attributes:
        feeds: Every input, by name.
        deployed: The outputs of the deployed session, by name.
        options: For the run.
    """

    feeds: Mapping[str, Array]
    deployed: Mapping[str, Array]
    options: ort.RunOptions


class Fused:
    """Runs a quantized network fully optimised, with the tensors marked that are left then.

    Args:
        model: What is known of it.
        proto: The untouched graph.
        casts: Its tensors of types that numpy lacks, by name: that type.
        make: Makes a fully optimised session.
    """

    def __init__(self, model: Model, proto: onnx.ModelProto, casts: Mapping[str, str], make: MakeSession) -> None:
        self._file = os.path.basename(model.path)
        self._proto = proto
        self._casts = casts
        self._make = make
        self._kept = survivors(model.layers)  # those that were never seen to change an answer
        self._in_a_row = in_a_row(model.layers)
        self._last: tuple[frozenset[str], Mapping[str, str], ort.InferenceSession] | None = None

    def check(self, asked: Asked, sizes: Mapping[str, int], budget_bytes: int) -> AsDeployed:
        """Say whether ``run`` would have tensors to return; it returns none itself."""
        return self._run(asked, _fitting(self._kept, sizes, budget_bytes), fetch=False)

    def run(
        self, asked: Asked, sizes: Mapping[str, int], budget_bytes: int, wanted: Collection[str] = ()
    ) -> AsDeployed:
        """Run the network; return the tensors that are left when it is optimised.

        Args:
            asked: The input.
            sizes: Bytes of the tensors whose size is known, by name.
            budget_bytes: Memory for the tensors.
            wanted: The tensors to return; empty for all that fit in ``budget_bytes``.
        """
        fitting = _fitting(self._kept, sizes, budget_bytes)
        missing = tuple(name for name in self._kept if name not in fitting)
        if wanted and missing:
            fitting = [name for name in self._kept if name in wanted]
            if not fitting:  # none of them is left when the network is optimised
                return AsDeployed(asked.deployed)
        found = self._run(asked, fitting, fetch=True)
        if not wanted:
            return found if found.why_not else AsDeployed(found.tensors, missing, "", found.seconds)
        shown = {name: array for name, array in found.tensors.items() if name in wanted or name in asked.deployed}
        return AsDeployed(shown, (), found.why_not, found.seconds)

    def _run(self, asked: Asked, names: list[str], fetch: bool) -> AsDeployed:
        """Run with these tensors marked, or the most of them that leave the answer as it is."""
        try:
            found = self._same(asked, names, fetch) if names else None
            if found is None and names:
                left = self._search(asked, names)
                self._kept = [name for name in self._kept if name not in names or name in left]
                found = self._same(asked, left, fetch) if left else None
        except _REFUSALS as error:
            said = " ".join(str(error).split())[:200]
            return AsDeployed(why_not=f"ONNX Runtime cannot run {self._file} with its tensors marked: {said}.")
        return found or AsDeployed(
            why_not=f"{self._file} cannot be shown as deployed: looking at any of the tensors that full optimisation"
            " leaves would change its answer."
        )

    def _search(self, asked: Asked, names: Sequence[str]) -> list[str]:
        """Return the tensors that can be marked together; as many as are found in the time there is."""
        until = time.monotonic() + _SEARCH_SECONDS
        left = [name for name in names if name not in self._in_a_row]
        if not left or len(left) == len(names) or self._same(asked, left, fetch=False) is None:
            left = []
        groups = [[name for name in names if name not in left]]
        if not left:
            groups = _halves(groups[0])  # the whole is known to be too much
        while groups and time.monotonic() < until:
            group = groups.pop()
            if self._same(asked, [*left, *group], fetch=False) is not None:
                left += group
            else:
                groups += _halves(group)
        return [name for name in names if name in left]

    def _same(self, asked: Asked, names: Sequence[str], fetch: bool) -> AsDeployed | None:
        """Run with these tensors marked; None if the answer is another one than the deployed session's."""
        shown, session = self._marked(names)
        outputs = list(dict.fromkeys([*asked.deployed, *(shown.values() if fetch else ())]))
        began = time.perf_counter()
        got = values.run(session, outputs, asked.feeds, asked.options)
        seconds = time.perf_counter() - began
        if not all(_bit_equal(array, got[name]) for name, array in asked.deployed.items()):
            return None
        if not fetch:
            return AsDeployed(seconds=seconds)
        fetched = {**{name: got[name] for name in asked.deployed}, **{name: got[shown[name]] for name in shown}}
        arrays = {name: array for name, array in fetched.items() if isinstance(array, np.ndarray)}
        return AsDeployed(arrays, seconds=seconds)

    def _marked(self, names: Sequence[str]) -> tuple[Mapping[str, str], ort.InferenceSession]:
        wanted = frozenset(names)
        if self._last is None or self._last[0] != wanted:
            self._last = None  # its memory goes before another takes some
            casts = {name: dtype for name, dtype in self._casts.items() if name in wanted}
            marked = with_outputs(self._proto, list(names), casts, {})
            self._last = wanted, marked.names, self._make(marked.proto)
        return self._last[1:]


def survivors(layers: Sequence[Layer]) -> list[str]:
    """Return the tensors of a quantized network that are left when it is optimised: what its activations become.

    Weights that the file quantizes on the way are computed before the network runs, and are not among them.
    """
    return [
        layer.output.name
        for layer in layers
        if layer.op_type == "QuantizeLinear" and not (layer.is_constant or layer.inside or layer.hidden)
    ]


def in_a_row(layers: Sequence[Layer]) -> frozenset[str]:
    """Return the quantized tensors that are dequantized only to be quantized again, and what they are quantized to.

    ONNX Runtime makes one quantization of the two, unless somebody wants to see what is between them.
    """
    made_by = {output.name: layer for layer in layers for output in layer.outputs}
    found: set[str] = set()
    for layer in layers:
        before = made_by.get(layer.inputs[0]) if layer.op_type == "QuantizeLinear" else None
        if before is not None and before.op_type == "DequantizeLinear":
            found |= {layer.output.name, before.inputs[0]}
    return frozenset(found)


def _fitting(names: Sequence[str], sizes: Mapping[str, int], budget_bytes: int) -> list[str]:
    """Return the tensors that memory is enough for, in their order."""
    found = []
    for name in names:
        size = sizes.get(name, 0)
        if size <= budget_bytes:
            budget_bytes -= size
            found.append(name)
    return found


def _halves(group: list[str]) -> list[list[str]]:
    """Return the second and the first half of a group; nothing for a single one."""
    middle = len(group) // 2
    return [group[middle:], group[:middle]] if middle else []


def _bit_equal(one: Array, other: object) -> bool:
    return (
        isinstance(other, np.ndarray)
        and one.shape == other.shape
        and one.dtype == other.dtype
        and np.array_equal(_bits(one), _bits(other))
    )


def _bits(array: Array) -> Array:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)
