"""Who is asking, as litestar dependencies. A credential is parsed without the database; `principal` asks it once."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from roomtally import errors
from roomtally.accounts.model import SESSION_COOKIE, TOKEN_PREFIX, Credential, Principal, Role
from roomtally.accounts.service.sessions import (
    Accounts,
    credential_of_bearer,
    credential_of_cookie,
    credential_of_ticket,
    not_signed_in,
)

ACCOUNTS = "accounts"  # the name under which app.state keeps the Accounts


def credential(request: Request[Any, Any, Any]) -> Credential:
    """What the request shows: a bearer wins over a cookie. Raises errors.Unauthorized where it shows nothing."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme:
        return _bearer(scheme, secret.strip())
    if cookie := request.cookies.get(SESSION_COOKIE):
        return credential_of_cookie(cookie)
    raise not_signed_in(None)


def stream_credential(request: Request[Any, Any, Any]) -> Credential:
    """As `credential`, for routes that take a one-time `?ticket=` too; it wins, since it was made for this one request."""
    ticket = request.query_params.get("ticket")
    return credential_of_ticket(ticket) if ticket else credential(request)


def _bearer(scheme: str, secret: str) -> Credential:
    if scheme.lower() != "bearer" or not secret.startswith(TOKEN_PREFIX):
        raise errors.Unauthorized("invalid-token", f"Send the token as 'Authorization: Bearer {TOKEN_PREFIX}...'.")
    return credential_of_bearer(secret)


async def principal(request: Request[Any, Any, Any]) -> Principal:
    """Raises errors.Unauthorized where the credential is missing, unknown, expired, or its user is gone."""
    accounts: Accounts = request.app.state[ACCOUNTS]
    return await accounts.identify(credential(request))


async def operators_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard. Raises errors.Forbidden for everybody who is not an operator."""
    request = Request[Any, Any, Any](connection.scope)  # pyright: ignore[reportArgumentType] -- guards of HTTP routes only
    asking = await principal(request)
    if asking.role is not Role.OPERATOR:
        raise errors.Forbidden("operators-only", "Only operators may see this.")
