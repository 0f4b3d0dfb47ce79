"""A session's outputs as numpy has them, those of types that numpy lacks among them.

ONNX Runtime alone would refuse the whole run, or hand out codes as if they were numbers.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime as ort

from inspector.engine.child.marking import CAST_TYPES
from inspector.engine.child.tensors import for_runtime
from inspector.graph.dtypes import by_name, decode
from inspector.graph.model import Array


def run(
    session: ort.InferenceSession, names: Sequence[str], feeds: Mapping[str, Array], options: ort.RunOptions
) -> dict[str, object]:
    """Run a session; return its outputs by name, numbers of every type as an array.

    Integers of less than a byte become int8 or uint8, floats that numpy lacks float32. What is no tensor is whatever
    ONNX Runtime makes of it.
    """
    types = {output.name: output.type for output in session.get_outputs()}
    given = for_runtime(feeds, session)
    if not any(types[name] in CAST_TYPES for name in names):
        return dict(zip(names, session.run(list(names), given, options), strict=True))
    fed = {
        name: ort.OrtValue.ortvalue_from_numpy(each) if isinstance(each, np.ndarray) else each
        for name, each in given.items()
    }
    values = session.run_with_ort_values(list(names), fed, options)
    return {name: _plain(value) for name, value in zip(names, values, strict=True)}


def _plain(value: ort.OrtValue) -> object:
    if not value.is_tensor():
        return value
    if value.data_type() not in CAST_TYPES:
        return value.numpy()
    return _decoded(value)


def _decoded(value: ort.OrtValue) -> Array:
    dtype = by_name(value.data_type()[len("tensor(") : -1])
    shape = tuple(value.shape())
    data = ctypes.string_at(value.data_ptr(), value.tensor_size_in_bytes())
    return decode(data, dtype, math.prod(shape)).reshape(shape)
