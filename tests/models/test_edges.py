from __future__ import annotations

import numpy as np
import onnx
import pytest
from PIL import Image


@pytest.fixture
def edges(session):
    runtime = session("edges")

    def edges(picture):
        (answer,) = runtime.run(["edges"], {"image": picture.astype(np.float32)[np.newaxis, np.newaxis]})
        assert answer.shape == (1, 1, 150, 150)
        return answer[0, 0]

    return edges


def test_the_graph_is_one_kernel_relu_and_pooling(folder):
    model = onnx.load(folder / "edges.onnx")
    nodes = model.graph.node
    assert [(node.name, node.op_type) for node in nodes] == [
        ("laplacian", "Conv"),
        ("relu", "Relu"),
        ("pool", "MaxPool"),
    ]
    (kernel,) = model.graph.initializer
    np.testing.assert_array_equal(
        onnx.numpy_helper.to_array(kernel), np.array([[[[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]]], np.float32)
    )
    conv, pool = (
        {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
        for node in (nodes[0], nodes[2])
    )
    assert conv == {"kernel_shape": [3, 3], "auto_pad": b"SAME_UPPER"}
    assert pool == {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": b"SAME_UPPER"}
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    shapes = {
        each.name: [axis.dim_value for axis in each.type.tensor_type.shape.dim] for each in inferred.graph.value_info
    }
    assert shapes == {"laplacian": [1, 1, 300, 300], "relu": [1, 1, 300, 300]}


def test_a_single_white_pixel_gives_8_where_it_is(edges):
    picture = np.zeros((300, 300))
    picture[20, 31] = 1
    expected = np.zeros((150, 150))
    expected[10, 15] = 8  # its neighbours are -1, which ReLU takes away
    np.testing.assert_array_equal(edges(picture), expected)


def test_a_white_picture_has_edges_only_where_the_padding_begins(edges):
    expected = np.zeros((150, 150))
    expected[[0, -1], :] = 3  # 8 minus the 5 neighbours inside the picture
    expected[:, [0, -1]] = 3
    expected[np.ix_([0, -1], [0, -1])] = 5  # 8 minus 3
    np.testing.assert_array_equal(edges(np.ones((300, 300))), expected)


def test_a_ramp_has_no_edges_inside(edges):
    ramp = np.add.outer(np.arange(300.0), 2 * np.arange(300.0))
    np.testing.assert_array_equal(edges(ramp)[1:-1, 1:-1], 0)


@pytest.mark.parametrize("name", ["still-life", "facade"])
def test_a_sample_gives_what_float64_arithmetic_gives(edges, sample_folder, name):
    with Image.open(sample_folder / f"edges-{name}.png") as image:
        assert image.width == image.height >= 300
        small = image.convert("L").resize((300, 300), Image.Resampling.BILINEAR)
    picture = (np.asarray(small, np.float32) / np.float32(255)).astype(np.float64)
    padded = np.pad(picture, 1)
    around = sum(padded[row : row + 300, column : column + 300] for row in range(3) for column in range(3))
    expected = np.maximum(9 * picture - around, 0).reshape(150, 2, 150, 2).max((1, 3))
    np.testing.assert_allclose(edges(picture), expected, atol=1e-5)
    assert (expected > 0.5).mean() > 0.04  # there is something to see
