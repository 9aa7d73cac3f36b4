"""All figures of the stream: python -m loadtests.bench_stream [--quick] [--only KEY]..."""

import datetime
import os
import platform
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import click
import msgspec
import psutil
from rich.console import Console

from loadtests.bench_stream import house as houses
from loadtests.bench_stream import inject
from loadtests.bench_stream.cells import QUICK, Scale
from loadtests.bench_stream.figures import Value, markdown
from loadtests.bench_stream.house import House
from loadtests.bench_stream.ladder import Target
from loadtests.bench_stream.peers import servers
from loadtests.bench_stream.peers.servers import Missing
from loadtests.bench_stream.plan import Cell, plan

RESULTS = Path(__file__).parent / "results"
OURS = "roomtally"

Start = Callable[[], AbstractContextManager[Target]]
console = Console(stderr=True)


def _cpus(_context: click.Context, _option: click.Parameter, text: str) -> set[int]:
    try:
        return {int(part) for part in text.split(",")}
    except ValueError:
        raise click.BadParameter("numbers of CPUs with commas between them") from None


@click.command(context_settings={"show_default": True})
@click.option(
    "--quick", is_flag=True, help="One repeat of everything, smaller: shows that it works, not how fast it is."
)
@click.option("--only", multiple=True, metavar="KEY", help="Only the cells with this row, repeatable.")
@click.option("--repeats", type=int, help="The median is reported.  [default: 3, with --quick 1]")
@click.option("--peers/--no-peers", default=True, help="Beside nchan and sse-starlette.")
@click.option("--server-cpus", callback=_cpus, default="0", help="For what is measured.")
@click.option("--client-cpus", callback=_cpus, default="1", help="For clients, publisher, PostgreSQL and Valkey.")
def main(
    *,
    quick: bool,
    only: tuple[str, ...],
    repeats: int | None,
    peers: bool,
    server_cpus: set[int],
    client_cpus: set[int],
) -> None:
    """Measure the stream of the service as it is shipped, beside two peers. A table on stdout, raw figures in results/."""
    scale = QUICK if quick else Scale()
    scale = msgspec.structs.replace(scale, repeats=repeats or scale.repeats)
    chosen = [cell for cell in plan(scale) if not only or {row.key for row in cell.rows} & set(only)]
    os.sched_setaffinity(0, client_cpus)
    with House(scale.many, max(scale.many, scale.idle), server_cpus, client_cpus) as house:
        starts, versions = _peers(house, server_cpus) if peers else ({}, {})
        about = _about(scale, versions, server_cpus, client_cpus)
        output = RESULTS / f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d-%H%M%S}{'-quick' * quick}.json"
        for cell in chosen:
            _run(cell, scale, house, starts)
            _save(output, about, chosen)
    print(markdown([row for cell in chosen for row in cell.rows], about, [OURS, *starts]))
    console.print(
        f"raw figures: {output.relative_to(Path.cwd()) if output.is_relative_to(Path.cwd()) else output.name}"
    )


def _peers(house: House, cpus: set[int]) -> tuple[dict[str, Start], dict[str, str]]:
    """The peers that can run here, and their versions."""
    environment, size = RESULTS / "sse-starlette", inject.frame_bytes(house.epoch)
    starts: dict[str, Start] = {}
    versions: dict[str, str] = {}
    known: list[tuple[str, Callable[[], str], Start]] = [
        ("nchan", servers.install_nchan, lambda: servers.running_nchan(house, cpus, size)),
        (
            "sse-starlette",
            lambda: servers.install_starlette(environment),
            lambda: servers.running_starlette(house, cpus, size, environment),
        ),
    ]
    for name, install, start in known:
        try:
            versions[name] = install()
        except Missing as missing:
            console.print(f"[yellow]{missing}")
        else:
            starts[name] = start
    return starts, versions


def _run(cell: Cell, scale: Scale, house: House, peers: dict[str, Start]) -> None:
    """Repeats take turns between the servers, so that a slow hour of the machine hits all of them."""
    for _ in range(scale.repeats):
        if not cell.peers:
            _note(cell, OURS, _guarded(cell, OURS, lambda: cell.run(house, scale)))
            continue
        ours: Start = house.injected if cell.injects else house.running
        for name, start in ({OURS: ours} | peers).items():
            _note(cell, name, _guarded(cell, name, lambda start=start: _on(start, cell, scale)))


def _on(start: Start, cell: Cell, scale: Scale) -> Sequence[Value]:
    with start() as target:
        return cell.run(target, scale)


def _guarded(cell: Cell, name: str, run: Callable[[], Sequence[Value]]) -> Sequence[Value]:
    """A run that fails is a figure that says so: the other cells go on."""
    console.print(f"[dim]{cell.rows[0].key}: {name}")
    try:
        return run()
    except Exception as error:
        console.print_exception()
        return [Value(value=None, remark=f"failed: {str(error).splitlines()[0]}")] * len(cell.rows)


def _note(cell: Cell, name: str, values: Sequence[Value]) -> None:
    for row, value in zip(cell.rows, values, strict=True):
        row.runs.setdefault(name, []).append(value)
        console.print(
            f"  {row.what}: {'none' if value.value is None else f'{value.value:.4g}'} {row.unit}  [dim]{value.remark}"
        )


def _save(output: Path, about: dict[str, str], chosen: list[Cell]) -> None:
    output.parent.mkdir(exist_ok=True)
    rows = [row for cell in chosen for row in cell.rows]
    output.write_bytes(msgspec.json.format(msgspec.json.encode({"about": about, "rows": rows})) + b"\n")


def _about(scale: Scale, versions: dict[str, str], server_cpus: set[int], client_cpus: set[int]) -> dict[str, str]:
    ours = ", ".join(f"{name} {version}" for name, version in houses.versions().items())
    return {
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{_processor()}, {psutil.cpu_count()} CPUs, Linux {platform.release()}, Python {platform.python_version()}",
        "cores": f"server {sorted(server_cpus)}; client, publisher, PostgreSQL and Valkey {sorted(client_cpus)}",
        "load before": f"{os.getloadavg()[0]:.1f} (above 0.3 something else runs here, and the figures say little)",
        "runs": f"median of {scale.repeats}, {scale.seconds:.0f} s a rate",
        OURS: f"{ours}; sign-in, limits, metrics, PostgreSQL and Valkey on",
        **versions,
        "events": "injected on the bus (with the sweep at 3600 s) unless a row says committed",
    }


def _processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


if __name__ == "__main__":
    main()
