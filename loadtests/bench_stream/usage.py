"""What processes and the kernel spend, read from /proc."""

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

PAGE = 4096
MIB = 2**20


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """At one moment, of whole process trees. `tcp_bytes` is the socket memory of the whole machine, both ends of loopback."""

    at: float
    cpu_seconds: float
    rss: int
    tcp_bytes: int

    @classmethod
    def of(cls, pids: Sequence[int]) -> "Usage":
        cpu, rss = 0.0, 0
        for pid in pids:
            parent = psutil.Process(pid)
            for process in (parent, *parent.children(recursive=True)):
                times = process.cpu_times()
                cpu += times.user + times.system
                rss += process.memory_info().rss
        return cls(at=time.monotonic(), cpu_seconds=cpu, rss=rss, tcp_bytes=_tcp_bytes())

    def cpu_since(self, before: "Usage") -> float:
        """The share of one core."""
        return (self.cpu_seconds - before.cpu_seconds) / (self.at - before.at)


def _tcp_bytes() -> int:
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        words = line.split()
        if words[0] == "TCP:":
            return int(words[words.index("mem") + 1]) * PAGE
    return 0
