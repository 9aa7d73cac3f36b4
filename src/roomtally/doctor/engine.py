"""What looks at photos: it is loaded as a worker loads it; an endpoint is asked which models it has."""

import time
from collections.abc import Generator

from roomtally import errors
from roomtally.analysis.endpoint import reaching
from roomtally.analysis.engines import create_analyzer
from roomtally.analysis.models.manifest import MODELS
from roomtally.doctor.finding import Finding, fail, ok, warn
from roomtally.settings import Settings

PART = "model"
REMEDIES = {
    "bundled": "Install Roomtally again; its build makes the files.",
    "onnx": "See ROOMTALLY_ONNX_PATH and its kin in docs/operations.md.",
    "openai": "See ROOMTALLY_OPENAI_BASE_URL and its kin in docs/operations.md.",
}


def examine(settings: Settings) -> Generator[Finding]:
    began = time.monotonic()
    try:
        create_analyzer(settings)
    except errors.RoomtallyError as error:
        yield fail(PART, error.detail, REMEDIES[settings.analyzer])
        return
    files = f", its {len(MODELS)} files are what the build made" if settings.analyzer == "bundled" else ""
    yield ok(PART, f"{settings.analyzer} loads in {time.monotonic() - began:.1f} s{files}")
    if settings.analyzer == "openai":
        yield _endpoint(settings)


def _endpoint(settings: Settings) -> Finding:
    found = reaching.reach(settings)
    if found.error:
        return fail(
            PART, f"{found.url} does not answer: {found.error}", "Set ROOMTALLY_OPENAI_BASE_URL right, open the way."
        )
    says = f"{found.url} answers {found.status} in {found.seconds * 1000:.0f} ms"
    if found.status in {401, 403}:
        return fail(PART, says, "Set ROOMTALLY_OPENAI_API_KEY right.")
    if found.status != 200:
        return warn(PART, says, "It does not list its models, as some do not; try one photo.")
    if found.models and settings.openai_model not in found.models:
        return fail(PART, f"{says}, without {settings.openai_model}", f"It has: {', '.join(sorted(found.models)[:8])}.")
    return ok(PART, f"{says}, and has {settings.openai_model}")
