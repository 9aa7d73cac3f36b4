"""A photo's bytes on their way into the store: counted, limited and sniffed while they pass, never kept."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator

from roomtally import errors
from roomtally.storage.sniff import HEAD_BYTES, sniff


class Intake:
    """Read `head` first: it decides what the photo is; then iterate once. `size` and `digest` are true at the end.

    Raises errors.TooLarge as soon as more than `limit` bytes came.
    """

    def __init__(self, chunks: AsyncIterator[bytes], *, limit: int, digest: bool = False) -> None:
        self._chunks = chunks
        self._limit = limit
        self._hash = hashlib.sha256() if digest else None
        self._first: list[bytes] = []
        self.size = 0
        self.content_type: str | None = None

    @property
    def digest(self) -> bytes:
        """SHA-256 of what passed; empty when no digest was asked for."""
        return self._hash.digest() if self._hash else b""

    async def head(self) -> bytes:
        """The first bytes (fewer only where the photo has no more); sets `content_type`."""
        have = 0
        while have < HEAD_BYTES and (chunk := await anext(self._chunks, None)) is not None:
            self._count(chunk)
            self._first.append(chunk)
            have += len(chunk)
        head = b"".join(self._first)[:HEAD_BYTES]
        self.content_type = sniff(head)
        return head

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for chunk in self._first:
            yield chunk
        self._first.clear()
        async for chunk in self._chunks:
            self._count(chunk)
            yield chunk

    def _count(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > self._limit:
            raise too_large(self._limit)
        if self._hash:
            self._hash.update(chunk)


def too_large(limit: int) -> errors.TooLarge:
    return errors.TooLarge(
        "photo-too-large",
        f"A photo may have {limit // (1024 * 1024)} MiB at most; send a smaller one.",
        max_bytes=limit,
    )
