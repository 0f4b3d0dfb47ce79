"""Building blocks for the scripts beside it: ONNX nodes from arrays, and one way to write the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

FOLDER = Path(__file__).resolve().parent
SAMPLES = FOLDER.parent / "resources" / "samples"
OPSET = 17
IR_VERSION = 9


class Chain:
    """Nodes one after the other; each takes what the one before it made.

    Every node makes a tensor of its own name; the last one is renamed to the model's output.
    """

    def __init__(self, first: str) -> None:
        self.tensor = first
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def add(self, op_type: str, name: str, **attributes: object) -> None:
        """Append a node without weights."""
        self._append(op_type, name, [], attributes)

    def conv(
        self,
        name: str,
        kernel: NDArray[np.float32],
        bias: NDArray[np.float32] | None = None,
        **padding: object,
    ) -> None:
        """Append a convolution with stride 1.

        Args:
            name: Of the node.
            kernel: ``(output channels, input channels, height, width)``.
            bias: ``(output channels,)``.
            padding: The attribute ``pads`` or ``auto_pad``.
        """
        attributes = {"kernel_shape": list(kernel.shape[2:]), **padding}
        self._append("Conv", name, self._weights(name, kernel, bias), attributes)

    def pool(self, name: str, **padding: object) -> None:
        """Append max pooling of 2 x 2 with stride 2."""
        self.add("MaxPool", name, kernel_shape=[2, 2], strides=[2, 2], **padding)

    def dense(self, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        """Append a fully connected layer; weight: ``(outputs, inputs)``."""
        self._append("Gemm", name, self._weights(name, weight, bias), {"transB": 1})

    def _weights(self, name: str, kernel: NDArray[np.float32], bias: NDArray[np.float32] | None) -> list[str]:
        arrays = {f"{name}.weight": kernel} | ({} if bias is None else {f"{name}.bias": bias})
        self.initializers += [onnx.numpy_helper.from_array(array, key) for key, array in arrays.items()]
        return list(arrays)

    def _append(self, op_type: str, name: str, weights: list[str], attributes: dict[str, object]) -> None:
        self.nodes.append(helper.make_node(op_type, [self.tensor, *weights], [name], name=name, **attributes))
        self.tensor = name


def save(
    name: str,
    chain: Chain,
    input_shape: Sequence[int],
    output: str,
    output_shape: Sequence[int],
    description: str,
) -> Path:
    """Write ``NAME.onnx`` beside this script, checked, and return its path.

    Args:
        name: Of the model.
        chain: All its nodes, fed by the tensor ``image``.
        input_shape: ``(N, C, H, W)``.
        output: What the chain's last tensor is called in the file.
        output_shape: Its shape.
        description: Goes into the file as the doc string.
    """
    chain.nodes[-1].output[0] = output
    graph = helper.make_graph(
        chain.nodes,
        name,
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, output_shape)],
        initializer=chain.initializers,
        doc_string=description,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="feature-map-inspector",
        doc_string=description,
    )
    helper.set_model_props(model, {"license": "Apache-2.0", "made by": f"models/make_{name}.py"})
    onnx.checker.check_model(model, full_check=True)
    path = FOLDER / f"{name}.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    print(f"{path.name}: {path.stat().st_size:,} bytes")
    return path
