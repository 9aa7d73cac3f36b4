"""The settings, read once from the environment and passed down; nothing else reads `os.environ`."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from roomtally import errors, wording

PREFIX = "ROOMTALLY_"

# Of `up` and of the client's commands; no settings of the processes, which may find them in their environment all the same.
DATA = "ROOMTALLY_DATA"
URL = "ROOMTALLY_URL"
TOKEN = "ROOMTALLY_TOKEN"  # noqa: S105 - the name of a variable
EMAIL = "ROOMTALLY_EMAIL"
PASSWORD = "ROOMTALLY_PASSWORD"  # noqa: S105 - the name of a variable
OF_COMMANDS = frozenset({DATA, URL, TOKEN, EMAIL, PASSWORD})

MIB = 1024 * 1024
GIB = 1024 * MIB

Port = Annotated[int, Meta(ge=1, le=65535)]
PrivatePort = Annotated[int, Meta(ge=0, le=65535)]  # 0 takes a free one
Positive = Annotated[float, Meta(gt=0, le=1e9)]  # no infinity
NotNegative = Annotated[float, Meta(ge=0, le=1e9)]
Count = Annotated[int, Meta(ge=1)]
NoneOrMore = Annotated[int, Meta(ge=0)]
BufferBytes = Annotated[int, Meta(ge=4096)]
# Twice the one (the work, then its result) and the other must end before the purge takes a deleted batch's rows: after 600 s.
PhotoSeconds = Annotated[float, Meta(gt=0, le=240)]
LeaseSeconds = Annotated[float, Meta(gt=0, le=100)]
DemoPassword = Annotated[str, Meta(min_length=10, max_length=1000)]  # as every password: accounts/service/passwords.py


def _environment_name(field: str) -> str:
    return PREFIX + field.upper()


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=_environment_name, forbid_unknown_fields=True):
    """Each field is the environment variable `ROOMTALLY_<NAME>`; times are seconds, sizes are bytes."""

    database_url: str
    redis_url: str
    storage_url: str

    host: str = "127.0.0.1"
    port: Port = 8000
    private_host: str = "127.0.0.1"
    private_port: PrivatePort = 9100
    public_url: str | None = None
    backpressure: Count = (
        16384  # connections granian accepts; well above process_streams, or health hangs with the streams
    )

    session_days: Count = 30
    secure_cookies: bool | None = None  # None: yes, except on plain http to a loopback name
    demo_password: DemoPassword | None = None

    heartbeat_seconds: Positive = 15.0  # below the shortest idle cut of a proxy: CloudFront 30 s, nginx and ALB 60 s
    stream_max_seconds: Positive = 1800.0
    sweep_seconds: Positive = 2.0
    process_streams: Count = 10_000
    user_streams: NoneOrMore = 20  # open streams and long-polls of one user, over all processes; 0: no limit
    address_opens: NotNegative = 50.0  # streams opened a second and address, four seconds' worth at once; 0: no limit
    stalled_seconds: Positive = 60.0  # how long a viewer may take nothing before the stream is closed
    stream_origins: str = ""  # other sites whose pages may open streams, `https://host` separated by commas
    trusted_proxies: str = "127.0.0.1,::1"  # networks whose X-Forwarded-For is believed, separated by commas

    drain_accept_seconds: NotNegative = 5.0  # of new streams after "not ready": balancers need that long to notice
    drain_seconds: NotNegative = 0.0  # over which open streams are sent away
    drain_grace_seconds: NotNegative = 10.0  # after that, for slow readers and requests in hand; then the process ends

    request_head_seconds: Positive = 75.0  # also between two requests: proxies close idle connections at 60
    send_buffer_bytes: BufferBytes = 64 * 1024  # in the kernel, of each connection; a stalled viewer costs twice that
    unacknowledged_seconds: Positive = 30.0  # TCP_USER_TIMEOUT: a peer that acknowledges nothing for so long is gone

    photo_timeout_seconds: PhotoSeconds = 60.0
    lease_seconds: LeaseSeconds = 20.0  # a dead worker's photo waits this long at most; renewed every third of it
    sweeper_seconds: Positive = 5.0
    release_first_seconds: Positive = 2.0  # pause of a photo that the infrastructure failed; doubles up to the longest
    release_longest_seconds: Positive = 60.0

    max_photo_bytes: Count = 25 * MIB
    max_photo_pixels: Count = 50_000_000
    max_batch_photos: Annotated[int, Meta(ge=1, le=200)] = 200
    user_quota_bytes: Count = 10 * GIB
    upload_hours: Count = 24
    event_hours: Positive = 24.0  # of a finished batch; who comes back later than that gets the snapshot

    analyzer: Literal["bundled", "onnx", "openai"] = "bundled"
    analyzer_threads: Count = 1
    onnx_path: str | None = None
    onnx_family: Literal["yolox", "detr"] = "yolox"
    onnx_labels: str | None = None
    onnx_input_size: Annotated[int, Meta(ge=32, le=4096)] = 640
    onnx_score: Annotated[float, Meta(ge=0, le=1)] = 0.35
    openai_base_url: str | None = None
    openai_model: str | None = None
    openai_api_key: str | None = None
    openai_timeout_seconds: Positive = 30.0

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "pretty"] = "auto"
    otlp_endpoint: str | None = None
    trace_ratio: Annotated[float, Meta(ge=0, le=1)] = 1.0  # of the requests whose caller has not decided already
    db_pool_size: Count = 8


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`; raises `errors.Invalid` that names the variable which is wrong, missing or unknown."""
    ours = {
        name: value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in OF_COMMANDS and value != ""
    }
    try:
        settings = msgspec.convert(ours, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise errors.Invalid("invalid-settings", f"The environment cannot be used: {_in_words(error)}.") from error
    for less, more, otherwise in ORDER:
        _require_order(settings, less, more, otherwise)
    return settings


# What may not be above what, and what would happen otherwise.
ORDER = (
    ("lease_seconds", "photo_timeout_seconds", "a dead worker's photo would wait longer than any photo may take"),
    ("release_first_seconds", "release_longest_seconds", "the first pause would be longer than the longest"),
    ("heartbeat_seconds", "stream_max_seconds", "no stream would live to its first ping"),
    ("process_streams", "backpressure", "health would hang behind the streams"),
)


def _require_order(settings: Settings, less: str, more: str, otherwise: str) -> None:
    small, large = getattr(settings, less), getattr(settings, more)
    if small > large:
        raise errors.Invalid(
            "invalid-settings",
            f"The environment cannot be used: {_environment_name(less)} is {small} and {_environment_name(more)} is {large}; "
            f"{otherwise}.",
        )


def _in_words(error: msgspec.ValidationError) -> str:
    """`NAME must be a whole number, 200 at most`, where msgspec says "Expected `int` <= 200 - at `$.NAME`"."""
    if unknown := re.fullmatch(r"Object contains unknown field `(\w+)`", str(error)):
        return f"{unknown[1]} is no setting; see docs/operations.md"
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", str(error)):
        return f"{missing[1]} is missing (`roomtally up` brings its own)"
    text, found, place = str(error).rpartition(" - at `$.")
    if not found:
        return str(error)
    expected = text.partition(", got ")[0].replace(" | null", "")  # whatever is set is a text
    return f"{place.rstrip('`')} {wording.plain(expected) or expected}"


def to_environ(settings: Settings) -> dict[str, str]:
    """The environment that `load` reads back as `settings`, for child processes."""
    values: dict[str, object] = msgspec.to_builtins(settings)
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not None
    }
