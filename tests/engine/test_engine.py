"""The engine end to end: real child processes, real ONNX Runtime."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from inspector.engine.child.sandbox import landlock_abi
from inspector.engine.protocol import Failed, ModelOpened, OpenModel, Predicted, Ran, Ready, RunImage

RAMP = np.array([[-1, 0], [1, 2]], np.float32)


@pytest.fixture
def slow(save) -> Path:
    """200 convolutions that take minutes."""
    nodes = [
        helper.make_node("Conv", ["image" if i == 0 else f"t{i - 1}", "k"], [f"t{i}"], pads=[7] * 4) for i in range(200)
    ]
    kernel = {"k": np.zeros((8, 8, 15, 15), np.float32)}
    return save("slow.onnx", nodes, {"image": [1, 8, 512, 512]}, ["t199"], kernel)


def test_a_model_is_described_and_its_sessions_are_made(engine, signs):
    engine.engine.send(OpenModel(1, str(signs)))
    opened, ready = engine.next(), engine.next()
    assert isinstance(opened, ModelOpened)
    assert [(layer.name, layer.op_type) for layer in opened.model.layers] == [("signs", "Conv"), ("relu", "Relu")]
    assert isinstance(ready, Ready)
    assert (ready.provider, ready.note) == ("CPU", "")


@pytest.mark.skipif(landlock_abi() == 0, reason="this kernel has no Landlock")
def test_every_thread_of_the_child_is_locked_in(engine, signs, ramp):
    assert isinstance(engine.ask(RunImage(1, str(signs), str(ramp))), Ran)
    threads = list(Path(f"/proc/{engine.engine.child_pid()}/task").iterdir())
    assert len(threads) >= 2  # one hears, one works
    for thread in threads:  # a thread gives up new privileges where it is locked in, and nowhere else
        assert "NoNewPrivs:\t1" in (thread / "status").read_text()


def test_a_run_gives_the_answer_first_and_then_every_tensor(engine, signs, ramp):
    engine.engine.send(RunImage(1, str(signs), str(ramp)))
    predicted, ran = engine.next(), engine.next()
    assert isinstance(predicted, Predicted)
    assert predicted.prediction.image == str(ramp)
    np.testing.assert_array_equal(predicted.prediction.outputs["relu"][0], [RAMP.clip(0), (-RAMP).clip(0), RAMP * 0])
    assert isinstance(ran, Ran)
    assert set(ran.run.tensors) == {"image", "conv", "relu"}
    np.testing.assert_array_equal(ran.run.tensors["conv"][0], [RAMP, -RAMP, RAMP * 0])
    assert ran.run.difference is not None
    assert (ran.run.difference.output, ran.run.difference.max_abs, ran.run.difference.top_changed) == ("relu", 0, False)


def test_only_the_answer_comes_where_no_maps_are_asked_for(engine, signs, ramp):
    assert isinstance(engine.ask(RunImage(1, str(signs), str(ramp), maps=False)), Predicted)


def test_only_the_tensors_asked_for_come(engine, signs, ramp):
    ran = engine.ask(RunImage(1, str(signs), str(ramp), tensors=("conv",)))
    assert set(ran.run.tensors) == {"image", "conv"}
    np.testing.assert_array_equal(ran.run.tensors["conv"][0, 1], -RAMP)


def test_tensors_are_read_only_and_outlive_the_engine(engine, signs, ramp):
    relu = engine.ask(RunImage(1, str(signs), str(ramp))).run.tensors["relu"]
    engine.engine.close()
    assert relu.max() == 2
    with pytest.raises(ValueError, match="read-only"):
        relu[0] = 0


def test_a_run_somebody_looks_at_is_never_written_over(engine, signs, tmp_path):
    kept = []
    for number in range(1, 6):
        np.save(tmp_path / "x.npy", RAMP[None, None] * number)
        kept.append(engine.ask(RunImage(number, str(signs), str(tmp_path / "x.npy"))).run.tensors["relu"])
    assert [relu.max() for relu in kept] == [2, 4, 6, 8, 10]


def test_blocks_nobody_looks_at_are_used_again(engine, signs, ramp):
    sizes = []
    for number in range(8):
        engine.ask(RunImage(number, str(signs), str(ramp)))
        gc.collect()
        sizes.append(sum(backing.size for backing in engine.engine._child.blocks._blocks.values()))
    assert sizes[-1] == sizes[1]


def test_a_larger_picture_gets_a_larger_block(engine, signs, tmp_path):
    for number, side in enumerate([2, 300, 2, 300]):
        values = np.arange(side * side, dtype=np.float32).reshape(1, 1, side, side)
        np.save(tmp_path / "x.npy", values)
        ran = engine.ask(RunImage(number, str(signs), str(tmp_path / "x.npy")))
        np.testing.assert_array_equal(ran.run.tensors["conv"][0, 0], values[0, 0])


def test_a_picture_is_decoded_and_scaled_by_the_child(engine, signs, picture):
    prediction = engine.ask(RunImage(1, str(signs), str(picture))).run.prediction
    assert prediction.preprocessing.name == "unit"
    expected = np.tile(np.arange(0, 256, 4, dtype=np.float32) / 255, (32, 1))
    np.testing.assert_allclose(prediction.fed["image"][0, 0], expected, atol=1e-7)
    assert (prediction.picture.size, prediction.picture.box) == ((64, 32), (0, 0, 64, 32))
    assert prediction.picture.pixels.shape == (32, 64, 3)
    assert prediction.picture.pixels[5, 63].tolist() == [252, 252, 252]


def test_a_killed_child_is_one_sentence_and_the_next_picture_runs(engine, signs, ramp, slow):
    engine.engine.send(RunImage(1, str(slow), ""))
    while (pid := engine.engine.child_pid()) is None:
        pass
    os.kill(pid, signal.SIGKILL)
    failed = engine.next()
    assert isinstance(failed, Failed)
    assert (failed.request_id, failed.kind) == (1, "engine")
    assert "slow.onnx" in failed.message
    assert "SIGKILL" in failed.message
    assert isinstance(engine.ask(RunImage(2, str(signs), str(ramp))), Ran)


def test_an_engine_that_cannot_be_started_says_so(engine, signs, ramp, monkeypatch):
    def refuse(self: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    assert isinstance(engine.ask(RunImage(1, str(signs), str(ramp))), Ran)
    with monkeypatch.context() as patch:
        patch.setattr("inspector.engine.client._SPAWN.Process.start", refuse)
        os.kill(engine.engine.child_pid(), signal.SIGKILL)
        while engine.engine.child_pid() is not None:
            pass
        failed = engine.ask(RunImage(2, str(signs), str(ramp)))
        assert isinstance(failed, Failed)
        assert "Resource temporarily unavailable" in failed.message
    assert isinstance(engine.ask(RunImage(3, str(signs), str(ramp))), Ran)


def test_three_deaths_in_a_minute_end_the_attempts(engine, signs, ramp):
    for number in range(3):
        assert isinstance(engine.ask(RunImage(number, str(signs), str(ramp), maps=False)), Predicted)
        pid = engine.engine.child_pid()
        os.kill(pid, signal.SIGSTOP)  # so that it cannot answer first
        engine.engine.send(OpenModel(100 + number, str(signs)))
        while engine.engine._running is None:
            pass
        os.kill(pid, signal.SIGKILL)
        assert isinstance(engine.next(), Failed)
    refused = engine.ask(RunImage(9, str(signs), str(ramp)))
    assert isinstance(refused, Failed)
    assert "3 times" in refused.message


def test_a_long_run_can_be_stopped_and_the_engine_goes_on(engine, slow, ramp, signs):
    engine.engine.send(OpenModel(1, str(slow)))
    while not isinstance(engine.next(), Ready):
        pass
    for number, wait_until_it_runs in ((2, True), (3, False)):
        engine.engine.send(RunImage(number, str(slow), ""))
        while wait_until_it_runs and engine.engine._running is None:
            pass
        engine.engine.cancel()
        stopped = engine.next()
        assert isinstance(stopped, Failed)
        assert (stopped.request_id, stopped.kind) == (number, "stopped")
    assert isinstance(engine.ask(RunImage(9, str(signs), str(ramp))), Ran)


def test_the_newest_request_takes_the_place_of_the_one_waiting(engine, signs, ramp):
    for number in range(50):
        engine.engine.send(RunImage(number, str(signs), str(ramp), maps=False))
    answered = [engine.next()]
    while answered[-1].request_id != 49:
        answered.append(engine.next())
    assert len(answered) < 50
    assert all(isinstance(reply, Predicted) for reply in answered)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("absent.npy", None, "no file"),
        ("text.png", b"hello, this is no picture", "not a picture"),
        ("empty.png", b"", "empty"),
        ("pointer.jpg", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "LFS"),
        ("page.png", b"<!DOCTYPE html><html></html>", "text"),
        ("broken.npy", b"\x93NUMPY\x01\x00junk", "not a tensor file"),
    ],
)
def test_a_file_that_is_no_picture_is_named_as_what_it_is(engine, signs, tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    refused = engine.ask(RunImage(1, str(signs), str(tmp_path / name)))
    assert isinstance(refused, Failed)
    assert refused.kind == "image"
    assert name in refused.message
    assert says in refused.message


def test_a_folder_or_pipe_is_refused_without_waiting_for_it(engine, signs, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path, tmp_path / "pipe.png"):
        refused = engine.ask(RunImage(1, str(signs), str(path)))
        assert "not a file" in refused.message


def test_a_tensor_of_another_shape_is_refused_with_both_shapes(engine, signs, tmp_path):
    np.save(tmp_path / "flat.npy", np.zeros((2, 3, 4), np.float32))
    refused = engine.ask(RunImage(1, str(signs), str(tmp_path / "flat.npy")))
    assert "2 × 3 × 4" in refused.message
    assert "1 × 1 × height × width" in refused.message


def test_a_picture_name_that_is_not_utf8_runs(engine, signs, picture):
    odd = os.fsencode(picture.parent) + b"/gr\xff.png"
    os.rename(picture, odd)
    ran = engine.ask(RunImage(1, str(signs), os.fsdecode(odd)))
    assert isinstance(ran, Ran)
    assert ran.run.prediction.image == os.fsdecode(odd)


def test_other_inputs_take_files_or_zeros(engine, save, tmp_path):
    add = save(
        "add.onnx",
        [helper.make_node("Sum", ["image", "more", "rest"], ["y"])],
        {"image": [1, 1, 2, 2], "more": [1, 1, 2, 2], "rest": [1]},
        ["y"],
    )
    np.save(tmp_path / "a.npy", RAMP[None, None])
    np.save(tmp_path / "b.npy", RAMP[None, None] * 10)
    request = RunImage(1, str(add), str(tmp_path / "a.npy"), inputs={"more": str(tmp_path / "b.npy")})
    np.testing.assert_array_equal(engine.ask(request).run.tensors["y"][0, 0], RAMP * 11)


def test_open_lengths_can_be_given_and_fixed_ones_stay(engine, signs, picture):
    run = engine.ask(RunImage(1, str(signs), str(picture), shapes={"image": (1, 1, 40, 56)})).run
    assert run.tensors["conv"].shape == (1, 3, 40, 56)
    assert run.prediction.picture.box == (0, 0, 64, 32)
    for shape, says in (((1, 2, 40, 56), "1 × 2 × 40 × 56"), ((40, 56), "40 × 56"), ((1, 1, 0, 56), "1 × 1 × 0 × 56")):
        refused = engine.ask(RunImage(2, str(signs), str(picture), shapes={"image": shape}))
        assert says in refused.message
    refused = engine.ask(RunImage(3, str(signs), str(picture), shapes={"picture": (1, 1, 40, 56)}))
    assert "'picture'" in refused.message
    assert "image" in refused.remedy


def test_a_shape_that_only_the_run_knows_still_comes_home(engine, save, tmp_path):
    nonzero = save(
        "nonzero.onnx",
        [helper.make_node("NonZero", ["x"], ["places"])],
        {"x": [2, 2]},
        ["places"],
        output_kind=TensorProto.INT64,
    )
    for number, values in enumerate([[[0, 5], [6, 0]], [[0, 0], [0, 0]], [[1, 1], [1, 1]]]):
        array = np.array(values, np.float32)
        np.save(tmp_path / "x.npy", array)
        ran = engine.ask(RunImage(number, str(nonzero), str(tmp_path / "x.npy")))
        np.testing.assert_array_equal(ran.run.tensors["places"], np.array(np.nonzero(array)))


def test_bfloat16_is_shown_as_float32_and_said(engine, save, tmp_path):
    model = save(
        "bf16.onnx",
        [
            helper.make_node("Cast", ["x"], ["half"], to=16),
            helper.make_node("Cast", ["half"], ["y"], to=1),
        ],
        {"x": [2]},
        ["y"],
    )
    np.save(tmp_path / "x.npy", np.array([1.0, 1.00001], np.float32))
    run = engine.ask(RunImage(1, str(model), str(tmp_path / "x.npy"))).run
    assert dict(run.casts) == {"half": "bfloat16"}
    np.testing.assert_array_equal(run.tensors["half"], np.array([1, 1], np.float32))


def test_tensors_beyond_the_budget_are_left_out_and_said(talk, save, tmp_path):
    wide = save(
        "wide.onnx",
        [helper.make_node("Relu", ["x" if i == 0 else f"t{i - 1}"], [f"t{i}"]) for i in range(4)],
        {"x": [1, 64, 512, 512]},
        ["t3"],
    )
    small = talk(provider="cpu", memory_bytes=600 << 20)  # a third of it holds three tensors of 64 MiB
    run = small.ask(RunImage(1, str(wide), "")).run
    assert set(run.tensors) == {"x", "t0", "t1", "t2"}
    assert run.missing == ("t3",)
    rest = small.ask(RunImage(2, str(wide), "", tensors=("t3",))).run
    assert set(rest.tensors) == {"x", "t3"}


def test_a_partial_run_gives_the_values_of_a_full_one(talk, save, tmp_path):
    rng = np.random.default_rng(5)
    chain = save(
        "chain.onnx",
        [
            helper.make_node("Conv", ["x" if i == 0 else f"t{i - 1}", f"k{i}"], [f"t{i}"], pads=[1] * 4)
            for i in range(20)
        ],
        {"x": [1, 8, 512, 512]},
        ["t19"],
        {f"k{i}": rng.standard_normal((8, 8, 3, 3), np.float32) / 8 for i in range(20)},
    )
    np.save(tmp_path / "x.npy", rng.standard_normal((1, 8, 512, 512), np.float32))
    request = RunImage(1, str(chain), str(tmp_path / "x.npy"))
    full = talk(provider="cpu").ask(request).run
    assert not full.missing
    small = talk(provider="cpu", memory_bytes=380 << 20)  # too little for all 20 tensors of 8 MiB
    assert small.ask(request).run.missing
    for name in ("t0", "t10", "t19"):
        part = small.ask(msgspec.structs.replace(request, tensors=(name,)))
        assert isinstance(part, Ran), part
        assert part.run.tensors[name].tobytes() == full.tensors[name].tobytes()


def test_every_tensor_equals_a_plain_session_with_everything_marked(engine, save, tmp_path):
    rng = np.random.default_rng(3)
    model = save(
        "branch.onnx",
        [
            helper.make_node("Conv", ["x", "k1"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("Conv", ["b", "k2"], ["c"], group=4),
            helper.make_node("Sigmoid", ["b"], ["d"]),
            helper.make_node("Mul", ["c", "d"], ["e"]),
            helper.make_node("GlobalAveragePool", ["e"], ["f"]),
            helper.make_node("Softmax", ["f"], ["g"], axis=1),
        ],
        {"x": [1, 3, 33, 33]},
        ["g"],
        {
            "k1": rng.standard_normal((8, 3, 3, 3), np.float32),
            "k2": rng.standard_normal((8, 2, 1, 1), np.float32),
        },
    )
    x = rng.standard_normal((1, 3, 33, 33), np.float32)
    np.save(tmp_path / "x.npy", x)
    run = engine.ask(RunImage(1, str(model), str(tmp_path / "x.npy"))).run
    expected = everything(model, {"x": x})
    assert set(run.tensors) == {"x", *expected}
    for name, value in expected.items():
        assert run.tensors[name].tobytes() == value.tobytes(), name


def everything(path: Path, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every tensor of a plain session, optimisation off."""
    import onnx

    model = onnx.load(path)
    have = {output.name for output in model.graph.output}
    for node in model.graph.node:
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in node.output if name not in have)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))
