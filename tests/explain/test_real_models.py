"""Random elements of real networks, fed numbers of the size that their pictures give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from inspector.bundled import model
from tests.explain.check import Tally, check

BUNDLED = ("edges", "shapes", "digits")
SHARED = (
    *("mnist-8", "squeezenet_fp16", "kws_fp32", "kws_qdq", "kws_qoperator", "super_resolution", "ultraface_rfb320"),
    *("yolox_nano", "deeplabv3_nhwc", "unet_sed_gen", "ppocr_cls_dynamic_hw", "fastestdet", "silero_vad_op18"),
    *("openwakeword_embedding", "digits_external_data/model"),
)
OPEN = {"sequence": 512, "p2o.DynamicDimension.1": 48, "p2o.DynamicDimension.2": 192}  # any other open length is 1


def explain_all(path: Path, elements: int) -> Tally:
    proto, tally, rng = onnx.load(path), Tally(), np.random.default_rng(0)
    stored = {each.name for each in proto.graph.initializer}
    feeds = {}
    for value in proto.graph.input:
        if value.name not in stored:
            kind = value.type.tensor_type
            shape = [axis.dim_value or OPEN.get(axis.dim_param, 1) for axis in kind.shape.dim]
            dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
            numbers = rng.normal(size=shape) * 50 if dtype.kind == "f" else np.full(shape, 16_000)
            feeds[value.name] = numbers.astype(dtype)
    check(tally, path, proto, feeds, elements)
    return tally


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_models_are_explained_as_the_runtime_computes_them(name):
    tally = explain_all(model(name), 30)
    assert not tally.disagreed
    assert not tally.unexplained


@pytest.mark.parametrize("name", SHARED)
def test_real_models_are_explained_as_the_runtime_computes_them(name, shared):
    tally = explain_all(shared / "assets" / "models" / f"{name}.onnx", 2)
    assert tally.agreed
    assert not tally.disagreed
