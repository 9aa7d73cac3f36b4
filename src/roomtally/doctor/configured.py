"""Settings that are each good and together are not. What can never work stops the start already (settings.py)."""

import os
import resource
from collections.abc import Generator
from typing import NamedTuple
from urllib.parse import urlsplit

from roomtally.analysis.endpoint.analyzer import MARGIN_SECONDS
from roomtally.doctor.finding import Finding, ok, warn
from roomtally.listener import OTHER_FILES
from roomtally.settings import Settings

PART = "settings"
PROXY_CUT_SECONDS = 60  # of an idle line: nginx and ALB as they come
PING_MARGIN_SECONDS = 5  # a ping that is late is not lost
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Rule(NamedTuple):
    """Whether it is broken, and what then."""

    broken: bool
    says: str
    todo: str


def _is_public(settings: Settings) -> bool:
    return settings.public_url is not None and urlsplit(settings.public_url).hostname not in LOOPBACK


def _few_files(settings: Settings) -> bool:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most != resource.RLIM_INFINITY and most < settings.process_streams + OTHER_FILES


def _of_the_way(s: Settings) -> tuple[Rule, ...]:
    """Between people and web processes."""
    return (
        Rule(
            s.heartbeat_seconds + PING_MARGIN_SECONDS > PROXY_CUT_SECONDS,
            "ROOMTALLY_HEARTBEAT_SECONDS is as long as proxies wait (60 s): idle streams will be cut",
            "Leave it at 15.",
        ),
        Rule(
            s.public_url is not None and s.request_head_seconds <= PROXY_CUT_SECONDS,
            "ROOMTALLY_REQUEST_HEAD_SECONDS is no longer than a proxy keeps idle connections (60 s): now and then a request fails",
            "Leave it at 75 behind a proxy.",
        ),
        Rule(
            s.public_url is not None and s.public_url.startswith("https://") and s.secure_cookies is False,
            "ROOMTALLY_SECURE_COOKIES is false although people come by https: sessions can be read where http is",
            "Take the setting away.",
        ),
        Rule(
            _is_public(s) and f"{s.public_url}".startswith("http://"),
            "ROOMTALLY_PUBLIC_URL is plain http: passwords and sessions can be read on the way",
            "Put TLS in front.",
        ),
        Rule(
            _is_public(s) and s.host in EVERYWHERE and set(s.trusted_proxies.split(",")) <= LOOPBACK,
            "no proxy on another machine is named in ROOMTALLY_TRUSTED_PROXIES: behind one all people share its limits",
            "Name its network there, or bind ROOMTALLY_HOST to loopback where the proxy is on this machine.",
        ),
    )


def _of_the_machine(s: Settings) -> tuple[Rule, ...]:
    """What is open, kept, and to be had there."""
    return (
        Rule(
            s.private_host in EVERYWHERE,
            "ROOMTALLY_PRIVATE_HOST opens metrics and health, which have no sign-in, on all networks",
            "Name an address that only your monitoring reaches.",
        ),
        Rule(
            s.storage_url.startswith("memory:"),
            "ROOMTALLY_STORAGE_URL is memory: each process has its own photos, and none after its end",
            "Name a folder or a bucket.",
        ),
        Rule(
            _few_files(s),
            "fewer files may be open than ROOMTALLY_PROCESS_STREAMS takes",
            "Raise the hard limit (LimitNOFILE, ulimit -Hn), or lower the setting.",
        ),
        Rule(
            s.analyzer_threads > (os.cpu_count() or 1),
            "ROOMTALLY_ANALYZER_THREADS is more than this machine has cores",
            "Leave it at 1 and start one worker a core.",
        ),
    )


def _of_use(s: Settings) -> tuple[Rule, ...]:
    """What is set and works against another, or not at all."""
    return (
        Rule(
            s.analyzer == "openai" and s.openai_timeout_seconds > s.photo_timeout_seconds - MARGIN_SECONDS,
            "ROOMTALLY_OPENAI_TIMEOUT_SECONDS leaves no time for a second try within ROOMTALLY_PHOTO_TIMEOUT_SECONDS",
            "Keep it below half of that.",
        ),
        Rule(
            s.analyzer != "openai" and bool(s.openai_base_url or s.openai_api_key),
            "an endpoint is set and not used",
            "Set ROOMTALLY_ANALYZER=openai, or take ROOMTALLY_OPENAI_BASE_URL and its kin away.",
        ),
        Rule(
            s.analyzer != "onnx" and s.onnx_path is not None,
            "ROOMTALLY_ONNX_PATH is set and not used",
            "Set ROOMTALLY_ANALYZER=onnx, or take it away.",
        ),
        Rule(
            s.otlp_endpoint is not None and s.trace_ratio == 0,
            "ROOMTALLY_OTLP_ENDPOINT is set, and ROOMTALLY_TRACE_RATIO 0 sends nothing there",
            "Raise the one, or take the other away.",
        ),
    )


def examine(settings: Settings) -> Generator[Finding]:
    rules = (*_of_the_way(settings), *_of_the_machine(settings), *_of_use(settings))
    found = [rule for rule in rules if rule.broken]
    for rule in found:
        yield warn(PART, rule.says, rule.todo)
    if not found:
        yield ok(PART, "can be read, and none contradicts another")
