import hashlib
from collections.abc import AsyncIterator

import pytest

from roomtally import errors
from roomtally.storage.intake import Intake

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(250)) * 4


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


@pytest.mark.parametrize("size", [1, 7, 31, 32, 33, 2000])
async def test_what_goes_in_comes_out_however_it_is_cut(size: int):
    intake = Intake(pieces(PHOTO, size), limit=len(PHOTO), digest=True)
    assert await intake.head() == PHOTO[:32]
    assert b"".join([piece async for piece in intake]) == PHOTO
    assert intake.size == len(PHOTO)
    assert intake.content_type == "image/jpeg"
    assert intake.digest == hashlib.sha256(PHOTO).digest()


async def drain(intake: Intake) -> None:
    await intake.head()
    async for _ in intake:
        pass


@pytest.mark.parametrize("size", [1, 100, 2000])
async def test_one_byte_more_is_too_large(size: int):
    intake = Intake(pieces(PHOTO + b"x", size), limit=len(PHOTO))
    with pytest.raises(errors.TooLarge, match="photo-too-large"):
        await drain(intake)


async def test_nothing_has_an_empty_head():
    intake = Intake(pieces(b"", 1), limit=10)
    assert await intake.head() == b""
    assert intake.content_type is None
    assert [piece async for piece in intake] == []
    assert intake.digest == b""
