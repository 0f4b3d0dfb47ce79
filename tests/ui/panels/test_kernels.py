"""Kernels as pictures and as numbers."""

from __future__ import annotations

import os

import numpy as np
import pytest
from onnx import helper
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

from inspector.render.grid import Place
from inspector.render.palettes import palette
from inspector.ui.panels.kernels import KernelsPanel
from tests.ui.panels.conftest import PATIENCE_MS, pixels

SIGNED = palette("signed")


def conv(name, inputs, output, kernel, **attributes):
    return helper.make_node("Conv", [inputs, kernel], [output], name=name, **attributes)


@pytest.fixture
def colored(save, fed, run):
    """Two kernels on a color picture, then eight of 2 x 2 on these two maps, Relu and a pooling."""
    first = np.zeros((2, 3, 1, 1), np.float32)
    first[0, :, 0, 0] = (2, 0, -1)
    first[1, :, 0, 0] = (0, -2, 0.5)
    second = np.arange(8 * 2 * 2 * 2, dtype=np.float32).reshape(8, 2, 2, 2) - 32
    nodes = [
        conv("first", "x", "a", "k1"),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("Conv", ["b", "k2", "bias"], ["c"], name="second"),
        helper.make_node("Flatten", ["c"], ["d"], name="flat"),
    ]
    weights = {"k1": first, "k2": second, "bias": np.arange(8, dtype=np.float32) / 4}
    path = save("colored.onnx", nodes, {"x": [1, 3, 4, 4]}, ["d"], weights)
    return run(path, fed(np.zeros((1, 3, 4, 4), np.float32)))


def tile_colors(panel, tile, height=1, width=1):
    places = [panel.canvas.position_of(Place(tile, *at)) for at in np.ndindex(height, width)]
    return pixels(panel.canvas, places)


def numbers(panel):
    return panel.numbers.accessibleDescription()


def test_the_first_layers_kernels_are_pictures_with_grey_as_zero(colored, show):
    panel = show(KernelsPanel(colored))
    assert panel.caption.text == "2 of 1 × 1 × 3, as RGB, grey = 0"
    assert tile_colors(panel, 0) == [(255, 128, 64)]  # 128 + 127 * (1, 0, -1/2), rounded
    assert tile_colors(panel, 1) == [(128, 1, 160)]
    assert numbers(panel) == "R 2.0000. G 0.0000. B −1.0000"


def test_kernels_of_a_network_that_takes_bgr_are_turned_round(colored, show, picture, qtbot):
    panel = show(KernelsPanel(colored))
    with qtbot.waitSignal(colored.run_changed, timeout=PATIENCE_MS):
        colored.open_image(str(picture))
    with qtbot.waitSignal(colored.run_changed, timeout=PATIENCE_MS):
        colored.set_preprocessing("caffe")
    assert tile_colors(panel, 0) == [(64, 128, 255)]
    assert numbers(panel) == "R −1.0000. G 0.0000. B 2.0000"


