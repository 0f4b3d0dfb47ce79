"""Numbers as the program prints them: the same in the window, on the command line and in reports."""

from __future__ import annotations

import math
from collections.abc import Sequence

Dimension = int | str | None

_LONGEST_DIMENSION = 24  # letters of a dimension's name
_SAYS_NOTHING = {"none", "null", "unk", "unknown", "dynamic", "dyn", "dim", "any", "nan", "symbolic"}

MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
INFINITY = "Inf"
NOT_A_NUMBER = "NaN"
# How a cell begins that a spreadsheet would compute; some also take the wide forms of these signs.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def significant(value: float) -> str:
    """Return a number with four significant digits: ``577.5``, ``0.1649``, ``−12.00``.

    Whole digits are never rounded away (``12346``). Below 0.001 and from 100,000 on: ``3.8e−6``.
    """
    number = float(value)
    if not math.isfinite(number):
        return _not_finite(number)
    if number == 0:
        return "0"
    sign = MINUS if number < 0 else ""
    number = abs(number)
    exponent = _exponent(number, 4)
    if -3 <= exponent < 5:
        return f"{sign}{number:.{max(0, 3 - exponent)}f}"
    mantissa, _, power = f"{number:.1e}".partition("e")
    return f"{sign}{mantissa}e{_with_minus(str(int(power)))}"


def column(values: Sequence[float], digits: int = 4) -> list[str]:
    """Return numbers that stand below each other: one number of decimals, by which the largest has so many digits."""
    finite = [abs(float(value)) for value in values if math.isfinite(value)]
    largest = max(finite, default=0.0)
    exponent = _exponent(largest, digits) if largest else 0
    if not -3 <= exponent < 5:
        return [significant(value) for value in values]
    decimals = max(0, digits - 1 - exponent)
    return [_decimal(float(value), decimals) if math.isfinite(value) else _not_finite(value) for value in values]


def probability(value: float) -> str:
    """Return a probability with four decimals; below 0.00005 it is ``< 0.0001``."""
    number = float(value)
    if not math.isfinite(number):
        return _not_finite(number)
    return "< 0.0001" if 0 <= number < 0.00005 else _with_minus(f"{number:.4f}")


def count(value: int) -> str:
    """Return a count in full, its thousands grouped: ``1,235,496``."""
    return _with_minus(f"{value:,}")


def macs(value: int | None) -> str:
    """Return multiply-accumulates with four significant digits: ``27.88 M``.

    Returns:
        ``""`` for a layer that has none, ``"?"`` where the number is not known.
    """
    if value is None:
        return "?"
    if value == 0:
        return ""
    if value < 1000:
        return str(value)
    return _scaled(float(value), ("", "k", "M", "G", "T", "P", "E"), digits=4)


def memory(size_bytes: float) -> str:
    """Return an amount of memory with three digits, in units of 1000: ``14.4 MB``."""
    if abs(size_bytes) < 1000:
        return f"{_with_minus(str(int(size_bytes)))} bytes"
    return _with_minus(_scaled(float(size_bytes), ("bytes", "kB", "MB", "GB", "TB", "PB", "EB"), digits=3))


def seconds(value: float) -> str:
    """Return a duration with two digits: ``4.1 ms``, ``12 s``, ``2.5 min``."""
    number = float(value)
    if not math.isfinite(number):
        return _not_finite(number)
    if number == 0:
        return "0 s"
    for factor, unit, limit in ((1e6, "µs", 1e-3), (1e3, "ms", 1.0), (1.0, "s", 60.0), (1 / 60, "min", 3600.0)):
        if abs(number) < limit and _two_digits(number * factor) < limit * factor:
            return f"{_with_minus(_plain(_two_digits(number * factor), 2))} {unit}"
    return f"{_with_minus(_plain(_two_digits(number / 3600), 2))} h"


