"""How a process that hangs over a photo ends: nothing else ends a thread. Its claim runs out, and it is started again."""

import faulthandler
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn

EXIT_CODE = 75  # EX_TEMPFAIL: start me again
WATCHDOG_SECONDS = 2.0  # after twice the photo's time: then even a thread that never lets go of the GIL ends


@contextmanager
def watchdog(photo_timeout_seconds: float) -> Generator[None]:
    """Ends the process from outside Python when the event loop itself is stuck, with every thread's stack on stderr."""
    faulthandler.dump_traceback_later(photo_timeout_seconds * 2 + WATCHDOG_SECONDS, exit=True, file=sys.__stderr__ or 2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def end_process() -> NoReturn:
    """At once, without a word to the other threads."""
    sys.stderr.flush()
    os._exit(EXIT_CODE)
