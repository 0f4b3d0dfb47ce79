"""What a model's own files say of its pictures and of its classes: asked one after the other, the first word counts.

The sidecar, then Hugging Face's files, then the metadata in the model's file and, for classes, lists of names beside
the model. Only the sidecar was written for this program, so only in it is a mistake a reason not to open the model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from inspector import format
from inspector.errors import InspectorError
from inspector.graph import beside, huggingface, metadata, sidecar
from inspector.graph.forms import PictureForm, class_counts, picture_form
from inspector.graph.model import Tensor
from inspector.graph.preprocessing import Preprocessing
from inspector.labels import parse

_OF_MODEL = (".labels.txt", "_labels.txt", ".labels.json", "_labels.json", ".names", ".classes.txt", "_classes.txt")
_OF_FOLDER = (
    *("labels.txt", "synset.txt", "classes.txt", "class_names.txt", "names.txt", "labels.json", "classes.json"),
    *("imagenet_classes.txt", "imagenet-classes.txt", "imagenet1000_clsidx_to_labels.txt", "coco_classes.txt"),
    *("imagenet_class_index.json", "imagenet-simple-labels.json", "coco.names", "obj.names", "categories.txt"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a model's own files say.

    Attributes:
        preprocessing: None if they say nothing of pictures.
        labels: Class names; empty if there are none.
        labels_source: Where they are from, as a phrase for the user.
        remarks: Sentences about what was passed over, and why.
    """

    preprocessing: Preprocessing | None = None
    labels: tuple[str, ...] = ()
    labels_source: str = ""
    remarks: tuple[str, ...] = ()


def read(
    model_path: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], in_file: Mapping[str, str] | None = None
) -> Said:
    """Ask everything that may know how a model wants its pictures and what its classes are called.

    Args:
        model_path: The ONNX file, as the user gave it; it is not opened.
        inputs: What it must be fed; what is said has to fit them.
        outputs: What it gives; lists of names beside the model have to fit their number of classes.
        in_file: The metadata in the model's file.

    Raises:
        ModelError: The sidecar cannot be used.
    """
    own = sidecar.read(model_path)
    theirs = huggingface.read(model_path)
    remarks = list(theirs.remarks)
    recipe, form = own.preprocessing, picture_form(inputs)
    for each in (theirs.preprocessing, metadata.preprocessing(in_file or {})):
        if recipe is None and each is not None:
            recipe, remark = _fitting(each, form)
            remarks += [remark] if remark else []
    counts = class_counts(inputs, outputs)
    found = (*_named(own, theirs, in_file or {}, model_path), *_listed(model_path, counts))
    fitting = (each for each in found if not counts or len(each[0]) in counts)
    names, source = next(fitting, found[0] if found else ((), ""))
    return Said(recipe, names, source, tuple(remarks))


# ---------------------------------------------------------------- pictures


def _fitting(recipe: Preprocessing, form: PictureForm | None) -> tuple[Preprocessing | None, str]:
    """Return a foreign recipe if it can be for this model, and what is to be said of it."""
    if form is None:
        return None, ""
    is_grey = max(len(recipe.mean), len(recipe.std)) == 1
    if form.channels == 1 and not is_grey:
        return (
            None,
            f"{_sentence(recipe.source)} is for coloured pictures; the model takes grey ones, and it is passed over.",
        )
    if form.channels == 1:
        recipe = replace(recipe, channels="grey")
    elif recipe.channels == "grey" and form.channels is not None:
        return (
            None,
            f"{_sentence(recipe.source)} is for grey pictures; the model takes coloured ones, and it is passed over.",
        )
    fixed = (form.height, form.width)
    if recipe.size is None or None in fixed or recipe.size == fixed:
        return recipe, ""
    says, takes = (format.shape(each) for each in (recipe.size, fixed))
    return recipe, f"{_sentence(recipe.source)} says {says}; the model takes {takes}, and that is what it gets."


def _sentence(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:] if phrase.startswith("the ") else phrase


# ---------------------------------------------------------------- classes


def _named(
    own: sidecar.Sidecar, theirs: huggingface.Said, in_file: Mapping[str, str], model_path: str
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the class names that are said to be this model's, and where they are from."""
    if own.labels:
        yield own.labels, f"{os.path.basename(sidecar.sidecar_path(model_path))} beside the model"
    if theirs.labels:
        yield theirs.labels, theirs.labels_source
    names, source = metadata.labels(in_file)
    if names:
        yield names, source


def _listed(model_path: str, counts: frozenset[int]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the lists of names beside the model that have as many as the model has classes.

    A list beside a model may be for another one: only its length speaks for it.
    """
    folder = beside.folder_of(model_path)
    stem = os.path.splitext(os.path.basename(model_path))[0]
    for name in (*(f"{stem}{ending}" for ending in _OF_MODEL), *_OF_FOLDER):
        path = os.path.join(folder, name)
        if not counts or not os.path.lexists(path):
            continue
        try:
            names = parse(beside.text(path, model_path), name)
        except InspectorError:
            continue  # no list of names: a file of that name may hold anything
        if len(names) in counts:
            yield names, f"{name} beside the model"
