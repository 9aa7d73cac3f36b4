"""The highest rate that passes must be found, and a hiccup, or a run that failed, must not make it better or worse than it is."""

import msgspec
import pytest

from loadtests.bench_stream.figures import Row, Value
from loadtests.bench_stream.ladder import Measured, Rung, afresh_after_losses, best, search
from loadtests.sse_client.report import report
from loadtests.sse_client.tally import Tally

RATES = (25.0, 50.0, 100.0, 200.0, 400.0)
RUNG = Rung(
    rate=0.0,
    delivered_per_s=0.0,
    share=1.0,
    p50_ms=1.0,
    p99_ms=1.0,
    server_cpu=0.5,
    client_cpu=0.5,
    publisher_behind=0,
    report=report(Tally(), Tally()),
)


class Server:
    """Passes at rates up to `limit`, but not below `slow`, and not in its runs number `hiccups`."""

    def __init__(self, limit: float, slow: float = 0.0, hiccups: tuple[int, ...] = ()) -> None:
        self.limit, self.slow, self.hiccups = limit, slow, hiccups
        self.runs = 0

    def __call__(self, rate: float) -> Rung:
        self.runs += 1
        passed = self.slow <= rate <= self.limit and self.runs not in self.hiccups
        return msgspec.structs.replace(RUNG, rate=rate, p99_ms=50.0 if passed else 500.0)


def found(server: Server) -> float | None:
    top = best(search(RATES, server))
    return top.rate if top else None


@pytest.mark.parametrize("limit", [25.0, 30.0, 99.0, 100.0, 130.0, 199.0, 250.0, 390.0])
@pytest.mark.parametrize("hiccups", [(), (1,), (2,), (4,), (7,)])
def test_the_best_rate_is_at_most_a_fifth_below_the_limit(limit: float, hiccups: tuple[int, ...]) -> None:
    rate = found(Server(limit, hiccups=hiccups))
    assert rate is not None
    assert limit / 2**0.25 < rate <= limit


def test_a_server_that_fails_at_a_slow_rate_may_pass_at_a_faster_one() -> None:
    assert found(Server(1000.0, slow=40.0)) == 400.0


def test_a_server_that_never_passes_is_given_up_after_two_rates() -> None:
    server = Server(1.0)
    assert found(server) is None
    assert server.runs == 4


@pytest.mark.parametrize(("higher", "runs", "median"), [
    (True, (5.0, 7.0, 6.0), 6.0),
    (True, (5.0, None, 6.0), 5.0),
    (True, (None, None, 6.0), None),
    (False, (5.0, None, 6.0), 6.0),
    (False, (None, None, 6.0), None),
    (False, (), None),
])  # fmt: skip
def test_a_run_without_a_value_counts_as_the_worst(
    higher: bool, runs: tuple[float | None, ...], median: float | None
) -> None:
    row = Row(key="k", what="w", unit="", goal="-", limit=None, higher=higher)
    row.runs["roomtally"] = [Value(value=value) for value in runs]
    assert row.median("roomtally") == median


def test_what_lost_frames_is_opened_anew_before_the_next_rate() -> None:
    opened: list[list[float]] = []

    def open_() -> Measured:
        """Loses frames above 100, and from then on all of them."""
        rates: list[float] = []
        opened.append(rates)

        def measured(rate: float) -> Rung:
            rates.append(rate)
            return msgspec.structs.replace(RUNG, rate=rate, share=1.0 if max(rates) <= 100 else 0.0)

        return measured

    top = best(search(RATES, afresh_after_losses(open_)))
    assert top is not None
    assert top.rate == 100
    assert opened[0] == [25, 50, 100, 200]
    assert all(len(rates) == 1 for rates in opened[1:])
