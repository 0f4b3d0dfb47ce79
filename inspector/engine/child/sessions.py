"""The two ONNX Runtime sessions of a model, and a run that writes its tensors straight into shared memory.

*Deployed*: the untouched graph, fully optimised; it gives the answer. *Instrumented*: every tensor an output and no
optimisation, so that each tensor is what its operator alone computes; it gives the feature maps.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as refusals

from inspector.engine.blocks import Layout, size_of, view
from inspector.engine.child import memory, values
from inspector.engine.child.fused import AsDeployed, Asked, Fused
from inspector.engine.child.marking import CAST_TYPES, NUMPY_TYPES, Marked, castable, with_outputs
from inspector.engine.child.naming import name_nodes
from inspector.engine.child.providers import execution_providers, layer_providers
from inspector.engine.child.routing import ABSENT, NOT_RUN, REFUSED, UNSTEADY, Route, accepted, of_loops, routes_of
from inspector.engine.child.tensors import for_runtime
from inspector.engine.machine import free_memory_bytes, private_bytes, reserve_bytes, touched_bytes
from inspector.engine.protocol import Placement
from inspector.graph.dtypes import by_name, size_bytes
from inspector.graph.inner import NOT_ARRAYS
from inspector.graph.model import Array, Layer, Tensor
from inspector.graph.nodes import known_sizes
from inspector.graph.parsing import copied as copied_message
from inspector.graph.reader import Opened
from inspector.graph.shapes import infer_shapes

_NO_CUDA = "CUDA could not be started, so the model runs on the CPU; the command inspector doctor says what is missing."
# Multiplying by a weight in another order rounds otherwise in the last bits, so the instrumented model has it as every
# session has; beyond this a second copy costs more memory than it is worth for a model that runs once a picture.
MOST_REPACKED_BYTES = 64 << 20

_DEPLOYED = (("as deployed",),)  # no pair of tensors that are kept
LendBlock = Callable[[int], tuple[int, mmap.mmap]]
_REFUSALS = (
    *(refusals.Fail, refusals.InvalidArgument, refusals.InvalidGraph, refusals.NotImplemented),
    *(refusals.InvalidProtobuf, refusals.RuntimeException, refusals.EPFail, RuntimeError),
)


Loose = tuple[str, str, str]  # a tensor whose shape only the run tells: its name, its output's, its numpy type


@dataclass(frozen=True, slots=True)
class Placed:
    """The tensors of a run, in blocks.

    Attributes:
        placements: Where they lie.
        missing: Tensors that were left out to stay within the memory budget.
        unshowable: Tensors that this run has none of, by name: what they are.
    """

    placements: tuple[Placement, ...]
    missing: tuple[str, ...]
    unshowable: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run of the instrumented model keeps.

    Attributes:
        bound: Outputs with their places in one block: ONNX Runtime writes them there itself.
        loose: Those whose shapes are not known before the run.
        missing: Tensors left out to stay within the memory budget.
        bytes: Of the block.
    """

    bound: list[tuple[str, Placement]]
    loose: list[Loose]
    missing: list[str]
    bytes: int

    @property
    def outputs(self) -> list[str]:
        """The outputs it keeps."""
        return [output for output, _ in self.bound] + [output for _, output, _ in self.loose]


