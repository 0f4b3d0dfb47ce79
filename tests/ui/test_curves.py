"""Curves on the screen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent

from inspector.ui import theme
from inspector.ui.curves import CurveView, SamplePlace


@pytest.fixture
def view(qtbot, qapp):
    theme.apply(qapp, "dark")
    made = CurveView()
    qtbot.addWidget(made)
    made.resize(400, 240)
    with qtbot.waitExposed(made):
        made.show()
    return made


def shown(view):
    return view.viewport().grab().toImage()


def differs(image, rect, color):
    """How many pixels of a part have about that colour."""
    count = 0
    for y in range(int(rect.top()), int(rect.bottom())):
        for x in range(int(rect.left()), int(rect.right())):
            found = image.pixelColor(x, y)
            distance = sum(abs(a - b) for a, b in zip(found.getRgb()[:3], color.getRgb()[:3], strict=True))
            count += distance < 60
    return count


def middle_of(view, curve, sample):
    lane, seen = view.lane(curve), view.seen
    return QPointF(lane.left() + seen.fraction(sample) * lane.width(), lane.center().y())


def test_two_signals_lie_below_each_other_and_the_chosen_one_is_marked(view):
    view.show_curves(np.array([[0, 1, 0, 1], [1, 0, 1, 0]], np.float32), ("left", "right"), selected=1)
    first, second = view.lane(0), view.lane(1)
    assert first.bottom() <= second.top()
    image = shown(view)
    accent, blue = theme.color("accent"), theme.color("convolution")
    assert differs(image, second, accent) > 100
    assert differs(image, first, accent) == 0
    assert differs(image, first, blue) > 100


def test_the_cursor_names_curve_and_sample(view, qtbot):
    view.show_curves(np.arange(20, dtype=np.float32).reshape(2, 10))
    with qtbot.waitSignal(view.hovered) as heard:
        qtbot.mouseMove(view.viewport(), middle_of(view, 1, 7).toPoint())
    assert heard.args == [SamplePlace(1, 7)]
    with qtbot.waitSignal(view.hovered) as heard:
        qtbot.mouseMove(view.viewport(), QPoint(1, 1))
    assert heard.args == [None]


def test_a_click_picks_and_a_drag_does_not(view, qtbot):
    view.show_curves(np.arange(30, dtype=np.float32).reshape(3, 10))
    picked = []
    view.picked.connect(picked.append)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=middle_of(view, 2, 4).toPoint())
    assert picked == [SamplePlace(2, 4)]
    start, end = middle_of(view, 0, 2).toPoint(), middle_of(view, 0, 8).toPoint()
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(view.viewport(), end)
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert len(picked) == 1


def turn(view, at, clicks, modifiers=Qt.KeyboardModifier.NoModifier):
    event = QWheelEvent(
        at,
        view.viewport().mapToGlobal(at.toPoint()).toPointF(),
        QPoint(),
        QPoint(0, 120 * clicks),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    view.wheelEvent(event)


def test_the_wheel_enlarges_where_the_cursor_is_and_a_double_click_shows_all(view, qtbot):
    view.show_curves(np.zeros((1, 1000), np.float32))
    at = middle_of(view, 0, 250)
    turn(view, at, 4)
    assert view.seen.length == pytest.approx(1000 / 1.25**4)
    lane = view.lane(0)
    assert view.seen.at((at.x() - lane.left()) / lane.width()) == pytest.approx(250.5)
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=lane.center().toPoint())
    assert (view.seen.start, view.seen.stop) == (0, 1000)


def test_keys_enlarge_and_go_to_the_ends(view, qtbot):
    view.show_curves(np.zeros((1, 1000), np.float32))
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.seen.length == 800
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert view.seen.stop == 1000
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert view.seen.start == 0
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.seen.length == 1000


def test_more_curves_than_fit_are_scrolled_and_the_chosen_one_is_brought_into_view(view):
    view.show_curves(np.zeros((64, 50), np.float32))
    assert view.verticalScrollBar().maximum() > 0
    assert view.lane(63).top() > view.viewport().height()
    view.set_selection(63)
    assert view.lane(63).bottom() <= view.viewport().height()
    turn(view, QPointF(200, 60), 3, Qt.KeyboardModifier.ShiftModifier)
    assert view.lane(63).bottom() > view.viewport().height()


def test_the_same_signal_keeps_what_was_enlarged_and_another_length_does_not(view):
    view.show_curves(np.zeros((1, 1000), np.float32))
    turn(view, middle_of(view, 0, 500), 3)
    seen = view.seen
    view.show_curves(np.ones((1, 1000), np.float32))
    assert view.seen == seen
    view.show_curves(np.ones((1, 10), np.float32))
    assert (view.seen.start, view.seen.stop) == (0, 10)


@pytest.mark.parametrize("shape", [(0, 0), (1, 0), (1, 1), (3, 1)])
def test_degenerate_signals_are_shown_without_a_mistake(view, shape):
    view.show_curves(np.zeros(shape, np.float32))
    assert not shown(view).isNull()
    view.clear()
    assert not shown(view).isNull()


def test_nothing_but_missing_numbers_is_shown_without_a_mistake(view):
    view.show_curves(np.full((2, 40), np.nan, np.float32))
    image = shown(view)
    assert differs(image, view.lane(0), theme.color("convolution")) == 0


def test_what_is_shown_is_said(view):
    view.show_curves(np.array([[0, 2]], np.float32))
    assert view.accessibleDescription() == "1 curve of 2 samples, 0 to 2.000"
