"""Readers who are slow, stop, or break."""

import asyncio

from roomtally.telemetry import metrics
from tests.fixtures.waiting import until
from tests.integration.streams.house import House
from tests.integration.streams.socket import Socket


async def test_a_slow_reader_gets_the_newest_and_nobody_waits_for_it(house: House) -> None:
    topic = house.ledger.create()
    slow, quick = await house.watch(topic), await house.watch(topic)
    slow.stalled = True
    for value in range(100):
        await house.commit(topic, value)
        await until(lambda value=value: quick.numbers[-1] == value + 2)
    assert quick.numbers == list(range(1, 102))
    assert slow.unread == 1
    assert sum(stream.busy for stream in house.hub.streams()) == 1
    slow.read_on()
    await until(lambda: slow.numbers == [1, 2, 101])
    await house.commit(topic, 1)
    await until(lambda: slow.numbers == [1, 2, 101, 102])


async def test_a_slow_reader_does_not_miss_the_end(house: House) -> None:
    topic = house.ledger.create()
    slow = await house.watch(topic)
    slow.stalled = True
    await house.commit(topic, 1)
    await house.publish(topic, house.ledger.commit(topic, 1), house.ledger.finish(topic))
    await house.commit(topic, 5)  # the next run
    await until(lambda: len(house.hub.topics) == 0)
    assert house.hub.count == 1
    slow.read_on()
    await until(lambda: slow.ended)
    assert slow.numbers == [1, 2, 4]
    assert slow.events[-1].event == "complete"
    await until(lambda: house.hub.count == 0)


async def test_a_slow_reader_who_leaves_is_forgotten(house: House) -> None:
    topic = house.ledger.create()
    slow = await house.watch(topic)
    slow.stalled = True
    await house.commit(topic, 1)
    await until(lambda: slow.unread)
    slow.leave()
    await until(lambda: house.hub.count == 0)
    slow.read_on()  # granian finishes a blocked send when the client is gone
    assert len(house.hub.topics) == 0


async def test_a_socket_that_raises_costs_only_its_own_stream(house: House) -> None:
    topic = house.ledger.create()
    closed = metrics.REGISTRY.get_sample_value("roomtally_streams_closed_total", {"reason": "error"}) or 0
    sockets = [await house.watch(topic) for _ in range(9)]
    sockets[4].error = OSError("broken pipe")
    await house.commit(topic, 1)
    await house.commit(topic, 2)
    healthy = [socket for socket in sockets if socket.error is None]
    await until(lambda: all(socket.numbers == [1, 2, 3] for socket in healthy))
    await until(lambda: house.hub.count == 8)
    assert metrics.REGISTRY.get_sample_value("roomtally_streams_closed_total", {"reason": "error"}) == closed + 1


async def test_a_server_whose_send_is_a_coroutine_works_too(house: House) -> None:
    topic, socket = house.ledger.create(), Socket()

    async def send(message: object) -> None:
        await asyncio.sleep(0)
        socket.send(message)

    running = asyncio.create_task((await house.attach(topic)).run(socket.receive, send))
    await until(lambda: socket.chunks)
    for value in range(5):
        await house.commit(topic, value)
    await until(lambda: socket.numbers[-1:] == [6])
    await house.finish(topic)
    await until(lambda: socket.ended)
    await running


async def test_a_client_that_left_before_the_head_leaves_nothing(house: House) -> None:
    topic = house.ledger.create()
    socket = Socket()
    socket.leave()
    house.run(await house.attach(topic), socket)
    await until(lambda: house.hub.count == 0)
    assert len(house.hub.topics) == 0
