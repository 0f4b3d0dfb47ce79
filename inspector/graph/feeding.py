"""What a network is to be fed besides its picture, as a command line says it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

from inspector.errors import UsageError
from inspector.graph.model import Model
from inspector.graph.roles import role


@dataclass(frozen=True, slots=True)
class Feeding:
    """Wishes for a model that may not be open yet.

    Which part of a wish is the input's name is known only then: names may hold ``=``, and files too.

    Attributes:
        shapes: ``NAME=1,3,320,320``; of the only input without the name.
        inputs: ``NAME=FILE`` or ``NAME=NUMBER``; of the only input without the name.
        frame: Which picture of an animation or of pages, from 0.
    """

    shapes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    frame: int = 0

    def shapes_of(self, model: Model) -> Mapping[str, tuple[int, ...]]:
        """Return lengths by input name; a name that the model lacks is kept as it is."""
        named = (_named(text, model) for text in self.shapes)
        return {name: lengths(value) for name, value in named}

    def files_of(self, model: Model) -> Mapping[str, str]:
        """Return files by input name."""
        return {name: os.path.abspath(value) for name, value in self._inputs_of(model) if number(value) is None}

    def fills_of(self, model: Model) -> Mapping[str, float]:
        """Return numbers by input name."""
        found = ((name, number(value)) for name, value in self._inputs_of(model))
        return {name: value for name, value in found if value is not None}

    def check(self, model: Model) -> None:
        """Refuse what names no input of a model.

        Raises:
            UsageError: With the names there are.
        """
        names = [tensor.name for tensor in model.inputs]
        file = os.path.basename(model.path)
        for option, texts in (("--input-shape", self.shapes), ("--input", self.inputs)):
            for text in texts:
                name, value = _named(text, model)
                if name in names:
                    continue
                if name:
                    raise UsageError(f"{file} has no input {name!r}.", f"Its inputs: {', '.join(names)}.")
                raise UsageError(
                    f"{option} {value} does not say for which of {len(names)} inputs it is.",
                    f"Put the name before it: {option} NAME={value}. The inputs of {file}: {', '.join(names)}.",
                )

    def lacks_picture(self, model: Model) -> bool:
        """Return whether an input takes a picture or a volume, for which there is no sensible default."""
        given = {name for name, _ in self._inputs_of(model)}
        return any(role(each, model) in ("picture", "volume") for each in model.inputs if each.name not in given)

    def _inputs_of(self, model: Model) -> list[tuple[str, str]]:
        return [_named(text, model) for text in self.inputs]


def lengths(text: str) -> tuple[int, ...]:
    """Return what ``1,3,320,320`` says.

    Raises:
        ValueError: It says no lengths from 1 on.
    """
    parts = [each.strip() for each in text.split(",")]
    if not all(each.isascii() and each.isdigit() and int(each) > 0 for each in parts):
        raise ValueError(f"{text!r} holds no lengths")
    return tuple(int(each) for each in parts)


def number(text: str) -> float | None:
    """Return the finite number that a text is; None for the name of a file."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _named(text: str, model: Model) -> tuple[str, str]:
    """Return the input's name, ``""`` where it is open, and what is wished for it."""
    names = sorted((tensor.name for tensor in model.inputs), key=len, reverse=True)
    for name in names:
        if text.startswith(f"{name}="):
            return name, text[len(name) + 1 :]
    name, equals, value = text.partition("=")
    if equals and not os.path.lexists(text):
        return name, value
    return (names[0] if len(names) == 1 else ""), text
