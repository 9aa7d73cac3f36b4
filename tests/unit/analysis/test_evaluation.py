from pathlib import Path

import msgspec
import pytest
from PIL import Image

from roomtally import errors
from roomtally.analysis.evaluate import main
from roomtally.analysis.evaluation import PhotoScore, PhotoTruth, Score, compare, evaluate
from roomtally.analysis.model import Analysis

SCORED = ("chair", "bed", "oven")


def truth(**counts: int) -> PhotoTruth:
    return PhotoTruth(room_type="bedroom", coco=counts, tolerated={"oven": 1})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, (0, 0, 4)),
        ({"chair": 3, "bed": 1}, (4, 0, 0)),
        ({"chair": 5}, (3, 2, 1)),
        ({"chair": 1, "bed": 2}, (2, 1, 2)),
        ({"oven": 1}, (0, 0, 4)),  # tolerated: neither for nor against
        ({"oven": 2}, (0, 1, 4)),
        ({"toilet": 1, "lamp": 9}, (0, 0, 4)),  # not scored
    ],
)
def test_counts_are_compared_label_by_label(found: dict[str, int], expected: tuple[int, int, int]) -> None:
    assert compare(found, truth(chair=3, bed=1), SCORED) == expected


def test_the_sums_over_all_photos() -> None:
    def photo(hits: int, extra: int, missed: int, litres_found: int, right: bool) -> PhotoScore:
        return PhotoScore("a.jpg", hits, extra, missed, "office", right, litres_found, 1000, 0.25)

    score = Score(photos=(photo(6, 2, 0, 900, True), photo(2, 0, 4, 500, False)))
    assert (score.precision, score.recall, score.f1) == (0.8, pytest.approx(2 / 3), pytest.approx(16 / 22))
    assert score.rooms_right == 1
    assert score.volume_error == pytest.approx(-0.3)
    assert score.volume_error_with(600) == pytest.approx(0)
    assert score.volume_error_per_photo == pytest.approx(300)
    assert score.milliseconds == pytest.approx(250)


def test_no_photo_gives_no_division_by_zero() -> None:
    assert Score(photos=()).f1 == 0.0


@pytest.mark.parametrize("has_truth", [False, True])
def test_whoever_has_no_truth_is_told_what_one_looks_like(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], has_truth: bool
) -> None:
    if has_truth:
        (tmp_path / "truth.json").write_text('{"pictures": 1}')
    assert main([str(tmp_path)]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert '{"photos": {"bedroom.jpg": {"room_type": "bedroom", "coco":' in said
    assert "docs/operations.md" in said
    assert ("There is no truth.json in" in said) is not has_truth


class Blind:
    name = "blind"

    def analyze(self, image: Image.Image) -> Analysis:
        del image
        return Analysis("unknown", 0.0, ())


@pytest.mark.parametrize(
    ("photos", "said"),
    [
        ({}, "truth.json names no photo."),
        (
            {"a.jpg": {"room_type": "bedroom", "coco": {"bed": -3}}},
            "truth.json says of a.jpg that there are -3 of 'bed'; a count is 0 or more.",
        ),
        ({"a.jpg": {"room_type": "bedroom", "coco": {}, "other": {"desk": -1}}}, "-1 of 'desk'"),
        ({"a.jpg": {"room_type": "bedroom", "coco": {}, "tolerated": {"desk": -1}}}, "-1 of 'desk'"),
        ({"truth.json": {"room_type": "bedroom", "coco": {}}}, "truth.json: This file is not a picture."),
    ],
)
def test_a_truth_that_cannot_be_is_refused_by_name(tmp_path: Path, photos: dict[str, object], said: str) -> None:
    (tmp_path / "truth.json").write_bytes(msgspec.json.encode({"photos": photos}))
    with pytest.raises(errors.Invalid) as refused:
        evaluate(Blind(), tmp_path, lambda _label: 0)
    assert said in refused.value.detail
