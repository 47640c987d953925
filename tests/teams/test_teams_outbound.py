"""What is said to Teams, and what its answers mean."""

from __future__ import annotations

import pytest

from bot.errors import Gone, NotDone, Rejected, SendError, Unclear
from bot.messages import Answer, Rendered
from bot.model import Person
from bot.teams import outbound
from bot.teams.service_url import normal, permitted

CARD = {"type": "AdaptiveCard", "version": "1.5", "body": []}


def test_a_card_travels_as_an_attachment_with_its_summary_and_nonce() -> None:
    """A card is posted as Teams wants it, with one sentence for notifications and our own mark."""
    assert outbound.activity(Rendered(CARD, "A meeting", "words"), nonce="n1") == {
        "type": "message",
        "summary": "A meeting",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": CARD}],
        "channelData": {"muster": {"nonce": "n1"}},
    }


def test_without_a_card_the_words_are_sent_plain() -> None:
    """Plain text is sent as plain text, so that nothing in it turns into a link or a headline."""
    assert outbound.activity(Rendered(None, "s", "a *b*"), to=Person("29:1", name="Ana")) == {
        "type": "message",
        "summary": "s",
        "text": "a *b*",
        "textFormat": "plain",
        "recipient": {"id": "29:1", "name": "Ana"},
    }


@pytest.mark.parametrize(
    ("answer", "status", "kind", "value"),
    [
        (Answer(text="Done."), 200, "application/vnd.microsoft.activity.message", "Done."),
        (Answer(text="x", card=CARD), 200, "application/vnd.microsoft.card.adaptive", CARD),
        (Answer(error="No."), 400, "application/vnd.microsoft.error", {"code": "BadRequest", "message": "No."}),
    ],
)
def test_a_press_is_always_answered_with_http_200(answer: Answer, status: int, kind: str, value: object) -> None:
    """A press gets a card, a sentence or a quiet error, never a failing HTTP status."""
    reply = outbound.invoke_reply(answer)
    assert reply == outbound.InvokeReply(200, {"statusCode": status, "type": kind, "value": value})


@pytest.mark.parametrize(
    ("method", "status", "kind"),
    [
        *(("POST", status, NotDone) for status in (401, 412, 429, 503)),
        *(("POST", status, Unclear) for status in (408, 500, 502, 504, 599)),
        *(
            (method, status, NotDone)
            for method in ("PUT", "DELETE")
            for status in (401, 408, 412, 429, 500, 502, 503, 504)
        ),
        *((method, status, Gone) for method in ("POST", "PUT", "DELETE") for status in (403, 404)),
        *((method, status, Rejected) for method in ("POST", "PUT") for status in (302, 400, 405, 413, 415)),
    ],
)
def test_each_status_means_one_thing(method: str, status: int, kind: type[SendError]) -> None:
    """What was surely not posted is told apart from what may have been, from what is gone and from a no."""
    error = outbound.refusal(method, status, retry_after=1.5)
    assert type(error) is kind
    assert error.status == status
    assert error.retry_after == (1.5 if kind in (NotDone, Unclear) else None)


@pytest.mark.parametrize(
    ("method", "status", "code", "chat"),
    [
        ("POST", 404, "", True),
        ("POST", 403, "BotNotInConversationRoster", True),
        ("PUT", 404, "ActivityNotFoundInConversation", False),
        ("DELETE", 404, "", False),
        ("PUT", 404, "ConversationNotFound", True),
        ("PUT", 403, "BotDisabledByAdmin", True),
    ],
)
def test_a_deleted_message_is_not_a_lost_chat(method: str, status: int, code: str, *, chat: bool) -> None:
    """An edit of a message that people deleted does not make Muster leave the chat."""
    error = outbound.refusal(method, status, code=code)
    assert isinstance(error, Gone)
    assert error.chat is chat


@pytest.mark.parametrize(
    ("method", "sent", "kind"), [("POST", True, Unclear), ("POST", False, NotDone), ("PUT", True, NotDone)]
)
def test_no_answer_is_only_unclear_when_something_was_sent(method: str, kind: type[SendError], *, sent: bool) -> None:
    """A post that never left is posted again at once, one that may have arrived is not."""
    assert type(outbound.broken(method, "reset", bytes_sent=sent)) is kind


@pytest.mark.parametrize("document", [None, [], {"error": "x"}, {"error": {"code": 7}}, {"message": "denied"}])
def test_an_error_body_of_any_shape_is_read(document: object) -> None:
    """A body without a code is no trouble."""
    assert outbound.error_code(document) == ""


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://SMBA.trafficmanager.net/emea/", "https://smba.trafficmanager.net/emea"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("https://a.example:8443", "https://a.example:8443"),
        ("http://a.example/", ""),
        ("https://a.example@evil.example/", ""),
        ("https://a.example\\@evil.example/", ""),
        ("https://a.example/?x=1", ""),
        ("https://a.example/#x", ""),
        ("https://a.example/{x}", ""),
        ("https://a.example/ x", ""),
        ("https://\u0430.example/", ""),
        ("https://a.example:port/", ""),
        ("https://[::1", ""),
        ("https:///x", ""),
        ("https://a.example/" + "x" * 5000, ""),
        (None, ""),
    ],
)
def test_a_service_url_is_plain_https_or_nothing(url: object, plain: str) -> None:
    """An address that could be read in two ways is not used."""
    assert normal(url) == plain


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://smba.trafficmanager.net/emea/", True),
        ("https://smba.trafficmanager.net.evil.example/", False),
        ("https://evil.smba.trafficmanager.net/", False),
        ("http://smba.trafficmanager.net/", False),
    ],
)
def test_hosts_are_compared_whole(url: str, *, allowed: bool) -> None:
    """Only exactly the hosts on the list are answered to."""
    assert bool(permitted(url, {"smba.trafficmanager.net"})) is allowed
