"""Quantized networks: two views, codes and scales, held against ONNX Runtime alone and the float network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import onnx.version_converter
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from PIL import Image

from inspector.analysis.quantized import real, scales
from inspector.engine.child.fused import Asked, Fused
from inspector.engine.protocol import Failed, ModelOpened, OpenModel, Ran, Ready, RunImage
from inspector.errors import RunError
from inspector.graph.model import Model, Run
from inspector.graph.reader import read
from tests.engine.conftest import Conversation
from tests.engine.plain import every_tensor, run, session, with_outputs

FULL = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
BOTH = ("step by step", "as deployed")
Feeds = dict[str, np.ndarray]


# ---------------------------------------------------------------- networks


def conv_net(path: Path) -> Path:
    """Two convolutions and a dense layer, with weights of different sizes in different channels."""
    random = np.random.default_rng(0)
    weights = {
        "K1": random.normal(size=(6, 3, 3, 3)) * np.linspace(0.1, 1, 6).reshape(6, 1, 1, 1),
        "B1": random.normal(size=6) * 0.1,
        "K2": random.normal(size=(8, 6, 3, 3)) * 0.2,
        "W": random.normal(size=(8, 5)),
    }
    nodes = [
        helper.make_node("Conv", ["image", "K1", "B1"], ["conv1"], "first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv1"], ["relu1"], "relu"),
        helper.make_node("MaxPool", ["relu1"], ["pool"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["pool", "K2"], ["conv2"], "second", pads=[1, 1, 1, 1]),
        helper.make_node("Sigmoid", ["conv2"], ["sigmoid"], "sigmoid"),
        helper.make_node("GlobalAveragePool", ["sigmoid"], ["average"], "average"),
        helper.make_node("Flatten", ["average"], ["flat"], "flat"),
        helper.make_node("MatMul", ["flat", "W"], ["logits"], "dense"),
    ]
    return save(path, nodes, {"image": [1, 3, 16, 16]}, {"logits": [1, 5]}, weights)


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, list[int]],
    outputs: dict[str, list[int]],
    stored: dict[str, np.ndarray],
) -> Path:
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [
            numpy_helper.from_array(np.asarray(each, np.float32 if each.dtype == np.float64 else each.dtype), name)
            for name, each in stored.items()
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


class Samples(CalibrationDataReader):
    """What a quantizer looks at to find the ranges."""

    def __init__(self, feeds: list[Feeds]) -> None:
        self._rest: Iterator[Feeds] = iter(feeds)

    def get_next(self) -> Feeds | None:
        return next(self._rest, None)


def pictures(count: int) -> list[Feeds]:
    random = np.random.default_rng(1)
    return [{"image": random.normal(size=(1, 3, 16, 16)).astype(np.float32)} for _ in range(count)]


STATIC = {
    "QDQ": (QuantFormat.QDQ, False),
    "QDQ per channel": (QuantFormat.QDQ, True),
    "QOperator": (QuantFormat.QOperator, False),
    "QOperator per channel": (QuantFormat.QOperator, True),
}


def quantized(path: Path, kind: str, feeds: list[Feeds]) -> Path:
    """Quantize a network with ONNX Runtime's own quantizer."""
    form, per_channel = STATIC[kind]
    target = path.with_name(f"{path.stem} {kind}.onnx")
    quantize_static(
        *(path, target, Samples(feeds)),
        quant_format=form,
        per_channel=per_channel,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return target


def pairs(path: Path, steps: list[tuple[float, int]], last: str = "") -> Path:
    """Quantize, dequantize, and again: ONNX Runtime makes one of each two that follow one another."""
    nodes, before, stored = [], "image", {}
    for number, (scale, zero) in enumerate(steps):
        stored |= {f"s{number}": np.float32(scale), f"z{number}": np.uint8(zero)}
        parameters = [f"s{number}", f"z{number}"]
        if last and number == len(steps) - 1:
            nodes.append(helper.make_node(last, [before], ["last"], "last"))
            before = "last"
        nodes.append(helper.make_node("QuantizeLinear", [before, *parameters], [f"q{number}"], f"q{number}"))
        nodes.append(helper.make_node("DequantizeLinear", [f"q{number}", *parameters], [f"d{number}"], f"d{number}"))
        before = f"d{number}"
    nodes[-1].output[0] = "y"
    return save(
        path, nodes, {"image": [1, 4, 8, 8]}, {"y": [1, 4, 8, 8]}, {k: np.asarray(v) for k, v in stored.items()}
    )


# ---------------------------------------------------------------- asking


class Shown:
    """A network in an engine, and an input for it."""

    def __init__(self, conversation: Conversation, path: Path, feeds: Feeds, folder: Path) -> None:
        self.conversation, self.path, self.feeds = conversation, path, feeds
        self.files = {}
        for number, (name, array) in enumerate(feeds.items()):
            self.files[name] = str(folder / f"{path.stem} {number}.npy")
            np.save(self.files[name], array)
        self._requests = 1
        conversation.engine.send(OpenModel(1, str(path)))
        opened = conversation.next()
        assert isinstance(opened, ModelOpened), opened
        assert isinstance(conversation.next(), Ready)
        self.model: Model = opened.model

    def ask(self, view: str = "step by step", tensors: tuple[str, ...] = ()) -> Ran | Failed:
        self._requests += 1
        request = RunImage(self._requests, str(self.path), "", inputs=self.files, tensors=tensors, view=view)
        return self.conversation.ask(request)

    def run(self, view: str = "step by step", tensors: tuple[str, ...] = ()) -> Run:
        reply = self.ask(view, tensors)
        assert isinstance(reply, Ran), reply
        return reply.run

    def codes(self) -> dict[str, object]:
        known = [*self.model.inputs, *(output for layer in self.model.layers for output in layer.outputs)]
        return {each.name: each.codes for each in known if each.codes is not None}


@pytest.fixture
def show(talk: Callable[..., Conversation], tmp_path: Path) -> Callable[[Path, Feeds], Shown]:
    return lambda path, feeds: Shown(talk(provider="cpu"), path, feeds, tmp_path)


@pytest.fixture
def net(tmp_path: Path) -> Path:
    return conv_net(tmp_path / "net.onnx")


def survivors(path: Path) -> list[str]:
    """What QuantizeLinear nodes make of activations, read from the file."""
    graph = onnx.load(path, load_external_data=False).graph
    stored = {each.name for each in graph.initializer}
    return [node.output[0] for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] not in stored]


