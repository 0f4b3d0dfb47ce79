"""Starts the program: ``inspector`` and ``python -m inspector``."""

from __future__ import annotations

import sys


def main() -> int:
    """Carry out the command line; return the exit code."""
    if getattr(sys, "frozen", False):  # a packed program starts itself as its own child process
        import multiprocessing

        multiprocessing.freeze_support()
    from inspector.cli.main import main as carry_out

    return carry_out(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
