"""The operator tests of onnx, generated and converted ones, each through the code that runs in the engine's child.

Started as a process of its own, as onnx and ONNX Runtime can die of a test: ``python -m tests.engine.node_cases FIRST
STEP FOLDER`` works through every ``STEP``-th case from ``FIRST`` on, and prints a line of JSON before and after each.
Some cases stay in ``FOLDER``, each in a folder of its own: ``model.onnx``, and each input as a ``.pb`` of its name.
"""

from __future__ import annotations

import json
import mmap
import sys
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx.backend.test
import onnxruntime as ort
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

from inspector.engine import blocks
from inspector.engine.child.marking import CAST_TYPES
from inspector.engine.child.sessions import Sessions
from inspector.errors import ModelError
from inspector.graph.reader import read
from tests.engine.plain import SMALL, every_tensor, run, same, session

# Their numbers are others in every run.
RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
RANDOM_CASES = ("test_training_dropout",)  # Dropout is random in training alone
NEWEST_OPSET, NEWEST_IR = 26, 13  # that ONNX Runtime loads; cases for newer ones are tried with these instead
ENOUGH = 1 << 30
KEEP_EVERY = 33
DATA = Path(onnx.backend.test.__file__).parent / "data"
CONVERTED = ("pytorch-converted", "pytorch-operator", "simple")  # folders of it


@dataclass
class Case:
    """A test that comes as files, like those that ``collect_testcases`` generates."""

    name: str
    model: onnx.ModelProto
    data_sets: list[tuple[list, list]]


@dataclass
class Outcome:
    """What became of one case.

    Attributes:
        result: ``"equal"``, ``"wrong"``, ``"refused"`` (by ONNX Runtime itself), ``"random"``, ``"no array"`` (an
            input is a sequence, or an optional without a tensor) or ``"no layers"`` (nothing is computed).
        why: In words.
        tensors: Compared bit for bit.
        casts: Tensors shown as float32.
        unshowable: Tensors that are no arrays.
        lowered: ONNX Runtime knows the case's opset only in a lower version.
        reference: What ONNX Runtime makes of the case's own answer: ``"met"``, ``"not met"`` or ``""`` without one.
    """

    case: str
    result: str
    why: str = ""
    tensors: int = 0
    casts: int = 0
    unshowable: int = 0
    lowered: bool = False
    reference: str = ""


def run_case(case: object, folder: Path) -> Outcome:
    """Run one case plainly, as it is and with everything marked, and then as the program runs it."""
    model = case.model
    name = case.name
    if RANDOM & every_operator(model) or name.startswith(RANDOM_CASES):
        return Outcome(name, "random")
    inputs, expected = ([as_array(each) for each in arrays] for arrays in case.data_sets[0])
    if not all(isinstance(each, np.ndarray | np.generic) for each in inputs):
        return Outcome(name, "no array")
    inputs = cast_inputs(model, [np.asarray(each) for each in inputs])
    feeds = {each.name: array for each, array in zip(fed_inputs(model), inputs, strict=True)}
    plain, lowered, why = run_plainly(model, feeds)
    if plain is None:
        return Outcome(name, "refused", why, lowered=lowered)
    deployed, tensors = plain
    outcome = Outcome(name, "equal", lowered=lowered, reference=reference(model, deployed, expected))
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    for number, (each, array) in enumerate(feeds.items()):
        (folder / f"{number:03}.pb").write_bytes(numpy_helper.from_array(array, each).SerializeToString())
    return compared(outcome, path, feeds, deployed, tensors)


def as_array(value: object) -> object:
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def fed_inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """Return the inputs that are no initializers: old models list these too."""
    stored = {each.name for each in model.graph.initializer}
    return [each for each in model.graph.input if each.name not in stored]


