"""What a network is, and what running it gave: frozen facts, the same in every process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.graph.changes import UNCHANGED, Edits
from inspector.graph.preprocessing import Preprocessing
from inspector.graph.receptive_field import ReceptiveField
from inspector.graph.weight import Weight

Array = NDArray[np.generic]
Dimension = int | str | None  # known, named in the file, or unknown
Quantized = Literal["", "QDQ", "QOperator", "dynamic"]
RunView = Literal["step by step", "as deployed"]
AttributeValue = int | float | str | tuple[int | float | str, ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """What is known of a tensor before a run.

    Attributes:
        name: Unique in the model.
        dtype: ``"float32"``, ``"float16"``, ``"int64"``, ``"bfloat16"``, ``"string"``, ...; ``""`` if unknown.
        shape: As stored, e.g. ``(N, C, H, W)``; None if not even the rank is known.
        channels_last: The channels are its last axis, ``(N, H, W, C)``, as far as the graph tells.
        codes: What its integers stand for; None where they stand for themselves.
        passes: How many loops it is computed in. A run holds it with as many axes more in front, which count their
            passes; ``shape`` is that of one pass.
    """

    name: str
    dtype: str
    shape: tuple[Dimension, ...] | None
    channels_last: bool = False
    codes: Codes | None = None
    passes: int = 0


@dataclass(frozen=True, slots=True)
class Codes:
    """How a tensor's integers stand for real numbers: ``(code - zero point) * scale``.

    Attributes:
        scale: One number, or one for each element of ``axis``; empty where a run computes it.
        zero_point: Likewise; empty for 0.
        axis: Of the tensor, as stored.
        scale_tensor, zero_point_tensor: The tensors of a run that hold them, for dynamic quantization; else ``""``.
    """

    scale: tuple[float, ...] = ()
    zero_point: tuple[int, ...] = ()
    axis: int = 1
    scale_tensor: str = ""
    zero_point_tensor: str = ""


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a layer slides over its input; one number per spatial axis.

    Attributes:
        pads: In ONNX order, all begins and then all ends, with ``auto_pad`` resolved;
            None where that needs a size that is not known before a run.
    """

    kernel_shape: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[int, ...] | None
    dilations: tuple[int, ...]
    group: int = 1


@dataclass(frozen=True, slots=True)
class Layer:
    """One node of the network that we show.

    Attributes:
        index: Place in execution order, from 0.
        name: The node's name, else its first output's; made unique in the model.
        op_type: The ONNX operator, e.g. ``"Conv"``.
        domain: ``""`` for the standard operators.
        family: The word of the legend: one of ``kinds.FAMILIES``.
        inputs: Tensor names; ``""`` for an optional input left out.
        outputs: All its tensors. The first is the one shown.
        weights: What it learned, in the order of its inputs.
        stored: All its inputs that lie in the file, by tensor name, as they are stored.
        parameters: Learned numbers; running statistics of a normalization are not among them.
        statistics: Running statistics (mean and variance) of a normalization.
        macs: Multiply-accumulates of one pass; None where a shape is not known, 0 where there are none.
        is_constant: Nothing it computes depends on the model's inputs.
        inside: For a layer in the body of another (If, Loop, Scan): that layer's name and the branch,
            outermost first, as in ``(("If_25", "then_branch"),)``; empty for the others.
        hidden: Why its tensors cannot be shown, as a clause; ``""`` if they can.
    """

    index: int
    name: str
    op_type: str
    domain: str
    family: str
    inputs: tuple[str, ...]
    outputs: tuple[Tensor, ...]
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict, repr=False)
    weights: tuple[Weight, ...] = field(default=(), repr=False)
    stored: Mapping[str, Weight] = field(default_factory=dict, repr=False)
    geometry: Geometry | None = None
    parameters: int = 0
    statistics: int = 0
    macs: int | None = 0
    receptive_field: ReceptiveField = field(default_factory=ReceptiveField)
    is_constant: bool = False
    inside: tuple[tuple[str, str], ...] = ()
    hidden: str = ""

    @property
    def output(self) -> Tensor:
        """The tensor that is shown."""
        return self.outputs[0]

    def weight(self, role: str) -> Weight | None:
        """Return the weight of that role (``"kernel"``, ``"bias"``, ...), or None."""
        return next((weight for weight in self.weights if weight.role == role), None)


