"""How fast a stream opens, and how long an event takes from the bus to the reader.

    python loadtests/bench_stream.py --url http://127.0.0.1:8000 --redis redis://127.0.0.1:6379 --bearer rt_... --create 500

The events are injected on the bus, not committed: run the service with ROOMTALLY_SWEEP_SECONDS=3600 and without a worker, or
the sweep finds that the database knows better. Pin the service to one core and this program with Valkey to another.
"""

import argparse
import asyncio
import io
import json
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

TICK_SECONDS = 0.001


class Options(argparse.Namespace):
    url: str
    path: str
    bearer: str | None
    cookie: str | None
    redis: str | None
    topic: list[str] | None
    create: int
    streams: int
    opening: int
    rate: float
    seconds: float
    json: Path | None


class Frame(NamedTuple):
    event: str
    id: str | None
    data: bytes


class Reader(asyncio.Protocol):
    """One stream over HTTP/1.1, read as it comes. `on_frame` gets every event, with the time of the read that completed it."""

    def __init__(self, request: bytes, topic: int, bench: "Bench") -> None:
        self._request, self.topic, self._bench = request, topic, bench
        self._raw, self._text = bytearray(), bytearray()
        self._status = 0
        self.head_at = self.first_at = 0.0
        self.ready = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._raw += data
        if not self.head_at and not self._read_head(now):
            return
        self._unchunk()
        while (end := self._text.find(b"\n\n")) >= 0:
            block = bytes(self._text[:end])
            del self._text[: end + 2]
            self._bench.take(self, parse(block), now)

    def _read_head(self, now: float) -> bool:
        head, found, rest = bytes(self._raw).partition(b"\r\n\r\n")
        if found:
            self.head_at, self._raw = now, bytearray(rest)
            if not head.startswith(b"HTTP/1.1 200"):
                self._fail(f"refused: {head[:60]!r}")
        return bool(found)

    def _unchunk(self) -> None:
        while (end := self._raw.find(b"\r\n")) >= 0:
            size = int(self._raw[:end], 16)
            if len(self._raw) < end + size + 4:
                return
            self._text += self._raw[end + 2 : end + 2 + size]
            del self._raw[: end + size + 4]

    def _fail(self, reason: str) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(reason))

    def connection_lost(self, exc: Exception | None) -> None:
        self._bench.closed += 1
        self._fail("closed before the first event")


def parse(block: bytes) -> Frame:
    fields = dict(line.split(b": ", 1) for line in block.split(b"\n"))
    event_id = fields.get(b"id")
    return Frame(fields.get(b"event", b"").decode(), event_id.decode() if event_id else None, fields.get(b"data", b""))


class Bench:
    """The streams of one run, and what they have seen."""

    def __init__(self, options: Options, topics: Sequence[str]) -> None:
        self.options, self.topics = options, topics
        self.sent: dict[tuple[int, int], float] = {}
        self.first: dict[int, tuple[str, dict[str, Any]]] = {}  # topic -> event id and state of its first frame
        self.heads: list[float] = []
        self.opened: list[float] = []
        self.latencies: list[float] = []
        self.last: dict[Reader, int] = {}
        self.skipped = self.backwards = self.resets = self.closed = 0
        self.readers: list[Reader] = []

    def take(self, reader: Reader, frame: Frame, now: float) -> None:
        self.resets += frame.event == "reset"
        if frame.event != "progress" or frame.id is None:
            return
        n = int(frame.id.rpartition("-")[2])
        if not reader.first_at:
            reader.first_at = now
            self.first.setdefault(reader.topic, (frame.id, json.loads(frame.data)))
            reader.ready.set_result(None)
        else:
            before = self.last[reader]
            self.skipped += max(0, n - before - 1)
            self.backwards += n <= before
            if (at := self.sent.get((reader.topic, n))) is not None:
                self.latencies.append(now - at)
        self.last[reader] = n

    async def open_all(self) -> float:
        """Opens all streams, `--opening` at a time; the seconds it took."""
        gate = asyncio.Semaphore(self.options.opening)
        started = time.perf_counter()
        await asyncio.gather(*[self._open(place % len(self.topics), gate) for place in range(self.options.streams)])
        return time.perf_counter() - started

    async def _open(self, topic: int, gate: asyncio.Semaphore) -> None:
        target = urlsplit(self.options.url)
        path = self.options.path.format(topic=self.topics[topic])
        request = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {target.netloc}", *login(self.options), "", ""])
        async with gate:
            started = time.perf_counter()
            reader = Reader(request.encode(), topic, self)
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: reader, target.hostname or "127.0.0.1", target.port or 80)
            await asyncio.wait_for(reader.ready, 30)
        self.heads.append(reader.head_at - started)
        self.opened.append(reader.first_at - started)
        self.readers.append(reader)

    async def inject(self, redis: str) -> int:
        """Publishes at the asked rate, topic after topic; how many events went out."""
        bus = urlsplit(redis)
        replies, writer = await asyncio.open_connection(bus.hostname, bus.port or 6379)
        discard = asyncio.create_task(drain(replies))
        makers = [EventMaker(topic, *self.first[place]) for place, topic in enumerate(self.topics)]
        started, done = time.perf_counter(), 0
        while (passed := time.perf_counter() - started) < self.options.seconds:
            due = int(passed * self.options.rate)
            for place in range(done, due):
                topic = place % len(makers)
                channel, message, n = makers[topic].next()
                self.sent[topic, n] = time.perf_counter()
                writer.write(
                    b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
                    % (len(channel), channel, len(message), message)
                )
            done = due
            await asyncio.sleep(TICK_SECONDS)
        await asyncio.sleep(0.5)
        discard.cancel()
        writer.close()
        return done


