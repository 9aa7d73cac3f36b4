"""The hub's own Python for a load of events, in a process of its own; on stdout the CPU microseconds an event, one for each load.

With `send` and the bus's socket cut off (loadtests/bench_stream/interpreter.py) it does the same work whatever else the machine
does: in a running service a busy machine lets several events meet in one round, which hides what a round costs.
"""

import json
import os
import sys

import uvloop

from loadtests.bench_stream.interpreter import Load, measure
from roomtally import settings as configuration
from roomtally.telemetry import process

LOADS = (
    Load("one batch, 500 viewers, event by event", 500, 1, 400, 1),
    Load("1,000 batches, a viewer each, event by event", 1000, 1000, 10_000, 1),
    Load("1,000 batches, a viewer each, ten events together", 1000, 1000, 10_000, 10),
)
REPEATS = 3  # the least is given: what is more is not ours
TRACE = f"00-{7:032x}-{9:016x}-01"  # of every event: its commit was sampled


def main() -> None:
    process.start(configuration.load(os.environ), "web")
    found = [min(uvloop.run(measure(load, TRACE)).us_an_event for _ in range(REPEATS)) for load in LOADS]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
