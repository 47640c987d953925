"""How a drawing of a card is judged, without a browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.verdict import NO_PICKER, flaws, heard_otherwise, spoken

GOOD: dict[str, Any] = {
    "name": "open",
    "language": "en",
    "scheme": "light",
    "width": 320,
    "open": False,
    "events": [],
    "overflow": 0,
    "clipped": [],
    "outside": [],
    "join": {"bottom": 120, "height": 44},
    "violations": [],
    "aria": '- heading "Retro: open"',
}
RENDERERS = (
    'aria-allowed-attr: <div class="ac-container" id="more"> Fix all of the following: '
    'ARIA attribute is not allowed: aria-expanded="true"'
)


def test_a_card_that_fits_has_no_flaw() -> None:
    """A card that a person can read and press on a small screen passes."""
    assert flaws(GOOD) == []
    assert flaws(GOOD | {"join": None}) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"events": ["no such property"]}, "the renderer says: no such property"),
        ({"overflow": 12}, "12 px wider than the screen"),
        ({"clipped": ["Join Retro"]}, "cut off: 'Join Retro'"),
        ({"outside": ["Join Retro"]}, "outside the card: 'Join Retro'"),
        ({"violations": ["color-contrast: <a>"]}, "axe-core: color-contrast: <a>"),
        ({"join": {"bottom": 481, "height": 44}}, "Join ends 481 px down, more than 480"),
        ({"join": {"bottom": 120, "height": 32}}, "Join is 32 px high, less than 44"),
    ],
)
def test_each_flaw_is_named_with_the_card_it_is_on(change: dict[str, Any], told: str) -> None:
    """Whoever mends a card reads which one, in which light and at which width, and what is wrong with it."""
    assert flaws(GOOD | change) == [f"en: open (light, 320 px): {told}"]


def test_on_a_wide_screen_join_may_be_anywhere() -> None:
    """A desktop's button is lower than a thumb needs, and a page there has no fold at 480 px."""
    assert flaws(GOOD | {"width": 800, "join": {"bottom": 600, "height": 32}}) == []


def test_only_the_renderer_s_own_mistake_is_excused() -> None:
    """The attribute that the renderer puts on the wrong element passes there and nowhere else."""
    assert flaws(GOOD | {"open": True, "violations": [RENDERERS]}) == []
    elsewhere = RENDERERS.replace('id="more"', 'id="other"')
    assert flaws(GOOD | {"open": True, "violations": [elsewhere]}) == [
        f"en: open (light, 320 px, More open): axe-core: {elsewhere}"
    ]


def test_what_a_screen_reader_finds_is_kept_by_language_and_card() -> None:
    """A changed word on one card shows as a difference of one line, under the card's name."""
    texts = spoken([GOOD | {"open": True}, GOOD, GOOD | {"scheme": "dark", "aria": ""}])
    assert texts == {"en": '# open\n- heading "Retro: open"\n\n# open, More open\n- heading "Retro: open"\n'}
    assert heard_otherwise("en", texts["en"], texts["en"]) == []
    changed = texts["en"].replace('open"', 'live"', 1)
    assert heard_otherwise("en", texts["en"], changed)[3:] == [
        " # open",
        '-- heading "Retro: open"',
        '+- heading "Retro: live"',
        " ",
    ]


def test_teams_own_people_picker_is_no_flaw() -> None:
    """A field whose choices Teams itself brings passes, though the renderer knows no such field."""
    label = 'label: <input class="ac-input ac-choiceSetInput-filtered-textbox" type="text"> Fix any of the following:'
    assert flaws(GOOD | {"events": [NO_PICKER], "violations": [label]}) == []
