"""Edited weights, strides and pads, held against ONNX Runtime on a model that was saved with them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

from inspector.engine.child import editing
from inspector.engine.child.editing import Networks
from inspector.engine.child.saving import save
from inspector.engine.protocol import MESSAGE_BYTES, Failed, ModelOpened, Ran, RunImage
from inspector.graph.changes import MOST_CHANGES, Edits, SlideEdit, WeightEdit
from inspector.graph.edits import with_numbers
from inspector.graph.reader import read
from tests.engine.plain import session as plain_session
from tests.engine.plain import with_all_outputs
from tests.graph.build import model as built
from tests.graph.build import node, tensor, value, weights

ROUNDING = 1e-5  # of what an optimised network's output is apart from another, as a part of its largest value


def saved_with(path: str | Path, edits: Edits) -> onnx.ModelProto:
    """The model with the edited weights in it, by onnx alone."""
    proto = onnx.load(path)
    for edit in edits.weights:
        stored = next(each for each in proto.graph.initializer if each.name == edit.weight)
        values = numpy_helper.to_array(stored).copy()
        values.reshape(-1)[list(edit.places)] = edit.numbers
        stored.CopyFrom(numpy_helper.from_array(values, edit.weight))
    for slide in edits.slides:
        changed = next(each for each in proto.graph.node if each.output[0] == slide.output)
        kept = [each for each in changed.attribute if each.name not in ("strides", "pads")]
        del changed.attribute[:]
        changed.attribute.extend(kept)
        changed.attribute.append(onnx.helper.make_attribute("strides", list(slide.strides)))
        changed.attribute.append(onnx.helper.make_attribute("pads", list(slide.pads)))
    return proto


def off_and_on(proto: onnx.ModelProto, feeds, folder=""):
    """Every tensor without optimisation, and the outputs with all of it."""
    marked = with_all_outputs(proto)
    off = plain_session(marked, ort.GraphOptimizationLevel.ORT_DISABLE_ALL, folder)
    on = plain_session(proto, ort.GraphOptimizationLevel.ORT_ENABLE_ALL, folder)
    tensors = dict(zip([each.name for each in off.get_outputs()], off.run(None, feeds), strict=True))
    return tensors, dict(zip([each.name for each in on.get_outputs()], on.run(None, feeds), strict=True))


def edited_once(path: str, layer_name: str, by: float, role: str = "kernel") -> Edits:
    """Change the middle number of a layer's weight."""
    layer = read(path).model.layer(layer_name)
    weight = layer.weight(role)
    place = int(np.prod(weight.stored_shape)) // 2
    return with_numbers(Edits(), weight, {place: float(weight.as_stored().reshape(-1)[place]) + by})


def assert_same_as_saved(run, path, edits, folder="") -> int:
    tensors, outputs = off_and_on(saved_with(path, edits), dict(run.prediction.fed), folder)
    for name, found in run.prediction.outputs.items():
        np.testing.assert_allclose(
            found, outputs[name], rtol=0, atol=ROUNDING * max(np.abs(outputs[name]).max(), 1e-30)
        )
    shared = [name for name in tensors if name in run.tensors]
    for name in shared:
        np.testing.assert_array_equal(run.tensors[name], tensors[name], err_msg=name)
    return len(shared)


def test_an_edited_kernel_gives_the_tensors_of_a_model_saved_with_it(engine, repository):
    path = str(repository / "models" / "edges.onnx")
    picture = str(repository / "resources" / "samples" / "edges-facade.png")
    plain = engine.ask(RunImage(1, path, picture))
    edits = edited_once(path, "laplacian", -7.0)
    reply = engine.ask(RunImage(2, path, picture, edits=edits))
    assert isinstance(reply, Ran)
    assert reply.run.prediction.edits == edits
    assert assert_same_as_saved(reply.run, path, edits) == 3
    again = engine.ask(RunImage(3, path, picture))  # and without the edit it is the file's own again
    assert again.run.prediction.edits == Edits()
    for name, before in plain.run.tensors.items():
        np.testing.assert_array_equal(again.run.tensors[name], before)


