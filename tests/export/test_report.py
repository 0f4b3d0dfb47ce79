"""The page of an inspection. Models and runs are made by hand here; a real one is in tests/cli/test_report.py."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from inspector.analysis.heads import answered
from inspector.analysis.outputs import described
from inspector.errors import ExportError, LimitError
from inspector.export import report_run
from inspector.export.report import About, report
from inspector.export.report_parts import layer_part, smaller, with_kernels
from inspector.graph.model import Difference, Geometry, Layer, Model, Picture, Prediction, Run, Tensor
from inspector.graph.preprocessing import Preprocessing
from inspector.graph.weight import Weight

HOSTILE = "</style></title><script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}\x1b[31m\u202e"
MAPS = np.array([[[[0, 0], [0, 0]], [[3, 3], [3, 3]], [[-1, 2], [4, 0]], [[np.nan, 1], [2, 3]]]], np.float32)
LOGITS = np.array([[2.0, 0.0, -1.0]], np.float32)
KERNEL = np.arange(4 * 3 * 2 * 2, dtype=np.float32).reshape(4, 3, 2, 2) - 20
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page(HTMLParser):
    """What a browser would see of a page: its elements with their attributes, and its texts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._open.append(tag)

    def handle_data(self, data):
        if data.strip():
            self.texts.append(data.strip())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def fact(self, name):
        return [self.texts[place + 1] for place, text in enumerate(self.texts) if text == name]


def conv(name="conv", index=0):
    weight = Weight("W", "kernel", KERNEL.shape, "float32", KERNEL.shape, encoding="inline", values=KERNEL.tobytes())
    maps = (Tensor("maps", "float32", MAPS.shape),)
    geometry = Geometry((2, 2), (1, 1), (0, 0, 0, 0), (1, 1))
    return Layer(
        index, name, "Conv", "", "convolution", ("x", "W"), maps, {}, (weight,), {"W": weight}, geometry, 48, 0, 1
    )


def model_of(*layers, labels=()):
    logits = Tensor("logits", "float32", LOGITS.shape)
    dense = Layer(len(layers), "fc", "Gemm", "", "fully connected", ("maps",), (logits,))
    ends = (Tensor("x", "float32", (1, 3, 3, 3)),), (logits,)
    return Model("/models/net.onnx", 17, "tests", *ends, (*layers, dense), 48, 0, 192, labels=labels)


@pytest.fixture(scope="module")
def prediction():
    fed = np.linspace(0, 1, 27, dtype=np.float32).reshape(1, 3, 3, 3)
    picture = Picture(np.full((6, 9, 3), 200, np.uint8), (9, 6), (1.5, 0, 7.5, 6))
    recipe = Preprocessing("unit", "written beside the model", scale=1 / 255)
    return Prediction("in/cat.png", {"x": fed}, {"logits": LOGITS}, recipe, picture, "CPU", 0.5, {"x": "the picture"})


def about(model, prediction, **more):
    head = answered(model, prediction, None)
    outputs = described(model, prediction, head)
    return About(model, "in/net.onnx", "ab" * 32, prediction, head, model.labels, outputs, **more)


def parts(model):
    tensors = {"maps": MAPS, "logits": LOGITS}
    return [with_kernels(layer_part(layer, tensors), False, True) for layer in model.layers]


@pytest.fixture(scope="module")
def text(prediction):
    model = model_of(conv(), labels=("cat", "dog", "fish"))
    return report(about(model, prediction, difference=Difference("logits", 0.0, False)), parts(model))


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_page_tells_the_model_the_input_and_the_answer(page):
    assert page.texts[0] == "net.onnx on cat.png"
    assert (page.fact("SHA-256"), page.fact("Opset"), page.fact("Producer")) == (["ab" * 32], ["17"], ["tests"])
    assert page.fact("MACs")[0] == "192 (1 MAC = 2 FLOPs)"
    assert page.fact("It is from") == ["written beside the model"]
    assert page.fact("Ran on") == ["CPU"]
    assert page.fact("Check") == ["Output logits of the instrumented network equals the deployed one."]
    # e^2 / (e^2 + e^0 + e^-1) = 7.38906 / 8.75694
    assert page.texts[len(page.texts) - page.texts[::-1].index("Answer") :][:2] == ["cat", "0.8438"]
    assert page.fact("Margin") == ["2.000 in logits"]


def test_layer_tells_what_it_holds(page):
    assert page.fact("Output")[0] == "2 × 2 × 4"
    assert (page.fact("Channels")[0], page.fact("Dead channels"), page.fact("Constant channels")) == (
        "4",
        ["1", "1"],
        ["2"],
    )
    assert "NaN or infinite numbers in channel 3." in page.texts
    assert "Zero everywhere: channel 0." in page.texts
    assert "Constant: channel 1." in page.texts
    assert "2 of 7 channels are zero everywhere for this picture" in " ".join(page.texts)
    assert page.fact("NaN")[0] == "1"
    # of the answer; of 15 finite numbers with the sum 23; of the kernel -20, -19, ... 27
    assert page.fact("Minimum")[:3] == ["−1.000", "−1.000", "−20.00"]
    assert page.fact("Maximum")[:3] == ["2.000", "4.000", "27.00"]
    assert page.fact("Mean")[:3] == ["0.3333", "1.533", "3.500"]


