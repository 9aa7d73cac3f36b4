import numpy as np
import pytest

from roomtally.analysis.bundled import extras, rooms
from roomtally.analysis.bundled.geometry import Detection, Floats

HERE = (0.1, 0.1, 0.5, 0.5)


def scene(**probabilities: float) -> Floats:
    """ImageNet probabilities; names are `c` and the class number."""
    whole = np.zeros(1000, np.float32)
    for name, value in probabilities.items():
        whole[int(name[1:])] = value
    return whole


def seen(*labels: str, score: float = 0.6) -> list[Detection]:
    return [Detection(label, score, HERE) for label in labels]


@pytest.mark.parametrize(
    ("labels", "room"),
    [
        (["bed"], "bedroom"),
        (["couch"], "living_room"),
        (["toilet"], "bathroom"),
        (["oven", "refrigerator"], "kitchen"),
        (["dining_table", "chair", "chair"], "dining_room"),
        (["keyboard", "laptop"], "office"),
    ],
)
def test_furniture_tells_the_room(labels: list[str], room: str) -> None:
    assert rooms.tell(scene(), seen(*labels))[0] == room


def test_the_classifier_tells_it_where_nothing_stands() -> None:
    room, share = rooms.tell(scene(c435=0.9), [])
    assert room == "bathroom"
    assert share > 0.8


def test_where_nothing_tells_it_is_unknown() -> None:
    assert rooms.tell(scene(c435=0.05), []) == ("unknown", 0.0)
    assert rooms.tell(scene(), seen("person", "cat", score=0.9)) == ("unknown", 0.0)
    assert rooms.tell(scene(), seen("chair", score=0.2)) == ("unknown", 0.0)


def test_a_piece_of_furniture_alone_keeps_it_a_room() -> None:
    assert rooms.tell(scene(), seen("vase"))[0] != "unknown"


def test_extras_need_their_threshold_and_some_their_room() -> None:
    tiles = np.stack([scene(), scene(c453=0.2, c493=0.1)])
    assert [found.label for found in extras.seen(tiles, "office")] == ["bookcase"]
    assert [found.label for found in extras.seen(tiles, "bedroom")] == ["bookcase", "dresser"]
    assert [found.label for found in extras.seen(np.stack([scene(c453=0.14)]), "office")] == []


def test_a_nightstand_is_proposed_beside_a_bed_and_nowhere_else() -> None:
    proposals = list(extras.companions("bedroom", ["bed"]))
    assert [(found.label, found.proposed) for found in proposals] == [("nightstand", True), ("lamp", True)]
    assert [found.label for found in extras.companions("bedroom", ["bed", "lamp"])] == ["nightstand"]
    assert list(extras.companions("bedroom", ["chair"])) == []
    assert list(extras.companions("living_room", ["bed"])) == []
