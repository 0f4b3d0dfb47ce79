"""Why a layer's feature maps are not there to be seen."""

from __future__ import annotations

from inspector import format
from inspector.analysis.comparing import Side
from inspector.graph.model import Array, Layer, Run
from inspector.ui.session import Session
from inspector.ui.text import shortened


def why_no_tensor(session: Session, layer: Layer, side: Side | None = None) -> str:
    """Say why this session has no tensor for a layer's output, of that side of two compared runs."""
    run, name = session.shown_run(side), shortened(layer.name)
    if layer.hidden:
        return f"The output of {name} cannot be shown: {layer.hidden.rstrip('.')}."
    if run is None:
        if session.busy:
            return f"The feature maps of {name} are on their way."
        if session.image:
            return f"There is no run to show. Run the picture again to see what {name} makes of it."
        return f"Open a picture, or drop one on the window, to see what {name} makes of it."
    tensor = layer.output.name
    if tensor in run.missing:
        left_out = f"The output of {name} was left out of the run so that it fits in memory."
        if session.busy:
            return f"{left_out} It is being computed now."
        return f"{left_out} It could not be computed by itself either; run the picture again to try once more."
    if tensor in run.unshowable:
        where = f" ({layer.inside[-1][1]} of {shortened(layer.inside[-1][0])})" if layer.inside else ""
        return f"The output of {name} cannot be drawn: it is {run.unshowable[tensor]}{where}."
    if is_fused_away(run, layer):
        return f"{name} is fused away in the deployed network: its output is never computed by itself."
    if layer.inside:
        return _not_run(name, layer)
    return f"The run did not reach the output of {name}, so there is nothing to draw."


def being_looked_through(layer: Layer) -> str:
    """Return what is said while very many values are looked through."""
    return f"The many values of {shortened(layer.name)} are being looked through."


def why_no_maps(layer: Layer, tensor: Array) -> str:
    """Say why a tensor cannot be drawn as feature maps."""
    name, shape = shortened(layer.name), format.shape(tensor.shape)
    if tensor.ndim == 0 and tensor.dtype.kind in "biuf":
        return f"The output of {name} is a single number: {format.significant(float(tensor))}."
    if not tensor.size:
        return f"The output of {name} is empty: its shape is {shape}."
    return f"The output of {name} cannot be drawn as feature maps: {shape}, {tensor.dtype}."


def is_fused_away(run: Run, layer: Layer) -> bool:
    """Say whether a run as deployed lacks a layer's tensor because no operator of the optimised network makes it."""
    name = layer.output.name
    return run.view == "as deployed" and name not in run.tensors and name not in run.missing


def _not_run(name: str, layer: Layer) -> str:
    owner, branch = (shortened(each) for each in layer.inside[-1])
    if branch == "body":
        return f"{name} lies in the body of {owner}, which did not run: there is nothing to draw."
    return f"{name} lies in the {branch} of {owner}, and this run took the other one: there is nothing to draw."
