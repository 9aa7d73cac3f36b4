"""What the model is asked, and what is made of its answer. Models keep to a schema, not to the truth: all is checked."""

from typing import Any, Final

import msgspec

from roomtally.analysis import labels
from roomtally.analysis.model import ROOMS, UNKNOWN, Analysis, Found

MOST: Final = 50  # of one label on one photo; more is a mistake
LABELS: Final = (*sorted(labels.FURNITURE), labels.OTHER)

QUESTION: Final = (
    "The photo was taken by a person who is about to move house. Say which room it shows and count every piece of furniture "
    "and every appliance that a mover would carry, small ones included. Count what can be seen only. Leave out what stays in "
    "the house (sinks, toilets, bathtubs, built-in cupboards), people, animals and what lies on shelves. Use 'other' for a "
    "piece that no label fits. Use the room 'unknown' where the photo does not tell, and an empty list where there is nothing."
)

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["room_type", "room_confidence", "items"],
    "properties": {
        "room_type": {"type": "string", "enum": list(ROOMS)},
        "room_confidence": {"type": "number", "description": "0 to 1"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["label", "count", "confidence"],
                "properties": {
                    "label": {"type": "string", "enum": list(LABELS)},
                    "count": {"type": "integer"},
                    "confidence": {"type": "number", "description": "0 to 1"},
                },
            },
        },
    },
}


class BadAnswerError(Exception):
    """The endpoint answered, but not the question."""


class _Item(msgspec.Struct):
    label: str
    count: int
    confidence: float


class _Answer(msgspec.Struct):
    room_type: str
    room_confidence: float
    items: list[_Item]


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]


def read(body: bytes) -> Analysis:
    """The analysis in a chat completion; raises `BadAnswerError` where there is none."""
    try:
        text = _content(msgspec.json.decode(body, type=_Completion))
        return _analysis(msgspec.json.decode(_without_fence(text), type=_Answer))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:  # the last where it is nested without end
        raise BadAnswerError(f"not the JSON that was asked for: {error}") from error


def _content(completion: _Completion) -> str:
    if not completion.choices:
        raise BadAnswerError("no choice in the answer")
    choice = completion.choices[0]
    if choice.message.refusal:
        raise BadAnswerError(f"the model refused: {choice.message.refusal[:200]}")
    if choice.finish_reason == "length":
        raise BadAnswerError("the answer was cut off")
    return choice.message.content or ""


def _without_fence(text: str) -> str:
    """Small servers wrap JSON in a Markdown block in spite of the schema."""
    return text.strip().removeprefix("```json").removeprefix("```").removesuffix("```")


def _analysis(answer: _Answer) -> Analysis:
    counts: dict[str, int] = {}
    sure: dict[str, float] = {}
    for item in answer.items:
        label = _label(item.label)
        if item.count > 0 and label is not None:
            counts[label] = min(MOST, counts.get(label, 0) + item.count)
            sure[label] = max(sure.get(label, 0.0), _share(item.confidence))
    items = [Found(label=label, count=counts[label], confidence=sure[label]) for label in counts]
    return Analysis(
        room_type=answer.room_type if answer.room_type in ROOMS else UNKNOWN,
        room_confidence=_share(answer.room_confidence),
        items=tuple(sorted(items, key=lambda item: -item.confidence)),
    )


def _label(name: str) -> str | None:
    label = labels.ours(name)
    if label in labels.FIXTURES:
        return None
    return label if label in labels.FURNITURE else labels.OTHER


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
