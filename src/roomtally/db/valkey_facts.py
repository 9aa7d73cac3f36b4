"""What a person wants to know of Valkey before the service uses it."""

import time

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from roomtally import errors

CONNECT_SECONDS = 2.0
PINGS = 5
HEARD_SECONDS = 1.0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """`version` is of the Redis that it is compatible with; `most_bytes` 0 is no limit. What it does not tell is empty or None."""

    answer_seconds: float
    version: str = ""
    most_bytes: int | None = None
    policy: str = ""
    appends: bool = False
    passes_on: bool = True


def look(url: str) -> Facts:
    """Raises errors.Unavailable, in its words, where it does not answer, errors.Invalid for a wrong URL."""
    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS, retry=Retry(NoBackoff(), 0)
        )
    except ValueError as error:
        raise errors.Invalid("invalid-redis-url", f"ROOMTALLY_REDIS_URL cannot be used: {error}.") from error
    try:
        with client:
            return _ask(client)
    except (RedisError, OSError) as error:
        raise errors.Unavailable("valkey-unavailable", str(error) or type(error).__name__) from error


def _ask(client: redis.Redis) -> Facts:
    took = min(_ping(client) for _ in range(PINGS))
    info = _info(client)
    most = info.get("maxmemory")
    return Facts(
        answer_seconds=took,
        version=info.get("redis_version", ""),
        most_bytes=None if most is None else int(most),
        policy=info.get("maxmemory_policy", ""),
        appends=info.get("aof_enabled") == "1",
        passes_on=_passes_on(client),
    )


def _ping(client: redis.Redis) -> float:
    before = time.perf_counter()
    try:
        client.execute_command("PING")  # pyright: ignore[reportUnknownMemberType] -- its answer has no type
    except ResponseError as error:
        if str(error).startswith(("NOAUTH", "WRONGPASS")):  # the others are answers too
            raise
    return time.perf_counter() - before


def _info(client: redis.Redis) -> dict[str, str]:
    """Each word of INFO as text; empty where the user may not ask."""
    try:
        said = client.info()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    except ResponseError:
        return {}
    return {str(name): str(value) for name, value in said.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportUnknownArgumentType]


def _passes_on(client: redis.Redis) -> bool:
    """Whether what is published is heard, on a channel as the bus has them."""
    channel = "roomtally:topic:doctor"
    try:
        with client.pubsub(ignore_subscribe_messages=True) as listener:
            listener.subscribe(channel)  # pyright: ignore[reportUnknownMemberType]
            until = time.monotonic() + HEARD_SECONDS
            while time.monotonic() < until:
                client.publish(channel, b"?")  # pyright: ignore[reportUnknownMemberType]
                if listener.get_message(timeout=0.1):  # pyright: ignore[reportUnknownMemberType]
                    return True
    except ResponseError:
        pass
    return False
