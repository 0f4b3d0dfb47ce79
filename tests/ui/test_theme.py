"""Colours, contrast and fonts, held against the values of WCAG 2.2 and of the design."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFont, QFontInfo, QIcon, QImage, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from inspector.graph.kinds import FAMILIES
from inspector.ui import icons, theme

BACKGROUNDS = ("window", "panel", "raised", "canvas", "selection")
READABLE = 4.5  # WCAG 2.2, 1.4.3: text
VISIBLE = 3.0  # WCAG 2.2, 1.4.11: graphics


@pytest.fixture(autouse=True)
def application(qapp):
    yield qapp
    theme.apply(qapp, "dark")


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("worn", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("role", ["text", "muted", "accent", "warning", "error", "good"])
def test_every_text_colour_can_be_read_on_every_background(worn, role):
    weakest = min(contrast(getattr(worn, role), getattr(worn, each)) for each in BACKGROUNDS)
    assert weakest >= READABLE


@pytest.mark.parametrize("worn", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_text_on_the_accent_can_be_read(worn):
    assert contrast(worn.on_accent, worn.accent) >= READABLE


@pytest.mark.parametrize("worn", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_every_family_has_a_dot_that_shows_by_itself_or_by_its_ring(worn):
    assert set(worn.families) == set(FAMILIES)
    for color in worn.families.values():
        assert max(contrast(color, worn.panel), contrast(worn.ring or worn.panel, worn.panel)) >= VISIBLE


@pytest.mark.parametrize(
    ("name", "window", "base", "text", "accent"),
    [
        ("dark", "#141517", "#1f2023", "#e8e9eb", "#ff5fa8"),
        ("light", "#dfe1e5", "#fbfbfc", "#1b1d20", "#b8136b"),
    ],
)
def test_applying_a_theme_sets_the_palette(application, name, window, base, text, accent):
    theme.apply(application, name)
    role = QPalette.ColorRole
    for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
        wanted = (role.Window, role.Base, role.Text, role.Accent)
        shown = [application.palette().color(group, each).name() for each in wanted]
        assert shown == [window, base, text, accent]
    assert theme.tokens().dark is (name == "dark")


def test_disabled_text_keeps_45_percent_of_its_colour(application):
    theme.apply(application, "dark")
    shown = application.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
    # 0.45 * e8 e9 eb + 0.55 * 1f 20 23, rounded, by hand
    assert shown.name() == "#797a7d"


def test_widgets_hear_of_a_change_of_theme(application, qtbot):
    label = QLabel("x")
    qtbot.addWidget(label)
    theme.apply(application, "dark")
    before = label.palette().color(QPalette.ColorRole.Window).name()
    theme.apply(application, "light")
    assert (before, label.palette().color(QPalette.ColorRole.Window).name()) == ("#141517", "#dfe1e5")


def test_three_sizes_come_from_the_systems_font(application):
    theme.apply(application, "dark")
    normal = theme.font().pointSizeF()
    assert theme.font("small").pointSizeF() == pytest.approx(0.92 * normal)
    assert theme.font("title").pointSizeF() == pytest.approx(1.5 * normal)
    assert theme.font(bold=True).bold()
    assert not theme.font().bold()


def test_sizes_do_not_grow_with_every_change_of_theme(application):
    before = theme.font().pointSizeF()
    for name in ("light", "dark", "light", "dark"):
        theme.apply(application, name)
    assert theme.font().pointSizeF() == before
    assert QFontInfo(application.font()).pointSizeF() == pytest.approx(before)


def test_figures_are_of_one_width(application):
    theme.apply(application, "dark")
    assert theme.font().featureValue(QFont.Tag("tnum")) == 1


def test_a_colour_is_found_by_its_token_and_by_a_familys_word(application):
    theme.apply(application, "light")
    assert theme.color("accent") == QColor("#b8136b")
    assert theme.color("fully connected") == QColor("#d55e00")


def _darkest(picture: QImage) -> str:
    found = [
        picture.pixelColor(x, y)
        for x in range(picture.width())
        for y in range(picture.height())
        if picture.pixelColor(x, y).alpha() == 255
    ]
    return min(found, key=QColor.lightness).name()


@pytest.mark.parametrize(("name", "color"), [("dark", "#e8e9eb"), ("light", "#1b1d20")])
def test_an_icon_made_before_a_change_of_theme_is_painted_in_the_new_colour(application, name, color):
    theme.apply(application, "light" if name == "dark" else "dark")
    icon = icons.icon("stop")
    theme.apply(application, name)
    drawn = icon.pixmap(40, 40).toImage()
    solid = {
        drawn.pixelColor(x, y).name() for x in range(40) for y in range(40) if drawn.pixelColor(x, y).alpha() == 255
    }
    assert solid == {color}


def test_an_icon_that_is_off_is_paler(application):
    theme.apply(application, "light")
    icon = icons.icon("run")
    on, off = (icon.pixmap(40, 40, mode).toImage() for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled))
    assert QColor(_darkest(off)).lightness() > QColor(_darkest(on)).lightness() + 60


def test_an_icon_is_drawn_for_the_screens_own_pixels(application):
    drawn = icons.icon("run").pixmap(QSize(20, 20), 2.0)
    assert (drawn.width(), drawn.devicePixelRatio()) == (40, 2.0)


def test_every_icon_of_the_program_can_be_drawn(application, repository):
    for path in sorted((repository / "resources" / "icons").glob("*.svg")):
        picture = icons.pixmap(path.stem, 20, "#ffffff").toImage()
        assert any(picture.pixelColor(x, y).alpha() for x in range(20) for y in range(20)), path.name


def test_the_primary_button_wears_the_accent(application, qtbot):
    theme.apply(application, "light")
    button = QPushButton("  ")
    button.setProperty("primary", True)
    qtbot.addWidget(button)
    button.resize(80, 30)
    button.show()
    button.clearFocus()
    assert button.grab().toImage().pixelColor(20, 15).name() == "#b8136b"


def test_system_theme_sets_a_palette_even_where_no_desktop_names_one(application):
    theme.apply(application, "system")
    assert isinstance(QApplication.instance(), QApplication)
    assert application.palette().color(QPalette.ColorRole.Window).name() in ("#141517", "#dfe1e5")
