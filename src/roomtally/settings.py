"""The settings, read once from the environment and passed down; nothing else reads `os.environ`."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from roomtally import errors

PREFIX = "ROOMTALLY_"
MIB = 1024 * 1024
GIB = 1024 * MIB


def _environment_name(field: str) -> str:
    return PREFIX + field.upper()


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=_environment_name, forbid_unknown_fields=True):
    """Each field is the environment variable `ROOMTALLY_<NAME>`; times are seconds, sizes are bytes."""

    database_url: str
    redis_url: str
    storage_url: str

    host: str = "127.0.0.1"
    port: int = 8000
    private_host: str = "127.0.0.1"
    private_port: int = 9100
    public_url: str | None = None
    backpressure: int = (
        16384  # connections granian accepts; well above process_streams, or health hangs with the streams
    )

    session_days: int = 30
    secure_cookies: bool | None = None  # None: yes, except on plain http to a loopback name
    demo_password: str | None = None

    heartbeat_seconds: float = 15.0  # below the shortest idle cut of a proxy: CloudFront 30 s, nginx and ALB 60 s
    stream_max_seconds: float = 1800.0
    sweep_seconds: float = 2.0
    process_streams: int = 10_000
    user_streams: int = 20  # open streams and long-polls of one user, over all processes; 0: no limit
    address_opens: float = 50.0  # streams opened a second and address, four seconds' worth at once; 0: no limit
    stalled_seconds: float = 60.0  # how long a viewer may take nothing before the stream is closed
    stream_origins: str = ""  # other sites whose pages may open streams, `https://host` separated by commas
    trusted_proxies: str = "127.0.0.1,::1"  # networks whose X-Forwarded-For is believed, separated by commas

    drain_accept_seconds: float = 5.0  # of new streams after "not ready": balancers need that long to notice
    drain_seconds: float = 0.0  # over which open streams are sent away
    drain_grace_seconds: float = 10.0  # after that, for slow readers and requests in hand; then the process ends

    request_head_seconds: float = 10.0  # for a whole request head on an open connection; idle ones are closed
    send_buffer_bytes: int = 64 * 1024  # in the kernel, of each connection; a stalled viewer costs twice that
    unacknowledged_seconds: float = 30.0  # TCP_USER_TIMEOUT: a peer that acknowledges nothing for so long is gone

    photo_timeout_seconds: float = 60.0
    lease_seconds: float = 20.0  # a dead worker's photo waits this long at most; renewed every third of it
    sweeper_seconds: float = 5.0
    release_first_seconds: float = 2.0  # back-off of a photo that the infrastructure failed; doubles up to the longest
    release_longest_seconds: float = 60.0

    max_photo_bytes: int = 25 * MIB
    max_photo_pixels: int = 50_000_000
    max_batch_photos: int = 200
    user_quota_bytes: int = 10 * GIB
    upload_hours: int = 24
    event_hours: float = 24.0  # of a finished batch; who comes back later than that gets the snapshot

    analyzer: Literal["bundled", "onnx", "openai"] = "bundled"
    analyzer_threads: int = 1
    onnx_path: str | None = None
    onnx_family: Literal["yolox", "detr"] = "yolox"
    onnx_labels: str | None = None
    onnx_input_size: int = 640
    onnx_score: float = 0.35
    openai_base_url: str | None = None
    openai_model: str | None = None
    openai_api_key: str | None = None
    openai_timeout_seconds: float = 30.0

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "pretty"] = "auto"
    otlp_endpoint: str | None = None
    db_pool_size: int = 8


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`; raises `errors.Invalid` that names the variable which is wrong, missing or unknown."""
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX) and value != ""}
    try:
        return msgspec.convert(ours, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise errors.Invalid("invalid-settings", f"The environment cannot be used: {error}.") from error


def to_environ(settings: Settings) -> dict[str, str]:
    """The environment that `load` reads back as `settings`, for child processes."""
    values: dict[str, object] = msgspec.to_builtins(settings)
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not None
    }
