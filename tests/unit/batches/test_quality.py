"""What a correction says about the analyzer."""

from uuid import uuid4

import pytest

from roomtally.batches.service.quality import kinds
from roomtally.batches.store.corrections import Correction, Item


def seen(*, proposed: bool = False, by_person: bool = False) -> Item:
    ids = {"id": uuid4(), "photo_id": uuid4(), "batch_id": uuid4()}
    return Item(**ids, version=1, label="bed", count=1, litres=1600, proposed=proposed, by_person=by_person)


@pytest.mark.parametrize(
    ("item", "correction", "said"),
    [
        (seen(), Correction(count=0), ["removed"]),
        (seen(proposed=True), Correction(count=0), ["dismissed"]),
        (seen(), Correction(), ["confirmed"]),
        (seen(), Correction(count=1, label="bed", litres=1600), ["confirmed"]),
        (seen(proposed=True), Correction(count=2), ["count"]),
        (seen(), Correction(label="couch", litres=1500), ["label", "volume"]),
        (seen(by_person=True), Correction(count=0), ["own"]),
    ],
)
def test_kinds(item: Item, correction: Correction, said: list[str]) -> None:
    assert kinds(item, correction) == said
