import numpy as np
import pytest

from roomtally.analysis.bundled.geometry import overlap, shaped, suppress


@pytest.mark.parametrize(
    ("size", "side", "multiple", "expected"),
    [
        ((400, 400), 416, 32, (416, 416)),
        ((640, 480), 416, 32, (480, 352)),
        ((480, 640), 608, 32, (512, 704)),
        ((10_000, 100), 300, 4, (424, 212)),  # no flatter than 1:2
        ((100, 10_000), 300, 4, (212, 424)),
    ],
)
def test_a_view_keeps_the_area_in_the_photos_proportions(
    size: tuple[int, int], side: int, multiple: int, expected: tuple[int, int]
) -> None:
    assert shaped(size, side, multiple) == expected


def test_overlap_of_equal_half_and_distant_boxes() -> None:
    box = (0.0, 0.0, 0.4, 0.4)
    assert overlap(box, box) == pytest.approx(1.0)
    assert overlap(box, (0.2, 0.0, 0.6, 0.4)) == pytest.approx(1 / 3)
    assert overlap(box, (0.5, 0.5, 0.9, 0.9)) == 0.0


def test_of_two_boxes_on_one_thing_the_surer_stays_unless_they_are_of_two_classes() -> None:
    boxes = np.array([[0, 0, 0.4, 0.4], [0.02, 0, 0.42, 0.4], [0, 0, 0.4, 0.4], [0.6, 0.6, 0.9, 0.9]], np.float32)
    scores = np.array([0.6, 0.9, 0.5, 0.1], np.float32)
    classes = np.array([1, 1, 2, 1])
    assert suppress(boxes, scores, classes) == [1, 2, 3]


def test_nothing_to_suppress() -> None:
    assert suppress(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.intp)) == []


def test_a_crowd_of_twins_does_not_hide_what_stands_elsewhere() -> None:
    crowd = [[0.0, 0.0, 0.4, 0.4 + n / 10_000] for n in range(150)]
    boxes = np.array([*crowd, [0.6, 0.6, 0.9, 0.9]], np.float32)
    scores = np.linspace(0.9, 0.1, 151, dtype=np.float32)
    assert suppress(boxes, scores, np.ones(151, np.intp)) == [0, 150]


def test_only_so_many_are_kept() -> None:
    boxes = np.array([[n / 10, 0.0, n / 10 + 0.05, 1.0] for n in range(9)], np.float32)
    scores = np.array([0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5], np.float32)
    assert suppress(boxes, scores, np.arange(9) % 2, top=3) == [1, 3, 5]
