"""The two ONNX Runtime sessions of a model, and a run that writes its tensors straight into shared memory.

*Deployed*: the untouched graph, fully optimised; it gives the answer. *Instrumented*: every tensor an output and no
optimisation, so that each tensor is what its operator alone computes; it gives the feature maps.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort

from inspector.engine.blocks import Layout, view
from inspector.engine.child.marking import CAST_TYPES, NOT_ARRAYS, NUMPY_TYPES, Marked, with_outputs
from inspector.engine.child.providers import execution_providers
from inspector.engine.protocol import Placement
from inspector.graph.model import Array
from inspector.graph.reader import Opened
from inspector.graph.shapes import infer_shapes

LendBlock = Callable[[int], tuple[int, mmap.mmap]]


@dataclass(frozen=True, slots=True)
class Placed:
    """The tensors of a run, in blocks. ``missing`` were left out to stay within the memory budget."""

    placements: tuple[Placement, ...]
    missing: tuple[str, ...]


class Sessions:
    """Both sessions of one model.

    Args:
        opened: The model as read.
        provider: ``"auto"``, ``"cpu"`` or ``"cuda"``.

    Attributes:
        provider: ``"CPU"`` or ``"CUDA"``: what really runs it.
        note: Why that is not what was asked for; empty if it is.
    """

    def __init__(self, opened: Opened, provider: str) -> None:
        self._opened = opened
        self._providers, self.note = execution_providers(provider)
        self._run_options = ort.RunOptions()
        self.deployed = self._session(opened.proto, ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
        used = self.deployed.get_providers()[0]
        self.provider = used.removesuffix("ExecutionProvider")
        if len(self._providers) > 1 and self.provider == "CPU":
            self.note = "CUDA is wanted and ONNX Runtime could not start it; `inspector doctor` says what is missing."
        self._marked: Marked | None = None
        self._instrumented: ort.InferenceSession | None = None
        self._partial: tuple[frozenset[str], ort.InferenceSession] | None = None  # the last one made
        self._shapes: dict[tuple[tuple[str, tuple[int, ...]], ...], dict[str, tuple[int, ...]]] = {}

    def begin(self) -> None:
        """Let the next runs go on, whatever was stopped before."""
        self._run_options = ort.RunOptions()

    def instrument(self) -> Marked:
        """Make the instrumented session, if it is not made yet."""
        if self._marked is None or self._instrumented is None:
            self._marked, self._instrumented = self._mark()
        return self._marked

    def stop(self) -> None:
        """End the run that is under way, and those until ``begin``, at the next node. May be called from any thread."""
        self._run_options.terminate = True

    def predict(self, feeds: Mapping[str, Array]) -> dict[str, object]:
        """Run the model as deployed; an output that is no tensor is what ONNX Runtime makes of it."""
        names = [output.name for output in self.deployed.get_outputs()]
        values = self.deployed.run(names, dict(feeds), self._run_options)
        return dict(zip(names, values, strict=True))

    def run(self, feeds: Mapping[str, Array], wanted: Iterable[str], budget_bytes: int, lend: LendBlock) -> Placed:
        """Run the instrumented model; ONNX Runtime writes the tensors into the lent block itself.

        Tensors whose shape is known before the run are bound to their place. The others are made by
        ONNX Runtime and copied into a second block.

        Args:
            feeds: Every input, by name.
            wanted: The tensors to keep; empty for all that fit in ``budget_bytes``, in the model's order.
            budget_bytes: Memory for the tensors.
            lend: Gives a block of at least that many bytes, and its number.
        """
        marked = self.instrument()
        assert self._instrumented is not None
        types = {output.name: output.type for output in self._instrumented.get_outputs()}
        shapes = self._known_shapes(feeds)
        asked = set(wanted)
        layout, bound, loose, missing = Layout(), [], [], []
        for tensor, output in marked.names.items():
            if asked and tensor not in asked:
                continue
            shape, dtype = shapes.get(output), NUMPY_TYPES[types[output]]
            if shape is None or 0 in shape:
                loose.append((tensor, output, dtype))
                continue
            end = layout.end
            place = layout.place(tensor, shape, dtype)
            if layout.end > budget_bytes and not asked:
                layout.end = end
                missing.append(tensor)
            else:
                bound.append((output, place))
        session = self._keeping([output for output, _ in bound] + [output for _, output, _ in loose])
        try:
            placements = self._run_bound(session, feeds, bound, loose, layout.end, lend)
        except ort.capi.onnxruntime_pybind11_state.InvalidArgument:
            # A shape that was inferred wrongly: let ONNX Runtime find all of them out.
            loose = [(place.name, output, place.dtype) for output, place in bound] + loose
            placements = self._run_bound(session, feeds, [], loose, 0, lend)
        return Placed(placements, tuple(missing))

    def _keeping(self, outputs: list[str]) -> ort.InferenceSession:
        """Return an instrumented session that keeps these outputs: the others would take memory even if nobody asks."""
        assert self._marked is not None
        assert self._instrumented is not None
        wanted = frozenset(outputs)
        if len(wanted) == len(self._marked.names):
            return self._instrumented
        if self._partial is None or self._partial[0] != wanted:
            proto = onnx.ModelProto()
            proto.CopyFrom(self._marked.proto)
            del proto.graph.output[:]
            proto.graph.output.extend(each for each in self._marked.proto.graph.output if each.name in wanted)
            self._partial = wanted, self._session(proto, ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
        return self._partial[1]

    def _run_bound(
        self,
        session: ort.InferenceSession,
        feeds: Mapping[str, Array],
        bound: list[tuple[str, Placement]],
        loose: list[tuple[str, str, str]],
        size: int,
        lend: LendBlock,
    ) -> tuple[Placement, ...]:
        if any(array.dtype.kind not in "fiubc" for array in feeds.values()):  # text cannot be bound
            everything = [(place.name, output) for output, place in bound] + [row[:2] for row in loose]
            if not everything:
                return ()
            values = session.run([output for _, output in everything], dict(feeds), self._run_options)
            named = {tensor: value for (tensor, _), value in zip(everything, values, strict=True)}
            return tuple(copied(named, lend))
        binding = session.io_binding()
        for name, array in feeds.items():
            binding.bind_cpu_input(name, array)
        placements = []
        if bound:
            number, block = lend(size)
            start = ctypes.addressof(ctypes.c_char.from_buffer(block))
            for output, place in bound:
                element = np.dtype(place.dtype).type
                binding.bind_output(output, "cpu", 0, element, place.shape, start + place.offset)
                placements.append(Placement(place.name, place.shape, place.dtype, number, place.offset))
        for _, output, _ in loose:
            binding.bind_output(output, "cpu")
        session.run_with_iobinding(binding, self._run_options)
        if loose:
            values = binding.get_outputs()[len(bound) :]
            found = {tensor: value.numpy() for (tensor, _, _), value in zip(loose, values, strict=True)}
            placements += copied(found, lend)
        return tuple(placements)

    def _known_shapes(self, feeds: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
        """Return the shapes that can be known before running these inputs, by output name."""
        key = tuple((name, array.shape) for name, array in feeds.items())
        if key not in self._shapes:
            assert self._marked is not None
            inferred = infer_shapes(self._opened.proto, {name: array.shape for name, array in feeds.items()})
            known = {}
            for tensor, output in self._marked.names.items():
                shape = inferred[tensor].shape if tensor in inferred else None
                if shape is not None and all(isinstance(length, int) for length in shape):
                    known[output] = tuple(int(length) for length in shape if length is not None)
            self._shapes = {key: known}
        return self._shapes[key]

    def _mark(self) -> tuple[Marked, ort.InferenceSession]:
        """Mark every tensor. ONNX Runtime knows the types, so it is asked first and what numpy lacks is cast."""
        proto = self._opened.proto
        own = [output.name for output in proto.graph.output]
        made = [name for node in proto.graph.node if node.op_type != "Constant" for name in node.output if name]
        tensors = list(dict.fromkeys([*made, *own]))
        types = {tensor.name: tensor for layer in self._opened.model.layers for tensor in layer.outputs}
        unshowable = {n: types[n].dtype for n in tensors if n in types and types[n].dtype in NOT_ARRAYS}
        casts = {n: types[n].dtype for n in tensors if n in types and f"tensor({types[n].dtype})" in CAST_TYPES}
        for _ in range(2):
            candidate = with_outputs(proto, tensors, casts, unshowable)
            session = self._session(candidate.proto, ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
            shown = {output: tensor for tensor, output in candidate.names.items()}
            wrong = {
                shown[o.name]: o.type for o in session.get_outputs() if o.name in shown and o.type not in NUMPY_TYPES
            }
            if not wrong:
                return candidate, session
            casts |= {n: kind[7:-1] for n, kind in wrong.items() if kind in CAST_TYPES}
            unshowable |= {n: kind for n, kind in wrong.items() if kind not in CAST_TYPES}
        return candidate, session

    def _session(self, proto: onnx.ModelProto, level: ort.GraphOptimizationLevel) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.graph_optimization_level = level
        options.log_severity_level = 3
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", self._opened.folder)
        if level == ort.GraphOptimizationLevel.ORT_DISABLE_ALL:
            # Prepacking copies every kernel a second time and saves little: the instrumented model runs once a picture.
            options.add_session_config_entry("session.disable_prepacking", "1")
        return ort.InferenceSession(proto.SerializeToString(), options, providers=self._providers)


def copied(arrays: Mapping[str, Array], lend: LendBlock) -> list[Placement]:
    """Copy arrays into a block of their own; return where they lie."""
    layout = Layout()
    places = [layout.place(name, array.shape, array.dtype.str) for name, array in arrays.items()]
    number, block = lend(layout.end)
    for place, array in zip(places, arrays.values(), strict=True):
        if array.size:
            view(block, place)[...] = array
    return [Placement(place.name, place.shape, place.dtype, number, place.offset) for place in places]
