"""/api/sessions and /api/tokens."""

from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from roomtally.accounts import auth
from roomtally.accounts.model import SESSION_COOKIE, Principal
from roomtally.accounts.service.sessions import LONGEST_TOKEN_NAME, Accounts
from roomtally.http.address import Addresses
from roomtally.http.document import problems
from roomtally.http.keys import IdempotencyKey
from roomtally.settings import Settings

SECONDS_A_DAY = 86_400


class SignIn(msgspec.Struct, rename="camel"):
    email: Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class SignedIn(msgspec.Struct, rename="camel"):
    user_id: UUID
    email: str
    role: str


class NewToken(msgspec.Struct, rename="camel"):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TOKEN_NAME)]


class TokenMade(msgspec.Struct, rename="camel"):
    """`token` is shown this once."""

    id: UUID
    name: str
    token: str


class Token(msgspec.Struct, rename="camel"):
    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class TokenPage(msgspec.Struct, rename="camel"):
    items: list[Token]


class Ticket(msgspec.Struct, rename="camel"):
    """For pages of another origin, whose EventSource can send neither cookie nor header. Good for `expires_in` seconds."""

    ticket: str
    expires_in: int


class SessionRoutes(Controller):
    path = "/api/sessions"
    tags = ("Accounts",)

    @post(
        "/", summary="Sign in: sets the session cookie", security=[{}], responses=problems(400, 401, 403, 415, 429, 503)
    )
    async def sign_in(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[SignIn],
        accounts: NamedDependency[Accounts],
        settings: NamedDependency[Settings],
        addresses: NamedDependency[Addresses],
    ) -> Response[SignedIn]:
        user, secret = await accounts.sign_in(data.email, data.password, addresses.of(request.scope))
        cookie = _cookie(secret, settings.session_days * SECONDS_A_DAY, secure=is_secure(request, settings))
        return Response(SignedIn(user.id, user.email, user.role), cookies=[cookie])

    @get(
        "/current",
        summary="Who is signed in",
        responses=problems(401),
        dependencies={"principal": Provide(auth.principal)},
    )
    async def current(self, principal: NamedDependency[Principal], accounts: NamedDependency[Accounts]) -> SignedIn:
        user = await accounts.get_user(principal)
        return SignedIn(user.id, user.email, user.role)

    @delete(
        "/current",
        summary="Sign out",
        status_code=204,
        responses=problems(401, 403),
        dependencies={"principal": Provide(auth.principal)},
    )
    async def sign_out(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        accounts: NamedDependency[Accounts],
        settings: NamedDependency[Settings],
    ) -> Response[None]:
        await accounts.sign_out(principal)
        return Response(None, cookies=[_cookie("", 0, secure=is_secure(request, settings))])


class TokenRoutes(Controller):
    path = "/api/tokens"
    tags = ("Accounts",)
    dependencies = {"principal": Provide(auth.principal)}  # noqa: RUF012 - litestar reads it so

    @post("/", summary="Make an API token (not with a token)", responses=problems(400, 401, 403, 404, 409, 415))
    async def create(
        self,
        principal: NamedDependency[Principal],
        data: JSONBody[NewToken],
        accounts: NamedDependency[Accounts],
        idempotency_key: IdempotencyKey = None,
    ) -> TokenMade:
        made = await accounts.create_token(principal, data.name, idempotency_key)
        return TokenMade(made.id, made.name, made.secret)

    @get("/", summary="Your API tokens, without their secrets", responses=problems(401))
    async def list_tokens(
        self, principal: NamedDependency[Principal], accounts: NamedDependency[Accounts]
    ) -> TokenPage:
        found = await accounts.list_tokens(principal)
        return TokenPage([Token(t.id, t.name, t.created_at, t.last_used_at) for t in found])

    @delete("/{token_id:uuid}", summary="Withdraw an API token", status_code=204, responses=problems(401, 403, 404))
    async def withdraw(
        self, principal: NamedDependency[Principal], token_id: FromPath[UUID], accounts: NamedDependency[Accounts]
    ) -> None:
        await accounts.delete_token(principal, token_id)


@post(
    "/api/stream-tickets",
    summary="A one-time ticket that opens one stream: `?ticket=...`",
    tags=["Accounts"],
    responses=problems(401, 403),
    dependencies={"principal": Provide(auth.principal)},
)
async def create_ticket(principal: NamedDependency[Principal], accounts: NamedDependency[Accounts]) -> Ticket:
    ticket, seconds = await accounts.create_ticket(principal)
    return Ticket(ticket, seconds)


def is_secure(request: Request[Any, Any, Any], settings: Settings) -> bool:
    """Whether the cookie is for https alone: always, except on plain http to a loopback name, where it would be lost."""
    if settings.secure_cookies is not None:
        return settings.secure_cookies
    if request.scope["scheme"] == "https" or (settings.public_url or "").startswith("https:"):
        return True
    return not _is_loopback(request.headers.get("host", ""))


def _is_loopback(host: str) -> bool:
    """False also where it is no name and no address: such a Host is somebody's try."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or ip_address(name).is_loopback
    except ValueError:
        return False


def _cookie(value: str, max_age: int, *, secure: bool) -> Cookie:
    return Cookie(
        key=SESSION_COOKIE, value=value, path="/", max_age=max_age, httponly=True, samesite="lax", secure=secure
    )
