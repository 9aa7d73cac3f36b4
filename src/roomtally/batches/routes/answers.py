"""What the routes of this room answer with."""

from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from roomtally.batches.model import Snapshot
from roomtally.batches.service.reading import Progress
from roomtally.http.conditional import reading_headers

SNAPSHOT = ResponseSpec(Snapshot, description="The whole progress of the batch.", generate_examples=False)


def snapshot(progress: Progress, status: int = 200) -> Response[bytes]:
    """The snapshot as PostgreSQL wrote it; 304 where the client has it already."""
    headers = reading_headers(progress.event_id)
    if progress.body is None:
        return Response(b"", status_code=304, headers=headers)
    if status == 201:
        headers["Location"] = f"/api/batches/{progress.batch_id}"
    return Response(progress.body, status_code=status, media_type="application/json", headers=headers)
