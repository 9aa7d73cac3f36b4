"""Whether this process lives, and whether it should get requests."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

CHECK_SECONDS = 2  # a database that takes longer is no use to a request either

Check = Callable[[], Awaitable[None]]


class Health(msgspec.Struct, frozen=True):
    status: str
    reasons: list[str] = []


class Readiness:
    """`checks` raise when what they ask for is not there. Valkey is none of them: nothing depends on it."""

    def __init__(self, checks: dict[str, Check]) -> None:
        self._checks = checks
        self.draining = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop on which the checks run when another thread asks."""
        self._loop = loop

    def drain(self) -> None:
        """Not ready from now on."""
        self.draining = True

    async def reasons(self) -> list[str]:
        """Why not; empty means ready."""
        found = await asyncio.gather(*(self._ask(name, check) for name, check in self._checks.items()))
        return [*(["draining"] if self.draining else []), *(reason for reason in found if reason)]

    def reasons_from_thread(self) -> list[str]:
        if self._loop is None:
            return ["not started"]
        asked = asyncio.run_coroutine_threadsafe(self.reasons(), self._loop)
        try:
            return asked.result(CHECK_SECONDS + 1)
        except TimeoutError:
            asked.cancel()
            return ["the event loop is stuck"]

    async def _ask(self, name: str, check: Check) -> str | None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await check()
        except Exception as error:
            return f"{name}: {type(error).__name__}"
        return None


@get("/health/live", tags=["Health"], summary="Alive; asks nothing", security=[{}], operation_id="live")
async def live() -> Health:
    return Health("live")


@get("/health/ready", tags=["Health"], summary="Ready for requests", security=[{}], operation_id="ready")
async def ready(readiness: NamedDependency[Readiness]) -> Response[Health]:
    reasons = await readiness.reasons()
    health = Health("not ready", reasons) if reasons else Health("ready")
    return Response(health, status_code=503 if reasons else 200)
