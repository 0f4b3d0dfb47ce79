"""A PySide6 release whose every call drops a reference to None ends the process after some minutes of use."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QLabel

CALLS = 5_000


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_qt_calls_keep_the_references_to_none(qtbot):
    label = QLabel()
    qtbot.addWidget(label)
    pixmap = QPixmap(4, 4)
    painter = QPainter(pixmap)
    before = sys.getrefcount(None)
    for number in range(CALLS):
        label.setText(str(number))
        label.resize(number % 7, 5)
        label.update()
        painter.drawLine(0, 0, 3, 3)
    after = sys.getrefcount(None)
    painter.end()
    # The faulty release loses one with each call; a few come and go with any code.
    assert abs(after - before) < CALLS // 10
