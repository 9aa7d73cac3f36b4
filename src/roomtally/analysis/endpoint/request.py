"""The question, with the picture in it."""

import base64
from io import BytesIO
from typing import Final

import msgspec
from PIL import Image

from roomtally.analysis.endpoint.answer import QUESTION, SCHEMA

LONGEST_SIDE: Final = 1024  # pixels; what such models see of a picture anyway
JPEG_QUALITY: Final = 85


def body(image: Image.Image, model: str) -> bytes:
    """The JSON of a chat completion request. No sampling options: several models refuse them."""
    picture = {"type": "image_url", "image_url": {"url": _data_url(image), "detail": "high"}}
    return msgspec.json.encode(
        {
            "model": model,
            "messages": [{"role": "user", "content": [{"type": "text", "text": QUESTION}, picture]}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "room", "strict": True, "schema": SCHEMA},
            },
        }
    )


def _data_url(image: Image.Image) -> str:
    small = image.copy()
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    out = BytesIO()
    small.save(out, "JPEG", quality=JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
