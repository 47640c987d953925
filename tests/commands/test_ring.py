"""`ring`: whom it rings, who may, and what is answered (ENGINE R22, R23)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot import ringing
from bot.commands import meet, ring
from bot.commands.command import Asked
from bot.decisions import GiveAnswer, MakeRoom, PlanMessage, Reply, SaveRoom, SetTimer, View
from bot.model import Chat, ChatKind, Meeting, Person, Ring, Ringing, RingState, RoomState, TimerKind, TurnKind
from tests.engine.test_rooms import ANA, a_room

NOW = 1_790_000_000_000
BEN = Person("29:ben", "oid-ben", "Ben Okafor")
ROOM = a_room(state=RoomState.OPEN, meeting=Meeting("m", "https://teams.example/meet/1"), opened_at=NOW)
OWNED = Chat(
    "tenant", "19:x@thread.tacv2", ChatKind.CHANNEL, team_id="t", settings={"start": "owners", "ring": "oid-d"}
)
Ask = Callable[..., Asked]


@pytest.fixture
def asks(ask: Ask) -> Ask:
    """Return what asks where people can be rung and a meeting is open."""

    def make(text: str, *rooms: object, **changes: object) -> Asked:
        chat = changes.pop("chat", None) or Chat("tenant", "19:x@thread.tacv2", ChatKind.CHANNEL)
        view = View(now=NOW, fresh_id="f" * 32, chat=chat, rooms=rooms or (ROOM,))  # type: ignore[arg-type]  # rooms, both
        asked = ask(text.partition(" ")[2], text=text, chat=chat, view=view, **changes)
        return replace(asked, policy=replace(asked.policy, rings=True))

    return make


def rung(reply: Reply) -> list[tuple[str, str]]:
    """Return who is rung, by name or object id, and how that stands."""
    (room,) = [effect.room for effect in reply.effects if isinstance(effect, SaveRoom)]
    return [(one.person.name or one.person.oid, one.state.value) for one in room.ringing.rings]


def name(reply: Reply) -> str:
    """Return the name of what is whispered."""
    (words,) = [effect.message.content for effect in reply.effects if isinstance(effect, PlanMessage)]
    return words.name if words else ""


def test_who_is_mentioned_is_rung(asks: Ask) -> None:
    """The card says the rest, so nothing is whispered; who rings already is not rung again."""
    reply = ring.run(asks("ring @Ben", mentions=(BEN,)))
    assert rung(reply) == [("Ben Okafor", "waiting")]
    assert not any(isinstance(effect, PlanMessage) for effect in reply.effects)
    rings = replace(ROOM, ringing=Ringing((Ring(BEN, RingState.RINGING, NOW),)))
    assert rung(ring.run(asks("ring @Ben", rings, mentions=(BEN,)))) == [("Ben Okafor", "ringing")]


def test_without_a_name_the_ring_list_is_rung(asks: Ask) -> None:
    """The next of the list; without a list it is asked whom."""
    assert name(ring.run(asks("ring"))) == "ring-who"
    listed = replace(OWNED, settings={"ring": "oid-d,oid-e"})
    assert rung(ring.run(asks("ring", chat=listed))) == [("oid-d", "waiting")]


def test_whom_a_failed_request_was_to_ring_is_rung_when_it_is_asked_again(ask: Ask) -> None:
    """Trying again, and a sign-in, open the meeting with the people that were to be rung into it."""
    rings = Ringing((Ring(BEN, RingState.WAITING, NOW),), asked_by=ANA, possible=True)
    failed = replace(ROOM, state=RoomState.FAILED, meeting=None, fail_code="sign_in", ringing=rings)
    asked = ask(text="meet now Retro", view=View(NOW, "e" * 32, pressed_room=failed))
    asked = replace(asked, policy=replace(asked.policy, rings=True))
    for reply in (meet.run(asked), meet.go_on(asked)):
        (room,) = [effect.room for effect in reply.effects if isinstance(effect, MakeRoom)]
        assert [(one.person, one.state) for one in room.ringing.rings] == [(BEN, RingState.WAITING)]
        assert room.ringing.asked_by == ANA
    over = replace(asked, view=View(NOW, "e" * 32, pressed_room=replace(failed, state=RoomState.ENDED)))
    (again,) = [effect.room for effect in meet.run(over).effects if isinstance(effect, MakeRoom)]
    assert not again.ringing.rings


def test_twenty_people_are_enough(asks: Ask) -> None:
    """One command rings at most twenty."""
    many = tuple(Person(f"29:{n}") for n in range(21))
    assert name(ring.run(asks("ring", mentions=many))) == "ring-many"


def test_who_may_not_start_may_not_ring_unless_they_are_in(asks: Ask) -> None:
    """Where owners alone start meetings others ring nobody, but the starter does, and who came when rung."""
    refused = replace(asks("ring @Ben", chat=OWNED, person=BEN, mentions=(BEN,)), owner=False)
    assert name(ring.run(refused)) == "may-not-start"
    assert rung(ring.run(asks("ring @Ben", chat=OWNED, person=ANA, mentions=(BEN,))))
    inside = replace(ROOM, ringing=Ringing((Ring(BEN, RingState.JOINED, NOW),)))
    other = Person("29:cho", "", "Chloé Martin")
    assert rung(ring.run(asks("ring @C", inside, chat=OWNED, person=BEN, mentions=(other,))))


def test_guests_ring_nobody_where_members_start_meetings(asks: Ask) -> None:
    """Where guests start no meeting it is looked up whether who asks is one; their own meeting they ring into."""
    chat = replace(OWNED, settings={"start": "members"})
    guest = Person("29:gus", "oid-gus", "Gus", guest=True)
    asked = asks("ring @Ben", chat=chat, person=replace(guest, guest=False), mentions=(BEN,))
    (look,) = [effect.timer for effect in ring.run(asked).effects if isinstance(effect, SetTimer)]
    assert (look.kind, look.payload["command"]) == (TimerKind.TOPIC, "ring")
    assert rung(ring.run(replace(asked, owner=False)))
    known = replace(asked, owner=False, turn=replace(asked.turn, person=guest))
    assert name(ring.run(known)) == "may-not-start"
    assert rung(ring.run(replace(known, view=replace(known.view, rooms=(replace(ROOM, starter=guest),)))))


def test_owners_of_the_team_ring(asks: Ask) -> None:
    """Where owners alone start meetings it is looked up whether who asks is one, and only then are people rung."""
    bea = Person("29:bea", "oid-bea", "Bea Novak")
    asked = asks("ring @Ben", chat=OWNED, person=bea, mentions=(BEN,))
    (look,) = [effect.timer for effect in ring.run(asked).effects if isinstance(effect, SetTimer)]
    assert (look.kind, look.payload["command"]) == (TimerKind.OWNER, "ring")
    assert rung(ring.run(replace(asked, owner=True)))
    assert name(ring.run(replace(asked, owner=False))) == "may-not-start"


def test_ids_that_nobody_has_do_not_pile_up(asks: Ask) -> None:
    """Who sends the dialog back with made-up ids, again and again, makes neither the meeting nor its card longer."""
    room = ROOM
    for number in range(5):
        people = ",".join(f"{number:08x}-0000-4000-8000-{other:012x}" for other in range(1_000))
        reply = ring.chosen(asks("", room, kind=TurnKind.DIALOG, verb="submit ring", data={"people": people}))
        (room,) = [effect.room for effect in reply.effects if isinstance(effect, SaveRoom)]
        found = dict.fromkeys(one.person.id for one in room.ringing.rings)
        looked = ringing.looked(room, found, {}, View(now=NOW, fresh_id="f" * 32))
        (room,) = [effect.room for effect in looked.effects if isinstance(effect, SaveRoom)]
        assert len(room.ringing.rings) <= ringing.MOST
    many = tuple(Ring(Person(f"29:{n}", f"{n}"), RingState.WAITING, NOW) for n in range(ringing.MOST_WAITING))
    assert name(ring.run(asks("ring @Ben", replace(ROOM, ringing=Ringing(many)), mentions=(BEN,)))) == "ring-many"
    known = replace(room, ringing=Ringing((Ring(BEN, RingState.UNREACHABLE, NOW),)))
    assert ("Ben Okafor", "unreachable") in rung(ring.run(asks("ring @C", known, mentions=(Person("29:c"),))))


def test_a_dialog_asks_whom_to_ring(asks: Ask) -> None:
    """The post's button opens it, it says that there is a ring list, and rings by object id who is chosen in it."""
    listed = replace(OWNED, settings={"ring": "oid-d,oid-e"})
    fetched = ring.opened(asks("", kind=TurnKind.DIALOG, verb="fetch ring", chat=listed))
    assert fetched.answer
    assert "the next one of this chat's ring list" in str(fetched.answer.card)
    answer = ring.opened(asks("", kind=TurnKind.DIALOG, verb="fetch ring")).answer
    assert answer
    assert "ring list" not in str(answer.card)
    data = {"people": "0a8b0b6e-1c1f-4a5d-9b1c-0f6f3a2b1c4d, nobody"}
    reply = ring.chosen(asks("", kind=TurnKind.DIALOG, verb="submit ring", data=data))
    assert rung(reply) == [("0a8b0b6e-1c1f-4a5d-9b1c-0f6f3a2b1c4d", "waiting")]
    assert reply.answer
    assert "I'm ringing." in str(reply.answer.card)


