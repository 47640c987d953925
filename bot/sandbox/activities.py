"""Activities as Teams sends them to a bot (facts/teams 2): pure functions from people and chats to JSON."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.clock import moment, stamp
from bot.sandbox.posts import Post, actions
from bot.sandbox.tenant import Chat, Person, Tenant

Activity = dict[str, Any]

_MENTION = '<span itemscope="" itemtype="http://schema.skype.com/Mention" itemid="{}">{}</span>'


class Scribe:
    """Writes the activities of one tenant; `service_url` is what they carry."""

    def __init__(self, tenant: Tenant, service_url: str) -> None:
        self._tenant = tenant
        self._service_url = service_url

    def message(self, person: Person, conversation_id: str, text: str, *, at: int, **details: Any) -> Activity:  # noqa: ANN401 - any field
        """Return something said; `@Name` of the bot or of a member in `text` becomes a mention. Time in ms UTC."""
        chat = self._chat(conversation_id)
        activity = self.envelope("message", person, conversation_id, at=at)
        marked, rich, mentions = self._mentions(chat, text)
        activity["text"] = marked
        activity["textFormat"] = "plain"
        activity["attachments"] = [{"contentType": "text/html", "content": f"<p>{rich}</p>"}]
        activity["entities"] = [*mentions, *activity["entities"]]
        return {**activity, **details}

    def press(self, person: Person, post: Post, action: Activity, *, at: int, inputs: Activity) -> Activity:
        """Return the press of a button: an invoke for Action.Execute, a message with a value for Action.Submit.

        Raises ValueError for a button that the bot never hears of (a link, a toggle).
        """
        data = {**(action.get("data") or {}), **inputs}
        if action["type"] == "Action.Submit":
            activity = self.envelope("message", person, post.conversation_id, at=at)
            return {**activity, "value": data, "replyToId": post.id}
        if action["type"] != "Action.Execute":
            raise ValueError(f"{action['type']} stays inside Teams")
        pressed = {key: action[key] for key in ("type", "id", "title", "verb") if key in action}
        activity = self.envelope("invoke", person, post.conversation_id, at=at)
        activity.update(id=f"f:{uuid.uuid4()}", name="adaptiveCard/action", replyToId=post.id)
        activity["value"] = {"action": {**pressed, "data": data}, "trigger": "manual"}
        return activity

    def installation(self, person: Person, chat: Chat, action: str, *, at: int) -> list[Activity]:
        """Return the two activities of an installation: `action` is `add` or `remove` (facts/teams 2.4)."""
        installed = self.envelope("installationUpdate", person, chat.thread_id, at=at)
        installed["action"] = action
        change = self.envelope("conversationUpdate", person, chat.thread_id, at=at)
        change["membersAdded" if action == "add" else "membersRemoved"] = [{"id": self._tenant.bot_id}]
        for activity in (installed, change):
            activity["id"] = f"f:{uuid.uuid4()}"
            if chat.team is not None:
                activity["channelData"]["settings"] = {"selectedChannel": {"id": chat.thread_id}}
                team = {"id": chat.team.id, "name": chat.team.name, "aadGroupId": chat.team.group_id}
                activity["channelData"]["team"] = team
        if chat.kind == "channel":
            change["channelData"]["eventType"] = "teamMemberAdded" if action == "add" else "teamMemberRemoved"
        return [installed, change]

    def envelope(self, kind: str, person: Person, conversation_id: str, *, at: int) -> Activity:
        """Return what every activity has in common (facts/teams 2.1, 2.2). The id is left to whoever sends it."""
        chat = self._chat(conversation_id)
        tenant_id = self._tenant.tenant_id
        local = moment(at).astimezone(ZoneInfo(person.zone)).isoformat(timespec="milliseconds")
        client_info = {
            "locale": person.locale,
            "country": person.country,
            "platform": "Windows",
            "timezone": person.zone,
        }
        conversation = {"conversationType": chat.kind, "tenantId": tenant_id, "id": conversation_id}
        if chat.kind != "personal":
            conversation["isGroup"] = True  # type: ignore[assignment] # JSON mixes its types
        return {
            "type": kind,
            "timestamp": stamp(at),
            "localTimestamp": local,
            "localTimezone": person.zone,
            "serviceUrl": self._service_url,
            "channelId": "msteams",
            "from": {"id": person.id, "name": person.name, "aadObjectId": person.oid},
            "conversation": conversation,
            "recipient": {"id": self._tenant.bot_id, "name": self._tenant.bot_name},
            "entities": [{**client_info, "type": "clientInfo"}],
            "channelData": self._channel_data(chat),
            "locale": person.locale,
        }

    def _channel_data(self, chat: Chat) -> Activity:
        tenant = {"tenant": {"id": self._tenant.tenant_id}}
        if chat.team is None:
            return dict(tenant)
        return {
            "teamsChannelId": chat.thread_id,
            "teamsTeamId": chat.team.id,
            "channel": {"id": chat.thread_id, "type": chat.membership},
            "team": {"id": chat.team.id},
            **tenant,
        }

    def _chat(self, conversation_id: str) -> Chat:
        chat = self._tenant.chat(conversation_id)
        if chat is None:
            raise LookupError(conversation_id)
        return chat

    def _mentions(self, chat: Chat, text: str) -> tuple[str, str, list[Activity]]:
        """Return the text with `<at>` tags, the same as HTML, and the mention entities."""
        named = {self._tenant.bot_name: (self._tenant.bot_id, self._tenant.bot_name)}
        for person in self._tenant.members(chat):
            named[person.name] = named[person.first_name] = (person.id, person.name)
        names = sorted(named, key=len, reverse=True)
        pattern = re.compile("@(" + "|".join(re.escape(name) for name in names) + r")(?!\w)")
        marked, rich, entities, end = "", "", [], 0
        for number, found in enumerate(pattern.finditer(text)):
            before = text[end : found.start()]
            key, name = named[found[1]]
            marked += f"{before}<at>{name}</at>"
            rich += html.escape(before) + _MENTION.format(number, html.escape(name))
            entities.append({"type": "mention", "text": f"<at>{name}</at>", "mentioned": {"id": key, "name": name}})
            end = found.end()
        return marked + text[end:], rich + html.escape(text[end:]), entities


def button(post: Post, wanted: str) -> Activity:
    """Return the action of a post's card with this title, verb or id; raises LookupError naming those there are."""
    found = actions(post.card)
    for action in found:
        if wanted in (action.get("title"), action.get("verb"), action.get("id")):
            return action
    titles = ", ".join(str(action.get("title") or action.get("verb")) for action in found)
    raise LookupError(f"no button {wanted!r}; there are: {titles or 'none'}")
