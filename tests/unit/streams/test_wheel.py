import random

from roomtally.streams.wheel import SPOKES, Wheel


class Item:
    def __init__(self, due: float = 0.0) -> None:
        self.spoke = -1
        self.due = due


def test_everything_comes_up_within_a_tick_after_its_time() -> None:
    chance = random.Random(1)
    wheel, now = Wheel(horizon=15.0, now=1000.0), 1000.0
    items = [Item(1000 + chance.uniform(0, 15)) for _ in range(5000)]
    for item in items:
        wheel.add(item, item.due)
    while len(wheel):
        now += chance.uniform(0, 0.3)
        for item in wheel.turn(now):
            assert isinstance(item, Item)
            assert item.due <= now
            assert item.spoke == -1
            items.remove(item)
        assert all(item.due > now - wheel.tick for item in items)
    assert not items


def test_an_item_is_on_one_spoke_only() -> None:
    wheel, item = Wheel(horizon=10.0, now=0.0), Item()
    wheel.add(item, 1.0)
    wheel.add(item, 5.0)
    assert len(wheel) == 1
    assert not list(wheel.turn(2.0))
    assert list(wheel.turn(6.0)) == [item]
    assert len(wheel) == 0


def test_a_removed_item_does_not_come_up() -> None:
    wheel, item = Wheel(horizon=10.0, now=0.0), Item()
    wheel.add(item, 1.0)
    wheel.remove(item)
    wheel.remove(item)
    assert not list(wheel.turn(11.0))


def test_the_past_comes_up_at_the_next_turn_and_the_far_future_early() -> None:
    wheel, past, future = Wheel(horizon=10.0, now=100.0), Item(), Item()
    wheel.add(past, 50.0)
    wheel.add(future, 1000.0)
    assert list(wheel.turn(100.0 + 2 * wheel.tick)) == [past]
    assert list(wheel.turn(100.0 + wheel.tick * SPOKES)) == [future]


def test_items_may_be_put_back_while_it_turns() -> None:
    wheel, item, seen = Wheel(horizon=1.0, now=0.0), Item(), 0
    wheel.add(item, 0.1)
    for found in wheel.turn(3.0):  # three rounds late
        seen += 1
        wheel.add(found, 0.2 + seen)
    assert 1 <= seen <= 4
    assert len(wheel) <= 1
