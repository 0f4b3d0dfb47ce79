"""Every operator test and light model that the onnx wheel ships, through the program's own engine.

Expected: the reference outputs that come with each test, and, bit for bit, every tensor of a plain
ONNX Runtime session with all tensors marked and optimisation off.
"""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import numpy as np
import onnx
import onnx.backend.test
import onnxruntime as ort
import pytest
from onnx import numpy_helper

from inspector.engine.protocol import Failed, Ran, RunImage
from tests.engine.conftest import Conversation

DATA = Path(onnx.backend.test.__file__).parent / "data"
CONVERTED = sorted(
    path for kind in ("pytorch-converted", "pytorch-operator", "simple") for path in (DATA / kind).iterdir()
)
LIGHT = sorted((DATA / "light").glob("*.onnx"))
ENGINES = 2  # side by side: starting a child takes longer than these models do


def marked(path: Path) -> ort.InferenceSession:
    """A plain session with everything marked that ONNX Runtime can hand out."""
    model = onnx.load(path)
    have = {output.name for output in model.graph.output}
    for node in model.graph.node:
        if node.op_type != "Constant":
            model.graph.output.extend(
                onnx.ValueInfoProto(name=name) for name in node.output if name and name not in have
            )
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.disable_prepacking", "1")
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def plain_runs(path: Path, feeds: dict[str, np.ndarray]) -> bool:
    try:
        marked(path).run(None, feeds)
    except Exception:  # noqa: BLE001  ONNX Runtime raises types of its own
        return False
    return True


def same_as_plain(path: Path, run: object, feeds: dict[str, np.ndarray]) -> int:
    """Compare all tensors bit for bit; return their number."""
    session = marked(path)
    names = [output.name for output in session.get_outputs() if output.type.startswith("tensor(")]
    for name, value in zip(names, session.run(names, feeds), strict=True):
        if value.dtype.kind not in "OU":
            assert run.tensors[name].tobytes() == value.tobytes(), f"{path.parent.name}: {name}"
    return len(names)


def feeds_of(path: Path, files: list[Path]) -> dict[str, Path]:
    graph = onnx.load(path, load_external_data=False).graph
    constants = {each.name for each in graph.initializer}
    names = [each.name for each in graph.input if each.name not in constants]
    return dict(zip(names, files, strict=True))


def check_converted(folder: Path, conversation: Conversation) -> tuple[int, str]:
    """Run one test through the engine; return how many tensors agreed, or why none could be run."""
    path = folder / "model.onnx"
    sets = sorted(folder.glob("test_data_set_*"))
    protos = [onnx.load_tensor(file) for file in sorted(sets[0].glob("input_*.pb"))] if sets else []
    files = feeds_of(path, sorted(sets[0].glob("input_*.pb")))
    reply = conversation.ask(RunImage(1, str(path), "", inputs={name: str(file) for name, file in files.items()}))
    feeds = {name: numpy_helper.to_array(proto) for name, proto in zip(files, protos, strict=True)}
    if isinstance(reply, Failed):
        assert not plain_runs(path, feeds), reply.message
        return 0, reply.message
    assert isinstance(reply, Ran)
    for number, output in enumerate(onnx.load(path, load_external_data=False).graph.output):
        file = sets[0] / f"output_{number}.pb"
        if file.exists() and output.type.WhichOneof("value") == "tensor_type":
            expected = numpy_helper.to_array(onnx.load_tensor(file))
            if expected.dtype.kind in "OU":
                continue
            got = reply.run.prediction.outputs[output.name]
            np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-6, err_msg=f"{folder.name}: {output.name}")
    return same_as_plain(path, reply.run, feeds), ""


@pytest.mark.timeout(600)
def test_the_converted_operator_tests_agree(capsys):
    todo: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for folder in CONVERTED:
        todo.put(folder)
    agreed: list[int] = []
    refused: dict[str, str] = {}
    wrong: list[str] = []

    def work() -> None:
        while True:
            try:
                folder = todo.get_nowait()
            except queue.Empty:
                return
            conversation = Conversation(provider="cpu")
            try:
                count, why = check_converted(folder, conversation)
                if why:
                    refused[folder.name] = why
                else:
                    agreed.append(count)
            except Exception as error:  # noqa: BLE001  a thread hands its failure to the test
                wrong.append(f"{folder.name}: {type(error).__name__}: {error}")
            finally:
                conversation.engine.close()

    threads = [threading.Thread(target=work) for _ in range(ENGINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with capsys.disabled():
        print(f"\n{len(agreed)} of {len(CONVERTED)} converted tests, {sum(agreed)} tensors, bit-equal", end="; ")
        print(f"refused by ONNX Runtime itself: {sorted(refused) or 'none'}")
    assert not wrong, "\n".join(wrong)
    assert len(agreed) >= 90  # ONNX Runtime itself refuses the rest: operators from before opset 7, missing locales


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_a_light_model_agrees_with_its_reference_and_with_a_plain_session(path, talk, tmp_path):
    (name,) = feeds_of(path, [path])
    (dims,) = (each.type.tensor_type.shape.dim for each in onnx.load(path).graph.input if each.name == name)
    shape = [each.dim_value for each in dims]
    # The reference outputs were made from this ramp, see onnx/backend/test/runner.
    size = int(np.prod(shape))
    image = (np.arange(size).reshape(shape) / size).astype(np.float32)
    np.save(tmp_path / "image.npy", image)
    ran = talk(provider="cpu").ask(RunImage(1, str(path), str(tmp_path / "image.npy")))
    assert isinstance(ran, Ran), ran
    run = ran.run
    expected = numpy_helper.to_array(onnx.load_tensor(path.with_name(f"{path.stem}_output_0.pb")))
    (got,) = run.prediction.outputs.values()
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-6)
    assert same_as_plain(path, run, {name: image}) == len(run.tensors) - 1
