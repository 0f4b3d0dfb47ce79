"""``python -m tests.benchmarks [NAME ...]``: measures, says what it measured, and judges nothing."""

from __future__ import annotations

import sys

from tests.benchmarks import arithmetic, drawing, editing, export, memory, opening, overview, panning, pictures, stalls

MEASURED = {
    "opening": opening.report,
    "drawing": drawing.report,
    "arithmetic": arithmetic.report,
    "editing": editing.report,
    "memory": memory.report,
    "stalls": stalls.report,
    "panning": panning.report,
    "pictures": pictures.report,
    "overview": overview.report,
    "export": export.report,
}


def main() -> None:
    for name in sys.argv[1:] or MEASURED:
        MEASURED[name](print)


if __name__ == "__main__":
    main()