def assert_both_views(shown: Shown) -> Run:
    """Check both views against sessions of our own; return the run step by step."""
    proto = onnx.load(shown.path)
    names = survivors(shown.path)
    assert names
    outputs = [output.name for output in proto.graph.output]
    plain = run(session(proto, FULL), shown.feeds)
    looked_into = run(session(with_outputs(proto, names), FULL), shown.feeds)
    steps = shown.run()
    assert (steps.view, steps.views, steps.view_note) == ("step by step", BOTH, "")
    for name, expected in every_tensor(proto, shown.feeds).items():
        assert steps.tensors[name].tobytes() == expected.tobytes(), name
    deployed = shown.run("as deployed")
    assert (deployed.view, deployed.views, deployed.missing) == ("as deployed", BOTH, ())
    assert set(deployed.tensors) == {*names, *outputs, *shown.feeds}
    for name in (*names, *outputs):
        assert deployed.tensors[name].tobytes() == looked_into[name].tobytes(), name
    for name in outputs:
        assert deployed.tensors[name].tobytes() == plain[name].tobytes(), name
        assert deployed.prediction.outputs[name].tobytes() == plain[name].tobytes(), name
    assert deployed.difference is not None
    assert (deployed.difference.max_abs, deployed.difference.top_changed) == (0, False)
    return steps


