"""Writes a network with its changes to a new file: whole or not at all, and never over one it was read from."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray

from inspector.engine.child import sandbox
from inspector.engine.child.editing import is_constant, sliding_otherwise, source_of
from inspector.engine.modified import SaveModel
from inspector.errors import ExportError, InspectorError, ModelError
from inspector.graph import beside
from inspector.graph.bodies import graphs_of
from inspector.graph.changes import Edits
from inspector.graph.edits import weights_named
from inspector.graph.parsing import copied
from inspector.graph.reader import Opened, read
from inspector.graph.stored import tensors_of
from inspector.graph.weight import Weight, WeightFile, read_bytes

MOST_EMBEDDED_BYTES = 1 << 30  # of weights; a file of 2 GiB is one that protobuf cannot read
_ALIGNED = 4096  # bytes: ONNX Runtime can map a weight that begins like this
_EXTERNAL = onnx.TensorProto.EXTERNAL
_DATA_FIELDS = (
    *("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data"),
    *("raw_data", "external_data", "data_location"),
)


def main(body: bytes) -> int:
    """Carry out a ``SaveModel``; return the exit code, and say on standard error what went wrong."""
    request = msgspec.json.decode(body, type=SaveModel)
    sandbox.limit(0, 0)
    sandbox.lock_in(beside.readable(request.path), os.path.dirname(request.target))
    try:
        save(request.path, request.target, request.edits, request.fingerprint)
    except InspectorError as error:
        sys.stderr.write(" ".join(filter(None, (error.message, error.remedy))) + "\n")
        return error.exit_code
    return 0


def save(path: str, target: str, edits: Edits, fingerprint: str = "") -> None:
    """Write a model with its changes.

    Weights that lay in files beside the model, or are too many for one, go to one file beside the new model, which
    has its name and the ending ``.data``.

    Args:
        path: The model.
        target: The new file; another one there is replaced.
        edits: What was changed.
        fingerprint: Of the model when it was opened; ``""`` to take what is there.

    Raises:
        ModelError: The model cannot be read, or is not the one that was opened any more.
        ExportError: The new file cannot be written.
    """
    slides = edits.slides
    opened = read(path, (lambda proto: sliding_otherwise(proto, slides)) if slides else None)
    if fingerprint and opened.model.fingerprint != fingerprint:
        raise ModelError(f"{os.path.basename(path)} changed on disk after it was opened.", "Open the model again.")
    data = f"{target}.data"
    for each in (target, data):
        if any(_is_same(each, file.path) for file in opened.files):
            raise ExportError(
                f"{os.path.basename(each)} belongs to the model that is open.", "Give the new file another name."
            )
    proto = with_weights(opened, edits)
    outside = _outside(proto)
    files = {os.path.realpath(file.path): file for file in opened.files}
    length = sum(int(_entry(each, "length")) for each in outside)
    if len(opened.files) == 1 and length <= MOST_EMBEDDED_BYTES:
        for tensor in outside:
            _embed(tensor, _bytes_of(tensor, opened.folder, files).tobytes())
        outside = []
    try:
        # Neither takes its place before both are written: an older pair of these names stays one.
        with _whole(*([data] if outside else []), target) as (*beside, file):
            if outside:
                _write_data(outside, beside[0], os.path.basename(data), opened.folder, files)
            file.write(proto.SerializeToString())
    except OSError as error:
        raise ExportError(
            f"{os.path.basename(target)} cannot be written: {error.strerror or error}.", "Choose another folder."
        ) from None


def with_weights(opened: Opened, edits: Edits) -> onnx.ModelProto:
    """Return a model with the changed weights in it; those that were not changed stay where they are.

    It is the model as the file has it; where a changed weight is in a function, that with its functions written out.
    """
    names = [each.weight for each in edits.weights]
    weights = {
        name: replace(weight, edit=edits.weight(name)) for name, weight in weights_named(opened.model, names).items()
    }
    proto = copied(source_of(opened, weights))
    for graph in graphs_of(proto.graph):
        for tensor in graph.initializer:
            if tensor.name in weights:
                _embed(tensor, _raw(weights[tensor.name]))
        _embed_constants(graph, weights)
    return proto


def _embed_constants(graph: onnx.GraphProto, weights: Mapping[str, Weight]) -> None:
    for node in graph.node:
        if is_constant(node) and node.output[0] in weights:
            weight = weights[node.output[0]]
            values = weight.as_stored()
            del node.attribute[:]
            node.attribute.append(onnx.helper.make_attribute("value", onnx.numpy_helper.from_array(np.array(values))))


def _raw(weight: Weight) -> bytes:
    values = np.ascontiguousarray(weight.as_stored())
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def _embed(tensor: onnx.TensorProto, raw: bytes) -> None:
    for name in _DATA_FIELDS:
        tensor.ClearField(name)
    tensor.raw_data = raw


# ---------------------------------------------------------------- weights that lie outside


def _outside(proto: onnx.ModelProto) -> list[onnx.TensorProto]:
    return [tensor for tensor in tensors_of(proto) if tensor.data_location == _EXTERNAL]


def _entry(tensor: onnx.TensorProto, key: str) -> str:
    return next(str(entry.value) for entry in tensor.external_data if entry.key == key)


def _location(tensor: onnx.TensorProto) -> str:
    return _entry(tensor, "location")


def _bytes_of(tensor: onnx.TensorProto, folder: str, files: Mapping[str, WeightFile]) -> NDArray[np.uint8]:
    file = files[os.path.realpath(os.path.join(folder, *_location(tensor).split("/")))]
    return read_bytes(file, int(_entry(tensor, "offset")), int(_entry(tensor, "length")))


def _write_data(
    tensors: Iterable[onnx.TensorProto], file: BinaryIO, name: str, folder: str, files: Mapping[str, WeightFile]
) -> None:
    """Write all that lies outside to one file, and say in the model that it is there under that name."""
    for tensor in tensors:
        values = _bytes_of(tensor, folder, files)
        file.write(bytes(-file.tell() % _ALIGNED))
        start = file.tell()
        file.write(values.data)
        del tensor.external_data[:]
        for key, value in (("location", name), ("offset", start), ("length", values.nbytes)):
            tensor.external_data.add(key=key, value=str(value))


# ---------------------------------------------------------------- files


def _is_same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


@contextmanager
def _whole(*paths: str) -> Iterator[list[BinaryIO]]:
    """Open files that take their places when all are written, and leave nothing behind if not."""
    parts: list[str] = []
    try:
        with ExitStack() as opened:
            files: list[BinaryIO] = []
            for path in paths:
                handle, part = tempfile.mkstemp(prefix=".inspector-", dir=os.path.dirname(os.path.abspath(path)))
                parts.append(part)
                files.append(opened.enter_context(os.fdopen(handle, "wb")))
            yield files
            for file in files:
                file.flush()
                os.fsync(file.fileno())
        for part, path in zip(parts, paths, strict=True):
            Path(part).chmod(0o644)
            os.replace(part, path)
    except BaseException:
        for part in parts:
            Path(part).unlink(missing_ok=True)
        raise
