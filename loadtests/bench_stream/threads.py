"""Where the time of an event goes in the running service: python -m loadtests.bench_stream.threads [--rate 30000]...

CPU time of each thread of the process that serves 5,000 batches with a viewer each, by event. At a low rate every event is a read
of the bus and wakes two threads; near the top many share both.
"""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from loadtests.bench_stream.cells import Scale
from loadtests.bench_stream.house import House, Web, pinned
from loadtests.bench_stream.inject import Injector
from loadtests.bench_stream.ladder import WARM_UP_SECONDS
from loadtests.sse_client.processes import Clients
from loadtests.sse_client.report import report

NANOSECONDS = 1e9
SETTLE_SECONDS = 2.0  # what is on its way still comes, and is counted
LEAST_US = 0.05  # an event; threads that take less are left out


@click.command(context_settings={"show_default": True})
@click.option("--rate", "rates", type=float, multiple=True, default=(10_000.0, 30_000.0), help="Events/s, repeatable.")
@click.option("--topics", default=Scale().many, help="And as many viewers.")
@click.option("--seconds", default=4.0)
def main(rates: Sequence[float], topics: int, seconds: float) -> None:
    table = Table("events/s", "came", "p50 ms", "p99 ms", "us an event", "by thread")
    with (
        pinned({1}),
        House(topics, topics, {0}, {1}) as house,
        house.injected() as web,
        Clients(web.options(topics, topics, opens_per_second=1000.0)) as clients,
    ):
        opened = clients.open().opened
        if opened != topics:
            raise RuntimeError(f"{opened} of {topics} streams are open")
        injector = web.injector(topics)
        for rate in rates:
            table.add_row(*_row(web, clients, injector, rate, seconds))
        injector.close()
    Console().print(table)


def _row(web: Web, clients: Clients, injector: Injector, rate: float, seconds: float) -> list[str]:
    injector.run(rate, WARM_UP_SECONDS)
    clients.begin()
    before = _spent(web.serving())
    sent = injector.run(rate, seconds)
    seen = report(clients.now(), clients.end(SETTLE_SECONDS))
    after = _spent(web.serving())
    costs = {name: (spent - before.get(name, 0.0)) / max(seen.measured, 1) * 1e6 for name, spent in after.items()}
    return [
        f"{sent.events / sent.seconds:,.0f}",
        f"{seen.measured / sent.events:.1%}",
        f"{seen.latency_ms.p50:.2f}",
        f"{seen.latency_ms.p99:.2f}",
        f"{sum(costs.values()):.1f}",
        ", ".join(f"{name.partition('/')[0]} {cost:.2f}" for name, cost in costs.items() if cost >= LEAST_US),
    ]


def _spent(pids: Sequence[int]) -> dict[str, float]:
    """Seconds of CPU that each thread has had, by its name and number."""
    spent: dict[str, float] = {}
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            name = (task / "comm").read_text().strip()
            spent[f"{name}/{task.name}"] = int((task / "schedstat").read_text().split()[0]) / NANOSECONDS
    return spent


if __name__ == "__main__":
    main()
