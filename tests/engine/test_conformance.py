"""Every operator test and light model of the onnx wheel, and real networks, through the program's own engine.

Expected: the reference outputs that come with each test, and, bit for bit, every tensor of a plain
ONNX Runtime session with all tensors marked and optimisation off.
"""

from __future__ import annotations

import json
import mmap
import queue
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from inspector.engine import blocks
from inspector.engine.child.sessions import MOST_REPACKED_BYTES, Sessions
from inspector.engine.protocol import Ran, RunImage
from inspector.graph.model import Run
from inspector.graph.reader import read
from tests.engine.conftest import Conversation
from tests.engine.node_cases import CONVERTED, DATA
from tests.engine.plain import every_tensor, same

LIGHT = sorted((DATA / "light").glob("*.onnx"))
HERE = Path(__file__).resolve().parents[2]
ENGINES = 2  # side by side: starting a child takes longer than these models do


def same_as_plain(path: Path, run: Run, feeds: dict[str, np.ndarray]) -> int:
    """Compare all tensors bit for bit; return their number."""
    model = onnx.load(path, load_external_data=False)
    tensors = every_tensor(model, feeds, str(path.parent))
    wrong, count = [], 0
    for name, expected in tensors.items():
        if not isinstance(expected, np.ndarray) or expected.dtype.kind in "OU":
            if name not in run.unshowable:
                wrong.append(f"{name}, which holds no numbers, is not named")
        elif name not in run.tensors:
            wrong.append(f"{name} is not there")
        else:
            count += 1
            if not same(run.tensors[name], expected, name in run.casts):
                wrong.append(f"{name} differs")
    assert not wrong, f"{path.parent.name}/{path.name}: {len(wrong)} of {len(tensors)}: {wrong[:5]}"
    assert not run.missing
    return count


def feeds_of(path: Path, files: list[Path]) -> dict[str, Path]:
    graph = onnx.load(path, load_external_data=False).graph
    constants = {each.name for each in graph.initializer}
    names = [each.name for each in graph.input if each.name not in constants]
    return dict(zip(names, files, strict=True))


