"""Signing in and out, users, API tokens."""

import hashlib
import re
import secrets
from collections.abc import Collection
from typing import assert_never
from uuid import UUID, uuid4

from roomtally import errors
from roomtally.accounts.model import (
    TOKEN_PREFIX,
    ApiToken,
    Credential,
    CredentialId,
    CredentialKind,
    MadeToken,
    Principal,
    Role,
    User,
    UserId,
    normalize_email,
)
from roomtally.accounts.service.attempts import SignInAttempts
from roomtally.accounts.service.line import Line
from roomtally.accounts.service.passwords import Passwords
from roomtally.accounts.store import credentials, tickets, users
from roomtally.db import idempotency
from roomtally.db.pool import Connection, Pool, transaction
from roomtally.names import clean_name, harmless
from roomtally.telemetry import metrics

SECRET_BYTES = 32
LONGEST_TOKEN_NAME = 100  # characters
_ADDRESS = re.compile(r"(?=.{3,254}$)[^@\s]+@\S+")
TICKET_SECONDS = 60  # from asking for it to opening the stream


class Accounts:
    def __init__(self, pool: Pool, passwords: Passwords, attempts: SignInAttempts, session_days: float) -> None:
        self._pool = pool
        self._passwords = passwords
        self._attempts = attempts
        self._line = Line()
        self._session_days = session_days

    async def sign_in(self, email: str, password: str, address: str) -> tuple[User, str]:
        """The user and the secret of a new session.

        Raises errors.Unauthorized (the same for an unknown address and a wrong password), errors.TooMany, errors.Unavailable.
        """
        with self._line.place(address):  # before the attempt is counted: who finds no place has not tried
            return await self._sign_in(normalize_email(email), password, address)

    async def _sign_in(self, email: str, password: str, address: str) -> tuple[User, str]:
        await self._attempts.count(email, address)
        async with self._pool.connection() as conn:
            known = await users.find_secret(conn, email)
        # no connection is held while the hash is computed
        if not await self._passwords.verify(known and known.password_hash, password) or known is None:
            metrics.SIGN_INS.labels("refused").inc()
            raise errors.Unauthorized("wrong-credentials", "No account has this email address and password.")
        await self._attempts.forget(email, address)
        metrics.SIGN_INS.labels("accepted").inc()
        return known.user, await self._open_session(known, password)

    async def _open_session(self, known: users.Secret, password: str) -> str:
        outdated = self._passwords.is_outdated(known.password_hash)
        fresh = await self._passwords.hash(password) if outdated else None
        secret = secrets.token_urlsafe(SECRET_BYTES)
        async with transaction(self._pool) as conn:
            if fresh:
                await users.set_password(conn, known.user.id, fresh)
            session_id = CredentialId(uuid4())
            await credentials.add_session(conn, session_id, known.user.id, _hash(secret), self._session_days)
        return secret

    async def sign_out(self, principal: Principal) -> None:
        """End the session. Raises errors.Forbidden for an API token: nothing would end, and whoever asks believes that it did."""
        if principal.kind is not CredentialKind.SESSION:
            raise errors.Forbidden(
                "token-has-no-session", "A token is not signed out but withdrawn: DELETE /api/tokens/{id}, signed in."
            )
        async with self._pool.connection() as conn:
            await credentials.delete_session(conn, principal.credential_id)

    async def identify(self, credential: Credential) -> Principal:
        """Who shows this credential; one query. Raises errors.Unauthorized where it is not valid (any more)."""
        async with self._pool.connection() as conn:
            match credential.kind:
                case CredentialKind.SESSION:
                    principal = await credentials.find_session(conn, credential.token_hash)
                case CredentialKind.TOKEN:
                    principal = await credentials.find_token(conn, credential.token_hash)
                case CredentialKind.TICKET:  # streams take them, in the query that opens the stream
                    principal = None
                case _:
                    assert_never(credential.kind)
        if principal is None:
            raise not_signed_in(credential)
        return principal

    async def get_user(self, principal: Principal) -> User:
        async with self._pool.connection() as conn:
            user = await users.find_user(conn, principal.user_id)
        if user is None:
            raise errors.Unauthorized("account-gone", "This account does not exist any more.")
        return user

    async def create_token(self, principal: Principal, name: str, key: str | None) -> MadeToken:
        """A new token; its secret is told this once.

        With an Idempotency-Key that came before: that token with a new secret in place of the first, which its maker never
        got, or else would not ask again. Raises errors.Conflict where that token has been used, errors.NotFound where it was
        withdrawn, errors.Forbidden to a token, errors.Invalid for a name that cannot be used.
        """
        if principal.kind is CredentialKind.TOKEN:
            raise errors.Forbidden("token-makes-no-tokens", "A token cannot make tokens; sign in with a browser.")
        name, secret = clean_name(name, LONGEST_TOKEN_NAME), TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        async with transaction(self._pool) as conn:
            token_id = await _write_token(conn, principal.user_id, name, _hash(secret), key)
        return MadeToken(token_id, name, secret)

    async def create_ticket(self, principal: Principal) -> tuple[str, int]:
        """The secret of a ticket that opens one stream within the seconds that are returned with it.

        The stream lives as long as the credential that asked for the ticket.
        """
        secret = secrets.token_urlsafe(SECRET_BYTES)
        async with self._pool.connection() as conn:
            await tickets.add_ticket(conn, _hash(secret), principal.credential_id, TICKET_SECONDS)
        return secret, TICKET_SECONDS

    async def list_emails(self, user_ids: Collection[UUID]) -> dict[UUID, str]:
        async with self._pool.connection() as conn:
            return await users.list_emails(conn, list(user_ids))

    async def list_tokens(self, principal: Principal) -> list[ApiToken]:
        async with self._pool.connection() as conn:
            return await credentials.list_tokens(conn, principal.user_id)

    async def delete_token(self, principal: Principal, token_id: UUID) -> None:
        async with self._pool.connection() as conn:
            if not await credentials.delete_token(conn, principal.user_id, token_id):
                raise _token_not_found()


