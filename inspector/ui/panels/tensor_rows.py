"""What the input and the output panel say of a tensor that is no picture and no answer."""

from __future__ import annotations

from inspector import format
from inspector.analysis import statistics
from inspector.graph.model import Array
from inspector.ui.widgets import TensorRow


def tensor_row(name: str, tensor: Array) -> TensorRow:
    """Return the row of a tensor; numbers are left out where it holds none."""
    shape = format.shape(tensor.shape)
    if tensor.dtype.kind not in "biuf":
        return TensorRow(name, shape, str(tensor.dtype), "", "", "")
    known = statistics(tensor)
    numbers = (format.significant(each) for each in (known.minimum, known.maximum, known.mean))
    return TensorRow(name, shape, str(tensor.dtype), *numbers)