# ---------------------------------------------------------------- the small network


@pytest.mark.parametrize("kind", ["QDQ", "QDQ per channel"])
def test_a_qdq_network_has_two_views_that_are_onnx_runtimes_own(kind, net, show):
    path = quantized(net, kind, pictures(8))
    shown = show(path, pictures(1)[0])
    assert shown.model.quantized == "QDQ"
    assert_both_views(shown)


@pytest.mark.parametrize("kind", STATIC)
def test_codes_in_real_units_are_near_the_float_network(kind, net, show):
    feeds = pictures(1)[0]
    shown = show(quantized(net, kind, pictures(8)), feeds)
    found = shown.run()
    floats = every_tensor(onnx.load(net), feeds) | feeds
    if kind.startswith("QOperator"):  # the quantizer makes the Relu a part of the convolution before it
        floats["conv1"] = floats["relu1"]
    assert_near(shown, found, floats)
    assert found.views == (BOTH if kind.startswith("QDQ") else BOTH[:1])
    assert found.view_note == ""


def assert_near(shown: Shown, found: Run, floats: dict[str, object]) -> None:
    """Turn every quantized tensor into real numbers, and compare with the tensor of the float network it stands for."""
    compared = 0
    for name, codes in shown.codes().items():
        origin = name.removesuffix("_QuantizeLinear_Output").removesuffix("_quantized")
        if origin not in floats or name not in found.tensors:
            continue
        stored = found.tensors[name]
        assert stored.dtype in (np.uint8, np.int8)
        (scale,), (zero,) = scales(codes, found.tensors)
        numbers = real(stored, codes, found.tensors)
        by_hand = (stored.astype(np.float64) - zero) * scale
        np.testing.assert_allclose(numbers, by_hand, rtol=1e-6, atol=0)
        expected = np.asarray(floats[origin], np.float64)
        assert numbers.shape == expected.shape
        if np.ptp(expected) > 20 * scale:  # a tensor that hardly uses its range says nothing here
            together = np.corrcoef(numbers.reshape(-1), expected.reshape(-1))[0, 1]
            assert together > 0.98, f"{name}: {together}"
            compared += 1
    assert compared >= 6


@pytest.mark.parametrize("kind", STATIC)
def test_dequantized_kernels_are_the_float_ones_within_half_a_scale(kind, net, show):
    shown = show(quantized(net, kind, pictures(8)), pictures(1)[0])
    assert kernels_within_half_a_scale(shown, net) == 3


def kernels_within_half_a_scale(shown: Shown, float_path: Path) -> int:
    floats = {each.name: numpy_helper.to_array(each) for each in onnx.load(float_path).graph.initializer}
    count = 0
    for layer in shown.model.layers:
        weight = layer.weight("kernel")
        if weight is None or weight.quantization is None:
            continue
        expected = floats[weight.name.removesuffix("_quantized")]
        numbers = weight.read()
        if numbers.shape != expected.shape:  # the weight of a dense layer, as (outputs, inputs)
            numbers = numbers.T
        scale = weight.quantization.scale.read().reshape(-1).astype(np.float64)
        steps = [-1 if place == weight.quantization.axis else 1 for place in range(expected.ndim)]
        allowed = scale.reshape(steps) if len(scale) > 1 else scale
        assert (np.abs(numbers - expected.astype(np.float64)) <= allowed / 2 * (1 + 1e-5)).all(), layer.name
        assert np.abs(numbers - expected).max() > 0  # it was quantized
        count += 1
    return count


def test_a_part_of_a_deployed_run_is_what_the_whole_has(net, show):
    shown = show(quantized(net, "QDQ", pictures(8)), pictures(1)[0])
    whole = shown.run("as deployed")
    name = survivors(shown.path)[2]
    part = shown.run("as deployed", (name,))
    assert set(part.tensors) == {name, "logits", "image"}
    assert part.tensors[name].tobytes() == whole.tensors[name].tobytes()
    fused_away = shown.run("as deployed", ("conv1",))
    assert set(fused_away.tensors) == {"logits", "image"}


