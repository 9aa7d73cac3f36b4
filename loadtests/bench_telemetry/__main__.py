"""What telemetry costs: python -m loadtests.bench_telemetry [--rounds 5] [--service]. A table on stdout.

CPU time, not the clock: a busy machine stretches the one much less than the other. The arms take turns, forwards and backwards,
and each figure is the median of its rounds.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import click
from rich.console import Console

from loadtests.bench_stream.house import SLOW_SWEEP, House, pinned
from loadtests.bench_stream.ladder import at_rate
from loadtests.bench_telemetry import hub
from roomtally import settings as configuration
from roomtally.settings import Settings

WITHOUT = "loadtests.bench_telemetry.without"
# Of CPU, what is the same in all arms and left out of what is measured: docs/performance.md.
LOOK_SECONDS = 0.25  # decoding a photo and looking at it
BELOW_SECONDS = 11.5e-6  # an event's bus socket, `send`, granian and kernel, for one viewer
DELIVERY_SECONDS = 5.5e-6  # granian and kernel for each viewer of one batch
console = Console(stderr=True)


class Arm(NamedTuple):
    """One way to run: the module whose `serve` is the service, and the settings that differ."""

    name: str
    module: str
    settings: Mapping[str, Any]


class Load(NamedTuple):
    name: str
    streams: int
    topics: int
    rate: float  # events a second


LOADS = (
    Load("running service: one batch, 500 viewers, 50,000 deliveries/s", 500, 1, 100.0),
    Load("running service: 500 batches, a viewer each, 3,000 events/s", 500, 500, 3000.0),
)
PHOTO = "photo: its whole task"


class Sink(BaseHTTPRequestHandler):
    """Takes what an exporter sends; decoding it would be the collector's cost."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        del format, args


@contextmanager
def receiver() -> Generator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def arms(endpoint: str) -> tuple[Arm, ...]:
    """Logs as shipped in all but the first, which writes none."""
    shipped = {"log_level": "info"}
    return (
        Arm("off", WITHOUT, {}),
        Arm("on", "roomtally", shipped),
        Arm("on, traces sent", "roomtally", shipped | {"otlp_endpoint": endpoint}),
    )


def stream(house: House, arm: Arm, load: Load, seconds: float) -> float:
    """CPU seconds of the web process in each second of the load."""
    with house.running(module=arm.module, trace=hub.TRACE, sweep_seconds=SLOW_SWEEP, **arm.settings) as web:
        rung = at_rate(web, load.streams, load.topics, rate=load.rate, seconds=seconds, opens=500.0)
    if rung.share < 0.98:
        console.print(f"{arm.name}: only {rung.share:.0%} of what was offered came", style="yellow")
    return rung.server_cpu / max(rung.share, 0.01)


def photo(house: House, arm: Arm) -> float:
    """CPU seconds a photo."""
    return LOOK_SECONDS + statistics.median(alone(house, arm, "photos"))


def events(house: House, arm: Arm) -> dict[str, float]:
    """CPU seconds an event, by load."""
    costs = alone(house, arm, "hub")
    return {
        f"stream: {load.what}": cost / 1e6 + max(BELOW_SECONDS, DELIVERY_SECONDS * load.viewers / load.topics)
        for load, cost in zip(hub.LOADS, costs, strict=True)
    }


def alone(house: House, arm: Arm, part: str) -> list[float]:
    """What a process of its own, with the arm's settings, says of `part`."""
    settings = Settings(
        database_url=house.postgres.url,
        redis_url=house.valkey.url,
        storage_url=(house.folder / "photos").as_uri(),
        log_format="json",
        **arm.settings,
    )
    words = (arm.module, part) if arm.module == WITHOUT else (f"loadtests.bench_telemetry.{part}",)
    env = os.environ | configuration.to_environ(settings)
    with pinned(house.server_cpus), (house.folder / f"{part}.log").open("ab") as log:
        done = subprocess.run([sys.executable, "-m", *words], check=True, env=env, stdout=subprocess.PIPE, stderr=log)
    return json.loads(done.stdout)


@click.command(context_settings={"show_default": True})
@click.option("--rounds", type=int, default=5, help="Of each arm; the median counts.")
@click.option("--seconds", type=float, default=6.0, help="Of each load in each round.")
@click.option(
    "--service", is_flag=True, help="The running service under load too: for a machine with nothing else to do."
)
@click.option("--server-cpu", type=int, default=0, help="For what is measured.")
@click.option("--client-cpu", type=int, default=1, help="For everything else.")
def main(*, rounds: int, seconds: float, service: bool, server_cpu: int, client_cpu: int) -> None:
    """The CPU of the same work without telemetry, with it, and with every trace sent away."""
    os.sched_setaffinity(0, {client_cpu})
    found: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with receiver() as endpoint, House(500, 500, {server_cpu}, {client_cpu}) as house:
        for number in range(rounds):
            for arm in in_turn(arms(endpoint), number):
                figures = {PHOTO: photo(house, arm)} | events(house, arm)
                if service:
                    figures |= {load.name: stream(house, arm, load, seconds) for load in LOADS}
                for name, figure in figures.items():
                    found[name][arm.name].append(figure)
                console.print(f"round {number + 1} of {rounds}: {arm.name}")
    print(table(found, [arm.name for arm in arms("")]))


def in_turn(chosen: Sequence[Arm], number: int) -> list[Arm]:
    """Forwards, backwards, and so on: what grows or shrinks meanwhile falls on all alike."""
    return list(chosen) if number % 2 == 0 else list(reversed(chosen))


def table(found: Mapping[str, Mapping[str, Sequence[float]]], names: Sequence[str]) -> str:
    """Markdown; of each arm the median, its range, and how much more than the first arm that is."""
    rows = [f"| CPU | {' | '.join(names)} |", "| --- |" + " --- |" * len(names)]
    for load, by_arm in found.items():
        base = statistics.median(by_arm[names[0]])
        cells = [cell(by_arm[name], base) for name in names]
        rows.append(f"| {load} | {' | '.join(cells)} |")
    return "\n".join(rows)


def cell(values: Sequence[float], base: float) -> str:
    median = statistics.median(values)
    more = "" if median == base else f": {(median / base - 1) * 100:+.1f} %"
    return f"{told(median)} ({told(min(values))}-{told(max(values))}){more}"


def told(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds > 0.001 else f"{seconds * 1e6:.1f} us"


if __name__ == "__main__":
    main()