def test_matrix_that_is_stored_inputs_first_is_drawn_with_its_outputs_as_rows():
    values = np.array([[1, 0], [0, 0], [-1, 0]], np.float32)
    weight = Weight("M", "kernel", (3, 2), "float32", (3, 2), encoding="inline", values=values.tobytes())
    layer = Layer(
        0, "fc", "MatMul", "", "fully connected", ("x", "M"), (Tensor("y", "float32", (1, 2)),), {}, (weight,)
    )
    found = with_kernels(layer_part(layer, {}), False, False).kernels
    assert found.words == "rows: all 2 output channels; columns: all 3 input channels; limits around zero"
    pixels = np.asarray(Image.open(io.BytesIO(found.png)).convert("RGB"))
    side = found.width // 3
    assert (found.height, found.width) == (2 * side, 3 * side)
    # 1, 0 and -1 of the first output, in the palette's last, middle and first colour
    assert [pixels[0, place * side].tolist() for place in (0, 2)] == [[0x8A, 0x3A, 0x00], [0x0B, 0x3C, 0x78]]
    assert pixels[0, side].tolist() == pixels[side, 0].tolist()


def test_page_shows_through_where_there_is_no_tile():
    figure = layer_part(conv(), {"maps": np.ones((1, 7, 20, 20), np.float32)}).maps
    for png in (figure.png, smaller(figure, 0.5).png):  # two rows of four, but for the last
        alpha = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))[..., 3]
        assert (alpha[0, 0], alpha[-1, 0], alpha[-1, -1], alpha[-20, -20]) == (255, 255, 0, 0)


def test_every_link_leads_to_a_place_of_the_page(page):
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {each["href"].removeprefix("#") for each in page.all("a")} <= set(ids)
    assert {"layer-0", "layer-1"} <= set(ids)


def test_pictures_are_within_the_page_and_open(page):
    sources = [each["src"] for each in page.all("img")]
    assert len(sources) == 5  # the picture, what was fed, two layers, one kernel
    for source in sources:
        kind, _, content = source.partition(";base64,")
        assert kind in ("data:image/png", "data:image/jpeg")
        Image.open(io.BytesIO(base64.b64decode(content, validate=True))).load()
    assert all(each["loading"] == "lazy" and each["alt"] for each in page.all("img"))


def test_page_asks_for_nothing_and_its_policy_would_refuse_more(text, page):
    written = re.sub(r"data:image/[a-z]+;base64,[^\"]*", "", text)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<script|style=", written)
    policy = next(each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_page_is_the_same_each_time(text, prediction):
    model = model_of(conv(), labels=("cat", "dog", "fish"))
    again = report(
        about(model, replace(prediction, seconds=9.0), difference=Difference("logits", 0.0, False)), parts(model)
    )
    assert again == text


def test_hostile_names_are_text(prediction):
    model = replace(model_of(conv(HOSTILE), labels=(HOSTILE, "'\"><b>", "fish")), producer=HOSTILE, remarks=(HOSTILE,))
    found = Page(report(about(replace(model), replace(prediction, image=HOSTILE)), parts(model)))
    tags = {tag for tag, _ in found.elements}
    assert "script" not in tags
    assert "b" not in tags
    assert not [attributes for _, attributes in found.elements if any(name.startswith("on") for name in attributes)]
    assert found.fact("Producer")[0].startswith("</style></title><script>alert(1)</script>")
    assert "{{7*7}}" in found.fact("Producer")[0]
    assert not re.search("[\x1b\u202e]", "".join(found.texts))


def test_pictures_are_made_smaller_until_the_page_fits_and_this_is_said(prediction):
    random = np.random.default_rng(0)
    tensors = {"maps": random.normal(size=(1, 16, 120, 120)).astype(np.float32), "logits": LOGITS}
    model = model_of(conv())
    found = [layer_part(layer, tensors) for layer in model.layers]
    whole = report(about(model, prediction), found)
    most = len(whole) // 3
    small = report(about(model, prediction), found, most)
    assert len(small.encode()) <= most
    assert "of their pixels along each side" in small
    assert "of their pixels along each side" not in whole
    assert len(Page(small).all("img")) == len(Page(whole).all("img"))
    with pytest.raises(ExportError, match="even with the smallest pictures"):
        report(about(model, prediction), found, 2000)


def test_page_of_a_thousand_layers_is_made_and_small_enough(prediction):
    layers = [replace(conv(f"block{each // 3}/conv{each}", each), weights=()) for each in range(1000)]
    model = model_of(*layers)
    part = layer_part(layers[0], {"maps": MAPS})
    every = [*(replace(part, layer=layer) for layer in layers), layer_part(model.layers[-1], {})]
    found = report(about(model, prediction), every)
    assert len(found.encode()) <= 20_000_000
    assert len(Page(found).all("article")) == 1001


def test_what_a_run_does_not_hold_is_fetched_and_what_never_comes_is_said(tmp_path, prediction):
    (tmp_path / "net.onnx").write_bytes(b"model")
    layers = (conv(), replace(conv("late", 1), outputs=(Tensor("late", "float32", MAPS.shape),)))
    model = model_of(*layers)
    asked = []

    def fetch(names):
        asked.append(names)
        if names:
            raise LimitError("There is not enough memory.")
        return Run(1, prediction, {"maps": MAPS, "logits": LOGITS}, None, 0.0, missing=("late",))

    found = Page(report_run.inspection(model, str(tmp_path / "net.onnx"), fetch))
    assert asked == [(), ("late",)]
    assert "There is not enough memory." in found.texts
    assert found.fact("SHA-256") == [hashlib.sha256(b"model").hexdigest()]


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_chromium_opens_the_page_without_a_complaint(tmp_path, text):
    (tmp_path / "report.html").write_text(text, "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={tmp_path / 'user'}"]
    flags += ["--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom"]
    command = [CHROMIUM, *flags, (tmp_path / "report.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "CONSOLE" not in done.stderr
    assert len(Page(done.stdout).all("article")) == 2
