"""The command line: the same core as the window, without Qt. Data goes to stdout, sentences to stderr.

Nothing heavy is imported until a command needs it, so that ``--version`` and ``--help`` answer at once.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import queue
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from inspector import __version__, format
from inspector.errors import EngineError, ExportError, ImageError, InspectorError, RunError, UsageError, error_of

if TYPE_CHECKING:
    from inspector.analysis import Head
    from inspector.engine.protocol import Ready, Reply
    from inspector.export.writer import Source, Wish
    from inspector.graph.model import Difference, Layer, Model, Prediction, Run
    from inspector.graph.preprocessing import Preprocessing

PROVIDERS = ("auto", "cpu", "cuda")
THEMES = ("light", "dark")
_Reply = TypeVar("_Reply")
WHAT = ("maps", "kernels", "tensors", "probabilities")
STOPPED = 130  # what a shell expects after Ctrl+C

_USAGE = """\
inspector [MODEL] [IMAGE ...]                 open the window
       inspector [MODEL] [IMAGE ...] --screenshot FILE [--size WxH] [--theme light|dark]
       inspector classify MODEL IMAGE... [--top N] [--json] [--check]
       inspector layers   MODEL [--json]
       inspector export   MODEL IMAGE... --to DIR [--what maps,kernels,tensors,probabilities] [--layers GLOB]
       inspector doctor   [--json]"""
_ABOUT = "Open an ONNX convolutional network, drop a picture on it, and see what every layer made of it."
_COMMANDS_HELP = """\
commands, each with a --help of its own:
  classify    print the most probable classes of each picture
  layers      print the layers of the network
  export      write feature maps, kernels, tensors and probabilities to files
  doctor      print versions, what models can run on, and what is missing

An IMAGE is a picture, or a tensor (.npy or ONNX .pb) that is fed as it is.

exit codes: 0 done, 2 wrong usage, 3 input refused, 4 the model failed, 5 a limit, 6 the engine died, 7 export failed
"""


def main(arguments: Sequence[str]) -> int:
    """Carry out a command line.

    Args:
        arguments: Without the name of the program.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a name is no reason to fail
    try:
        code = _carry_out(list(arguments))
        _print("", end="")
        return code
    except InspectorError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _say("Stopped.")
        return STOPPED
    except BrokenPipeError:  # whoever reads our output has read enough
        _drop_stdout()
        return 0


def _carry_out(arguments: list[str]) -> int:
    place = _first_positional(arguments)
    if place is not None and arguments[place] in _COMMANDS:
        build, carry_out = _COMMANDS[arguments.pop(place)]
        return carry_out(_parsed(build(), arguments))
    return _window(_parsed(_window_parser(), arguments))


def _parsed(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """Parse options and files in any order; what follows ``--`` are files, whatever their names.

    Python 3.11's own way of parsing them mixed loses what follows ``--``, so these are sent through under other names.
    """
    place = arguments.index("--") if "--" in arguments else len(arguments)
    names = {f"file {number} after --": name for number, name in enumerate(arguments[place + 1 :], 1)}
    asked = parser.parse_intermixed_args([*arguments[:place], *names])
    if "model" in asked and asked.model is not None:
        asked.model = names.get(asked.model, asked.model)
    if "images" in asked:
        asked.images = [names.get(image, image) for image in asked.images]
    return asked


# ---------------------------------------------------------------- what may be written on the command line


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


_WITH_VALUE = {"--provider", "--preprocess", "--labels", "--screenshot", "--size", "--theme"}
_WITH_VALUE |= {"--top", "--to", "--what", "--layers"}


def _parser(command: str, about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"inspector {command}".strip(), description=about, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"Feature Map Inspector {__version__}")
    return parser


def _add_running(parser: argparse.ArgumentParser) -> None:
    from inspector.graph.preprocessing import PRESETS

    parser.add_argument("--provider", choices=PROVIDERS, default="auto", help="what runs the model (default: auto)")
    parser.add_argument(
        "--preprocess",
        metavar="PRESET",
        choices=[each.name for each in PRESETS],
        help="how a picture becomes a tensor: %(choices)s (default: what the model's files say, else a guess)",
    )
    parser.add_argument("--labels", metavar="FILE", help="class names: one per line, or JSON")


def _window_parser() -> argparse.ArgumentParser:
    parser = _parser("", _ABOUT)
    parser.usage, parser.epilog = _USAGE, _COMMANDS_HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("model", metavar="MODEL", nargs="?", help="an ONNX file")
    parser.add_argument("images", metavar="IMAGE", nargs="*", help="pictures or tensor files")
    parser.add_argument(
        "--screenshot", metavar="FILE", help="write the window's picture once the run is shown, then leave"
    )
    parser.add_argument("--size", metavar="WxH", type=_size, help="of the window, for example 1280x800")
    parser.add_argument("--theme", choices=THEMES, help="light or dark (default: the system's)")
    _add_running(parser)
    return parser


def _classify_parser() -> argparse.ArgumentParser:
    parser = _parser("classify", "Print the most probable classes of each picture.")
    parser.add_argument("model", metavar="MODEL", help="an ONNX file")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="pictures or tensor files")
    parser.add_argument("--top", metavar="N", type=_positive, default=5, help="how many classes (default: 5)")
    parser.add_argument("--check", action="store_true", help="also compare with the instrumented model")
    parser.add_argument("--json", action="store_true", help="print JSON")
    _add_running(parser)
    return parser


