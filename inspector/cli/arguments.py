"""What is asked for on a command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from inspector.cli.commands import COMMANDS, window_parser
from inspector.cli.parser import Parser
from inspector.errors import UsageError

_WITH_VALUE = {"--provider", "--preprocess", "--labels", "--screenshot", "--size", "--theme"}
_WITH_VALUE |= {"--head", "--memory", "--time", "--repeats"}
_WITH_VALUE |= {"--input-shape", "--input", "--frame", "--recipe", "--edits"}
_WITH_VALUE |= {"--gif", "--part", "-o", "--output", "--max-size"}
_WITH_VALUE |= {"--format", "--channels", "--colormap", "--scaling", "--limits", "--scale", "--width", "--jobs"}
_WITH_VALUE |= {"--expect", "--layer", "--channel", "--at", "--index", "--top", "--to", "--what", "--layers", "--view"}


def parsed(given: Sequence[str]) -> tuple[str, argparse.Namespace]:
    """Return the command, ``""`` for the window, and what was asked of it.

    Raises:
        SystemExit: The arguments are wrong, or ask for help or the version; everything is said already.
        UsageError: The files are given in a wrong order.
    """
    arguments = list(given)
    place = _first_positional(arguments)
    command = arguments.pop(place) if place is not None and arguments[place] in COMMANDS else ""
    asked = _parsed(COMMANDS[command]() if command else window_parser(), arguments)
    _check_order(command, asked)
    _check_trials(asked)
    return command, asked


def _check_order(command: str, asked: argparse.Namespace) -> None:
    """Refuse a command that does not come first, and a model among the pictures where the model belongs."""
    images = asked.images if "images" in asked else []
    for name in images if not command else ():
        if name in COMMANDS and not os.path.lexists(name):
            raise UsageError(f"The command {name} comes first, before the files.", f"See inspector {name} --help.")
    model = next((image for image in images if _is_onnx(image)), None)
    if command and model is not None and not _is_onnx(asked.model):
        raise UsageError(
            f"{asked.model} is given as the model, and {model} as a picture.",
            f"The model comes first: inspector {command} MODEL IMAGE...",
        )


def _check_trials(asked: argparse.Namespace) -> None:
    if "expect" not in asked:
        return
    if asked.try_preprocessing and not asked.images:
        raise UsageError("There is no picture to try it on.", "Give pictures after the model.")
    if asked.expect and not asked.try_preprocessing:
        raise UsageError("--expect says what to rank the usual ways by.", "Give --try-preprocessing too.")
    if asked.check and asked.try_preprocessing:
        raise UsageError("--check and --try-preprocessing are two questions.", "Give one of them.")


def _is_onnx(name: str) -> bool:
    return name.lower().endswith(".onnx")


def _parsed(parser: Parser, arguments: list[str]) -> argparse.Namespace:
    """Parse options and files in any order; what follows ``--`` are files, whatever their names.

    Python 3.11's own way of parsing them mixed loses what follows ``--``, so these are sent through under other names.
    """
    place = arguments.index("--") if "--" in arguments else len(arguments)
    names = {f"file {number} after --": name for number, name in enumerate(arguments[place + 1 :], 1)}
    parser.names = names
    parser.files = [each for each in arguments[:place] if each.startswith("-") and os.path.lexists(each)]
    asked = parser.parse_intermixed_args([*arguments[:place], *names])
    if "model" in asked and asked.model is not None:
        asked.model = names.get(asked.model, asked.model)
    if "image" in asked:
        asked.image = names.get(asked.image, asked.image)
    if "images" in asked:
        asked.images = [names.get(image, image) for image in asked.images]
    return asked


def _first_positional(arguments: Sequence[str]) -> int | None:
    """Return the place of the first argument that is neither an option nor the value of one."""
    is_value = False
    for place, argument in enumerate(arguments):
        if argument == "--":  # what follows are files, whatever their names
            return None
        if is_value:
            is_value = False
        elif argument.startswith("-") and argument != "-":
            is_value = argument in _WITH_VALUE
        else:
            return place
    return None