def test_the_chosen_kernel_follows_the_channel_and_back(colored, show, qtbot):
    panel = show(KernelsPanel(colored))
    colored.select_channel(1)
    assert numbers(panel) == "R 0.0000. G −2.0000. B 0.5000"
    at = panel.canvas.position_of(Place(0, 0, 0)).toPoint()
    qtbot.mouseClick(panel.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert colored.view.channel == 0


def test_a_deeper_kernel_is_one_slice_for_each_input_channel(colored, show):
    colored.select_layer("second")
    colored.select_channel(7)
    panel = show(KernelsPanel(colored))
    # kernel 7 is 24 ... 31: with limits of -31 and 31, 24 lies at 226.2 of 255 and 31 at 255
    assert panel.caption.text == "kernel 7 of 8: 2 input channels, 2 × 2 each"
    expected = [tuple(SIGNED[round(255 * (value + 31) / 62)]) for value in range(24, 32)]
    assert tile_colors(panel, 0, 2, 2) + tile_colors(panel, 1, 2, 2) == expected
    assert numbers(panel) == "input 1 28.0000 29.0000; 30.0000 31.0000"  # the strongest slice at first
    assert panel.foot.text == "bias 1.750"
    assert panel.legend.accessibleName() == "colors from −31.00 to 31.00"


def test_another_slice_is_written_out_when_it_is_clicked(colored, show, qtbot):
    colored.select_layer("second")
    colored.select_channel(7)
    panel = show(KernelsPanel(colored))
    at = panel.canvas.position_of(Place(0, 1, 1)).toPoint()
    qtbot.mouseClick(panel.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert numbers(panel) == "input 0 24.0000 25.0000; 26.0000 27.0000"
    assert colored.view.channel == 7


def test_the_editor_is_brought_into_sight_from_the_top_of_the_panel(colored, show, qtbot):
    panel = show(KernelsPanel(colored), 420, 300)
    assert not panel.editor.cells.isVisible()
    panel.edit.click()
    view = panel._scroll.viewport()
    qtbot.waitUntil(lambda: view.rect().contains(panel.editor.head.mapTo(view, QPoint(0, 0))))
    assert panel.editor.cells.isVisible()


def test_the_kernel_is_chosen_by_its_number(colored, show):
    colored.select_layer("second")
    panel = show(KernelsPanel(colored))
    panel.which.setValue(3)
    assert colored.view.channel == 3
    assert panel.caption.text.startswith("kernel 3 of 8")


def test_an_activation_shows_the_kernels_that_made_its_map(colored, show):
    colored.select_layer("relu")
    colored.select_channel(1)
    panel = show(KernelsPanel(colored))
    assert panel.heading.text == "first (Conv)  made this map"
    assert numbers(panel) == "R 0.0000. G −2.0000. B 0.5000"


def test_a_layer_without_kernels_offers_the_nearest_that_has_some(colored, show, qtbot):
    colored.select_layer("flat")
    panel = show(KernelsPanel(colored))
    assert panel.message == "flat (Flatten) has no kernels."
    button = panel._page.button
    assert button.text() == "Kernels of second"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert colored.view.layer == "second"
    assert panel.message == ""


def test_the_lock_keeps_a_layer_while_the_selection_moves(colored, show, qtbot):
    panel = show(KernelsPanel(colored))
    qtbot.mouseClick(panel.lock, Qt.MouseButton.LeftButton)
    colored.select_layer("second")
    colored.select_channel(5)
    assert panel.heading.text == "first (Conv)"
    panel.which.setValue(1)
    assert numbers(panel) == "R 0.0000. G −2.0000. B 0.5000"
    assert colored.view.channel == 5
    qtbot.mouseClick(panel.lock, Qt.MouseButton.LeftButton)
    assert panel.heading.text == "second (Conv)"


def test_kernels_on_one_channel_each_are_shown_all_at_once(save, fed, run, show):
    kernels = np.array([[[[1, -1]]], [[[2, 0]]], [[[-4, 4]]]], np.float32)
    nodes = [conv("depthwise", "x", "y", "k", group=3)]
    session = run(
        save("depthwise.onnx", nodes, {"x": [1, 3, 1, 4]}, ["y"], {"k": kernels}),
        fed(np.zeros((1, 3, 1, 4), np.float32)),
    )
    session.select_channel(2)
    panel = show(KernelsPanel(session))
    assert panel.caption.text == "3 of 1 × 2, each on one channel"
    # limits of -4 and 4: 1 lies at 159.4, -1 at 95.6, 2 at 191.25
    assert tile_colors(panel, 0, 1, 2) == [tuple(SIGNED[159]), tuple(SIGNED[96])]
    assert tile_colors(panel, 1, 1, 2) == [tuple(SIGNED[191]), tuple(SIGNED[128])]
    assert numbers(panel) == "−4.0000 4.0000"


@pytest.mark.parametrize(
    ("shape", "spatial"), [((2, 3, 4), "length 4"), ((2, 3, 2, 2, 2), "2 × 2 × 2")], ids=["one axis", "three axes"]
)
def test_kernels_with_one_and_with_three_axes(save, fed, run, show, shape, spatial):
    kernels = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    size = [1, 3, *[4] * (len(shape) - 2)]
    session = run(
        save("axes.onnx", [conv("conv", "x", "y", "k")], {"x": size}, ["y"], {"k": kernels}),
        fed(np.zeros(size, np.float32)),
    )
    panel = show(KernelsPanel(session))
    assert panel.caption.text == f"kernel 0 of 2: 3 input channels, {spatial} each"
    assert panel.canvas.grid.channels == 3
    assert panel.planes.isVisible() == (len(shape) == 5)


def test_kernels_of_three_axes_are_shown_plane_by_plane(save, fed, run, show, qtbot):
    kernels = np.arange(2 * 3 * 3 * 2 * 2, dtype=np.float32).reshape(2, 3, 3, 2, 2)
    session = run(
        save("volume.onnx", [conv("conv", "x", "y", "k")], {"x": [1, 3, 4, 4, 4]}, ["y"], {"k": kernels}),
        fed(np.zeros((1, 3, 4, 4, 4), np.float32)),
    )
    panel = show(KernelsPanel(session))
    assert panel.planes.said.text() == "1 of 3"
    assert numbers(panel) == "input 2 28.0000 29.0000; 30.0000 31.0000"  # input 2 begins at 24, its plane 1 at 28
    panel.planes.slider.setValue(2)
    assert numbers(panel) == "input 2 32.0000 33.0000; 34.0000 35.0000"
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.canvas.viewport(), panel.canvas.position_of(Place(1, 1, 0)).toPoint())
    assert heard.args[0] == (
        *(("", "conv"), ("kernel", "0"), ("input", "1"), ("depth", "2"), ("row", "1"), ("column", "0")),
        ("=", "22.00"),  # 12 * 1 + 4 * 2 + 2
    )


def test_a_transposed_convolution_stores_its_inputs_first(save, fed, run, show):
    kernels = np.arange(2 * 3, dtype=np.float32).reshape(2, 3, 1, 1)  # 2 inputs, 3 outputs
    nodes = [helper.make_node("ConvTranspose", ["x", "k"], ["y"], name="up")]
    session = run(
        save("up.onnx", nodes, {"x": [1, 2, 2, 2]}, ["y"], {"k": kernels}), fed(np.zeros((1, 2, 2, 2), np.float32))
    )
    session.select_channel(1)
    panel = show(KernelsPanel(session))
    assert panel.caption.text == "kernel 1 of 3: 2 input channels, 1 × 1 each"
    assert tile_colors(panel, 0) + tile_colors(panel, 1) == [
        tuple(SIGNED[round(255 * (value + 4) / 8)]) for value in (1, 4)
    ]


def dense(save, fed, run, weights):
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"], name="dense")]
    inputs = weights.shape[0]
    path = save("dense.onnx", nodes, {"x": [1, inputs]}, ["y"], {"w": weights})
    return run(path, fed(np.zeros((1, inputs), np.float32)))


def test_a_dense_layers_weights_are_one_picture(save, fed, run, show, qtbot):
    weights = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
    panel = show(KernelsPanel(dense(save, fed, run, weights)))
    assert panel.caption.text == "4 rows × 3 columns, 4 inputs for 3 outputs"
    assert tile_colors(panel, 0, 4, 3)[0] == tuple(SIGNED[0])
    assert tile_colors(panel, 0, 4, 3)[11] == tuple(SIGNED[255])
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.canvas.viewport(), panel.canvas.position_of(Place(0, 2, 1)).toPoint())
    assert heard.args[0] == (("", "dense"), ("row", "2"), ("column", "1"), ("=", "0.2727"))  # -1 + 7 * 2 / 11


