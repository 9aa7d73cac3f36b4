"""POST /api/latency: how old events were when browsers had them. Sampled, sent when a page is left."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from roomtally.accounts import auth
from roomtally.accounts.model import Principal
from roomtally.http.document import problems
from roomtally.telemetry import stream_metrics

MOST = 100  # samples a report
LONGEST_MS = 600_000  # a phone that slept for longer has measured its sleep

Age = Annotated[float, msgspec.Meta(ge=0, le=LONGEST_MS)]


class Measured(msgspec.Struct):
    """Milliseconds from commit to the browser's event handler, by the browser's clock."""

    samples: Annotated[list[Age], msgspec.Meta(min_length=1, max_length=MOST)]


@post(
    "/api/latency",
    status_code=204,
    summary="Report how old events were when they came",
    tags=["Batches"],
    dependencies={"principal": Provide(auth.principal)},
    responses=problems(400, 401),
)
async def report_latency(data: JSONBody[Measured], principal: NamedDependency[Principal]) -> None:
    """Whoever reports is signed in, and is not kept. Where clocks differ the browser has put it right."""
    for age in data.samples:
        stream_metrics.BROWSER_LATENCY.observe(age / 1000)
