import pytest

from roomtally.analysis.bundled.fusion import View, fuse
from roomtally.analysis.bundled.geometry import Detection

HERE = (0.1, 0.1, 0.5, 0.5)
NEARLY_HERE = (0.12, 0.1, 0.52, 0.5)
ELSEWHERE = (0.6, 0.6, 0.9, 0.9)


def nanodet(*detections: Detection) -> View:
    return View("nanodet", detections)


def test_a_score_that_is_right_half_the_time_becomes_a_half_for_both_models() -> None:
    assert fuse([View("ssdlite", [Detection("bed", 0.25, HERE)])])[0].score == pytest.approx(0.5)
    assert fuse([nanodet(Detection("bed", 0.35, HERE))])[0].score == pytest.approx(0.5)


def test_one_thing_in_two_views_is_one_thing_and_its_score_the_mean() -> None:
    (bed,) = fuse([nanodet(Detection("bed", 1.0, HERE)), nanodet(Detection("bed", 0.35, NEARLY_HERE))])
    assert bed.score == pytest.approx(0.75)
    assert HERE[0] < bed.box[0] < NEARLY_HERE[0]


def test_a_view_that_missed_it_counts_as_nothing() -> None:
    (bed,) = fuse([nanodet(Detection("bed", 1.0, HERE)), nanodet(), nanodet(), nanodet()])
    assert bed.score == pytest.approx(0.25)


def test_one_view_never_has_two_says_in_one_thing() -> None:
    found = fuse([nanodet(Detection("vase", 1.0, HERE), Detection("vase", 0.9, ELSEWHERE))])
    assert [detection.label for detection in found] == ["vase", "vase"]


def test_a_chair_inside_a_chair_is_a_part_of_it_but_a_vase_may_hide_another() -> None:
    large, inside = (0.0, 0.0, 1.0, 1.0), (0.4, 0.4, 0.6, 0.6)
    chairs = fuse([nanodet(Detection("chair", 0.9, large)), nanodet(Detection("chair", 0.8, inside))])
    vases = fuse([nanodet(Detection("vase", 0.9, large)), nanodet(Detection("vase", 0.8, inside))])
    assert (len(chairs), len(vases)) == (1, 2)


@pytest.mark.parametrize(("names", "left"), [(("chair", "couch"), 1), (("bed", "couch"), 1), (("chair", "bed"), 2)])
def test_labels_that_are_taken_for_each_other_name_one_thing(names: tuple[str, str], left: int) -> None:
    found = fuse([nanodet(Detection(names[0], 0.9, HERE)), nanodet(Detection(names[1], 0.5, NEARLY_HERE))])
    assert len(found) == left
    assert found[0].label == names[0]


def test_surest_first() -> None:
    found = fuse([nanodet(Detection("vase", 0.3, HERE), Detection("tv", 0.9, ELSEWHERE))])
    assert [detection.label for detection in found] == ["tv", "vase"]


def test_of_what_is_not_sure_only_the_best_of_a_label_is_kept() -> None:
    found = fuse(
        [nanodet(Detection("sink", 0.12, HERE), Detection("sink", 0.1, ELSEWHERE), Detection("tv", 0.1, ELSEWHERE))]
    )
    assert [detection.label for detection in found] == ["sink", "tv"]