def test_a_very_large_matrix_is_read_in_part_and_this_is_said(save, fed, run, show, qtbot):
    weights = np.arange(4_096, dtype=np.float32)[:, np.newaxis] + np.zeros((1, 1_100), np.float32)
    panel = show(KernelsPanel(dense(save, fed, run, weights)))
    assert panel.message == "The weights of dense are being read."
    qtbot.waitUntil(lambda: panel.message == "", timeout=PATIENCE_MS)
    assert "every 4th row and every 2nd column" in panel.caption.text
    place = panel.canvas.place_at(panel.canvas.position_of(Place(0, 500, 100)))
    with qtbot.waitSignal(panel.readout) as heard:
        panel.canvas.hovered.emit(place)
    readout = dict(heard.args[0])
    assert int(readout["row"]) == 4 * place.row
    assert readout["="] == str(4 * place.row)


def test_a_model_that_changed_on_disk_is_said(colored, show):
    status = os.stat(colored.model.path)
    os.utime(colored.model.path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))
    panel = show(KernelsPanel(colored))
    assert "colored.onnx changed on disk after it was opened" in panel.message


def test_numbers_are_written_in_cells_of_their_color(colored, show):
    panel = show(KernelsPanel(colored))
    image = panel.numbers.grab().toImage()
    seen = {image.pixelColor(x, y).getRgb()[:3] for x in range(image.width()) for y in range(image.height())}
    assert {tuple(SIGNED[255]), tuple(SIGNED[128]), tuple(SIGNED[64])} <= seen  # 2, 0 and -1 of -2 ... 2
    assert {(0, 0, 0), (255, 255, 255)} <= seen  # the writing


