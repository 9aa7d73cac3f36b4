"""Answers that are waited for: whoever leaves meanwhile waits no longer."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from litestar import Request

from roomtally.http.body import ClientLeft

T = TypeVar("T")


async def unless_left(request: Request[Any, Any, Any], work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; it is cancelled, and has given back what it held, before this raises ClientLeft.

    For requests whose body nobody needs. A client that vanished without a word is not noticed.
    """
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
        await asyncio.wait((working, leaving))
    if working.cancelled():
        raise ClientLeft
    return working.result()


async def _left(request: Request[Any, Any, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
