"""The REST API as a script sees it. An answer that is not a success becomes `Refused`: one sentence."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
import msgspec

from roomtally import errors
from roomtally.client.access import Account, address

CHUNK_BYTES = 256 * 1024
PARALLEL_UPLOADS = 4  # enough to fill a line; more only makes each of them slower
TRIES = 4
LONGEST_WAIT_SECONDS = 3600.0  # whatever an answer asks for
POINTER = "; see `errors` for what to change."
LATER = frozenset({429, 502, 503, 504})  # the same call may succeed in a moment
CONTENT_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heif",
}

Json = dict[str, Any]
Progress = Callable[[int], None]


class Refused(errors.RoomtallyError):
    """The service said no. `retry_after` (seconds) is there when it said when to come back."""

    kind = "refused"

    def __init__(self, slug: str, detail: str, *, status: int, retry_after: float | None = None) -> None:
        super().__init__(slug, detail, status=status, retry_after=retry_after)
        self.status = status
        self.retry_after = retry_after


class _Fault(msgspec.Struct):
    message: str
    field: str = ""


class _Problem(msgspec.Struct):
    type: str = ""
    detail: str = ""
    errors: list[_Fault] = []

    def sentence(self) -> str:
        """Its `errors` stand in it: who reads it in a terminal has no document to look them up in."""
        faults = " ".join(": ".join(filter(None, (fault.field, fault.message))) for fault in self.errors)
        return f"{self.detail.removesuffix(POINTER)}: {faults}" if faults else self.detail


def refused(response: httpx.Response) -> Refused:
    """The problem document of `response`; its body must have been read. Anything else (a proxy's page) is named by its status."""
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem()
    slug = problem.type.rpartition("/")[2] or f"http-{response.status_code}"
    detail = problem.sentence() or f"{response.request.url} answered {response.status_code} {response.reason_phrase}."
    seconds = response.headers.get("retry-after", "")
    wait = min(float(seconds), LONGEST_WAIT_SECONDS) if seconds.isdecimal() else None
    return Refused(slug, detail, status=response.status_code, retry_after=wait)


def unreachable(url: object, error: Exception) -> errors.Unavailable:
    reason = str(error) or type(error).__name__
    return errors.Unavailable(
        "unreachable", f"No answer from {url} ({reason}). `make up` starts the service; --url names another."
    )


class Api:
    """Calls as one account. What fails on the way, or is put off by the service, is tried again: each call is safe to repeat."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def greet(self) -> None:
        """Asks once whose account it is: where nothing answers, or the token is none, a person should read so at once.

        Raises errors.Unavailable, and Refused with a word of the token. What is put off is left to the calls that follow.
        """
        try:
            response = await self.http.get("/api/sessions/current")
        except httpx.TransportError as error:
            raise unreachable(self.http.base_url, error) from error
        if response.status_code == 401:
            refusal = refused(response)
            refusal.detail = (
                f"The token (--token or ROOMTALLY_TOKEN) is not accepted, nothing was sent: {refusal.detail}"
            )
            raise refusal

    async def create_project(self, name: str) -> Json:
        return await self._write("/api/projects", {"name": name})

    async def list_projects(self) -> list[Json]:
        """All projects of the account, page by page."""
        projects: list[Json] = []
        path: str | None = "/api/projects"
        while path:
            page = await self.get(path)
            projects += page["items"]
            path = f"/api/projects?cursor={quote(page['next'])}" if page.get("next") else None
        return projects

    async def upload(self, photo: Path, progress: Progress) -> str:
        """Sends one photo and returns the upload's id. `progress` hears of bytes as they leave (and of minus, on a new try)."""
        headers = {
            "Content-Type": CONTENT_TYPES.get(photo.suffix.lower(), "application/octet-stream"),
            "Content-Length": str((await asyncio.to_thread(photo.stat)).st_size),
            "X-Filename": quote(photo.name, safe=""),
            "Idempotency-Key": str(uuid.uuid4()),
        }

        async def send() -> httpx.Response:
            sent = 0

            def count(size: int) -> None:
                nonlocal sent
                sent += size
                progress(size)

            try:
                response = await self.http.post("/api/uploads", content=_chunks(photo, count), headers=headers)
            except BaseException:
                progress(-sent)
                raise
            if not response.is_success:
                progress(-sent)
            return response

        return str((await self._answer(send)).json()["uploadId"])

    async def upload_all(self, photos: list[Path], progress: Progress) -> list[str]:
        """The uploads' ids in the order of `photos`; the first refusal ends all."""
        room = asyncio.Semaphore(PARALLEL_UPLOADS)

        async def one(photo: Path) -> str:
            async with room:
                try:
                    return await self.upload(photo, progress)
                except Refused as refusal:
                    refusal.detail = f"{photo.name}: {refusal.detail} No photo was counted."
                    raise

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(photo)) for photo in photos]
        except BaseExceptionGroup as group_error:
            raise _first(group_error) from None
        return [task.result() for task in tasks]

    async def create_batch(self, project_id: str, uploads: list[str]) -> Json:
        return await self._write("/api/batches", {"projectId": project_id, "uploads": uploads})

    async def control(self, batch_id: str, call: str) -> Json:
        """`call` is pause, resume or another of those that answer with the batch as it is then."""
        return await self._write(f"{batch_path(batch_id)}/{call}", {})

    async def delete_batch(self, batch_id: str) -> None:
        await self._answer(lambda: self.http.delete(batch_path(batch_id)))

    async def get_batch(self, batch_id: str) -> Json:
        return await self.get(batch_path(batch_id))

    async def get_inventory(self, batch_id: str) -> Json:
        return await self.get(batch_path(batch_id) + "/inventory")

    async def get(self, path: str) -> Json:
        return (await self._answer(lambda: self.http.get(path))).json()

    async def _write(self, path: str, body: Json) -> Json:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return (await self._answer(lambda: self.http.post(path, json=body, headers=headers))).json()

    async def _answer(self, send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            wait = 0.5 * 2**attempt
            try:
                response = await send()
            except httpx.TransportError as error:
                if last:
                    raise unreachable(self.http.base_url, error) from error
            else:
                if response.is_success:
                    return response
                refusal = refused(response)
                if last or refusal.status not in LATER:
                    raise refusal
                wait = wait if refusal.retry_after is None else refusal.retry_after
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns or raises")


@asynccontextmanager
async def connect(url: str, account: Account) -> AsyncGenerator[Api]:
    """Signed in at `url`, signed out at the end. Raises Refused for a wrong account, errors.Unavailable where nothing answers."""
    headers = {"Authorization": f"Bearer {account.token}"} if account.token else {}
    limits = httpx.Limits(max_keepalive_connections=PARALLEL_UPLOADS)
    async with httpx.AsyncClient(
        base_url=address(url), headers=headers, timeout=httpx.Timeout(30, connect=5), limits=limits
    ) as http:
        if account.token:
            api = Api(http)
            await api.greet()
            yield api
            return
        await _sign_in(http, account)
        try:
            yield Api(http)
        finally:
            with suppress(httpx.HTTPError, TimeoutError):
                async with asyncio.timeout(2):
                    await http.delete("/api/sessions/current")


async def _sign_in(http: httpx.AsyncClient, account: Account) -> None:
    """Tried once only: where nothing answers, the person should read so at once."""
    try:
        response = await http.post("/api/sessions", json={"email": account.email, "password": account.password})
    except httpx.TransportError as error:
        raise unreachable(http.base_url, error) from error
    if response.is_success:
        return
    refusal = refused(response)
    if refusal.status == 401 and account.password_file:
        refusal.detail += f" (With the password in {account.password_file}; did `up` get another --data?)"
    raise refusal


def batch_path(batch_id: str) -> str:
    """The address of a batch. Raises errors.Invalid for what cannot be an id, so that no path can be smuggled in."""
    try:
        return f"/api/batches/{uuid.UUID(batch_id)}"
    except ValueError as error:
        raise errors.Invalid("invalid-batch-id", f"{batch_id!r} is not the id of a batch.") from error


async def _chunks(photo: Path, count: Progress) -> AsyncGenerator[bytes]:
    file = await asyncio.to_thread(photo.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            count(len(chunk))
            yield chunk
    finally:
        file.close()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that ended the others, out of a task group's wrapping."""
    error = group.exceptions[0]
    return _first(cast("BaseExceptionGroup[BaseException]", error)) if isinstance(error, BaseExceptionGroup) else error
