"""The pointer in every panel: where its place is in another layer, and on the picture."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.graph.context import Rectangle
from inspector.graph.linked import Element, Maps, Seen, maps_of, reached_by, same_place, seen_by
from inspector.graph.model import Layer
from inspector.graph.receptive_field import ReceptiveField
from inspector.ui.readout import Readout, sees
from inspector.ui.session import Session


@dataclass(frozen=True, slots=True)
class Linked:
    """Where the pointer's place is in a layer's maps.

    Attributes:
        element: ``(row, column)`` of the element that looks there.
        reached: The elements that a pixel of the picture reaches; it may be empty.
    """

    element: tuple[int, int] | None = None
    reached: Rectangle | None = None


NOWHERE = Linked()


def shown_maps(session: Session, layer: Layer) -> Maps | None:
    """Return how a layer's maps lie in the run that is shown."""
    run = session.shown_run()
    tensor = run.tensors.get(layer.output.name) if run is not None else None
    return maps_of(layer, tensor) if tensor is not None else None


def cursor_in(session: Session, layer: Layer) -> Linked:
    """Return where the pointer's place is in a layer's maps."""
    cursor = session.cursor
    if cursor is None or session.model is None:
        return NOWHERE
    if cursor.layer == layer.name:
        return Linked((cursor.row, cursor.column))
    maps = shown_maps(session, layer)
    if maps is None:
        return NOWHERE
    if not cursor.layer:
        found = reached_by(maps, (cursor.row, cursor.column))
        if found is None:
            return NOWHERE
        return Linked(reached=Rectangle(found.left, found.top, found.right, found.bottom) if found.count else None)
    source = session.model.layer(cursor.layer)
    other = shown_maps(session, source) if source is not None else None
    if other is None:
        return NOWHERE
    place = same_place(other, _element(session, cursor.layer, cursor.row, cursor.column, cursor.channel or 0), maps)
    return Linked((place.row, place.column)) if place is not None else NOWHERE


def seen_on_input(session: Session) -> Seen | None:
    """Return what the element under the pointer sees of the input, else what the selected one sees.

    None where there is neither, and while the pointer is on the input itself.
    """
    cursor, view, model = session.cursor, session.view, session.model
    if model is None:
        return None
    if cursor is not None and cursor.layer:
        layer = session.layer() if cursor.layer == view.layer else model.layer(cursor.layer)
        place = cursor.row, cursor.column, cursor.channel or 0
    elif view.element is not None:
        layer, place = session.layer(), (*view.element, view.channel)
    else:
        return None
    maps = shown_maps(session, layer) if layer is not None else None
    return seen_by(maps, _element(session, maps.layer, *place)) if maps is not None else None


def reaches(session: Session, layer: Layer) -> Readout:
    """Say which elements of a layer the pixel under the pointer reaches, for a readout."""
    cursor, maps = session.cursor, shown_maps(session, layer)
    if cursor is None or cursor.layer or maps is None:
        return ()
    found = reached_by(maps, (cursor.row, cursor.column))
    if found is None:
        return (("reaches", f"unknown elements of {layer.name}"),)
    if layer.receptive_field.status == "whole input":
        return (("reaches", f"all of {layer.name}"),)
    if not found.count:
        return (("reaches", f"nothing of {layer.name}"),)
    size = f"{found.bottom - found.top} × {found.right - found.left}"
    noun = "element" if found.count == 1 else "elements"
    return (("reaches", f"{'at most ' if found.is_bound else ''}{size} {noun} of {layer.name}"),)


def _element(session: Session, layer: str, row: int, column: int, channel: int) -> Element:
    reading = session.reading() if layer == session.view.layer else None
    return Element(row, column, channel, reading.slice if reading is not None else 0)


def field_in_words(field: ReceptiveField) -> str:
    """Say what an element sees, and how certain that is."""
    if field.status == "unknown":
        return "sees a part that is not known"
    said = sees(field)
    return " ".join(said[0]) if said else "sees nothing of it"
