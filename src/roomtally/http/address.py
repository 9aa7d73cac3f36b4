"""Where a request comes from, also behind proxies."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import pairwise
from typing import Any

from roomtally import errors

V6_PREFIX = 64  # bits: what one household or office has; single addresses of it cost their owner nothing

Network = IPv4Network | IPv6Network


class Addresses:
    """`trusted`: networks whose `X-Forwarded-For` is believed, each hop from the right until one that is not trusted."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._trusted = tuple(trusted)

    def of(self, scope: Mapping[str, Any]) -> str:
        """The client's address as it is counted: an IPv6 one as its /64. Empty where the server does not know it."""
        client = scope.get("client")
        peer = str(client[0]) if client else ""
        hops = [peer, *reversed(_forwarded(scope))]
        for hop, following in pairwise(hops):
            if not self._is_trusted(hop) or _parse(following) is None:
                return _counted(hop)
        return _counted(hops[-1])

    def _is_trusted(self, text: str) -> bool:
        address = _parse(text)
        return address is not None and any(address in network for network in self._trusted)


def networks(text: str) -> list[Network]:
    """Of a list with commas, as in the settings. Raises errors.Invalid."""
    try:
        return [ip_network(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise errors.Invalid("invalid-settings", f"ROOMTALLY_TRUSTED_PROXIES cannot be used: {error}.") from error


def _forwarded(scope: Mapping[str, Any]) -> list[str]:
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [part.strip() for value in values for part in value.split(",")]


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(4096)  # in a storm all come through a few proxies, or from one office
def _counted(text: str) -> str:
    address = _parse(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, V6_PREFIX), strict=False))
    return str(address or text)
