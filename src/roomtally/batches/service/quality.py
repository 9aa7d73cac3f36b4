"""What a correction says about the analyzer; the words are those of the metric `roomtally_items_corrected_total`."""

from typing import Final

from roomtally.batches.store.corrections import Correction, Item

ADDED: Final = "added"


def kinds(item: Item, correction: Correction) -> list[str]:
    """Of a correction of `item` as it was before; several where it was wrong in more than one thing."""
    if item.by_person:
        return ["own"]
    if correction.count == 0:
        return ["dismissed" if item.proposed else "removed"]
    pairs = {
        "count": (correction.count, item.count),
        "label": (correction.label, item.label),
        "volume": (correction.litres, item.litres),
    }
    wrong = [kind for kind, (said, was) in pairs.items() if said not in {None, was}]
    return wrong or ["confirmed"]
