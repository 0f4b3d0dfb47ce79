"""An ONNX file without its weights: where they lie, and a small copy of the rest.

The copy declares every large tensor as external data; whoever parses it says which file that is. Nothing is read but
the bytes in between the weights. Field numbers: onnx.proto; encoding: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

OWN_FILE = "*"  # the location of a tensor that lies in the model's file itself; no file name on any system we know
AT_LEAST_BYTES = 1024  # smaller tensors stay in the copy: shapes and scales are wanted there
DEEPEST = 24  # graphs within graphs; deeper ones are copied as they are (protobuf refuses them at 33)

_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH, _MODEL_FUNCTION = 7, 25
_FUNCTION_NODE = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_SPARSE_VALUES, _SPARSE_INDICES = 1, 2
_NODE_OUTPUT, _NODE_OP_TYPE, _NODE_ATTRIBUTE = 2, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS = 1, 5, 6, 11
_TENSOR_DATA_TYPE, _TENSOR_NAME, _TENSOR_RAW = 2, 8, 9
_TENSOR_EXTERNAL_DATA, _TENSOR_DATA_LOCATION = 13, 14
_FLOAT_DATA, _INT32_DATA, _INT64_DATA, _DOUBLE_DATA, _UINT64_DATA = 4, 5, 7, 10, 11
_VARINT_DATA = (_INT32_DATA, _INT64_DATA, _UINT64_DATA)
_TYPED_DATA = (_FLOAT_DATA, _DOUBLE_DATA, *_VARINT_DATA, 6)  # 6: strings
_STORED_AS_IS = {_FLOAT_DATA: 1, _DOUBLE_DATA: 11}  # packed, these are the little-endian numbers themselves
_OP_TYPE_WITHIN = 1 << 16  # bytes from a node's start: it is written ahead of the attributes, which may be large
_IS_CONSTANT = b"\x22\x08Constant"  # a node's op_type, as it stands in the file

Chunk = tuple[int, int] | bytes  # a range of the file, or new bytes
Span = tuple[int, int, int, int, int]  # field number, wire type, start of the key, start of the payload, end


class DamagedError(ValueError):
    """The bytes are no protobuf message; the text says why, without naming the file."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the values of a tensor lie in the file."""

    offset_bytes: int
    length_bytes: int
    encoding: Literal["raw", "varints"]


@dataclass(slots=True)
class Lean:
    """A model without its large tensors.

    Attributes:
        model: A ``ModelProto``, serialized.
        places: Of the initializers, and of the tensors of Constant nodes (by the node's output), of the main graph.
    """

    model: bytes = b""
    places: dict[str, Place] = field(default_factory=dict)


def without_weights(data: mmap.mmap | bytes) -> Lean:
    """Walk over a serialized ``ModelProto`` and leave out its weights.

    Raises:
        DamagedError: The bytes end too early, or are no protobuf message.
    """
    walk = _Walk(data)
    inner = {_MODEL_GRAPH: lambda start, end: walk.graph(start, end, 0), _MODEL_FUNCTION: walk.function}
    chunks = walk.message(0, len(data), inner)
    return Lean(_joined(data, chunks or [(0, len(data))]), walk.places)


def spans(data: mmap.mmap | bytes, at: int, end: int) -> Iterator[Span]:
    """Yield the fields of the message that lies from ``at`` to ``end``.

    Raises:
        DamagedError: A field is not whole.
    """
    while at < end:
        start = at
        key, at = _varint(data, at, end)
        number, wire_type = key >> 3, key & 7
        payload = at
        if wire_type == _DELIMITED:
            length, payload = _varint(data, at, end)
            at = payload + length
        elif wire_type == _VARINT:
            _, at = _varint(data, at, end)
        elif wire_type == _FIXED32:
            at += 4
        elif wire_type == _FIXED64:
            at += 8
        else:
            raise DamagedError(f"there is no meaning to byte {start:,}")
        if number == 0:
            raise DamagedError(f"there is no meaning to byte {start:,}")
        if at > len(data):
            raise DamagedError(f"it looks cut off, {at - len(data):,} bytes are missing")
        if at > end:
            raise DamagedError(f"the part at byte {start:,} is longer than what it is a part of")
        yield number, wire_type, start, payload, at


