"""The arithmetic of an element, the sliding window, and the way back to the pixels."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from onnx import helper
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from inspector.explain.elements import Spot
from inspector.explain.sheets import Ranking
from inspector.ui.arithmetic.grids import CellPlace
from inspector.ui.arithmetic.sums import Waterfall, verdict
from inspector.ui.panels.arithmetic import ArithmeticPanel

SIZE = 1000, 640
WINDOW = np.array([[1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [0, 1, 0, 1, 0], [2, 2, 2, 2, 2], [1, 0, 1, 0, 1]], np.float32)
LAPLACE = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)


@pytest.fixture
def classic(save, fed, run):
    """A 5x5x1 input, a 3x3x1 kernel with padding and bias, Relu, 2x2 max pooling, Flatten, a dense layer, Softmax."""
    nodes = [
        helper.make_node("Conv", ["x", "kernel", "bias"], ["conv"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv"], ["relu"], name="relu"),
        helper.make_node("MaxPool", ["relu"], ["pool"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pool"], ["flat"], name="flatten"),
        helper.make_node("Gemm", ["flat", "dense weight"], ["logits"], name="dense"),
        helper.make_node("Softmax", ["logits"], ["probabilities"], name="softmax"),
    ]
    weights = {
        "kernel": LAPLACE[None, None],
        "bias": np.array([0.5], np.float32),
        "dense weight": np.array([[1, 0], [0, 1], [1, 1], [0, 2]], np.float32) / 4,
    }
    model = save("classic.onnx", nodes, {"x": [1, 1, 5, 5]}, ["probabilities"], weights)
    return run(model, fed(WINDOW[None, None]))


@pytest.fixture
def panel(classic, show):
    return show(ArithmeticPanel(classic), *SIZE)


def click(widget: QWidget, at: QPointF) -> None:
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        button = Qt.MouseButton.LeftButton
        event = QMouseEvent(kind, at, widget.mapToGlobal(at), button, button, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(widget, event)


def move(widget: QWidget, at: QPointF) -> None:
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, at, widget.mapToGlobal(at), none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)


def texts(panel: ArithmeticPanel) -> list[str]:
    return [f"{term.sign} {term.text}".strip() for term in panel.content.line.terms]


# ---------------------------------------------------------------- what is shown


def test_convolution_shows_patch_kernel_products_sum_and_the_tick(panel, classic):
    classic.set_view(layer="conv", channel=0, element=(1, 2))
    patch, kernel, products = (block.sheet.values for block in panel.content.grids.blocks)
    np.testing.assert_array_equal(patch, WINDOW[0:3, 1:4])
    np.testing.assert_array_equal(kernel, LAPLACE)
    np.testing.assert_array_equal(products, WINDOW[0:3, 1:4] * LAPLACE)
    assert texts(panel) == ["−3.0000", "+ 0.5000", "= −2.5000"]  # 3 + 4 + 2 + 0 - 4 * 3
    assert panel.content.verdict.sign == "check"
    assert "not flipped" in panel.content.remark.text


def test_padding_cells_are_no_cells_of_the_input(panel, classic):
    classic.set_view(layer="conv", channel=0, element=(0, 0))
    patch = panel.content.grids.blocks[0].sheet
    assert patch.padding.tolist() == [[True] * 3, [True, False, False], [True, False, False]]
    assert texts(panel) == ["3.0000", "+ 0.5000", "= 3.5000"]  # 2 + 5 - 4 * 1


def test_pooling_shows_its_window_and_the_winner(panel, classic):
    classic.set_view(layer="pool", channel=0, element=(0, 0))
    [block] = panel.content.grids.blocks
    expected = np.maximum(convolved() + 0.5, 0)[:2, :2]
    np.testing.assert_allclose(block.sheet.values, expected)
    assert block.winner == np.unravel_index(expected.argmax(), (2, 2))


def test_activation_shows_its_curve_with_the_point_on_it(panel, classic):
    classic.set_view(layer="relu", channel=0, element=(1, 2))
    assert panel.content.plot.isVisible()
    assert panel.content.plot.accessibleDescription() == "the point −2.500, 0"
    assert texts(panel) == ["−2.500", "→ 0"]


def test_flatten_shows_which_cell_became_which_index(panel, classic):
    classic.set_view(layer="flatten", channel=2, element=None)
    assert panel.content.unrolled.isVisible()
    assert panel.player.count == 4
    assert panel.player.position == 2
    assert panel.explanation.arithmetic.operands[0].place(()) == (0, 0, 1, 0)


def test_dense_layer_ranks_its_products_with_both_factors(panel, classic):
    classic.set_view(layer="dense", channel=1, element=None)
    pooled = np.maximum(convolved() + 0.5, 0)[:4, :4].reshape(2, 2, 2, 2).max(axis=(1, 3)).reshape(-1)
    weights = np.array([0, 1, 1, 2]) / 4
    rows = panel.content.ranked.rows
    order = [int(rows.name(place)) for place in range(rows.count)]
    assert order == np.argsort(-np.abs(pooled * weights), kind="stable").tolist()
    assert rows.heads == ("input", "part of the sum", "value", "weight", "part", "running")
    assert panel.explanation.recomputed == pytest.approx(float(pooled @ weights))


def test_softmax_shows_logits_exponentials_and_shares_and_names_the_classes(panel, classic, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("left\nright\n")
    classic.set_labels(str(labels))
    classic.set_view(layer="softmax", channel=1, element=None)
    rows = panel.content.ranked.rows
    names = [rows.name(place) for place in range(rows.count)]
    assert sorted(names) == ["0 left", "1 right"]
    assert rows.name(rows.selected) == "1 right"
    shares = [row[-1] for row in rows.texts(range(rows.count))]
    assert sum(float(share) for share in shares) == pytest.approx(1.0, abs=2e-4)


def test_maps_are_drawn_with_chosen_limits_and_where_these_are_locked_those_of_other_layers_too(panel, classic):
    def shades(tensor):
        image = panel._looks.image(tensor, Spot(0, (0, 0)))
        return [[image.pixelIndex(column, row) for column in range(5)] for row in range(5)]

    made = np.maximum(convolved() + 0.5, 0)
    classic.set_view(layer="relu", channel=0, element=(1, 2), scaling="layer")
    alone = shades("relu"), shades("conv")
    classic.set_view(limits=(0.0, 34.0))
    assert shades("relu") == np.floor(np.minimum(made / 34, 1) * 255 + 0.5).astype(int).tolist()
    assert shades("conv") == alone[1]
    classic.set_view(is_locked=True)
    signed = np.clip((convolved() + 0.5 + 34) / 68, 0, 1)  # values below zero: around zero
    assert shades("conv") == np.floor(signed * 255 + 0.5).astype(int).tolist()
    classic.set_view(limits=None, is_locked=False)
    assert (shades("relu"), shades("conv")) == alone


def test_without_an_element_the_strongest_of_the_map_is_shown(panel, classic):
    classic.set_view(layer="conv", channel=0, element=None)
    expected = convolved() + 0.5
    assert panel.element.index[2:] == np.unravel_index(np.abs(expected).argmax(), expected.shape)


def test_layer_of_another_operator_says_plainly_that_it_is_not_explained(save, fed, run, show):
    nodes = [helper.make_node("Einsum", ["x"], ["y"], name="sums", equation="nchw->nc")]
    session = run(save("odd.onnx", nodes, {"x": [1, 2, 2, 2]}, ["y"]), fed(np.ones((1, 2, 2, 2), np.float32)))
    panel = show(ArithmeticPanel(session), *SIZE)
    assert panel.content.sentence.text() == "The arithmetic of Einsum is not explained."
    assert panel.content.verdict.sign == ""
    assert panel.content.verdict.lines == ("ONNX Runtime computed 4.000",)


def test_disagreement_is_a_warning_with_both_values_and_their_difference(panel, classic):
    found = replace(panel.explanation, runtime=2.0, recomputed=1.0, rounded=1.0, difference=1.0, agrees=False)
    sign, tone, lines = verdict(found)
    assert (sign, tone) == ("warning", "warning")
    assert lines[0] == "recomputed 1.000, but the runtime has 2.000"
    assert lines[1].startswith("they differ by 1.000")


def test_empty_session_says_what_will_be_here(session, show):
    panel = show(ArithmeticPanel(session), *SIZE)
    assert "how each number" in panel.message


def convolved() -> np.ndarray:
    """The classic convolution by hand, with zero padding."""
    padded = np.pad(WINDOW, 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    return (windows * LAPLACE).sum(axis=(2, 3))


# ---------------------------------------------------------------- following numbers


def test_click_on_a_cell_of_the_patch_goes_to_the_pixel_and_the_way_leads_back(panel, classic):
    classic.set_view(layer="conv", channel=0, element=(1, 2))
    click(panel.content.grids, panel.content.grids.cell_rect(CellPlace(0, 1, 2)).center())
    assert panel.element.layer == ""
    assert panel.element.index == (0, 0, 1, 3)
    assert panel.explanation.runtime == 2.0
    chips = panel.trail.chips
    assert [chip.text for chip in chips] == ["fed.npy", "conv"]
    assert chips[0].is_current
    click(panel.trail, panel.trail.chip_rects()[1].center())
    assert (panel.element.layer, panel.element.index) == ("conv", (0, 0, 1, 2))


def test_probability_is_followed_back_to_a_pixel_step_by_step(panel, classic):
    classic.set_view(layer="softmax", channel=1, element=None)
    visited = []
    while panel.element.layer:
        visited.append(panel.element.layer)
        found = panel.explanation.arithmetic
        if found.kind in ("products", "softmax"):
            ranked = panel.content.ranked
            if ranked.isVisible():
                ranked.followed.emit(ranked.rows.selected)
            else:
                click(panel.content.grids, panel.content.grids.cell_rect(CellPlace(0, 1, 1)).center())
        elif found.kind == "window":
            click(panel.content.grids, panel.content.grids.cell_rect(CellPlace(0, *found.winner)).center())
        else:
            click(panel.content.line, panel.content.line.term_rect(0).center())
    assert visited == ["softmax", "dense", "flatten", "pool", "relu", "conv"]
    assert panel.element.tensor == "x"
    assert [chip.text for chip in panel.trail.chips][1:] == ["conv", "relu", "pool", "flatten", "dense", "softmax"]


def test_layer_before_is_reached_by_the_number_that_counts_most(panel, classic):
    classic.set_view(layer="pool", channel=0, element=(0, 0))
    names = [chip.text for chip in panel.trail.chips]
    panel.trail.picked.emit(names.index("conv"))
    winner = np.unravel_index(np.maximum(convolved() + 0.5, 0)[:2, :2].argmax(), (2, 2))
    assert classic.view.layer == "conv"
    assert classic.view.element == winner
    assert panel.element.index == (0, 0, *winner)


def test_cell_of_the_map_leads_back_through_flatten(panel, classic):
    classic.set_view(layer="flatten", channel=0, element=None)
    click(panel.content.unrolled, panel.content.unrolled.map_cell(3).center())
    assert (classic.view.layer, classic.view.element) == ("pool", (1, 1))


# ---------------------------------------------------------------- the window slides


def test_window_slides_over_all_places_and_the_others_hear_of_it_when_it_stops(panel, classic, qtbot):
    classic.set_view(layer="conv", channel=0, element=(0, 0))
    seen = []
    panel.player.moved.connect(seen.append)
    panel.player.set_speed(300)
    with qtbot.waitSignal(panel.player.changed, timeout=10_000):
        panel.player.play()
    qtbot.waitUntil(lambda: not panel.player.is_playing, timeout=10_000)
    assert seen == sorted(seen)
    assert panel.player.position == 24
    assert classic.view.element == (4, 4)
    assert panel.explanation.runtime == pytest.approx(convolved()[4, 4] + 0.5)


def test_cell_under_the_cursor_stops_the_window_there(panel, classic):
    classic.set_view(layer="conv", channel=0, element=(0, 0))
    panel.player.set_speed(1)
    panel.player.play()
    move(panel.content.maps, panel.content.maps.point_of(3, 1))
    assert not panel.player.is_playing
    assert panel.element.index == (0, 0, 3, 1)


def test_click_on_the_output_selects_the_element_for_every_panel(panel, classic):
    classic.set_view(layer="conv", channel=0, element=(0, 0))
    click(panel.content.maps, panel.content.maps.point_of(2, 4))
    assert classic.view.element == (2, 4)


def test_step_and_reset_go_one_further_and_back_to_the_first(panel, classic, qtbot):
    classic.set_view(layer="conv", channel=0, element=(0, 4))
    qtbot.mouseClick(panel.transport.step, Qt.MouseButton.LeftButton)
    assert panel.element.index == (0, 0, 1, 0)
    qtbot.mouseClick(panel.transport.back, Qt.MouseButton.LeftButton)
    assert panel.element.index == (0, 0, 0, 0)
    assert panel.transport.where.text() == "position 1 of 25"


def test_chosen_input_channel_stays_while_the_window_slides(save, fed, run, show):
    weights = {"w": np.stack([np.full((3, 3), each, np.float32) for each in (1, 10, 2)])[None]}
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], name="conv")]
    values = np.random.default_rng(0).uniform(1, 2, (1, 3, 6, 6)).astype(np.float32)
    session = run(save("three.onnx", nodes, {"x": [1, 3, 6, 6]}, ["y"], weights), fed(values))
    session.set_view(element=(0, 0))
    panel = show(ArithmeticPanel(session), *SIZE)
    assert panel.content.ranked.rows.name(0) == "1"
    assert len(panel.content.grids.blocks) == 9  # the classic picture: all three channels
    panel.content.ranked.chosen.emit(2)
    panel.player.step()
    assert panel.content.ranked.rows.name(panel.content.ranked.rows.selected) == "0"
    products = panel.content.grids.blocks[5].sheet.values
    np.testing.assert_allclose(products, 10 * values[0, 1, 0:3, 1:4].astype(np.float64))


def test_button_asks_for_the_animation_of_what_is_shown(panel, classic, qtbot):
    classic.set_view(layer="conv", channel=0, element=(1, 2))
    with qtbot.waitSignal(panel.animation_wanted) as asked:
        qtbot.mouseClick(panel.transport.file, Qt.MouseButton.LeftButton)
    assert asked.args == ["conv", 0, 0]


def test_layer_without_a_window_offers_no_animation_file(panel, classic):
    classic.set_view(layer="relu", channel=0, element=(1, 2))
    assert not panel.transport.file.isVisible()
    assert panel.transport.isVisible()


# ---------------------------------------------------------------- room


@pytest.mark.parametrize("size", [(1000, 640), (700, 600), (360, 900), (240, 300)])
@pytest.mark.parametrize("layer", ["conv", "pool", "relu", "flatten", "dense", "softmax"])
def test_every_kind_is_drawn_at_every_size(classic, show, size, layer):
    panel = show(ArithmeticPanel(classic), *size)
    classic.set_view(layer=layer, channel=0, element=None)
    image = panel.grab().toImage()
    assert not panel.message
    assert len({image.pixel(QPoint(x, y)) for x in range(0, size[0], 5) for y in range(0, size[1], 5)}) > 4


def test_hidden_panel_holds_nothing_of_the_run(panel, classic):
    classic.set_view(layer="conv", channel=0, element=(1, 2))
    panel.hide()
    assert panel.explanation is None
    assert panel._looks is None
    panel.show()
    assert panel.explanation is not None


@pytest.mark.parametrize("width", [620, 330, 200])
def test_the_names_below_a_running_sum_keep_apart_and_are_left_out_evenly(qtbot, width):
    painted: list[tuple[float, str]] = []

    class Noted(Waterfall):
        def _paint_name(self, painter, rect, name, is_bold):
            painted.append((rect.center().x(), name))
            super()._paint_name(painter, rect, name, is_bold)

    parts = np.full(16, 1.0)
    ranking = Ranking(np.arange(16) + 95, parts, np.cumsum(parts), 1.0, 16.0, 0.5, 16.5)
    sum_ = Noted()
    qtbot.addWidget(sum_)
    sum_.resize(width, 150)
    sum_.show_sum(ranking, [str(each) for each in range(111)], 0, "input channels")
    sum_.grab()
    digit = sum_.fontMetrics().horizontalAdvance("8")
    for (left, name), (right, next_name) in pairwise(painted):
        assert right - left > 0.9 * digit * (len(name) + len(next_name)) / 2, (name, next_name)
    names = [name for _, name in painted]
    assert names[0] == "95"
    assert names[-2:] == ["b", "Σ"]
    numbers = [int(name) for name in names if name.isdigit()]
    assert len({b - a for a, b in pairwise(numbers)}) <= 1
