"""The commands, each with what may be written behind it, and the help."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Mapping

from inspector.cli import values
from inspector.cli.parser import Parser
from inspector.cli.parser import parser as new_parser

PROVIDERS = ("auto", "cpu", "cuda")
THEMES = ("light", "dark")
VIEWS = ("steps", "deployed")
HEADS = ("logits", "softmax", "log-softmax", "sigmoid")

_USAGE = """\
inspector [MODEL] [IMAGE ...]                 open the window
       inspector [MODEL] [IMAGE ...] --screenshot FILE [--size WxH] [--theme light|dark]
       inspector classify MODEL [IMAGE ...] [--top N] [--head KIND] [--json] [--check]
       inspector classify MODEL IMAGE... --try-preprocessing [--expect CLASS ...] [--json]
       inspector layers   MODEL [--time IMAGE [--repeats N]] [--wide] [--json]
       inspector explain  MODEL IMAGE --layer NAME (--channel C --at ROW,COL | --index I,J,...) [--json]
       inspector export   MODEL IMAGE... --to DIR [--what maps,kernels,...] [--format png,npy,...] [--layers GLOB]
                          [--channels 0-15] [--view steps|deployed] [--jobs N] [--overwrite | --resume]
       inspector report   MODEL IMAGE -o FILE.html [--layers GLOB] [--max-size MB] [--overwrite]
       inspector doctor   [--json]"""
_ABOUT = "Open an ONNX convolutional network, drop a picture on it, and see what every layer made of it."
_COMMANDS_HELP = """\
commands, each with a --help of its own:
  classify    print the most probable classes of each picture
  layers      print the layers of the network
  explain     recompute one element of a layer, step by step
  export      write feature maps, kernels, tensors and probabilities to files
  report      write one HTML page: the network, the answer, and what every layer made of a picture
  doctor      print versions, what models can run on, and what is missing

An IMAGE is a picture, a signal (.wav or .csv), or a tensor (.npy, .npz or ONNX .pb) that is fed as it is. An animation
or several pages: --frame says which. Other inputs: --input NAME=FILE or NAME=NUMBER. Open lengths: --input-shape.

exit codes: 0 done, 2 wrong usage, 3 input refused, 4 the model failed, 5 a limit, 6 the engine died, 7 export failed
"""


def _add_running(parser: Parser) -> None:
    from inspector.graph.preprocessing import PRESETS

    parser.add_argument("--provider", choices=PROVIDERS, default="auto", help="what runs the model (default: auto)")
    parser.add_argument(
        "--preprocess",
        metavar="PRESET",
        choices=[each.name for each in PRESETS],
        help="how a picture becomes a tensor: %(choices)s (default: what the model's files say, else a guess)",
    )
    parser.add_argument(
        "--recipe", metavar="JSON", type=values.preprocessing_recipe, help=argparse.SUPPRESS
    )  # of the window, for exports
    parser.add_argument("--labels", metavar="FILE", help="class names: one per line, or JSON")
    parser.add_argument(
        "--input-shape",
        metavar="NAME=SHAPE",
        type=values.input_shape,
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
        type=values.from_zero,
        default=0,
        help="which picture of an animation or of pages, from 0 (default: 0)",
    )
    parser.add_argument(
        "--memory",
        metavar="GIB",
        type=values.gibibytes,
        default=0,
        help="what the tensors of one run may take, in GiB, for example 4 or 0.5; what does not fit is left out and "
        "named (default: a quarter of the memory that is free)",
    )


def _add_head(parser: Parser) -> None:
    parser.add_argument(
        "--head",
        metavar="KIND",
        choices=HEADS,
        default="",
        help="read the answer as %(choices)s (default: what the network's last operators and its values say)",
    )


def window_parser() -> Parser:
    """Return the parser of the window's command line."""
    parser = new_parser("", _ABOUT)
    parser.usage, parser.epilog = _USAGE, _COMMANDS_HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("model", metavar="MODEL", nargs="?", help="an ONNX file")
    parser.add_argument("images", metavar="IMAGE", nargs="*", help="pictures, signals or tensor files")
    parser.add_argument(
        "--screenshot", metavar="FILE", help="write the window's picture once the run is shown, then leave"
    )
    parser.add_argument("--size", metavar="WxH", type=values.window_size, help="of the window, for example 1280x800")
    parser.add_argument("--theme", choices=THEMES, help="light or dark (default: the system's)")
    _add_running(parser)
    return parser


