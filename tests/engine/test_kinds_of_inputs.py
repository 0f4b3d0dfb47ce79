"""Inputs of every type and kind, through the engine and ONNX Runtime itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from inspector.engine.protocol import Failed, Predicted, Ran, RunImage
from inspector.graph.preprocessing import Preprocessing
from tests.engine.child.sounds import wave

TYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "float64": TensorProto.DOUBLE,
    "bfloat16": TensorProto.BFLOAT16,
    "uint8": TensorProto.UINT8,
    "int8": TensorProto.INT8,
    "int32": TensorProto.INT32,
    "float8e4m3fn": TensorProto.FLOAT8E4M3FN,
}


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    """Four pixels: 0, 64, 128, 192."""
    Image.fromarray(np.array([[0, 64], [128, 192]], np.uint8)).save(tmp_path / "grey.png")
    return tmp_path / "grey.png"


@pytest.mark.parametrize("dtype", TYPES)
def test_an_input_of_every_type_is_fed_a_picture(engine, grey, tmp_path, dtype):
    graph = helper.make_graph(
        [helper.make_node("Cast", ["x"], ["float"], to=TensorProto.FLOAT), helper.make_node("Neg", ["float"], ["y"])],
        "cast",
        [helper.make_tensor_value_info("x", TYPES[dtype], [1, 1, 2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 2, 2])],
    )
    path = tmp_path / "cast.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)
    reply = engine.ask(RunImage(1, str(path), str(grey), Preprocessing("byte")))
    assert isinstance(reply, Ran), reply
    expected = np.array([-128, -64, 0, 64] if dtype == "int8" else [0, 64, 128, 192], np.float32)
    assert reply.run.prediction.fed["x"].ravel().tolist() == expected.tolist()
    assert reply.run.prediction.outputs["y"].ravel().tolist() == (-expected).tolist()
    assert reply.run.tensors["float"].ravel().tolist() == expected.tolist()


def test_what_was_fed_comes_home_with_where_it_came_from(engine, save, grey):
    nodes = [helper.make_node("Add", ["x", "offset"], ["sum"]), helper.make_node("Mul", ["sum", "scale_factor"], ["y"])]
    path = save("add.onnx", nodes, {"x": [2, 1, 2, 2], "offset": [1], "scale_factor": [1], "unused": ["n"]}, ["y"])
    request = RunImage(1, str(path), str(grey), Preprocessing("byte"), fills={"offset": 8.0}, maps=False)
    reply = engine.ask(request)
    assert isinstance(reply, Predicted), reply
    prediction = reply.prediction
    assert prediction.outputs["y"].tolist() == [[[[8, 72], [136, 200]]]] * 2
    assert prediction.origins == {"x": "the picture", "offset": "8", "scale_factor": "ones", "unused": "zeros"}
    assert (prediction.note, prediction.picture.note) == ("", "repeated 2 times")


def test_a_volume_and_a_signal_run(engine, save, tmp_path):
    ones = {"kernel": np.ones((1, 1, 2, 2, 2), np.float32)}
    volumes = save(
        "volume.onnx", [helper.make_node("Conv", ["x", "kernel"], ["y"])], {"x": [1, 1, None, None, None]}, ["y"], ones
    )
    np.save(tmp_path / "v.npy", np.ones((3, 3, 3), np.float32))
    reply = engine.ask(RunImage(1, str(volumes), str(tmp_path / "v.npy"), maps=False))
    assert reply.prediction.outputs["y"].tolist() == np.full((1, 1, 2, 2, 2), 8).tolist()
    ones = {"kernel": np.ones((1, 1, 2), np.float32)}
    signals = save(
        "signal.onnx", [helper.make_node("Conv", ["x", "kernel"], ["y"])], {"x": ["n", 1, "time"]}, ["y"], ones
    )
    (tmp_path / "s.wav").write_bytes(wave(np.array([[16_384, 0], [0, 16_384], [-16_384, -16_384]]), 16))
    reply = engine.ask(RunImage(2, str(signals), str(tmp_path / "s.wav"), maps=False))
    assert reply.prediction.outputs["y"].tolist() == [[[0.5, -0.25]]]  # 0.25, 0.25, -0.5 added in pairs
    assert reply.prediction.note == "2 channels mixed to one, 0.000188 s, 16 kHz"


@pytest.mark.parametrize("name", ["x.wav", "x.csv", "x.npz", "x.npy", "x.pb", "x.png", "x.tif"])
@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\xff\xffWAVE", b"\x93NUMPY\x01\0\xff\xff", b"PK\3\4" * 9]
)
def test_hostile_files_end_in_a_sentence_and_the_child_lives(engine, save, tmp_path, name, data):
    path = save("n.onnx", [helper.make_node("Neg", ["x"], ["y"])], {"x": ["n", "time"]}, ["y"])
    (tmp_path / name).write_bytes(data)
    reply = engine.ask(RunImage(1, str(path), str(tmp_path / name), maps=False))
    assert isinstance(reply, Failed)
    assert reply.kind in ("image", "limit")
    assert reply.remedy
    assert isinstance(engine.ask(RunImage(2, str(path), "", maps=False)), Predicted)


# ---------------------------------------------------------------- real networks


@pytest.fixture
def models(shared: Path) -> Path:
    return shared / "assets" / "models"


@pytest.mark.parametrize("name", ["kws_fp32", "kws_qdq", "kws_qoperator"])
def test_keyword_spotters_run_on_features_and_on_sound(engine, models, tmp_path, name):
    features = np.random.default_rng(0).random((49, 40), np.float32)
    np.save(tmp_path / "table.npy", features)
    np.save(tmp_path / "flat.npy", features.reshape(1, 1960))
    (tmp_path / "tone.wav").write_bytes(wave(np.full((16_000, 1), 8_192), 16))
    answers = [
        engine.ask(RunImage(number, str(models / f"{name}.onnx"), str(tmp_path / file), maps=False)).prediction
        for number, file in enumerate(("table.npy", "flat.npy", "tone.wav"), 1)
    ]
    (output,) = answers[0].outputs
    np.testing.assert_array_equal(answers[0].outputs[output], answers[1].outputs[output])
    assert [each.note for each in answers] == ["49 × 40 numbers in a row", "", "first 0.122 s of 1 s, 16 kHz"]


def test_the_voice_detector_runs_on_sound_on_numbers_and_on_nothing(engine, models, tmp_path):
    path = str(models / "silero_vad_op18.onnx")
    samples = (np.sin(np.arange(512) / 5) * 8_192).astype(np.int16)
    (tmp_path / "tone.wav").write_bytes(wave(samples.reshape(-1, 1), 16))
    np.save(tmp_path / "tone.npy", samples.astype(np.float32) / 32_768)
    answers = [
        engine.ask(RunImage(number, path, str(tmp_path / file) if file else "", maps=False)).prediction
        for number, file in enumerate(("tone.wav", "tone.npy", ""), 1)
    ]
    np.testing.assert_array_equal(answers[0].outputs["output"], answers[1].outputs["output"])
    assert answers[0].fed["state"].shape == (2, 1, 128)
    assert answers[2].fed["input"].shape == (1, 16_000)
    assert answers[2].origins == {"input": "zeros", "sr": "16000, a usual sampling rate", "state": "zeros"}


@pytest.mark.parametrize("shape", [(1, 3, 48, 192), (3, 3, 32, 320), (1, 3, 64, 64)])
def test_a_network_for_any_size_runs_on_the_size_that_is_asked_for(engine, models, shared, shape):
    photo = shared / "assets" / "images" / "photos" / "kitten_224.png"
    reply = engine.ask(
        RunImage(1, str(models / "ppocr_cls_dynamic_hw.onnx"), str(photo), shapes={"x": shape}, maps=False)
    )
    assert reply.prediction.fed["x"].shape == shape
    assert reply.prediction.outputs["softmax_0.tmp_0"].shape == (shape[0], 2)


def test_an_embedding_of_sound_takes_features_and_a_picture_of_them(engine, models, tmp_path):
    features = np.random.default_rng(0).integers(0, 256, (76, 32), np.uint8)
    np.save(tmp_path / "mel.npy", features.astype(np.float32))
    Image.fromarray(features).save(tmp_path / "mel.png")
    answers = [
        engine.ask(
            RunImage(
                number,
                str(models / "openwakeword_embedding.onnx"),
                str(tmp_path / file),
                Preprocessing("byte"),
                maps=False,
            )
        ).prediction
        for number, file in enumerate(("mel.npy", "mel.png"), 1)
    ]
    assert answers[0].fed["input_1"].shape == (1, 76, 32, 1)
    np.testing.assert_array_equal(answers[0].outputs["conv2d_19"], answers[1].outputs["conv2d_19"])