class Sessions:
    """Both sessions of one model.

    Args:
        opened: The model as read.
        provider: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        memory_bytes: The private memory that this process may use; 0 for no bound.

    Attributes:
        provider: ``"CPU"`` or ``"CUDA"``: what really runs it.
        note: Why that is not what was asked for; empty if it is.
    """

    def __init__(self, opened: Opened, provider: str, memory_bytes: int = 0) -> None:
        _share_arena()
        self._opened = opened
        self._name = os.path.basename(opened.model.path)
        self._memory_bytes = memory_bytes
        self._own_bytes = 0, 0  # what this process has without a run, asked for and touched: libraries and sessions
        self._providers, self.note = execution_providers(provider)
        self._run_options = ort.RunOptions()
        memory.check_weights(self._name, opened.deployed.graph, self._free_bytes())
        self.deployed = self._session(opened.deployed, ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
        used = self.deployed.get_providers()[0]
        self.provider = used.removesuffix("ExecutionProvider")
        if len(self._providers) > 1 and self.provider == "CPU":
            self.note = _NO_CUDA
        self._left_inside: dict[str, str] = {}  # tensors within nodes that cannot be handed out, by name: why
        self._marked: Marked | None = None
        self._instrumented: ort.InferenceSession | None = None
        self._partial: tuple[frozenset[str], ort.InferenceSession] | None = None  # the last one made
        self._fused: Fused | None = None  # of a model that has a view as deployed
        self._has_optimised = False  # it has made a session
        self._needs: dict[tuple[tuple[str, ...], ...], memory.Need] = {}  # of the last feeds, by what is kept
        self._inferred: dict[tuple[tuple[str, tuple[int, ...]], ...], Mapping[str, Tensor]] = {}  # of the last feeds

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
        return values.run(self.deployed, names, feeds, self._run_options)

    def as_deployed(
        self,
        feeds: Mapping[str, Array],
        deployed: Mapping[str, Array],
        wanted: Collection[str],
        budget_bytes: int,
        fetch: bool,
    ) -> AsDeployed:
        """Run the model fully optimised, with the tensors marked that are left then, see ``Fused``.

        Args:
            feeds: Every input, by name.
            deployed: What ``predict`` answered to them.
            wanted: The tensors to return; empty for all that fit in ``budget_bytes``.
            budget_bytes: Memory for the tensors.
            fetch: Return the tensors, rather than only say whether there are any.
        """
        if not self.is_qdq:
            why = "has no view as deployed: it is not quantized with QuantizeLinear and DequantizeLinear"
            return AsDeployed(why_not=f"{self._name} {why}.")
        if self._fused is None:
            self._fused = Fused(self._opened.model, self._opened.proto, self.instrument().casts, self._optimised)
        asked, sizes = Asked(feeds, deployed, self._run_options), self._known_sizes(feeds)
        if fetch:
            return self._fused.run(asked, sizes, budget_bytes, wanted)
        return self._fused.check(asked, sizes, budget_bytes)

    @property
    def is_qdq(self) -> bool:
        """Whether the model is quantized with pairs of QuantizeLinear and DequantizeLinear."""
        return self._opened.model.quantized == "QDQ"

    def _optimised(self, proto: onnx.ModelProto) -> ort.InferenceSession:
        is_first, self._has_optimised = not self._has_optimised, True  # it lets go of one before it makes another
        return self._session(proto, ort.GraphOptimizationLevel.ORT_ENABLE_ALL, is_kept=is_first)

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
        asked = set(wanted)
        try:
            return self._run(feeds, asked, budget_bytes, lend)
        except _REFUSALS as error:
            if self._run_options.terminate or not self._leave_inside(str(error)):
                raise
        return self.run(feeds, asked, budget_bytes, lend)

    def _run(self, feeds: Mapping[str, Array], asked: set[str], budget_bytes: int, lend: LendBlock) -> Placed:
        plan = self.plan(feeds, asked, budget_bytes)
        memory.check(f"{self._name}, run layer by layer,", self._need(feeds, plan), self._free_bytes())
        if not plan.outputs:  # no tensor is one of numbers, or none fits
            return Placed((), tuple(plan.missing), self.instrument().unshowable)
        session = self.keeping(plan.outputs)
        room_bytes = max(0, budget_bytes - plan.bytes) if not asked else None
        try:
            placements, too_large = self._run_bound(session, feeds, plan, lend, room_bytes)
        except ort.capi.onnxruntime_pybind11_state.InvalidArgument:
            # A shape that was inferred wrongly: let ONNX Runtime find all of them out.
            loose = [(place.name, output, place.dtype) for output, place in plan.bound] + plan.loose
            plan = replace(plan, bound=[], loose=loose, bytes=0)
            placements, too_large = self._run_bound(session, feeds, plan, lend, budget_bytes if not asked else None)
        handed_out = self.instrument().handed_out
        not_run = {place.name for place in placements if place.shape == ABSENT and place.name in handed_out}
        unshowable = {**self.instrument().unshowable, **dict.fromkeys(not_run, NOT_RUN)}
        kept = tuple(place for place in placements if place.name not in not_run)
        return Placed(kept, (*plan.missing, *too_large), unshowable)

    def plan(self, feeds: Mapping[str, Array], wanted: Iterable[str], budget_bytes: int) -> Plan:
        """Decide which tensors a run keeps, and where; the arguments are those of ``run``."""
        marked = self.instrument()
        assert self._instrumented is not None
        types = {output.name: output.type for output in self._instrumented.get_outputs()}
        shapes = self._known_shapes(feeds)
        asked = set(wanted)
        if not asked:  # beside the tensors that are kept there must be room for what is alive on the way
            budget_bytes = min(budget_bytes, max(0, self._free_on_machine_bytes() - self._need(feeds).bytes))
        layout, plan = Layout(), Plan([], [], [], 0)
        for tensor in self._by_urgency(feeds, budget_bytes):
            output = marked.names[tensor]
            if asked and tensor not in asked:
                continue
            shape, dtype = shapes.get(output), NUMPY_TYPES[types[output]]
            if shape is None or 0 in shape:
                plan.loose.append((tensor, output, dtype))
                continue
            end = layout.end
            place = layout.place(tensor, shape, dtype)
            if layout.end > budget_bytes and not asked:
                layout.end = end
                plan.missing.append(tensor)
            else:
                plan.bound.append((output, place))
        return replace(plan, bytes=layout.end)

    def _by_urgency(self, feeds: Mapping[str, Array], budget_bytes: int) -> list[str]:
        """Return the tensors in the model's order; small outputs come first, as they are what is compared."""
        names, sizes = self.instrument().names, self._known_sizes(feeds)
        ends = [each.name for each in self.deployed.get_outputs() if each.name in names]
        if sum(sizes.get(name, budget_bytes) for name in ends) > budget_bytes // 4:
            return list(names)
        return [*ends, *(name for name in names if name not in ends)]

    def layer_providers(self) -> dict[str, str]:
        """Return what runs each layer of the instrumented model, by the layer's name."""
        self.instrument()
        assert self._instrumented is not None
        return layer_providers(self._instrumented, self._opened.model.layers)

    def keeping(self, outputs: list[str]) -> ort.InferenceSession:
        """Return an instrumented session that keeps these outputs: the others would take memory even if nobody asks."""
        assert self._marked is not None
        assert self._instrumented is not None
        wanted = frozenset(outputs)
        if len(wanted) == len(self._marked.names):
            return self._instrumented
        if self._partial is None or self._partial[0] != wanted:
            self._partial = None  # its memory goes before another takes some
            proto = self.keeping_proto(outputs)
            self._partial = wanted, self._session(proto, ort.GraphOptimizationLevel.ORT_DISABLE_ALL, is_kept=False)
        return self._partial[1]

    def keeping_proto(self, outputs: Iterable[str]) -> onnx.ModelProto:
        """Return the instrumented graph with these outputs alone."""
        full, wanted = self.instrument(), set(outputs)
        if full.routes:  # a loop gathers what it hands out, whether or not anybody asks
            inner = full.handed_out
            tensors = [name for name, output in full.names.items() if output in wanted and name not in inner]
            routes = [route for route in full.routes if full.names[route.tensor] in wanted]
            proto = with_outputs(self._opened.proto, tensors, full.casts, full.unshowable, routes).proto
            name_nodes(proto.graph, self._opened.model.layers)
        else:
            proto = onnx.ModelProto()
            proto.CopyFrom(full.proto)
        kept = [copied_message(each) for each in proto.graph.output if each.name in wanted]
        del proto.graph.output[:]
        proto.graph.output.extend(kept)
        return proto

    def _run_bound(
        self,
        session: ort.InferenceSession,
        feeds: Mapping[str, Array],
        plan: Plan,
        lend: LendBlock,
        room_bytes: int | None,
    ) -> tuple[tuple[Placement, ...], list[str]]:
        """Run, and return the places of the tensors; loose ones beyond ``room_bytes`` are only named."""
        bound, loose = plan.bound, plan.loose
        if not _can_be_bound(session, feeds):
            everything = [(place.name, output) for output, place in bound] + [row[:2] for row in loose]
            if not everything:
                return (), []
            values = session.run([output for _, output in everything], dict(feeds), self._run_options)
            named = {tensor: value for (tensor, _), value in zip(everything, values, strict=True)}
            return tuple(copied(named, lend)), []
        number, block = lend(plan.bytes) if bound else (0, None)
        binding = _binding(session, feeds, plan, block)
        placements = [Placement(each.name, each.shape, each.dtype, number, each.offset) for _, each in bound]
        session.run_with_iobinding(binding, self._run_options)
        too_large = []
        if loose:
            values = binding.get_outputs()[len(bound) :]
            found = {}
            for (tensor, _, dtype), value in zip(loose, values, strict=True):
                count = size_of(tuple(value.shape()), dtype)
                if room_bytes is not None and count > room_bytes:
                    too_large.append(tensor)
                    continue
                room_bytes = room_bytes - count if room_bytes is not None else None
                found[tensor] = value.numpy()
            placements += copied(found, lend)
        return tuple(placements), too_large

    # ---------------------------------------------------------------- time

    def timed_deployed(self, feeds: Mapping[str, Array]) -> float:
        """Run the model as deployed; return the seconds."""
        began = time.perf_counter()
        self.predict(feeds)
        return time.perf_counter() - began

    def timed(self, session: ort.InferenceSession, feeds: Mapping[str, Array], plan: Plan, block: mmap.mmap) -> float:
        """Run an instrumented session that keeps what ``plan`` says in ``block``; return the seconds."""
        if not _can_be_bound(session, feeds):
            began = time.perf_counter()
            session.run(plan.outputs, dict(feeds), self._run_options)
            return time.perf_counter() - began
        binding = _binding(session, feeds, plan, block)
        began = time.perf_counter()
        session.run_with_iobinding(binding, self._run_options)
        return time.perf_counter() - began

    def profiled(self, proto: onnx.ModelProto, prefix: str) -> ort.InferenceSession:
        """Return an instrumented session that writes down how long its nodes take, to a file that begins like that."""
        return self._session(proto, ort.GraphOptimizationLevel.ORT_DISABLE_ALL, is_kept=False, profile=prefix)

    # ---------------------------------------------------------------- memory

    def check_deployed(self, feeds: Mapping[str, Array]) -> None:
        """Refuse a run of the model as deployed that cannot fit in memory.

        Raises:
            LimitError: It needs more than there is.
        """
        known = self._known_sizes(feeds)
        if _DEPLOYED not in self._needs:
            graph = self._opened.proto.graph
            ends = [each.name for each in graph.output]
            self._needs[_DEPLOYED] = memory.least_need(graph, memory.as_deployed(graph, known), ends)
        memory.check(self._name, self._needs[_DEPLOYED], self._free_bytes())

    def _need(self, feeds: Mapping[str, Array], plan: Plan | None = None) -> memory.Need:
        """Return what a run of the instrumented model takes beside the block for the tensors that it keeps."""
        bound = tuple(place.name for _, place in plan.bound) if plan is not None else ()
        loose = tuple(tensor for tensor, _, _ in plan.loose) if plan is not None else ()
        known = self._known_sizes(feeds)
        if (bound, loose) not in self._needs:
            self._needs[bound, loose] = memory.least_need(self._opened.proto.graph, known, loose, bound)
        return self._needs[bound, loose]

    def _free_bytes(self) -> int:
        """Return what there is for a run: what this process may take beside its sessions, and what the machine has."""
        machine = self._free_on_machine_bytes()
        return min(max(0, self._memory_bytes - self._own_bytes[0]), machine) if self._memory_bytes else machine

    def _free_on_machine_bytes(self) -> int:
        """Return what the machine has for a run; what this process keeps from earlier ones is used again."""
        held = max(0, touched_bytes() - self._own_bytes[1])
        return max(0, free_memory_bytes() - reserve_bytes()) + held

    def _known_sizes(self, feeds: Mapping[str, Array]) -> dict[str, int]:
        return memory.sizes(self._tensors(feeds)) | {name: array.nbytes for name, array in feeds.items()}

    def _tensors(self, feeds: Mapping[str, Array]) -> Mapping[str, Tensor]:
        """Return what is known of every tensor before running these inputs."""
        key = tuple((name, array.shape) for name, array in feeds.items())
        if key not in self._inferred:
            self._needs = {}
            self._inferred = {key: infer_shapes(self._opened.proto, {name: each.shape for name, each in feeds.items()})}
        return self._inferred[key]

    def _known_shapes(self, feeds: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
        """Return the shapes that can be known before running these inputs, by output name."""
        assert self._marked is not None
        inferred, known, handed_out = self._tensors(feeds), {}, self._marked.handed_out
        for tensor, output in self._marked.names.items():
            is_own = tensor in inferred and tensor not in handed_out
            shape = known_sizes(inferred[tensor].shape) if is_own else None
            if shape is not None:
                known[output] = shape
        return known

    # ---------------------------------------------------------------- sessions

    def _mark(self) -> tuple[Marked, ort.InferenceSession]:
        """Mark every tensor, those within nodes as far as ONNX Runtime accepts that."""
        left = set(self._left_inside)
        routes = tuple(route for route in routes_of(self._opened.model.layers) if route.tensor not in left)
        try:
            return self._marked_with(routes)
        except _REFUSALS:
            if not routes:
                raise
        self._marked_with(())  # the model itself may be what is refused
        kept = accepted(routes, self._accepts)
        self._left_inside |= {route.tensor: REFUSED for route in routes if route not in kept}
        return self._marked_with(kept)

    def _accepts(self, routes: Sequence[Route]) -> bool:
        try:
            self._marked_with(routes)
        except _REFUSALS:
            return False
        return True

    def _leave_inside(self, refusal: str) -> bool:
        """Hand out less of the loops, if that is what ONNX Runtime refused to run; return whether it may be.

        A loop can only hand out what has the same shape in every pass.
        """
        routes = self._marked.routes if self._marked is not None else ()
        if "Loop" not in refusal and "Scan" not in refusal:
            return False
        left = of_loops(routes, steady_too=False) or of_loops(routes, steady_too=True)
        self._left_inside |= dict.fromkeys(left, UNSTEADY)
        if left:
            self._marked = self._instrumented = self._partial = None
        return bool(left)

    def _marked_with(self, routes: Sequence[Route]) -> tuple[Marked, ort.InferenceSession]:
        """Mark every tensor. ONNX Runtime knows the types, so it is asked first and what numpy lacks is cast."""
        proto = self._opened.proto
        own = [output.name for output in proto.graph.output]
        made = [name for node in proto.graph.node if node.op_type != "Constant" for name in node.output if name]
        tensors = list(dict.fromkeys([*made, *own]))
        types = {tensor.name: tensor for layer in self._opened.model.layers for tensor in layer.outputs}
        shown = [*tensors, *(route.tensor for route in routes)]
        unshowable = {n: types[n].dtype for n in shown if n in types and types[n].dtype in NOT_ARRAYS}
        lacking = {n: types[n].dtype for n in shown if n in types and f"tensor({types[n].dtype})" in CAST_TYPES}
        casts, no_numbers = castable(lacking, self._opened.model.opset)
        unshowable |= no_numbers | self._left_inside
        for _ in range(2):
            candidate = with_outputs(proto, tensors, casts, unshowable, routes)
            name_nodes(candidate.proto.graph, self._opened.model.layers)
            session = self._session(candidate.proto, ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
            by_output = {output: tensor for tensor, output in candidate.names.items()}
            types_made = {by_output[o.name]: o.type for o in session.get_outputs() if o.name in by_output}
            wrong = {tensor: kind for tensor, kind in types_made.items() if kind not in NUMPY_TYPES}
            if not wrong:
                return candidate, session
            lacking = {n: kind[7:-1] for n, kind in wrong.items() if kind in CAST_TYPES}
            more_casts, no_numbers = castable(lacking, self._opened.model.opset)
            casts |= more_casts
            unshowable |= no_numbers | {n: kind for n, kind in wrong.items() if kind not in CAST_TYPES}
        return candidate, session

    def _session(
        self, proto: onnx.ModelProto, level: ort.GraphOptimizationLevel, is_kept: bool = True, profile: str = ""
    ) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.graph_optimization_level = level
        options.log_severity_level = 3
        # A memory pattern would put a second copy of what a run needs beside the arena's after the first run.
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", self._opened.folder)
        if level == ort.GraphOptimizationLevel.ORT_DISABLE_ALL:
            if _repacked_bytes(self._opened.model.layers) > MOST_REPACKED_BYTES:
                options.add_session_config_entry("session.disable_prepacking", "1")
            options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        if profile:
            options.enable_profiling = True
            options.profile_file_prefix = profile
        before = private_bytes(), touched_bytes()
        session = ort.InferenceSession(proto.SerializeToString(), options, providers=self._providers)
        if is_kept:
            own = self._own_bytes if any(self._own_bytes) else before
            grown = private_bytes() - before[0], touched_bytes() - before[1]
            self._own_bytes = own[0] + max(0, grown[0]), own[1] + max(0, grown[1])
        return session


@cache
def _share_arena() -> None:
    """Give all sessions of this process one store of memory, which grows by what is asked for.

    Each would have one of its own that doubles: a run of the deployed model and one of the instrumented would hold
    what they need up to four times.
    """
    info = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    same_as_requested = 1
    settings = {"max_mem": 0, "arena_extend_strategy": same_as_requested}
    settings |= {"initial_chunk_size_bytes": -1, "max_dead_bytes_per_chunk": -1}
    ort.create_and_register_allocator(info, ort.OrtArenaCfg(settings))


def _repacked_bytes(layers: Iterable[Layer]) -> int:
    """Return the size of the weights of which ONNX Runtime makes a second copy, in the order in which it reads them.

    Those of a convolution it reads as they are.
    """
    weights = [weight for layer in layers if layer.op_type != "Conv" for weight in layer.weights]
    return sum(size_bytes(by_name(weight.dtype), weight.shape) for weight in weights)


def _can_be_bound(session: ort.InferenceSession, feeds: Mapping[str, Array]) -> bool:
    """Return whether every input is one of numbers; text and optional tensors cannot be bound."""
    plain = all(each.type.startswith("tensor(") for each in session.get_inputs())
    return plain and all(array.dtype.kind in "fiubc" for array in feeds.values())


def _binding(
    session: ort.InferenceSession, feeds: Mapping[str, Array], plan: Plan, block: mmap.mmap | None
) -> ort.IOBinding:
    """Return the inputs and outputs of a run, those that ``plan`` binds in ``block``."""
    binding = session.io_binding()
    for name, each in for_runtime(feeds, session).items():
        if isinstance(each, np.ndarray):
            binding.bind_cpu_input(name, each)
        else:
            binding.bind_ortvalue_input(name, each)
    start = ctypes.addressof(ctypes.c_char.from_buffer(block)) if block is not None else 0
    for output, place in plan.bound:
        binding.bind_output(output, "cpu", 0, np.dtype(place.dtype).type, place.shape, start + place.offset)
    for _, output, _ in plan.loose:
        binding.bind_output(output, "cpu")
    return binding


def copied(arrays: Mapping[str, Array], lend: LendBlock) -> list[Placement]:
    """Copy arrays into a block of their own; return where they lie."""
    layout = Layout()
    places = [layout.place(name, array.shape, array.dtype.str) for name, array in arrays.items()]
    number, block = lend(layout.end)
    for place, array in zip(places, arrays.values(), strict=True):
        if array.size:
            view(block, place)[...] = array
    return [Placement(place.name, place.shape, place.dtype, number, place.offset) for place in places]