def test_small_weights_are_written_in_powers_of_ten(save, fed, run, show):
    kernel = np.array([[[[0.001, -0.0002]]]], np.float32)
    path = save("small.onnx", [conv("small", "x", "y", "k")], {"x": [1, 1, 1, 2]}, ["y"], {"k": kernel})
    panel = show(KernelsPanel(run(path, fed(np.zeros((1, 1, 1, 2), np.float32)))))
    assert numbers(panel) == "1.0000 −0.2000; × 10⁻³"


def test_every_control_can_be_reached_with_the_keyboard(colored, show):
    panel = show(KernelsPanel(colored))
    reachable = set()
    widget: QWidget = panel.lock
    for _ in range(150):
        if panel.isAncestorOf(widget) and widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            reachable.add(widget)
        widget = widget.nextInFocusChain()
    assert {panel.lock, panel.canvas, panel.which} <= reachable


# ---------------------------------------------------------------- quantized, and of one axis


@pytest.fixture
def quantized(save, fed, run):
    """Two kernels of 1 x 2 as codes, each with a scale of its own."""
    weights = {
        "k": np.array([[[[1, -2]]], [[[4, 8]]]], np.int8),
        "scale": np.array([0.5, 2], np.float32),
        "zero": np.array([0, 3], np.int8),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["k", "scale", "zero"], ["real"], name="weights", axis=0),
        conv("conv", "x", "y", "real"),
    ]
    path = save("quantized.onnx", nodes, {"x": [1, 1, 3, 4]}, ["y"], weights)
    session = run(path, fed(np.ones((1, 1, 3, 4), np.float32)))
    session.select_layer("conv")
    return session


def test_a_quantized_kernel_is_shown_as_the_numbers_it_stands_for(quantized, show, qtbot):
    panel = show(KernelsPanel(quantized))
    assert numbers(panel) == "0.5000 −1.0000"
    assert panel.scale.text == "int8, scale 0.5000, zero point 0"
    quantized.select_channel(1)
    assert numbers(panel) == "2.0000 10.0000"  # (4 - 3) * 2 and (8 - 3) * 2
    assert panel.scale.text == "int8, scale 2.000, zero point 3"
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.canvas.viewport(), panel.canvas.position_of(Place(1, 0, 1)).toPoint())
    assert heard.args[0] == (
        *(("", "conv"), ("kernel", "1"), ("row", "0"), ("column", "1")),
        *(("code", "8"), ("=", "10.00")),
    )


def test_the_codes_of_a_kernel_are_shown_on_request(quantized, show, qtbot):
    quantized.select_channel(1)
    panel = show(KernelsPanel(quantized))
    qtbot.mouseClick(panel.codes, Qt.MouseButton.LeftButton)
    assert quantized.view.codes
    assert numbers(panel) == "4 8"
    assert panel.legend.accessibleName() == "colors from −2 to 8"  # as far below the zero point 3 as above it
    assert tile_colors(panel, 1, 1, 2)[1] == tuple(SIGNED[255])


