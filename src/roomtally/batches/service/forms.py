"""A batch as one form: photos are taken into the store as they arrive; what does not become a batch does not stay."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol
from uuid import UUID

from roomtally import errors
from roomtally.accounts.model import UserId
from roomtally.batches.service import create
from roomtally.batches.service.context import Context
from roomtally.batches.service.reading import Progress
from roomtally.batches.service.uploads import Received, Uploads
from roomtally.names import clean_filename

PROJECT, PHOTOS = "projectId", "photos"
ID_BYTES = 100  # of a field that holds an id; a UUID has 36


class FormPart(Protocol):
    name: str
    filename: str | None

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def text(self, longest: int) -> str: ...


CheckProject = Callable[[UUID], Awaitable[object]]


class BatchForm:
    """One form on its way in. After an error nothing of it stays."""

    def __init__(self, context: Context, uploads: Uploads, user_id: UserId, key: str | None) -> None:
        self._context = context
        self._uploads = uploads
        self._user_id = user_id
        self._key = key
        self._project: UUID | None = None
        self._photos: list[Received] = []

    async def receive(self, parts: AsyncIterator[FormPart], check_project: CheckProject) -> Progress:
        """The snapshot of the batch that the form makes. `check_project` raises where the project is not the user's.

        Photos that are empty or no image are taken: the worker gives each its reason, and the others go on.
        Raises errors.Invalid (no project, no photos), errors.TooLarge (a photo, too many photos, quota), errors.NotFound.
        """
        try:
            async for part in parts:
                await self._take(part, check_project)
            return await self._make_batch()
        except BaseException:
            await self._uploads.forget(self._photos)
            raise

    async def _take(self, part: FormPart, check_project: CheckProject) -> None:
        if part.name == PROJECT and part.filename is None:
            self._project = _project_id(await part.text(ID_BYTES))
            await check_project(self._project)
        elif part.name == PHOTOS:
            await self._take_photo(part)

    async def _take_photo(self, part: FormPart) -> None:
        if part.filename is None:
            raise errors.Invalid("invalid-form", "The field 'photos' must hold files.")
        if len(self._photos) >= self._context.max_photos:
            most = self._context.max_photos
            raise errors.TooLarge("too-many-photos", f"A batch holds {most} photos at most; make several batches.")
        received = await self._uploads.take(
            self._user_id, clean_filename(part.filename), aiter(part), digest=self._key is not None
        )
        self._photos.append(received)
        if not part.filename and received.upload.bytes == 0:  # what browsers send for a file field that was left empty
            await self._uploads.forget([self._photos.pop()])
        else:  # now, and not all at the end: so that each process sees how much there is, however many forms come at once
            await self._uploads.write_down(self._user_id, received)

    async def _make_batch(self) -> Progress:
        if self._project is None:
            raise errors.Invalid("invalid-form", f"The form needs the field {PROJECT!r}.")
        progress = await create.create_batch(
            self._context,
            user_id=self._user_id,
            project_id=self._project,
            uploads=[photo.upload.id for photo in self._photos],
            idempotency_key=self._key,
            fingerprint=self._fingerprint(self._project),
        )
        if self._key is not None:
            await self._uploads.forget(self._photos)  # unbound where the same form made its batch before
        return progress

    def _fingerprint(self, project: UUID) -> bytes:
        """Of the contents: the ids of the uploads are new each time the form is sent."""
        whole = hashlib.sha256(b"form" + project.bytes)
        for photo in self._photos:
            whole.update(photo.upload.filename.encode() + b"\0" + photo.digest)
        return whole.digest()


def _project_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise errors.Invalid("invalid-form", f"The field {PROJECT!r} is no id of a project.") from error
