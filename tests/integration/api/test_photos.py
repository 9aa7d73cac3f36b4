"""/api/photos/{id}: the files of a photo."""

from io import BytesIO

import pytest
from PIL import Image

from tests.fixtures.app import JPEG, Api
from tests.fixtures.problems import problem

SECRET = b"48.8584 N, 2.2945 E"


def picture(kind: str, size: tuple[int, int] = (64, 48)) -> bytes:
    """A small picture with a secret in its EXIF."""
    image, out = Image.new("RGB", size, "teal"), BytesIO()
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()  # ImageDescription
    image.save(out, kind, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "content_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
async def test_an_original_comes_back_without_its_secrets(api: Api, kind: str, content_type: str):
    photo = picture(kind)
    assert SECRET in photo
    batch = await api.create_batch([photo])
    answer = await api.http.get(f"/api/photos/{batch['photos'][0]['id']}/original")
    assert answer.status_code == 200
    assert SECRET not in answer.content
    assert answer.headers["content-type"] == content_type
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''room-1.jpg"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert Image.open(BytesIO(answer.content)).tobytes() == Image.open(BytesIO(photo)).tobytes()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (JPEG, "The file is incomplete or damaged. Copy the photo from the camera or phone again."),
        (picture("PNG", (1, 1)), "The picture is 1 x 1 pixels; at least 32 x 32 are needed to see anything on it."),
    ],
)
async def test_a_file_that_cannot_be_cleaned_is_not_given_out(api: Api, body: bytes, reason: str):
    batch = await api.create_batch([body])
    answer = await api.http.get(f"/api/photos/{batch['photos'][0]['id']}/original")
    assert problem(answer) == (
        415,
        "original-not-served",
        "The file as sent may hold the place and time it was taken, which cannot be removed from it, so it is not given out again. "
        + reason,
    )


async def test_a_thumbnail_comes_when_the_worker_made_it(api: Api):
    batch = await api.create_batch([JPEG])
    photo_id = batch["photos"][0]["id"]
    path = f"/api/photos/{photo_id}/thumbnail"
    assert problem(await api.http.get(path)) == (
        404,
        "no-thumbnail",
        "This photo has no small picture (yet); follow its batch.",
    )
    key = f"thumbnails/{photo_id}.webp"
    thumbnail = picture("WEBP")
    (api.web.storage / "thumbnails").mkdir(exist_ok=True)
    (api.web.storage / key).write_bytes(thumbnail)
    await api.ask("UPDATE photos SET thumbnail_key = %s WHERE id = %s RETURNING 1", key, photo_id)
    answer = await api.http.get(path)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, thumbnail, "image/webp")
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_a_file_that_is_gone_is_told(api: Api):
    batch = await api.create_batch([picture("JPEG")])
    [[key]] = await api.ask("SELECT storage_key FROM photos WHERE batch_id = %s", batch["batchId"])
    (api.web.storage / key).unlink()
    answer = await api.http.get(f"/api/photos/{batch['photos'][0]['id']}/original")
    assert problem(answer) == (404, "photo-file-gone", "The file of this photo is not in the store any more.")
