"""ONNX Runtime alone: what the program's tensors are held against."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable

import ml_dtypes
import numpy as np
import onnx
import onnxruntime as ort

# What numpy lacks, from another library than the program's own tables.
LACKING = {
    "bfloat16": ml_dtypes.bfloat16,
    "float8e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "float8e5m2": ml_dtypes.float8_e5m2,
    "float8e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "float8e8m0": ml_dtypes.float8_e8m0fnu,
}
SMALL = {"int4", "uint4", "int2", "uint2"}


def session(
    model: onnx.ModelProto, level: ort.GraphOptimizationLevel, folder: str = "", **entries: str
) -> ort.InferenceSession:
    """Make a session on the CPU; ``entries`` are settings of ONNX Runtime's that begin with ``session.``."""
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 4
    if folder:
        entries["model_external_initializers_file_folder_path"] = folder
    for name, value in entries.items():
        options.add_session_config_entry(f"session.{name}", value)
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def with_outputs(model: onnx.ModelProto, names: Iterable[str]) -> onnx.ModelProto:
    """Return a model with these tensors as outputs too."""
    marked = onnx.ModelProto()
    marked.CopyFrom(model)
    have = {output.name for output in marked.graph.output}
    marked.graph.output.extend(onnx.ValueInfoProto(name=name) for name in dict.fromkeys(names) if name not in have)
    return marked


def with_all_outputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with everything as an output that its nodes make."""
    return with_outputs(
        model, [name for node in model.graph.node if node.op_type != "Constant" for name in node.output if name]
    )


def every_tensor(model: onnx.ModelProto, feeds: dict, folder: str = "", **entries: str) -> dict[str, object]:
    """Run a plain session with optimisation off and all tensors marked; return them by name, None for what is none."""
    return run(session(with_all_outputs(model), ort.GraphOptimizationLevel.ORT_DISABLE_ALL, folder, **entries), feeds)


def run(plain: ort.InferenceSession, feeds: dict) -> dict[str, object]:
    """Run a session; return its outputs by name, None for what is no tensor."""
    names = [output.name for output in plain.get_outputs()]
    if any(array.dtype.kind in "OU" for array in feeds.values()):  # text makes no OrtValue
        values = plain.run(names, feeds)
        return {
            name: value if isinstance(value, np.ndarray) else None for name, value in zip(names, values, strict=True)
        }
    fed = {name: ort.OrtValue.ortvalue_from_numpy(array) for name, array in feeds.items()}
    return {name: as_numpy(value) for name, value in zip(names, plain.run_with_ort_values(names, fed), strict=True)}


def as_numpy(value: ort.OrtValue) -> object:
    if not value.is_tensor() or not value.has_value():
        return None
    kind = value.data_type()[len("tensor(") : -1]
    if kind in LACKING:
        return np.frombuffer(bytes_of(value), LACKING[kind]).reshape(value.shape()).astype(np.float32)
    if kind in SMALL:
        return small_integers(value, kind)
    return value.numpy()


def bytes_of(value: ort.OrtValue) -> bytes:
    return ctypes.string_at(value.data_ptr(), value.tensor_size_in_bytes())


def small_integers(value: ort.OrtValue, kind: str) -> np.ndarray:
    """Unpack integers of 2 or 4 bits, one after the other."""
    bits, count = int(kind[-1]), int(np.prod(value.shape()))
    found = []
    for byte in bytes_of(value):
        for place in range(0, 8, bits):
            code = byte >> place & (1 << bits) - 1
            found.append(code - (1 << bits) if kind[0] == "i" and code >> bits - 1 else code)
    return np.array(found[:count], np.float32).reshape(value.shape())


def same(one: np.ndarray, other: np.ndarray, is_cast: bool = False) -> bool:
    """Compare bit for bit; floats of 16 bits, which ONNX Runtime computes as others, within 1e-3 of their range.

    Of a NaN in a type that numpy lacks no more is asked than that it is one.
    """
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.tobytes() == other.tobytes():
        return True
    if is_cast:
        return np.array_equal(one, other, equal_nan=True)
    if one.dtype != np.float16:
        return False
    finite = np.isfinite(one)
    if not np.array_equal(one[~finite], other[~finite], equal_nan=True):
        return False
    wide, wider = one[finite].astype(np.float64), other[finite].astype(np.float64)
    return bool(np.abs(wide - wider).max(initial=0) <= 1e-3 * np.ptp(wide) if wide.size else True)
