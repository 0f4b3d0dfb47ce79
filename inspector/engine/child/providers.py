"""What ONNX Runtime may run a model on."""

from __future__ import annotations

import ctypes

import onnxruntime as ort


def execution_providers(wanted: str) -> tuple[list[str], str]:
    """Return ONNX Runtime's providers for ``"auto"``, ``"cpu"`` or ``"cuda"``, and a note if it cannot be had."""
    if wanted == "cpu" or (wanted == "auto" and not gpu_driver_loads()):
        return ["CPUExecutionProvider"], ""
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        note = "CUDA was asked for and the installed ONNX Runtime has none." if wanted == "cuda" else ""
        return ["CPUExecutionProvider"], note
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    return ["CUDAExecutionProvider", "CPUExecutionProvider"], ""


def gpu_driver_loads() -> bool:
    """Return whether NVIDIA's driver library is there; ONNX Runtime lists CUDA on any machine."""
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False