def test_dynamic_quantization_shows_codes_with_the_scale_of_the_run(net, show):
    path = net.with_name("dynamic.onnx")
    quantize_dynamic(net, path, weight_type=QuantType.QUInt8)
    feeds = pictures(1)[0]
    shown = show(path, feeds)
    assert shown.model.quantized == "dynamic"
    found = shown.run()
    assert (found.views, found.view_note) == (BOTH[:1], "")
    floats = every_tensor(onnx.load(path), feeds) | feeds
    nodes = [node for node in onnx.load(path).graph.node if node.op_type == "DynamicQuantizeLinear"]
    assert len(nodes) == 3
    for node in nodes:
        (scale,), (zero,) = scales(shown.codes()[node.output[0]], found.tensors)
        assert scale == float(found.tensors[node.output[1]])
        assert zero == int(found.tensors[node.output[2]])
        numbers = real(found.tensors[node.output[0]], shown.codes()[node.output[0]], found.tensors)
        apart = np.abs(numbers.astype(np.float64) - floats[node.input[0]])
        assert apart.max() <= scale / 2 * (1 + 1e-4)


# ---------------------------------------------------------------- where looking would change the answer


FED = {"image": np.random.default_rng(3).normal(size=(1, 4, 8, 8)).astype(np.float32)}


def test_a_network_that_cannot_be_looked_into_says_so_and_is_shown_step_by_step(tmp_path, show):
    path = pairs(tmp_path / "double.onnx", [(0.02, 120), (0.05, 100)])
    for name in survivors(path):  # what ONNX Runtime alone makes of it
        proto = onnx.load(path)
        looked_into = run(session(with_outputs(proto, [name]), FULL), FED)
        assert not np.array_equal(looked_into["y"], run(session(proto, FULL), FED)["y"])
    shown = show(path, FED)
    found = shown.run()
    assert found.views == ("step by step",)
    assert found.view_note.startswith("double.onnx cannot be shown as deployed: ")
    assert set(found.tensors) == {"image", "q0", "d0", "q1", "y"}
    refused = shown.ask("as deployed")
    assert isinstance(refused, Failed)
    assert (refused.kind, refused.message) == (RunError.kind, found.view_note)
    assert refused.remedy == "Look at it step by step."
    assert shown.run().tensors["q0"].tobytes() == found.tensors["q0"].tobytes()


def test_tensors_that_would_change_the_answer_are_left_out_and_the_others_shown(tmp_path, show):
    path = pairs(tmp_path / "row.onnx", [(0.02, 120), (0.05, 100), (0.03, 128), (0.02, 120)], last="Sigmoid")
    proto = onnx.load(path)
    answer = run(session(proto, FULL), FED)["y"]
    assert not np.array_equal(run(session(with_outputs(proto, survivors(path)), FULL), FED)["y"], answer)
    looked_into = run(session(with_outputs(proto, ["q3"]), FULL), FED)
    np.testing.assert_array_equal(looked_into["y"], answer)
    shown = show(path, FED)
    assert shown.run().views == BOTH
    deployed = shown.run("as deployed")
    assert set(deployed.tensors) == {"image", "q3", "y"}
    assert deployed.tensors["q3"].tobytes() == looked_into["q3"].tobytes()
    assert deployed.tensors["y"].tobytes() == answer.tobytes()


def test_a_float_network_has_no_view_as_deployed(net, show):
    shown = show(net, pictures(1)[0])
    assert (shown.run().views, shown.run().view_note) == (("step by step",), "")
    refused = shown.ask("as deployed")
    assert isinstance(refused, Failed)
    assert refused.message.startswith("net.onnx has no view as deployed: ")


