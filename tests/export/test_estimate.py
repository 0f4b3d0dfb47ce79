"""How many files an export writes is known before, and about how much; the preview is drawn as the export draws."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from inspector.export.estimate import estimate
from inspector.export.preview import serve
from inspector.export.wish import Look, Wish
from inspector.export.writer import export
from tests.export.made import network, run_of


def _answered(about: dict, arrays: list[np.ndarray]) -> tuple[dict, np.ndarray]:
    listed = [{"dtype": each.dtype.str, "shape": each.shape} for each in arrays]
    request = json.dumps(about | {"arrays": listed}).encode() + b"\n" + b"".join(each.tobytes() for each in arrays)
    out = io.BytesIO()
    serve(io.BytesIO(request + request), out)  # two requests, two answers
    line, _, rest = out.getvalue().partition(b"\n")
    found = json.loads(line)
    size = 3 * found["shape"][0] * found["shape"][1]
    assert rest[size:].startswith(line)
    return found, np.frombuffer(rest[:size], np.uint8).reshape(*found["shape"], 3)


@pytest.mark.parametrize(("side", "shape"), [(100, [2, 3]), (2, [1, 2])])
def test_a_preview_is_no_larger_than_asked_for_and_says_how_large_the_picture_is(side, shape):
    values = np.array([[[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]]], np.float32)
    look = asdict(Look("layer", None, "gray", 1))
    about = {"what": "maps", "look": look, "channel": 0, "side": side, "form": "maps", "slice": 0}
    found, pixels = _answered(about, [values])
    assert found["size"] == [3, 2]
    assert found["shape"] == shape
    if shape == [2, 3]:
        assert pixels[..., 0].tolist() == [[0, 51, 102], [153, 204, 255]]


def test_typed_limits_hold_in_the_preview():
    values = np.array([[[[0.0, 1.0]]]], np.float32)
    look = asdict(Look("layer", (0.0, 2.0), "gray", 1))
    about = {"what": "maps", "look": look, "channel": 0, "side": 9, "form": "maps", "slice": 0}
    assert _answered(about, [values])[1][..., 0].tolist() == [[0, 128]]


@pytest.mark.parametrize(
    "wish",
    [
        Wish(),
        Wish(frozenset({"maps", "overlay"}), channels=(0, 2)),
        Wish(frozenset({"layers", "statistics", "viewers", "report"}), layers="b*"),
        Wish(frozenset({"tensors", "kernels"}), formats=frozenset({"npz", "npy"})),
    ],
)
def test_the_number_of_files_is_known_before(tmp_path, wish):
    rng = np.random.default_rng(0)
    tensors = [rng.standard_normal((1, 4, 8, 8)).astype(np.float32) for _ in range(3)]
    kernel = rng.standard_normal((4, 3, 3, 3)).astype(np.float32)
    model = tmp_path / "net.onnx"
    model.write_bytes(b"")
    source = network(["a", "b1", "b2"], tensors, str(model), kernel)
    run = run_of(tensors)
    found = estimate(source.model, run.prediction, run.tensors, wish, "")
    written = export(tmp_path / "out", source, run.prediction, lambda names: run, wish)
    files = [each for each in (tmp_path / "out").rglob("*") if each.is_file()]
    assert found.files == len(files) == len(written.files)
    assert found.layers == (2 if wish.layers == "b*" else 3)
    size = sum(each.stat().st_size for each in files)
    assert size / 10 < found.bytes < size * 10


def test_the_estimate_loads_no_picture_library():
    code = "import sys; import inspector.export.estimate; print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