def _varint(data: mmap.mmap | bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise DamagedError(f"the number that ends at byte {at:,} is too long")
    raise DamagedError("it looks cut off" if end >= len(data) else f"a number is cut off at byte {end:,}")


class _Walk:
    """One pass over a file. Every method returns the message rewritten, or None where it stays as it is."""

    def __init__(self, data: mmap.mmap | bytes) -> None:
        self.data = data
        self.places: dict[str, Place] = {}

    def message(
        self, at: int, end: int, inner: Mapping[int, Callable[[int, int], list[Chunk] | None]]
    ) -> list[Chunk] | None:
        """Rewrite the fields named in ``inner``; the ranges between them are taken over whole."""
        chunks: list[Chunk] = []
        copied = at
        for number, wire_type, start, payload, stop in spans(self.data, at, end):
            if wire_type != _DELIMITED or number not in inner:
                continue
            rewritten = inner[number](payload, stop)
            if rewritten is not None:
                chunks += [(copied, start), _key(number) + _encoded(_length(rewritten)), *rewritten]
                copied = stop
        return [*chunks, (copied, end)] if chunks else None

    def graph(self, at: int, end: int, depth: int) -> list[Chunk] | None:
        if depth > DEEPEST:
            return None

        def initializer(start: int, stop: int) -> list[Chunk] | None:
            return self.tensor(start, stop, None if depth else "")

        inner = {_SPARSE_VALUES: self._nameless, _SPARSE_INDICES: self._nameless}
        return self.message(
            at,
            end,
            {
                _GRAPH_INITIALIZER: initializer,
                _GRAPH_NODE: lambda start, stop: self.node(start, stop, depth),
                _GRAPH_SPARSE: lambda start, stop: self.message(start, stop, inner),
            },
        )

    def function(self, at: int, end: int) -> list[Chunk] | None:
        return self.message(at, end, {_FUNCTION_NODE: lambda start, stop: self.node(start, stop, 1)})

    def node(self, at: int, end: int, depth: int) -> list[Chunk] | None:
        is_constant = depth == 0 and self.data.find(_IS_CONSTANT, at, min(end, at + _OP_TYPE_WITHIN)) >= 0
        if end - at < AT_LEAST_BYTES and not is_constant:
            return None
        name = self._constant_output(at, end) if is_constant else None

        def attribute(start: int, stop: int) -> list[Chunk] | None:
            if stop - start < AT_LEAST_BYTES and name is None:
                return None
            is_value = name is not None and self._text(start, stop, _ATTRIBUTE_NAME) == "value"
            return self.message(
                start,
                stop,
                {
                    _ATTRIBUTE_TENSOR: lambda a, b: self.tensor(a, b, name if is_value else None),
                    _ATTRIBUTE_GRAPH: lambda a, b: self.graph(a, b, depth + 1),
                    _ATTRIBUTE_GRAPHS: lambda a, b: self.graph(a, b, depth + 1),
                },
            )

        return self.message(at, end, {_NODE_ATTRIBUTE: attribute})

    def tensor(self, at: int, end: int, name: str | None) -> list[Chunk] | None:
        """Declare a large tensor external, and note where it lies.

        Args:
            at: Where its message starts.
            end: Where it ends.
            name: Under which to note the place; ``""`` for the tensor's own, None not to note it.
        """
        found = self._values(at, end)
        if found is None:
            return None
        place, cut = found
        name = self._text(at, end, _TENSOR_NAME) if name == "" else name
        if name is not None:
            self.places[name] = place
        if place.encoding != "raw" or place.length_bytes < AT_LEAST_BYTES:
            return None
        entries = b"".join(
            _delimited(_TENSOR_EXTERNAL_DATA, _delimited(1, key) + _delimited(2, value.encode()))
            for key, value in (
                (b"location", OWN_FILE),
                (b"offset", str(place.offset_bytes)),
                (b"length", str(place.length_bytes)),
            )
        )
        external = entries + _encoded(_TENSOR_DATA_LOCATION << 3) + b"\x01"
        return [(at, cut[0]), (cut[1], end), external]

    def _nameless(self, at: int, end: int) -> list[Chunk] | None:
        return self.tensor(at, end, None)

    def _values(self, at: int, end: int) -> tuple[Place, tuple[int, int]] | None:
        """Return the place of the values, and the range of the field that holds them; None if not one field does."""
        fields: list[Span] = []
        data_type = 0
        for span in spans(self.data, at, end):
            number, wire_type, _, payload, _ = span
            if number == _TENSOR_DATA_TYPE and wire_type == _VARINT:
                data_type, _ = _varint(self.data, payload, end)
            elif number == _TENSOR_DATA_LOCATION and self.data[payload] == 1:
                return None
            elif number == _TENSOR_RAW or number in _TYPED_DATA:
                if fields or wire_type != _DELIMITED:
                    return None  # in pieces, or not packed: the parser gathers them
                fields.append(span)
        if not fields:
            return None
        number, _, start, payload, stop = fields[0]
        if number == _TENSOR_RAW or _STORED_AS_IS.get(number) == data_type:
            return Place(payload, stop - payload, "raw"), (start, stop)
        if number in _VARINT_DATA:
            return Place(payload, stop - payload, "varints"), (start, stop)
        return None

    def _constant_output(self, at: int, end: int) -> str | None:
        if self._text(at, end, _NODE_OP_TYPE) != "Constant":
            return None
        return self._text(at, end, _NODE_OUTPUT)

    def _text(self, at: int, end: int, wanted: int) -> str | None:
        """Return that text field of a message, or None if it has none in UTF-8."""
        for number, wire_type, _, payload, stop in spans(self.data, at, end):
            if number == wanted and wire_type == _DELIMITED:
                try:
                    return self.data[payload:stop].decode()
                except UnicodeDecodeError:
                    return None
        return None


def _length(chunks: list[Chunk]) -> int:
    return sum(len(chunk) if isinstance(chunk, bytes) else chunk[1] - chunk[0] for chunk in chunks)


def _joined(data: mmap.mmap | bytes, chunks: list[Chunk]) -> bytes:
    return b"".join(chunk if isinstance(chunk, bytes) else data[chunk[0] : chunk[1]] for chunk in chunks)


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _key(number: int) -> bytes:
    return _encoded(number << 3 | _DELIMITED)


def _delimited(number: int, payload: bytes) -> bytes:
    return _key(number) + _encoded(len(payload)) + payload
