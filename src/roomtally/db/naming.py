"""The name of a statement: of the function that asks, so that no statement needs a name of its own and none can lack one."""

from functools import lru_cache
from types import FrameType

ROOT = __name__.partition(".")[0]
ROOMS = (f"{ROOT}.db.idempotency", f"{ROOT}.db.pool", f"{ROOT}.db.migrate")  # beside the stores
OTHER = "other"  # what a library does by itself


def asker(frame: FrameType | None) -> str:
    """`claims.claim_photo` for a statement that the cursor in `frame` executes: the outermost of the stores' functions on the way.

    Coroutines that wait for each other stand on one stack while the innermost runs.
    """
    found, frame = None, frame and frame.f_back  # the cursor itself stands in a room that is looked for
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if ".store." in module or module.endswith(".store") or module in ROOMS:
            found = frame
        elif found is not None:
            break
        frame = frame.f_back
    if found is None:
        return OTHER
    return _name(found.f_globals["__name__"], found.f_code.co_name)


@lru_cache
def _name(module: str, function: str) -> str:
    """`claims` of roomtally.batches.store.claims, `projects` of roomtally.projects.store."""
    parts = module.split(".")
    return f"{parts[-2] if parts[-1] == 'store' else parts[-1]}.{function}"
