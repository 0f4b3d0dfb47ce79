"""A session with real engines, and small networks to open in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inspector.ui.session import Session
from tests.engine.conftest import picture, ramp, save, signs

__all__ = ["picture", "ramp", "save", "signs"]


@pytest.fixture
def session(qtbot) -> Iterator[Session]:
    session = Session(provider="cpu")
    yield session
    session.close()
