"""All that crosses the process boundary: JSON messages, each checked against its type when it arrives."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from inspector.graph.changes import Edits, SlideEdit
from inspector.graph.model import Difference, Model, Prediction, Run, RunView
from inspector.graph.preprocessing import Preprocessing

MESSAGE_BYTES = 1 << 20  # a longer body travels in a block of shared memory
BODY_BYTES = 1 << 28


# ---------------------------------------------------------------- what the program asks for


class OpenModel(msgspec.Struct, frozen=True, tag=True):
    """Read a model, describe it, and make its sessions ready.

    Answered by ``ModelOpened`` (as soon as structure and shapes are known) and then ``Ready``.

    Attributes:
        path: Absolute.
    """

    request_id: int
    path: str


class RunImage(msgspec.Struct, frozen=True, tag=True):
    """Run a model, opening it first if this child has not yet.

    Answered by ``Predicted``, and then, if ``maps``, by ``Ran``; by ``ModelOpened`` before them if the network now has
    other strides or pads than the last time.

    Attributes:
        image: A picture, signal or tensor file; ``""`` to feed defaults only.
        preprocessing: None: the model's own, or a guess; what was used comes back in the prediction.
        inputs: Files for other inputs, by input name.
        fills: A number for other inputs, by input name: every element gets it. The rest get a default.
        shapes: Lengths for inputs that leave some open, by input name; one number for every axis.
        frame: Which picture of an animation or of pages, from 0.
        maps: Also run the instrumented model.
        tensors: The tensors wanted; empty: all that fit in memory.
        view: Which tensors to show of a quantized model; see ``Run.view``.
        held_bytes: What the program holds of another run beside this one: these tensors get that much less, though
            never less than a quarter of what they would get alone.
        edits: What of the network is changed; nothing of it is written to the file.
    """

    request_id: int
    path: str
    image: str
    preprocessing: Preprocessing | None = None
    inputs: Mapping[str, str] = {}
    fills: Mapping[str, float] = {}
    shapes: Mapping[str, tuple[int, ...]] = {}
    frame: int = 0
    maps: bool = True
    tensors: tuple[str, ...] = ()
    view: RunView = "step by step"
    held_bytes: int = 0
    edits: Edits = Edits()

    def again(self, request_id: int, tensors: tuple[str, ...]) -> RunImage:
        """Return the same question, asked once more for some tensors."""
        return msgspec.structs.replace(self, request_id=request_id, tensors=tensors, held_bytes=0)


class MeasureLayers(msgspec.Struct, frozen=True, tag=True):
    """Time each layer of the instrumented network on a picture. Answered by ``Measured``.

    Only an engine that was given a scratch folder can: ONNX Runtime writes its profile to a file.

    Attributes:
        run: What to run; its ``maps``, ``tensors`` and ``view`` do not matter.
        repeats: Runs to take the median of, after one that does not count.
    """

    request_id: int
    run: RunImage
    repeats: int = 5

    @property
    def path(self) -> str:
        """Of the model."""
        return self.run.path


Request = OpenModel | RunImage | MeasureLayers


# ---------------------------------------------------------------- what the program gets back


class ModelOpened(msgspec.Struct, frozen=True, tag=True):
    """The model's structure and shapes; its sessions are still being made.

    Attributes:
        slides: The strides and pads that it has in place of its file's.
    """

    request_id: int
    model: Model
    slides: tuple[SlideEdit, ...] = ()


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The sessions are made; the next run starts at once.

    Attributes:
        provider: What will run the model: ``"CPU"`` or ``"CUDA"``.
        note: Why that is not what was asked for; empty if it is.
        sandbox: What keeps the child locked in, or why nothing does.
        seconds: What making both sessions took.
        layer_providers: What runs each layer of the instrumented model, by layer name, as ONNX Runtime assigned it.
    """

    request_id: int
    provider: str
    note: str
    sandbox: str
    seconds: float
    layer_providers: Mapping[str, str] = {}


class Predicted(msgspec.Struct, frozen=True):
    """The answer of the model as deployed."""

    request_id: int
    prediction: Prediction


class Ran(msgspec.Struct, frozen=True):
    """Every tensor of the instrumented model."""

    request_id: int
    run: Run


class Measured(msgspec.Struct, frozen=True, tag=True):
    """How long each layer takes.

    Attributes:
        seconds: Of the instrumented model's layers, by layer name, without what profiling itself costs a layer.
        total_seconds: Of a whole run of the instrumented model while it is profiled; the sum of the layers is less.
        plain_seconds: Of a whole run of it while it is not.
        deployed_seconds: Of a whole run of the model as deployed.
    """

    request_id: int
    seconds: Mapping[str, float]
    total_seconds: float
    plain_seconds: float
    deployed_seconds: float


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The end of a request that could not be carried out.

    Attributes:
        kind: Of the error, see ``errors.error_of``; ``"stopped"`` if the user stopped it.
        detail: For the log.
        is_spent: The child ran out of memory: nobody knows what in it is still whole, so it serves no more.
    """

    request_id: int
    kind: str
    message: str
    remedy: str = ""
    detail: str = ""
    is_spent: bool = False


Reply = ModelOpened | Ready | Predicted | Ran | Measured | Failed


# ---------------------------------------------------------------- between the two processes only


class Placement(msgspec.Struct, frozen=True):
    """Where an array lies in a block.

    Attributes:
        dtype: A numpy type string, e.g. ``"<f4"``.
        offset: In bytes.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    block: int
    offset: int


class NeedBlock(msgspec.Struct, frozen=True, tag=True):
    """The child needs that many bytes of shared memory; answered by ``Lend``."""

    bytes: int


class Lend(msgspec.Struct, frozen=True, tag=True):
    """A block for the child to write into.

    Attributes:
        is_new: Its descriptor comes with this message (or its path, where descriptors cannot be passed).
        forget: Blocks the child must unmap.
        refusal: Why there is none; empty if there is.
    """

    block: int
    bytes: int
    is_new: bool
    path: str = ""
    forget: tuple[int, ...] = ()
    refusal: str = ""


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Stop the run at the next node."""


class InBlock(msgspec.Struct, frozen=True, tag=True):
    """A message too long to send lies at the start of that block."""

    block: int
    bytes: int


class PictureFacts(msgspec.Struct, frozen=True):
    """A ``Picture`` without its pixels, which have a placement."""

    pixels: Placement
    size: tuple[int, int]
    box: tuple[float, float, float, float]
    note: str
    frames: int = 1
    frame: int = 0


class PredictedAt(msgspec.Struct, frozen=True, tag=True):
    """``Prediction`` as the child sends it."""

    request_id: int
    fed: tuple[Placement, ...]
    outputs: tuple[Placement, ...]
    preprocessing: Preprocessing | None
    picture: PictureFacts | None
    provider: str
    seconds: float
    origins: Mapping[str, str] = {}
    note: str = ""


class RanAt(msgspec.Struct, frozen=True, tag=True):
    """``Run`` as the child sends it."""

    request_id: int
    tensors: tuple[Placement, ...]
    difference: Difference | None
    seconds: float
    missing: tuple[str, ...]
    unshowable: Mapping[str, str]
    casts: Mapping[str, str]
    view: RunView = "step by step"
    views: tuple[RunView, ...] = ("step by step",)
    view_note: str = ""


ToChild = OpenModel | RunImage | MeasureLayers | Lend | Cancel
FromChild = ModelOpened | Ready | Measured | Failed | NeedBlock | InBlock | PredictedAt | RanAt
