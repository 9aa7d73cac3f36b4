"""How fast an address may open streams."""

import pytest

from roomtally.streams import admission
from roomtally.streams.admission import Buckets


def test_an_address_has_its_burst_and_then_its_rate():
    buckets = Buckets(10, 40)
    assert [buckets.take("a", 0.0) for _ in range(40)] == [0.0] * 40
    assert buckets.take("a", 0.0) == pytest.approx(0.1)
    assert buckets.take("a", 0.1) == 0.0
    assert buckets.take("a", 0.1) == pytest.approx(0.1)
    assert [buckets.take("a", 100.0) for _ in range(41)].count(0.0) == 40


def test_refused_attempts_cost_nothing():
    buckets = Buckets(1, 1)
    assert buckets.take("a", 0.0) == 0.0
    for attempt in range(100):
        assert buckets.take("a", attempt / 1000) > 0
    assert buckets.take("a", 1.0) == 0.0


def test_addresses_do_not_share():
    buckets = Buckets(1, 1)
    assert buckets.take("a", 0.0) == buckets.take("b", 0.0) == 0.0
    assert buckets.take("a", 0.0) > 0


def test_no_rate_is_no_limit():
    buckets = Buckets(0, 0)
    assert {buckets.take("a", 0.0) for _ in range(10_000)} == {0.0}


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(admission, "REMEMBERED", 2)
    buckets = Buckets(1, 1)
    assert [buckets.take(key, 0.0) for key in "abc"] == [0.0] * 3
    assert buckets.take("c", 0.0) > 0
    assert buckets.take("a", 0.0) == 0.0  # forgotten