def test_codes_are_read_under_the_pointer_in_the_grid_too(save, fed, run, show, qtbot):
    weights = {"k": np.arange(-4, 4, dtype=np.int8).reshape(2, 2, 1, 2), "s": np.array(0.5, np.float32)}
    nodes = [
        helper.make_node("DequantizeLinear", ["k", "s"], ["real"], name="weights"),
        conv("conv", "x", "y", "real"),
    ]
    path = save("codes.onnx", nodes, {"x": [1, 2, 3, 4]}, ["y"], weights)
    session = run(path, fed(np.ones((1, 2, 3, 4), np.float32)))
    session.select_layer("conv")
    session.set_view(codes=True)
    panel = show(KernelsPanel(session))
    choose(qtbot, panel, "all")
    assert panel.legend.accessibleName() == "colors from −4 to 4"
    with qtbot.waitSignal(panel.readout) as heard:
        panel.grid.hovered.emit(Place(2 * 1 + 0, 0, 1))
    assert heard.args[0][-2:] == (("code", "1"), ("=", "0.5000"))


def test_a_panel_that_is_hidden_holds_no_weights_and_shows_them_again(colored, show, qtbot):
    colored.select_layer("second")
    panel = show(KernelsPanel(colored))
    choose(qtbot, panel, "all")
    panel.hide()
    assert panel._source.kernels is None
    panel.show()
    assert grid_colors(panel, 0)[0] == tuple(SIGNED[0])  # -32, the lowest


def test_a_kernel_of_real_numbers_offers_no_codes(colored, show):
    panel = show(KernelsPanel(colored))
    assert not panel.codes.isVisible()
    assert panel.scale.text == ""


def test_a_long_kernel_of_one_axis_is_a_curve_too(save, fed, run, show):
    kernels = np.sin(np.arange(2 * 40, dtype=np.float32)).reshape(2, 1, 40)
    path = save("long.onnx", [conv("conv", "x", "y", "k")], {"x": [1, 1, 50]}, ["y"], {"k": kernels})
    session = run(path, fed(np.zeros((1, 1, 50), np.float32)))
    panel = show(KernelsPanel(session), 420, 420)
    assert panel.caption.text == "2 of length 40, each on one channel"
    assert panel.curve.isVisible()
    assert "1 curve of 40 weights" in panel.curve.accessibleDescription()


def test_weights_that_are_no_kernels_are_named_as_what_they_are(save, fed, run, show):
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"], name="dot")]
    path = save("dot.onnx", nodes, {"x": [1, 3]}, ["y"], {"w": np.ones(3, np.float32)})
    panel = show(KernelsPanel(run(path, fed(np.zeros((1, 3), np.float32)))))
    assert panel.message == "The weights of dot (MatMul) have the shape 3: no kernels."


# ---------------------------------------------------------------- all kernels of a layer


def grid_colors(panel, tile, height=1, width=1):
    places = [panel.grid.position_of(Place(tile, *at)) for at in np.ndindex(height, width)]
    return pixels(panel.grid, places)


def choose(qtbot, panel, mode):
    qtbot.mouseClick(panel.controls.modes.button(mode), Qt.MouseButton.LeftButton)


def test_all_kernels_are_a_row_for_each_output_and_a_column_for_each_input(colored, show, qtbot):
    colored.select_layer("second")
    colored.select_channel(7)
    panel = show(KernelsPanel(colored))
    choose(qtbot, panel, "all")
    assert panel.caption.text == "8 outputs × 2 inputs, 2 × 2 each, one scale"
    # the weights are -32 ... 31: with limits of -32 and 32, kernel 6 begins with 16, its input 1 with 20
    assert panel.legend.accessibleName() == "colors from −32.00 to 32.00"
    expected = [tuple(SIGNED[round(255 * (value + 32) / 64)]) for value in range(20, 24)]
    assert grid_colors(panel, 6 * 2 + 1, 2, 2) == expected
    assert numbers(panel) == "input 1 28.0000 29.0000; 30.0000 31.0000"


