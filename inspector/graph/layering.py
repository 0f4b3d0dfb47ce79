"""Where the columns of a network stand: which are beside each other, which above, and which ways lead round others."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from inspector.graph.columns import INPUT, Column

LONGEST_SECONDS = 1.0  # of putting branches in a better order
_MOST_LINKS = 100_000
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Way:
    """What leads from one column past others to columns that stand further on.

    Attributes:
        source: Where it begins, a column's place or ``INPUT``.
        targets: Where it ends, by place; the number of columns stands for the answer.
        first, last: The generations that it passes; the first may be 0.
        side: Whether it passes above or below them.
        level: How many others it leads round on that side.
    """

    source: int
    targets: tuple[int, ...]
    first: int
    last: int
    side: Literal["above", "below"]
    level: int


@dataclass(frozen=True, slots=True)
class Layered:
    """The layout of a network.

    Attributes:
        generations: Columns that stand above each other, by place, the topmost first; in the network's order.
        links: From a column, or ``INPUT``, to one of the next generation.
        ways: All other connections, one for each source, the shorter ones first.
        end: The place that stands for the answer: the number of columns.
        is_linear: It is in execution order, without branches and without connections: the network has a loop
            or too many connections.
    """

    generations: tuple[tuple[int, ...], ...]
    links: tuple[tuple[int, int], ...]
    ways: tuple[Way, ...]
    end: int
    is_linear: bool = False


def layered(columns: Sequence[Column]) -> Layered:
    """Lay out a network from left to right: whatever a column takes stands before it.

    To be called off the window's thread: the first call loads a library.
    """
    import networkx as nx

    end = len(columns)
    edges = [(source, column.place) for column in columns for source in column.sources]
    edges += [(column.place, end) for column in columns if column.gives]
    if len(edges) > _MOST_LINKS:
        return _linear(end)
    graph = nx.DiGraph()
    graph.add_nodes_from([INPUT, *range(end), end])
    graph.add_edges_from(edges)
    graph.add_edges_from((place, end) for place in range(end) if not graph.out_degree(place))
    try:
        found = [sorted(each) for each in nx.topological_generations(graph)]
    except nx.NetworkXUnfeasible:
        return _linear(end)
    generations = [[place for place in each if place not in (INPUT, end)] for each in found]
    generations = [each for each in generations if each]
    return _laid_out(generations, edges, end)


def _linear(end: int) -> Layered:
    return Layered(tuple((place,) for place in range(end)), (), (), end, is_linear=True)


def _laid_out(generations: list[list[int]], edges: Sequence[tuple[int, int]], end: int) -> Layered:
    at = {place: number for number, each in enumerate(generations) for place in each} | {INPUT: -1}
    at[end] = len(generations)
    near = [edge for edge in edges if at[edge[1]] == at[edge[0]] + 1]
    far: dict[int, list[int]] = {}
    for source, target in edges:
        if at[target] > at[source] + 1:
            far.setdefault(source, []).append(target)
    ordered = _ordered(generations, edges)
    passed = {source: (at[source] + 1, max(at[target] for target in targets) - 1) for source, targets in far.items()}
    if sum(last - first for first, last in passed.values()) > _MOST_LINKS:
        return _linear(end)
    height = _heights(ordered) | {INPUT: 0.0, end: 0.0}
    taken = {"above": [0] * len(generations), "below": [0] * len(generations)}
    ways = []
    for source in sorted(far, key=lambda place: (passed[place][1] - passed[place][0], place)):  # short ones lie within
        first, last = passed[source]
        lean = height[source] + sum(height[target] for target in far[source])
        side: Literal["above", "below"] = "below" if lean > 0 else "above"
        level = max(taken[side][first : last + 1])
        taken[side][first : last + 1] = [level + 1] * (last + 1 - first)
        ways.append(Way(source, tuple(far[source]), first, last, side, level))
    return Layered(tuple(map(tuple, ordered)), tuple(near), tuple(ways), end)


def _heights(generations: Sequence[Sequence[int]]) -> dict[int, float]:
    """Return how far below the axis each column is, in columns."""
    return {place: row - (len(each) - 1) / 2 for each in generations for row, place in enumerate(each)}


def _ordered(generations: Sequence[Sequence[int]], edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Put the columns of each generation in an order in which fewer connections cross.

    Each goes to the mean height of what it is connected with, forwards and backwards in turn (Sugiyama et al., 1981).
    """
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for source, target in edges:
        before.setdefault(target, []).append(source)
        after.setdefault(source, []).append(target)
    best = [list(each) for each in generations]
    fewest = _crossings(best, after)
    current = best
    until = time.monotonic() + LONGEST_SECONDS
    for sweep in range(_SWEEPS):
        if not fewest or time.monotonic() > until:
            break
        current = _swept(current, after if sweep % 2 else before, backwards=bool(sweep % 2))
        count = _crossings(current, after)
        if count < fewest:
            best, fewest = current, count
    return best


def _swept(
    generations: Sequence[Sequence[int]], neighbours: Mapping[int, Sequence[int]], backwards: bool
) -> list[list[int]]:
    height = _heights(generations)
    swept = [list(each) for each in generations]
    for each in reversed(swept) if backwards else swept:
        wanted = {}
        for place in each:
            known = [height[other] for other in neighbours.get(place, ()) if other in height]
            wanted[place] = sum(known) / len(known) if known else height[place]
        each.sort(key=lambda place: (wanted[place], place))
        height |= {place: row - (len(each) - 1) / 2 for row, place in enumerate(each)}
    return swept


def _crossings(generations: Sequence[Sequence[int]], after: Mapping[int, Sequence[int]]) -> int:
    """Count how often connections between neighbouring generations cross."""
    count = 0
    for here, there in pairwise(generations):
        row = {place: number for number, place in enumerate(there)}
        ends = [sorted(row[other] for other in after.get(place, ()) if other in row) for place in here]
        count += _inversions([end for each in ends for end in each])
    return count


def _inversions(numbers: Sequence[int]) -> int:
    """Count the pairs that stand in the wrong order."""
    if len(numbers) < 2:
        return 0
    counts = [0] * (max(numbers) + 1)
    found = 0
    for number in numbers:
        found += sum(counts[number + 1 :])
        counts[number] += 1
    return found
