"""``inspector doctor``: versions, what models can run on, and what is missing."""

from __future__ import annotations

import argparse

from inspector.cli.console import write, write_json
from inspector.doctor import report, sentences


def doctor(asked: argparse.Namespace) -> int:
    """Print what is installed and what works."""
    facts = report()
    if asked.json:
        write_json(facts)
    else:
        for sentence in sentences(facts):
            write(sentence)
    return 0
