"""Orders, sizes and names."""

from __future__ import annotations

import itertools

import pytest

from inspector.errors import ModelError
from inspector.graph.nodes import Node
from inspector.graph.order import Unique, execution_order, unfolded_sizes


def _node(inputs: str, outputs: str, captured: str = "") -> Node:
    return Node("Op", tuple(inputs.split()), tuple(outputs.split()), captured=tuple(captured.split()))


@pytest.mark.parametrize("shuffled", list(itertools.permutations(range(4))))
def test_any_order_becomes_one_that_runs_and_a_right_one_stays(shuffled):
    nodes = [_node("x", "a"), _node("a", "b"), _node("x b", "c"), _node("", "d", captured="a")]
    order = execution_order([nodes[index] for index in shuffled], {"x"}, "net")
    made = [shuffled[place] for place in order]
    assert made.index(0) < made.index(1) < made.index(2)
    assert made.index(0) < made.index(3)
    if list(shuffled) == [0, 1, 2, 3]:
        assert order == [0, 1, 2, 3]


def test_what_a_branch_takes_from_further_out_is_not_missed():
    assert execution_order([_node("", "a", captured="somewhere")], (), "net") == [0]
    with pytest.raises(ModelError, match="needs 'somewhere'"):
        execution_order([_node("somewhere", "a")], (), "net")


def test_functions_are_counted_with_what_they_call():
    calls = {"a": ["Relu", "Add"], "b": ["a", "a", "Relu"], "c": ["b", "a"], "alone": []}
    assert unfolded_sizes(calls) == {"a": 2, "b": 5, "c": 7, "alone": 0}


def test_many_functions_are_counted_without_recursion():
    calls = {0: ["Relu"], **{index: [index - 1] for index in range(1, 50_000)}}
    assert unfolded_sizes(dict(reversed(calls.items())))[49_999] == 1


@pytest.mark.parametrize("calls", [{"a": ["a"]}, {"a": ["b"], "b": ["Relu", "c"], "c": ["a"]}])
def test_functions_that_call_themselves_are_found(calls):
    with pytest.raises(RecursionError):
        unfolded_sizes(calls)


def test_unique_names_avoid_all_that_are_taken():
    unique = Unique(["a", "a_2", "a_3"])
    assert [unique.name("a"), unique.name("a"), unique.name("b")] == ["a_4", "a_5", "b_2"]