def test_tensors_beyond_the_memory_budget_are_named_and_come_alone(net):
    path = quantized(net, "QDQ", pictures(8))
    opened, proto, feeds = read(str(path)), onnx.load(path), pictures(1)[0]
    fused = Fused(opened.model, proto, {}, lambda marked: session(marked, FULL))
    asked = Asked(feeds, run(session(proto, FULL), feeds), ort.RunOptions())
    everything = run(session(with_outputs(proto, survivors(path)), FULL), feeds)
    sizes = {name: everything[name].nbytes for name in survivors(path)}
    budget = sum(sizes.values()) // 2
    part = fused.run(asked, sizes, budget)
    assert part.missing
    assert {*part.missing, *part.tensors} == {*sizes, "logits"}
    assert not set(part.missing) & set(part.tensors)
    assert sum(sizes.get(name, 0) for name in part.tensors) <= budget
    rest = fused.run(asked, sizes, budget, part.missing)
    assert set(rest.tensors) == {*part.missing, "logits"}
    for name, array in {**part.tensors, **rest.tensors}.items():
        assert array.tobytes() == everything[name].tobytes(), name


# ---------------------------------------------------------------- real networks


def test_the_difference_of_a_quantized_network_is_the_one_of_two_plain_sessions(shared, show):
    path = shared / "assets" / "models" / "kws_qdq.onnx"
    proto = onnx.load(path)
    deployed, steps = session(proto, FULL), session(proto, ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
    (name,) = (each.name for each in deployed.get_inputs())
    (output,) = (each.name for each in deployed.get_outputs())
    conversation, found = None, set()
    for seed in range(12):
        feeds = {name: np.random.default_rng(seed).normal(size=(1, 1960)).astype(np.float32)}
        one, other = (run(each, feeds)[output] for each in (deployed, steps))
        conversation = conversation or show(path, feeds)
        np.save(conversation.files[name], feeds[name])
        difference = conversation.run().difference
        assert difference.output == output
        assert difference.max_abs == np.abs(one.astype(np.float64) - other).max()
        assert difference.top_changed == (one.argmax() != other.argmax())
        found.add(difference.max_abs)
    assert max(found) > 0  # there was something to tell
    assert min(found) < max(found)


def test_a_real_qdq_network_has_both_views(shared, show):
    path = shared / "assets" / "models" / "kws_qdq.onnx"
    (name,) = (each.name for each in onnx.load(path).graph.input)
    shown = show(path, {name: np.random.default_rng(0).normal(size=(1, 1960)).astype(np.float32)})
    assert_both_views(shown)
    assert len(survivors(path)) == 16


PHOTOS = ("bus.jpg", "chelsea.png", "horse-cart.jpg", "motorcycle_left.png")


def letterboxed(path: Path) -> np.ndarray:
    """A photo as YOLOX takes it: BGR, 0 to 255, at the top left of 416 x 416, grey below."""
    image = Image.open(path).convert("RGB")
    factor = 416 / max(image.size)
    small = image.resize((int(image.width * factor), int(image.height * factor)), Image.Resampling.BILINEAR)
    pixels = np.full((416, 416, 3), 114, np.float32)
    pixels[: small.height, : small.width] = np.asarray(small)
    return np.ascontiguousarray(pixels[:, :, ::-1].transpose(2, 0, 1)[None])


def detector(kind: str, shared: Path, folder: Path) -> tuple[Path, Path, Feeds]:
    """Quantize yolox_nano, calibrated on photos; return it, the float network it was made of, and what to feed."""
    source = folder / "yolox_nano.onnx"
    model = onnx.load(shared / "assets" / "models" / source.name)
    if "per channel" in kind:  # which came with this version of DequantizeLinear
        model = onnx.version_converter.convert_version(model, 13)
    onnx.save(model, source)
    photos = [{"images": letterboxed(shared / "assets" / "images" / "photos" / name)} for name in PHOTOS]
    return quantized(source, kind, photos), source, photos[0]


def assert_plain(shown: Shown) -> Run:
    found = shown.run()
    for name, expected in every_tensor(onnx.load(shown.path), shown.feeds).items():
        assert found.tensors[name].tobytes() == expected.tobytes(), name
    return found


@pytest.mark.parametrize("kind", STATIC)
def test_a_detector_quantized_by_onnx_runtime_is_shown_with_codes_and_scales(kind, shared, show, tmp_path, capsys):
    path, source, feeds = detector(kind, shared, tmp_path)
    shown = show(path, feeds)
    is_qdq = kind.startswith("QDQ")
    assert shown.model.quantized == kind.split()[0]
    found = assert_both_views(shown) if is_qdq else assert_plain(shown)
    assert found.views == (BOTH if is_qdq else BOTH[:1])
    kernels = kernels_within_half_a_scale(shown, source)
    assert kernels == 113  # all its convolutions
    exact = assert_real_numbers_are_what_was_quantized(shown, found) if is_qdq else 0
    assert exact == (365 if is_qdq else 0)
    floats = every_tensor(onnx.load(source), feeds) | feeds
    likeness = likenesses(shown, found, floats)
    (output,) = (each.name for each in shown.model.outputs)
    answer = np.corrcoef(found.prediction.outputs[output].reshape(-1), floats[output].reshape(-1))[0, 1]
    with capsys.disabled():
        print(f"\nyolox_nano, {kind}: {len(found.tensors)} tensors bit-equal, {kernels} kernels,")
        print(
            f"{exact} tensors within half a scale of what was quantized; {len(likeness)} are like the float network's:"
        )
        print(
            f"the first ten {min(likeness[:10]):.3f}, half of all {np.median(likeness):.3f}, the answer {answer:.3f};"
        )
        print(f"views: {', '.join(found.views)}; they differ by {found.difference.max_abs:.4g}")
    assert len(likeness) >= 360
    assert min(likeness[:4]) > 0.999  # what is done to the picture first; one error adds to the other from there on
    if "per channel" in kind:  # with one scale for a whole kernel, ONNX Runtime's quantizer spoils this network
        assert min(likeness) > 0.5
        assert np.median(likeness) > 0.8
        assert answer > 0.9


def assert_real_numbers_are_what_was_quantized(shown: Shown, found: Run) -> int:
    """Compare each quantized tensor with the one before its QuantizeLinear; codes at the ends may be cut off there."""
    count = 0
    for layer in shown.model.layers:
        if layer.op_type == "QuantizeLinear":
            stored, before = found.tensors[layer.output.name], found.tensors[layer.inputs[0]]
            ((scale,), _), bounds = scales(layer.output.codes, found.tensors), np.iinfo(stored.dtype)
            inside = (stored > bounds.min) & (stored < bounds.max)
            apart = np.abs(real(stored, layer.output.codes, found.tensors).astype(np.float64) - before)[inside]
            assert apart.max(initial=0) <= scale / 2 * (1 + 1e-4), layer.name
            count += 1
    return count


def likenesses(shown: Shown, found: Run, floats: dict[str, object]) -> list[float]:
    """Return how each quantized tensor in real units goes with the float network's, in order; 1 is the same."""
    alike = []
    for name, codes in shown.codes().items():
        origin = name.removesuffix("_QuantizeLinear_Output").removesuffix("_quantized")
        expected, stored = floats.get(origin), found.tensors.get(name)
        if isinstance(expected, np.ndarray) and stored is not None and stored.shape == expected.shape:
            numbers = real(stored, codes, found.tensors)
            if np.ptp(numbers) and np.ptp(expected):
                alike.append(float(np.corrcoef(numbers.reshape(-1), expected.reshape(-1))[0, 1]))
    return alike
