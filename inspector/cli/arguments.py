"""What may be written on the command line, and its help."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from inspector import __version__, format
from inspector.errors import UsageError

if TYPE_CHECKING:
    from inspector.graph.preprocessing import Preprocessing

PROVIDERS = ("auto", "cpu", "cuda")
THEMES = ("light", "dark")
VIEWS = ("steps", "deployed")
HEADS = ("logits", "softmax", "log-softmax", "sigmoid")
WHAT = ("maps", "kernels", "tensors", "probabilities")
_WITH_VALUE = {"--provider", "--preprocess", "--labels", "--screenshot", "--size", "--theme"}
_WITH_VALUE |= {"--head", "--memory", "--time", "--repeats"}
_WITH_VALUE |= {"--input-shape", "--input", "--frame", "--recipe"}
_WITH_VALUE |= {"--gif", "--part"}
_WITH_VALUE |= {"--expect", "--layer", "--channel", "--at", "--index", "--top", "--to", "--what", "--layers", "--view"}

_USAGE = """\
inspector [MODEL] [IMAGE ...]                 open the window
       inspector [MODEL] [IMAGE ...] --screenshot FILE [--size WxH] [--theme light|dark]
       inspector classify MODEL [IMAGE ...] [--top N] [--head KIND] [--json] [--check]
       inspector classify MODEL IMAGE... --try-preprocessing [--expect CLASS ...] [--json]
       inspector layers   MODEL [--time IMAGE [--repeats N]] [--wide] [--json]
       inspector explain  MODEL IMAGE --layer NAME (--channel C --at ROW,COL | --index I,J,...) [--json]
       inspector export   MODEL IMAGE... --to DIR [--what maps,kernels,tensors,probabilities] [--layers GLOB]
                          [--view steps|deployed]
       inspector doctor   [--json]"""
_ABOUT = "Open an ONNX convolutional network, drop a picture on it, and see what every layer made of it."
_COMMANDS_HELP = """\
commands, each with a --help of its own:
  classify    print the most probable classes of each picture
  layers      print the layers of the network
  explain     recompute one element of a layer, step by step
  export      write feature maps, kernels, tensors and probabilities to files
  doctor      print versions, what models can run on, and what is missing

An IMAGE is a picture, a signal (.wav or .csv), or a tensor (.npy, .npz or ONNX .pb) that is fed as it is. An animation
or several pages: --frame says which. Other inputs: --input NAME=FILE or NAME=NUMBER. Open lengths: --input-shape.

