"""The streams of all web processes: one asks, each answers, over the bus. Nothing is kept: who does not answer is missing.

The question goes to one channel that all processes hear, each answer to a channel that only the one who asks hears.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Coroutine, Sequence

import msgspec

from roomtally import errors
from roomtally.db.valkey import Valkey
from roomtally.streams import roster
from roomtally.streams.hub import Hub
from roomtally.streams.reader import BusReader

WINDOW_SECONDS = 0.5  # an answer takes 10 ms; more is a process that is stuck, and a person waits for the page

CHANNEL = "roomtally:streams:roster"
OPERATION = "stream_roster"


class Question(msgspec.Struct, frozen=True):
    """Whoever hears it answers to `mailbox`; `close` is the id of a stream to close."""

    id: str
    mailbox: str
    wanted: roster.Wanted
    close: str | None = None


class Process(msgspec.Struct, frozen=True, rename="camel"):
    """`process`: host and process id. `total` counts long-polls too."""

    process: str
    total: int
    draining: bool


class Answer(msgspec.Struct, frozen=True):
    question: str
    mailbox: str
    process: Process
    streams: list[roster.Entry]
    closed: bool = False


class Gathered(msgspec.Struct, frozen=True):
    """`asked`: how many processes there are, None where nobody knows. The answer of this process is the first."""

    answers: Sequence[Answer]
    asked: int | None


class Gathering:
    """`start` when the bus is there. While it is lost, only this process answers."""

    def __init__(self, hub: Hub, reader: BusReader, client: Valkey) -> None:
        self._hub, self._bus, self._valkey = hub, reader, client
        self.process = f"{socket.gethostname()}/{os.getpid()}"
        self._mailbox = f"{CHANNEL}:{secrets.token_hex(8)}"
        self._rounds: dict[str, _Round] = {}
        self._known: int | None = None
        self._answering: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await self._bus.subscribe(CHANNEL, self._asked)
        await self._bus.subscribe(self._mailbox, self._answered)

    async def list(self, wanted: roster.Wanted) -> Gathered:
        """Takes half a second at most, and a quarter more where Valkey hangs."""
        return await self._ask(self._question(wanted))

    async def close(self, stream_id: str) -> None:
        """Raises NotFound where all processes say that they have no such stream, Unavailable where some say nothing."""
        if self._hub.close(stream_id):
            return
        found = await self._ask(self._question(roster.Wanted(0), close=stream_id))
        if any(answer.closed for answer in found.answers):
            return
        if len(found.answers) == found.asked:
            raise errors.NotFound("stream-not-found", "No process has such a stream; it may have ended.")
        raise errors.Unavailable(
            "processes-silent",
            f"{len(found.answers)} of {found.asked or 'unknown'} processes answered, and no such stream is theirs.",
            retry_after=2,
        )

    def _question(self, wanted: roster.Wanted, close: str | None = None) -> Question:
        return Question(secrets.token_hex(8), self._mailbox, wanted, close)

    async def _ask(self, question: Question) -> Gathered:
        round_ = self._rounds[question.id] = _Round(self._answer(question))
        try:
            others = await self._tell_others(question)
            if others:
                await round_.full(others)
        finally:
            del self._rounds[question.id]
        return Gathered(list(round_.answers.values()), self._known)

    async def _tell_others(self, question: Question) -> int:
        """How many are to answer."""
        heard = await self._valkey.guarded(self._valkey.publish(CHANNEL, msgspec.json.encode(question)), OPERATION)
        if heard is None:
            return 0
        listening = self._bus.state == "connected"  # so one of them is ours
        self._known = max(heard - listening, 0) + 1
        return self._known - 1 if listening else 0

    # --- what others ask

    def _asked(self, payload: bytes) -> None:
        question = msgspec.json.decode(payload, type=Question)
        if question.mailbox != self._mailbox:
            self._later(self._send(question.mailbox, self._answer(question)))

    def _answered(self, payload: bytes) -> None:
        answer = msgspec.json.decode(payload, type=Answer)
        if round_ := self._rounds.get(answer.question):
            round_.add(answer)

    def _answer(self, question: Question) -> Answer:
        closed = question.close is not None and self._hub.close(question.close)
        process = Process(self.process, self._hub.count, self._hub.draining)
        return Answer(question.id, self._mailbox, process, roster.entries(self._hub, question.wanted), closed)

    async def _send(self, mailbox: str, answer: Answer) -> None:
        await self._valkey.guarded(self._valkey.publish(mailbox, msgspec.json.encode(answer)), OPERATION)

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="stream roster")
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)


class _Round:
    """The answers to one question, one a process."""

    def __init__(self, own: Answer) -> None:
        self.answers = {own.mailbox: own}
        self._news = asyncio.Event()

    def add(self, answer: Answer) -> None:
        self.answers[answer.mailbox] = answer
        self._news.set()

    async def full(self, others: int) -> None:
        """Returns when so many others have answered, one has closed what was to be closed, or the time is over."""
        try:
            async with asyncio.timeout(WINDOW_SECONDS):
                while len(self.answers) <= others and not any(answer.closed for answer in self.answers.values()):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