def test_a_networks_middle_layer_bias_and_dense_weights_are_edited_at_once(engine, repository):
    path = str(repository / "models" / "shapes.onnx")
    picture = str(repository / "resources" / "samples" / "shapes-star.png")
    made = [edited_once(path, "conv2", 1.5), edited_once(path, "conv1", 0.5, role="bias")]
    edits = Edits(tuple(each.weights[0] for each in made))
    run = engine.ask(RunImage(1, path, picture, edits=edits)).run
    assert assert_same_as_saved(run, path, edits) == 12
    dense = edited_once(path, "dense", 2.0)
    run = engine.ask(RunImage(2, path, picture, edits=dense)).run
    tensors, _ = off_and_on(saved_with(path, dense), dict(run.prediction.fed))
    for name in ("dense", "probabilities"):  # Gemm reads a weight that is an input in another order
        found = next(run.tensors[each] for each in (name, f"/{name}") if each in run.tensors)
        np.testing.assert_allclose(found, tensors[name], rtol=0, atol=3e-7 * np.abs(tensors[name]).max())


@pytest.mark.parametrize("name", ["kws_qdq.onnx", "kws_qoperator.onnx"])
def test_codes_of_quantized_networks_are_edited(shared, name):
    path = str(shared / "assets" / "models" / name)
    opened = read(path)
    edits = Edits()
    for family in ("convolution", "fully connected"):
        layer = next(each for each in reversed(opened.model.layers) if each.family == family)
        weight = layer.weight("kernel")
        codes = weight.as_stored().reshape(-1)[::5].astype(int)
        edits = with_numbers(edits, weight, {5 * at: -code // 2 for at, code in enumerate(codes)})
    assert edits.count > 100
    network = Networks("cpu", 0).network(path, edits)
    shape = [each if isinstance(each, int) and each > 0 else 1 for each in opened.model.inputs[0].shape]
    feeds = {opened.model.inputs[0].name: np.random.default_rng(3).standard_normal(shape).astype(np.float32)}
    found = network.sessions.predict({**feeds, **network.feeds(edits)})
    _, expected = off_and_on(saved_with(path, edits), feeds)
    _, before = off_and_on(onnx.load(path), feeds)
    for output, values in expected.items():
        np.testing.assert_array_equal(found[output], values)
        assert (values != before[output]).any()


def test_a_weight_makes_sessions_once_and_none_when_it_is_edited_again(repository, monkeypatch):
    path = str(repository / "models" / "shapes.onnx")
    made = []
    real = editing.Sessions
    monkeypatch.setattr(editing, "Sessions", lambda *arguments: made.append(1) or real(*arguments))
    networks = Networks("cpu", 0)
    first = networks.network(path, edited_once(path, "conv1", 1.0))
    assert networks.network(path, edited_once(path, "conv1", 2.0)) is first
    assert len(made) == 1
    both = networks.network(path, edited_once(path, "conv2", 1.0))
    assert set(both.fed) > set(first.fed)
    assert networks.network(path, edited_once(path, "conv1", 3.0)) is both
    networks.network(path, Edits())
    assert networks.network(path, edited_once(path, "conv1", 3.0)) is both
    assert len(made) == 3


def test_weights_within_branches_constants_transposes_and_shared_ones_are_edited_where_they_lie(engine, tmp_path):
    def branch(name: str, weight: str) -> onnx.GraphProto:
        made = onnx.helper.make_graph(
            [node("Constant", "", weight, value=weights(weight, 1, 1, 2, 2)), node("Conv", f"x {weight}", f"{name}_y")],
            name,
            [],
            [onnx.helper.make_empty_tensor_value_info(f"{name}_y")],
        )
        made.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
        return made

    nodes = [
        node("If", "on", "a", name="choice", then_branch=branch("yes", "k_yes"), else_branch=branch("no", "k_no")),
        node("Flatten", "a", "flat"),
        node("Constant", "", "turned", value=weights("turned", 3, 9)),
        node("Transpose", "turned", "w", perm=[1, 0]),
        node("MatMul", "flat w", "b", name="first"),
        node("MatMul", "b shared", "c", name="second"),
        node("MatMul", "c shared", "y", name="third"),
    ]
    inputs = [value("x", [1, 1, 4, 4])]
    stored = [tensor("on", np.array(True)), weights("shared", 3, 3)]
    proto = built(nodes, inputs, ["y"], stored)
    path = tmp_path / "chosen.onnx"
    onnx.save(proto, path)
    np.save(tmp_path / "x.npy", np.random.default_rng(5).standard_normal((1, 1, 4, 4)).astype(np.float32))
    image = str(tmp_path / "x.npy")
    edits = Edits(
        (
            WeightEdit("k_yes", (1,), (2.5,)),
            WeightEdit("shared", (0, 4), (1.5, -1.0)),
            WeightEdit("turned", (5,), (-3.0,)),
        )
    )
    reply = engine.ask(RunImage(1, str(path), image, edits=edits))
    assert isinstance(reply, Ran), reply

    def kept(name: str) -> np.ndarray:
        found = {each.name: each for each in stored}
        for each in (*nodes, *nodes[0].attribute[0].g.node, *nodes[0].attribute[1].g.node):
            if each.op_type == "Constant":
                found[each.output[0]] = each.attribute[0].t
        values = numpy_helper.to_array(found[name]).astype(np.float64).copy()
        edit = edits.weight(name)
        if edit is not None:
            values.reshape(-1)[list(edit.places)] = edit.numbers
        return values

    x, k = np.load(image).astype(np.float64)[0, 0], kept("k_yes")[0, 0]
    slid = np.array([[(x[r : r + 2, c : c + 2] * k).sum() for c in range(3)] for r in range(3)])
    expected = slid.reshape(1, 9) @ kept("turned").T @ kept("shared") @ kept("shared")
    np.testing.assert_allclose(reply.run.tensors["y"], expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(reply.run.prediction.outputs["y"], expected, rtol=1e-5, atol=1e-5)


def test_weights_within_a_function_and_given_to_it_are_edited_and_saved(engine, talk, tmp_path):
    nodes = [
        node("Constant", "", "k", value=weights("k", 1, 1, 2, 2)),
        node("Conv", "a k", "c", name="inner"),
        node("MatMul", "c w", "b", name="given"),
    ]
    imports = [onnx.helper.make_opsetid("", 17)]
    block = onnx.helper.make_function("own", "Block", ["a", "w"], ["b"], nodes, imports)
    given = weights("turn", 3, 3)
    calls = [node("Block", "x turn", "m", name="call", domain="own"), node("Relu", "m", "y", name="end")]
    path, target = str(tmp_path / "block.onnx"), str(tmp_path / "new.onnx")
    proto = built(calls, [value("x", [1, 1, 4, 4])], ["y"], [given], domains={"own": 1}, functions=[block])
    onnx.save(proto, path)
    np.save(tmp_path / "x.npy", np.random.default_rng(8).standard_normal((1, 1, 4, 4)).astype(np.float32))
    image, model = str(tmp_path / "x.npy"), read(path).model
    conv, product = (next(each for each in model.layers if each.op_type == kind) for kind in ("Conv", "MatMul"))
    edits = with_numbers(Edits(), conv.weight("kernel"), {3: 2.5})
    edits = with_numbers(edits, product.weight("kernel"), {4: -1.5})
    reply = engine.ask(RunImage(1, path, image, edits=edits))
    assert isinstance(reply, Ran), reply
    k, w = (numpy_helper.to_array(each).astype(np.float64).copy() for each in (nodes[0].attribute[0].t, given))
    k[0, 0, 1, 1], w[1, 1] = 2.5, -1.5
    x = np.load(image).astype(np.float64)[0, 0]
    slid = np.array([[(x[r : r + 2, c : c + 2] * k[0, 0]).sum() for c in range(3)] for r in range(3)])
    expected = np.maximum(slid @ w, 0)
    for values in (reply.run.tensors["y"], reply.run.prediction.outputs["y"]):
        np.testing.assert_allclose(values[0, 0], expected, rtol=1e-5, atol=1e-6)
    save(path, target, edits, model.fingerprint)
    again = talk(provider="cpu").ask(RunImage(1, target, image))
    np.testing.assert_array_equal(again.run.tensors["y"], reply.run.tensors["y"])
    assert numpy_helper.to_array(onnx.load(path).functions[0].node[0].attribute[0].t)[0, 0, 1, 1] != 2.5


def test_weights_in_external_data_are_edited(shared, tmp_path, engine):
    folder = tmp_path / "model"
    shutil.copytree(shared / "assets" / "models" / "digits_external_data", folder)
    path = str(next(folder.glob("*.onnx")))
    opened = read(path)
    layer = next(each for each in opened.model.layers if each.family == "convolution")
    edits = edited_once(path, layer.name, 0.75)
    shape = [each if isinstance(each, int) else 1 for each in opened.model.inputs[0].shape]
    np.save(tmp_path / "x.npy", np.random.default_rng(1).random(shape).astype(np.float32))
    run = engine.ask(RunImage(1, path, str(tmp_path / "x.npy"), edits=edits)).run
    tensors, _ = off_and_on(saved_with(path, edits), dict(run.prediction.fed))
    np.testing.assert_array_equal(run.tensors[layer.output.name], tensors[layer.output.name])
    assert not np.array_equal(
        run.tensors[layer.output.name],
        off_and_on(onnx.load(path), dict(run.prediction.fed))[0][layer.output.name],
    )


def test_another_stride_and_padding_make_another_network_whose_facts_follow(engine, repository):
    path = str(repository / "models" / "edges.onnx")
    picture = str(repository / "resources" / "samples" / "edges-facade.png")
    engine.ask(RunImage(1, path, picture))
    output = read(path).model.layer("laplacian").output.name
    edits = Edits(slides=(SlideEdit(output, (3, 3), (0, 0, 0, 0)),))
    engine.engine.send(RunImage(2, path, picture, edits=edits))
    replies = [engine.next()]
    while not isinstance(replies[-1], Ran | Failed):
        replies.append(engine.next())
    opened = next(each for each in replies if isinstance(each, ModelOpened))
    layer = opened.model.layer("laplacian")
    assert opened.slides == edits.slides
    assert layer.geometry.strides == (3, 3)
    assert layer.output.shape == (1, 1, 100, 100)  # (300 - 3) / 3 + 1
    assert layer.macs == 100 * 100 * 9
    assert opened.model.layer("pool").receptive_field.size == (6, 6)  # 3 + (2 - 1) * 3
    ran = replies[-1]
    assert isinstance(ran, Ran), ran
    slid = saved_with(path, edits)
    kept = [each for each in slid.graph.node[0].attribute if each.name != "auto_pad"]
    del slid.graph.node[0].attribute[:]
    slid.graph.node[0].attribute.extend(kept)
    for each in slid.graph.output:
        each.type.tensor_type.ClearField("shape")
    del slid.graph.value_info[:]
    tensors, _ = off_and_on(slid, dict(ran.run.prediction.fed))
    for name, values in tensors.items():
        np.testing.assert_array_equal(ran.run.tensors[name], values)


def test_a_stride_that_does_not_fit_is_refused_and_the_network_goes_on(engine, repository):
    path = str(repository / "models" / "shapes.onnx")
    picture = str(repository / "resources" / "samples" / "shapes-star.png")
    output = read(path).model.layer("conv1").output.name
    edits = Edits(slides=(SlideEdit(output, (3, 3)),))
    reply = engine.ask(RunImage(1, path, picture, edits=edits))
    assert isinstance(reply, Failed)
    assert "shapes.onnx" in reply.message
    assert isinstance(engine.ask(RunImage(2, path, picture)), Ran)


def test_the_weights_of_a_model_read_with_their_edits_are_what_ran(repository):
    path = str(repository / "models" / "shapes.onnx")
    weight = read(path).model.layer("conv3").weight("kernel")
    edits = edited_once(path, "conv3", 4.0)
    place = int(np.prod(weight.stored_shape)) // 2
    expected = numpy_helper.to_array(
        next(each for each in saved_with(path, edits).graph.initializer if each.name == weight.name)
    )
    read_back = replace(weight, edit=edits.weights[0])
    np.testing.assert_array_equal(read_back.read(), expected)
    row = int(np.unravel_index(place, weight.shape)[0])
    np.testing.assert_array_equal(read_back.read(row, 1), expected[row : row + 1])
    np.testing.assert_array_equal(read_back.read(0, 1), expected[:1])


def test_as_many_changes_as_are_allowed_fit_into_one_message():
    places = tuple(range(10**10, 10**10 + MOST_CHANGES))
    edits = Edits((WeightEdit("w", places, (-1.1754943508222875e-38,) * MOST_CHANGES),))
    body = msgspec.json.encode(RunImage(1, "/m.onnx", "/i.png", edits=edits))
    assert len(body) < MESSAGE_BYTES
    assert msgspec.json.decode(body, type=RunImage).edits == edits