def side_by_side(jobs: Sequence[object], work: Callable[[object, Conversation], None]) -> list[str]:
    """Carry out each job with an engine of its own, some at a time; return what went wrong."""
    todo: queue.SimpleQueue[object] = queue.SimpleQueue()
    for job in jobs:
        todo.put(job)
    wrong: list[str] = []

    def keep_working() -> None:
        while True:
            try:
                job = todo.get_nowait()
            except queue.Empty:
                return
            conversation = Conversation(provider="cpu")
            try:
                work(job, conversation)
            except Exception as error:  # noqa: BLE001  a thread hands its failure to the test
                wrong.append(f"{getattr(job, 'name', job)}: {type(error).__name__}: {error}")
            finally:
                conversation.engine.close()

    threads = [threading.Thread(target=keep_working) for _ in range(ENGINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


# ---------------------------------------------------------------- the operator tests


def outcomes_of(first: int, step: int, kept: Path) -> Iterator[dict[str, object]]:
    """Run generated cases in a process of their own; one that dies of a case has that as its outcome, and goes on."""
    count, finished = None, False
    while not finished:
        command = [sys.executable, "-m", "tests.engine.node_cases", str(first), str(step), str(kept)]
        began: dict[str, object] = {}
        with tempfile.TemporaryFile("w+") as log:  # a pipe that nobody reads meanwhile would fill up
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=HERE) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    said = json.loads(line)
                    if "cases" in said:
                        count = said["cases"]
                    elif "begins" in said:
                        began = said
                    else:
                        began = {}
                        yield said
            log.seek(0)
            errors = log.read()
        assert count is not None, errors
        finished = not began
        if began:
            why = f"the process ended with {process.returncode}: {errors[-300:]}"
            yield {"case": began["begins"], "result": "died", "why": why}
            first = int(str(began["number"])) + step


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where some of the generated cases stay as files."""
    return tmp_path_factory.mktemp("cases")


@pytest.fixture(scope="module")
def generated(kept: Path) -> list[dict[str, object]]:
    """What became of each generated case."""
    found: list[dict[str, object]] = []
    failures: list[BaseException] = []

    def work(first: int) -> None:
        try:
            found.extend(outcomes_of(first, ENGINES, kept))
        except BaseException as error:  # noqa: BLE001  a thread hands its failure to the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(ENGINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    return found


@pytest.mark.timeout(600)
def test_every_tensor_of_the_generated_operator_tests_is_the_one_of_onnx_runtime_alone(generated, capsys):
    generated = [each for each in generated if not is_converted(each)]
    results = Counter(each["result"] for each in generated)
    equal = [each for each in generated if each["result"] == "equal"]
    tensors, casts = (sum(int(each[key]) for each in equal) for key in ("tensors", "casts"))
    met = Counter(each["reference"] for each in equal)
    with capsys.disabled():
        print(
            f"\n{len(equal)} of {len(generated)} generated tests, {tensors} tensors, bit-equal; {casts} through a Cast,"
        )
        print(
            f"{sum(bool(each['lowered']) for each in equal)} with an opset that ONNX Runtime knows instead of theirs;"
        )
        print(f"the case's own answer comes out in {met['met']}; in {met['not met']} ONNX Runtime gives another one;")
        print(f"the rest: {dict(results - Counter(equal=len(equal)))}")
    wrong = [f"{each['case']}: {each['why']}" for each in generated if each["result"] in ("wrong", "died")]
    assert not wrong, "\n".join(wrong)
    assert [each["case"] for each in generated if each["result"] == "no layers"] == ["test_constant"]
    assert len(equal) >= 1500
    assert casts >= 100


def is_converted(outcome: dict[str, object]) -> bool:
    return str(outcome["case"]).startswith(CONVERTED)


def test_every_tensor_of_the_converted_operator_tests_is_the_one_of_onnx_runtime_alone(generated, capsys):
    converted = [each for each in generated if is_converted(each)]
    equal = [each for each in converted if each["result"] == "equal"]
    refused = [each for each in converted if each["result"] == "refused"]
    with capsys.disabled():
        tensors = sum(int(each["tensors"]) for each in equal)
        print(f"\n{len(equal)} of {len(converted)} converted tests, {tensors} tensors, bit-equal", end="; ")
        print(f"refused by ONNX Runtime itself: {len(refused)}")
    wrong = [f"{each['case']}: {each['why']}" for each in converted if each["result"] not in ("equal", "refused")]
    assert not wrong, "\n".join(wrong)
    assert {each["reference"] for each in equal} == {"met"}
    assert len(equal) >= 90  # ONNX Runtime itself refuses the rest: operators from before opset 7, missing locales


@pytest.mark.timeout(600)
def test_a_sample_of_them_agrees_through_real_engines(generated, kept, capsys):
    folders = [kept / str(each["case"]) for each in generated if each["result"] == "equal"]
    folders = [folder for folder in folders if folder.is_dir()]
    counts: list[int] = []

    def work(case: Path, conversation: Conversation) -> None:
        tensors = {file: onnx.load_tensor(file) for file in sorted(case.glob("*.pb"))}
        files = {tensor.name: file for file, tensor in tensors.items()}
        path = case / "model.onnx"
        reply = conversation.ask(RunImage(1, str(path), "", inputs={name: str(file) for name, file in files.items()}))
        assert isinstance(reply, Ran), reply
        feeds = {tensor.name: numpy_helper.to_array(tensor) for tensor in tensors.values()}
        counts.append(same_as_plain(path, reply.run, feeds))

    wrong = side_by_side(folders, work)
    with capsys.disabled():
        print(f"\n{len(counts)} of {len(folders)} of them through real engines, {sum(counts)} tensors, bit-equal")
    assert not wrong, "\n".join(wrong)
    assert len(counts) >= 50


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_a_light_model_agrees_with_its_reference_and_with_a_plain_session(path, talk, tmp_path, capsys):
    (name,) = feeds_of(path, [path])
    (dims,) = (each.type.tensor_type.shape.dim for each in onnx.load(path).graph.input if each.name == name)
    shape = [each.dim_value for each in dims]
    # The reference outputs were made from this ramp, see onnx/backend/test/runner.
    size = int(np.prod(shape))
    image = (np.arange(size).reshape(shape) / size).astype(np.float32)
    np.save(tmp_path / "image.npy", image)
    request = RunImage(1, str(path), str(tmp_path / "image.npy"))
    conversation = talk(provider="cpu")
    ran = conversation.ask(request)
    assert isinstance(ran, Ran), ran
    run = ran.run
    expected = numpy_helper.to_array(onnx.load_tensor(path.with_name(f"{path.stem}_output_0.pb")))
    (got,) = run.prediction.outputs.values()
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-6)
    count = same_as_plain(path, run, {name: image})
    assert count == len(run.tensors) - 1
    assert_parts_agree(conversation, request, run)
    with capsys.disabled():
        print(f"\n{path.stem}: {count} tensors, bit-equal", end="")


def assert_parts_agree(conversation: Conversation, request: RunImage, run: Run) -> None:
    """Ask for some tensors alone, and for one: they are what they are in a full run."""
    names = [name for name in run.tensors if name not in run.prediction.fed]
    for wanted in (tuple(names[:: -(-len(names) // 7)]), (names[len(names) // 2],)):
        part = conversation.ask(msgspec.structs.replace(request, request_id=request.request_id + 1, tensors=wanted))
        assert isinstance(part, Ran), part
        got = {name: array for name, array in part.run.tensors.items() if name not in run.prediction.fed}
        assert sorted(got) == sorted(wanted)
        differ = [name for name in wanted if not same(got[name], run.tensors[name], name in run.casts)]
        assert not differ
        request = msgspec.structs.replace(request, request_id=request.request_id + 1)


# The lengths that these inputs leave open.
SHAPES = {
    "ppocr_cls_dynamic_hw.onnx": {"x": (1, 3, 48, 192)},
    "silero_vad_op18.onnx": {"input": (1, 512), "state": (2, 1, 128)},
}
REAL = (
    *("deeplabv3_nhwc.onnx", "digits_external_data/model.onnx", "fastestdet.onnx", "kws_fp32.onnx", "kws_qdq.onnx"),
    *("kws_qoperator.onnx", "mnist-8.onnx", "openwakeword_embedding.onnx", "ppocr_cls_dynamic_hw.onnx"),
    *("silero_vad_op18.onnx", "squeezenet_fp16.onnx", "super_resolution.onnx", "ultraface_rfb320.onnx"),
    *("unet_sed_gen.onnx", "yolox_nano.onnx"),
)


def real_feeds(path: Path) -> dict[str, np.ndarray]:
    """Numbers for every input: a rate where one is asked for, noise for the rest."""
    model = onnx.load(path, load_external_data=False)
    stored = {each.name for each in model.graph.initializer}
    random = np.random.default_rng(0)
    feeds = {}
    for value in model.graph.input:
        if value.name in stored:
            continue
        kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        shape = tuple(each.dim_value or 1 for each in value.type.tensor_type.shape.dim)
        shape = SHAPES.get(path.name, {}).get(value.name, shape)
        feeds[value.name] = np.asarray(16_000 if kind.kind == "i" else random.normal(size=shape), kind)
    return feeds


def test_the_table_of_real_networks_is_complete(shared):
    folder = shared / "assets" / "models"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.onnx")}
    assert there - set(REAL) == {"broken/lfs_pointer_resnet50-v1-7.onnx"}
    assert set(REAL) <= there


@pytest.mark.parametrize("name", REAL)
def test_a_real_network_agrees_with_a_plain_session_in_full_and_in_parts(name, shared, talk, tmp_path, capsys):
    path = shared / "assets" / "models" / name
    feeds = real_feeds(path)
    files = {}
    for number, (each, array) in enumerate(feeds.items()):
        files[each] = str(tmp_path / f"{number}.npy")
        np.save(files[each], array)
    request = RunImage(1, str(path), "", inputs=files)
    conversation = talk(provider="cpu")
    ran = conversation.ask(request)
    assert isinstance(ran, Ran), ran
    count = same_as_plain(path, ran.run, feeds)
    assert_parts_agree(conversation, request, ran.run)
    with capsys.disabled():
        print(f"\n{name}: {count} tensors, bit-equal", end="")


def placed(sessions: Sessions, feeds: dict[str, np.ndarray], budget: int) -> tuple[dict[str, np.ndarray], set[str]]:
    lent: list[mmap.mmap] = []

    def lend(size: int) -> tuple[int, mmap.mmap]:
        lent.append(mmap.mmap(-1, max(size, 1)))
        return len(lent) - 1, lent[-1]

    found = sessions.run(feeds, (), budget, lend)
    return {each.name: blocks.view(lent[each.block], each).copy() for each in found.placements}, set(found.missing)


@pytest.mark.parametrize("name", ["mnist-8.onnx", "squeezenet_fp16.onnx", "ultraface_rfb320.onnx", "kws_qdq.onnx"])
def test_a_run_with_little_memory_names_what_it_lacks_and_has_the_same_numbers(name, shared):
    check_little_memory(shared / "assets" / "models" / name, real_feeds(shared / "assets" / "models" / name))


@pytest.mark.parametrize("path", [path for path in LIGHT if "squeezenet" in path.stem], ids=lambda path: path.stem)
def test_a_light_model_with_little_memory_has_the_same_numbers(path):
    feeds = {name: array for name, array in real_feeds(path).items() if array.ndim == 4}
    check_little_memory(path, feeds)


def check_little_memory(path: Path, feeds: dict[str, np.ndarray]) -> None:
    sessions = Sessions(read(str(path)), "cpu")
    full, nothing = placed(sessions, feeds, 1 << 30)
    assert not nothing
    budget = sum(array.nbytes for array in full.values()) // 4
    part, missing = placed(sessions, feeds, budget)
    assert missing
    assert missing | set(part) == set(full)
    assert not missing & set(part)
    assert sum(array.nbytes for array in part.values()) <= budget
    assert all(same(part[name], full[name]) for name in part)


@pytest.mark.parametrize("width", [100, 4352])
def test_a_dense_layer_is_bit_equal_too_where_a_second_copy_of_its_weights_is_no_burden(width, tmp_path):
    """ONNX Runtime adds up in the order of a copy of the weights; beyond 64 MiB there is none in the program."""
    height = 4096
    random = np.random.default_rng(0)
    node = onnx.helper.make_node("MatMul", ["x", "W"], ["y"], "dense")
    shapes = {"x": [1, height], "y": [1, width]}
    x, y = (onnx.helper.make_tensor_value_info(name, 1, shape) for name, shape in shapes.items())
    weights = numpy_helper.from_array(random.normal(size=(height, width)).astype(np.float32), "W")
    graph = onnx.helper.make_graph([node], "dense", [x], [y], [weights])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "dense.onnx")
    feeds = {"x": random.normal(size=(1, height)).astype(np.float32)}
    found, _ = placed(Sessions(read(str(tmp_path / "dense.onnx")), "cpu"), feeds, 1 << 30)
    plain, unpacked = every_tensor(model, feeds), every_tensor(model, feeds, disable_prepacking="1")
    is_large = height * width * 4 > MOST_REPACKED_BYTES
    assert is_large == (width == 4352)
    assert found["y"].tobytes() == (unpacked if is_large else plain)["y"].tobytes()
    np.testing.assert_allclose(found["y"], plain["y"], rtol=0, atol=1e-6 * np.ptp(plain["y"]))
