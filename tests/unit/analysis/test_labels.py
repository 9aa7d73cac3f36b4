import pytest

from roomtally.analysis import labels
from roomtally.inventory import volumes


def test_all_of_coco_is_there_in_its_order() -> None:
    assert len(labels.COCO) == len(set(labels.COCO)) == 80
    assert [labels.COCO.index(label) for label in ("chair", "couch", "bed", "toilet", "toothbrush")] == [
        56,
        57,
        59,
        61,
        79,
    ]


def test_everything_an_engine_may_report_has_a_volume_and_nothing_that_stays_has() -> None:
    assert labels.FURNITURE | {labels.OTHER} <= volumes.VOLUMES.keys()
    assert labels.FIXTURES == volumes.FIXED
    assert not labels.FIXTURES & volumes.VOLUMES.keys()


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Dining Table", "dining_table"), ("diningtable", "dining_table"), ("SOFA", "couch"), ("potted plant", "potted_plant"),
        ("tv-monitor", "tv"), (" Fridge ", "refrigerator"), ("bed", "bed"), ("Aquarium", "aquarium"),
    ],
)  # fmt: skip
def test_one_thing_has_one_name(name: str, label: str) -> None:
    assert labels.ours(name) == label
