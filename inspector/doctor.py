"""What is installed and what really works here: the facts that a report of a fault needs."""

from __future__ import annotations

import ctypes
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import inspector
from inspector import preflight
from inspector.engine.child.sandbox import landlock_abi

LIBRARIES = ("numpy", "onnx", "pillow", "msgspec", "cmap", "pyside6-essentials", "pyqtgraph")
RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-silicon")
PROVIDERS = {"CPU": "CPUExecutionProvider", "CUDA": "CUDAExecutionProvider"}
PROBE_SECONDS = 120

# Makes a session of one Relu and runs it. Libraries print on descriptor 1, so the answer goes to a copy of it.
_PROBE = """
import json, os, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
answer = {"version": "", "provider": "", "reason": ""}
try:
    import numpy
    import onnxruntime
    from onnx import TensorProto, helper
    answer["version"] = onnxruntime.__version__
    wanted = sys.argv[1]
    if wanted != "CPUExecutionProvider":
        onnxruntime.preload_dlls()
    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "probe", shape[:1], shape[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=[wanted])
    session.disable_fallback()
    session.run(None, {"x": numpy.array([-1, 0, 1, 2], numpy.float32)})
    answer["provider"] = session.get_providers()[0]
except Exception as error:
    answer["reason"] = str(error)
json.dump(answer, answers)
"""


def report() -> dict[str, Any]:
    """Return the facts, ready for JSON. Takes a second or two: sessions are started in processes of their own."""
    probes = {name: _start_probe(provider) for name, provider in PROVIDERS.items()}
    facts: dict[str, Any] = {
        "inspector": inspector.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "libraries": {name: version for name in LIBRARIES if (version := _version(name))},
        "onnxruntime": {
            "version": "",
            "distributions": {name: version for name in RUNTIMES if (version := _version(name))},
            "telemetry": "off" if os.environ.get("ORT_DISABLE_TELEMETRY") == "1" else "on",
        },
        "gpu_driver": _has_gpu_driver(),
        "window": _window(),
        "sandbox": {"landlock_abi": landlock_abi()},
        "providers": {},
    }
    for name, process in probes.items():
        answer = _answer(process)
        facts["onnxruntime"]["version"] = facts["onnxruntime"]["version"] or answer["version"]
        starts = answer["provider"] == PROVIDERS[name]
        facts["providers"][name] = {"starts": starts, "reason": "" if starts else answer["reason"]}
    return facts


def sentences(report: Mapping[str, Any]) -> list[str]:
    """Return the facts in words; what hinders comes with its remedy."""
    runtime, window, providers = report["onnxruntime"], report["window"], report["providers"]
    lines = [
        f"Feature Map Inspector {report['inspector']} with Python {report['python']} on {report['system']},"
        f" {report['processors']} processors.",
        "Libraries: " + ", ".join(f"{name} {version}" for name, version in report["libraries"].items()) + ".",
    ]
    if runtime["version"]:
        lines.append(f"ONNX Runtime {runtime['version']}; its telemetry is {runtime['telemetry']}.")
    if len(runtime["distributions"]) > 1:
        names = " ".join(runtime["distributions"])
        lines.append(
            f"{' and '.join(runtime['distributions'])} are installed together and overwrite each other's files."
            f" Repair it with: pip uninstall --yes {names} && pip install {_runtime_wanted()}"
        )
    for name, provider in providers.items():
        reason = f": {provider['reason']}" if provider["reason"] else ""
        lines.append(f"{name} works." if provider["starts"] else f"{name} does not start{reason}.")
    if not providers["CUDA"]["starts"]:
        lines.append(_cuda_remedy(report["gpu_driver"]))
    lines.append(f"{window['problem']} {window['remedy']}".strip() if window["problem"] else "The window can open.")
    abi = report["sandbox"]["landlock_abi"]
    lines.append(
        f"The engine is locked in by Landlock {abi}: it reads the model's folder and the libraries, and writes nothing."
        if abi
        else "The engine runs in a process of its own, but this system has no Landlock to lock it in."
    )
    return lines


def _start_probe(provider: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROBE, provider],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=os.environ | {"ORT_DISABLE_TELEMETRY": "1"},
    )


def _answer(process: subprocess.Popen[str]) -> dict[str, str]:
    """Wait for a probe; what it printed besides explains a provider that did not start."""
    try:
        output, log = process.communicate(timeout=PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {"version": "", "provider": "", "reason": f"no answer within {PROBE_SECONDS} seconds"}
    try:
        answer: dict[str, str] = json.loads(output)
    except json.JSONDecodeError:
        return {"version": "", "provider": "", "reason": f"the process ended with code {process.returncode}"}
    answer["reason"] = " ".join((answer["reason"] or _reason(log)).split()).rstrip(".")
    return answer


def _reason(log: str) -> str:
    """Return the missing library that ONNX Runtime's log names, else its first error."""
    lines = [line for line in log.splitlines() if "rror" in line]
    named = [line.partition("with error:")[2] for line in lines if "with error:" in line]
    return (named or lines or [""])[0].strip()


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _window() -> dict[str, Any]:
    problem, remedy = preflight.window_problem() or ("", "")
    platforms = preflight.platforms(os.environ) or ("offscreen",)
    missing = [library for each in platforms for library in preflight.missing_libraries(each)]
    return {"problem": problem, "remedy": remedy, "missing_libraries": list(dict.fromkeys(missing))}


def _has_gpu_driver() -> bool:
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _runtime_wanted() -> str:
    return (
        "onnxruntime-gpu" if platform.machine() in ("x86_64", "AMD64") and sys.platform != "darwin" else "onnxruntime"
    )


def _cuda_remedy(has_driver: bool) -> str:
    if not has_driver:
        return "No NVIDIA driver is loaded, so models run on the CPU."
    return "The NVIDIA driver is there; CUDA's libraries come with: pip install feature-map-inspector[cuda]"