exit codes: 0 done, 2 wrong usage, 3 input refused, 4 the model failed, 5 a limit, 6 the engine died, 7 export failed
"""


def parsed(given: Sequence[str]) -> tuple[str, argparse.Namespace]:
    """Return the command, ``""`` for the window, and what was asked of it.

    Raises:
        SystemExit: The arguments are wrong, or ask for help or the version; everything is said already.
        UsageError: The files are given in a wrong order.
    """
    arguments = list(given)
    place = _first_positional(arguments)
    command = arguments.pop(place) if place is not None and arguments[place] in COMMANDS else ""
    asked = _parsed(COMMANDS[command]() if command else _window_parser(), arguments)
    _check_order(command, asked)
    _check_trials(asked)
    return command, asked


def _check_order(command: str, asked: argparse.Namespace) -> None:
    """Refuse a command that does not come first, and a model among the pictures where the model belongs."""
    images = asked.images if "images" in asked else []
    for name in images if not command else ():
        if name in COMMANDS and not os.path.lexists(name):
            raise UsageError(f"The command {name} comes first, before the files.", f"See inspector {name} --help.")
    model = next((image for image in images if _is_onnx(image)), None)
    if command and model is not None and not _is_onnx(asked.model):
        raise UsageError(
            f"{asked.model} is given as the model, and {model} as a picture.",
            f"The model comes first: inspector {command} MODEL IMAGE...",
        )


def _check_trials(asked: argparse.Namespace) -> None:
    if "expect" not in asked:
        return
    if asked.try_preprocessing and not asked.images:
        raise UsageError("There is no picture to try it on.", "Give pictures after the model.")
    if asked.expect and not asked.try_preprocessing:
        raise UsageError("--expect says what to rank the usual ways by.", "Give --try-preprocessing too.")
    if asked.check and asked.try_preprocessing:
        raise UsageError("--check and --try-preprocessing are two questions.", "Give one of them.")


def _is_onnx(name: str) -> bool:
    return name.lower().endswith(".onnx")


def _parsed(parser: _Parser, arguments: list[str]) -> argparse.Namespace:
    """Parse options and files in any order; what follows ``--`` are files, whatever their names.

    Python 3.11's own way of parsing them mixed loses what follows ``--``, so these are sent through under other names.
    """
    place = arguments.index("--") if "--" in arguments else len(arguments)
    names = {f"file {number} after --": name for number, name in enumerate(arguments[place + 1 :], 1)}
    parser.names = names
    parser.files = [each for each in arguments[:place] if each.startswith("-") and os.path.lexists(each)]
    asked = parser.parse_intermixed_args([*arguments[:place], *names])
    if "model" in asked and asked.model is not None:
        asked.model = names.get(asked.model, asked.model)
    if "image" in asked:
        asked.image = names.get(asked.image, asked.image)
    if "images" in asked:
        asked.images = [names.get(image, image) for image in asked.images]
    return asked


def _first_positional(arguments: Sequence[str]) -> int | None:
    """Return the place of the first argument that is neither an option nor the value of one."""
    is_value = False
    for place, argument in enumerate(arguments):
        if argument == "--":  # what follows are files, whatever their names
            return None
        if is_value:
            is_value = False
        elif argument.startswith("-") and argument != "-":
            is_value = argument in _WITH_VALUE
        else:
            return place
    return None


class _Parser(argparse.ArgumentParser):
    """A parser that says in a sentence what is wrong.

    Attributes:
        names: The names of files that it knows under another one.
        files: What it takes for options, but are files.
    """

    names: Mapping[str, str] = {}
    files: Sequence[str] = ()

    def error(self, message: str) -> NoReturn:
        for known, name in self.names.items():
            message = message.replace(known, name)
        self.print_usage(sys.stderr)
        sentence = format.printable(message[:1].upper() + message[1:])
        remedy = f"See {self.prog} --help."
        if self.files:
            remedy = f"Put {', '.join(self.files)} after --, so that it is read as a file."
        self.exit(UsageError.exit_code, f"{sentence}. {format.printable(remedy)}\n")


def _parser(command: str, about: str) -> _Parser:
    parser = _Parser(f"inspector {command}".strip(), description=about, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"Feature Map Inspector {__version__}")
    return parser


def _add_running(parser: _Parser) -> None:
    from inspector.graph.preprocessing import PRESETS

    parser.add_argument("--provider", choices=PROVIDERS, default="auto", help="what runs the model (default: auto)")
    parser.add_argument(
        "--preprocess",
        metavar="PRESET",
        choices=[each.name for each in PRESETS],
        help="how a picture becomes a tensor: %(choices)s (default: what the model's files say, else a guess)",
    )
    parser.add_argument("--recipe", metavar="JSON", type=_recipe, help=argparse.SUPPRESS)  # of the window, for exports
    parser.add_argument("--labels", metavar="FILE", help="class names: one per line, or JSON")
    parser.add_argument(
        "--input-shape",
        metavar="NAME=SHAPE",
        type=_shape,
        action="append",
        default=[],
        help="lengths for an input that leaves some open, for example x=1,3,320,320; the only input needs no name",
    )
    parser.add_argument(
        "--input",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="feed another input from a file, or with one number everywhere, for example sr=8000 (default: zeros, "
        "where its name says nothing else)",
    )
    parser.add_argument(
        "--frame",
        metavar="N",
        type=_from_zero,
        default=0,
        help="which picture of an animation or of pages, from 0 (default: 0)",
    )
    parser.add_argument(
        "--memory",
        metavar="GIB",
        type=_gibibytes,
        default=0,
        help="what the tensors of one run may take, in GiB, for example 4 or 0.5; what does not fit is left out and "
        "named (default: a quarter of the memory that is free)",
    )


def _add_head(parser: _Parser) -> None:
    parser.add_argument(
        "--head",
        metavar="KIND",
        choices=HEADS,
        default="",
        help="read the answer as %(choices)s (default: what the network's last operators and its values say)",
    )


def _add_fallback(parser: _Parser) -> None:
    parser.add_argument(
        "--allow-fallback", action="store_true", help="go on, and say so, where --provider cannot run the model"
    )


def _window_parser() -> _Parser:
    parser = _parser("", _ABOUT)
    parser.usage, parser.epilog = _USAGE, _COMMANDS_HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("model", metavar="MODEL", nargs="?", help="an ONNX file")
    parser.add_argument("images", metavar="IMAGE", nargs="*", help="pictures, signals or tensor files")
    parser.add_argument(
        "--screenshot", metavar="FILE", help="write the window's picture once the run is shown, then leave"
    )
    parser.add_argument("--size", metavar="WxH", type=_size, help="of the window, for example 1280x800")
    parser.add_argument("--theme", choices=THEMES, help="light or dark (default: the system's)")
    _add_running(parser)
    return parser


def _classify_parser() -> _Parser:
    parser = _parser("classify", "Print the most probable classes of each picture.")
    parser.add_argument("model", metavar="MODEL", help="an ONNX file")
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="*",
        help="pictures, signals or tensor files; none where every input has a default",
    )
    parser.add_argument("--top", metavar="N", type=_positive, default=5, help="how many classes (default: 5)")
    parser.add_argument("--check", action="store_true", help="also compare with the instrumented model")
    parser.add_argument(
        "--try-preprocessing", action="store_true", help="feed the pictures in all the usual ways, and rank these"
    )
    parser.add_argument(
        "--expect",
        metavar="CLASS",
        action="append",
        help="with --try-preprocessing: the right class, by number or label; once for all pictures, or once for each "
        "in their order (default: the folders of the pictures, where all are named after classes)",
    )
    _add_head(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    _add_running(parser)
    _add_fallback(parser)
    return parser


def _layers_parser() -> _Parser:
    parser = _parser("layers", "Print the layers of the network.")
    parser.add_argument("model", metavar="MODEL", help="an ONNX file")
    parser.add_argument("--time", metavar="IMAGE", help="also run the network on this picture, and time each layer")
    parser.add_argument(
        "--repeats",
        metavar="N",
        type=_positive,
        default=5,
        help="with --time: how many runs to take the median of (default: 5)",
    )
    parser.add_argument(
        "--wide", action="store_true", help="print more columns: kernels, bytes, and what a dense layer would cost"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    _add_running(parser)
    _add_fallback(parser)
    return parser


def _export_parser() -> _Parser:
    parser = _parser("export", "Write what every layer made of each picture to files, one folder per picture.")
    parser.add_argument("model", metavar="MODEL", help="an ONNX file")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="pictures, signals or tensor files")
    parser.add_argument("--to", metavar="DIR", required=True, type=_folder, help="the folder to write into")
    parser.add_argument(
        "--what",
        type=_what,
        default=frozenset(WHAT),
        help="maps (PNG), kernels (PNG, NPY), tensors (NPY), probabilities (JSON), with commas between (default: all)",
    )
    _add_head(parser)
    parser.add_argument(
        "--layers", metavar="GLOB", default="*", help="only layers with such names, for example 'conv*'"
    )
    parser.add_argument(
        "--view",
        choices=VIEWS,
        default="steps",
        help="of a network quantized with QuantizeLinear and DequantizeLinear: every operator by itself, or what is "
        "left when it is optimised as deployed (default: steps)",
    )
    parser.add_argument(
        "--progress",
        action="store_true",
        help="say how far it is on stderr, for example 'cat.png: 12 of 189 files', also where that is no terminal",
    )
    _add_running(parser)
    _add_fallback(parser)
    return parser


def _explain_parser() -> _Parser:
    parser = _parser("explain", "Recompute one element of a layer step by step, and compare it with ONNX Runtime's.")
    parser.add_argument("model", metavar="MODEL", help="an ONNX file")
    parser.add_argument("image", metavar="IMAGE", help="a picture or tensor file")
    parser.add_argument("--layer", metavar="NAME", required=True, help="the layer, as inspector layers names it")
    parser.add_argument("--channel", metavar="C", type=_from_zero, help="axis 1 of the output as stored (default: 0)")
    parser.add_argument("--at", metavar="ROW,COL", type=_index, help="the axes behind it (default: 0,0)")
    parser.add_argument("--index", metavar="I,J,...", type=_index, help="instead: a number for each axis, from 0")
    parser.add_argument(
        "--gif", metavar="FILE", help="also write how the layer's window slides over its input, as an animation"
    )
    parser.add_argument(
        "--part",
        metavar="N",
        type=_from_zero,
        help="with --gif: over which of the input channels that are summed, from 0 (default: the one that counts most)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    _add_running(parser)
    _add_fallback(parser)
    return parser


def _doctor_parser() -> _Parser:
    parser = _parser("doctor", "Print versions, what models can run on, missing libraries, and the engine's sandbox.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _gibibytes(text: str) -> int:
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not 0 < amount <= 1 << 20:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of memory in GiB, such as 4 or 0.5")
    return max(1, int(amount * 2**30))


def _from_zero(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def _index(text: str) -> tuple[int, ...]:
    return tuple(_from_zero(each.strip()) for each in text.split(","))


def _shape(text: str) -> str:
    from inspector.graph.feeding import lengths

    try:
        lengths(text.rpartition("=")[2])
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} holds no lengths such as 1,3,320,320") from None
    return text


def _recipe(text: str) -> Preprocessing:
    from inspector.graph import recipe_text

    try:
        return recipe_text.from_record(json.loads(text))
    except (ValueError, RecursionError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a recipe") from None


def _folder(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("an empty name is no folder")
    return text


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not all(side.isascii() and side.isdigit() and 0 < int(side) <= 32767 for side in (width, height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1280x800")
    return int(width), int(height)


def _what(text: str) -> frozenset[str]:
    words = frozenset(text.split(","))
    if not words <= frozenset(WHAT):
        unknown = ", ".join(sorted(words - frozenset(WHAT)))
        raise argparse.ArgumentTypeError(f"{unknown!r} is none of {', '.join(WHAT)}")
    return words


COMMANDS: Mapping[str, Callable[[], _Parser]] = {
    "classify": _classify_parser,
    "layers": _layers_parser,
    "explain": _explain_parser,
    "export": _export_parser,
    "doctor": _doctor_parser,
}
