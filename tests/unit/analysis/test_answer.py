"""What is made of a model's answer: models keep to a schema, not to the truth."""

from typing import Any

import msgspec
import pytest

from roomtally.analysis.endpoint import answer
from roomtally.analysis.model import Found

GOOD: dict[str, Any] = {
    "room_type": "living_room",
    "room_confidence": 0.9,
    "items": [{"label": "couch", "count": 1, "confidence": 0.8}, {"label": "chair", "count": 4, "confidence": 0.95}],
}


def completion(content: Any, **choice: Any) -> bytes:
    text = content if isinstance(content, str) else msgspec.json.encode(content).decode()
    return msgspec.json.encode({"choices": [{"message": {"role": "assistant", "content": text}} | choice]})


def items(*entries: dict[str, Any]) -> tuple[Found, ...]:
    return answer.read(completion(GOOD | {"items": list(entries)})).items


def test_a_good_answer_is_read_surest_first() -> None:
    analysis = answer.read(completion(GOOD))
    assert (analysis.room_type, analysis.room_confidence) == ("living_room", 0.9)
    assert analysis.items == (
        Found(label="chair", count=4, confidence=0.95),
        Found(label="couch", count=1, confidence=0.8),
    )


def test_numbers_are_clamped_and_nothing_is_dropped() -> None:
    assert items({"label": "chair", "count": 10**9, "confidence": 95}) == (Found("chair", answer.MOST, 1.0),)
    assert (
        items({"label": "chair", "count": 0, "confidence": 0.5}, {"label": "bed", "count": -3, "confidence": -1}) == ()
    )


def test_one_label_comes_once() -> None:
    twice = [{"label": "chair", "count": 2, "confidence": 0.5}, {"label": "Chair", "count": 3, "confidence": 0.7}]
    assert items(*twice) == (Found("chair", 5, 0.7),)


def test_names_are_ours_or_other_and_fixtures_stay() -> None:
    names = ["Sofa", "aquarium", "toilet", "kitchen sink", "wash basin"]
    found = items(*({"label": name, "count": 1, "confidence": 0.5} for name in names))
    assert {item.label: item.count for item in found} == {"couch": 1, "other": 3}


def test_a_room_that_we_do_not_know_is_unknown() -> None:
    assert answer.read(completion(GOOD | {"room_type": "orangery"})).room_type == "unknown"


def test_a_markdown_fence_is_taken_off() -> None:
    assert (
        answer.read(completion("```json\n" + msgspec.json.encode(GOOD).decode() + "\n```")).room_type == "living_room"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"{}", b'{"choices": []}', b'{"choices": [{"message": {"content": null}}]}', b"\xff\xfe",
        completion("I see a nice room."), completion({"room_type": "office"}), completion(GOOD | {"items": {}}),
        completion(GOOD | {"items": [{"label": "bed", "count": "two", "confidence": 1}]}),
        completion(GOOD, finish_reason="length"),
        b'{"choices": ' + b"[" * 100_000, b'{"id": ' + b"[" * 100_000, completion('{"x": ' + "[" * 100_000),
        completion('{"room_type": "office", "room_confidence": 1' + "0" * 5000 + ', "items": []}'),
        b'{"choices": [{"message": {"refusal": "I cannot help with that."}}]}',
    ],
)  # fmt: skip
def test_anything_else_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(answer.BadAnswerError):
        answer.read(body)


def test_the_schema_is_strict_all_the_way_down() -> None:
    """What strict mode asks of a schema: every object closed, every property required."""

    def check(schema: dict[str, Any]) -> None:
        if schema["type"] == "object":
            assert schema["additionalProperties"] is False
            assert schema["required"] == list(schema["properties"])
            for part in schema["properties"].values():
                check(part)
        elif schema["type"] == "array":
            check(schema["items"])

    check(answer.SCHEMA)
