"""Statistics of a run for viewers of graphs: an attachment for Netron, and node data for Model Explorer.

Netron reads an attachment that is dropped on its window beside the model: entries for nodes and for values, by name.
Model Explorer reads one number for each node, by the node's name or by the name of a tensor that it makes, and colours
the nodes by it.

Source:
    Netron 9.3, ``source/view.js``, ``metadata.Attachment``; Model Explorer 0.1.34, ``node_data_builder.py``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from inspector.analysis.maps import channel_statistics
from inspector.analysis.reading import Reading
from inspector.graph.model import Layer, Model

Statistics = Mapping[str, Mapping[str, Any]]
"""By the name of a tensor: a row of ``gathered.statistics_facts``, with that of ``channel_facts`` if it is known."""

_GRADIENT = ((0.0, "#440154"), (0.25, "#3b528b"), (0.5, "#21918c"), (0.75, "#5ec962"), (1.0, "#fde725"))  # viridis
_SHOWN: Mapping[str, str] = {
    "mean": "mean",
    "std": "std",
    "minimum": "min",
    "maximum": "max",
    "zeros": "zeros, %",
    "channels": "channels",
    "dead": "dead channels",
    "constant": "constant channels",
    "nans": "NaN",
    "infinities": "Inf",
    "milliseconds": "ms",
}
"""What is written of a tensor, and what it is called."""

METRICS: Mapping[str, str] = {
    "mean": "Mean of the activations",
    "maximum": "Largest activation",
    "zeros": "Zeros in percent",
    "dead": "Dead channels",
    "milliseconds": "Milliseconds",
}
"""What nodes can be coloured by in Model Explorer, and what it is called there."""


def channel_facts(read: Reading) -> dict[str, Any]:
    """Return how many channels a tensor has, and how many of them are zero or one number everywhere.

    Channels of a single number are not counted as constant.
    """
    found = channel_statistics(read.all_slices)
    constant = int(found.constant.sum()) if max(read.values.shape[1:]) > 1 else 0
    return {"channels": len(found.mean), "dead": int(found.dead.sum()), "constant": constant}


def netron_attachment(
    model: Model,
    statistics: Statistics,
    seconds: Mapping[str, float] | None = None,
    about: Mapping[str, str] | None = None,
) -> str:
    """Return an attachment for Netron: what each layer's tensors hold.

    Args:
        model: The network.
        statistics: Of tensors; layers without any are left out.
        seconds: That a layer takes, by its name, where it was measured.
        about: What is said of the run, such as the picture; it appears with the model's own properties.

    Returns:
        JSON.
    """
    metrics: list[dict[str, Any]] = []
    for layer in model.layers:
        for place, output in enumerate(layer.outputs):
            values = _values(layer, output.name, statistics, None if place else seconds)
            if not place:
                metrics += [{"kind": "node", "target": layer.name, **each} for each in _entries(values)]
            if output.name:
                metrics += [{"kind": "value", "target": output.name, **each} for each in _entries(values)]
    metadata = [
        {"kind": "model", "target": "", "name": name, "value": value, "type": "string"}
        for name, value in (about or {}).items()
    ]
    return _json({"signature": "netron:attachment", "metadata": metadata, "metrics": metrics})


def model_explorer(
    model: Model, statistics: Statistics, metric: str = "zeros", seconds: Mapping[str, float] | None = None
) -> str:
    """Return node data for Model Explorer: one number for each layer, by which its node is coloured.

    Args:
        model: The network.
        statistics: Of tensors; layers without any are left out.
        metric: A name from ``METRICS``.
        seconds: That a layer takes, by its name, where it was measured.

    Returns:
        JSON, of the graph that is open: its name need not be known.

    Raises:
        KeyError: ``metric`` is not in ``METRICS``.
    """
    title = METRICS[metric]
    results: dict[str, dict[str, Any]] = {}
    found = [(layer, _values(layer, layer.output.name, statistics, seconds).get(metric)) for layer in model.layers]
    # Under the node's name, and under the tensor's for nodes that have none in the file; a node's name goes first.
    for key in _KEYS:
        for layer, value in found:
            if isinstance(value, (int, float)) and math.isfinite(value) and key(layer):
                results.setdefault(key(layer), {"value": value})
    gradient = [{"stop": stop, "bgColor": color} for stop, color in _GRADIENT]
    return _json({"name": title, "results": results, "gradient": gradient})


def _name_of(layer: Layer) -> str:
    return layer.name


def _tensor_of(layer: Layer) -> str:
    return layer.output.name


_KEYS: tuple[Callable[[Layer], str], ...] = (_name_of, _tensor_of)  # the first one counts where two meet


def _values(
    layer: Layer, tensor: str, statistics: Statistics, seconds: Mapping[str, float] | None
) -> dict[str, int | float | str]:
    """Return what is known of a tensor, by the keys of ``_SHOWN``."""
    row = statistics.get(tensor, {})
    values: dict[str, int | float | str] = {key: row[key] for key in _SHOWN if row.get(key) is not None}
    if isinstance(values.get("zeros"), (int, float)):
        values["zeros"] = 100 * float(values["zeros"])
    if row:
        values["infinities"] = row.get("positive_infinities", 0) + row.get("negative_infinities", 0)
    for key in ("nans", "infinities"):
        if not values.get(key):
            values.pop(key, None)
    if seconds is not None and layer.name in seconds:
        values["milliseconds"] = 1000 * seconds[layer.name]
    return values


def _entries(values: Mapping[str, int | float | str]) -> list[dict[str, Any]]:
    return [{"name": _SHOWN[key], "value": _rounded(values[key])} for key in _SHOWN if key in values]


def _rounded(value: int | float | str) -> int | float | str:
    """Return six significant digits, which is more than a float16 has and fits a side bar."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _json(content: Any) -> str:
    return f"{json.dumps(content, indent=1, allow_nan=False)}\n"
