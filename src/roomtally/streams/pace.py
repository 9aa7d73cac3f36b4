"""The times of a hub."""

import msgspec

from roomtally import settings


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds; the reasons for the values are in `settings`."""

    heartbeat_seconds: float = 15.0
    stream_max_seconds: float = 1800.0
    sweep_seconds: float = 2.0
    process_streams: int = 10_000
    stalled_seconds: float = 60.0

    @classmethod
    def of(cls, values: settings.Settings) -> "Pace":
        return cls(**{name: getattr(values, name) for name in cls.__struct_fields__})
