"""In which order layers run, how large a network with functions unfolds, and names that are unique."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from inspector.errors import ModelError
from inspector.graph.nodes import Node
from inspector.graph.remedies import DAMAGED

Key = TypeVar("Key", bound=Hashable)


def execution_order(nodes: Sequence[Node], given: Collection[str], model: str) -> list[int]:
    """Return the places of the nodes in an order in which they can run; one that is right already stays.

    Args:
        nodes: In any order.
        given: Tensors that no node has to make.
        model: The file's name, for the sentence.

    Raises:
        ModelError: Nothing makes a tensor that is used, two nodes make one, or nodes wait for each other.
    """
    makers = _makers(nodes, given, model)
    waits = [0] * len(nodes)
    users: list[list[int]] = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        for name in dict.fromkeys((*node.inputs, *node.captured)):
            if name in makers:
                waits[index] += 1
                users[makers[name]].append(index)
            elif name and name in node.inputs and name not in given:
                label = node.name or node.op_type
                raise ModelError(
                    f"The layer {label!r} of {model} needs {name!r}, which nothing in the file makes.", DAMAGED
                )
    ready = [index for index, count in enumerate(waits) if count == 0]
    order: list[int] = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for user in users[index]:
            waits[user] -= 1
            if waits[user] == 0:
                heapq.heappush(ready, user)
    if len(order) < len(nodes):
        stuck = [nodes[index].name or nodes[index].op_type for index, count in enumerate(waits) if count]
        some = ", ".join(repr(label) for label in stuck[:4])
        raise ModelError(f"Layers of {model} wait for each other in a circle, among them {some}.", DAMAGED)
    return order


def _makers(nodes: Sequence[Node], given: Collection[str], model: str) -> dict[str, int]:
    makers: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for output in node.outputs:
            if output and makers.setdefault(output, index) != index:
                raise ModelError(f"Two layers of {model} make the tensor {output!r}.", DAMAGED)
            if output in given and node.op_type != "Constant":
                raise ModelError(f"A layer of {model} makes {output!r}, which is an input or a weight.", DAMAGED)
    return makers


def unfolded_sizes(calls: Mapping[Key, Sequence[Key]]) -> dict[Key, int]:
    """Return to how many nodes each function unfolds, without unfolding it.

    Args:
        calls: The operators in each function; those that are no functions count as one node.

    Raises:
        RecursionError: A function calls itself, perhaps through others; the argument is its key.
    """
    sizes: dict[Key, int] = {}
    active: dict[Key, None] = {}
    for start in calls:
        waiting = [start]
        while waiting:
            key = waiting[-1]
            if key in sizes:
                waiting.pop()
                continue
            missing = [each for each in dict.fromkeys(calls[key]) if each in calls and each not in sizes]
            if not missing:
                sizes[key] = sum(sizes.get(each, 1) for each in calls[key])
                active.pop(key, None)
                waiting.pop()
                continue
            active[key] = None
            if any(each in active for each in missing):
                raise RecursionError(key)
            waiting += missing
    return sizes


class Unique:
    """Names that are not taken yet, each found in constant time."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def name(self, wanted: str) -> str:
        """Return ``wanted`` with a number that makes it unique."""
        count = self._counts.get(wanted, 1)
        while True:
            count += 1
            found = f"{wanted}_{count}"
            if found not in self._taken:
                break
        self._counts[wanted] = count
        self._taken.add(found)
        return found
