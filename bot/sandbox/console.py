"""Where the chat is shown and typed: a terminal with history and completion, or plain lines for everything else."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

_SPELT = str.maketrans({"·": "-", "…": "...", "\u2013": "-", "—": "-", "\u2019": "'", "“": '"', "”": '"', "•": "*"})


@dataclass(frozen=True, slots=True)
class Look:
    """How things are drawn: in boxes or not, with any character or only those of the console's encoding."""

    boxes: bool
    unicode: bool

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str], *, plain: bool) -> Look:
        """Return what suits a stream: boxes in a terminal unless `plain` or NO_COLOR (https://no-color.org)."""
        encoding = (getattr(stream, "encoding", None) or "ascii").casefold().replace("-", "").replace("_", "")
        terminal = stream.isatty() and environ.get("TERM") != "dumb"
        return cls(terminal and not plain and not environ.get("NO_COLOR"), encoding.startswith("utf"))


class Console(Protocol):
    """Where text goes, and where lines come from."""

    def show(self, text: str) -> None:
        """Show text, one or more lines."""
        ...

    async def ask(self, prompt: str) -> str:
        """Return what is typed behind a prompt; raises EOFError at the end and KeyboardInterrupt at Ctrl-C."""
        ...

    def kept_below(self) -> contextlib.AbstractContextManager[None]:
        """Keep the line being typed below everything shown meanwhile."""
        ...


class Written(Protocol):
    """What a console needs of a text stream."""

    def write(self, text: str, /) -> int:
        """Write text."""
        ...

    def flush(self) -> None:
        """Let it be seen."""
        ...


class _Encoded:
    """prompt_toolkit's stand-in for standard output, with the encoding of the real one."""

    def __init__(self, stream: Written, encoding: str | None) -> None:
        self.encoding = encoding
        self.write = stream.write
        self.flush = stream.flush


class Stream:
    """A console that only shows; there is nobody to type."""

    def __init__(self, stream: Written) -> None:
        self._stream = stream

    def show(self, text: str) -> None:
        """Write text; what the encoding lacks is spelt otherwise."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = text.translate(_SPELT).encode(encoding, "replace").decode(encoding)
        self._stream.write(text + "\n")
        self._stream.flush()

    async def ask(self, prompt: str) -> str:
        """Nobody types here: raises EOFError."""
        raise EOFError(prompt)

    def kept_below(self) -> contextlib.AbstractContextManager[None]:
        """Nothing is typed, so nothing has to be kept."""
        return contextlib.nullcontext()


class Lines(Stream):
    """Lines from a pipe or a file, echoed behind the prompt, so that the output reads as a conversation."""

    def __init__(self, source: TextIO, stream: TextIO) -> None:
        super().__init__(stream)
        self._source = source

    async def ask(self, prompt: str) -> str:
        """Return the next line; raises EOFError after the last."""
        loop = asyncio.get_running_loop()
        read: asyncio.Future[str] = loop.create_future()

        def hand_over(line: str) -> None:
            if not read.done():
                read.set_result(line)

        def reads() -> None:
            line = self._source.readline()
            # Nobody waits any more where Ctrl-C closed the loop meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(hand_over, line)

        # A thread of the loop's own would have to end before the program may: this one may wait for ever.
        threading.Thread(target=reads, daemon=True).start()
        line = await read
        if not line:
            raise EOFError(prompt)
        self.show(f"{prompt}{line.rstrip()}")
        return line


class Terminal(Stream):
    """A terminal with history and completion of `words`; what is shown while somebody types stands above the line."""

    def __init__(
        self,
        stream: Written,
        words: Iterable[str],
        *,
        keyboard: Input | None = None,
        screen: Output | None = None,
    ) -> None:
        """Take the stream and the words to complete; a keyboard and a screen replace the machine's own."""
        from prompt_toolkit import PromptSession  # noqa: PLC0415 - only who has a terminal needs it
        from prompt_toolkit.completion import WordCompleter  # noqa: PLC0415 - the same

        super().__init__(stream)
        completer = WordCompleter(list(words), sentence=True)
        self._session: PromptSession[str] = PromptSession(
            completer=completer, complete_while_typing=False, input=keyboard, output=screen
        )

    async def ask(self, prompt: str) -> str:
        """Return what is typed; raises EOFError at Ctrl-D and KeyboardInterrupt at Ctrl-C."""
        line: str = await self._session.prompt_async(prompt)
        return line

    @contextlib.contextmanager
    def kept_below(self) -> Iterator[None]:
        """Keep the line being typed below everything shown meanwhile."""
        from prompt_toolkit.patch_stdout import StdoutProxy  # noqa: PLC0415 - only who has a terminal needs it

        stream = self._stream
        with StdoutProxy(raw=True) as proxy:
            self._stream = _Encoded(proxy, getattr(stream, "encoding", None))
            try:
                yield
            finally:
                self._stream = stream
