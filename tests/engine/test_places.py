"""How much runs at once."""

from __future__ import annotations

import asyncio

from bot.places import Places


async def test_one_chat_cannot_take_every_place() -> None:
    """A chat with much to do leaves places to the others, and what it gave back is used again."""
    places = Places(at_once=3, in_one_chat=2)
    running: list[str] = []
    go = asyncio.Event()

    async def work(chat: str, kind: str = "message") -> None:
        async with places.of(kind, chat):
            running.append(chat)
            await go.wait()

    tasks = [asyncio.create_task(work("noisy")) for _ in range(10)]
    tasks += [asyncio.create_task(work("quiet")) for _ in range(2)]
    tasks += [asyncio.create_task(work("turns", "turn"))]
    for _ in range(5):
        await asyncio.sleep(0)
    assert sorted(running) == ["noisy", "noisy", "quiet", "turns"]
    go.set()
    await asyncio.gather(*tasks)
    assert len(running) == 13
    assert not places._chats
