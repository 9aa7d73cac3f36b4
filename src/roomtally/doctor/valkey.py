"""Valkey: does it answer, quickly, what does it do when it is full, does it pass messages on."""

from collections.abc import Generator

from roomtally import errors
from roomtally.db import valkey, valkey_facts
from roomtally.db.valkey_facts import Facts
from roomtally.doctor.finding import Finding, fail, ok, warn
from roomtally.settings import MIB, Settings

PART = "valkey"
SLOW_SECONDS = valkey.BUDGET_SECONDS / 10  # a call that takes the whole budget is given up
OLDEST = (7, 0)  # EXPIRE NX, the lag of a group


def examine(settings: Settings) -> Generator[Finding]:
    try:
        facts = valkey_facts.look(settings.redis_url)
    except errors.Invalid as error:
        yield fail(PART, error.detail, "One looks like redis://:password@host:6379/0; rediss:// is with TLS.")
        return
    except errors.Unavailable as error:
        yield fail(
            PART,
            f"does not answer: {error.detail}",
            "Start Valkey, or set ROOMTALLY_REDIS_URL right: host, port, password. Until then changes show after 0.5 s.",
        )
        return
    yield _answer(facts)
    yield _memory(facts)
    yield _bus(facts)
    if facts.appends:
        yield warn(
            PART, "writes all it knows to a disk", "Set appendonly to no: nothing in it must survive, and it waits."
        )


def _answer(facts: Facts) -> Finding:
    name = f"Redis {facts.version} or what is compatible with it" if facts.version else "it"
    says = f"{name} answers in {facts.answer_seconds * 1000:.1f} ms"
    if facts.version and tuple(int(part) for part in facts.version.split(".")[:2]) < OLDEST:
        return fail(PART, says, "Use Valkey, or Redis 7.0 or newer.")
    if facts.answer_seconds > SLOW_SECONDS:
        return warn(PART, says, "Bring it nearer, or give it a core: a call that takes 250 ms is given up.")
    return ok(PART, says)


def _memory(facts: Facts) -> Finding:
    if facts.most_bytes is None:
        return warn(PART, "does not tell its limits", "See for yourself that maxmemory-policy is allkeys-lru.")
    if not facts.most_bytes:
        return ok(PART, "may take as much memory as it wants (a few MB; no maxmemory)")
    says = f"takes {facts.most_bytes // MIB} MiB at most, then {facts.policy}"
    if facts.policy.startswith("allkeys-"):
        return ok(PART, says)
    return warn(PART, says, "Set maxmemory-policy to allkeys-lru: a full one refuses calls otherwise.")


def _bus(facts: Facts) -> Finding:
    if facts.passes_on:
        return ok(PART, "passes on what is published")
    return fail(
        PART,
        "does not pass on what is published",
        "Let its user SUBSCRIBE and PUBLISH on roomtally:topic:*, and name a server, no proxy without pub/sub.",
    )
