from __future__ import annotations

from dataclasses import replace

from bot import numberless
from bot.model import DialIn, Person
from tests.engine.test_rooms import ANA, MEETING, NOW, a_room

DAY = 86_400_000


def test_a_host_without_numbers_is_told_once_in_thirty_days() -> None:
    """The same host's next meetings plan the same whisper, which the store keeps once, and another host's do not."""
    (first,) = numberless.told(a_room(), MEETING, NOW, "w1")
    (second,) = numberless.told(a_room(room_id="r2"), MEETING, NOW + 1, "w2")
    (later,) = numberless.told(a_room(), MEETING, NOW + 30 * DAY, "w3")
    ben = replace(ANA, oid="22222222-0000-4000-8000-000000000002")
    (other,) = numberless.told(a_room(host=ben, starter=ben), MEETING, NOW, "w4")
    keys = [effect.message.intent_key for effect in (first, second, later, other)]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert first.message.to == ANA
    assert first.message.content is not None
    assert first.message.content.name == "no-numbers"


def test_nobody_is_told_what_is_not_theirs() -> None:
    """A host with numbers has nothing to read, and who asked is not told about a service account's licence."""
    with_numbers = replace(MEETING, dial_in=DialIn("123456789", ("+44 20 7946 0123",), ()))
    assert numberless.told(a_room(), with_numbers, NOW, "w") == ()
    service = Person("", "33333333-0000-4000-8000-000000000003", "Bridge")
    assert numberless.told(a_room(host=service), MEETING, NOW, "w") == ()
