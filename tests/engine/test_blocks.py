"""The shared memory, both sides of it in one process."""

from __future__ import annotations

import gc
import mmap
import os

import numpy as np
import pytest

from inspector.engine.blocks import ChildBlocks, Layout, ProgramBlocks, arrays, size_of, view
from inspector.engine.protocol import Placement
from inspector.errors import EngineError


@pytest.fixture(params=[False, True], ids=["by descriptor", "by path"])
def blocks(request):
    blocks = ProgramBlocks(limit_bytes=1 << 20, by_path=request.param)
    yield blocks
    blocks.close()


def lend(blocks: ProgramBlocks, child: ChildBlocks, size: int) -> tuple[int, mmap.mmap]:
    lent, descriptor = blocks.lend(size)
    return lent.block, child.take(lent, None if descriptor is None else os.dup(descriptor))


def test_what_the_child_writes_the_program_reads(blocks):
    number, memory = lend(blocks, ChildBlocks(), 1000)
    place = Placement("t", (2, 3), "<f4", number, 64)
    view(memory, place)[...] = [[1, 2, 3], [4, 5, 6]]
    read = arrays((place,), {number: blocks.map(number)})["t"]
    np.testing.assert_array_equal(read, [[1, 2, 3], [4, 5, 6]])
    assert not read.flags.writeable


def test_a_block_is_lent_again_only_when_no_array_is_left_on_it(blocks):
    child = ChildBlocks()
    number, _ = lend(blocks, child, 100)
    held = arrays((Placement("t", (2,), "<f4", number, 0),), {number: blocks.map(number)})["t"]
    part = held[1:]
    assert lend(blocks, child, 100)[0] != number
    del held
    gc.collect()
    assert lend(blocks, child, 100)[0] not in (number,)
    del part
    gc.collect()
    assert blocks.lend(100)[0].block == number


def test_what_was_lent_and_never_used_comes_back(blocks):
    number = blocks.lend(100)[0].block
    blocks.reclaim()
    assert blocks.lend(100)[0].block == number


def test_more_than_the_limit_is_refused_in_words(blocks):
    lent, descriptor = blocks.lend(2 << 20)
    assert descriptor is None
    assert "memory" in lent.refusal


def test_arrays_in_hand_outlive_the_blocks(blocks):
    number, memory = lend(blocks, ChildBlocks(), 100)
    place = Placement("t", (2,), "<f4", number, 0)
    view(memory, place)[...] = [7, 8]
    read = arrays((place,), {number: blocks.map(number)})["t"]
    blocks.close()
    assert read.tolist() == [7, 8]


@pytest.mark.parametrize(
    "place",
    [
        Placement("t", (1025,), "<f4", 1, 4096),
        Placement("t", (4,), "<f4", 1, -64),
        Placement("t", (4,), "<f4", 1, 3),
        Placement("t", (1 << 40, 1 << 40), "<f4", 1, 0),
        Placement("t", (-1,), "<f4", 1, 0),
        Placement("t", (1,), "O", 1, 0),
        Placement("t", (1,), "<U9", 1, 0),
        Placement("t", (1,), "nonsense", 1, 0),
        Placement("t", (1,), "<f4", 9, 0),
    ],
    ids=[
        "past the end",
        "before the start",
        "crooked",
        "overflow",
        "negative",
        "objects",
        "text",
        "no type",
        "no block",
    ],
)
def test_a_lie_about_a_place_is_refused(blocks, place):
    number, _ = lend(blocks, ChildBlocks(), 5000)
    assert number == 1
    with pytest.raises(EngineError):
        arrays((place,), {number: blocks.map(number)})


def test_a_sealed_block_can_neither_shrink_nor_grow():
    blocks = ProgramBlocks(limit_bytes=1 << 20, by_path=False)
    _, descriptor = blocks.lend(4096)
    for size in (0, 8192):
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, size)
    blocks.close()


def test_tensors_are_laid_out_on_64_byte_boundaries():
    layout = Layout()
    places = [layout.place("a", (3,), "<f4"), layout.place("b", (1, 5), "|u1"), layout.place("c", (2,), "<f8")]
    assert [place.offset for place in places] == [0, 64, 128]
    assert layout.end == 144
    assert size_of((1 << 40, 1 << 40), "<f4") == 1 << 82
