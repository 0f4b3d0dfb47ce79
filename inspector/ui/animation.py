"""Positions that follow each other in time, and the buttons that say how."""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSlider, QToolButton, QWidget

from inspector import format
from inspector.ui import icons, theme
from inspector.ui.text import tooltip

SLOWEST, FASTEST = 1, 300  # positions in a second
USUAL = 30
_TICK_MS = 16
_ROOM_FOR_WORDS = 320  # pixels; below, only buttons and sliders are left
_NOTCHES = 100  # of the slider for the speed


class Player(QObject):
    """Goes through positions at a speed, as far as they reach. When it is late it leaves some out.

    Signals:
        moved: The position is another one.
        changed: It plays or has stopped, is faster or slower, or the positions are other ones.
    """

    moved = Signal(int)
    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.count = 0
        self.position = 0
        self.speed = float(USUAL)
        self._began = 0.0
        self._from = 0
        self._timer = QTimer(self, interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    @property
    def is_playing(self) -> bool:
        return self._timer.isActive()

    def set_positions(self, count: int, position: int) -> None:
        """Go through that many positions from now on, and stand at one of them, without telling that it moved."""
        if count != self.count:
            self._timer.stop()
        self.count, self.position = count, max(0, min(position, count - 1))
        self._restart()
        self.changed.emit()

    def set_speed(self, speed: float) -> None:
        """Take so many positions in a second."""
        self.speed = min(max(speed, SLOWEST), FASTEST)
        self._restart()
        self.changed.emit()

    @Slot()
    def play(self) -> None:
        """Go on; at the end, begin again."""
        if self.count > 1 and not self.is_playing:
            if self.position >= self.count - 1:
                self.go(0)
            self._restart()
            self._timer.start()
            self.changed.emit()

    @Slot()
    def pause(self) -> None:
        if self.is_playing:
            self._timer.stop()
            self.changed.emit()

    @Slot()
    def reset(self) -> None:
        """Stop at the first position."""
        self.pause()
        self.go(0)

    @Slot()
    def step(self) -> None:
        """Stop one position further."""
        self.pause()
        self.go(self.position + 1)

    def go(self, position: int) -> None:
        """Stand at a position."""
        position = max(0, min(position, self.count - 1))
        if position != self.position:
            self.position = position
            self._restart()
            self.moved.emit(position)

    def _restart(self) -> None:
        self._began, self._from = time.monotonic(), self.position

    @Slot()
    def _tick(self) -> None:
        wanted = self._from + int((time.monotonic() - self._began) * self.speed)
        if wanted != self.position:
            self.position = min(wanted, self.count - 1)
            self.moved.emit(self.position)
        if self.position >= self.count - 1:
            self.pause()


class Transport(QWidget):
    """Back, play, pause, one step; where it stands; how fast it goes; a button to keep it as a file.

    Signals:
        file_wanted: The user wants the animation as a file.
    """

    file_wanted = Signal()

    def __init__(self, player: Player) -> None:
        super().__init__()
        self.player = player
        self.back = _button("reset", "Back to the first position")
        self.play = _button("play", "Slide the window over the input")
        self.pause = _button("pause", "Stop here")
        self.step = _button("step", "One position further")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Position")
        self.where = QLabel()
        self.speed = QSlider(Qt.Orientation.Horizontal)
        self.speed.setAccessibleName("Speed")
        self.play.setCheckable(True)
        self.speed.setRange(0, _NOTCHES)
        self.speed.setValue(_notch(USUAL))
        self.speed.setFixedWidth(80)
        self.pace = QLabel()
        self.file = QPushButton("GIF")
        self.file.setIcon(icons.icon("export", 16))
        self.file.setToolTip(tooltip("Write the animation to a file"))
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._speed_name = QLabel("speed")
        for label in (self._speed_name, self.where, self.pace):
            label.setFont(theme.font("small"))
        self._speed_name.setForegroundRole(self._speed_name.foregroundRole().PlaceholderText)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(theme.SPACING)
        for button in (self.back, self.play, self.pause, self.step):
            first.addWidget(button)
        first.addWidget(self.slider, 1)
        first.addWidget(self.where)
        second.addWidget(self._speed_name)
        second.addWidget(self.speed)
        second.addWidget(self.pace)
        second.addStretch(1)
        second.addWidget(self.file)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(theme.MARGIN, theme.SPACING, theme.MARGIN, theme.SPACING)
        self._box.setSpacing(theme.SPACING)
        self._box.addLayout(first, 1)
        self._box.addLayout(second)

    def _connect(self) -> None:
        player = self.player
        self.back.clicked.connect(player.reset)
        self.play.clicked.connect(self._play)
        self.pause.clicked.connect(player.pause)
        self.step.clicked.connect(player.step)
        self.slider.valueChanged.connect(self._seek)
        self.speed.valueChanged.connect(self._set_speed)
        self.file.clicked.connect(self.file_wanted)
        player.moved.connect(self._show)
        player.changed.connect(self._show)

    def minimumSizeHint(self) -> QSize:
        return QSize(150, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        is_wide = self.width() >= 640
        wanted = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        if wanted != self._box.direction():
            self._box.setDirection(wanted)
        for label in (self.where, self.pace, self._speed_name):
            label.setVisible(self.width() >= _ROOM_FOR_WORDS)
        super().resizeEvent(event)

    @Slot()
    def _show(self) -> None:
        player = self.player
        blocked = self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, player.count - 1))
        self.slider.setValue(player.position)
        self.slider.blockSignals(blocked)
        total = format.count(player.count)
        widest = self.where.fontMetrics().horizontalAdvance(f"position {total} of {total}")
        if widest != self.where.minimumWidth():
            self.where.setMinimumWidth(widest)
        self.where.setText(f"position {format.count(player.position + 1)} of {total}")
        pace = f"{round(player.speed)} per second"
        if pace != self.pace.text():
            self.pace.setMinimumWidth(self.pace.fontMetrics().horizontalAdvance(f"{FASTEST} per second"))
            self.pace.setText(pace)
        if self.play.isChecked() != player.is_playing or self.pause.isEnabled() != player.is_playing:
            self.play.setChecked(player.is_playing)
            self.pause.setEnabled(player.is_playing)

    @Slot()
    def _play(self) -> None:
        self.player.play()
        self.play.setChecked(self.player.is_playing)

    @Slot(int)
    def _seek(self, position: int) -> None:
        self.player.pause()
        self.player.go(position)

    @Slot(int)
    def _set_speed(self, notch: int) -> None:
        self.player.set_speed(SLOWEST * (FASTEST / SLOWEST) ** (notch / _NOTCHES))


def _notch(speed: float) -> int:
    return round(_NOTCHES * math.log(speed / SLOWEST) / math.log(FASTEST / SLOWEST))


def _button(icon: str, sentence: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(icons.icon(icon, 16))
    button.setIconSize(QSize(16, 16))
    button.setFixedSize(28, 28)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(sentence)
    button.setToolTip(tooltip(sentence))
    return button
