"""What the process tells Valkey of its subscriptions: one command for all that changes in a turn of the loop."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import pytest

from roomtally.db.valkey import Valkey, open_valkey
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.streams import bus
from roomtally.streams.reader import BusReader
from tests.fixtures.waiting import until


@pytest.fixture
async def client(valkey_server: EmbeddedValkey) -> AsyncIterator[Valkey]:
    async with open_valkey(valkey_server.url) as client:
        yield client


@pytest.fixture
async def reader(valkey_server: EmbeddedValkey) -> AsyncIterator[BusReader]:
    reader = BusReader(valkey_server.url)
    await reader.start()
    yield reader
    await reader.stop()


async def calls(client: Valkey, command: str) -> int:
    stats = cast("dict[str, dict[str, Any]]", await client.info("commandstats"))
    return int(stats.get(f"cmdstat_{command}", {}).get("calls", 0))


async def channels(client: Valkey) -> int:
    return len(cast("list[bytes]", await client.pubsub_channels()))


async def test_a_storm_is_one_command_and_so_is_its_end(reader: BusReader, client: Valkey) -> None:
    heard: list[bytes] = []
    names = [bus.channel(uuid4()) for _ in range(300)]
    before = await calls(client, "subscribe"), await calls(client, "unsubscribe")
    assert all(await asyncio.gather(*[reader.subscribe(name, heard.append) for name in names]))
    assert (await calls(client, "subscribe"), await channels(client)) == (before[0] + 1, 300)
    for name in names:
        reader.unsubscribe(name, heard.append)
    await until(lambda: _is(channels(client), 0))
    assert await calls(client, "unsubscribe") == before[1] + 1


async def test_who_changes_his_mind_in_the_same_turn_has_the_last_word(reader: BusReader, client: Valkey) -> None:
    heard: list[bytes] = []
    stays, leaves, other = (bus.channel(uuid4()) for _ in range(3))
    assert await reader.subscribe(stays, heard.append)
    never = asyncio.create_task(reader.subscribe(leaves, heard.append))
    await asyncio.sleep(0)
    reader.unsubscribe(leaves, heard.append)
    reader.unsubscribe(stays, heard.append)
    assert await reader.subscribe(stays, heard.append)
    await never
    assert await reader.subscribe(other, heard.append)
    assert await channels(client) == reader.channels == 2
    assert (await client.publish(stays, b"1"), await client.publish(leaves, b"2")) == (1, 0)
    await until(lambda: heard == [b"1"])


async def test_a_refusal_is_one_answer_for_many_and_the_next_command_gets_its_own(
    valkey_server: EmbeddedValkey, client: Valkey
) -> None:
    await client.execute_command("ACL", "SETUSER", "narrow", "on", ">secret", "+@all", "resetchannels", "&allowed:*")
    reader = BusReader(valkey_server.url.replace("://", "://narrow:secret@"))
    await reader.start()
    heard: list[bytes] = []
    refused = [f"forbidden:{n}" for n in range(5)]
    assert not any(await asyncio.gather(*[reader.subscribe(name, heard.append) for name in refused]))
    for name in refused:
        reader.unsubscribe(name, heard.append)
    assert await reader.subscribe("allowed:1", heard.append)
    assert reader.state == "connected"
    await reader.stop()


async def _is(found: Any, wanted: int) -> bool:
    return await found == wanted
