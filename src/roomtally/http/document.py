"""The OpenAPI document at /api/openapi.json."""

from litestar.enums import MediaType
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme, Tag

from roomtally.http.problems import MEDIA_TYPE, Problem

TITLES = {
    400: "The request cannot be used as it is.",
    401: "Nobody is signed in, or the credential has ended.",
    403: "Not allowed.",
    404: "Not there, or not yours: the two are not told apart.",
    409: "The state forbids it.",
    412: "Somebody else changed it first.",
    413: "Larger than allowed.",
    415: "A kind of content that is not handled.",
    422: "Understood, but the content cannot be used.",
    428: "Which version is meant must be said; see If-Match.",
    429: "Slow down; see Retry-After.",
    503: "Not now; see Retry-After.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The refusals of a route, for its `responses`; 400 is always there, since litestar would describe its own otherwise."""
    return {
        status: ResponseSpec(Problem, description=TITLES[status], media_type=MEDIA_TYPE, generate_examples=False)
        for status in sorted({400, *statuses})
    }


def openapi(version: str, cookie: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Roomtally",
        version=version,
        description="Photos of rooms in, a moving inventory out, watched live. Every refusal is a problem document (RFC 9457).",
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        path="/api/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/", media_type=MediaType.JSON)],
        security=[{"session": []}, {"token": []}],
        components=Components(
            security_schemes={
                "session": SecurityScheme(type="apiKey", name=cookie, security_scheme_in="cookie"),
                "token": SecurityScheme(type="http", scheme="bearer", description="An API token (`rt_...`)."),
            }
        ),
        tags=[
            Tag("Accounts", "Signing in; tokens for scripts."),
            Tag("Projects", "A project is one move."),
            Tag("Uploads", "One photo at a time, before its batch."),
            Tag("Batches", "Photos submitted together, followed live, controlled."),
            Tag("Photos", "Files of one photo; another try."),
            Tag("Inventory", "What was found."),
            Tag("Operators", "For those who run the service."),
            Tag("Health"),
        ],
    )
