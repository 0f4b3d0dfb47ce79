"""What the instrumented graph hands out of branches and loops, held against the same network written out by hand."""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ml_dtypes
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper
from onnxruntime.capi import onnxruntime_pybind11_state as refusals

from inspector.engine.blocks import view
from inspector.engine.child import routing
from inspector.engine.child.marking import with_outputs
from inspector.engine.child.routing import NOT_RUN, REFUSED, UNSTEADY, Route, accepted, routes_of
from inspector.engine.child.sessions import Sessions
from inspector.graph.dtypes import by_name
from inspector.graph.model import Array, Model
from inspector.graph.reader import read
from tests.graph.build import model, node, save, tensor, value, weights

IMAGE = [value("x", [1, 3, 8, 8])]
X = np.random.default_rng(5).standard_normal((1, 3, 8, 8)).astype(np.float32)
YES, NO, FOUR = tensor("yes", np.array(True)), tensor("no", np.array(False)), tensor("four", np.array(4))
KERNEL = weights("w", 3, 3, 3, 3)


@dataclass
class Seen:
    """What a run of the instrumented model gave."""

    tensors: Mapping[str, Array]
    missing: Sequence[str]
    unshowable: Mapping[str, str]
    model: Model

    def of(self, layer: str) -> Array:
        found = self.model.layer(layer)
        assert found is not None
        return self.tensors[found.output.name]

    def why_not(self, layer: str) -> str:
        found = self.model.layer(layer)
        assert found is not None
        return self.unshowable[found.output.name]


def looked_at(path: str, feeds: Mapping[str, Array], wanted: Sequence[str] = ()) -> Seen:
    """Run a model through the program's own sessions; its outputs must be those of a plain session, bit for bit."""
    opened = read(path)
    blocks: list[mmap.mmap] = []

    def lend(size: int) -> tuple[int, mmap.mmap]:
        blocks.append(mmap.mmap(-1, max(1, size)))
        return len(blocks) - 1, blocks[-1]

    placed = Sessions(opened, "cpu").run(feeds, wanted, 1 << 30, lend)
    tensors = {place.name: view(blocks[place.block], place).copy() for place in placed.placements}
    for name, expected in plain(onnx.load(path), feeds).items():
        if name in tensors or not wanted:
            assert tensors[name].dtype == expected.dtype
            assert tensors[name].tobytes() == expected.tobytes(), name
    return Seen(tensors, placed.missing, placed.unshowable, opened.model)


def plain(proto: onnx.ModelProto, feeds: Mapping[str, Array]) -> dict[str, Array]:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return dict(zip([each.name for each in session.get_outputs()], session.run(None, dict(feeds)), strict=True))


def written_out(nodes, names, initializers=(), x=X) -> dict[str, Array]:
    """The same operators in a main graph, where every tensor can be an output."""
    return plain(model(nodes, [value("x", x.shape)], names, initializers), {"x": x})


def body(nodes, outputs, inputs=(), initializers=()) -> onnx.GraphProto:
    ends = [helper.make_tensor_value_info(each, TensorProto.FLOAT, None) for each in outputs]
    return helper.make_graph(list(nodes), "body", list(inputs), ends, list(initializers))


def same(name: str) -> onnx.GraphProto:
    """A branch that changes nothing; ONNX Runtime wants a node in it."""
    return body([node("Identity", name, f"same {name}".replace(" ", "_"))], [f"same_{name}"])


def loop_body(nodes, made, scanned=(), outputs=None) -> onnx.GraphProto:
    inputs = [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), body([], ["state"]).output[0]]
    ends = outputs or body([], [made, *scanned]).output
    return helper.make_graph(
        [*nodes, node("Identity", "go", "on")], "body", inputs, [value("on", [], TensorProto.BOOL), *ends]
    )


# ---------------------------------------------------------------- branches


THEN = [node("Conv", "x w", "c", "conv"), node("Relu", "c", "r", "relu")]
ELSE = [node("Exp", "x", "e", "exp"), node("Neg", "e", "n", "neg")]


@pytest.mark.parametrize("condition", ["yes", "no"])
def test_the_branch_that_ran_is_shown_and_the_other_said_not_to_have_run(condition, tmp_path):
    chosen = node("If", condition, "y", "choice", then_branch=body(THEN, ["r"]), else_branch=body(ELSE, ["n"]))
    path = save(tmp_path / "network.onnx", [chosen], IMAGE, ["y"], [YES, NO, KERNEL])
    seen = looked_at(path, {"x": X})
    expected = written_out([*THEN, *ELSE], ["c", "r", "e", "n"], [KERNEL])
    ran, rested = (("c", "r"), ("e", "n")) if condition == "yes" else (("e", "n"), ("c", "r"))
    for name in ran:
        np.testing.assert_array_equal(seen.tensors[name], expected[name])
    assert {name: seen.unshowable[name] for name in rested} == dict.fromkeys(rested, NOT_RUN)
    assert not set(rested) & set(seen.tensors)


