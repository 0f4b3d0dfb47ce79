"""Locks the child in before it touches a file that came from anywhere.

Landlock (Linux 5.13 and later) needs no privileges: after ``lock_in`` the process can read the
model's folder and the libraries, write nothing, start nothing, and reach no network.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterable

# Numbers of the kernel's interface (linux/landlock.h), the same on every architecture since 5.13.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _RULE_PATH_BENEATH = 1, 1
_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_FILE, _MAKE_REG = 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 8
_REMOVE_DIR, _MAKE_DIR = 1 << 4, 1 << 7
_FS_RIGHTS_OF_FIRST_ABI = (1 << 13) - 1
_READING = 1 | _READ_FILE | _READ_DIR  # and starting programs
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_NET_BIND_AND_CONNECT = 3
_SCOPE_SOCKETS_AND_SIGNALS = 3
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38

_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/opt")


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


def landlock_abi() -> int:
    """Return the kernel's Landlock version; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG)))


def limit(memory_bytes: int, file_bytes: int) -> None:
    """Bound what this process can take, and tie its life to its parent's.

    Args:
        memory_bytes: Private memory it may use; 0 for no bound.
        file_bytes: How large a file it writes may become; 0 for no bound.
    """
    if sys.platform == "win32":
        return
    import resource  # not on Windows

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    if file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    if memory_bytes:
        # Not RLIMIT_AS: GPU drivers reserve far more addresses than they use.
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # if memory runs out, this process goes and not the window
    with contextlib.suppress(OSError):
        os.nice(5)


def lock_in(folders: Iterable[str], scratch: str = "") -> str:
    """Allow this process to read ``folders`` and the libraries, and nothing else.

    Args:
        folders: With all that is below them.
        scratch: A folder in which it may make, write and remove files; ``""`` for none.

    Returns:
        What keeps it in, or why nothing does, as a phrase.
    """
    abi = landlock_abi()
    if abi == 0:
        return "off (no Landlock here)"
    rights = _FS_RIGHTS_OF_FIRST_ABI
    rights |= (_REFER if abi >= 2 else 0) | (_TRUNCATE if abi >= 3 else 0) | (_IOCTL_DEV if abi >= 5 else 0)
    rules = [(folder, _READ_FILE, _READ_DIR) for folder in _readable(folders)]
    if scratch:
        writing = _WRITE_FILE | _MAKE_REG | _REMOVE_FILE | (_TRUNCATE if abi >= 3 else 0)
        rules.append((scratch, _READ_FILE, _READ_DIR | writing))
    refused = _restrict(abi, rights, rules, _SCOPE_SOCKETS_AND_SIGNALS if abi >= 6 else 0)
    if refused:
        return refused
    writes = "only to a folder of its own" if scratch else "nothing"
    return f"Landlock {abi}: reads the model's folder and the libraries, writes {writes}"


def write_only_to(folder: str) -> str:
    """Allow this process, and those that it starts, to write below ``folder``, and nowhere else; it may read all.

    Args:
        folder: It must be there.

    Returns:
        What keeps it in, or why nothing does, as a phrase.
    """
    abi = landlock_abi()
    if abi == 0:
        return "off (no Landlock here)"
    changing = _REFER if abi >= 2 else 0
    changing |= _TRUNCATE if abi >= 3 else 0
    rights = (_FS_RIGHTS_OF_FIRST_ABI & ~_READING) | changing
    writing = _WRITE_FILE | (_TRUNCATE if abi >= 3 else 0)
    below = _MAKE_REG | _MAKE_DIR | _REMOVE_FILE | _REMOVE_DIR | (_REFER if abi >= 2 else 0)
    rules = [(folder, writing, below), ("/dev", writing, 0)]  # the GPU's driver, and what swallows output
    return _restrict(abi, rights, rules, 0) or f"Landlock {abi}: writes only to {folder}"


def _readable(folders: Iterable[str]) -> set[str]:
    return {*_SYSTEM_FOLDERS, sys.prefix, sys.base_prefix, *sys.path, *folders}


def _restrict(abi: int, rights: int, rules: Iterable[tuple[str, int, int]], scopes: int) -> str:
    """Give up rights but for what the rules say of paths; return why that was refused, or an empty text."""
    attributes = _RulesetAttributes(rights, _NET_BIND_AND_CONNECT if abi >= 4 else 0, scopes)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _syscall(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return f"off (Landlock refused: {os.strerror(ctypes.get_errno())})"
    try:
        for path, of_file, of_folder in rules:
            _allow(ruleset, path, of_file, of_folder)
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if _syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)):
            return f"off (Landlock refused: {os.strerror(ctypes.get_errno())})"
    finally:
        os.close(ruleset)
    return ""


def _allow(ruleset: int, folder: str, rights: int, rights_of_folder: int) -> None:
    try:
        descriptor = os.open(folder or ".", os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no right
    try:
        is_folder = os.path.isdir(f"/proc/self/fd/{descriptor}")
        rule = _PathBeneath(rights | (rights_of_folder if is_folder else 0), descriptor)
        _syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def _syscall(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return int(libc.syscall(ctypes.c_long(number), *arguments))
