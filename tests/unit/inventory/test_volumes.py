from itertools import chain

import pytest

from roomtally.inventory import allowance, volumes


@pytest.mark.parametrize("volume", volumes.VOLUMES.values(), ids=lambda volume: volume.label)
def test_each_row_is_sound(volume: volumes.Volume) -> None:
    assert 0 < volume.low <= volume.typical <= volume.high <= 100_000
    assert volume.label_fr
    assert volume.label_en
    assert set(volume.sources) <= volumes.SOURCES.keys()
    estimate = not volume.sources and volume.label != "other"
    assert not estimate or volume.low == volume.high, "our own estimates have no range to show"


def test_every_source_is_used() -> None:
    used = set(chain.from_iterable(volume.sources for volume in volumes.VOLUMES.values()))
    assert used == volumes.SOURCES.keys()


def test_what_stays_has_no_volume() -> None:
    assert not volumes.FIXED & volumes.VOLUMES.keys()


def test_a_name_nobody_has_measured_is_an_other_item() -> None:
    assert volumes.find("aquarium") is None
    assert volumes.of("aquarium") == volumes.VOLUMES["other"]
    assert volumes.of("bed").typical == 1600


def test_a_name_in_either_language_is_the_tables_label() -> None:
    for name in ("bed", "Lit double", "DOUBLE BED"):
        assert volumes.label_of(name) == "bed"
    assert volumes.label_of("tv cabinet") == "tv_cabinet"
    assert volumes.label_of("Aquarium") == "Aquarium"


def test_no_name_stands_for_two_labels() -> None:
    for row in volumes.VOLUMES.values():
        assert {volumes.label_of(name) for name in (row.label, row.label_fr, row.label_en)} == {row.label}


def test_the_allowance_is_for_measured_rooms_only() -> None:
    assert allowance.litres("living_room") == 690
    assert allowance.litres("unknown") == allowance.litres("Grandma's attic") == 0
