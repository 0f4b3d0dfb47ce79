from __future__ import annotations

import onnx
import pytest
from PIL import Image

from inspector.graph.sidecar import read

NAMES = ("digits", "edges", "shapes")


def test_these_models_ship(folder):
    assert sorted(path.stem for path in folder.glob("*.onnx")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_has_its_script_its_card_and_its_sidecar(folder, name):
    for file in (f"make_{name}.py", f"{name}.md", f"{name}.inspector.toml"):
        assert (folder / file).is_file(), file
    card = (folder / f"{name}.md").read_text(encoding="utf-8")
    for heading in ("## Data", "## Accuracy", "## Preprocessing", "## Licence", "## Make it again"):
        assert heading in card
    assert f"python models/make_{name}.py" in card


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_valid_small_and_named(folder, name):
    path = folder / f"{name}.onnx"
    assert path.stat().st_size < 500_000
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version, len(model.opset_import)) == (9, 17, 1)
    assert model.producer_name == "feature-map-inspector"
    assert model.doc_string
    assert {entry.key: entry.value for entry in model.metadata_props}["license"] == "Apache-2.0"
    assert all(tensor.HasField("raw_data") for tensor in model.graph.initializer)
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_sidecar_suits_the_model(folder, session, name):
    sidecar = read(str(folder / f"{name}.onnx"))
    assert sidecar.preprocessing is not None
    runtime = session(name)
    channels = runtime.get_inputs()[0].shape[1]
    assert sidecar.preprocessing.channels == ("grey" if channels == 1 else "RGB")
    assert sidecar.preprocessing.source == f"{name}.inspector.toml beside the model"
    if name != "edges":
        assert len(sidecar.labels) == runtime.get_outputs()[0].shape[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_model_has_pictures_to_try(sample_folder, name):
    samples = sorted(sample_folder.glob(f"{name}-*.png"))
    assert len(samples) >= 2
    for path in samples:
        with Image.open(path) as image:
            image.verify()


def test_the_pictures_are_small(sample_folder):
    assert sum(path.stat().st_size for path in sample_folder.iterdir()) < 600_000