def test_the_dialog_goes_on_when_it_is_known_who_owns_the_team(asks: Ask) -> None:
    """After the look its answer is the dialog, or the ringing; later than people wait the answer is whispered."""
    bea = Person("29:bea", "oid-bea", "Bea Novak")
    fetch = asks("", kind=TurnKind.DIALOG, verb="fetch ring", chat=OWNED, person=bea)
    (look,) = [effect.timer for effect in ring.opened(fetch).effects if isinstance(effect, SetTimer)]
    assert look.kind is TimerKind.OWNER
    known = replace(fetch, owner=True, turn=replace(fetch.turn, kind=TurnKind.SAID, received_at=NOW))
    (given,) = [effect for effect in ring.again(known).effects if isinstance(effect, GiveAnswer)]
    assert "Whom to ring" in str(given.answer.card)
    data = {"people": "0a8b0b6e-1c1f-4a5d-9b1c-0f6f3a2b1c4d"}
    sent = replace(known, turn=replace(known.turn, verb="submit ring", data=data, received_at=NOW - 9_000))
    assert rung(ring.again(sent))
    assert not any(isinstance(effect, GiveAnswer) for effect in ring.again(sent).effects)
    said = asks("ring @Ben", chat=OWNED, person=bea, mentions=(BEN,))
    assert rung(ring.again(replace(said, owner=True)))


