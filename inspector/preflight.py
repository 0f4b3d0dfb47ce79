"""What Qt needs from the system. Where a library or the display is missing it ends the process, so we ask first."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Iterable, Mapping

from inspector.errors import UsageError

# The libraries that Qt's own files name, and the Debian package of each; .setup.sh installs the same.
BASE_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
}
X11_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
WAYLAND_LIBRARIES = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
FONT_PACKAGE = "fonts-dejavu-core"
_SYSTEM_FONTS = 0  # FcSetSystem


def require_window(environment: Mapping[str, str] | None = None) -> None:
    """Return if a window can open with these environment variables (by default, ours).

    Raises:
        UsageError: It cannot; says why, and what to install or to use instead.
    """
    if found := window_problem(environment):
        raise UsageError(*found)


def window_problem(environment: Mapping[str, str] | None = None) -> tuple[str, str] | tuple[()]:
    """Return why no window can open, as a sentence and its remedy; empty if one can."""
    environment = os.environ if environment is None else environment
    if sys.platform != "linux":
        return ()
    problems = [problem(platform, environment) for platform in platforms(environment)]
    if not problems:
        return (
            "There is no display, so the window cannot open.",
            "Without one, use inspector classify for the probabilities and inspector export for the feature maps.",
        )
    return problems[-1] if all(problems) else ()


def platforms(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the Qt platforms that may be tried, the first one first; empty without a display."""
    if chosen := environment.get("QT_QPA_PLATFORM", ""):
        return tuple(each.split(":")[0] for each in chosen.split(";"))
    wayland = ("wayland",) if environment.get("WAYLAND_DISPLAY") else ()
    x11 = ("xcb",) if environment.get("DISPLAY") else ()
    return wayland + x11


def problem(platform: str, environment: Mapping[str, str]) -> tuple[str, str] | tuple[()]:
    """Return why Qt cannot start on a platform, as a sentence and its remedy; empty if it can."""
    if missing := missing_libraries(platform):
        return f"Qt needs system libraries that are missing: {', '.join(missing)}.", install_remedy(missing.values())
    if not has_fonts():
        return "There is no font on this system, so no text could be shown.", install_remedy([FONT_PACKAGE])
    display = environment.get({"xcb": "DISPLAY", "wayland": "WAYLAND_DISPLAY"}.get(platform, ""), "")
    if platform == "xcb" and not _x11_answers(display):
        return f"The display {display} cannot be reached.", "Check DISPLAY, and that this user may use that display."
    if platform == "wayland" and not _wayland_answers(display):
        return f"The Wayland display {display} cannot be reached.", "Check WAYLAND_DISPLAY and XDG_RUNTIME_DIR."
    return ()


def missing_libraries(platform: str) -> dict[str, str]:
    """Return the libraries that a Qt platform needs and the system lacks, each with its Debian package."""
    if sys.platform != "linux":
        return {}
    wanted = BASE_LIBRARIES | {"xcb": X11_LIBRARIES, "wayland": WAYLAND_LIBRARIES}.get(platform, {})
    return {library: package for library, package in wanted.items() if _load(library) is None}


def install_remedy(packages: Iterable[str]) -> str:
    """Return the command that installs Debian packages, or elsewhere what to look for."""
    names = " ".join(dict.fromkeys(packages))
    if shutil.which("apt-get"):
        return f"Install them with: sudo apt-get install {names}"
    return f"Install what your system has in place of Debian's {names}."


def has_fonts() -> bool:
    """Return whether fontconfig, where Qt finds its fonts, knows any."""
    fontconfig = _load("libfontconfig.so.1") if sys.platform == "linux" else None
    if fontconfig is None:
        return True
    fontconfig.FcConfigGetCurrent.restype = ctypes.c_void_p
    fontconfig.FcConfigGetFonts.restype = ctypes.POINTER(ctypes.c_int)  # the set begins with its count
    fontconfig.FcConfigGetFonts.argtypes = (ctypes.c_void_p, ctypes.c_int)
    fonts = fontconfig.FcConfigGetFonts(fontconfig.FcConfigGetCurrent(), _SYSTEM_FONTS)
    return bool(fonts) and fonts[0] > 0


def _x11_answers(name: str) -> bool:
    xcb = _load("libxcb.so.1")
    if xcb is None:
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    xcb.xcb_connection_has_error.argtypes = (ctypes.c_void_p,)
    xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    connection = xcb.xcb_connect(os.fsencode(name) or None, None)
    answers = not xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return answers


def _wayland_answers(name: str) -> bool:
    wayland = _load("libwayland-client.so.0")
    if wayland is None:
        return False
    wayland.wl_display_connect.restype = ctypes.c_void_p
    wayland.wl_display_connect.argtypes = (ctypes.c_char_p,)
    wayland.wl_display_disconnect.argtypes = (ctypes.c_void_p,)
    display = wayland.wl_display_connect(os.fsencode(name) or None)
    if not display:
        return False
    wayland.wl_display_disconnect(display)
    return True


def _load(library: str) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(library)
    except OSError:
        return None