def percent(fraction: float) -> str:
    """Return a part of one as percent with three digits: 0.557 is ``55.7 %``."""
    number = float(fraction) * 100
    if not math.isfinite(number):
        return _not_finite(number)
    if number == 0:
        return "0 %"
    if 0 < number < 0.01:
        return "< 0.01 %"
    return f"{_with_minus(_plain(number, 3))} %"


def times(factor: float) -> str:
    """Return how many times as much something is: ``1,290 ×``; below 100 with three digits."""
    return f"{count(round(factor)) if factor >= 99.95 else _plain(factor, 3)} {TIMES}"


def padding(pads: Sequence[int] | None) -> str:
    """Return a padding: one number where all sides have it, else all begins and then all ends; ``?`` if unknown."""
    if pads is None:
        return "?"
    return str(pads[0]) if len(set(pads)) == 1 else ", ".join(map(str, pads))


def shape(dimensions: Sequence[Dimension] | None) -> str:
    """Return a shape in the order it is stored: ``1 × 64 × 55 × 55``; unknown dimensions are ``?``."""
    if dimensions is None:
        return "?"
    if not dimensions:
        return "1"
    return f" {TIMES} ".join(dimension(each) for each in dimensions)


def dimension(size: Dimension) -> str:
    """Return one size of a shape: a number, a name that somebody gave it, such as ``height``, or ``?``.

    Names that exporters make up say nothing: ``unk__68``, ``p2o.DynamicDimension.0``, ``s77``, ``((s77 - 1)//2) + 1``.
    """
    if not isinstance(size, str):
        return "?" if size is None else str(size)
    words = size.replace("_", " ").replace("-", " ").replace(" ", "")
    is_name = words.isalpha() and len(size) <= _LONGEST_DIMENSION and words.lower() not in _SAYS_NOTHING
    return size if is_name else "?"


def shape_hwc(dimensions: Sequence[Dimension] | None, channels_last: bool = False) -> str:
    """Return a tensor's shape as height × width × channels, without a batch of one: ``55 × 55 × 64``.

    Args:
        dimensions: As stored, ``(N, C, H, W)``, ``(N, C, L)``, ``(N, F)``, ...
        channels_last: The tensor is ``(N, H, W, C)``.
    """
    if dimensions is None or len(dimensions) < 2:
        return shape(dimensions)
    batch, *rest = dimensions
    if not channels_last:
        rest = [*rest[1:], rest[0]]
    if isinstance(batch, int) and batch != 1:
        rest = [batch, *rest]
    return shape(rest)


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: what is not printable becomes U+FFFD.

    Names come from files, and a file may hold escape sequences, line breaks or signs that turn the writing direction.
    """
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def json_number(value: float) -> float | str:
    """Return a number as JSON can hold it: NaN and the infinities are strings."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def cell(text: str) -> str:
    """Return text for a cell of a table: what a spreadsheet would compute begins with an apostrophe."""
    return f"'{text}" if text.startswith(_RUNS) else text


def _not_finite(number: float) -> str:
    if math.isnan(number):
        return NOT_A_NUMBER
    return INFINITY if number > 0 else MINUS + INFINITY


def _decimal(number: float, decimals: int) -> str:
    return _with_minus(f"{round(number, decimals) + 0.0:.{decimals}f}")  # no minus zero


def _with_minus(text: str) -> str:
    return text.replace("-", MINUS)


def _exponent(number: float, digits: int) -> int:
    """Return the power of ten of the first digit, after rounding to that many digits."""
    return int(f"{abs(number):.{digits - 1}e}".partition("e")[2])


def _plain(number: float, digits: int) -> str:
    """Return a number with that many significant digits, never with an exponent; whole digits stay."""
    if number == 0:
        return "0"
    return f"{number:.{max(0, digits - 1 - _exponent(number, digits))}f}"


def _two_digits(number: float) -> float:
    return float(f"{number:.1e}")


def _scaled(number: float, units: Sequence[str], digits: int) -> str:
    step = 0
    while step + 1 < len(units) and float(f"{abs(number):.{digits - 1}e}") >= 1000:
        number /= 1000
        step += 1
    return f"{_plain(number, digits)} {units[step]}".strip()
