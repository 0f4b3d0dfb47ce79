"""The panels on networks that people have: every layer of each is selected and drawn, or said why not."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.ui.panels.feature_maps import FeatureMapsPanel
from inspector.ui.panels.kernels import KernelsPanel
from inspector.ui.panels.layers import LayersPanel
from tests.ui.panels.conftest import PATIENCE_MS

MISTAKE = "could not be shown"  # what a panel says of its own mistakes
FED = {
    "kws_qdq": (1, 1960),
    "kws_qoperator": (1, 1960),
    "silero_vad_op18": (1, 576),
    "openwakeword_embedding": (1, 76, 32, 1),
    "ppocr_cls_dynamic_hw": (1, 3, 48, 192),
    "deeplabv3_nhwc": (1, 257, 257, 3),
}
DRAWN = {  # the layers whose output is drawn, of all that there are: the others are single numbers, or did not run
    "kws_qdq": 60,
    "kws_qoperator": 20,
    "openwakeword_embedding": 68,
    "deeplabv3_nhwc": 108,
}


@pytest.mark.parametrize("name", FED)
def test_every_layer_is_drawn_or_says_why_not(shared, run, fed, show, session, qtbot, name):
    values = np.random.default_rng(0).normal(0, 1, FED[name]).astype(np.float32)
    run(shared / "assets" / "models" / f"{name}.onnx", fed(values))
    maps, kernels, layers = FeatureMapsPanel(session), KernelsPanel(session), LayersPanel(session)
    for panel in (maps, kernels, layers):
        show(panel)
    drawn, said = 0, set()
    for layer in session.model.layers:
        session.select_layer(layer.name)
        for panel in (maps, kernels, layers):
            assert MISTAKE not in panel.message, (layer.name, panel.message)
        said.add(maps.message.replace(layer.name, "NAME"))
        drawn += not maps.message
    assert drawn >= DRAWN.get(name, len(session.model.layers) // 3), (drawn, said)
    assert all("did not reach" not in each for each in said), said
    qtbot.waitUntil(lambda: not kernels.message.endswith("being read."), timeout=PATIENCE_MS)
