"""Networks as columns: what is drawn as one, what feeds what, and what it is part of."""

from __future__ import annotations

import pytest
from onnx import TensorProto, helper

from inspector.graph.columns import INPUT, columns_of
from inspector.graph.layering import layered
from inspector.graph.reader import read
from tests.graph.build import Save, save

__all__ = ["save"]
