"""A VGG-16 of 553 MB with random weights, written straight to a file.

Structure: Simonyan and Zisserman, Very Deep Convolutional Networks, ICLR 2015, configuration D.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
DENSE = ((25_088, 4_096), (4_096, 4_096), (4_096, 1_000))


def write_vgg16(path: Path) -> None:
    """Write the model; He-normal weights, so that values stay of one size through the layers."""
    rng = np.random.default_rng(16)
    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = []

    def weight(name: str, shape: tuple[int, ...], fan_in: int) -> str:
        values = rng.standard_normal(shape, np.float32) * np.float32((2 / fan_in) ** 0.5)
        weights.append(helper.make_tensor(name, TensorProto.FLOAT, shape, values.tobytes(), raw=True))
        return name

    tensor, channels = "image", 3
    for stage, (count, width) in enumerate(STAGES, 1):
        for number in range(1, count + 1):
            name = f"conv{stage}_{number}"
            kernel = weight(f"{name}.weight", (width, channels, 3, 3), channels * 9)
            bias = weight(f"{name}.bias", (width,), 100)
            nodes.append(
                helper.make_node("Conv", [tensor, kernel, bias], [name], name, kernel_shape=[3, 3], pads=[1] * 4)
            )
            nodes.append(helper.make_node("Relu", [name], [f"relu{stage}_{number}"], f"relu{stage}_{number}"))
            tensor, channels = f"relu{stage}_{number}", width
        nodes.append(
            helper.make_node("MaxPool", [tensor], [f"pool{stage}"], f"pool{stage}", kernel_shape=[2, 2], strides=[2, 2])
        )
        tensor = f"pool{stage}"
    nodes.append(helper.make_node("Flatten", [tensor], ["flat"], "flatten"))
    tensor = "flat"
    for number, (fan_in, fan_out) in enumerate(DENSE, 6):
        name = f"fc{number}"
        matrix, bias = weight(f"{name}.weight", (fan_out, fan_in), fan_in), weight(f"{name}.bias", (fan_out,), 100)
        nodes.append(helper.make_node("Gemm", [tensor, matrix, bias], [name], name, transB=1))
        tensor = name
        if number < 8:
            nodes.append(helper.make_node("Relu", [name], [f"relu{number}"], f"relu{number}"))
            tensor = f"relu{number}"
    graph = helper.make_graph(
        nodes,
        "vgg16",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 224, 224])],
        [helper.make_tensor_value_info("fc8", TensorProto.FLOAT, [1, 1000])],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
