"""The table of layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs
from onnx import helper
from PySide6.QtCore import QModelIndex, Qt

from inspector.engine.protocol import Measured
from inspector.graph.model import Layer, Model, Tensor
from inspector.graph.receptive_field import ReceptiveField
from inspector.ui import theme
from inspector.ui.panels.layer_rows import (
    BYTES,
    DENSE,
    GROUPS,
    KERNEL,
    MACS,
    MEAN,
    NAME,
    PADDING,
    PARAMETERS,
    PROVIDER,
    SEES,
    SHAPE,
    STORED,
    STRIDE,
    TIME,
    WEIGHTS,
    LayerRows,
)
from inspector.ui.panels.layers import LayersPanel
from tests.ui.panels.conftest import PATIENCE_MS


@pytest.fixture
def panel(ran, show):
    return show(LayersPanel(ran), 600, 400)


def cells(panel):
    rows = panel.table.model()
    return [[rows.index(row, column).data() for column in range(NAME, SEES + 1)] for row in range(rows.rowCount())]


def test_each_layer_is_a_row_with_its_numbers(save, fed, run, show):
    # 3 kernels of 2 x 2 x 2 on a picture of 5 x 5: 24 parameters and 3 of bias; 4 * 4 * 3 * 8 = 384 MACs
    nodes = [
        helper.make_node("Conv", ["x", "k", "b"], ["conv"], name="conv", kernel_shape=[2, 2]),
        helper.make_node("Relu", ["conv"], ["relu"], name="relu"),
    ]
    weights = {"k": np.ones((3, 2, 2, 2), np.float32), "b": np.zeros(3, np.float32)}
    path = save("conv.onnx", nodes, {"x": [1, 2, 5, 5]}, ["relu"], weights)
    panel = show(LayersPanel(run(path, fed(np.zeros((1, 2, 5, 5), np.float32)))), 600, 400)
    assert cells(panel) == [
        ["conv", "Conv", "4 × 4 × 3", "27", "384", "2 × 2"],
        ["relu", "Relu", "4 × 4 × 3", "", "", "2 × 2"],
    ]
    total = " ".join(panel.total.text.split())
    assert total == "2 layers parameters 27 MACs 384 (1 MAC = 2 FLOPs)"


def test_before_a_run_the_known_dimensions_are_shown(session, signs, show, qtbot):
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    panel = show(LayersPanel(session), 600, 400)
    assert cells(panel)[0][2].endswith(" × 3")
    assert cells(panel)[0][4] == "?"
    assert panel.table.isColumnHidden(TIME)
    assert panel.table.isColumnHidden(PROVIDER)


def test_the_selected_row_follows_the_session(panel, ran):
    assert panel.table.currentIndex().row() == 0
    ran.select_layer("relu")
    assert panel.table.currentIndex().row() == 1


def test_arrow_keys_select_layers(panel, ran, qtbot):
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    assert ran.view.layer == "relu"
    qtbot.keyClick(panel.table, Qt.Key.Key_Up)
    assert ran.view.layer == "signs"


def test_a_click_selects_a_layer(panel, ran, qtbot):
    at = panel.table.visualRect(panel.table.model().index(1, NAME)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert ran.view.layer == "relu"


def test_the_selected_row_has_a_tint_and_a_stripe(panel, qtbot):
    image = panel.table.viewport().grab().toImage()
    assert image.pixelColor(1, 13).name() == theme.tokens().accent
    assert image.pixelColor(panel.table.columnWidth(MEAN) + 2, 2).name() == theme.tokens().selection
    assert image.pixelColor(1, 13 + theme.ROW_HEIGHT).name() == theme.tokens().panel


def test_a_name_or_an_operator_finds_a_layer(panel, qtbot):
    qtbot.keyClicks(panel.search, "ReLU")
    assert [row[0] for row in cells(panel)] == ["relu"]
    assert panel.total.text.startswith("1 of 2 layers")
    panel.search.clear()
    qtbot.keyClicks(panel.search, "conv")
    assert [row[0] for row in cells(panel)] == ["signs"]
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert len(cells(panel)) == 2


def test_searching_does_not_change_what_is_looked_at(panel, ran, qtbot):
    qtbot.keyClicks(panel.search, "relu")
    assert ran.view.layer == "signs"
    panel.search.clear()
    assert panel.table.currentIndex().row() == 0


def test_chips_count_the_families_and_filter_by_them(panel, qtbot):
    chips = {chip.family: chip for chip in panel.chips.children() if hasattr(chip, "family")}
    assert set(chips) == {"convolution", "activation"}
    assert chips["activation"].accessibleName() == "activation, 1 layers"
    qtbot.mouseClick(chips["activation"], Qt.MouseButton.LeftButton)
    assert [row[0] for row in cells(panel)] == ["relu"]
    qtbot.mouseClick(chips["convolution"], Qt.MouseButton.LeftButton)
    assert len(cells(panel)) == 2


def test_small_pictures_appear_after_a_run(panel, qtbot):
    rows = panel.table.model()
    qtbot.waitUntil(lambda: rows.thumbnail(1, 1.0) is not None, timeout=PATIENCE_MS)
    picture = rows.thumbnail(1, 1.0)
    assert (picture.width(), picture.height()) == (2, 2)
    # Relu's mean over the channels 1, -1, 0 of [[-1, 0], [1, 2]] is [[1, 0], [1, 2]] / 3
    first, second = picture.pixelColor(0, 0), picture.pixelColor(0, 1)
    assert first == second
    assert picture.pixelColor(1, 1).getRgb()[:3] == (253, 231, 37)  # the last color of viridis
    assert picture.pixelColor(1, 0).getRgb()[:3] == (68, 1, 84)  # the first


def test_a_tooltip_says_how_the_output_is_stored(panel):
    text = panel.table.model().index(0, NAME).data(Qt.ItemDataRole.ToolTipRole)
    for part in (
        "signs",
        "Conv, convolution",
        "kernel 1 × 1, stride 1 × 1",
        "stored as 1 × 3 × 2 × 2, float32",
        "input image",
    ):
        assert part in text


def test_a_narrow_table_drops_parameters_and_then_macs(panel):
    hidden = []
    for width in range(600, 280, -4):
        panel.resize(width, 400)
        now = [column for column in (PARAMETERS, MACS, SEES) if panel.table.isColumnHidden(column)]
        if now not in hidden:
            hidden.append(now)
        assert sum(panel.table.columnWidth(column) for column in range(9)) <= panel.table.viewport().width()
    assert hidden[:3] == [[], [PARAMETERS], [PARAMETERS, MACS]]


def test_no_row_is_cut_off_at_the_foot(panel):
    for height in range(300, 326):
        panel.resize(600, height)
        assert panel.table.viewport().height() % theme.ROW_HEIGHT == 0


def test_names_with_markup_and_control_characters_are_plain(save, ran, show, ramp, run):
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="<b>bold</b>\u202egnp")]
    session = run(save("odd.onnx", nodes, {"x": [1, 1, 2, 2]}, ["y"]), ramp)
    panel = show(LayersPanel(session), 600, 400)
    assert cells(panel)[0][0] == "<b>bold</b>gnp"
    assert "<b>" not in panel.table.model().index(0, NAME).data(Qt.ItemDataRole.ToolTipRole)


def test_five_thousand_layers_are_all_there(session, show, qtbot):
    layers = tuple(
        Layer(
            index,
            f"block{index}/conv",
            "Conv",
            "",
            "convolution",
            (f"t{index}",),
            (Tensor(f"t{index + 1}", "float32", (1, 64, 56, 56)),),
            parameters=36_928,
            receptive_field=ReceptiveField((index, index), (1.0, 1.0), (0.5, 0.5), "exact"),
        )
        for index in range(5_000)
    )
    session.model = Model("big.onnx", 17, "", (Tensor("t0", "float32", (1, 64, 56, 56)),), layers[-1].outputs, layers)
    session.set_view(layer="block4999/conv")
    panel = show(LayersPanel(session), 600, 400)
    rows = panel.table.model()
    assert rows.rowCount(QModelIndex()) == 5_000
    assert panel.table.currentIndex().row() == 4_999
    assert panel.table.visualRect(rows.index(4_999, NAME)).isValid()
    panel.search.setText("block123/")
    assert [row[0] for row in cells(panel)] == ["block123/conv"]
    panel.search.clear()
    np.testing.assert_equal(len(cells(panel)), 5_000)


# ---------------------------------------------------------------- times, providers, and what is not there


def texts(panel, column):
    rows = panel.table.model()
    return [rows.index(row, column).data() for row in range(rows.rowCount())]


def measured(**seconds):
    return Measured(1, seconds, total_seconds=0.02, plain_seconds=0.015, deployed_seconds=0.01)


def test_times_are_measured_on_request(panel, ran, qtbot):
    assert panel.table.isColumnHidden(TIME)
    assert panel.timing.text == "all on CPU"
    with qtbot.waitSignal(ran.measured_changed, timeout=PATIENCE_MS):
        qtbot.mouseClick(panel.measure, Qt.MouseButton.LeftButton)
    assert not panel.table.isColumnHidden(TIME)
    assert set(ran.measured.seconds) == {"signs", "relu"}
    assert all(float(text) >= 0 for text in texts(panel, TIME))
    assert panel.measure.text() == "Measure again"


def test_times_have_one_unit_and_one_number_of_decimals(panel, ran):
    ran.measured = measured(signs=0.0123, relu=0.0000456)
    ran.measured_changed.emit()
    assert texts(panel, TIME) == ["12.30", "0.05"]
    assert "all layers 12 ms" in panel.timing.text
    assert "deployed 10 ms" in panel.timing.text
    head = panel.table.model().headerData(TIME, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "of the instrumented network, median of 5 runs; profiling itself costs" in head


def test_a_click_on_the_head_of_the_times_puts_the_slowest_layer_first(panel, ran):
    ran.measured = measured(signs=0.001, relu=0.002)
    ran.measured_changed.emit()
    panel.table.horizontalHeader().sectionClicked.emit(TIME)
    assert texts(panel, NAME) == ["relu", "signs"]
    assert panel.table.currentIndex().row() == 1  # still the same layer
    panel.table.horizontalHeader().sectionClicked.emit(TIME)
    assert texts(panel, NAME) == ["signs", "relu"]


def test_layers_that_run_on_different_devices_say_on_which(panel, ran):
    assert panel.table.isColumnHidden(PROVIDER)
    ran.ready = structs.replace(ran.ready, layer_providers={"signs": "CUDA", "relu": "CPU"})
    ran.run_changed.emit()
    assert not panel.table.isColumnHidden(PROVIDER)
    assert texts(panel, PROVIDER) == ["CUDA", "CPU"]
    assert panel.timing.text == ""


def test_a_narrow_table_with_times_keeps_them_and_readable_names(panel, ran):
    ran.measured = measured(signs=0.001, relu=0.002)
    ran.measured_changed.emit()
    for width in range(600, 240, -4):
        panel.resize(width, 400)
        assert not panel.table.isColumnHidden(TIME)
        assert sum(panel.table.columnWidth(column) for column in range(9)) <= panel.table.viewport().width()


def test_what_a_run_left_out_is_marked_and_explained(panel, ran):
    run = ran.run
    tensors = {name: each for name, each in run.tensors.items() if name != "relu"}
    ran.run = replace(run, tensors=tensors, missing=("relu",))
    ran.run_changed.emit()
    rows = panel.table.model()
    assert rows.state(rows.layer(1)) == "missing"
    assert "left out of the run so that it fits in memory" in rows.index(1, NAME).data(Qt.ItemDataRole.ToolTipRole)
    ran.run = replace(run, tensors=tensors, view="as deployed")
    ran.run_changed.emit()
    assert rows.state(rows.layer(1)) == "not there"
    assert "fused away in the deployed network" in rows.index(1, NAME).data(Qt.ItemDataRole.ToolTipRole)


def test_layers_in_a_branch_are_indented_and_say_which(session, show):
    inner = replace(
        layer_of(1, "inner"), inside=(("choice", "then_branch"), ("loop", "body")), hidden="its loop runs too often"
    )
    outer = layer_of(0, "choice")
    session.model = Model("m.onnx", 17, "", (Tensor("x", "float32", (1, 1, 2, 2)),), outer.outputs, (outer, inner))
    panel = show(LayersPanel(session), 600, 400)
    rows = panel.table.model()
    hint = rows.index(1, NAME).data(Qt.ItemDataRole.ToolTipRole)
    for part in ("in the body of loop", "in the then_branch of choice", "cannot be shown: its loop runs too often"):
        assert part in hint
    image = panel.table.viewport().grab().toImage()
    left = panel.table.columnWidth(MEAN)
    dots = []
    for row in range(2):
        middle = row * theme.ROW_HEIGHT + theme.ROW_HEIGHT // 2
        colors = [image.pixelColor(left + x, middle).name() for x in range(60)]
        dots.append(colors.index(theme.tokens().families["merge"]))
    assert dots[1] - dots[0] == 24  # twice 12


def layer_of(index, name):
    return Layer(index, name, "If", "", "merge", (), (Tensor(f"{name} out", "float32", (1, 1, 2, 2)),))


def test_the_small_picture_of_a_signal_shows_time_and_channel(passed_on, show, qtbot):
    values = np.zeros((1, 3, 100))
    values[0, 2] = 1
    panel = show(LayersPanel(passed_on(values)), 600, 400)
    rows = panel.table.model()
    qtbot.waitUntil(lambda: rows.thumbnail(0, 1.0) is not None, timeout=PATIENCE_MS)
    small = rows.thumbnail(0, 1.0)
    assert (small.width(), small.height()) == (18, 3)
    assert small.pixelColor(9, 2).getRgb()[:3] == (253, 231, 37)
    assert small.pixelColor(9, 0).getRgb()[:3] == (68, 1, 84)


def test_few_layers_are_written_out_to_find_how_wide_the_columns_are(session, show, monkeypatch):
    layers = tuple(replace(layer_of(index, f"layer{index}"), macs=index) for index in range(50_000))
    session.model = Model("big.onnx", 17, "", (), layers[-1].outputs, layers)
    written = []
    text = LayerRows.text

    def counting(rows, layer, column):
        written.append(column)
        return text(rows, layer, column)

    monkeypatch.setattr(LayerRows, "text", counting)
    panel = show(LayersPanel(session), 600, 400)
    assert panel.table.model().rowCount() == 50_000
    assert len(written) <= 6 * 2_000 + 1_000  # of the columns that are measured, and of the rows that are painted


# ---------------------------------------------------------------- columns that are chosen


@pytest.fixture
def strided(save, fed, run, show):
    """Three kernels of 3 x 3 x 2, every second place of a picture of 5 x 7, and Relu."""
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["conv"], name="conv", strides=[2, 1], pads=[1, 0, 1, 2]),
        helper.make_node("Relu", ["conv"], ["relu"], name="relu"),
    ]
    path = save("s.onnx", nodes, {"x": ["N", 2, "h", "w"]}, ["relu"], {"k": np.ones((3, 2, 3, 3), np.float32)})
    return show(LayersPanel(run(path, fed(np.zeros((1, 2, 5, 7), np.float32)))), 900, 400)


def test_more_columns_can_be_chosen(strided):
    table = strided.table
    assert table.isColumnHidden(KERNEL)
    actions = {action.text(): action for action in table.column_menu().actions() if action.text()}
    assert actions["MACs"].isChecked()
    assert not actions["Kernel"].isChecked()
    actions["Kernel"].trigger()
    actions["MACs"].trigger()
    assert not table.isColumnHidden(KERNEL)
    assert table.isColumnHidden(MACS)
    assert table.wanted == ("Operator", "Output shape", "Parameters", "Sees, px", "Kernel")


def test_a_choice_is_told_to_whoever_keeps_it(strided, qtbot):
    action = next(each for each in strided.table.column_menu().actions() if each.text() == "As stored")
    with qtbot.waitSignal(strided.table.columns_chosen, timeout=PATIENCE_MS):
        action.trigger()


def test_chosen_columns_say_how_a_layer_slides_and_what_a_dense_one_would_cost(strided):
    heads = ("Kernel", "Stride", "Padding", "Groups", "As stored", "Output bytes", "Weight bytes", "If fully connected")
    strided.table.want(heads)
    assert strided.table.wanted == heads
    columns = (KERNEL, STRIDE, PADDING, GROUPS, STORED, BYTES, WEIGHTS, DENSE)
    # (5 + 2 - 3) // 2 + 1 = 3 rows and 7 + 2 - 3 + 1 = 7 columns of float32; 70 elements in and 63 out; 54 weights
    assert [texts(strided, column)[0] for column in columns] == [
        *("3 × 3", "2 × 1", "1, 0, 1, 2", "1", "1 × 3 × 3 × 7", "252 bytes", "216 bytes", "4.410 k (81.7 ×)"),
    ]
    assert [texts(strided, column)[1] for column in columns] == ["", "", "", "", "1 × 3 × 3 × 7", "252 bytes", "", ""]


def test_chosen_columns_fit_in_any_width_and_the_name_stays(strided):
    table = strided.table
    table.want(("Output shape", "Kernel", "Stride", "If fully connected", "no such column"))
    assert table.wanted == ("Output shape", "Kernel", "Stride", "If fully connected")
    for width in range(900, 280, -20):
        strided.resize(width, 400)
        shown = sum(table.columnWidth(column) for column in range(18) if not table.isColumnHidden(column))
        assert shown <= table.viewport().width()
        assert not table.isColumnHidden(NAME)
    strided.resize(360, 400)
    assert not table.isColumnHidden(SHAPE)


# ---------------------------------------------------------------- all facts


def test_all_facts_of_the_selected_layer_can_be_read_in_a_narrow_panel(strided, qtbot):
    strided.resize(360, 500)
    assert not strided.card.isVisible()
    assert strided.details.head.summary == "conv"
    qtbot.mouseClick(strided.details.head, Qt.MouseButton.LeftButton)
    assert strided.card.isVisible()
    lines = strided.card.toPlainText().splitlines()
    for line in (
        "conv",
        "Conv, convolution",
        "kernel 3 × 3, stride 2 × 1, padding 1, 0, 1, 2",
        "kernel 3 × 2 × 3 × 3, float32",
        "fully connected instead: 70 × 63 = 4,410 weights, 81.7 × as many",
        "at 7680 × 4320 one fully connected output alone: 7680 × 4320 × 2 = 66,355,200 weights; all kernels here: 54, "
        "at any size",
        "its weights take 216 bytes in the file",
        "pads = (1, 0, 1, 2)",
    ):
        assert line in lines
    strided.session.select_layer("relu")
    assert strided.card.toPlainText().splitlines()[:2] == ["relu", "Relu, activation"]


def test_the_facts_are_plain_text(save, ramp, run, show):
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="<b>bold</b>\u202egnp")]
    panel = show(LayersPanel(run(save("odd.onnx", nodes, {"x": [1, 1, 2, 2]}, ["y"]), ramp)), 360, 500)
    panel.details.head.setChecked(True)
    assert panel.card.toPlainText().splitlines()[0] == "<b>bold</b>gnp"


def test_a_tensor_finds_the_layer_that_makes_it(save, ramp, run, show):
    nodes = [
        helper.make_node("Relu", ["x"], ["middle"], name="first"),
        helper.make_node("Relu", ["middle"], ["end"], name="second"),
    ]
    panel = show(LayersPanel(run(save("two.onnx", nodes, {"x": [1, 1, 2, 2]}, ["end"]), ramp)), 360, 500)
    panel.search.setText("Middle")
    assert [row[0] for row in cells(panel)] == ["first"]