def test_one_layer_of_a_branch_can_be_looked_at_alone(tmp_path):
    chosen = node("If", "yes", "y", "choice", then_branch=body(THEN, ["r"]), else_branch=body(ELSE, ["n"]))
    path = save(tmp_path / "network.onnx", [chosen, node("Abs", "y", "z")], IMAGE, ["z"], [YES, KERNEL])
    seen = looked_at(path, {"x": X}, wanted=["c"])
    assert set(seen.tensors) == {"c"}
    np.testing.assert_array_equal(seen.tensors["c"], written_out(THEN, ["c"], [KERNEL])["c"])


def test_branches_within_branches_are_handed_out_level_by_level(tmp_path):
    exp, root = body([node("Exp", "c", "p", "p")], ["p"]), body([node("Sqrt", "c", "q", "q")], ["q"])
    deep = node("If", "no", "d", "deep", then_branch=exp, else_branch=root)
    minus = body([node("Neg", "x", "g", "g")], ["g"])
    other = node("If", "yes", "f", "other", then_branch=minus, else_branch=same("x"))
    then = body([node("Abs", "x", "c", "abs"), deep], ["d"])
    chosen = node("If", "yes", "y", "choice", then_branch=then, else_branch=body([other], ["f"]))
    seen = looked_at(save(tmp_path / "network.onnx", [chosen], IMAGE, ["y"], [YES, NO]), {"x": X})
    np.testing.assert_array_equal(seen.of("q"), np.sqrt(np.abs(X)))
    np.testing.assert_array_equal(seen.of("deep"), np.sqrt(np.abs(X)))
    assert [seen.why_not(name) for name in ("p", "g", "other")] == [NOT_RUN] * 3


def test_the_same_name_in_both_branches_is_two_tensors(tmp_path):
    left, right = (body([node(op, "x", "t", name)], ["t"]) for op, name in (("Relu", "left"), ("Neg", "right")))
    chosen = node("If", "yes", "y", then_branch=left, else_branch=right)
    seen = looked_at(save(tmp_path / "network.onnx", [chosen], IMAGE, ["y"], [YES]), {"x": X})
    np.testing.assert_array_equal(seen.of("left"), np.maximum(X, 0))
    assert seen.why_not("right") == NOT_RUN


TYPES = {
    "float16": np.float16,
    "float64": np.float64,
    "int64": np.int64,
    "uint8": np.uint8,
    "bool": np.bool_,
    "bfloat16": ml_dtypes.bfloat16,
    "float8e4m3fn": ml_dtypes.float8_e4m3fn,
}


@pytest.mark.parametrize("condition", ["yes", "no"])
@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_comes_out_of_a_branch(dtype, condition, tmp_path):
    code = by_name(dtype).code
    then = body([node("Cast", "x", "t", "there", to=code), node("Cast", "t", "b", "back", to=1)], ["b"])
    chosen = node("If", condition, "y", then_branch=then, else_branch=same("x"))
    x = np.abs(X) * 3
    seen = looked_at(save(tmp_path / "network.onnx", [chosen], IMAGE, ["y"], [YES, NO], opset=19), {"x": x})
    if condition == "no":
        assert seen.why_not("there") == NOT_RUN
    else:
        np.testing.assert_array_equal(seen.of("there").astype(np.float64), x.astype(TYPES[dtype]).astype(np.float64))


def test_text_within_a_branch_is_hidden_and_the_rest_shown(tmp_path):
    then = body([node("Cast", "x", "s", "text", to=TensorProto.STRING), node("Cast", "s", "b", "back", to=1)], ["b"])
    chosen = node("If", "yes", "y", then_branch=then, else_branch=same("x"))
    seen = looked_at(save(tmp_path / "network.onnx", [chosen], IMAGE, ["y"], [YES]), {"x": X})
    assert seen.model.layer("text").hidden == "a string is no array of numbers"
    np.testing.assert_allclose(seen.of("back"), X, rtol=1e-5)


# ---------------------------------------------------------------- loops


