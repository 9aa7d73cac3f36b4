"""What an examination finds: one line each, and what to do about it."""

from enum import StrEnum

import msgspec


class State(StrEnum):
    OK = "ok"
    WARN = "warn"  # it works, and something will cost you later
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """`part` is the thing that was looked at, `todo` is empty where nothing is to be done."""

    part: str
    state: State
    says: str
    todo: str = ""


def ok(part: str, says: str) -> Finding:
    return Finding(part, State.OK, says)


def warn(part: str, says: str, todo: str) -> Finding:
    return Finding(part, State.WARN, says, todo)


def fail(part: str, says: str, todo: str) -> Finding:
    return Finding(part, State.FAIL, says, todo)
