"""Random histories: what a viewer sees under lost, doubled, late and shuffled messages, checked against the ledger."""

import asyncio
import random
from typing import cast
from uuid import UUID

from roomtally.streams.source import Event
from tests.fixtures.waiting import until
from tests.integration.streams.house import House
from tests.integration.streams.ledger import value_of
from tests.integration.streams.socket import Socket


class Chaos:
    """Commits at random and hands the messages over lossy, doubled and shuffled; viewers come, stall, leave and resume."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.random = house, random.Random(seed)
        self.topics = [house.ledger.create() for _ in range(4)]
        self.late: list[tuple[UUID, list[Event]]] = []
        self.viewers: list[tuple[UUID, Socket]] = []
        self.seen: dict[UUID, int] = dict.fromkeys(self.topics, 0)

    async def run(self, steps: int) -> None:
        for _ in range(steps):
            await self.step()
        await self.join()
        for _, socket in self.viewers:
            socket.stalled = not socket.ended
        for topic in self.topics * 3:
            await self.house.commit(topic, 1)
        await until(lambda: all(socket.unread for _, socket in self.viewers if not socket.ended))
        assert all(socket.unread <= 1 for _, socket in self.viewers)
        await self.read_on()
        await until(self.settled, timeout=5)
        assert self.viewers
        for topic, socket in self.viewers:
            self.check(topic, socket)

    async def step(self) -> None:
        action = self.random.choices(
            [self.commit, self.deliver_late, self.join, self.leave, self.stall, self.read_on, self.pause],
            [12, 6, 2, 1, 1, 2, 3],
        )[0]
        await action()

    async def commit(self) -> None:
        topic = self.random.choice(self.topics)
        events = [
            self.house.ledger.commit(topic, self.random.randint(1, 9)) for _ in range(self.random.choice([1, 1, 1, 2]))
        ]
        if self.random.random() < 0.1:
            events.append(self.house.ledger.finish(topic))
        fate = self.random.random()
        if fate > 0.15:
            await self.house.publish(topic, *events)
        if fate > 0.7:
            self.late.append((topic, events))  # doubled, or out of order

    async def deliver_late(self) -> None:
        self.random.shuffle(self.late)
        while self.late and self.random.random() < 0.7:
            topic, events = self.late.pop()
            await self.house.publish(topic, *events)

    async def join(self) -> None:
        topic = self.random.choice(self.topics)
        self.viewers.append((topic, await self.house.watch(topic)))

    async def leave(self) -> None:
        if self.viewers:
            topic, socket = self.viewers.pop(self.random.randrange(len(self.viewers)))
            self.check(topic, socket)
            socket.leave()

    async def stall(self) -> None:
        for _, socket in self.random.sample(self.viewers, min(2, len(self.viewers))):
            socket.stalled = True

    async def read_on(self) -> None:
        for _, socket in self.viewers:
            socket.read_on()

    async def pause(self) -> None:
        await asyncio.sleep(self.random.choice([0, 0.001, 0.02, 0.06]))

    def check(self, topic: UUID, socket: Socket) -> None:
        """Never backwards, every state true, complete with the run's end and then nothing."""
        numbers = [received.data["n"] for received in socket.of("progress")]
        assert numbers == sorted(set(numbers)), numbers
        assert not socket.of("reset")
        assert len({received.data["run"] for received in socket.events}) == 1  # it ends with the run it began in
        truth = self.sums(topic)
        for received in socket.of("progress") + socket.of("complete"):
            assert received.data["total"] == truth[received.data["n"]]
        if socket.ended:
            assert [received.event for received in socket.events[-2:]] == ["progress", "complete"]
        assert len(socket.of("complete")) <= 1

    def sums(self, topic: UUID) -> list[int]:
        sums: list[int] = [0]
        for event in self.house.ledger.logs[topic]:
            sums.append(sums[-1] + cast("int", value_of(event)))
        return sums

    def settled(self) -> bool:
        return all(
            socket.ended or socket.numbers[-1:] == [len(self.house.ledger.logs[topic])]
            for topic, socket in self.viewers
        )