def test_a_loop_hands_out_all_its_passes(tmp_path):
    nodes = [node("Conv", "state w", "c", "conv", pads=[1, 1, 1, 1]), node("Tanh", "c", "t", "tanh")]
    loop = node("Loop", "four yes x", "y scans", "loop", body=loop_body(nodes, "t", ["t2"]))
    loop.attribute[0].g.node.add(op_type="Identity", input=["t"], output=["t2"])
    seen = looked_at(save(tmp_path / "network.onnx", [loop], IMAGE, ["y", "scans"], [YES, FOUR, KERNEL]), {"x": X})
    state, convs = X, []
    for _ in range(4):
        made = written_out(
            [node("Conv", "x w", "c", pads=[1, 1, 1, 1]), node("Tanh", "c", "t")], ["c", "t"], [KERNEL], state
        )
        convs.append(made["c"])
        state = made["t"]
    np.testing.assert_array_equal(seen.of("conv"), np.stack(convs))
    np.testing.assert_array_equal(seen.of("tanh"), seen.tensors["scans"])
    assert seen.model.layer("conv").output.passes == 1


def test_a_loop_that_ends_early_hands_out_the_passes_there_were(tmp_path):
    nodes = [
        node("Add", "state one", "s", "add"),
        node("ReduceMax", "s", "m", "max", keepdims=0),
        node("Less", "m limit", "less", "less"),
    ]
    inputs = [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), body([], ["state"]).output[0]]
    inner = helper.make_graph(nodes, "body", inputs, [value("less", [], TensorProto.BOOL), *body([], ["s"]).output])
    loop = node("Loop", "four yes x", "y", "loop", body=inner)
    numbers = [tensor("one", np.float32(1)), tensor("limit", np.float32(2.5))]
    seen = looked_at(
        save(tmp_path / "network.onnx", [loop], IMAGE, ["y"], [YES, FOUR, *numbers]), {"x": np.zeros_like(X)}
    )
    np.testing.assert_array_equal(seen.of("max"), [1, 2, 3])
    np.testing.assert_array_equal(seen.of("less"), [True, True, False])


def test_a_shape_that_changes_from_pass_to_pass_is_left_inside_and_the_rest_comes(tmp_path):
    nodes = [node("Concat", "state state", "d", "double", axis=0), node("Abs", "x", "a", "abs")]
    loop = node("Loop", "four yes x", "y", "loop", body=loop_body(nodes, "d"))
    seen = looked_at(save(tmp_path / "network.onnx", [loop], IMAGE, ["y"], [YES, FOUR]), {"x": X})
    assert seen.tensors["y"].shape == (16, 3, 8, 8)
    assert seen.why_not("double") == UNSTEADY
    np.testing.assert_array_equal(seen.of("abs"), np.stack([np.abs(X)] * 4))


def test_a_loop_within_a_loop_and_within_a_branch(tmp_path):
    inputs = [value("j", [], TensorProto.INT64), value("g", [], TensorProto.BOOL), *body([], ["v"]).output]
    outputs = [value("g2", [], TensorProto.BOOL), *body([], ["v2"]).output]
    nodes = [node("Mul", "v two", "v2", "double"), node("Identity", "g", "g2")]
    again = helper.make_graph(nodes, "inner", inputs, outputs)
    inner = node("Loop", "four yes_ state", "s2", "inner", body=again)
    first = node("Identity", "go", "yes_")
    outer = node("Loop", "three yes x", "l", "outer", body=loop_body([first, inner], "s2"))
    chosen = node("If", "yes", "y", then_branch=body([outer], ["l"]), else_branch=same("x"))
    numbers = [YES, FOUR, tensor("three", np.array(3)), tensor("two", np.float32(2))]
    seen = looked_at(save(tmp_path / "network.onnx", [chosen], IMAGE, ["y"], numbers), {"x": X})
    steps = np.array([2.0 ** (4 * outer_pass + inner_pass + 1) for outer_pass in range(3) for inner_pass in range(4)])
    expected = (steps.reshape(3, 4, 1, 1, 1, 1) * X).astype(np.float32)  # powers of two lose nothing
    np.testing.assert_array_equal(seen.of("double"), expected)
    assert seen.model.layer("double").output.passes == 2


def test_scan_hands_out_what_it_does_at_each_place(tmp_path):
    nodes = [node("Mul", "part part", "sq", "square"), node("Add", "total sq", "sum", "add")]
    inputs = [value("total", [1, 3, 8]), value("part", [1, 3, 8])]
    settings = {"scan_input_axes": [2], "scan_output_axes": [2], "scan_output_directions": [1]}
    step = helper.make_graph(nodes, "step", inputs, body([], ["sum", "sq"]).output)
    scan = node("Scan", "zero x", "y parts", "scan", body=step, num_scan_inputs=1, **settings)
    zero = tensor("zero", np.zeros((1, 3, 8), np.float32))
    seen = looked_at(save(tmp_path / "network.onnx", [scan], IMAGE, ["y", "parts"], [zero]), {"x": X})
    np.testing.assert_array_equal(seen.of("square"), np.moveaxis(X * X, 2, 0))
    np.testing.assert_array_equal(seen.of("add"), np.cumsum(np.moveaxis(X * X, 2, 0), axis=0, dtype=np.float32))


