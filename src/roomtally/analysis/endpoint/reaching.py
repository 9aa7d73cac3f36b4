"""Whether the vision endpoint is there, without a photo: its list of models."""

import time

import httpx
import msgspec

from roomtally.settings import Settings

SECONDS = 10.0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`error` where nothing answered; `models` is empty where the answer is no list of them."""

    url: str
    seconds: float = 0.0
    status: int = 0
    models: frozenset[str] = frozenset()
    error: str = ""


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]


def reach(settings: Settings) -> Found:
    url = f"{settings.openai_base_url}".rstrip("/") + "/models"
    headers = {"Authorization": f"Bearer {settings.openai_api_key}"} if settings.openai_api_key else {}
    began = time.monotonic()
    try:
        response = httpx.get(url, headers=headers, timeout=SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return Found(url=url, error=str(error) or type(error).__name__)
    seconds = time.monotonic() - began
    return Found(url=url, seconds=seconds, status=response.status_code, models=_ids(response))


def _ids(response: httpx.Response) -> frozenset[str]:
    try:
        return frozenset(model.id for model in msgspec.json.decode(response.content, type=_Models).data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return frozenset()
