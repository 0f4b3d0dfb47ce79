"""``python -m tests.benchmarks [NAME ...]``: measures, says what it measured, and judges nothing."""

from __future__ import annotations

import sys

from tests.benchmarks import arithmetic, drawing, memory, opening, overview, pictures, stalls

MEASURED = {
    "opening": opening.report,
    "drawing": drawing.report,
    "arithmetic": arithmetic.report,
    "memory": memory.report,
    "stalls": stalls.report,
    "pictures": pictures.report,
    "overview": overview.report,
}


def main() -> None:
    for name in sys.argv[1:] or MEASURED:
        MEASURED[name](print)


if __name__ == "__main__":
    main()