def cast_inputs(model: onnx.ModelProto, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Put a Cast from float32 before each input of a type that numpy lacks; return what to feed then."""
    fed = []
    for value, array in zip(fed_inputs(model), inputs, strict=True):
        kind = value.type.tensor_type.elem_type
        if array.dtype.kind in "biufcOUS" and array.dtype.name not in SMALL:
            fed.append(array)
            continue
        given = f"{value.name} as float32"
        cast = onnx.helper.make_node("Cast", [given], [value.name], to=kind, name=f"cast of {value.name}")
        model.graph.node.insert(0, cast)
        value.name, value.type.tensor_type.elem_type = given, onnx.TensorProto.FLOAT
        fed.append(array.astype(np.float32))
    return fed


def every_operator(model: onnx.ModelProto) -> set[str]:
    found, waiting = set(), [*model.graph.node, *(node for each in model.functions for node in each.node)]
    while waiting:
        node = waiting.pop()
        found.add(node.op_type)
        for attribute in node.attribute:
            waiting += [*attribute.g.node, *(node for graph in attribute.graphs for node in graph.node)]
    return found


def run_plainly(model: onnx.ModelProto, feeds: dict) -> tuple[tuple[dict, dict] | None, bool, str]:
    """Run the model with ONNX Runtime alone: optimised, and with all tensors marked.

    Returns:
        Its outputs and all tensors, or None; whether its opset had to be lowered for that, in ``model`` itself; and why
        ONNX Runtime refuses it.
    """
    why = ""
    for lowered in (False, True):
        if lowered:
            model.ir_version = min(model.ir_version, NEWEST_IR)
            for each in model.opset_import:
                each.version = min(each.version, NEWEST_OPSET) if each.domain == "" else each.version
        try:
            plain = session(model, ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
            return (run(plain, feeds), every_tensor(model, feeds)), lowered, ""
        except Exception as error:  # noqa: BLE001  ONNX Runtime raises types of its own
            why = why or f"{type(error).__name__}: {error}"[:200]
    return None, True, why


def reference(model: onnx.ModelProto, got: dict[str, object], expected: list) -> str:
    """Return whether ONNX Runtime gives what the case expects."""
    met = []
    for output, array in zip(model.graph.output, expected, strict=True):
        one = got[output.name]
        if isinstance(one, np.ndarray) and isinstance(array, np.ndarray | np.generic):
            met.append(near(one, np.asarray(array)))
    return "" if not met else "met" if all(met) else "not met"


def near(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    if one.dtype.kind in "OU":
        return bool((one.astype(str) == other.astype(str)).all())
    wide = (np.complex128,) * 2 if one.dtype.kind == "c" else (np.float64,) * 2
    return np.allclose(one.astype(wide[0]), other.astype(wide[1]), rtol=1e-3, atol=1e-5, equal_nan=True)


def compared(outcome: Outcome, path: Path, feeds: dict, deployed: dict, tensors: dict) -> Outcome:
    """Run the case as the engine's child does, and compare."""
    try:
        opened = read(str(path))
    except ModelError as error:
        outcome.result, outcome.why = "no layers" if "no layers" in error.message else "wrong", error.message
        return outcome
    try:
        ours = Sessions(opened, "cpu")
        answer = ours.predict(feeds)
        shown = run_ours(ours, feeds)
    except Exception as error:  # noqa: BLE001  whatever it is, it is the outcome
        outcome.result, outcome.why = "wrong", f"{type(error).__name__}: {error}"[:400]
        return outcome
    marked = ours.instrument()
    wrong = []
    for name, expected in tensors.items():
        if isinstance(expected, np.ndarray) and expected.dtype.kind not in "OU":
            if name not in shown:
                wrong.append(f"{name} is not there")
            elif not same(shown[name], expected, name in marked.casts):
                wrong.append(f"{name} is {brief(shown[name])} and not {brief(expected)}")
            outcome.tensors += 1
        elif name not in marked.unshowable and name not in shown:
            wrong.append(f"{name}, which is no array, is not named")
    casts = {each.name for each in ours.deployed.get_outputs() if each.type in CAST_TYPES}
    for name, expected in deployed.items():
        if isinstance(expected, np.ndarray) and expected.dtype.kind not in "OU":
            got = answer[name]
            if not isinstance(got, np.ndarray) or not same(got.astype(expected.dtype), expected, name in casts):
                wrong.append(f"as deployed, {name} is {got!r:.100} and not {brief(expected)}")
    outcome.casts, outcome.unshowable = len(marked.casts), len(marked.unshowable)
    if wrong:
        outcome.result, outcome.why = "wrong", "; ".join(wrong)
    return outcome


def run_ours(ours: Sessions, feeds: dict) -> dict[str, np.ndarray]:
    lent: list[mmap.mmap] = []

    def lend(size: int) -> tuple[int, mmap.mmap]:
        lent.append(mmap.mmap(-1, max(size, 1)))
        return len(lent) - 1, lent[-1]

    placed = ours.run(feeds, (), ENOUGH, lend)
    assert not placed.missing, placed.missing
    return {place.name: blocks.view(lent[place.block], place).copy() for place in placed.placements}


def brief(array: np.ndarray) -> str:
    return f"{array.dtype} {array.shape} {array.reshape(-1)[:4]}"


def every_case() -> list:
    """Return the generated tests by name, and then the converted ones."""
    files = sorted(path for kind in CONVERTED for path in (DATA / kind).iterdir())
    return [*sorted(collect_testcases(None), key=lambda case: case.name), *map(converted, files)]


def converted(folder: Path) -> Case:
    sets = sorted(folder.glob("test_data_set_*"))[:1]
    arrays = [[onnx.load_tensor(file) for file in sorted(sets[0].glob(f"{kind}_*.pb"))] for kind in ("input", "output")]
    return Case(f"{folder.parent.name} {folder.name}", onnx.load(folder / "model.onnx"), [(arrays[0], arrays[1])])


def main(first: int, step: int, kept: Path) -> None:
    warnings.simplefilter("ignore")  # onnx makes its cases with numbers that overflow
    cases = every_case()
    print(json.dumps({"cases": len(cases)}), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for place, number in enumerate(range(first, len(cases), step)):
            name = cases[number].name
            print(json.dumps({"begins": name, "number": number}), flush=True)
            folder = Path(scratch) if place % KEEP_EVERY else kept / name
            folder.mkdir(exist_ok=True)
            print(json.dumps(asdict(run_case(cases[number], folder))), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
