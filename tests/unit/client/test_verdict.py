"""Each question of the smoke test must be able to say no."""

from typing import Any

from roomtally.client import verdict
from roomtally.client.stream import Event

A, B = "11111111-0000-0000-0000-000000000001", "11111111-0000-0000-0000-000000000002"


def snapshot(n: int, status: str, *photos: str, **changes: Any) -> dict[str, Any]:
    number = photos.count
    summary = {
        "totalItems": 3,
        "totalVolume": 2.1,
        "byRoom": [{"roomType": "bedroom", "items": 3, "volume": 2.1}],
        "byItem": [{"label": "bed", "count": 1, "volume": 1.6}, {"label": "chair", "count": 2, "volume": 0.5}],
    }
    done = number("DONE") + number("ERROR")
    counts = {
        "queued": number("PENDING"),
        "processing": number("PROCESSING"),
        "completed": number("DONE"),
        "failed": number("ERROR"),
        "total": len(photos),
    }
    return {
        "batchId": "b",
        "status": status,
        "progress": 100 * done // len(photos),
        "counts": counts,
        "photos": [
            {"id": photo_id, "filename": f"{photo_id[-1]}.jpg", "status": photo}
            for photo_id, photo in zip((A, B), photos, strict=True)
        ],
        "inventorySummary": summary if number("DONE") else None,
        "eventId": f"e-{n}",
        "committedAt": 1_700_000_000_000 + n,
    } | changes


def event(kind: str, event_id: str, data: dict[str, Any]) -> Event:
    return Event(kind, data, event_id, at=0.0)


FINAL = snapshot(6, "COMPLETED", "DONE", "DONE")
REST = verdict.without_sse_only(FINAL)


def journey() -> list[Event]:
    return [
        event("progress", "e-1", snapshot(1, "QUEUED", "PENDING", "PENDING")),
        event("progress", "e-2", snapshot(2, "PROCESSING", "PROCESSING", "PENDING")),
        event("ping", "e-2", {"timestamp": 1}),
        event("progress", "e-4", snapshot(4, "PROCESSING", "DONE", "PROCESSING")),
        event("progress", "e-4", FINAL),
        event(
            "complete", "e-6", {"batchId": "b", "status": "COMPLETED", "inventorySummary": FINAL["inventorySummary"]}
        ),
    ]


def test_a_stream_as_it_should_be_has_no_fault() -> None:
    events = journey()
    assert verdict.faults_of_order(events) == []
    assert verdict.faults_of_ids(events) == []
    assert verdict.faults_of_states(events) == []
    assert verdict.faults_of_agreement(events, REST) == []
    assert verdict.faults_of_inventory(REST, {"totalItems": 3, "totalVolume": 2.1}) == []


def test_order() -> None:
    events = journey()
    assert verdict.faults_of_order(events[2:-1]) == ["complete came 0 times, not once"]
    assert verdict.faults_of_order([*events, events[-1]]) == ["complete came 2 times, not once"]
    assert verdict.faults_of_order([*events, events[0]]) == ["progress came after complete"]
    assert verdict.faults_of_order([events[-1]]) == ["the first event is complete, not progress"]
    assert verdict.faults_of_order([]) == [
        "the first event is missing, not progress",
        "complete came 0 times, not once",
    ]


def test_ids() -> None:
    events = journey()
    back = [events[3], events[1], events[-1]]
    assert verdict.faults_of_ids(back) == ["id went from e-4 back to e-2", "eventId went from e-4 back to e-2"]
    other = event("progress", "f-9", snapshot(9, "PROCESSING", "DONE", "PROCESSING"))
    assert "id is of several epochs: e, f" in verdict.faults_of_ids([*events, other])
    assert "complete has no id" in verdict.faults_of_ids([event("complete", "", {})])


def test_a_tenth_event_is_after_the_ninth() -> None:
    ids = [event("progress", f"e-{n}", snapshot(n, "QUEUED", "PENDING", "PENDING")) for n in (9, 10)]
    assert verdict.faults_of_ids([*ids, event("complete", "e-11", {})]) == []


def one_fault_of_states(*snapshots: dict[str, Any]) -> str:
    [fault] = verdict.faults_of_states([event("progress", "", data) for data in [*snapshots, FINAL]])
    return fault


def test_states() -> None:
    again = event("progress", "", snapshot(7, "PROCESSING", "DONE", "PROCESSING"))
    assert verdict.faults_of_states([event("progress", "", FINAL), again]) == [
        "e-7: the batch went from COMPLETED to PROCESSING",
        "e-7: 2.jpg went from DONE to PROCESSING",
        "the last state seen is PROCESSING, which is not final",
    ]
    assert "went from PENDING to LOST" in " ".join(
        verdict.faults_of_states([event("progress", "", snapshot(2, "PROCESSING", "LOST", "PENDING"))])
    )
    assert "to RUNNING" in one_fault_of_states(snapshot(2, "RUNNING", "PROCESSING", "PENDING"))
    unfinished = [event("progress", "", snapshot(2, "PROCESSING", "PROCESSING", "PENDING"))]
    assert verdict.faults_of_states(unfinished) == ["the last state seen is PROCESSING, which is not final"]


def test_counters() -> None:
    wrong = snapshot(2, "PROCESSING", "PROCESSING", "PENDING")
    assert one_fault_of_states(wrong | {"progress": 50}) == "e-2: progress is 50, the counters say 0"
    assert "2 photos are counted as PENDING, 1 are" in one_fault_of_states(
        wrong | {"counts": wrong["counts"] | {"queued": 2}}
    )


def test_agreement() -> None:
    events = journey()
    assert verdict.faults_of_agreement(events, REST | {"progress": 99}) == [".progress: SSE says 100, REST says 99"]
    assert verdict.faults_of_agreement(events, REST | {"extra": 1}) == [".extra: SSE says 'nothing', REST says 1"]
    assert verdict.faults_of_agreement(events[:3], REST)  # the last progress is an old one
    lying = [*events[:-1], event("complete", "e-6", {"status": "PARTIAL"})]
    assert verdict.faults_of_agreement(lying, REST) == ["complete.status: SSE says 'PARTIAL', REST says 'COMPLETED'"]


def test_a_missing_photo_and_an_empty_list_are_differences() -> None:
    assert verdict.differences({"a": [1, 2]}, {"a": [1]}) == [".a[1]: SSE says 2, REST says 'nothing'"]
    assert verdict.differences({"a": []}, {"a": [1]})
    assert verdict.differences({"a": None, "b": 1}, {"b": 1}) == [".a: SSE says None, REST says 'nothing'"]


def test_inventory() -> None:
    assert verdict.faults_of_inventory(REST, {"totalItems": 4, "totalVolume": 2.1}) == [
        "totalItems is 3 in the snapshot, 4 in the inventory"
    ]
    summary = FINAL["inventorySummary"]
    short = REST | {"inventorySummary": summary | {"byItem": summary["byItem"][:1]}}
    assert verdict.faults_of_inventory(short, {"totalItems": 3, "totalVolume": 2.1}) == [
        "the volumes of byItem add up to 1600 litres, the total is 2100",
        "the items of byItem add up to 1, the total is 3",
    ]
