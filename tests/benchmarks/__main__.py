"""``python -m tests.benchmarks``: measures, says what it measured, and judges nothing."""

from __future__ import annotations

from tests.benchmarks import opening


def main() -> None:
    opening.report(print)


if __name__ == "__main__":
    main()
