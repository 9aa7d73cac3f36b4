"""A fleet spread over processes of its own, driven from blocking code."""

import asyncio
import contextlib
import multiprocessing
import resource
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, Self, cast

import msgspec
import uvloop

from loadtests.sse_client.fleet import Fleet, Options
from loadtests.sse_client.tally import Tally

ANSWER_SECONDS = 300


class Clients:
    """Processes started by `spawn`: they share nothing with the caller, and their CPU is their own."""

    def __init__(self, options: Options, processes: int = 1) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes: list[Any] = []
        for first in range(processes):
            ours, theirs = context.Pipe()
            part = msgspec.structs.replace(options, first=first, step=processes)
            process = context.Process(target=_serve, args=(theirs, part), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(cast("Connection", ours))
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, EOFError):
            self._ask("close")
        for process in self._processes:
            process.join(10)
            if process.is_alive():
                process.kill()
                process.join()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def open(self) -> Tally:
        """Opens all streams; what was seen so far."""
        return self._ask("open")

    def begin(self) -> None:
        self._ask("begin")

    def end(self, settle_seconds: float = 3.0) -> Tally:
        """What was seen since `begin`."""
        return self._ask("end", settle_seconds)

    def now(self) -> Tally:
        """What was seen since the last `begin`, without ending the window."""
        return self._ask("now")

    def _ask(self, command: str, *arguments: float) -> Tally:
        for pipe in self._pipes:
            pipe.send((command, arguments))
        whole = Tally()
        for pipe in self._pipes:
            if not pipe.poll(ANSWER_SECONDS):
                raise TimeoutError(f"a client process did not answer to {command}")
            whole.add(cast("Tally", pipe.recv()))
        return whole


def _serve(pipe: Connection, options: Options) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.suppress(EOFError, KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_answer(pipe, options))


async def _answer(pipe: Connection, options: Options) -> None:
    fleet = Fleet(options)
    running = True
    while running:
        command, arguments = cast("tuple[str, Sequence[float]]", await asyncio.to_thread(pipe.recv))
        answer = fleet.tally
        match command:
            case "open":
                await fleet.open()
            case "begin":
                fleet.begin()
                answer = Tally()
            case "end":
                answer = await fleet.end(*arguments)
            case "close":
                fleet.close()
                answer, running = Tally(), False
            case _:
                pass
        pipe.send(answer)
