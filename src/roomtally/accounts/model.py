"""Who may do what: users, credentials, principals."""

import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

UserId = NewType("UserId", UUID)
CredentialId = NewType("CredentialId", UUID)

SESSION_COOKIE = "roomtally_session"
TOKEN_PREFIX = "rt_"  # noqa: S105 - not a secret: it lets scanners and people tell what a leaked string is


class Role(StrEnum):
    USER = "user"
    OPERATOR = "operator"


class CredentialKind(StrEnum):
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    TICKET = "ticket"  # opens one stream in the name of a session or token; never anything else


class Credential(msgspec.Struct, frozen=True):
    """What a request showed, not looked up yet. The database knows only the SHA-256 of the secret."""

    kind: CredentialKind
    token_hash: bytes


class User(msgspec.Struct, frozen=True):
    id: UserId
    email: str
    role: Role


class Principal(msgspec.Struct, frozen=True):
    """Who is asking, by a credential that was valid a moment ago."""

    user_id: UserId
    role: Role
    credential_id: CredentialId
    kind: CredentialKind


class MadeToken(msgspec.Struct, frozen=True):
    id: CredentialId
    name: str
    secret: str


class ApiToken(msgspec.Struct, frozen=True):
    id: CredentialId
    name: str
    created_at: datetime
    last_used_at: datetime | None


def normalize_email(email: str) -> str:
    """One spelling for one address: people write the same address in several ways."""
    return unicodedata.normalize("NFC", email.strip().lower())
