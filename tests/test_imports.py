"""Who may import whom. Read the two tables as the map of the program."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "inspector"

MAY_IMPORT = {
    # the core
    "errors": "",
    "format": "",
    "render": "",
    "labels": "errors",
    "graph": "errors format labels",
    "analysis": "errors graph format",
    "explain": "errors graph",
    "engine": "errors graph format",
    "trials": "errors graph analysis labels",
    "export": "errors graph analysis labels render format",
    # the program around it
    "bundled": "",
    "preflight": "errors",
    "doctor": "errors engine preflight",
    "cli": "errors graph explain engine analysis labels trials render export format bundled preflight doctor app",
    "ui": "errors graph explain engine analysis labels trials render export format bundled",
    "app": "errors ui preflight",
    "__main__": "cli",
}

# The longest matching place holds. Everything may import the standard library.
OUTSIDE = {
    "": "",
    "render": "numpy cmap",
    "analysis": "numpy",
    "trials": "numpy",
    "graph": "numpy",
    "explain": "numpy",
    "graph/reader": "onnx google",  # of protobuf, which onnx brings
    "graph/parsing": "numpy onnx",
    "graph/stored": "numpy onnx",
    "graph/bodies": "onnx",
    "graph/functions": "onnx google",
    "graph/inference": "numpy onnx",
    "graph/layering": "networkx",
    "graph/shapes": "numpy onnx",
    "engine": "numpy msgspec",
    "engine/child": "numpy msgspec onnx onnxruntime PIL",
    "engine/child/entry": "",  # what must come before the libraries
    "export": "numpy PIL jinja2 tifffile av",
    "cli": "numpy tqdm",
    "app": "PySide6",
    "ui": "numpy PySide6",
    "ui/canvas": "numpy PySide6 pyqtgraph",
}

MODULES = sorted(PACKAGE.rglob("*.py"))
LIBRARIES = {"PySide6", "pyqtgraph", "onnx", "onnxruntime", "PIL"}


def _place(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_place(path)} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _allowed_outside(place: str) -> set[str]:
    matching = [each for each in OUTSIDE if not each or place == each or place.startswith(f"{each}/")]
    return set(OUTSIDE[max(matching, key=len)].split())


@pytest.mark.parametrize("path", MODULES, ids=_place)
def test_module_imports_only_what_the_map_allows(path):
    place = _place(path)
    home = place.split("/")[0]
    if home == "__init__":
        assert _imports(path) <= {"os"}
        return
    for name in _imports(path):
        library, _, rest = name.partition(".")
        if library == "inspector":
            target = rest.split(".")[0]  # empty for the package itself, which holds the version
            assert target in {home, "", "__version__", *MAY_IMPORT[home].split()}, f"{place} imports {name}"
        elif library not in sys.stdlib_module_names:
            assert library in _allowed_outside(place), f"{place} imports {name}"


@pytest.mark.parametrize("path", [each for each in MODULES if each.name == "__init__.py"][1:], ids=_place)
def test_folders_do_nothing_on_import(path):
    assert path.read_text("utf-8") == ""


def _loaded(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*[each for each in {sorted(LIBRARIES)} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["__main__", "cli.main", "app", "doctor", "preflight", "engine.client"])
def test_starting_loads_neither_qt_nor_a_model_library(module):
    assert _loaded(f"import inspector.{module}") == set()


def test_window_loads_no_model_library_and_no_picture_decoder():
    assert _loaded("import inspector.ui.main_window") <= {"PySide6", "pyqtgraph"}


@pytest.mark.parametrize("module", ["engine.child.worker", "graph.reader"])
def test_child_loads_no_qt(module):
    assert not _loaded(f"import inspector.{module}") & {"PySide6", "pyqtgraph"}
