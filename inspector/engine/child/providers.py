"""What ONNX Runtime may run a model on, and what it really runs each layer on."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable

import onnxruntime as ort

from inspector.graph.model import Layer


def execution_providers(wanted: str) -> tuple[list[str], str]:
    """Return ONNX Runtime's providers for ``"auto"``, ``"cpu"`` or ``"cuda"``, and a note if it cannot be had."""
    if wanted == "cpu" or (wanted == "auto" and not gpu_driver_loads()):
        return ["CPUExecutionProvider"], ""
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        note = "The installed ONNX Runtime has no CUDA, so the model runs on the CPU." if wanted == "cuda" else ""
        return ["CPUExecutionProvider"], note
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    return ["CUDAExecutionProvider", "CPUExecutionProvider"], ""


def layer_providers(session: ort.InferenceSession, layers: Iterable[Layer]) -> dict[str, str]:
    """Return what runs each layer, ``"CPU"`` or ``"CUDA"``, by the layer's name, as ONNX Runtime assigned it.

    A layer for which ONNX Runtime has no kernel is written out by it as several nodes of other names; it is known only
    where everything runs on one provider.

    Args:
        session: Made of nodes that have their layers' names, with assignments recorded.
        layers: Of the model.
    """
    assigned = {
        node.name: subgraph.ep_name.removesuffix("ExecutionProvider")
        for subgraph in session.get_provider_graph_assignment_info()
        for node in subgraph.get_nodes()
    }
    used = set(assigned.values())
    rest = used.pop() if len(used) == 1 else ""
    found = {layer.name: assigned.get(layer.name, rest) for layer in layers}
    return {name: provider for name, provider in found.items() if provider}


def gpu_driver_loads() -> bool:
    """Return whether NVIDIA's driver library is there; ONNX Runtime lists CUDA on any machine."""
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False