class EventMaker:
    """The next events of a topic, made from its first state, so that the service folds them as it folds its own."""

    def __init__(self, topic: str, event_id: str, state: dict[str, Any]) -> None:
        self._topic, self._state = topic, state
        self._epoch, _, n = event_id.rpartition("-")
        self._n = int(n)
        self._channel = f"roomtally:batch:{topic}".encode()

    def next(self) -> tuple[bytes, bytes, int]:
        self._n += 1
        paused = self._n % 2 == 0
        event = {"n": self._n, "run": self._state["run"], "type": "batch_paused" if paused else "batch_resumed"}
        event["payload"] = self._change(paused) if "batchId" in self._state else 1
        message = {"topic": self._topic, "epoch": self._epoch, "committed_at": time.time(), "events": [event]}
        return self._channel, json.dumps(message).encode(), self._n

    def _change(self, paused: bool) -> dict[str, Any]:
        same = ("batchId", "run", "status", "progress", "counts", "updatedAt")
        summary = self._state["inventorySummary"] or {"totalItems": 0, "totalVolume": 0}
        totals = {name: summary[name] for name in ("totalItems", "totalVolume")}
        return {name: self._state[name] for name in same} | totals | {"paused": paused, "photos": [], "changes": []}


async def drain(replies: asyncio.StreamReader) -> None:
    while await replies.read(65536):
        pass


def login(options: Options) -> list[str]:
    if options.bearer:
        return [f"Authorization: Bearer {options.bearer}"]
    return [f"Cookie: {options.cookie}"] if options.cookie else []


def create_batches(options: Options) -> list[str]:
    """Batches of one photo each, over REST."""
    from PIL import Image

    photo = io.BytesIO()
    Image.new("RGB", (64, 48), "tan").save(photo, "JPEG")
    headers = dict(line.split(": ", 1) for line in login(options))
    with httpx.Client(base_url=options.url, headers=headers, timeout=30) as client:

        def post(path: str, **content: Any) -> dict[str, Any]:
            answer = client.post(path, **content)
            answer.raise_for_status()
            return answer.json()

        project = post("/api/projects", json={"name": "Benchmark"})["id"]
        jpeg = {"Content-Type": "image/jpeg", "X-Filename": "room.jpg"}
        uploads = [
            post("/api/uploads", content=photo.getvalue(), headers=jpeg)["uploadId"] for _ in range(options.create)
        ]
        return [post("/api/batches", json={"projectId": project, "uploads": [upload]})["batchId"] for upload in uploads]


def spread(seconds: Sequence[float]) -> dict[str, float | int]:
    """Milliseconds."""
    if not seconds:
        return {"n": 0}
    ordered = sorted(seconds)
    at = {f"p{part}": ordered[min(len(ordered) - 1, len(ordered) * part // 100)] for part in (50, 90, 99)}
    values = at | {"mean": statistics.fmean(ordered), "max": ordered[-1]}
    return {"n": len(ordered)} | {name: round(value * 1000, 3) for name, value in values.items()}


async def run(options: Options) -> dict[str, Any]:
    started = time.perf_counter()
    topics = options.topic or await asyncio.to_thread(create_batches, options)
    bench = Bench(options, topics)
    seconds = await bench.open_all()
    events = await bench.inject(options.redis) if options.redis else 0
    closed = bench.closed
    for reader in bench.readers:
        reader.transport.abort()
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "streams": len(bench.readers),
        "topics": len(topics),
        "opens_per_second": round(len(bench.readers) / seconds, 1),
        "head_ms": spread(bench.heads),
        "first_event_ms": spread(bench.opened),
        "events_injected": events,
        "events_per_second": round(events / options.seconds, 1),
        "bus_to_reader_ms": spread(bench.latencies),
        "skipped": bench.skipped,
        "backwards": bench.backwards,
        "resets": bench.resets,
        "closed_by_server": closed,
        "client_cpu_share": round(time.process_time() / (time.perf_counter() - started), 2),
    }


def show(result: dict[str, Any]) -> None:
    for name, value in result.items():
        if isinstance(value, dict):
            cells = "  ".join(f"{key} {cell}" for key, cell in value.items())  # pyright: ignore[reportUnknownVariableType]
            print(f"{name:<20}{cells}")
        else:
            print(f"{name:<20}{value}")


def options_of(arguments: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--path", default="/api/batches/{topic}/stream")
    parser.add_argument("--bearer", help="an API token")
    parser.add_argument("--cookie", help="as sent: roomtally_session=...")
    parser.add_argument("--redis", help="where to inject; without it only opening is measured")
    parser.add_argument("--topic", action="append", help="a batch to follow, repeatable")
    parser.add_argument("--create", type=int, default=100, metavar="N", help="make N batches when no --topic is given")
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--opening", type=int, default=32, help="opens in flight")
    parser.add_argument("--rate", type=float, default=1000, help="events/s over all topics")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", type=Path, help="also write the result there")
    return parser.parse_args(arguments, namespace=Options())


def main() -> int:
    options = options_of()
    result = asyncio.run(run(options))
    show(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 1 if result["backwards"] or result["closed_by_server"] else 0


if __name__ == "__main__":
    sys.exit(main())
