"""Who waits to be signed in: a line with an end, and nobody may fill it alone."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from roomtally import errors
from roomtally.telemetry import metrics

PLACES = 64  # x 20 ms a hash / 2 at once is below a second; more would only time out
OF_ONE_ADDRESS = PLACES // 4  # one client, however many accounts it names, leaves three quarters to the others
PAUSE_SECONDS = 2  # to wait before the next attempt: by then the whole line is through


class Line:
    def __init__(self) -> None:
        self._waiting = Counter[str]()

    @contextmanager
    def place(self, address: str) -> Generator[None]:
        """Raises errors.TooMany where `address` waits in all the places of one address, errors.Unavailable in a full line."""
        self._refuse(address)
        self._waiting[address] += 1
        try:
            yield
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]

    def _refuse(self, address: str) -> None:
        if self._waiting[address] >= OF_ONE_ADDRESS:
            metrics.SIGN_INS.labels("limited").inc()
            raise errors.TooMany(
                "too-many-sign-ins",
                "Too many sign-ins at once from your address; try again in a moment.",
                retry_after=PAUSE_SECONDS,
            )
        if self._waiting.total() >= PLACES:
            raise errors.Unavailable(
                "sign-in-busy", "Too many people sign in at once; try again.", retry_after=PAUSE_SECONDS
            )
