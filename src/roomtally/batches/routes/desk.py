"""What the two busiest routes work with, as one dependency: litestar resolves several in a task group of their own tasks,
which took a quarter of the time that a 304 takes."""

import msgspec

from roomtally.batches.service.context import Context
from roomtally.batches.service.reading import Openings
from roomtally.http.address import Addresses
from roomtally.streams.admission import Admission
from roomtally.streams.hub import Hub


class Desk(msgspec.Struct, frozen=True):
    context: Context
    openings: Openings
    hub: Hub
    admission: Admission
    addresses: Addresses