def test_a_kernel_of_the_grid_is_chosen_by_a_click_and_read_under_the_pointer(colored, show, qtbot):
    colored.select_layer("second")
    panel = show(KernelsPanel(colored))
    choose(qtbot, panel, "all")
    at = panel.grid.position_of(Place(5 * 2 + 1, 1, 0)).toPoint()
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.grid.viewport(), at)
    # kernel 5, input 1 begins with 5 * 8 + 4 - 32 = 12
    where = (("kernel", "5"), ("input", "1"), ("row", "1"), ("column", "0"))
    assert heard.args[0] == (("", "second"), *where, ("=", "14.00"))
    qtbot.mouseClick(panel.grid.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert colored.view.channel == 5
    assert numbers(panel) == "input 1 12.0000 13.0000; 14.0000 15.0000"
    qtbot.keyClick(panel.grid, Qt.Key.Key_Up)
    assert colored.view.channel == 4
    qtbot.keyClick(panel.grid, Qt.Key.Key_Left)
    assert (colored.view.channel, panel.which.value()) == (4, 4)
    assert numbers(panel).startswith("input 0")


def test_kernels_are_put_in_order_by_their_norm(colored, show, qtbot):
    colored.select_layer("second")
    colored.select_channel(4)
    panel = show(KernelsPanel(colored))
    choose(qtbot, panel, "all")
    panel.controls.orders.setCurrentIndex(panel.controls.orders.findData("L1"))
    panel.controls.orders.activated.emit(panel.controls.orders.currentIndex())
    # kernel k is 8 k - 32 ... 8 k - 25: the sums of sizes are 228, 164, 100, 36, 28, 92, 156, 220
    with qtbot.waitSignal(panel.readout) as heard:
        panel.grid.hovered.emit(Place(1 * 2, 0, 0))
    assert dict(heard.args[0])["kernel"] == "7"
    qtbot.keyClick(panel.grid, Qt.Key.Key_Up)  # the chosen kernel 4 is the last
    assert colored.view.channel == 3


def test_of_very_many_kernels_only_those_that_are_seen_are_read(save, fed, run, show, qtbot):
    kernels = np.zeros((512, 512, 3, 3), np.float32)
    kernels[300, 400] = 1
    path = save("large.onnx", [conv("conv", "x", "y", "k")], {"x": [1, 512, 3, 3]}, ["y"], {"k": kernels})
    session = run(path, fed(np.zeros((1, 512, 3, 3), np.float32)))
    panel = show(KernelsPanel(session))
    choose(qtbot, panel, "all")
    qtbot.waitUntil(lambda: panel.message == "", timeout=PATIENCE_MS)  # the whole layer has one scale
    assert panel.grid.grid.channels == 512 * 512
    assert 0 < panel.grid.tiles_read < 2_000
    session.select_channel(300)
    panel._go_to(300 * 512 + 400)
    assert numbers(panel).startswith("input 400 1.0000 1.0000 1.0000")
    assert grid_colors(panel, 300 * 512 + 400, 3, 3) == [tuple(SIGNED[255])] * 9  # it was moved into the view
    assert panel.grid.tiles_read < 2_000


@pytest.fixture
def normalized(save, fed, run):
    """A dilated convolution of two kernels, a normalization, and a Relu."""
    weights = {
        "k": np.array([[[[1, -2]]], [[[4, 8]]]], np.float32),
        "gamma": np.array([2, 3], np.float32),
        "beta": np.array([1, -1], np.float32),
        "mean": np.array([0.5, 2], np.float32),
        "variance": np.array([4, 0.25], np.float32),
    }
    nodes = [
        conv("conv", "x", "c", "k", dilations=[1, 2]),
        helper.make_node(
            "BatchNormalization", ["c", "gamma", "beta", "mean", "variance"], ["n"], name="n", epsilon=0.0
        ),
        helper.make_node("Relu", ["n"], ["y"], name="relu"),
    ]
    path = save("normalized.onnx", nodes, {"x": [1, 1, 3, 6]}, ["y"], weights)
    session = run(path, fed(np.arange(18, dtype=np.float32).reshape(1, 1, 3, 6)))
    session.select_channel(1)
    return session


def test_a_normalization_that_follows_is_folded_in_on_request(normalized, show, qtbot):
    panel = show(KernelsPanel(normalized))
    assert numbers(panel) == "4.0000 8.0000"
    qtbot.mouseClick(panel.controls.fold, Qt.MouseButton.LeftButton)
    assert numbers(panel) == "24.0000 48.0000"  # 3 / sqrt(1 / 4) = 6
    assert panel.scale.text == "with n: this kernel × 6.000"
    assert panel.foot.text == "bias −13.00"  # (0 - 2) * 6 - 1
    qtbot.mouseClick(panel.controls.fold, Qt.MouseButton.LeftButton)
    assert numbers(panel) == "4.0000 8.0000"


def test_a_layer_without_a_normalization_offers_none(colored, show):
    panel = show(KernelsPanel(colored))
    assert not panel.controls.fold.isVisible()
    assert not panel.controls.gaps.isVisible()


def test_a_dilated_kernel_is_drawn_with_its_gaps_on_request(normalized, show, qtbot):
    panel = show(KernelsPanel(normalized))
    qtbot.mouseClick(panel.controls.gaps, Qt.MouseButton.LeftButton)
    assert tile_colors(panel, 1, 1, 3) == [tuple(SIGNED[191]), tuple(SIGNED[128]), tuple(SIGNED[255])]  # 4, 0, 8
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.canvas.viewport(), panel.canvas.position_of(Place(1, 0, 1)).toPoint())
    assert heard.args[0] == (("", "conv"), ("kernel", "1"), ("", "a gap of the dilated kernel"))
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.canvas.viewport(), panel.canvas.position_of(Place(1, 0, 2)).toPoint())
    assert heard.args[0][-2:] == (("column", "1"), ("=", "8.000"))


