"""What the streaming contract promises, as questions to what one stream said. Pure.

Each function returns the faults it finds, in words; none is what should be.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, cast

from roomtally.batches.model import FINISHED, BatchStatus, PhotoStatus
from roomtally.client.stream import Event

SSE_ONLY = frozenset({"committedAt"})  # when the change was committed: of the event, not of the batch

# Where a status may be seen next, with any number of changes in between left out (snapshots are coalesced).
PHOTO_MAY_FOLLOW = {
    "PENDING": {"PENDING", "PROCESSING", "DONE", "ERROR"},
    "PROCESSING": {"PROCESSING", "PENDING", "DONE", "ERROR"},
    "DONE": {"DONE"},
    "ERROR": {"ERROR"},
}
BATCH_MAY_FOLLOW = {
    "QUEUED": {status.value for status in BatchStatus},
    "PROCESSING": {status.value for status in BatchStatus} - {"QUEUED"},
    "CANCELLING": {"CANCELLING", "CANCELLED"},
    **{status.value: {status.value} for status in FINISHED},
}


def snapshots(events: Sequence[Event]) -> list[dict[str, Any]]:
    return [without_sse_only(event.data) for event in events if event.type == "progress"]


def without_sse_only(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in SSE_ONLY}


def faults_of_order(events: Sequence[Event]) -> list[str]:
    """`progress` first, `complete` once and last."""
    types = [event.type for event in events if event.type != "ping"]
    faults: list[str] = []
    if types[:1] != ["progress"]:
        faults.append(f"the first event is {types[0] if types else 'missing'}, not progress")
    if (number := types.count("complete")) != 1:
        faults.append(f"complete came {number} times, not once")
    elif types[-1] != "complete":
        faults.append(f"{types[-1]} came after complete")
    return faults


def faults_of_ids(events: Sequence[Event]) -> list[str]:
    """Ids and the snapshots' own numbers never step back, and stay in one epoch."""
    faults = _faults_of_sequence("id", [event.id for event in events if event.id])
    faults += _faults_of_sequence("eventId", [snapshot["eventId"] for snapshot in snapshots(events)])
    if not any(event.id for event in events if event.type == "complete"):
        faults.append("complete has no id")
    return faults


def _faults_of_sequence(what: str, ids: Sequence[str]) -> list[str]:
    pairs = [(before, after) for before, after in pairwise(ids) if _key(after) < _key(before)]
    faults = [f"{what} went from {before} back to {after}" for before, after in pairs]
    if len(epochs := {_key(text)[0] for text in ids}) > 1:
        faults.append(f"{what} is of several epochs: {', '.join(sorted(epochs))}")
    return faults


def faults_of_states(events: Sequence[Event]) -> list[str]:
    """Every status is known and may follow the one before; the counters are those of the photos."""
    faults: list[str] = []
    batch, photos = "QUEUED", dict[str, str]()
    for snapshot in snapshots(events):
        found = _faults_of_counts(snapshot)
        if snapshot["status"] not in BATCH_MAY_FOLLOW[batch]:
            found.append(f"the batch went from {batch} to {snapshot['status']}")
        found += _faults_of_photos(snapshot, photos)
        faults += [f"{snapshot['eventId']}: {fault}" for fault in found]
        batch = snapshot["status"] if snapshot["status"] in BATCH_MAY_FOLLOW else batch
    if batch not in FINISHED:
        faults.append(f"the last state seen is {batch}, which is not final")
    return faults


def _faults_of_photos(snapshot: dict[str, Any], seen: dict[str, str]) -> list[str]:
    """Updates `seen`, the last known status of each photo."""
    faults: list[str] = []
    for photo in snapshot["photos"]:
        before = seen.get(photo["id"], "PENDING")
        if photo["status"] not in PHOTO_MAY_FOLLOW[before]:
            faults.append(f"{photo['filename']} went from {before} to {photo['status']}")
        seen[photo["id"]] = photo["status"] if photo["status"] in PHOTO_MAY_FOLLOW else before
    return faults


