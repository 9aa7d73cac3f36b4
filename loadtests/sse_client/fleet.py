"""The streams of one process: opened at a pace, measured in windows."""

import asyncio
import resource
import time
from collections.abc import Sequence

import msgspec

from loadtests.sse_client.parsing import Known
from loadtests.sse_client.stream import Stream
from loadtests.sse_client.tally import DIALECTS, NEVER, Tally

LAG_SECONDS = 0.02
QUIET_SECONDS = 0.3


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`path` may hold `{topic}`. Stream i follows topic i modulo their number and shows credential i likewise (header lines).

    `opens_per_second` 0: as fast as `in_flight` handshakes at a time allow. `await_first`: a stream is open with its first
    event, not with its head. `first` and `step` tell the processes of one run apart.
    """

    host: str
    port: int
    path: str
    streams: int = 1
    topics: Sequence[str] = ("0",)
    credentials: Sequence[str] = ()
    headers: Sequence[str] = ()
    opens_per_second: float = 2000.0
    in_flight: int = 256
    open_seconds: float = 60.0
    stalled: int = 0
    await_first: bool = True
    dialect: str = "roomtally"
    first: int = 0
    step: int = 1

    def request(self, number: int) -> bytes:
        topic = self.topics[number % len(self.topics)]
        shown = [self.credentials[number % len(self.credentials)]] if self.credentials else []
        lines = (
            f"GET {self.path.replace('{topic}', topic)} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "Accept: text/event-stream",
            *self.headers,
            *shown,
        )
        return "\r\n".join((*lines, "", "")).encode()


class Fleet:
    """Use in the order `open`, then `begin` and `end` as often as you like, then `close`."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._streams: list[Stream] = []
        self._cpu = self._began = 0.0
        self._lag: asyncio.Task[None] | None = None
        self._known: dict[int, Known] | None = {} if len(options.topics) == 1 else None
        self.tally = Tally()

    async def open(self) -> None:
        """Returns when every stream is open or was refused, or after `open_seconds` more than the pace needs."""
        options, loop = self._options, asyncio.get_running_loop()
        began, gate, pace = loop.time(), asyncio.Semaphore(options.in_flight), options.opens_per_second / options.step
        self._lag = asyncio.create_task(self._watch_lag())
        tasks: list[asyncio.Task[None]] = []
        numbers = range(options.first, options.streams, options.step)
        deadline = began + options.open_seconds + (len(numbers) / pace if pace else 0)
        for place, number in enumerate(numbers):
            if pace and (early := began + place / pace - loop.time()) > 0:
                await asyncio.sleep(early)
            await gate.acquire()
            tasks.append(asyncio.create_task(self._open(number, gate)))
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=max(0.1, deadline - loop.time()))
            for task in late:
                task.cancel()
            self.tally.pending += len(late)
        self.tally.open_seconds = loop.time() - began

    async def _open(self, number: int, gate: asyncio.Semaphore) -> None:
        options = self._options
        stream = Stream(
            options.request(number),
            self.tally,
            DIALECTS[options.dialect],
            stalled=number < options.stalled,
            known=self._known,
        )
        try:
            await asyncio.get_running_loop().create_connection(lambda: stream, options.host, options.port)
            self._streams.append(stream)
            await stream.opened
        except OSError as error:
            self.tally.refused[type(error).__name__] += 1
            return
        finally:
            gate.release()
        if options.await_first and number >= options.stalled:
            await stream.shown

    def begin(self) -> None:
        """From now on frames are measured; everything counted so far is forgotten, but not what each stream knows."""
        fresh = Tally()
        vars(self.tally).update(vars(fresh))
        self.tally.since = time.time() * 1000
        self._cpu, self._began = _cpu_seconds(), time.monotonic()

    async def end(self, settle_seconds: float) -> Tally:
        """The window ends now; frames that were made in it are awaited for `settle_seconds`, or until none comes any more."""
        tally = self.tally
        tally.wall_seconds, tally.cpu_seconds = time.monotonic() - self._began, _cpu_seconds() - self._cpu
        tally.until = time.time() * 1000
        deadline, seen = time.monotonic() + settle_seconds, -1
        while time.monotonic() < deadline and len(tally.latency) != seen:
            seen = len(tally.latency)
            await asyncio.sleep(QUIET_SECONDS)
        result = Tally()
        result.add(tally)
        tally.since = NEVER
        return result

    def close(self) -> None:
        if self._lag:
            self._lag.cancel()
        for stream in self._streams:
            stream.leave()

    async def _watch_lag(self) -> None:
        """How late this process itself is: a result with a large lag says more about the client than about the server."""
        while True:
            due = time.monotonic() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            self.tally.loop_lag.append((time.monotonic() - due) * 1000)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
