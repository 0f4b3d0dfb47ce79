"""What a run needs, counted by hand; the running order against ONNX Runtime's own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.engine.child import memory
from inspector.errors import LimitError
from inspector.graph.model import Tensor


def graph(nodes, inputs=("x",), outputs=("y",), weights=()):
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (*inputs, *outputs)]
    stored = [numpy_helper.from_array(np.zeros(1, np.float32), name) for name in weights]
    return helper.make_graph(nodes, "graph", infos[: len(inputs)], infos[len(inputs) :], stored)


def node(kind, reads, writes, name="", **attributes):
    return helper.make_node(kind, reads.split(), writes.split(), name=name or writes.split()[0], **attributes)


def test_sizes_are_known_where_type_and_shape_are():
    tensors = {
        "whole": Tensor("whole", "float32", (2, 3, 4)),
        "packed": Tensor("packed", "int4", (3, 3)),
        "open": Tensor("open", "float32", ("N", 3)),
        "text": Tensor("text", "string", (2,)),
        "nothing": Tensor("nothing", "", None),
    }
    assert memory.sizes(tensors) == {"whole": 96, "packed": 5}


def test_a_chain_needs_two_tensors_at_a_time_and_its_input_throughout():
    chain = graph([node("Conv", "x k", "a"), node("Conv", "a k", "b"), node("Conv", "b k", "y")], weights=("k",))
    need = memory.least_need(chain, {"x": 1, "a": 10, "b": 100, "y": 5, "k": 1000}, ["y"])
    assert (need.bytes, need.layer, need.unknown) == (1 + 10 + 100, "b", 0)


def test_what_an_activation_writes_over_is_counted_once():
    both = [node("Conv", "x k", "a"), node("Relu", "a", "b"), node("Conv", "b k", "y")]
    sizes = {"x": 1, "a": 10, "b": 10, "y": 5}
    assert memory.least_need(graph(both, weights=("k",)), sizes, ["y"]).bytes == 1 + 10 + 5
    kept = memory.least_need(graph(both, weights=("k",)), sizes, ["y", "a"])  # a must stay whole
    assert kept.bytes == 1 + 10 + 10 + 5


def test_an_input_is_never_written_over():
    assert memory.least_need(graph([node("Relu", "x", "y")]), {"x": 10, "y": 10}, ["y"]).bytes == 20


def test_a_view_shares_the_memory_of_what_it_views():
    nodes = [node("Conv", "x k", "a"), node("Flatten", "a", "flat"), node("Gemm", "flat w", "y")]
    sizes = {"x": 1, "a": 10, "flat": 10, "y": 3}
    assert memory.least_need(graph(nodes, weights=("k", "w")), sizes, ["y"]).bytes == 1 + 10 + 3


def test_a_branch_stays_until_it_is_merged():
    nodes = [node("Conv", "x k", "a"), node("Conv", "a k", "b"), node("Conv", "b k", "c"), node("Concat", "a c", "y")]
    sizes = {"x": 1, "a": 10, "b": 10, "c": 10, "y": 20}
    need = memory.least_need(graph(nodes, weights=("k",)), sizes, ["y"])
    assert (need.bytes, need.layer) == (1 + 10 + 10 + 20, "y")


def test_tensors_that_lie_elsewhere_take_nothing_and_unknown_ones_are_counted():
    nodes = [node("Conv", "x k", "a"), node("Conv", "a k", "b"), node("NonZero", "b", "y")]
    need = memory.least_need(graph(nodes, weights=("k",)), {"x": 1, "a": 10, "b": 100}, ["y"], elsewhere=["a", "b"])
    assert (need.bytes, need.unknown) == (1, 1)


def test_what_the_body_of_a_loop_takes_from_outside_stays_until_then():
    body = helper.make_graph(
        [node("Identity", "go", "on"), node("Add", "state a", "next")],
        "body",
        [
            helper.make_tensor_value_info(name, kind, None)
            for name, kind in (("turn", TensorProto.INT64), ("go", TensorProto.BOOL), ("state", TensorProto.FLOAT))
        ],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, []), helper.make_tensor_value_info("next", 1, None)],
    )
    nodes = [
        node("Conv", "x k", "a"),
        node("Conv", "a k", "b"),
        helper.make_node("Loop", ["n", "", "b"], ["y"], "loop", body=body),
    ]
    need = memory.least_need(graph(nodes, weights=("k", "n")), {"x": 1, "a": 10, "b": 100, "y": 100}, ["y"])
    assert (need.bytes, need.layer) == (1 + 10 + 100 + 100, "loop")


def test_what_quantization_fuses_away_is_not_counted_as_deployed():
    nodes = [
        node("QuantizeLinear", "x s", "q"),
        node("DequantizeLinear", "q s", "d"),
        node("Conv", "d k", "c"),
        node("QuantizeLinear", "c s", "q2"),
        node("DequantizeLinear", "q2 s", "y"),
    ]
    sizes = {"x": 40, "q": 10, "d": 40, "c": 40, "q2": 10, "y": 40}
    found = memory.as_deployed(graph(nodes, weights=("s", "k")), sizes)
    assert found == {"x": 40, "q": 10, "d": 0, "c": 0, "q2": 10, "y": 0}


def test_a_need_beyond_what_is_free_is_a_sentence_with_numbers():
    need = memory.Need(int(20.1 * 2**30), "conv_3", 0)
    memory.check("wide.onnx", need, 21 << 30)
    with pytest.raises(LimitError) as refused:
        memory.check("wide.onnx", need, 12 << 30)
    assert refused.value.message == (
        "wide.onnx needs at least 20.1 GiB at the layer 'conv_3'; 12.0 GiB are free for it."
    )
    assert "input shape" in refused.value.remedy


def test_weights_beyond_what_is_free_are_refused():
    heavy = graph([node("Gemm", "x w", "y")])
    heavy.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[1 << 16, 1 << 17])  # 32 GiB, declared only
    memory.check_weights("heavy.onnx", heavy, 40 << 30)
    with pytest.raises(LimitError, match=r"weights of heavy.onnx take 32.0 GiB; 10.0 GiB are free"):
        memory.check_weights("heavy.onnx", heavy, 10 << 30)


ON_THE_CPU = (
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running ConstantOfShape node. "
    "Name:'constant' Status Message: bfc_arena.cc:359 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool) "
    "Failed to allocate memory for requested buffer of size 21474836480"
)
ON_THE_GPU = (
    "Non-zero status code returned while running Conv node. Name:'conv' Status Message: CUDA failure 2: out of memory "
    "; GPU=0 ; hostname=here ; file=cuda_call.cc"
)


def test_out_of_memory_is_said_with_the_layer_and_the_size():
    assert memory.ran_out(ON_THE_CPU)
    error = memory.out_of_memory("wide.onnx", ON_THE_CPU, ["constant"])
    assert error.message == (
        "wide.onnx needs more memory than the engine may use: it ran out at the layer 'constant', for one tensor of "
        "20.0 GiB."
    )
    assert "layer" not in memory.out_of_memory("wide.onnx", ON_THE_CPU, ["another"]).message  # a node of its own making


def test_a_full_graphics_card_is_named_and_the_cpu_offered():
    assert memory.ran_out(ON_THE_GPU)
    error = memory.out_of_memory("wide.onnx", ON_THE_GPU, ["conv"])
    assert "graphics card" in error.message
    assert "'conv'" in error.message
    assert "--provider cpu" in error.remedy


# ---------------------------------------------------------------- the order, as ONNX Runtime has it


def order_of(proto: onnx.ModelProto, feeds, folder: Path) -> list[str]:
    """The names of the nodes in the order in which ONNX Runtime ran them."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_profiling, options.profile_file_prefix = True, str(folder / "profile")
    session = ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    session.run(None, feeds)
    events = json.loads(Path(session.end_profiling()).read_text())
    return [each["name"].removesuffix("_kernel_time") for each in events if each["name"].endswith("_kernel_time")]


@pytest.mark.parametrize("seed", range(12))
def test_nodes_run_in_the_order_that_is_foretold(seed, tmp_path):
    random = np.random.default_rng(seed)
    made, nodes = ["x"], []
    for place in range(30):
        reads = [str(each) for each in random.choice(made, size=random.integers(1, 4))]
        nodes.append(helper.make_node("Sum", reads, [f"t{place}"], name=f"n{place}"))
        made.append(f"t{place}")
    used = {name for each in nodes for name in each.input}
    ends = [name for name in made[1:] if name not in used]
    both = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", *ends)]
    proto = helper.make_model(
        helper.make_graph(nodes, "graph", both[:1], both[1:]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    ran = order_of(proto, {"x": np.zeros(2, np.float32)}, tmp_path)
    assert [nodes[place].name for place in memory.running_order(nodes)] == ran