def _classify_parser() -> Parser:
    parser = _model_parser("classify", "Print the most probable classes of each picture.")
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="*",
        help="pictures, signals or tensor files; none where every input has a default",
    )
    parser.add_argument("--top", metavar="N", type=values.positive, default=5, help="how many classes (default: 5)")
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
    _add_json(parser)
    return parser


def _layers_parser() -> Parser:
    parser = _model_parser("layers", "Print the layers of the network.")
    parser.add_argument("--time", metavar="IMAGE", help="also run the network on this picture, and time each layer")
    parser.add_argument(
        "--repeats",
        metavar="N",
        type=values.positive,
        default=5,
        help="with --time: how many runs to take the median of (default: 5)",
    )
    parser.add_argument(
        "--wide", action="store_true", help="print more columns: kernels, bytes, and what a dense layer would cost"
    )
    _add_json(parser)
    return parser


def _export_parser() -> Parser:
    from inspector.export.wish import DEFAULT, POSSIBLE, USUAL, WHAT

    parser = _model_parser("export", "Write what every layer made of each picture to files, one folder per picture.")
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="+",
        help="pictures, signals or tensor files, folders of these, or patterns such as 'photos/*.jpg'",
    )
    parser.add_argument("--to", metavar="DIR", required=True, type=values.folder_name, help="the folder to write into")
    parser.add_argument(
        "--what",
        metavar="WHAT,...",
        type=values.what_words,
        default=DEFAULT,
        help=f"with commas between: {', '.join(WHAT)} (default: {','.join(what for what in WHAT if what in DEFAULT)})",
    )
    table = "; ".join(f"{what}: {', '.join(formats)}" for what, formats in POSSIBLE.items())
    usual = ", ".join(f"{what} as {' and '.join(formats)}" for what, formats in USUAL.items())
    parser.add_argument(
        "--format",
        metavar="FORMAT,...",
        type=values.format_words,
        default=frozenset(),
        help=f"with commas between; possible are {table} (default: {usual})",
    )
    _add_head(parser)
    _add_layers(parser)
    _add_looks(parser)
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--overwrite", action="store_true", help="replace what an earlier export wrote")
    kept.add_argument(
        "--resume", action="store_true", help="skip pictures whose files are complete and were made in the same way"
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=values.job_count,
        default=1,
        help="run the network N times side by side (default: 1)",
    )
    _add_view(parser)
    parser.add_argument(
        "--progress",
        action="store_true",
        help="say how far it is on stderr, for example 'cat.png: 12 of 189 files', also where that is no terminal",
    )
    _add_lock(parser)
    return parser


def _add_looks(parser: Parser) -> None:
    from inspector.export.wish import MOST_SCALE, MOST_WIDTH
    from inspector.render.limits import SCALINGS
    from inspector.render.palettes import COLORMAPS

    parser.add_argument(
        "--channels",
        metavar="N-M,...",
        type=values.channel_numbers,
        default=(),
        help="write these maps as a picture each, for example 0-15 or 3,7 (default: one picture of all)",
    )
    parser.add_argument(
        "--colormap",
        choices=list(COLORMAPS),
        default="",
        help="the colours (default: viridis, or signed where values are negative)",
    )
    limits = parser.add_mutually_exclusive_group()
    limits.add_argument(
        "--scaling", choices=list(SCALINGS), default="layer", help="what the colours reach from and to (default: layer)"
    )
    limits.add_argument(
        "--limits",
        metavar="LOW,HIGH",
        type=values.color_limits,
        help="the values drawn as first and last colour, for example --limits=-1,1",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--scale",
        metavar="N",
        type=functools.partial(values.up_to, MOST_SCALE),
        default=0,
        help="pixels for each element of a map along each side (default: 1, more where a picture is small)",
    )
    size.add_argument(
        "--width",
        metavar="PX",
        type=functools.partial(values.up_to, MOST_WIDTH),
        default=0,
        help="of pictures, in pixels",
    )
    parser.add_argument(
        "--caption", action="store_true", help="write below each picture what it is, with a colour bar and its limits"
    )


