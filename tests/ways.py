"""Every way Microsoft Graph makes a meeting, each with the exchange and the journey that prove it.

README's table is made from this list: `python -m tests.ways` renews it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from bot.docs import generated

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = "tests/graph/samples"
JOURNEYS = "tests/journeys/test_meet_now.py"
ANOTHER = "tests/journeys/test_another_graph.py"
OPTIONS = "tests/journeys/test_asked_options.py"
CALENDAR = "tests/journeys/test_calendar.py"
SIGNING_IN = "tests/journeys/test_signing_in.py"
WAITING = "tests/journeys/test_waiting.py"
FAULTS = "tests/journeys/test_faults.py"
FILE = "tests/journeys/test_calendar_file.py"
NUMBERS = "tests/journeys/test_numbers_of_a_meeting.py"


@dataclass(frozen=True)
class Way:
    """One row: a feature in Microsoft's words, what Muster does, a folder of samples, and a test that goes the way."""

    feature: str
    does: str
    sample: str
    journey: str

    @property
    def proofs(self) -> tuple[str, str, str]:
        """The request, the answer and the journey's file."""
        folder = f"{SAMPLES}/{self.sample}"
        return f"{folder}/request.json", f"{folder}/response.json", self.journey.partition("::")[0]


COMPARED = (
    Way(
        "Main API members",
        "`onlineMeeting` with all its options; what was asked and what Graph kept are compared",
        "create-with-everything",
        f"{OPTIONS}::test_what_microsoft_kept_is_said_on_the_card",
    ),
    Way(
        "Main API members",
        "`event`; the calendar's `allowedOnlineMeetingProviders` are asked first",
        "calendar-providers",
        f"{CALENDAR}::test_a_calendar_without_teams_offers_an_ordinary_meeting",
    ),
    Way(
        "Integration with a calendar item",
        "an event is made as an online meeting, once however often it is asked (`transactionId`)",
        "event",
        f"{CALENDAR}::test_a_meeting_on_the_calendar_has_its_link_and_its_lobby",
    ),
    Way(
        "Integration with a calendar item",
        "an event that Outlook left offline becomes an online meeting",
        "event-put-online",
        f"{CALENDAR}::test_an_event_that_outlook_left_offline_is_put_online",
    ),
    Way(
        "Integration with a calendar item",
        "outside a calendar `createOrGet` makes it, once for each external id",
        "create-or-get",
        f"{FAULTS}::test_graph_s_bad_moment_costs_nobody_a_meeting",
    ),
    Way(
        "Changing to offline meeting",
        "never, which the card says; a meeting nobody saw is deleted",
        "delete",
        f"{WAITING}::test_a_meeting_nobody_saw_does_not_stay",
    ),
    Way(
        "Locale-based join information",
        "`Accept-Language` is the asking person's; the text stands in the calendar file as plain words",
        "create-with-everything",
        f"{FILE}::test_the_calendar_file_speaks_the_language_of_who_asked",
    ),
    Way(
        "Joining over Internet (VoIP)",
        "`joinWebUrl`, its old name `joinUrl`, or the event's; never taken apart",
        "today",
        f"{JOURNEYS}::test_meet_now_in_a_channel_becomes_a_card",
    ),
    Way(
        "Joining by dial-in",
        "`audioConferencing`: every number once, under new and old names",
        "create-with-old-names-user",
        f"{ANOTHER}::test_in_a_channel_the_meeting_s_chat_is_the_channel",
    ),
    Way(
        "Joining by dial-in",
        "an event's `conferenceId`, `quickDial`, `phones` and `tollNumber`, read when Outlook has filled them in",
        "event-read",
        f"{CALENDAR}::test_a_meeting_on_the_calendar_has_its_link_and_its_lobby",
    ),
    Way(
        "Joining by video conferencing (audio and video)",
        "`videoTeleconferenceId` on the card; `dial-in` finds a meeting by it",
        "find-by-video-id",
        f"{NUMBERS}::test_a_link_an_id_and_a_video_room_lead_to_the_numbers",
    ),
    Way(
        "Meeting lobby and automating attendee admission into online meeting",
        "`lobbyBypassSettings`, all six scopes; `autoAdmittedUsers` is read where it stands alone",
        "update-the-lobby",
        f"{OPTIONS}::test_a_narrower_lobby_is_there_before_the_link",
    ),
    Way(
        "Relating to a Teams chat",
        "`chatInfo`: whether the meeting's chat is the channel is read from the answer",
        "create-or-get-in-a-channel",
        f"{JOURNEYS}::test_meet_now_in_a_channel_becomes_a_card",
    ),
)
"""The rows of Microsoft's table "Comparing the APIs" (https://learn.microsoft.com/graph/choose-online-meeting-api)."""