def _faults_of_counts(snapshot: dict[str, Any]) -> list[str]:
    counts = snapshot["counts"]
    seen = Counter(photo["status"] for photo in snapshot["photos"])
    told = {
        PhotoStatus.PENDING: counts["queued"],
        PhotoStatus.PROCESSING: counts["processing"],
        PhotoStatus.DONE: counts["completed"],
        PhotoStatus.ERROR: counts["failed"],
    }
    faults = [
        f"{told[s]} photos are counted as {s.value}, {seen[s.value]} are"
        for s in PhotoStatus
        if told[s] != seen[s.value]
    ]
    if counts["total"] != len(snapshot["photos"]):
        faults.append(f"{counts['total']} photos are counted, {len(snapshot['photos'])} are listed")
    progress = 100 * (counts["completed"] + counts["failed"]) // max(1, counts["total"])
    if snapshot["progress"] != progress:
        faults.append(f"progress is {snapshot['progress']}, the counters say {progress}")
    return faults


def differences(sse: Any, rest: Any) -> list[str]:
    """Where two JSON values differ, as paths."""
    ours, theirs = dict(_leaves(sse)), dict(_leaves(rest))
    return [
        f"{path}: SSE says {ours.get(path, 'nothing')!r}, REST says {theirs.get(path, 'nothing')!r}"
        for path in sorted({*ours, *theirs})
        if path not in ours or path not in theirs or ours[path] != theirs[path]
    ]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each scalar (and each empty object or list) with its path."""
    if isinstance(value, dict) and value:
        for name, inner in cast("dict[str, Any]", value).items():
            yield from _leaves(inner, f"{path}.{name}")
    elif isinstance(value, list) and value:
        for at, inner in enumerate(cast("list[Any]", value)):
            yield from _leaves(inner, f"{path}[{at}]")
    else:
        yield path, value


def faults_of_agreement(events: Sequence[Event], rest: dict[str, Any]) -> list[str]:
    """The last `progress` is REST's snapshot, and so is each field of it that `complete` repeats."""
    seen = snapshots(events)
    faults = differences(seen[-1], rest) if seen else ["no progress event to compare"]
    for event in events:
        if event.type == "complete":
            faults += ["complete" + line for line in _differences_of_common(without_sse_only(event.data), rest)]
    return faults


def _differences_of_common(sse: dict[str, Any], rest: dict[str, Any]) -> list[str]:
    common = sse.keys() & rest.keys()
    return differences({name: sse[name] for name in common}, {name: rest[name] for name in common})


def faults_of_inventory(rest: dict[str, Any], inventory: dict[str, Any]) -> list[str]:
    """The snapshot's totals are the inventory's, and the sums of its own parts (to the litre)."""
    summary = rest["inventorySummary"]
    if summary is None:
        return ["the snapshot of a finished batch has no inventorySummary"]
    faults = [
        f"{name} is {summary[name]} in the snapshot, {inventory.get(name)} in the inventory"
        for name in ("totalItems", "totalVolume")
        if inventory.get(name) != summary[name]
    ]
    return faults + _faults_of_sums(summary)


def _faults_of_sums(summary: dict[str, Any]) -> list[str]:
    faults: list[str] = []
    litres = round(summary["totalVolume"] * 1000)
    for part, number in (("byRoom", "items"), ("byItem", "count")):
        if (volume := sum(round(row["volume"] * 1000) for row in summary[part])) != litres:
            faults.append(f"the volumes of {part} add up to {volume} litres, the total is {litres}")
        if (items := sum(row[number] for row in summary[part])) != summary["totalItems"]:
            faults.append(f"the items of {part} add up to {items}, the total is {summary['totalItems']}")
    return faults


def _key(event_id: str) -> tuple[str, int]:
    epoch, _, number = event_id.rpartition("-")
    return epoch, int(number) if number.isdecimal() else -1
