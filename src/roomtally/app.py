"""The web process, put together: what exists once, who is handed what, how it starts and how it ends."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from typing import Any, cast

import structlog
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.routes import HTTPRoute

from roomtally import errors
from roomtally import settings as configuration
from roomtally.accounts import auth
from roomtally.accounts.model import SESSION_COOKIE
from roomtally.accounts.routes import SessionRoutes, TokenRoutes, create_ticket
from roomtally.accounts.service.attempts import SignInAttempts
from roomtally.accounts.service.passwords import Passwords
from roomtally.accounts.service.sessions import Accounts
from roomtally.batches.cache import SnapshotCache
from roomtally.batches.queue import PhotoQueue
from roomtally.batches.routes.batches import BatchRoutes
from roomtally.batches.routes.control import ControlRoutes
from roomtally.batches.routes.desk import Desk
from roomtally.batches.routes.items import ItemRoutes, PhotoItemRoutes
from roomtally.batches.routes.latency import report_latency
from roomtally.batches.routes.photos import PhotoRoutes
from roomtally.batches.routes.stream import stream_batch, stream_batches
from roomtally.batches.routes.uploads import UploadRoutes
from roomtally.batches.service import storing
from roomtally.batches.service.context import Context
from roomtally.batches.service.feed import CONNECTIONS as FEED_CONNECTIONS
from roomtally.batches.service.feed import BatchFeed
from roomtally.batches.service.files import PhotoFiles
from roomtally.batches.service.reading import Openings
from roomtally.batches.service.uploads import UploadLimits, Uploads
from roomtally.broker import create_broker
from roomtally.db.pool import DATABASE_AWAY, UNSTORABLE, WEB_ANSWER_SECONDS, answers, create_pool
from roomtally.db.valkey import one_budget, open_valkey
from roomtally.http import body, document, health, page, problems
from roomtally.http.address import Addresses, networks
from roomtally.http.cors import Cors, origins
from roomtally.http.guard import Guard
from roomtally.http.recorder import App, Receive, Recorder, Scope, Send
from roomtally.inventory.routes import InventoryRoutes
from roomtally.inventory.service import Inventories
from roomtally.operators.routes import OperatorRoutes
from roomtally.projects.routes import ProjectRoutes
from roomtally.projects.service import Projects
from roomtally.settings import Settings
from roomtally.storage.photos import open_storage
from roomtally.streams.accounting import Accounting
from roomtally.streams.admission import Admission, Limits
from roomtally.streams.bus import Publisher
from roomtally.streams.draining import Draining
from roomtally.streams.gathering import Gathering
from roomtally.streams.hub import Hub, Pace
from roomtally.streams.outer import keep_send
from roomtally.streams.reader import BusReader
from roomtally.telemetry import metrics, zeros
from roomtally.telemetry.loop import LoopLag
from roomtally.telemetry.private_port import Checks, PrivatePort, serve_private

ROUTES = (
    *(SessionRoutes, TokenRoutes, ProjectRoutes, UploadRoutes, BatchRoutes, ControlRoutes, PhotoRoutes),
    *(InventoryRoutes, PhotoItemRoutes, ItemRoutes, OperatorRoutes),
    *(stream_batch, stream_batches, create_ticket, report_latency, health.live, health.ready),
    *(page.document, page.asset),
)
STREAMS = re.compile(r"/api/(stream|stream-tickets|batches/[^/]+/stream)")  # for pages of `stream_origins` too
UNCOUNTED = frozenset({"HEAD", "OPTIONS"})  # until somebody asks
JSON_BYTES = (
    1024 * 1024
)  # of a body that litestar reads by itself; photos and forms are streamed, with their own limits

log = structlog.get_logger()


class Web:
    """Everything that exists once in the process. Nothing connects before `run`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pool = create_pool(settings.database_url, settings.db_pool_size, answer_seconds=WEB_ANSWER_SECONDS)
        self.valkey = open_valkey(settings.redis_url)
        self.storage = open_storage(settings.storage_url)
        self.passwords = Passwords()
        attempts = SignInAttempts(self.valkey)
        self.accounts = Accounts(self.pool, self.passwords, attempts, settings.session_days)
        self.projects = Projects(self.pool)
        limits = UploadLimits(settings.max_photo_bytes, settings.user_quota_bytes, settings.upload_hours)
        self.uploads = Uploads(self.pool, self.storage, limits)
        self.broker = create_broker(settings.redis_url, f"web-{os.getpid()}")
        cache = SnapshotCache(self.valkey)
        self.context = Context(
            pool=self.pool,
            publisher=Publisher(self.valkey),
            queue=PhotoQueue(self.broker, self.valkey),
            cache=cache,
            max_photos=settings.max_batch_photos,
        )
        # Of its own: the sweep repairs the streams when everything else is busy, and in a storm of opens the first snapshot
        # would wait behind a thousand requests that want to know who asks.
        self.feed_pool = create_pool(
            settings.database_url, FEED_CONNECTIONS, answer_seconds=WEB_ANSWER_SECONDS, shown_as="streams"
        )
        feed = BatchFeed(self.feed_pool, cache)
        reader = BusReader(settings.redis_url)
        self.hub = Hub(feed, Pace.of(settings), reader)
        self.gathering = Gathering(self.hub, reader, self.valkey)
        self.accounting = Accounting(self.valkey)
        self.admission = Admission(Limits.of(settings), self.accounting, self.hub)
        self.addresses = Addresses(networks(settings.trusted_proxies))
        self.readiness = health.Readiness({"database": partial(answers, self.pool), "storage": self._ask_storage})
        self._settled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.lag = LoopLag()
        self.draining = Draining(self.hub, settings, on_begin=self.readiness.drain, on_end=_stop_server)

    @asynccontextmanager
    async def run(self, _app: Litestar) -> AsyncGenerator[None]:
        self._loop = asyncio.get_running_loop()
        self.readiness.bind(self._loop)
        async with self.pool, self.feed_pool, self.valkey:
            await self._settle_storage()
            await self.broker.startup()
            await self.hub.start()
            self.lag.start()
            await self.gathering.start()
            self.accounting.start()
            self._loop.add_signal_handler(signal.SIGTERM, self.draining.terminate)
            private = self._serve_private()
            log.info("web_started", private_port=private.port)
            try:
                yield
            finally:
                self.lag.stop()
                await self.hub.stop()
                await self.accounting.stop()
                await asyncio.to_thread(private.close)
                await self.broker.shutdown()
                self.passwords.close()
                log.info("web_stopped")

    def _serve_private(self) -> PrivatePort:
        checks = Checks(self.readiness.reasons_from_thread, self._drain_from_thread, self._drain_state)
        return serve_private(self.settings.private_host, self.settings.private_port, metrics.REGISTRY, checks)

    def _drain_from_thread(self) -> None:
        if self._loop:
            self._loop.call_soon_threadsafe(self.draining.begin)

    async def _ask_storage(self) -> None:
        """A folder is this machine's own. A cloud's store is everybody's: no other process could take the requests either."""
        if self.storage.is_folder or not self._settled:
            self._settled = await storing.settle(self.context, self.storage)
        if self.storage.is_folder and not self._settled:
            raise errors.Unavailable("storage-unavailable", "The photo store has no marker.")

    async def _settle_storage(self) -> None:
        """The first start marks the store; where the database or the store is away, the next question for readiness does."""
        with suppress(*DATABASE_AWAY, errors.Unavailable):
            self._settled = await storing.settle(self.context, self.storage)

    def _drain_state(self) -> dict[str, object]:
        return {"status": self.draining.status, "streams": self.hub.count}


