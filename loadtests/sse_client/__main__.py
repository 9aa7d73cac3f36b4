"""The measuring client as a command: python -m loadtests.sse_client --streams 5000 URL."""

import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec
from rich.console import Console

from loadtests.sse_client.fleet import Options
from loadtests.sse_client.processes import Clients
from loadtests.sse_client.report import Report, report, show
from loadtests.sse_client.tally import DIALECTS

LINES = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(context_settings={"show_default": True})
@click.argument("url")
@click.option("--streams", default=1000)
@click.option("--topic", multiple=True, help="Stands for {topic} in URL, repeatable.")
@click.option("--topics", type=int, help="Topics 0 to N-1 instead.")
@click.option("--topics-file", type=LINES, help="Topics one a line.")
@click.option("--cookie", help="As sent: roomtally_session=...")
@click.option("--bearer", help="An API token.")
@click.option("--header", multiple=True, help="A header line, repeatable.")
@click.option("--credentials-file", type=LINES, help="Header lines; stream i sends line i modulo their number.")
@click.option("--opens", "opens_per_second", default=2000.0, help="Opens a second; 0: as fast as --in-flight allows.")
@click.option("--in-flight", default=256, help="Handshakes at a time.")
@click.option("--await-first/--no-await-first", default=True, help="A stream is open with its first event.")
@click.option("--warm-up", default=1.0, help="Seconds after the opening that are not measured.")
@click.option("--seconds", default=10.0, help="Seconds measured.")
@click.option("--stalled", default=0, help="So many open and then never read.")
@click.option("--processes", default=1)
@click.option(
    "--dialect",
    type=click.Choice(sorted(DIALECTS)),
    default="roomtally",
    help="roomtally: committedAt in unix ms, numbers in ids; ts: unix ns, numbers in seq.",
)
@click.option("--json", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report there too.")
def main(
    *,
    url: str,
    topic: tuple[str, ...],
    topics: int | None,
    topics_file: Path | None,
    cookie: str | None,
    bearer: str | None,
    header: tuple[str, ...],
    credentials_file: Path | None,
    warm_up: float,
    seconds: float,
    processes: int,
    output: Path | None,
    **rest: int,
) -> None:
    """Open many streams at URL (a template: http://host:port/path/{topic}) and report what arrives.

    Exits 1 when a stream was refused, or when a frame was malformed, repeated or older than the one before.
    """
    target = urlsplit(url)
    login = [f"Cookie: {cookie}"] * bool(cookie) + [f"Authorization: Bearer {bearer}"] * bool(bearer)
    options = msgspec.convert(
        rest
        | {
            "host": target.hostname or "127.0.0.1",
            "port": target.port or 80,
            "path": url.partition(target.netloc)[2],
            "topics": _lines(topics_file) or list(topic) or [str(n) for n in range(topics or 1)],
            "credentials": _lines(credentials_file),
            "headers": [*header, *login],
        },
        Options,
    )
    result = run(options, warm_up, seconds, processes)
    show(result, Console())
    if output:
        output.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    sys.exit(bool(result.refused or result.pending or result.malformed or result.repeats or result.backwards))


def run(options: Options, warm_up: float, seconds: float, processes: int) -> Report:
    with Clients(options, processes) as clients:
        opening = clients.open()
        time.sleep(warm_up)
        clients.begin()
        time.sleep(seconds)
        return report(opening, clients.end())


def _lines(file: Path | None) -> list[str]:
    return file.read_text().split("\n")[:-1] if file else []


if __name__ == "__main__":
    main()
