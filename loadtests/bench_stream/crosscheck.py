"""Our client beside the C client of a reference folder, on the same server: python -m loadtests.bench_stream.crosscheck."""

import os
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec
from rich.console import Console
from rich.table import Table

from loadtests.bench_stream.house import House
from loadtests.bench_stream.peers import servers
from loadtests.bench_stream.peers.servers import Peer
from loadtests.sse_client.processes import Clients
from loadtests.sse_client.report import report

WARM_UP_SECONDS = 1
SIZE = 1100


class Load(NamedTuple):
    what: str
    streams: int
    topics: int
    rate: float


class Seen(NamedTuple):
    """Times are ms; `cpu` is microseconds a frame, opening and all."""

    opened: int
    deliveries_per_s: float
    p50: float
    p90: float
    p99: float
    missing: int
    malformed: int
    cpu: float


LOADS = (
    Load("one topic, 1,000 viewers, 20 events/s", 1000, 1, 20),
    Load("one topic, 1,000 viewers, 40 events/s", 1000, 1, 40),
    Load("1,000 topics, a viewer each, 1,000 events/s", 1000, 1000, 1000),
    Load("1,000 topics, a viewer each, 5,000 events/s", 1000, 1000, 5000),
)


@click.command(context_settings={"show_default": True})
@click.option("--reference", type=click.Path(path_type=Path), default="../shared/bench", help="Holds ssebench.c.")
@click.option("--seconds", default=5)
@click.option("--repeats", default=3)
def main(reference: Path, seconds: int, repeats: int) -> None:
    """Both clients in turn at the same loads on nchan; medians side by side."""
    os.sched_setaffinity(0, {1})
    servers.install_nchan()
    console = Console()
    with House(1, 1, {0}, {1}) as house:
        binary = house.folder / "ssebench"
        subprocess.run(["cc", "-O2", "-std=gnu11", "-o", binary, reference / "ssebench.c"], check=True)
        for load in LOADS:
            theirs: list[Seen] = []
            ours: list[Seen] = []
            for _ in range(repeats):
                with servers.running_nchan(house, {0}, SIZE) as peer:
                    theirs.append(_reference(peer, binary, load, seconds))
                with servers.running_nchan(house, {0}, SIZE) as peer:
                    ours.append(_ours(peer, load, seconds))
            console.print(_table(load, _median(theirs), _median(ours)))


def _reference(peer: Peer, binary: Path, load: Load, seconds: int) -> Seen:
    command = [binary, "-c", load.streams, "-T", load.topics, "-r", 1000, "-w", WARM_UP_SECONDS, "-d", seconds]
    process = subprocess.Popen(
        [*map(str, command), f"127.0.0.1:{peer.port}", "/sub/%d"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr
    process.stderr.readline()  # all are open
    injector = peer.injector(load.topics)
    injector.run(load.rate, WARM_UP_SECONDS + seconds)
    said: dict[str, Any] = msgspec.json.decode(process.communicate()[0])
    injector.close()
    latency = said["latency_ms"]
    return Seen(
        opened=said["connected"],
        deliveries_per_s=said["events_per_s"],
        p50=latency["p50"],
        p90=latency["p90"],
        p99=latency["p99"],
        missing=said["seq_missing"],
        malformed=said["malformed"],
        cpu=said["client_cpu_seconds"] / said["events"] * 1e6,
    )


def _ours(peer: Peer, load: Load, seconds: int) -> Seen:
    with Clients(peer.options(load.streams, load.topics, opens_per_second=1000.0)) as clients:
        opening = clients.open()
        injector = peer.injector(load.topics)
        injector.run(load.rate, WARM_UP_SECONDS)
        clients.begin()
        sent = injector.run(load.rate, seconds)
        time.sleep(0.2)
        seen = report(opening, clients.end())
        injector.close()
    latency = seen.latency_ms
    return Seen(
        opened=seen.opened,
        deliveries_per_s=seen.measured / sent.seconds,
        p50=latency.p50,
        p90=latency.p90,
        p99=latency.p99,
        missing=seen.skipped,
        malformed=seen.malformed,
        cpu=seen.client_cpu * seen.window_seconds / max(1, sum(seen.events.values())) * 1e6,
    )


def _median(runs: list[Seen]) -> Seen:
    return Seen(*(statistics.median(values) for values in zip(*runs, strict=True)))


def _table(load: Load, theirs: Seen, ours: Seen) -> Table:
    table = Table("", "C client", "ours", "ours / C", title=load.what)
    for name, reference, value in zip(Seen._fields, theirs, ours, strict=True):
        table.add_row(name, f"{reference:,.2f}", f"{value:,.2f}", f"{value / reference:.2f}" if reference else "-")
    return table


if __name__ == "__main__":
    main()