async def _write_token(
    conn: Connection, user_id: UserId, name: str, token_hash: bytes, key: str | None
) -> CredentialId:
    token_id = new_id = CredentialId(uuid4())
    if key:
        fingerprint = hashlib.sha256(f"token\n{name}".encode()).digest()
        token_id = CredentialId(await idempotency.claim(conn, user_id, key, fingerprint, new_id))
    if token_id == new_id:
        await credentials.add_token(conn, new_id, user_id, name, token_hash)
    else:
        await _renew_token(conn, user_id, token_id, token_hash)
    return token_id


async def _renew_token(conn: Connection, user_id: UserId, token_id: CredentialId, token_hash: bytes) -> None:
    if await credentials.renew_unused_token(conn, user_id, token_id, token_hash):
        return
    if all(token.id != token_id for token in await credentials.list_tokens(conn, user_id)):
        raise _token_not_found()
    raise errors.Conflict(
        "token-in-use",
        "This Idempotency-Key made a token that is in use, and its secret is shown once; use a new key for another.",
        token_id=str(token_id),
    )


async def add_user(pool: Pool, passwords: Passwords, email: str, password: str, role: Role) -> User:
    """Raises errors.Invalid (no address, weak password) and errors.Conflict (address taken)."""
    email = normalize_email(email)
    if not _ADDRESS.fullmatch(email) or email != harmless(email):
        raise errors.Invalid("invalid-email", "This is not an email address.")
    password_hash = await passwords.hash(password)
    user = User(UserId(uuid4()), email, role)
    async with pool.connection() as conn:
        if not await users.add_user(conn, user, password_hash):
            raise errors.Conflict("email-taken", f"{email} has an account already.")
    return user


def credential_of_cookie(secret: str) -> Credential:
    return Credential(CredentialKind.SESSION, _hash(secret))


def credential_of_bearer(secret: str) -> Credential:
    return Credential(CredentialKind.TOKEN, _hash(secret))


def credential_of_ticket(secret: str) -> Credential:
    return Credential(CredentialKind.TICKET, _hash(secret))


async def purge_expired(pool: Pool, limit: int) -> None:
    """Forgets up to `limit` sessions and as many tickets whose time is over."""
    async with pool.connection() as conn:
        metrics.PURGED.labels("session").inc(await credentials.purge_sessions(conn, limit))
        metrics.PURGED.labels("ticket").inc(await tickets.purge_tickets(conn, limit))


def not_signed_in(credential: Credential | None) -> errors.Unauthorized:
    if credential is None:
        return errors.Unauthorized("not-signed-in", "Sign in first, or send an API token as a bearer.")
    if credential.kind is CredentialKind.TOKEN:
        return errors.Unauthorized("invalid-token", "This API token is not valid (any more); make a new one.")
    if credential.kind is CredentialKind.TICKET:
        return errors.Unauthorized("invalid-ticket", "This ticket was used, or its time is over; ask for a new one.")
    return errors.Unauthorized("session-ended", "Your session has ended; sign in again.")


def _token_not_found() -> errors.NotFound:
    return errors.NotFound("token-not-found", "You have no such token.")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
