"""The canvas on more elements than can be averaged while the window waits."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.limits import shared_limits
from inspector.render.mosaic import window
from inspector.render.palettes import palette
from inspector.ui import canvas as canvas_module
from inspector.ui.canvas import MosaicCanvas

MAPS = np.random.default_rng(0).random((3, 500, 400), dtype=np.float32)


@pytest.fixture
def shown(qtbot):
    def show():
        canvas = MosaicCanvas()
        qtbot.addWidget(canvas)
        canvas.resize(300, 200)
        canvas.show()
        canvas.show_maps(MAPS, shared_limits(0, 1), palette("viridis"))
        canvas.settle()
        return canvas

    return show


def test_very_many_elements_are_sampled_at_once_and_averaged_when_there_was_time(qtbot, monkeypatch, shown):
    averaged = shown().item.image.copy()
    monkeypatch.setattr(canvas_module, "AT_ONCE", 1000)
    canvas = shown()
    assert canvas.item.image.shape == averaged.shape
    qtbot.waitUntil(lambda: np.array_equal(canvas.item.image, averaged))


def test_a_canvas_that_lets_go_takes_no_means_that_come_late(qtbot, monkeypatch, shown):
    monkeypatch.setattr(canvas_module, "AT_ONCE", 1000)
    canvas = shown()
    canvas.let_go()
    canvas.show_maps(MAPS[:1] * 0, shared_limits(0, 1), palette("viridis"))
    qtbot.waitUntil(lambda: int(canvas.item.image.max()) == 0)


def test_what_changes_twice_is_computed_once(qtbot, monkeypatch, shown):
    canvas, computed = shown(), []
    monkeypatch.setattr(canvas_module, "window", lambda *given: computed.append(given) or window(*given))
    canvas.show_maps(MAPS, shared_limits(0, 2), palette("viridis"))
    canvas.resize(320, 200)
    canvas.show_maps(MAPS, shared_limits(0, 3), palette("viridis"))
    assert computed == []
    qtbot.waitUntil(lambda: len(computed) == 1)
    canvas.grab()
    assert len(computed) == 1
