"""What a socket has seen, in the terms of these tests."""

from typing import Any
from uuid import UUID

from tests.integration.streams.socket import Socket


def of(socket: Socket, topic: UUID) -> list[tuple[str, int]]:
    """Events of one topic with the number that they bring its viewer to; changes of the ledger do not name their topic."""
    return [
        (received.event, received.data["n"])
        for received in socket.events
        if received.event in {"progress", "complete"} and received.data["topic"] == str(topic)
    ]


def names(socket: Socket) -> list[str]:
    return [received.event for received in socket.events]


def is_well_formed(socket: Socket) -> bool:
    """No event has an id, and each chunk ends with one block that has nothing else."""
    assert all(received.id is None for received in socket.events)
    for chunk in socket.chunks:
        assert chunk.count(b"id: ") == 1, chunk
        assert chunk.rpartition(b"\n\nid: v1:")[2].endswith(b"\n\n")
    return True


def shape(socket: Socket) -> list[tuple[str, int]]:
    """Each event with the number that it brings its viewer to."""
    return [
        (received.event, number(received.data)) for received in socket.events if received.event not in {"ping", "reset"}
    ]


def number(data: dict[str, Any]) -> int:
    return data["n"] if "n" in data else int(data["eventId"].rpartition("-")[2])