def test_ringing_stops_when_somebody_says_so(asks: Ask) -> None:
    """Who has not answered is forgotten, who came stays; where nobody rings that is said."""
    came = Ring(ANA, RingState.JOINED, NOW)
    rings = replace(ROOM, ringing=Ringing((came, Ring(BEN, RingState.RINGING, NOW))))
    assert rung(ring.run(asks("stop ringing", rings))) == [(ANA.name, "joined")]
    assert name(ring.run(asks("stop ringing"))) == "ring-nobody"


def test_a_meeting_that_opens_rings_when_it_is_open(asks: Ask) -> None:
    """Who is to be rung waits for the meeting."""
    opening = replace(ROOM, state=RoomState.OPENING, meeting=None)
    assert rung(ring.run(asks("ring @Ben", opening, mentions=(BEN,)))) == [("Ben Okafor", "waiting")]


def test_without_a_meeting_or_a_way_back_nobody_is_rung(ask: Ask, asks: Ask) -> None:
    """Where Graph cannot call back it is said what is missing; where nothing is open, that."""
    assert name(ring.run(ask("@Ben", text="ring @Ben", kind=TurnKind.SAID))) == "ring-off"
    assert name(ring.run(asks("ring @Ben", replace(ROOM, state=RoomState.ENDED), mentions=(BEN,)))) == "no-meeting"
