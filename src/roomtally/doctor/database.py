"""PostgreSQL: does it answer, is it ours to write, is the schema this version's, do the clocks agree, is there room."""

from collections.abc import Generator, Mapping

from roomtally import errors
from roomtally.db import migrate, server_facts
from roomtally.db.server_facts import Facts, Server
from roomtally.doctor.finding import Finding, fail, ok, warn
from roomtally.settings import Settings

PART = "database"
STREAM_CONNECTIONS = 3  # of a web process, beside its pool: snapshots, log and sweep
SKEW_SECONDS = 0.1  # ten times the lag of a change: what is measured from commit to socket is wrong by that
SKEW_TOO_MUCH_SECONDS = 1.0  # the objective of a change: all of them would count as late, or none
SLOW_SECONDS = 0.01  # a photo takes seven statements, a request two


def examine(settings: Settings) -> Generator[Finding]:
    try:
        server = server_facts.look(settings.database_url)
    except errors.Invalid as error:
        yield fail(PART, error.detail, "One looks like postgresql://user:password@host/database.")
        return
    except errors.Unavailable as error:
        yield fail(
            PART,
            f"does not answer: {error.detail}",
            "Start PostgreSQL, or set ROOMTALLY_DATABASE_URL right: host, port, user, password, name of the database.",
        )
        return
    facts = server.facts
    yield _answer(server)
    yield from _trust(facts)
    yield _schema(facts, server.applied)
    yield clock(server.ahead_seconds)
    yield _room(facts, settings.db_pool_size + STREAM_CONNECTIONS)


def _answer(server: Server) -> Finding:
    says = f"PostgreSQL {server.facts.version.split()[0]} answers in {server.answer_seconds * 1000:.1f} ms"
    if server.facts.number < migrate.OLDEST:
        return fail(PART, says, f"Use PostgreSQL {migrate.OLDEST // 10000} or newer.")
    if server.answer_seconds > SLOW_SECONDS:
        return warn(
            PART, says, "Bring the processes nearer to it: each photo and each request waits for several answers."
        )
    return ok(PART, says)


def _trust(facts: Facts) -> Generator[Finding]:
    if facts.read_only:
        yield fail(
            PART,
            "is read-only",
            "It is a replica, or set so: name the primary. During a failover wait until it is over.",
        )
    else:
        yield ok(PART, "may be written")
    if not facts.durable:
        yield warn(
            PART,
            "a crash may take back what was answered",
            "Set fsync, full_page_writes and synchronous_commit to on, but for a database of tests.",
        )


def _schema(facts: Facts, applied: Mapping[int, str]) -> Finding:
    known = {migration.version: migration.sha256 for migration in migrate.list_migrations()}
    if not facts.has_schema:
        return fail(PART, "is empty", "Run `roomtally migrate`.")
    if missing := sorted(known.keys() - applied.keys()):
        return fail(PART, f"its schema lacks {_named(missing)}", "Run `roomtally migrate`.")
    if changed := [version for version in sorted(known) if known[version] != applied[version]]:
        return fail(
            PART,
            f"its schema has another {_named(changed)} than this version",
            "This is not the program that made it: install that one, or name another database.",
        )
    if newer := sorted(applied.keys() - known.keys()):
        return warn(
            PART, f"a newer version has added {_named(newer)}", "End the upgrade: run the same version everywhere."
        )
    return ok(PART, f"its schema is this version's, {max(known):04d}")


def _named(versions: list[int]) -> str:
    return ", ".join(f"{version:04d}" for version in versions)


def clock(ahead: float) -> Finding:
    says = f"its clock is {abs(ahead) * 1000:.0f} ms {'ahead of' if ahead > 0 else 'behind'} this machine's"
    todo = "Let one time service (chrony, systemd-timesyncd) set the clocks of all machines."
    if abs(ahead) >= SKEW_TOO_MUCH_SECONDS:
        return fail(PART, says, f"{todo} Until then no lag that is measured means anything.")
    return (
        warn(PART, says, f"{todo} Lags are measured wrong by that.") if abs(ahead) >= SKEW_SECONDS else ok(PART, says)
    )


def _room(facts: Facts, wanted: int) -> Finding:
    left = facts.free_connections
    says = f"{left} more connections are free (max_connections {facts.most_connections}); a web process takes {wanted}, others 3"
    if left < wanted:
        return warn(
            PART,
            says,
            "Raise max_connections, or the limit of the database or the role, or lower ROOMTALLY_DB_POOL_SIZE.",
        )
    return ok(PART, says)
