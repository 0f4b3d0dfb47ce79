"""What all panels have in common."""

from __future__ import annotations

import logging
import weakref

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout

from inspector.ui import theme
from inspector.ui.controls import Chip, Flow
from inspector.ui.lines import Line, Sentence, Span, facts
from inspector.ui.panel import Panel
from inspector.ui.panels.feature_maps import FeatureMapsPanel
from inspector.ui.panels.input import InputPanel
from inspector.ui.panels.kernels import KernelsPanel
from inspector.ui.panels.layers import LayersPanel
from inspector.ui.panels.output import OutputPanel
from inspector.ui.text import plain, shortened, tooltip
from tests.ui.panels.conftest import PATIENCE_MS, pixel, rgb

PANELS = (LayersPanel, FeatureMapsPanel, InputPanel, OutputPanel, KernelsPanel)


class Counting(Panel):
    """Counts how often it drew; fails where there is a model."""

    title = "Counting"
    dock_name = "counting"

    def __init__(self, session):
        super().__init__(session)
        self.drawn = 0
        self.label = QLabel("content")
        QVBoxLayout(self.body).addWidget(self.label)

    def draw(self):
        self.drawn += 1
        if self.session.view.channel == 1:
            raise ValueError("a mistake")


def test_a_hidden_wall_of_maps_lets_go_of_the_run(ran, show):
    panel = show(FeatureMapsPanel(ran))
    panel.canvas.zoom_at(QPointF(100, 100), 1.5)
    tensor = weakref.ref(ran.run.tensors[ran.layer().output.name])
    panel.hide()
    ran.run = None
    assert ran.reading() is None
    assert tensor() is None
    assert panel.canvas.zoom == 1.5


def test_a_hidden_panel_draws_nothing_and_catches_up(session, show):
    panel = Counting(session)
    session.run_changed.emit()
    session.view_changed.emit()
    assert panel.drawn == 0
    show(panel)
    assert panel.drawn == 1
    panel.hide()
    session.run_changed.emit()
    assert panel.drawn == 1
    panel.show()
    assert panel.drawn == 2


def test_a_panel_that_is_seen_draws_at_once(session, show):
    panel = show(Counting(session))
    session.view_changed.emit()
    assert panel.drawn == 2


def test_a_mistake_stays_in_its_panel_and_is_logged(session, show, caplog):
    panel, other = show(Counting(session)), show(OutputPanel(session))
    said = other.message
    with caplog.at_level(logging.ERROR):
        session.set_view(channel=1)
    assert panel.message.startswith("Counting could not be shown")
    assert not panel.label.isVisible()
    assert "a mistake" in caplog.text
    assert other.message == said
    session.set_view(channel=0)
    assert panel.message == ""
    assert panel.label.isVisible()


def test_every_panel_says_on_an_empty_session_what_will_be_here(session, show):
    for made in PANELS:
        panel = show(made(session))
        assert "Open a" in panel.message
        assert "here you will see" in panel.message


def test_every_panel_has_a_title_a_name_and_an_icon(session):
    assert [panel.dock_name for panel in PANELS] == ["layers", "feature_maps", "input", "output", "kernels"]
    assert all(panel.title and panel.icon_name for panel in PANELS)


def test_every_panel_draws_anew_in_another_theme(ran, show, qapp):
    for made in PANELS:
        panel = show(made(ran))
        theme.apply(qapp, "light")
        assert panel.message == ""
        theme.apply(qapp, "dark")


def test_a_long_name_does_not_widen_a_panel(session, show):
    panel = show(Counting(session), width=200)
    panel.say("x" * 3_000)
    assert panel.minimumSizeHint().width() <= 200
    assert panel.width() == 200


# ---------------------------------------------------------------- names


def test_names_are_never_read_as_markup(qtbot):
    name = "<b>bold</b><img src='file:///etc/passwd'>"
    assert "<b>" not in tooltip(name)
    label = Sentence(name)
    qtbot.addWidget(label)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert label.text() == name


def test_control_characters_and_turned_lines_are_left_out():
    assert plain("a\u202eb\nc\x00d\u200be\ufeff") == "abcde"


def test_a_name_within_a_sentence_is_shortened_in_the_middle():
    name = "first_" + "x" * 500 + "_last"
    assert len(shortened(name)) == 48
    assert shortened(name).startswith("first_")
    assert shortened(name).endswith("_last")
    assert shortened("conv1") == "conv1"


def test_a_line_says_all_it_shows_to_a_screen_reader(qtbot):
    line = Line()
    qtbot.addWidget(line)
    line.show_spans([Span("output of ", "muted"), Span("conv", "bold", is_name=True)], "convolution", [Span("3 × 3")])
    assert line.accessibleName() == "output of conv  3 × 3"


def test_pairs_read_as_label_and_value():
    text = "".join(span.text for span in facts((" channels", "64"), ("max", "577.5"), ("no NaN or Inf", "")))
    assert text.split() == ["64", "channels", "max", "577.5", "no", "NaN", "or", "Inf"]


def test_chips_go_to_the_next_line_where_there_is_no_room(qtbot):
    flow = Flow()
    qtbot.addWidget(flow)
    chips = [Chip("convolution"), Chip("activation"), Chip("pooling")]
    for chip in chips:
        chip.show_count("1")
        flow.add(chip)
    widest = max(chip.sizeHint().width() for chip in chips)
    flow.resize(widest + 10, 200)
    flow.show()
    flow.arrange()
    assert [chip.x() for chip in chips] == [0, 0, 0]
    assert len({chip.y() for chip in chips}) == 3
    assert flow.heightForWidth(widest + 10) > 2 * chips[0].height()
    assert flow.heightForWidth(4_000) == chips[0].sizeHint().height()


def test_a_family_is_shown_by_its_own_color(qtbot):
    chip = Chip("pooling")
    qtbot.addWidget(chip)
    chip.show_count("4")
    chip.resize(chip.sizeHint())
    chip.show()
    middle = QPoint(10, chip.height() // 2)
    assert pixel(chip, middle.toPointF()) == rgb("#009e73")


def test_after_a_run_that_failed_no_panel_goes_on_waiting(session, signs, tmp_path, show, qtbot):
    panels = [show(kind(session)) for kind in PANELS]
    (tmp_path / "text.png").write_text("no picture")
    with qtbot.waitSignal(session.failure_changed, timeout=PATIENCE_MS):
        session.open_files([str(signs), str(tmp_path / "text.png")])
    said = [panel.message for panel in panels]
    assert not any(phrase in message for message in said for phrase in ("way", "being")), said
    assert "could not be fed" in said[PANELS.index(InputPanel)]