def test_a_loop_that_may_run_for_ever_hands_out_nothing(tmp_path):
    loop = node("Loop", "count yes x", "y", body=loop_body([node("Relu", "state", "r", "relu")], "r"))
    inputs = [*IMAGE, value("count", [], TensorProto.INT64)]
    seen = looked_at(save(tmp_path / "network.onnx", [loop], inputs, ["y"], [YES]), {"x": X, "count": np.array(3)})
    assert "not known before a run" in seen.model.layer("relu").hidden
    assert set(seen.tensors) == {"y"}


# ---------------------------------------------------------------- what ONNX Runtime refuses


def test_only_the_bodies_that_are_refused_are_left_inside():
    routes = [Route(f"t{number}", "float32", ((f"holder {number // 2}", "body"),), False, True) for number in range(40)]
    tried: list[int] = []

    def works(some: Sequence[Route]) -> bool:
        tried.append(len(some))
        return not any(route.path[0][0] in ("holder 3", "holder 17") for route in some)

    kept = accepted(routes, works)
    assert [route.tensor for route in routes if route not in kept] == ["t6", "t7", "t34", "t35"]
    assert len(tried) <= 24


def test_a_body_that_is_refused_does_not_keep_the_model_from_being_shown(tmp_path, monkeypatch):
    chosen = node("If", "yes", "y", "choice", then_branch=body(THEN, ["r"]), else_branch=body(ELSE, ["n"]))
    again = node(
        "If", "yes", "z", "again", then_branch=body([node("Abs", "y", "a", "abs")], ["a"]), else_branch=same("y")
    )
    path = save(tmp_path / "network.onnx", [chosen, again], IMAGE, ["z"], [YES, KERNEL])
    right = routing._nothing

    def wrong(inner, route, taken):  # a branch that gives another type than the other
        return right(inner, Route(route.tensor, "int8", *route_rest(route)) if route.tensor in "cren" else route, taken)

    monkeypatch.setattr(routing, "_nothing", wrong)
    seen = looked_at(path, {"x": X})
    assert [seen.why_not(name) for name in ("conv", "exp")] == [REFUSED] * 2
    np.testing.assert_array_equal(seen.of("abs"), np.abs(seen.tensors["y"]))


def route_rest(route: Route) -> tuple[object, ...]:
    return route.path, route.is_stacked, route.is_steady


def test_a_model_that_is_itself_refused_says_what_onnx_runtime_says(tmp_path):
    chosen = node("If", "yes", "y", then_branch=body([node("NoSuchThing", "x", "r")], ["r"]), else_branch=same("x"))
    with pytest.raises((refusals.Fail, refusals.InvalidGraph), match="NoSuchThing"):
        Sessions(read(save(tmp_path / "network.onnx", [chosen], IMAGE, ["y"], [YES])), "cpu")


# ---------------------------------------------------------------- the graph itself


def test_the_model_as_read_is_not_changed(tmp_path):
    chosen = node("If", "yes", "y", then_branch=body(THEN, ["r"]), else_branch=body(ELSE, ["n"]))
    opened = read(save(tmp_path / "network.onnx", [chosen], IMAGE, ["y"], [YES, KERNEL]))
    before = opened.proto.SerializeToString(deterministic=True)
    marked = with_outputs(opened.proto, ["y"], {}, {}, routes_of(opened.model.layers))
    assert opened.proto.SerializeToString(deterministic=True) == before
    assert marked.handed_out == {"c", "r", "e", "n"}
    assert set(marked.names) == {"y", "c", "r", "e", "n"}
    assert {output.name for output in marked.proto.graph.output} == set(marked.names.values())


@pytest.mark.parametrize("rate", [16000, 8000])
def test_the_voice_detector_shows_the_branch_for_its_rate(rate, shared):
    path = str(shared / "assets" / "models" / "silero_vad_op18.onnx")
    signal = np.random.default_rng(0).standard_normal((1, rate // 32)).astype(np.float32)
    seen = looked_at(path, {"input": signal, "sr": np.array(rate), "state": np.zeros((2, 1, 128), np.float32)})
    ran = {layer.inside[0][1] for layer in seen.model.layers if layer.inside and layer.output.name in seen.tensors}
    assert ran == {"then_branch" if rate == 16000 else "else_branch"}
    shown = [layer for layer in seen.model.layers if layer.inside and layer.output.name in seen.tensors]
    rested = [name for name, why in seen.unshowable.items() if why == NOT_RUN]
    assert (len(shown), len(rested)) == (43, 46)  # as many layers as the file has nodes there; Split makes four tensors
