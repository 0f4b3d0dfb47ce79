"""What the window tells the command line to export: arguments for what is shown, fed as it was fed."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from inspector.export.wish import FORMATS, WHAT, Look, Wish
from inspector.graph import recipe_text
from inspector.graph.model import RunView
from inspector.graph.preprocessing import Preprocessing

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def command(
    model: str,
    image: str,
    folder: str,
    *,
    layer: str = "",
    recipe: Preprocessing | None = None,
    provider: str = "auto",
    labels: str = "",
    view: RunView = "step by step",
    inputs: Mapping[str, str | float] = _NOTHING,
    shapes: Mapping[str, tuple[int, ...]] = _NOTHING,
    frame: int = 0,
    head: str = "",
    wish: Wish | None = None,
    overwrite: bool = False,
    resume: bool = False,
) -> list[str]:
    """Return the command line that exports one picture's run; its process writes to that folder only.

    Args:
        model: The file.
        image: A picture or tensor file.
        folder: Where the files go.
        layer: Only this one; ``""`` for all.
        recipe: The user's choice of preprocessing; None leaves it to the model.
        provider: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        labels: A labels file; ``""`` leaves it to the model.
        view: In which view a quantized model is run.
        inputs: Files and numbers for other inputs, by input name.
        shapes: Lengths for inputs that leave some open, by input name.
        frame: Which picture of an animation or of pages, from 0.
        head: How the user wants the answer read; ``""`` leaves it to the model.
        wish: What is written and how it looks; None for the usual things of ``layer``.
        overwrite: Replace what an earlier export wrote there; else it ends with a sentence.
        resume: Keep what an earlier export wrote there, if it is complete and was asked for the same.
    """
    arguments = ["export", "--progress", "--locked", f"--to={folder}"]
    if overwrite or resume:
        arguments.append("--overwrite" if overwrite else "--resume")
    if wish is not None:
        arguments += wish_arguments(wish)
    elif layer:
        arguments += [f"--layers={glob.escape(layer)}", "--what=maps,kernels,tensors"]
    arguments += feeding_arguments(recipe, provider, inputs, shapes, frame)
    if view == "as deployed":
        arguments.append("--view=deployed")
    if labels:
        arguments.append(f"--labels={labels}")
    if head:
        arguments.append(f"--head={head}")
    return [*arguments, "--", os.path.abspath(model), os.path.abspath(image)]


def wish_arguments(wish: Wish) -> list[str]:
    """Return the arguments that say what is written, and how it looks."""
    look = wish.look
    arguments = [f"--what={','.join(each for each in WHAT if each in wish.what)}", f"--layers={wish.layers}"]
    if wish.formats:
        arguments.append(f"--format={','.join(each for each in FORMATS if each in wish.formats)}")
    if wish.channels:
        arguments.append(f"--channels={','.join(map(str, wish.channels))}")
    if look.limits is not None:
        arguments.append(f"--limits={look.limits[0]!r},{look.limits[1]!r}")
    else:
        arguments.append(f"--scaling={look.scaling}")
    if look.colormap:
        arguments.append(f"--colormap={look.colormap}")
    if look.width or look.scale:
        arguments.append(f"--width={look.width}" if look.width else f"--scale={look.scale}")
    return [*arguments, *(["--caption"] if look.is_captioned else [])]


def feeding_arguments(
    recipe: Preprocessing | None,
    provider: str,
    inputs: Mapping[str, str | float],
    shapes: Mapping[str, tuple[int, ...]],
    frame: int,
) -> list[str]:
    """Return the arguments that say what the model is fed, and what runs it; see ``command``."""
    arguments = [f"--provider={provider}"]
    if recipe is not None:
        arguments.append(f"--recipe={json.dumps(recipe_text.record(recipe))}")
    arguments += [f"--input={name}={value}" for name, value in inputs.items()]
    arguments += [f"--input-shape={name}={','.join(map(str, shape))}" for name, shape in shapes.items()]
    if frame:
        arguments.append(f"--frame={frame}")
    return arguments


def animation_command(
    model: str, image: str, path: str, layer: str, channel: int, part: int, feeding: Sequence[str]
) -> list[str]:
    """Return the command line that writes a layer's sliding window as an animation.

    Args:
        model: The file.
        image: A picture or tensor file.
        path: Of the GIF file.
        layer: With a window.
        channel: Of its output.
        part: Of the sum: which of the input channels that go into it; -1 for the one that counts most.
        feeding: What the model is fed, as ``feeding_arguments`` says it.
    """
    arguments = ["explain", "--locked", f"--layer={layer}", f"--channel={channel}", f"--gif={os.path.abspath(path)}"]
    arguments += [f"--part={part}"] if part >= 0 else []
    return [*arguments, *feeding, "--", os.path.abspath(model), os.path.abspath(image)]


def sequence_command(
    model: str, images: Sequence[str], folder: str, layer: str, feeding: Sequence[str], look: Look, view: RunView
) -> list[str]:
    """Return the command line that writes what one layer makes of one picture after the other, as a GIF.

    Args:
        model: The file.
        images: In their order.
        folder: It gets a folder for the animation; what is there is replaced.
        layer: Its name.
        feeding: What the model is fed, as ``feeding_arguments`` says it.
        look: Of the maps.
        view: In which view a quantized model is run.
    """
    wish = Wish(frozenset({"sequence"}), glob.escape(layer), frozenset({"gif"}), look=look)
    arguments = ["export", "--progress", "--locked", "--overwrite", f"--to={folder}", *wish_arguments(wish)]
    arguments += ["--view=deployed"] if view == "as deployed" else []
    return [*arguments, *feeding, "--", os.path.abspath(model), *map(os.path.abspath, images)]


def report_command(
    model: str, image: str, path: str, feeding: Sequence[str], look: Look, view: RunView, labels: str, head: str
) -> list[str]:
    """Return the command line that writes the report of one picture's run.

    Args:
        model: The file.
        image: A picture or tensor file.
        path: Of the page; what is there is replaced.
        feeding: What the model is fed, as ``feeding_arguments`` says it.
        look: Of the maps; the report takes scaling and colormap.
        view: In which view a quantized model is run.
        labels: A labels file; ``""`` leaves it to the model.
        head: How the user wants the answer read; ``""`` leaves it to the model.
    """
    arguments = ["report", "--progress", "--locked", "--overwrite", f"--output={os.path.abspath(path)}"]
    arguments += [f"--scaling={look.scaling}", *([f"--colormap={look.colormap}"] if look.colormap else [])]
    arguments += ["--view=deployed"] if view == "as deployed" else []
    arguments += [f"--labels={labels}"] if labels else []
    arguments += [f"--head={head}"] if head else []
    return [*arguments, *feeding, "--", os.path.abspath(model), os.path.abspath(image)]
