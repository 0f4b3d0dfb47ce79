"""Which input is fed what: the files of a request, its numbers, and a default for the rest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import numpy as np

from inspector.engine.child import pictures, preprocess, signals, tensors
from inspector.engine.child.lengths import Lengths, default_shape, image_input
from inspector.engine.child.preprocess import Prepared
from inspector.engine.protocol import RunImage
from inspector.errors import ImageError, LimitError
from inspector.graph.defaults import default_of
from inspector.graph.model import Array, Model, Picture, Tensor
from inspector.graph.preprocessing import Preprocessing
from inspector.graph.roles import Role, role

OpenFile = tuple[str, BinaryIO]  # a path and the file, open at its start
_ROLES = {"picture": "a picture", "signal": "a signal", "volume": "a volume"}


@dataclass(slots=True)
class Fed:
    """What each input is fed.

    Attributes:
        feeds: By input name, in the model's types; see ``tensors.for_runtime``.
        origins: Where those numbers came from, by input name.
        recipe: How the picture became a tensor; None without a picture.
        picture: For showing; None without one.
        note: What had to be decided for a tensor or signal; may be empty.
    """

    feeds: dict[str, Array] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    recipe: Preprocessing | None = None
    picture: Picture | None = None
    note: str = ""


def feed(model: Model, request: RunImage, image: OpenFile | None, files: Sequence[OpenFile]) -> Fed:
    """Return what each input is fed.

    Args:
        model: As its file describes it.
        request: What the user gave.
        image: Of ``request.image``.
        files: Of ``request.inputs``, in their order.

    Raises:
        ImageError: A file cannot be read or fits no input, or there is no input of that name.
        LimitError: Something is too large.
    """
    return _Feeding(model, request).feed(image, files)


class _Feeding:
    def __init__(self, model: Model, request: RunImage) -> None:
        for name in (*request.shapes, *request.inputs, *request.fills):
            if all(tensor.name != name for tensor in model.inputs):
                names = ", ".join(tensor.name for tensor in model.inputs)
                raise ImageError(f"{os.path.basename(model.path)} has no input {name!r}.", f"Its inputs: {names}.")
        self._request = request
        self._lengths = Lengths()
        given = {name: with_shape(_named(model, name), shape) for name, shape in request.shapes.items()}
        for name, tensor in given.items():
            self._lengths.bind(_named(model, name).shape, tensor.shape)
        self._model = replace(model, inputs=tuple(given.get(tensor.name, tensor) for tensor in model.inputs))
        self._rate = (0, "")  # of a signal, and the file it is in
        self._fed = Fed()

    def feed(self, image: OpenFile | None, files: Sequence[OpenFile]) -> Fed:
        for (path, file), name in zip(files, self._request.inputs, strict=True):
            note = self._take(path, file, _named(self._model, name))
            self._fed.origins[name] = f"{os.path.basename(path)} ({note})" if note else os.path.basename(path)
        if image is not None:
            self._take_image(*image)
        for name, number in self._request.fills.items():
            if name not in self._fed.feeds:
                self._fill(_named(self._model, name), number)
        for tensor in self._model.inputs:
            if tensor.name not in self._fed.feeds:
                self._default(tensor)
        order = [tensor.name for tensor in self._model.inputs]
        self._fed.feeds = {name: self._fed.feeds[name] for name in order}
        self._fed.origins = {name: self._fed.origins[name] for name in order}
        return self._fed

    # ---------------------------------------------------------------- files

    def _take_image(self, path: str, file: BinaryIO) -> None:
        """Feed the main file to the input that it is for."""
        name = os.path.basename(path)
        if _is_a(path, *tensors.SUFFIXES):
            arrays = tensors.read(file, name)
            if "" not in arrays:
                self._take_named(arrays, name)
                return
            target = self._target(path)
            self._fed.note = self._put_array(arrays[""], target, name)
        else:
            target = self._target(path)
            self._fed.note = self._take(path, file, target)
        is_picture = self._fed.picture is not None and target.name not in self._request.inputs
        self._fed.origins[target.name] = "the picture" if is_picture and not _is_numbers(path) else name
        if not _is_numbers(path):
            self._fed.note = ""  # it stands in the picture's own note

    def _take_named(self, arrays: dict[str, Array], name: str) -> None:
        """Feed the arrays of one file to the inputs of their names."""
        fitting = [each for each in self._free_inputs() if each.name in arrays]
        if not fitting:
            raise ImageError(
                f"{name} holds {len(arrays)} arrays ({', '.join(list(arrays)[:8])}), none called like an input.",
                f"Save one array, or call them as the inputs: {', '.join(each.name for each in self._model.inputs)}.",
            )
        for tensor in fitting:
            note = self._put_array(arrays[tensor.name], tensor, f"{name} ({tensor.name})")
            self._fed.origins[tensor.name] = f"{name} ({note})" if note else name
        others = [each for each in arrays if all(each != tensor.name for tensor in fitting)]
        self._fed.note = f"not used: {', '.join(others[:8])}" if others else ""

    def _target(self, path: str) -> Tensor:
        """Return the input that the main file is for."""
        name, model = os.path.basename(path), os.path.basename(self._model.path)
        free = self._free_inputs()
        if not free:
            raise ImageError(f"{model} has no input left to feed {name} to.", "Leave the file out.")
        roles = {tensor.name: role(tensor, self._model) for tensor in free}
        wanted: tuple[Role, ...] = ("picture", "signal", "volume")
        if not _is_numbers(path):
            wanted = ("picture",)
        elif _is_a(path, signals.WAVE):
            wanted = ("signal",)
        found = [tensor for tensor in free if roles[tensor.name] in wanted]
        if found:
            return found[0]
        if wanted in (("picture",), ("signal",)):
            takes = next((_ROLES[each] for each in roles.values() if each in _ROLES), "a tensor")
            raise ImageError(f"{model} has no input that takes {_ROLES[wanted[0]]}.", _GIVE[takes])
        return free[0]

    def _free_inputs(self) -> list[Tensor]:
        taken = {*self._request.inputs, *self._request.fills}
        return [tensor for tensor in self._model.inputs if tensor.name not in taken]

    def _take(self, path: str, file: BinaryIO, tensor: Tensor) -> str:
        """Feed an input from a file; return what had to be decided."""
        name = os.path.basename(path)
        if _is_a(path, *tensors.SUFFIXES):
            arrays = tensors.read(file, name)
            array = arrays.get("", arrays.get(tensor.name))
            if array is None:
                raise ImageError(f"{name} holds no array {tensor.name!r}.", f"It holds: {', '.join(list(arrays)[:8])}.")
            return self._put_array(array, tensor, name)
        if _is_a(path, signals.WAVE):
            return self._put_signal(signals.read_wave(file, name), tensor, name)
        if _is_a(path, signals.TABLE):
            table = signals.read_table(file, name)
            is_signal = role(tensor, self._model) == "signal"
            if is_signal and not self._is_flat(tensor, table):
                return self._put_signal(signals.of_table(table), tensor, name)
            return self._put_array(table[:, 0] if table.shape[1] == 1 else table, tensor, name)
        return self._put_picture(file, tensor, name)

    def _is_flat(self, tensor: Tensor, table: Array) -> bool:
        """Return whether a table holds just as many numbers as a flat input, row by row."""
        shape = self._lengths.known(tensor.shape) or ()
        return min(table.shape) > 1 and [each for each in shape if each != 1][-1:] == [table.size]

    def _put_array(self, array: Array, tensor: Tensor, name: str) -> str:
        resolved = replace(tensor, shape=self._lengths.known(tensor.shape))
        can_fit = tensors.can_fit(array, resolved)
        signal = None if can_fit or role(tensor, self._model) != "signal" else signals.of_array(array.squeeze())
        if signal is not None:
            return self._put_signal(signal, tensor, name)
        fitted, note = tensors.fitted(array, resolved, name)
        self._put(tensor, fitted)
        return note

    def _put_signal(self, signal: signals.Signal, tensor: Tensor, name: str) -> str:
        if signal.rate:
            self._rate = (signal.rate, name)
        fitted, note = signals.fitted(signal, replace(tensor, shape=self._lengths.known(tensor.shape)), name)
        self._put(tensor, fitted)
        return note

    def _put_picture(self, file: BinaryIO, tensor: Tensor, name: str) -> str:
        decoded = pictures.decode(file, name, self._request.frame)
        chosen = self._request.preprocessing or self._model.preprocessing
        wanted = image_input(tensor, self._model, self._lengths, decoded, chosen)
        if wanted is None:
            raise ImageError(
                f"The input {tensor.name!r} takes {tensors.words(tensor.shape or ())}, which no picture fits.",
                "Give a .npy, .npz or ONNX .pb tensor.",
            )
        recipe = chosen or preprocess.recipe_for(self._model, wanted)
        if chosen is None and (recipe.size or recipe.layout):  # a guess that knows more than the shape says
            wanted = image_input(tensor, self._model, self._lengths, decoded, recipe) or wanted
        if wanted.channels not in preprocess.PICTURE_CHANNELS and decoded.frames > 1:
            file.seek(0)
            prepared = preprocess.prepare_pages(pictures.pages(file, name), wanted, recipe)
        else:
            prepared = preprocess.prepare(decoded, wanted, recipe)
        self._put(tensor, prepared.tensor)
        if self._fed.picture is None or tensor.name not in self._request.inputs:
            self._fed.recipe, self._fed.picture = recipe, _picture(decoded, prepared, recipe)
        return prepared.note

    def _put(self, tensor: Tensor, array: Array) -> None:
        self._lengths.bind(tensor.shape, array.shape)
        self._fed.feeds[tensor.name] = array

    # ---------------------------------------------------------------- numbers

    def _fill(self, tensor: Tensor, number: float) -> None:
        """Feed one number everywhere."""
        shape = default_shape(tensor, self._model, self._lengths)
        _check_size(tensor, shape)
        number = float(number)
        told = str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:g}"
        value = tensors.as_type(np.array(number, np.float64), tensor)
        if tensors.is_integer(tensor) and float(value) != number:
            raise ImageError(
                f"The input {tensor.name!r} takes {tensor.dtype}, which cannot be {told}.", "Give another number."
            )
        self._put(tensor, np.full(shape, value, value.dtype))
        self._fed.origins[tensor.name] = told

    def _default(self, tensor: Tensor) -> None:
        """Feed what an input gets that nobody gave anything."""
        shape = default_shape(tensor, self._model, self._lengths)
        _check_size(tensor, shape)
        fed = next((array for array in self._fed.feeds.values() if array.ndim == 4), None)
        values, origin = default_of(tensor, shape, self._rate, fed.shape if fed is not None else ())
        self._put(tensor, tensors.as_type(values, tensor))
        self._fed.origins[tensor.name] = origin


_GIVE = {
    "a picture": "Give it a picture, or a .npy, .npz or ONNX .pb tensor.",
    "a signal": "Give it a .wav or .csv signal, or a .npy, .npz or ONNX .pb tensor.",
    "a volume": "Give it a .npy, .npz or ONNX .pb tensor.",
    "a tensor": "Give it a .npy, .npz or ONNX .pb tensor.",
}


def with_shape(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the input with the lengths that the user gave it.

    Raises:
        ImageError: The model fixes another length.
    """
    if not tensors.fits(tensor.shape, shape) or any(length < 1 for length in shape):
        raise ImageError(
            f"The input {tensor.name!r} takes {tensors.words(tensor.shape or ())}, "
            f"which {tensors.words(shape)} does not fit.",
            "Give a length for each axis; those that the model fixes must stay.",
        )
    return replace(tensor, shape=shape)


def _named(model: Model, name: str) -> Tensor:
    return next(tensor for tensor in model.inputs if tensor.name == name)


def _picture(decoded: pictures.Decoded, prepared: Prepared, recipe: Preprocessing) -> Picture:
    opaque, over = pictures.over(decoded, recipe.background)
    notes = [decoded.note, prepared.note, "" if over in prepared.note else over]
    note = ", ".join(filter(None, notes))
    return Picture(pictures.shown(opaque), decoded.size, prepared.box, note, decoded.frames, decoded.frame)


def _is_a(path: str, *endings: str) -> bool:
    return path.lower().endswith(endings)


def _is_numbers(path: str) -> bool:
    return _is_a(path, *tensors.SUFFIXES, signals.WAVE, signals.TABLE)


def _check_size(tensor: Tensor, shape: tuple[int, ...]) -> None:
    size = tensors.numpy_type(tensor).itemsize
    for length in shape:
        size *= length
    if size > tensors.MOST_BYTES:
        raise LimitError(
            f"The input {tensor.name!r} takes {tensors.words(shape)} numbers, {size / 2**30:.1f} GiB.",
            "Give it a smaller shape.",
        )
