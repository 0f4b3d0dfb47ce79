"""The whole network at a glance."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from inspector.render.palettes import palette
from inspector.ui import theme
from inspector.ui.panels.overview import LAYING_OUT, NO_MODEL, OverviewPanel
from inspector.ui.panels.overview_moving import STEPS
from tests.ui.panels.conftest import PATIENCE_MS, pixel, rgb


@pytest.fixture
def residual(save):
    """A network of two blocks: one of a convolution, one of two branches and a way round them."""
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["first"], name="/stem/Conv"),
        helper.make_node("Relu", ["first"], ["begin"], name="/stem/Relu"),
        helper.make_node("Neg", ["begin"], ["up"], name="/block/up/Neg"),
        helper.make_node("MaxPool", ["begin"], ["down"], name="/block/down/MaxPool", kernel_shape=[1, 1]),
        helper.make_node("MaxPool", ["down"], ["low"], name="/block/low/MaxPool", kernel_shape=[1, 1]),
        helper.make_node("Concat", ["up", "low"], ["both"], name="/block/Concat", axis=1),
        helper.make_node("GlobalAveragePool", ["both"], ["means"], name="/pool/GlobalAveragePool"),
    ]
    kernel = np.array([3, 1, 2, -1], np.float32).reshape(4, 1, 1, 1)  # of 4 channels: means 3, 1, 2 and 0
    return save("residual.onnx", nodes, {"x": [1, 1, 4, 4]}, ["means"], {"k": kernel})


@pytest.fixture
def seen(residual, fed, run):
    return run(residual, fed(np.ones((1, 1, 4, 4), np.float32)))


@pytest.fixture
def panel(seen, show, qtbot):
    return complete(show(OverviewPanel(seen), 1000, 420), qtbot)


def complete(panel, qtbot):
    """Wait until all tiles are painted."""
    qtbot.waitUntil(lambda: panel.view.scene is not None, timeout=PATIENCE_MS)
    panel.view.grab()  # asks for them
    qtbot.waitUntil(lambda: panel.pictures.is_done, timeout=PATIENCE_MS)
    panel.view.grab()
    return panel


def column(panel, name):
    """Return the place and the spot of the column in which that layer is."""
    place = panel.view.scene.drawing.columns.of_layer[name]
    return place, panel.view.places().spots[place]


def on_view(panel, at):
    places = panel.view.places()
    slack = max(0.0, panel.view.width() - places.width) / 2
    return QPointF(at.x() - panel.view.offset + slack, at.y())


def click(panel, qtbot, at):
    qtbot.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=on_view(panel, at).toPoint())


def test_layers_stand_in_the_networks_order_and_branches_above_each_other(panel):
    places = panel.view.places()
    stem, up, low = (column(panel, name)[1] for name in ("/stem/Conv", "/block/up/Neg", "/block/low/MaxPool"))
    concat, pool = (column(panel, name)[1] for name in ("/block/Concat", "/pool/GlobalAveragePool"))
    assert stem.right < up.left == column(panel, "/block/down/MaxPool")[1].left
    assert low.right < concat.left < pool.left
    assert up.rect.bottom() < places.axis < column(panel, "/block/down/MaxPool")[1].top
    assert abs(stem.middle - places.axis) <= 1


def test_the_strongest_map_is_on_top(panel, qtbot):
    place, spot = column(panel, "/stem/Relu")
    # 3, 2, 1 and 0 everywhere: from 0 to its maximum, each but the last is drawn in the last colour
    colors = [tuple(map(int, color)) for color in palette("viridis")]
    assert spot.count == 4
    tops = [pixel(panel.view, on_view(panel, spot.tile(number).center())) for number in range(4)]
    assert tops == [colors[255]] * 3 + [colors[0]]
    told = []
    panel.view.picked.connect(lambda hit: told.append((hit.column, hit.tile)))
    click(panel, qtbot, spot.tile(1).center())
    assert told == [(place, 1)]


def test_chosen_colours_are_those_of_the_maps_and_of_the_legend(panel, seen, qtbot):
    assert panel.legend.bars[0] == ("viridis", "0", "maximum of each map")
    seen.set_view(colormap="magma")
    qtbot.waitUntil(lambda: bool(panel.pictures.colormaps()), timeout=PATIENCE_MS)
    complete(panel, qtbot)
    assert panel.legend.bars == (
        ("magma", "0", "maximum of each map"),
        ("magma", "minimum", "maximum of each map"),  # Neg gives values below zero
    )
    _, spot = column(panel, "/stem/Relu")
    assert pixel(panel.view, on_view(panel, spot.tile(0).center())) == tuple(palette("magma")[255].tolist())


def test_layers_that_share_a_column_can_stand_apart(panel, qtbot):
    assert column(panel, "/stem/Conv")[0] == column(panel, "/stem/Relu")[0]
    panel.apart.click()
    qtbot.waitUntil(lambda: not panel.message and panel._laid.is_apart, timeout=PATIENCE_MS)
    complete(panel, qtbot)
    assert column(panel, "/stem/Conv")[1].right < column(panel, "/stem/Relu")[1].left
    assert "drawn with" not in panel.heading.text
    panel.apart.click()
    qtbot.waitUntil(lambda: not panel.message and not panel._laid.is_apart, timeout=PATIENCE_MS)
    assert column(panel, "/stem/Conv")[0] == column(panel, "/stem/Relu")[0]


def test_a_click_goes_to_the_layer_and_to_the_channel_of_the_map(panel, seen, qtbot):
    click(panel, qtbot, column(panel, "/stem/Relu")[1].tile(1).center())
    assert (seen.view.layer, seen.view.channel) == ("/stem/Relu", 2)
    click(panel, qtbot, column(panel, "/block/Concat")[1].rect.center())
    assert seen.view.layer == "/block/Concat"


def test_the_cursor_reads_the_value_under_it(panel, qtbot):
    spot = column(panel, "/stem/Relu")[1]
    told = []
    panel.readout.connect(told.append)
    tile = spot.tile(1)
    at = QPointF(tile.left() + tile.width() * 0.9, tile.top() + tile.height() * 0.4)
    qtbot.mouseMove(panel.view, on_view(panel, at).toPoint())
    assert told[-1][:5] == (("", "/stem/Relu"), ("channel", "2"), ("row", "1"), ("column", "3"), ("=", "2.000"))
    qtbot.mouseMove(panel.view, on_view(panel, column(panel, "/block/Concat")[1].rect.center()).toPoint())
    assert told[-1][:3] == (("", "/block/Concat"), ("", "Concat"), ("gives", "4 × 4 × 8"))
    QApplication.sendEvent(panel.view, QEvent(QEvent.Type.Leave))
    assert told[-1] == ()


def test_the_selected_column_is_framed(panel, seen):
    mark = rgb(theme.tokens().mark)
    for name in ("/stem/Conv", "/block/low/MaxPool"):
        seen.select_layer(name)
        spot = column(panel, name)[1]
        assert pixel(panel.view, on_view(panel, QPointF(spot.left - 2.5, spot.middle))) == mark
    spot = column(panel, "/stem/Conv")[1]
    assert pixel(panel.view, on_view(panel, QPointF(spot.left - 2.5, spot.top + 3))) != mark


def test_a_stripe_shows_the_families_of_a_column(panel):
    spot = column(panel, "/stem/Conv")[1]
    colors = [pixel(panel.view, on_view(panel, QPointF(x, spot.top - 6))) for x in (spot.left + 3, spot.right - 3)]
    assert colors == [rgb(theme.tokens().families[family]) for family in ("convolution", "activation")]


def test_what_has_the_same_prefix_has_a_bracket(panel):
    (block,) = [each for each in panel.view.scene.brackets.parts if each.label == "block"]
    generations = panel.view.scene.drawing.layered.generations
    first, last = (column(panel, f"/block/{name}")[0] for name in ("up/Neg", "Concat"))
    assert first in generations[block.first]
    assert last in generations[block.last]


def test_captions_say_name_and_size(panel):
    captions = panel.view.scene.captions
    assert (captions[0].name, captions[0].size) == ("stem", "4 × 4 × 4")
    assert captions[1].size == "4 × 4 × (4 + 4)"
    assert captions[3].name == ""  # a bar
    assert panel.view.scene.answer.name


def test_the_heading_counts_and_says_what_is_shown(panel):
    assert panel.heading.text.startswith("residual on fed.npy")
    assert "7 layers" in panel.heading.text
    assert "strongest maps (largest mean) first" in panel.heading.text


def test_at_first_all_is_seen_and_at_last_one_column_fills_the_view(panel):
    assert panel.view.places().width <= panel.view.width()
    assert panel.zoom.value() == 0
    panel.zoom.setValue(STEPS)
    assert column(panel, "/stem/Conv")[1].width > 0.8 * panel.view.width()
    panel.view.fit()
    assert panel.zoom.value() == 0
    assert panel.view.places().width <= panel.view.width()


def turn(panel, at, angle):
    around = on_view(panel, at)
    panel.view.wheelEvent(
        QWheelEvent(
            around,
            around,
            QPoint(),
            QPoint(0, angle),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
    )
    return around


def test_the_wheel_enlarges_what_is_under_the_cursor(panel):
    place, spot = column(panel, "/block/low/MaxPool")
    at = turn(panel, spot.rect.center(), 240)
    assert panel.view.hit(at).column == place
    wider = panel.view.places().spots[place].width
    assert wider > spot.width
    turn(panel, panel.view.places().spots[place].rect.center(), -240)
    assert abs(panel.view.places().spots[place].width - spot.width) <= 1


def test_dragging_moves_the_network_and_selects_nothing(panel, seen, qtbot):
    panel.zoom.setValue(STEPS // 2)
    panel.view.pan(-1e9)
    before = seen.view
    qtbot.mousePress(panel.view, Qt.MouseButton.LeftButton, pos=QPoint(400, 200))
    for x in (380, 340, 300):
        qtbot.mouseMove(panel.view, QPoint(x, 200))
    qtbot.mouseRelease(panel.view, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    assert panel.view.offset == 100
    assert seen.view is before


def test_a_double_click_shows_one_column_and_then_all_again(panel, qtbot):
    place, spot = column(panel, "/block/up/Neg")
    qtbot.mouseDClick(panel.view, Qt.MouseButton.LeftButton, pos=on_view(panel, spot.rect.center()).toPoint())
    assert panel.zoom.value() == STEPS
    assert panel.view.hit(QPointF(panel.view.width() / 2, panel.view.places().spots[place].middle)).column == place
    qtbot.mouseDClick(panel.view, Qt.MouseButton.LeftButton, pos=QPoint(panel.view.width() // 2, 200))
    assert panel.zoom.value() == 0


def test_a_layer_chosen_elsewhere_comes_into_view(panel, seen):
    panel.zoom.setValue(STEPS * 3 // 4)
    for name in ("/block/low/MaxPool", "/stem/Conv"):
        seen.select_layer(name)
        spot = column(panel, name)[1]
        assert 0 <= spot.left + spot.width / 2 - panel.view.offset <= panel.view.width()


def test_without_a_picture_the_structure_is_shown(session, residual, show, qtbot):
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(residual))
    panel = show(OverviewPanel(session), 1000, 420)
    qtbot.waitUntil(lambda: panel.view.scene is not None, timeout=PATIENCE_MS)
    spot = column(panel, "/stem/Conv")[1]
    assert pixel(panel.view, on_view(panel, spot.tile(0).center())) == rgb(theme.tokens().canvas)
    assert panel.view.scene.captions[0].size == "4 × 4 × 4"
    assert "strongest" not in panel.heading.text


def test_without_a_model_the_panel_asks_for_one(session, show):
    assert show(OverviewPanel(session)).message == NO_MODEL


def test_the_window_does_not_wait_for_the_layout(session, residual, show, qtbot):
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(residual))
    panel = show(OverviewPanel(session))
    assert panel.message in (LAYING_OUT, "")
    qtbot.waitUntil(lambda: panel.message == "", timeout=PATIENCE_MS)
    assert panel.view.scene is not None


def test_another_picture_replaces_the_maps_and_keeps_the_place(panel, seen, fed, qtbot):
    panel.zoom.setValue(STEPS // 2)
    panel.view.pan(60)
    offset, step = panel.view.offset, panel.zoom.value()
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.open_image(str(fed(np.full((1, 1, 4, 4), -1, np.float32))))
    complete(panel, qtbot)
    assert (panel.view.offset, panel.zoom.value()) == (offset, step)
    tiles = panel.pictures.there(panel.view.scene.drawing.columns.columns[0].shown)
    assert tiles.channels[0] == 3  # the only kernel below zero


def test_a_hidden_panel_holds_no_run(panel, seen):
    panel.hide()
    assert panel.view.scene is None
    assert panel.pictures.there(seen.model.layers[1]) is None


def test_while_a_run_is_on_the_maps_fade_to_half(panel):
    spot = column(panel, "/stem/Relu")[1]
    at = on_view(panel, spot.tile(0).center())
    panel.set_dimmed(True)
    full = palette("viridis")[255].astype(float)
    np.testing.assert_allclose(pixel(panel.view, at), (full + _under(panel)) / 2, atol=2)


def _under(panel):
    return np.array(pixel(panel.view, QPointF(2, panel.view.height() - 2)), float)


def test_all_kinds_of_tensors_find_a_form(shared, run, fed, show, qtbot, tmp_path):
    np.save(tmp_path / "sound.npy", np.sin(np.arange(512, dtype=np.float32))[None])
    session = run(shared / "assets" / "models" / "silero_vad_op18.onnx", tmp_path / "sound.npy")
    panel = complete(show(OverviewPanel(session), 1200, 600), qtbot)
    kinds = {content.kind for content in panel.view.scene.drawing.contents}
    assert {"bar", "rows", "vector"} <= kinds
    assert panel.view.scene.scores
