"""The command line: the same core as the window, without Qt. Data goes to stdout, sentences to stderr.

Nothing heavy is imported until a command needs it, so that ``--version`` and ``--help`` answer at once.
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Sequence

from inspector.cli import arguments, console
from inspector.errors import InspectorError

STOPPED = 130  # what a shell expects after Ctrl+C


def main(given: Sequence[str]) -> int:
    """Carry out a command line.

    Args:
        given: Its arguments, without the name of the program.

    Returns:
        The exit code.
    """
    console.open_streams()
    try:
        return _carry_out(*arguments.parsed(given))
    except InspectorError as error:
        console.say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second one would only disturb the end
        console.say("Stopped.")
        return STOPPED
    except BrokenPipeError:  # whoever reads our output has read enough
        console.drop_stdout()
        return 0


def _carry_out(command: str, asked: argparse.Namespace) -> int:
    match command:
        case "classify":
            from inspector.cli.classify import classify

            return classify(asked)
        case "layers":
            from inspector.cli.layers import layers

            return layers(asked)
        case "explain":
            from inspector.cli.explain import explain

            return explain(asked)
        case "export":
            from inspector.cli.export import export

            return export(asked)
        case "report":
            from inspector.cli.report import report

            return report(asked)
        case "doctor":
            from inspector.cli.doctor import doctor

            return doctor(asked)
        case _:
            from inspector.cli.window import window

            return window(asked)
