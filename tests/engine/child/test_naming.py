"""Every node of a marked graph has the name of its layer, and no other node has one."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from inspector.engine.child.naming import name_nodes
from inspector.graph.reader import read


def branch(name: str, kind: str) -> onnx.GraphProto:
    inner = helper.make_node(kind, ["a"], [name], name="same")
    return helper.make_graph([inner], name, [], [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)])


def test_nodes_without_a_name_or_with_that_of_an_inner_node_are_told_apart(tmp_path):
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node(
            "If", ["c"], ["b"], name="choice", then_branch=branch("t", "Neg"), else_branch=branch("e", "Abs")
        ),
        helper.make_node("Tanh", ["b"], ["y"], name="same"),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 2, 2]),
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    path = tmp_path / "choice.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    opened = read(str(path))
    proto = onnx.ModelProto()
    proto.CopyFrom(opened.proto)
    proto.graph.node.add(op_type="Cast", input=["y"], output=["y as float32"], name="a")  # as marking adds them
    name_nodes(proto.graph, opened.model.layers)

    outer = {node.op_type: node.name for node in proto.graph.node}
    by_output = {layer.output.name: layer.name for layer in opened.model.layers}
    assert outer["Relu"] == by_output["a"] == "a"
    assert outer["Tanh"] == by_output["y"]
    assert outer["Cast"] not in by_output.values()
    inner = [attribute.g.node[0].name for attribute in proto.graph.node[1].attribute]
    every = [*outer.values(), *inner]
    assert len(set(every)) == len(every)
