"""Before a message that may have been posted is posted again, the chat is read where that is allowed (ENGINE R15)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from bot.errors import MeetingsError, NotDone, NotNow, SendError, Unclear
from bot.messages import Message
from bot.model import Chat, ChatKind
from bot.observe import Event, Observer
from bot.ports import Messenger, Posts

MOST_ATTEMPTS = 4
"""How often a message is tried before it is posted without having read: two cards beat none in an incident."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Looks for posts whose answer was lost."""

    posts: Posts
    messenger: Messenger
    observe: Observer

    async def find(self, message: Message, chat: Chat) -> str:
        """Return the id of the post that a message may have become before, "" to post it.

        Without the grant, or where it does not reach (1:1 chats, what one person sees), that is "". Raises Unclear
        when Graph cannot say just now: the message waits and is looked for again.
        """
        if message.generation == 1 or message.to is not None or chat.kind is ChatKind.PERSONAL:
            return ""
        reference = message.content.reference if message.content else ""
        try:
            if chat.kind is ChatKind.CHANNEL and not chat.group_id:
                chat = replace(chat, group_id=await self.messenger.group(chat))
            return await self.posts.find(chat, message.conversation_id, message.message_id, reference=reference)
        except (MeetingsError, SendError) as error:
            self.observe(Event("post.not_read", {"ref": reference, "status": error.status}, logging.WARNING))
            if isinstance(error, NotNow | NotDone | Unclear) and message.attempts < MOST_ATTEMPTS:
                raise Unclear("the chat could not be read", status=error.status) from error
        return ""
