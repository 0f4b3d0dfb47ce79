"""Charts and tables as SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from inspector.export import svg
from inspector.graph.model import Layer, Model, Tensor
from inspector.render.palettes import palette

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("1")</script> & \']]>\x1b[31m\u202e\x00\ud800'


def texts(root):
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def answer(classes, image="in/cat.png"):
    return {"image": image, "head": "softmax", "head_reason": "The last operator is Softmax.", "classes": classes}


def score(index, probability, label=""):
    return {"index": index, "label": label, "probability": probability, "logit": None}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_probabilities_are_bars_as_long_as_they_are_large(theme):
    root = ET.fromstring(svg.probabilities(answer([score(7, 0.75, "cat"), score(2, 0.25)]), theme=theme))
    assert texts(root)[:1] == ["cat.png"]
    assert texts(root)[2:] == ["cat", "0.7500", "class 2", "0.2500"]
    widths = [float(each.get("width")) for each in root.iter(f"{SVG}rect")][1:]
    assert widths == [252, 189, 252, 63]  # the whole length, and three quarters and one quarter of it


def test_classes_beyond_the_chart_are_counted_and_nan_has_no_bar():
    classes = [score(0, "NaN"), *(score(each, 0.01) for each in range(1, 12))]
    root = ET.fromstring(svg.probabilities(answer(classes), count=2))
    assert texts(root)[1].startswith("12 classes, the first 2 here.")
    assert texts(root)[3] == "NaN"
    assert [float(each.get("width")) for each in root.iter(f"{SVG}rect")][2] == 0


def test_network_without_probabilities_gets_a_sentence():
    assert "gives no probabilities" in svg.probabilities(answer([]))


@pytest.mark.parametrize(
    "drawn",
    [
        svg.probabilities(answer([score(0, 0.5, HOSTILE)], HOSTILE)),
        svg.color_bar((0.0, 1.0), "viridis", HOSTILE),
    ],
)
def test_hostile_text_stays_text_and_the_file_valid_xml(drawn):
    root = ET.fromstring(drawn.encode("utf-8"))
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>" in text for text in root.itertext())
    assert not re.search("[\x00\x1b\u202e]", drawn)


def test_layer_table_lists_each_layer_with_its_shape_and_says_the_sums():
    layers = tuple(
        Layer(index, name, op_type, "", family, (), (Tensor(f"t{index}", "float32", (1, 8, 5, 6)),), macs=macs)
        for index, (name, op_type, family, macs) in enumerate(
            [("conv<1>", "Conv", "convolution", 2000), ("n" * 300, "Relu", "activation", 0)]
        )
    )
    root = ET.fromstring(svg.layer_table(Model("m.onnx", 17, "", (), (), layers, parameters=216, macs=2000)))
    assert texts(root)[:7] == ["", "name", "operator", "output", "parameters", "MACs", "sees, px"]
    assert texts(root)[7:12] == ["0", "conv<1>", "Conv", "5 × 6 × 8", "2.000 k"]
    assert texts(root)[-1] == "2 layers, 216 parameters, 2.000 k MACs in the whole network (1 MAC = 2 FLOPs)"
    assert max(len(text) for text in texts(root)[:-1]) == 44
    assert f"{'n' * 300} (activation)" in list(root.itertext())


def test_color_bar_begins_and_ends_with_the_colors_and_the_limits():
    root = ET.fromstring(svg.color_bar((-2.0, 2.0), "signed", "conv1"))
    stops = [each.get("stop-color") for each in root.iter(f"{SVG}stop")]
    assert (stops[0], stops[-1]) == ("#0b3c78", "#8a3a00")  # of the palette as designed
    assert len(stops) == 33
    assert texts(root) == ["conv1", "−2.000", "2.000", "−1.000", "0", "1.000"]
    assert "#{:02x}{:02x}{:02x}".format(*palette("signed")[128]) in stops


def test_color_bar_of_one_value_has_no_ticks_between():
    assert texts(ET.fromstring(svg.color_bar((3.0, 3.0), "viridis"))) == ["3.000", "3.000"]
