"""Changes of a network as text, and what the process is told that writes such a network to a new file."""

from __future__ import annotations

import os

import msgspec

from inspector.graph.changes import Edits

# The program's folder is the first argument; the request comes through standard input, as it may be long.
START = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from inspector.engine.child.saving import main; sys.exit(main(sys.stdin.buffer.read()))"
)


class SaveModel(msgspec.Struct, frozen=True):
    """Write a model with its changes to a new file.

    Attributes:
        path: The model, absolute.
        target: The new file, absolute.
        edits: What was changed.
        fingerprint: Of the model as it was opened; it must not be another one by now.
    """

    path: str
    target: str
    edits: Edits
    fingerprint: str


def written(edits: Edits) -> bytes:
    """Return changes as JSON."""
    return msgspec.json.encode(edits)


def read(content: bytes) -> Edits:
    """Return changes from JSON.

    Raises:
        ValueError: It holds none.
    """
    return msgspec.json.decode(content, type=Edits)


def request(path: str, target: str, edits: Edits, fingerprint: str) -> bytes:
    """Return what that process reads."""
    return msgspec.json.encode(SaveModel(os.path.abspath(path), os.path.abspath(target), edits, fingerprint))
