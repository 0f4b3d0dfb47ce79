"""Where columns stand: what is beside each other, what above, and what leads round others."""

from __future__ import annotations

import time

from inspector.graph.columns import INPUT, Column, columns_of
from inspector.graph.layering import layered
from inspector.graph.model import Layer, Tensor
from inspector.graph.reader import read


def columns(*sources: tuple[int, ...], gives: tuple[int, ...] = ()) -> list[Column]:
    """A column for each, fed by these; the last one gives the answer, or those that are said."""
    made = []
    for place, each in enumerate(sources):
        layer = Layer(place, str(place), "Conv", "", "convolution", (), (Tensor(str(place), "", None),))
        given = (str(place),) if place in (gives or (len(sources) - 1,)) else ()
        made.append(Column(place, (layer,), each, (), str(place), False, given))
    return made


def test_a_chain_is_a_line():
    found = layered(columns((INPUT,), (0,), (1,)))
    assert found.generations == ((0,), (1,), (2,))
    assert found.links == ((INPUT, 0), (0, 1), (1, 2), (2, 3))
    assert found.ways == ()


def test_branches_stand_above_each_other():
    found = layered(columns((INPUT,), (0,), (0,), (1, 2)))
    assert found.generations == ((0,), (1, 2), (3,))


def test_a_skip_is_a_way_round_what_it_skips():
    found = layered(columns((INPUT,), (0,), (1,), (0, 2)))
    (way,) = found.ways
    assert (way.source, way.targets, way.first, way.last, way.level) == (0, (3,), 1, 2, 0)


def test_skips_within_skips_lie_below_them():
    # as in a U-Net: 0 to 5, and within it 1 to 4
    found = layered(columns((INPUT,), (0,), (1,), (2,), (1, 3), (0, 4)))
    levels = {way.source: way.level for way in found.ways}
    assert levels == {1: 0, 0: 1}
    assert {way.side for way in found.ways} == {"above"}


def test_one_source_has_one_way_to_many():
    found = layered(columns((INPUT,), (0,), (0, 1), (0, 1, 2)))
    first = next(way for way in found.ways if way.source == 0)
    assert first.targets == (2, 3)
    assert (first.first, first.last) == (1, 2)


def test_an_early_output_leads_to_the_answer():
    found = layered(columns((INPUT,), (0,), (1,), gives=(0, 2)))
    assert next(way for way in found.ways if way.source == 0).targets == (3,)


def test_branches_are_put_in_an_order_without_crossings():
    # 1 and 2 side by side; 4 follows 1 and 3 follows 2: in order of their places the two ways would cross
    found = layered(columns((INPUT,), (0,), (0,), (2,), (1,), (3, 4)))
    rows = {place: row for each in found.generations for row, place in enumerate(each)}
    assert (rows[1] < rows[2]) == (rows[4] < rows[3])


def test_a_loop_is_shown_in_execution_order():
    found = layered(columns((INPUT, 1), (0,)))
    assert found.is_linear
    assert found.generations == ((0,), (1,))
    assert found.links == found.ways == ()


def test_too_many_connections_are_shown_in_execution_order_in_time():
    began = time.perf_counter()
    sources = [(INPUT,), *(tuple(range(place)) for place in range(1, 500))]
    found = layered(columns(*sources))  # 124,750 connections
    assert found.is_linear
    assert len(found.generations) == 500
    assert time.perf_counter() - began < 5


def test_whatever_a_column_takes_stands_before_it_in_real_networks(shared):
    for name in ("squeezenet_fp16", "yolox_nano", "silero_vad_op18", "unet_sed_gen"):
        made = columns_of(read(str(shared / "assets" / "models" / f"{name}.onnx")).model).columns
        found = layered(made)
        at = {place: number for number, each in enumerate(found.generations) for place in each}
        assert sorted(at) == list(range(len(made)))
        assert all(at[source] < at[column.place] for column in made for source in column.sources if source != INPUT)
        drawn = set(found.links) | {(way.source, target) for way in found.ways for target in way.targets}
        assert {(source, column.place) for column in made for source in column.sources} <= drawn
        assert all(at[target] == at.get(source, -1) + 1 for source, target in found.links if target in at)
