"""A network with what the user changed of it: edited weights are inputs of both sessions, fed with each run.

So a weight costs new sessions when it is first changed, and nothing when it is changed again. The file stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx

from inspector.engine.child.sessions import Sessions
from inspector.graph.bodies import graphs_of
from inspector.graph.changes import Edits, SlideEdit
from inspector.graph.dtypes import by_name, size_bytes
from inspector.graph.edits import weights_named
from inspector.graph.model import Array
from inspector.graph.parsing import STANDARD_DOMAINS, copied
from inspector.graph.reader import Opened, read
from inspector.graph.weight import Weight

MOST_KEPT_BYTES = 256 << 20  # of weights: the sessions of the file's own network are kept beside those of the edited


@dataclass(frozen=True, slots=True)
class Network:
    """A network that is ready to run.

    Attributes:
        opened: As the file has it, but for strides and pads.
        sessions: Of it, the weights in ``fed`` being inputs.
        fed: The weights that were changed, as the file has them, by name.
    """

    opened: Opened
    sessions: Sessions
    fed: Mapping[str, Weight]

    def feeds(self, edits: Edits) -> dict[str, Array]:
        """Return the numbers of the weights that are inputs, with their changes.

        Raises:
            ModelError: The file has changed since it was opened, or cannot be read.
        """
        return {
            name: np.ascontiguousarray(replace(weight, edit=edits.weight(name)).as_stored())
            for name, weight in self.fed.items()
        }


class Networks:
    """The network of a file, and the one that was last made of it by editing.

    Args:
        provider: As for ``Sessions``.
        memory_bytes: As for ``Sessions``.
    """

    def __init__(self, provider: str, memory_bytes: int) -> None:
        self._provider = provider
        self._memory_bytes = memory_bytes
        self._path = ""
        self.plain: Opened | None = None  # the file's own network, once it was read
        self._slid: tuple[tuple[SlideEdit, ...], Opened] | None = None
        self._sessions: Sessions | None = None  # of the file's own network
        self._edited: tuple[tuple[SlideEdit, ...], Network] | None = None
        self.current: Sessions | None = None  # what was asked for last

    def opened(self, path: str, slides: tuple[SlideEdit, ...] = ()) -> Opened:
        """Read a model, once; with other strides and pads again."""
        if self.plain is None:
            self.plain = read(path)
        if not slides:
            return self.plain
        if self._slid is None or self._slid[0] != slides:
            self._slid = None
            opened = read(path, lambda proto: sliding_otherwise(proto, slides))
            model = replace(opened.model, fingerprint=self.plain.model.fingerprint)
            self._slid = slides, replace(opened, model=model)
        return self._slid[1]

    def network(self, path: str, edits: Edits) -> Network:
        """Return the network with these edits.

        A weight that was an input stays one, so that changing first one and then another and then the first again
        makes sessions twice.
        """
        opened = self.opened(path, edits.slides)
        if not edits:
            self.current = self._sessions = self._sessions or self._made(opened)
            return Network(opened, self._sessions, {})
        names = {each.weight for each in edits.weights}
        if self._edited is not None and self._edited[0] == edits.slides:
            known = self._edited[1]
            if names <= set(known.fed):
                self.current = known.sessions
                return known
            names |= set(known.fed)
        self._edited = self.current = None  # its memory goes before others take some
        if _weight_bytes(opened) > MOST_KEPT_BYTES:
            self._sessions = None
        fed = weights_named(opened.model, names)
        made = Network(opened, self._made(with_inputs(opened, fed) if fed else opened), fed)
        self._edited, self.current = (edits.slides, made), made.sessions
        return made

    def _made(self, opened: Opened) -> Sessions:
        return Sessions(opened, self._provider, self._memory_bytes)


def _weight_bytes(opened: Opened) -> int:
    weights = {weight.name: weight for layer in opened.model.layers for weight in layer.weights}
    return sum(size_bytes(by_name(weight.dtype), weight.stored_shape) for weight in weights.values())


# ---------------------------------------------------------------- weights as inputs


def with_inputs(opened: Opened, weights: Mapping[str, Weight]) -> Opened:
    """Return a model with some of its weights as inputs; ``opened`` is not changed."""
    source = source_of(opened, weights)
    deployed = _with_inputs(source, weights)
    proto = deployed if source is opened.proto else _with_inputs(opened.proto, weights)
    return replace(opened, proto=proto, deployed=deployed)


def source_of(opened: Opened, weights: Collection[str]) -> onnx.ModelProto:
    """Return the model that has names for these weights: as deployed, or the same with its functions written out.

    The model as deployed has no name for a weight in a function or within a node.
    """
    graph = opened.deployed.graph
    own = {each.name for each in graph.initializer} | _constants(graph)
    return opened.deployed if set(weights) <= own else opened.proto


def _with_inputs(proto: onnx.ModelProto, weights: Mapping[str, Weight]) -> onnx.ModelProto:
    made = copied(proto)
    for graph in graphs_of(made.graph):
        _without(graph, weights)
    declared = [copied(each) for each in made.graph.input if each.name not in weights]
    for name, weight in weights.items():
        code = by_name(weight.dtype).code
        declared.append(onnx.helper.make_tensor_value_info(name, code, weight.stored_shape))
    del made.graph.input[:]
    made.graph.input.extend(declared)
    return made


def _without(graph: onnx.GraphProto, names: Collection[str]) -> None:
    """Take stored tensors out of a graph."""
    if any(each.name in names for each in graph.initializer):
        kept = [copied(each) for each in graph.initializer if each.name not in names]
        del graph.initializer[:]
        graph.initializer.extend(kept)
    if _constants(graph) & set(names):
        nodes = [copied(each) for each in graph.node if not (is_constant(each) and each.output[0] in names)]
        del graph.node[:]
        graph.node.extend(nodes)


def _constants(graph: onnx.GraphProto) -> set[str]:
    return {node.output[0] for node in graph.node if is_constant(node)}


def is_constant(node: onnx.NodeProto) -> bool:
    """Say whether a node holds a stored tensor."""
    return node.op_type == "Constant" and node.domain in STANDARD_DOMAINS and len(node.output) == 1


# ---------------------------------------------------------------- strides and pads


def sliding_otherwise(proto: onnx.ModelProto, slides: Sequence[SlideEdit]) -> onnx.ModelProto:
    """Return a network in which some layers have other strides or pads.

    What the file says of the lengths of its tensors no longer holds, so they are left to be inferred.
    """
    made = copied(proto)
    by_output = {slide.output: slide for slide in slides}
    for node in made.graph.node:
        slide = by_output.get(node.output[0]) if node.output else None
        if slide is not None:
            _slide(node, slide)
    for graph in graphs_of(made.graph):
        del graph.value_info[:]
    for output in made.graph.output:
        for length in output.type.tensor_type.shape.dim:
            length.Clear()
    return made


def _slide(node: onnx.NodeProto, slide: SlideEdit) -> None:
    replaced = {"strides": slide.strides, "pads": slide.pads}
    dropped = {name for name, numbers in replaced.items() if numbers}
    if slide.pads:
        dropped |= {"auto_pad", "output_shape", "output_padding"}
    _drop(node, dropped)
    node.attribute.extend(
        onnx.helper.make_attribute(name, list(numbers)) for name, numbers in replaced.items() if numbers
    )


def _drop(node: onnx.NodeProto, names: Iterable[str]) -> None:
    kept = [copied(each) for each in node.attribute if each.name not in set(names)]
    del node.attribute[:]
    node.attribute.extend(kept)
