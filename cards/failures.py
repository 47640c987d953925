"""Why a meeting was not opened, as one plain sentence each: what happened, what next, and who can do it."""

from __future__ import annotations

from cards.words import Words


def reason(code: str, says: Words) -> str:
    """Return the template for a fail code of `bot.rooms`; it may have `{host}`, `{time}` and `{by}` in it."""
    reasons = {
        "stopped": says("I stopped trying at {time}. Still needed?"),
        "deadline": says("I stopped trying at {time}. Still needed?"),
        "policy": says("I may not open meetings for {host} yet: a Teams administrator can allow it, then try again."),
        "sign_in": says(
            "{host} has to sign in first: if that is done by {by}, it opens by itself; "
            "somebody else in this chat can ask for it, too, and host."
        ),
        "sign_in_lost": says(
            "Microsoft did not accept {host}'s sign-in: try again, or give your administrator the reference."
        ),
        "role": says(
            "Microsoft does not let me open meetings here: an administrator has to grant my permissions, "
            "then try again."
        ),
        "host": says(
            "Microsoft knows no Teams account for {host} that can host meetings: "
            "somebody else in this chat can ask for it and host."
        ),
        "private": says(
            "Microsoft did not make it as private as asked, so nobody was given the link: open it anyway, or try again."
        ),
        "calendar": says(
            "The calendar of {host} does not allow Teams meetings: ask for a meeting without the calendar, "
            "or let somebody else ask."
        ),
        "credentials": says(
            "Microsoft does not accept my sign-in any more: whoever runs me has to renew it, then try again."
        ),
        "blocked": says("Conditional access keeps me out: an administrator has to let me in, then try again."),
        "problem": says("Something went wrong on my side: try again, or give whoever runs me the reference."),
        "quota": says(
            "Microsoft's limit of meetings in a month is reached for {host}: "
            "somebody else in this chat can ask for it and host."
        ),
    }
    return reasons.get(code) or says(
        "Microsoft refused to make this meeting: try again, or give your administrator the reference."
    )