ASKED = (
    Way(
        "`POST /users/{id}/onlineMeetings/createOrGet`",
        "the default, with the app's own permission",
        "today",
        f"{JOURNEYS}::test_a_group_chat_gets_a_standalone_meeting",
    ),
    Way(
        "`POST /me/onlineMeetings/createOrGet`",
        "the same with the permission of a person who signed in",
        "create-or-get",
        f"{SIGNING_IN}::test_without_a_policy_the_channel_s_person_signs_in_and_it_opens",
    ),
    Way(
        "`POST …/onlineMeetings/createOrGet` with `chatInfo`",
        "standard channels, in `beta` or `v1.0`; refused: once more without it",
        "bare-400-with-a-thread",
        f"{JOURNEYS}::test_a_channel_s_thread_that_graph_does_not_tie",
    ),
    Way(
        "`POST …/onlineMeetings`",
        "a passcode or a template, which can only be had at creation",
        "create-with-a-passcode",
        f"{OPTIONS}::test_a_passcode_comes_with_the_meeting",
    ),
    Way(
        "`PATCH …/onlineMeetings/{id}`",
        "lobby, presenters, recording, chat, announcements",
        "update-the-lobby",
        f"{OPTIONS}::test_a_wider_lobby_does_not_hold_up_the_link",
    ),
    Way(
        "`PATCH …/onlineMeetings/{id}`",
        "people: the full list, so that whoever is invited stays invited",
        "update-the-people",
        f"{OPTIONS}::test_who_is_named_after_with_is_invited",
    ),
    Way(
        "`GET …/onlineMeetings/{id}`",
        "who is invited, before others are: whoever is stays so",
        "get-by-id",
        f"{OPTIONS}::test_who_is_named_after_with_is_invited",
    ),
    Way(
        "`GET …/onlineMeetings` by `JoinWebUrl`",
        "the meeting of an event, so that its lobby is set before its link is shown",
        "find-by-join-link",
        f"{CALENDAR}::test_a_meeting_on_the_calendar_has_its_link_and_its_lobby",
    ),
    *(
        Way(
            f"`GET …/onlineMeetings` by `{what}`",
            "`dial-in` with what somebody knows of a meeting of theirs",
            sample,
            f"{NUMBERS}::test_a_link_an_id_and_a_video_room_lead_to_the_numbers",
        )
        for what, sample in (
            ("JoinWebUrl", "find-by-join-link"),
            ("joinMeetingId", "find-by-meeting-id"),
            ("VideoTeleconferenceId", "find-by-video-id"),
        )
    ),
    Way(
        "`DELETE …/onlineMeetings/{id}`",
        "a meeting nobody was shown",
        "delete",
        f"{WAITING}::test_a_meeting_nobody_saw_does_not_stay",
    ),
    Way(
        "`POST …/events`",
        "a meeting that is in the calendar, with invitations",
        "event-not-filled-yet",
        f"{CALENDAR}::test_a_meeting_on_the_calendar_has_its_link_and_its_lobby",
    ),
    Way(
        "`PATCH …/events/{id}`",
        "an event that was left offline becomes an online meeting, and stays one",
        "event-put-online",
        f"{CALENDAR}::test_an_event_that_outlook_left_offline_is_put_online",
    ),
    Way(
        "`GET …/calendar`",
        "whether the calendar may have Teams meetings at all",
        "calendar-without-teams",
        f"{CALENDAR}::test_a_calendar_without_teams_offers_an_ordinary_meeting",
    ),
)
"""What Muster asks Graph for; `…` is `/users/{id}` for the app and `/me` for a person who signed in."""


def table() -> str:
    """Return both lists as README's table."""
    lines = ["| Microsoft's word | Muster | Exchange | Journey |", "|---|---|---|---|"]
    for way in (*COMPARED, *ASKED):
        request, answer, file = way.proofs
        words = way.journey.partition("::test_")[2].replace("_s_", "'s ").replace("_", " ")
        lines.append(f"| {way.feature} | {way.does} | [asked]({request}), [answered]({answer}) | [{words}]({file}) |")
    return "\n".join(lines)


def main() -> int:
    """Write README's table anew."""
    readme = ROOT / "README.md"
    readme.write_text(generated(readme.read_text(encoding="utf-8"), {"ways": table()}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