def _layers_parser() -> argparse.ArgumentParser:
    parser = _parser("layers", "Print the layers of the network.")
    parser.add_argument("model", metavar="MODEL", help="an ONNX file")
    parser.add_argument("--json", action="store_true", help="print JSON")
    _add_running(parser)
    return parser


def _export_parser() -> argparse.ArgumentParser:
    parser = _parser("export", "Write what every layer made of each picture to files, one folder per picture.")
    parser.add_argument("model", metavar="MODEL", help="an ONNX file")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="pictures or tensor files")
    parser.add_argument("--to", metavar="DIR", required=True, help="the folder to write into")
    parser.add_argument(
        "--what",
        type=_what,
        default=frozenset(WHAT),
        help="maps (PNG), kernels (PNG, NPY), tensors (NPY), probabilities (JSON), with commas between (default: all)",
    )
    parser.add_argument(
        "--layers", metavar="GLOB", default="*", help="only layers with such names, for example 'conv*'"
    )
    _add_running(parser)
    return parser


def _doctor_parser() -> argparse.ArgumentParser:
    parser = _parser("doctor", "Print versions, what models can run on, missing libraries, and the engine's sandbox.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


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


# ---------------------------------------------------------------- commands


def _window(asked: argparse.Namespace) -> int:
    name = asked.model or ""
    if name.isalpha() and not os.path.lexists(name):
        raise UsageError(f"{name} is neither a command nor a file.", f"The commands are {', '.join(_COMMANDS)}.")
    from inspector.app import run_window

    return run_window(
        asked.model,
        asked.images,
        provider=asked.provider,
        preprocess=asked.preprocess,
        labels=asked.labels,
        theme=asked.theme,
        screenshot=asked.screenshot,
        size=asked.size,
    )


def _classify(asked: argparse.Namespace) -> int:
    labels, recipe = _labels(asked), _recipe(asked)
    outcome, results = _Outcome(), []
    with _Conversation(asked.model, asked.provider) as talk:
        model = talk.open()
        _say_all(model.remarks)
        provider = _checked_provider(talk.ready(), asked.provider)
        outputs = tuple(each.name for each in model.outputs)
        for image in asked.images:
            try:
                answer = talk.run(image, recipe, outputs) if asked.check else talk.predict(image, recipe)
            except InspectorError as error:
                outcome.note(error)
                results.append({"image": image, "error": str(error)})
                continue
            shown = _answer(model, image, answer, labels or model.labels, outcome)
            if asked.json:
                results.append(_answer_json(shown, asked.top))
            else:
                _print_answer(shown, asked.top)
    if asked.json:
        _print_json({"model": asked.model, "provider": provider, "results": results})
    return outcome.code


def _layers(asked: argparse.Namespace) -> int:
    with _Conversation(asked.model, asked.provider) as talk:
        model = talk.open()
    _say_all(model.remarks)
    if asked.json:
        from inspector.export.facts import model_facts

        _print_json(model_facts(model, asked.model))
    else:
        _print_model(model)
    return 0


def _export(asked: argparse.Namespace) -> int:
    from inspector.export.writer import Source, Wish, chosen_layers, file_sha256, picture_folders

    labels, recipe = _labels(asked), _recipe(asked)
    wish, outcome = Wish(asked.what, asked.layers), _Outcome()
    with _Conversation(asked.model, asked.provider) as talk:
        model = talk.open()
        _say_all(model.remarks)
        chosen_layers(model, wish)
        _checked_provider(talk.ready(), asked.provider)
        source = Source(model, asked.model, file_sha256(asked.model), labels or model.labels)
        for image, name in zip(asked.images, picture_folders(asked.images), strict=True):
            try:
                runs = _Runs(talk, image, recipe, wish.needs_maps)
                _export_picture(os.path.join(asked.to, name), source, runs, wish, outcome)
            except ExportError:
                raise
            except InspectorError as error:
                outcome.note(error)
    return outcome.code


def _export_picture(folder: str, source: Source, runs: _Runs, wish: Wish, outcome: _Outcome) -> None:
    from inspector.export.png import encode
    from inspector.export.writer import export

    exported = export(folder, source, runs.prediction, runs.fetch, wish, encode, _progress(folder))
    _say_all(exported.remarks)
    if exported.failure is not None:
        outcome.note(exported.failure)
    _print(f"{exported.folder}: {format.count(len(exported.files))} files")


def _doctor(asked: argparse.Namespace) -> int:
    from inspector.doctor import report, sentences

    facts = report()
    if asked.json:
        _print_json(facts)
    else:
        _print("\n".join(sentences(facts)))
    return 0


_COMMANDS: Mapping[str, tuple[Callable[[], argparse.ArgumentParser], Callable[[argparse.Namespace], int]]] = {
    "classify": (_classify_parser, _classify),
    "layers": (_layers_parser, _layers),
    "export": (_export_parser, _export),
    "doctor": (_doctor_parser, _doctor),
}


class _Outcome:
    """What went wrong on the way, while the other pictures go on.

    Attributes:
        code: The exit code: of the worst failure so far.
    """

    def __init__(self) -> None:
        self.code = 0
        self._said: set[str] = set()

    def note(self, error: InspectorError) -> None:
        """Say what went wrong."""
        _say(str(error))
        self.code = max(self.code, error.exit_code)

    def say_once(self, sentence: str) -> None:
        """Say something that holds for all pictures."""
        if sentence and sentence not in self._said:
            self._said.add(sentence)
            _say(sentence)


def _labels(asked: argparse.Namespace) -> tuple[str, ...]:
    from inspector.labels import read_labels

    return read_labels(asked.labels) if asked.labels is not None else ()


def _recipe(asked: argparse.Namespace) -> Preprocessing | None:
    from inspector.graph.preprocessing import preset

    return preset(asked.preprocess, "chosen with --preprocess") if asked.preprocess is not None else None


def _checked_provider(ready: Ready, asked: str) -> str:
    """Return what runs the model, and say why if that is not what was asked for."""
    if asked != "auto" and ready.provider.lower() != asked:
        raise RunError(
            ready.note or f"The model runs on {ready.provider}, not on {asked.upper()}.",
            "Leave --provider out to run it there, or see inspector doctor for what is missing.",
        )
    if ready.note:
        _say(ready.note)
    return ready.provider


# ---------------------------------------------------------------- the engine


class _Conversation:
    """Questions to the engine, one after the other, and their answers.

    Args:
        model: The file, as it was given.
        provider: One of ``PROVIDERS``.
    """

    def __init__(self, model: str, provider: str) -> None:
        from inspector.engine.client import Engine

        self._path = os.path.abspath(model)
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._last_request = 0
        self._engine = Engine(self._replies.put, provider)

    def __enter__(self) -> _Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()

    def open(self) -> Model:
        """Return the model as soon as its structure is known."""
        from inspector.engine.protocol import ModelOpened, OpenModel

        self._last_request += 1
        self._engine.send(OpenModel(self._last_request, self._path))
        return self._answer(ModelOpened).model

    def ready(self) -> Ready:
        """Wait, after ``open``, until the sessions are made."""
        from inspector.engine.protocol import Ready

        return self._answer(Ready)

    def predict(self, image: str, recipe: Preprocessing | None) -> Prediction:
        """Run the model as deployed."""
        from inspector.engine.protocol import Predicted

        self._run(image, recipe, (), maps=False)
        return self._answer(Predicted).prediction

    def run(self, image: str, recipe: Preprocessing | None, tensors: tuple[str, ...]) -> Run:
        """Run the model as deployed and instrumented, for these tensors or, for none, all that fit in memory."""
        from inspector.engine.protocol import Ran

        self._run(image, recipe, tensors, maps=True)
        return self._answer(Ran).run

    def _run(self, image: str, recipe: Preprocessing | None, tensors: tuple[str, ...], maps: bool) -> None:
        from inspector.engine.protocol import RunImage

        if not image:
            raise ImageError("An empty name is no picture.", "Check the command line.")
        self._last_request += 1
        self._engine.send(
            RunImage(self._last_request, self._path, image, preprocessing=recipe, maps=maps, tensors=tensors)
        )

    def _answer(self, wanted: type[_Reply]) -> _Reply:
        from inspector.engine.protocol import Failed

        while True:
            reply = self._replies.get()
            if reply.request_id != self._last_request:
                continue
            if isinstance(reply, Failed):
                # What the window does after a death of its engine is no news here.
                remedy = "" if reply.kind == EngineError.kind else reply.remedy
                raise error_of(reply.kind, reply.message, remedy)
            if isinstance(reply, wanted):
                return reply


class _Runs:
    """The runs of one picture: the first at once, more when tensors are missing in it."""

    def __init__(self, talk: _Conversation, image: str, recipe: Preprocessing | None, needs_maps: bool) -> None:
        self._ask = functools.partial(talk.run, image, recipe)
        self._first = self._ask(()) if needs_maps else None
        if self._first is None:
            self.prediction = talk.predict(image, recipe)
        else:
            self.prediction = self._first.prediction
            _say(f"{image}: {_difference_words(self._first.difference)}.")

    def fetch(self, tensors: tuple[str, ...]) -> Run:
        """Return a run; the first is handed over, so that its memory can go."""
        run, self._first = self._first, None
        return run if run is not None and not tensors else self._ask(tensors)


def _difference_words(found: Difference | None) -> str:
    if found is None:
        return "no output of the instrumented model could be compared with the deployed one"
    if found.max_abs is None:
        apart = "differs from the deployed one in NaN, infinity or shape"
    elif found.max_abs == 0:
        apart = "equals the deployed one"
    else:
        apart = f"differs from the deployed one by at most {format.significant(found.max_abs)}"
    changed = ", and its largest element is another one" if found.top_changed else ""
    return f"output {found.output} of the instrumented model {apart}{changed}"


# ---------------------------------------------------------------- answers


class _Answer(NamedTuple):
    """What is printed of one picture."""

    image: str
    prediction: Prediction
    head: Head
    labels: tuple[str, ...]
    difference: Difference | None


def _answer(model: Model, image: str, answer: Prediction | Run, labels: Sequence[str], outcome: _Outcome) -> _Answer:
    from inspector.analysis import head
    from inspector.graph.model import Run
    from inspector.labels import fitting

    prediction = answer.prediction if isinstance(answer, Run) else answer
    found = head(model, prediction.outputs)
    known, sentence = fitting(labels, found.classes)
    outcome.say_once(sentence)
    return _Answer(image, prediction, found, known, answer.difference if isinstance(answer, Run) else None)


def _answer_json(answer: _Answer, count: int) -> dict[str, Any]:
    from inspector.analysis import top_classes
    from inspector.export.facts import class_facts, difference_facts, output_facts, preprocessing_facts

    prediction = answer.prediction
    return {
        "image": answer.image,
        "head": answer.head.kind,
        "top": [class_facts(score) for score in top_classes(answer.head, answer.labels, count)],
        "outputs": [output_facts(name, array) for name, array in prediction.outputs.items()],
        "preprocessing": preprocessing_facts(prediction.preprocessing),
        "seconds": prediction.seconds,
        "instrumented_difference": difference_facts(answer.difference),
    }


def _print_answer(answer: _Answer, count: int) -> None:
    from inspector.analysis import statistics, top_classes
    from inspector.export.facts import extent

    prediction = answer.prediction
    recipe = prediction.preprocessing
    how = "fed as it is" if recipe is None else f"{recipe.name}, {recipe.source}" if recipe.source else recipe.name
    _print(f"{answer.image}  ({prediction.provider}, {format.seconds(prediction.seconds)}; {how})")
    scores = top_classes(answer.head, answer.labels, count)
    if scores:
        logits = format.column([each.logit for each in scores if each.logit is not None])
        cells = [
            [format.probability(each.probability) for each in scores],
            *([logits] if logits else []),
            [str(each.index) for each in scores],
            [each.label for each in scores],
        ]
        head = ("probability", *(["logit"] if logits else []), "class", "label")
        _print_table(head, list(zip(*cells, strict=True)), left=(len(head) - 1,))
    else:
        outputs = [
            (
                *(format.significant(each) for each in extent(statistics(array))),
                array.dtype.name,
                format.shape(array.shape),
                name,
            )
            for name, array in prediction.outputs.items()
        ]
        _print_table(("minimum", "maximum", "mean", "dtype", "shape", "output"), outputs, left=(3, 4, 5))
    if answer.difference is not None:
        _print(f"  {_difference_words(answer.difference)}")


def _print_model(model: Model) -> None:
    rows = [
        (
            str(layer.index),
            layer.name,
            layer.op_type,
            format.shape_hwc(layer.output.shape),
            format.count(layer.parameters) if layer.parameters else "",
            format.macs(layer.macs),
            _field(layer),
        )
        for layer in model.layers
    ]
    _print_table(("", "name", "operator", "output shape", "parameters", "MACs", "sees, px"), rows, left=(1, 2))
    total = format.macs(model.macs) or "0"
    _print(
        f"{format.count(len(model.layers))} layers, {format.count(model.parameters)} parameters, "
        f"{total} MACs (1 MAC = 2 FLOPs), opset {model.opset}"
    )


def _field(layer: Layer) -> str:
    field = layer.receptive_field
    if field.size is None:
        return {"whole input": "all", "unknown": "?"}.get(field.status, "")
    size = format.shape(field.size)
    return f"\N{LESS-THAN OR EQUAL TO} {size}" if field.status == "bound" else size


# ---------------------------------------------------------------- printing


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int]) -> None:
    """Print rows under their heads, numbers to the right and the columns of ``left`` to the left."""
    lines = [head, *([format.printable(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        _print("  " + "  ".join(cells).rstrip())


def _print_json(content: Any) -> None:
    _print(json.dumps(content, indent=2, allow_nan=False))


def _print(text: str, end: str = "\n") -> None:
    try:
        sys.stdout.write("\n".join(format.printable(line) for line in text.split("\n")) + end)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _drop_stdout()
        raise ExportError(f"The output cannot be written: {error.strerror}.", "Send it elsewhere.") from error


def _drop_stdout() -> None:
    """Let Python's own flush at exit go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(sentence: str) -> None:
    print(format.printable(sentence), file=sys.stderr)


def _say_all(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        _say(sentence)


def _progress(folder: str) -> Callable[[int, int], None]:
    """Return what shows on a terminal how far an export is."""

    def show(done: int, total: int) -> None:
        line = f"Writing {done} of {total} files to {format.printable(folder)}"
        sys.stderr.write(f"\r{line}" if done < total else f"\r{' ' * len(line)}\r")
        sys.stderr.flush()

    return show if sys.stderr.isatty() else lambda done, total: None