def _explain_parser() -> Parser:
    parser = _model_parser(
        "explain", "Recompute one element of a layer step by step, and hold it against ONNX Runtime's."
    )
    parser.add_argument("image", metavar="IMAGE", help="a picture or tensor file")
    parser.add_argument("--layer", metavar="NAME", required=True, help="the layer, as inspector layers names it")
    parser.add_argument(
        "--channel", metavar="C", type=values.from_zero, help="axis 1 of the output as stored (default: 0)"
    )
    parser.add_argument("--at", metavar="ROW,COL", type=values.element_index, help="the axes behind it (default: 0,0)")
    parser.add_argument(
        "--index", metavar="I,J,...", type=values.element_index, help="instead: a number for each axis, from 0"
    )
    parser.add_argument(
        "--gif", metavar="FILE", help="also write how the layer's window slides over its input, as an animation"
    )
    parser.add_argument(
        "--part",
        metavar="N",
        type=values.from_zero,
        help="with --gif: over which of the input channels that are summed, from 0 (default: the one that counts most)",
    )
    _add_lock(parser)
    _add_json(parser)
    return parser


def _report_parser() -> Parser:
    from inspector.render.limits import SCALINGS
    from inspector.render.palettes import COLORMAPS

    parser = _model_parser("report", "Write one HTML page that holds what every layer made of a picture.")
    parser.add_argument("image", metavar="IMAGE", help="a picture, signal or tensor file")
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, type=values.folder_name, help="the page, for example x.html"
    )
    _add_head(parser)
    _add_layers(parser)
    parser.add_argument(
        "--max-size",
        metavar="MB",
        type=values.megabytes,
        default=values.megabytes("20"),
        help="of the page; pictures are made smaller until it fits, and the page says so (default: 20)",
    )
    parser.add_argument("--colormap", choices=list(COLORMAPS), default="", help="the colours of maps")
    parser.add_argument(
        "--scaling", choices=list(SCALINGS), default="layer", help="what the colours reach from and to (default: layer)"
    )
    _add_view(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    parser.add_argument("--progress", action="store_true", help="say how far it is on stderr")
    _add_lock(parser)
    return parser


def _add_layers(parser: Parser) -> None:
    parser.add_argument(
        "--layers", metavar="GLOB", default="*", help="only layers with such names, for example 'conv*'"
    )


def _add_view(parser: Parser) -> None:
    parser.add_argument(
        "--view",
        choices=VIEWS,
        default="steps",
        help="of a network quantized with QuantizeLinear and DequantizeLinear: every operator by itself, or what is "
        "left when it is optimised as deployed (default: steps)",
    )


def _add_lock(parser: Parser) -> None:
    parser.add_argument(
        "--locked",
        action="store_true",
        help="first give up all writing but to the folder that is written to, where the system has Landlock (Linux)",
    )


def _doctor_parser() -> Parser:
    parser = new_parser(
        "doctor", "Print versions, what models can run on, missing libraries, and the engine's sandbox."
    )
    _add_json(parser)
    return parser


def _model_parser(command: str, about: str) -> Parser:
    """Return the parser of a command that runs a model."""
    parser = new_parser(command, about)
    parser.add_argument("model", metavar="MODEL", help="an ONNX file")
    _add_running(parser)
    parser.add_argument("--edits", metavar="FILE", help=argparse.SUPPRESS)  # of the window, for exports
    parser.add_argument(
        "--allow-fallback", action="store_true", help="go on, and say so, where --provider cannot run the model"
    )
    return parser


def _add_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


COMMANDS: Mapping[str, Callable[[], Parser]] = {
    "classify": _classify_parser,
    "layers": _layers_parser,
    "explain": _explain_parser,
    "export": _export_parser,
    "report": _report_parser,
    "doctor": _doctor_parser,
}
