"""What all topics of a hub share."""

from collections.abc import Callable

from roomtally.streams.reader import BusReader
from roomtally.streams.repair import Repairs
from roomtally.streams.source import Source


class Surroundings:
    """`doubt` is called when a message does not fit what is known."""

    __slots__ = ("bus", "doubt", "epoch", "repairs", "source")

    def __init__(self, source: Source, reader: BusReader, repairs: Repairs, doubt: Callable[[], None]) -> None:
        self.source, self.bus, self.repairs, self.doubt = source, reader, repairs, doubt
        self.epoch = ""