def create() -> App:
    """The factory for granian: settings from the environment."""
    return create_app(configuration.load(os.environ))


def create_app(settings: Settings) -> App:
    web = Web(settings)
    application = Litestar(
        ROUTES,
        dependencies={
            name: Provide(_always(value), sync_to_thread=False)
            for name, value in {
                "accounts": web.accounts,
                "projects": web.projects,
                "uploads": web.uploads,
                "context": web.context,
                "inventories": Inventories(web.pool),
                "gathering": web.gathering,
                "desk": Desk(web.context, Openings(web.context), web.hub, web.admission, web.addresses),
                "addresses": web.addresses,
                "files": PhotoFiles(web.context, web.storage),
                "settings": settings,
                "readiness": web.readiness,
            }.items()
        },
        exception_handlers={
            errors.RoomtallyError: problems.answer_known,
            HTTPException: page.answer_framework,
            body.ClientLeft: problems.answer_left,
            **dict.fromkeys(UNSTORABLE, _answer_unstorable),
            RecursionError: _answer_too_deep,
            **dict.fromkeys(DATABASE_AWAY, _answer_database_away),
            Exception: problems.answer_unknown,
        },
        lifespan=[web.run],
        request_class=body.StrictRequest,
        logging_config=None,
        request_max_body_size=JSON_BYTES,
        openapi_config=document.openapi(version("roomtally"), SESSION_COOKIE),
    )
    zeros.begin_routes(_methods(application))
    application.state[auth.ACCOUNTS] = web.accounts
    trusted = frozenset({settings.public_url.rstrip("/")}) if settings.public_url else frozenset[str]()
    guarded = Guard(cast("App", application), trusted)
    cors = Cors(_with_one_budget(cast("App", guarded)), origins(settings.stream_origins), STREAMS.fullmatch)
    return cast("App", keep_send(Recorder(cors)))


def _methods(application: Litestar) -> list[tuple[str, str]]:
    """Each method and template of a route that answers something."""
    found = [route for route in application.routes if isinstance(route, HTTPRoute)]
    return [(method, route.path_format) for route in found for method in route.methods if method not in UNCOUNTED]


def _with_one_budget(app: App) -> App:
    """What one request asks of Valkey waits 250 ms in all, however many calls that are."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        with one_budget():
            await app(scope, receive, send)

    return answer


def _stop_server() -> None:
    """granian takes no more connections from SIGTERM or SIGINT on, and waits for open streams for ever. So SIGTERM is ours: it
    drains first. SIGINT is still granian's: it finishes the requests in hand, and then the process ends."""
    signal.raise_signal(signal.SIGINT)


def _always(value: object) -> Any:
    def provide() -> Any:
        return value

    return provide


def _answer_unstorable(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """PostgreSQL keeps no NUL in a text; everything else has been checked before it came there."""
    refused = errors.Invalid("invalid-request", "A text holds a character that cannot be kept (NUL); leave it out.")
    refused.__cause__ = error
    return problems.answer_known(request, refused)


def _answer_too_deep(request: Request[Any, Any, Any], _error: Exception) -> Response[bytes]:
    return problems.answer_known(request, errors.Invalid("invalid-request", "The body is nested too deeply."))


def _answer_database_away(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    away = errors.Unavailable(
        "database-unavailable", "The database does not answer; try again in a moment.", retry_after=2
    )
    away.__cause__ = error
    return problems.answer_known(request, away)
