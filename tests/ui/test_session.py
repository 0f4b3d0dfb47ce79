"""The state of the window, with real engines behind it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt

from inspector.engine.protocol import Ran

PATIENCE_MS = 60_000
RAMP = np.array([[-1, 0], [1, 2]], np.float32)


@pytest.fixture
def opened(session, signs, qtbot):
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    return session


def test_a_model_opens_on_its_first_convolution(opened, signs):
    assert opened.model.path == str(signs)
    assert opened.view.layer == "signs"
    assert opened.layer().op_type == "Conv"


def test_a_picture_dropped_before_a_model_waits_for_it(session, signs, ramp, qtbot):
    session.open_image(str(ramp))
    assert (session.image, session.prediction, session.busy) == (str(ramp), None, "")
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    np.testing.assert_array_equal(session.run.tensors["conv"][0], [RAMP, -RAMP, RAMP * 0])


def test_a_new_model_runs_the_picture_that_is_there(opened, save, ramp, qtbot):
    from onnx import helper

    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    doubled = save("double.onnx", [helper.make_node("Add", ["x", "x"], ["y"])], {"x": [1, 1, 2, 2]}, ["y"])
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_model(str(doubled))
    np.testing.assert_array_equal(opened.tensor()[0, 0], RAMP * 2)


def test_a_file_that_is_no_model_leaves_everything_as_it_was(opened, ramp, tmp_path, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    model, run = opened.model, opened.run
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"this is not a model")
    with qtbot.waitSignal(opened.failure_changed, timeout=PATIENCE_MS):
        opened.open_model(str(broken))
    assert "broken.onnx" in opened.failure.message
    assert opened.model is model
    assert opened.run is run
    assert opened.busy == ""
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.rerun()


def test_selecting_a_layer_changes_the_view_once(opened, qtbot):
    with qtbot.waitSignal(opened.view_changed):
        opened.select_layer("relu")
    opened.select_channel(1)
    with qtbot.assertNotEmitted(opened.view_changed):
        opened.select_layer("relu")
        opened.select_layer("no such layer")
    assert opened.view.channel == 1


def test_a_killed_engine_is_said_and_the_next_picture_works(opened, ramp, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    shown = opened.run
    os.kill(opened._engine.child_pid(), signal.SIGSTOP)  # so that it cannot answer first
    opened.rerun()
    with qtbot.waitSignal(opened.failure_changed, timeout=PATIENCE_MS):
        os.kill(opened._engine.child_pid(), signal.SIGKILL)
    assert "SIGKILL" in opened.failure.message
    assert opened.run is shown
    assert opened.busy == ""
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.rerun()
    assert opened.failure is None


def test_stopping_ends_a_run_that_hangs(opened, ramp, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    os.kill(opened._engine.child_pid(), signal.SIGSTOP)
    opened.rerun()
    with qtbot.waitSignal(opened.failure_changed, timeout=PATIENCE_MS):
        opened.stop()
    assert opened.failure.message == "Stopped."


def test_pictures_are_stepped_through_in_both_directions(opened, tmp_path, qtbot):
    paths = []
    for number in range(3):
        paths.append(str(tmp_path / f"{number}.npy"))
        np.save(paths[-1], RAMP[None, None] * number)
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_files(paths)
    seen = []
    for step in (opened.next_image, opened.next_image, opened.next_image, opened.previous_image):
        with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
            step()
        seen.append(float(opened.run.tensors["conv"].max()))
    assert seen == [2, 4, 0, 4]


def test_a_preset_reruns_the_picture(opened, picture, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(picture))
    assert opened.run.tensors["image"].max() <= 1
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.set_preprocessing("byte")
    assert opened.run.tensors["image"].max() == 252
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.set_preprocessing(None)
    assert opened.run.tensors["image"].max() <= 1


def test_a_picture_that_cannot_be_run_gives_way_to_the_one_that_is_shown(opened, signs, ramp, tmp_path, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    bad = tmp_path / "words.png"
    bad.write_text("no picture")
    with qtbot.waitSignal(opened.failure_changed, timeout=PATIENCE_MS):
        opened.open_image(str(bad))
    assert "words.png" in opened.failure.message
    assert (opened.images, opened.image) == ((str(ramp),), str(ramp))
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_model(str(signs))
    assert opened.run.prediction.image == str(ramp)


def test_of_several_pictures_one_that_cannot_be_run_is_stepped_over(opened, ramp, tmp_path, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    bad = tmp_path / "words.png"
    bad.write_text("no picture")
    with qtbot.waitSignal(opened.failure_changed, timeout=PATIENCE_MS):
        opened.open_files([str(bad), str(ramp)])
    assert opened.image == str(bad)
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.next_image()
    assert opened.run.prediction.image == str(ramp)


def test_a_session_is_busy_until_the_model_is_open_although_a_run_has_ended(opened, ramp, tmp_path, qtbot):
    opened._spare_timer.stop()
    slow = opened._new_engine()
    opened._spare = slow
    qtbot.waitUntil(lambda: slow.child_pid() is not None)
    os.kill(slow.child_pid(), signal.SIGSTOP)
    opened.open_model(str(tmp_path / "absent.onnx"))
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    assert opened.busy
    with qtbot.waitSignal(opened.failure_changed, timeout=PATIENCE_MS):
        os.kill(slow.child_pid(), signal.SIGCONT)
    assert opened.busy == ""


def test_the_window_does_not_wait_for_the_end_of_the_old_engine(opened, signs, qtbot):
    may_end = threading.Event()
    end = opened._engine.close

    def close_slowly():
        may_end.wait(PATIENCE_MS / 1_000)
        end()

    opened._engine.close = close_slowly
    with qtbot.waitSignal(opened.model_changed, timeout=PATIENCE_MS):
        opened.open_model(str(signs))
    assert not may_end.is_set()
    may_end.set()


def test_closing_while_a_model_opens_is_clean(session, signs):
    session.open_model(str(signs))
    session.close()


@pytest.mark.skipif(sys.platform != "linux", reason="shared memory has a descriptor to count on Linux only")
def test_an_answer_that_was_on_its_way_holds_no_memory_once_the_session_is_closed(opened, ramp):
    before, has_answered = _memory_files(), threading.Event()
    opened._replied.connect(
        lambda _, reply: has_answered.set() if isinstance(reply, Ran) else None, Qt.ConnectionType.DirectConnection
    )
    opened.open_image(str(ramp))
    assert has_answered.wait(PATIENCE_MS / 1000)
    assert len(_memory_files()) > len(before)
    opened.close()
    assert opened.run is None
    assert not _memory_files() - before


def _memory_files():
    """Return the numbers of the shared memory that this process holds open."""
    found = set()
    for entry in os.listdir("/proc/self/fd"):
        path = f"/proc/self/fd/{entry}"
        with contextlib.suppress(OSError):  # the descriptor of this very listing
            if os.readlink(path).startswith("/memfd:"):
                found.add(os.stat(path).st_ino)
    return found


# ---------------------------------------------------------------- time and memory


def test_the_layers_are_timed_in_a_process_of_their_own(opened, ramp, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    run = opened.run
    with qtbot.waitSignal(opened.measured_changed, timeout=PATIENCE_MS):
        opened.measure_layers()
        assert opened.busy == "measuring the layers of signs.onnx"
    assert set(opened.measured.seconds) == {"signs", "relu"}
    assert opened.busy == ""
    assert opened.run is run
    assert opened.failure is None


def test_times_of_another_shape_or_model_are_let_go(opened, signs, ramp, tmp_path, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    with qtbot.waitSignal(opened.measured_changed, timeout=PATIENCE_MS):
        opened.measure_layers()
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.rerun()
    assert opened.measured is not None
    np.save(tmp_path / "wide.npy", np.zeros((1, 1, 2, 9), np.float32))
    with qtbot.waitSignals([opened.measured_changed, opened.run_changed], timeout=PATIENCE_MS):
        opened.open_image(str(tmp_path / "wide.npy"))
    assert opened.measured is None
    with qtbot.waitSignal(opened.measured_changed, timeout=PATIENCE_MS):
        opened.measure_layers()
    with qtbot.waitSignal(opened.measured_changed, timeout=PATIENCE_MS):
        opened.open_model(str(signs))
    assert opened.measured is None


def test_measuring_ends_with_the_next_run_and_with_the_session(opened, ramp, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    opened.measure_layers()
    measurer = opened._measurer
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.rerun()
    assert (opened._measurer, opened.measured, opened.busy) == (None, None, "")
    qtbot.waitUntil(lambda: measurer._closed, timeout=PATIENCE_MS)
    opened.measure_layers()
    opened.close()


def test_stopping_ends_measuring(opened, ramp, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    opened.measure_layers()
    os.kill(_pid(opened._measurer, qtbot), signal.SIGSTOP)
    with qtbot.waitSignal(opened.failure_changed, timeout=PATIENCE_MS):
        opened.stop()
    assert opened.failure.message == "Stopped."
    assert (opened._measurer, opened.busy) == (None, "")


def test_a_measurer_that_dies_is_said_and_what_is_shown_stays(opened, ramp, qtbot):
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(ramp))
    run = opened.run
    opened.measure_layers()
    pid = _pid(opened._measurer, qtbot)
    os.kill(pid, signal.SIGSTOP)
    qtbot.waitUntil(lambda: opened._measurer._running is not None, timeout=PATIENCE_MS)
    with qtbot.waitSignal(opened.failure_changed, timeout=PATIENCE_MS):
        os.kill(pid, signal.SIGKILL)
    assert "measuring signs.onnx" in opened.failure.message
    assert opened.run is run
    assert opened.busy == ""


def _pid(engine, qtbot):
    qtbot.waitUntil(lambda: engine.child_pid() is not None, timeout=PATIENCE_MS)
    return engine.child_pid()


def test_less_memory_for_tensors_makes_the_run_partial_and_a_missing_layer_is_fetched(opened, tmp_path, qtbot):
    np.save(tmp_path / "x.npy", np.ones((1, 1, 512, 512), np.float32))  # each layer takes 3 MiB
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_image(str(tmp_path / "x.npy"))
    assert opened.run.missing == ()
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.set_tensor_memory(4 << 20)
    assert opened.run.missing == ("relu",)
    assert "conv" in opened.run.tensors
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.select_layer("relu")
    assert opened.run.missing == ()
    assert opened.run.tensors["relu"].max() == 1


def quantized_twice(save):
    """Codes of codes: ONNX Runtime makes one of the two, unless somebody looks."""
    from onnx import helper

    parameters = {"s0": 0.3, "z0": 0, "s1": 0.02, "z1": 3}
    stored = {name: np.array(value, np.float32 if name[0] == "s" else np.uint8) for name, value in parameters.items()}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s0", "z0"], ["q0"], "q0"),
        helper.make_node("DequantizeLinear", ["q0", "s0", "z0"], ["d0"], "d0"),
        helper.make_node("QuantizeLinear", ["d0", "s1", "z1"], ["q1"], "q1"),
        helper.make_node("DequantizeLinear", ["q1", "s1", "z1"], ["y"], "d1"),
    ]
    return save("twice.onnx", nodes, {"x": [1, 1, 2, 2]}, ["y"], stored)


def test_a_view_that_does_not_hold_is_said_and_what_is_shown_stays(session, save, ramp, qtbot):
    session.open_image(str(ramp))
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_model(str(quantized_twice(save)))
    run = session.run
    assert run.views == ("step by step",)
    with qtbot.waitSignal(session.failure_changed, timeout=PATIENCE_MS):
        session.set_run_view("as deployed")
    assert session.failure.message == run.view_note
    assert session.run is run
    assert session.run_view == "step by step"
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.rerun()
    assert session.run.view == "step by step"