def test_numbers_and_frequencies_of_the_chosen_kernel(normalized, show, qtbot):
    panel = show(KernelsPanel(normalized), 420, 640)
    assert panel.section.head.summary == "L1 12.00, L2 8.944"  # 4 and 8
    qtbot.mouseClick(panel.section.head, Qt.MouseButton.LeftButton)
    said = panel.details.table.accessibleDescription()
    assert "mean 6.000, layer 2.750" in said  # of 1, -2, 4, 8
    assert "L2 8.944, layer 9.220" in said
    assert panel.details.spectrum.accessibleName() == "Frequencies of kernel 1, from 0 to 12.00"  # 4 + 8 at zero


def test_the_map_beside_the_kernel_is_gone_to_by_a_click(normalized, show, qtbot):
    normalized.select_layer("relu")
    normalized.select_channel(1)
    panel = show(KernelsPanel(normalized))
    assert panel.map.accessibleName() == "Feature map 1 of conv, which this kernel made"
    qtbot.mouseClick(panel.map, Qt.MouseButton.LeftButton)
    assert (normalized.view.layer, normalized.view.channel) == ("conv", 1)


def test_a_dense_layer_behind_a_flatten_is_shown_as_pictures_for_each_output(save, fed, run, show, qtbot):
    weights = np.arange(24, dtype=np.float32).reshape(12, 2)  # of 12 inputs: 3 channels of 2 x 2
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"], name="flat"),
        helper.make_node("MatMul", ["f", "w"], ["y"], name="dense"),
    ]
    path = save("pictures.onnx", nodes, {"x": [1, 3, 2, 2]}, ["y"], {"w": weights})
    session = run(path, fed(np.zeros((1, 3, 2, 2), np.float32)))
    session.select_layer("dense")
    session.select_channel(1)
    panel = show(KernelsPanel(session))
    assert panel.caption.text == "output 1 of 2: 3 channels, 2 × 2 each"
    assert numbers(panel) == "channel 2 17.0000 19.0000; 21.0000 23.0000"  # inputs 8 ... 11 of output 1
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.canvas.viewport(), panel.canvas.position_of(Place(2, 1, 0)).toPoint())
    assert heard.args[0][-2:] == (("weight", "10, 1"), ("=", "21.00"))
    choose(qtbot, panel, "matrix")
    assert panel.caption.text == "12 rows × 2 columns, 12 inputs for 2 outputs"


def test_kernels_of_one_axis_are_rows_of_the_grid(save, fed, run, show, qtbot):
    kernels = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    path = save("rows.onnx", [conv("conv", "x", "y", "k")], {"x": [1, 3, 6]}, ["y"], {"k": kernels})
    panel = show(KernelsPanel(run(path, fed(np.zeros((1, 3, 6), np.float32)))))
    choose(qtbot, panel, "all")
    assert panel.caption.text == "2 outputs × 3 inputs, length 4 each, one scale"
    expected = [tuple(SIGNED[round(255 * (value + 23) / 46)]) for value in range(20, 24)]
    assert grid_colors(panel, 5, 1, 4) == expected
