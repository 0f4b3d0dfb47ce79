"""The failures a user can act on. Any other exception is a bug."""

from __future__ import annotations

from typing import ClassVar


class InspectorError(Exception):
    """Says in one sentence what went wrong and, in ``remedy``, what to try.

    Attributes:
        exit_code: What the command line returns for it.
        kind: The name of the failure in messages between the processes.
    """

    exit_code: ClassVar[int] = 3
    kind: ClassVar[str] = "input"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(InspectorError):
    """The command was given in a way that cannot be carried out."""

    exit_code = 2
    kind = "usage"


class ModelError(InspectorError):
    """The file is not a network we can show."""

    kind = "model"


class ImageError(InspectorError):
    """The file is not a picture or tensor we can feed."""

    kind = "image"


class RunError(InspectorError):
    """ONNX Runtime could not load or run the model."""

    exit_code = 4
    kind = "runtime"


class LimitError(InspectorError):
    """What was asked for needs more memory or time than is allowed."""

    exit_code = 5
    kind = "limit"


class EngineError(InspectorError):
    """The engine process died."""

    exit_code = 6
    kind = "engine"


class ExportError(InspectorError):
    """Files could not be written."""

    exit_code = 7
    kind = "export"


KINDS: tuple[type[InspectorError], ...] = (
    InspectorError,
    UsageError,
    ModelError,
    ImageError,
    RunError,
    LimitError,
    EngineError,
    ExportError,
)


def error_of(kind: str, message: str, remedy: str = "") -> InspectorError:
    """Return the error of that ``kind``, as it came from another process."""
    by_kind = {error.kind: error for error in KINDS}
    return by_kind.get(kind, InspectorError)(message, remedy)