@dataclass(frozen=True, slots=True)
class Model:
    """A network as read from its file; the weights stay in the file.

    Attributes:
        path: The file, as the user gave it.
        opset: Version of the standard operators; 0 if the file names none.
        inputs: What it must be fed (initializers are not among them).
        layers: In execution order. ``Constant`` nodes are weights, not layers.
        parameters: Learned numbers, each counted once.
        statistics: Running statistics, each counted once.
        macs: Sum over the layers that know theirs; None if no layer does.
        labels: Class names that came with the model; empty if none did.
        labels_source: Where they came from, as a phrase for the user; ``""`` without labels.
        preprocessing: What the model's own files say of its pictures; None if they say nothing.
        fingerprint: Tells networks apart, whatever their files are called: SHA-256 in hexadecimal of the graph
            and of a little of each weight.
        quantized: How it is quantized; ``""`` if it is not.
        picture: The input in whose pixels receptive fields are given; ``""`` if there is none.
        picture_axes: Of that input, as stored: rows and columns, or the only axis of a signal.
        remarks: Sentences about what had to be repaired or could not be known.
    """

    path: str
    opset: int
    producer: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    layers: tuple[Layer, ...] = field(repr=False)
    parameters: int = 0
    statistics: int = 0
    macs: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    labels: tuple[str, ...] = field(default=(), repr=False)
    labels_source: str = ""
    preprocessing: Preprocessing | None = None
    remarks: tuple[str, ...] = ()
    fingerprint: str = ""
    quantized: Quantized = ""
    picture: str = ""
    picture_axes: tuple[int, ...] = ()

    def layer(self, name: str) -> Layer | None:
        """Return the layer of that name, or None."""
        return next((layer for layer in self.layers if layer.name == name), None)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it was decoded, for showing.

    Attributes:
        pixels: ``(height, width, 3)`` uint8 RGB, reduced if the file's picture is very large.
        size: ``(width, height)`` in the file, after its EXIF rotation.
        box: ``(left, top, right, bottom)`` of what the model sees, in pixels of ``size``; it may
            reach beyond the picture where that is letterboxed.
        note: What had to be decided to show it ("frame 1 of 6", "transparent over white"); may be empty.
        frames: How many pictures the file holds (animated, or pages); ``frame`` is which, from 0.
    """

    pixels: NDArray[np.uint8]
    size: tuple[int, int]
    box: tuple[float, float, float, float]
    note: str = ""
    frames: int = 1
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model as deployed answered.

    Attributes:
        image: The file that was run, as it was given.
        fed: What each input was fed, by name, read-only.
        outputs: By name, read-only.
        preprocessing: How the picture became a tensor; None where a tensor file was fed.
        picture: None where a tensor file was fed.
        provider: What ran it: ``"CPU"`` or ``"CUDA"``.
        seconds: Of the run alone.
        origins: Where each input's numbers came from, as a phrase by name ("the picture", "zeros", "16000",
            "state.npy"); what the user may change is in them.
        note: What had to be decided to feed a tensor or signal ("first 1 s of 3.2 s"); may be empty.
        edits: What of the network had been changed when it answered.
    """

    image: str
    fed: Mapping[str, Array] = field(repr=False)
    outputs: Mapping[str, Array] = field(repr=False)
    preprocessing: Preprocessing | None
    picture: Picture | None = field(repr=False)
    provider: str
    seconds: float
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)
    note: str = ""
    edits: Edits = UNCHANGED


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the instrumented model's outputs are from the deployed one's.

    Attributes:
        output: The output that differs most.
        max_abs: The largest absolute difference; None where no number can say it: only one of
            the two is NaN or infinite, or their shapes differ.
        top_changed: Whether the largest element of that output is another one.
    """

    output: str
    max_abs: float | None
    top_changed: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One picture through the network: the answer, and every tensor on the way.

    Attributes:
        prediction: Of the model as deployed.
        tensors: Of the instrumented model, by name, all read-only; the inputs are among them.
        missing: Tensors left out because they would not fit in memory; they come when looked at.
        unshowable: Tensors that are no arrays of numbers (sequences, strings), by name: what they are.
        casts: Tensors shown as float32 because numpy lacks their type, by name: that type.
        seconds: Of the instrumented run.
        view: ``step by step``: every operator by itself, optimisation off. ``as deployed``: only the tensors that
            survive fusion, from the graph as it is fully optimised.
        views: The views in which this model can be shown.
        view_note: Why a QDQ network cannot be shown as deployed, as a sentence; ``""`` for the others.
    """

    request_id: int
    prediction: Prediction
    tensors: Mapping[str, Array] = field(repr=False)
    difference: Difference | None
    seconds: float
    missing: tuple[str, ...] = ()
    unshowable: Mapping[str, str] = field(default_factory=dict)
    casts: Mapping[str, str] = field(default_factory=dict)
    view: RunView = "step by step"
    views: tuple[RunView, ...] = ("step by step",)
    view_note: str = ""
