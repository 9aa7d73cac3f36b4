"""A person's own ONNX file: read rightly where it fits, refused with a clear word before the first photo where not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from roomtally import errors
from roomtally.analysis.engines import create_analyzer
from roomtally.analysis.model import Box, Found
from roomtally.settings import Settings
from tests.integration.analysis import graphs

LABELS = "person, Sofa, dining table, toilet"
SIZE = 64  # 8 x 8 + 4 x 4 + 2 x 2 cells
CELLS = 84

Make = Callable[..., Settings]


def rows(*things: tuple[int, tuple[float, float, float, float], int, float], cells: int = CELLS) -> NDArray[np.float32]:
    """Raw YOLOX output: (cell, centre and size as the network writes them, label, score)."""
    raw = np.zeros((cells, 5 + 4), np.float32)
    for cell, box, label, score in things:
        raw[cell, :4] = box
        raw[cell, 4] = 1.0
        raw[cell, 5 + label] = score
    return raw


@pytest.fixture
def yolox(engine_settings: Make) -> Callable[..., Settings]:
    def make(path: Path, **changes: Any) -> Settings:
        own = {"analyzer": "onnx", "onnx_path": str(path), "onnx_labels": LABELS, "onnx_input_size": SIZE}
        return engine_settings(**(own | changes))

    return make


@pytest.fixture
def detr(yolox: Callable[..., Settings]) -> Callable[..., Settings]:
    def make(path: Path, **changes: Any) -> Settings:
        return yolox(path, onnx_family="detr", **changes)

    return make


def found(items: tuple[Found, ...], label: str) -> Found:
    return next(item for item in items if item.label == label)


def test_yolox_boxes_are_decoded_and_the_letterbox_taken_off(
    tmp_path: Path, yolox: Make, wide_photo: Image.Image
) -> None:
    # Stride 16, row 0, column 1: centre (1.5, 0.5) x 16 = (24, 8); e^ln(2) x 16 = 32 wide, 16 high: x 8..40, y 0..16.
    thing = (64 + 1, (0.5, 0.5, np.log(2.0), 0.0), 1, 0.8)
    twin = (64 + 2, (-0.4, 0.5, np.log(2.0), 0.0), 1, 0.6)
    unsure = (0, (0.5, 0.5, 0.0, 0.0), 2, 0.2)
    analyzer = create_analyzer(yolox(graphs.yolox(tmp_path / "a.onnx", rows(thing, twin, unsure), SIZE)))
    couch = found(analyzer.analyze(wide_photo).items, "couch")
    assert (couch.count, couch.confidence) == (1, pytest.approx(0.8))
    # 400 x 200 became 64 x 32 at the top left.
    assert couch.boxes[0] == pytest.approx(Box(8 / 64, 0.0, 40 / 64, 16 / 32), abs=1e-5)


def test_fixtures_and_people_tell_the_room_or_nothing_but_are_no_items(
    tmp_path: Path, yolox: Make, wide_photo: Image.Image
) -> None:
    toilet, person = (80, (0.5, 0.5, 0.0, 0.0), 3, 0.9), (83, (0.5, 0.5, 0.0, 0.0), 0, 0.9)
    analysis = create_analyzer(yolox(graphs.yolox(tmp_path / "a.onnx", rows(toilet, person), SIZE))).analyze(wide_photo)
    assert analysis.room_type == "bathroom"
    assert not {"toilet", "person"} & {item.label for item in analysis.items}


def test_detr_boxes_are_scaled_by_the_network_itself(tmp_path: Path, detr: Make, wide_photo: Image.Image) -> None:
    boxes = np.array([[0.1, 0.2, 0.5, 0.9], [0.1, 0.2, 0.5, 0.9], [0.0, 0.0, 1.0, 1.0]], np.float32)
    path = graphs.detr(
        tmp_path / "a.onnx", np.array([1, 2, 77], np.int64), boxes, np.array([0.9, 0.2, 0.9], np.float32)
    )
    items = create_analyzer(detr(path)).analyze(wide_photo).items
    couch = found(items, "couch")
    assert (couch.count, couch.boxes[0]) == (1, pytest.approx(Box(0.1, 0.2, 0.5, 0.9), abs=1e-5))
    assert "dining_table" not in {item.label for item in items}


def test_the_network_may_have_a_free_size(tmp_path: Path, yolox: Make, wide_photo: Image.Image) -> None:
    path = graphs.yolox(tmp_path / "a.onnx", rows((0, (0.5, 0.5, 0.0, 0.0), 1, 0.9)), "side")
    assert found(create_analyzer(yolox(path)).analyze(wide_photo).items, "couch").count == 1


def test_labels_may_stand_in_a_file(tmp_path: Path, yolox: Make, wide_photo: Image.Image) -> None:
    names = tmp_path / "labels.txt"
    names.write_text("person\ncouch\ntable\ntoilet\n")
    path = graphs.yolox(tmp_path / "a.onnx", rows((0, (0.5, 0.5, 0.0, 0.0), 2, 0.9)), SIZE)
    items = create_analyzer(yolox(path, onnx_labels=str(names))).analyze(wide_photo).items
    assert found(items, "dining_table").count == 1


def refusal(settings: Settings) -> errors.Invalid:
    with pytest.raises(errors.Invalid) as refused:
        create_analyzer(settings)
    return refused.value


def test_refused_at_start_where_the_file_is_no_model(tmp_path: Path, yolox: Make) -> None:
    nothing = tmp_path / "nothing.onnx"
    assert "There is no file" in refusal(yolox(nothing)).detail
    nothing.write_bytes(b"certainly no protobuf \xff\xff")
    assert "onnxruntime can load" in refusal(yolox(nothing)).detail
    assert "There is no file" in refusal(yolox(tmp_path / ("x" * 300))).detail
    assert "set ROOMTALLY_ONNX_PATH" in refusal(yolox(nothing, onnx_path=None)).detail


def test_refused_at_start_where_shapes_do_not_fit(tmp_path: Path, yolox: Make) -> None:
    few_cells = graphs.yolox(tmp_path / "few.onnx", rows(cells=50), SIZE)
    assert "its output is 1x50x9, but YOLOX with 4 labels at 64 pixels gives 1x84x9" in refusal(yolox(few_cells)).detail
    good = graphs.yolox(tmp_path / "good.onnx", rows(), SIZE)
    assert "gives 1x84x85" in refusal(yolox(good, onnx_labels=None)).detail
    assert "does not run on this input" in refusal(yolox(good, onnx_input_size=96)).detail
    assert "multiple of 32" in refusal(yolox(good, onnx_input_size=100)).detail


NOWHERE = (float("nan"), float("inf"), float("-inf"))


@pytest.mark.parametrize(("value", "corner"), [*((value, 1) for value in NOWHERE), (NOWHERE[0], 3)])
def test_a_box_that_is_nowhere_is_dropped(
    tmp_path: Path, engine_settings: Make, wide_photo: Image.Image, value: float, corner: int
) -> None:
    raw = rows((0, (0.5, 0.5, 0.0, 0.0), 1, 0.9), (9, (0.5, 0.5, 0.0, 0.0), 1, 0.8))
    raw[9, corner] = value
    boxes = np.array([[0.1, 0.2, 0.5, 0.9]] * 2, np.float32)
    boxes[1, corner] = value
    path = graphs.detr(tmp_path / "d.onnx", np.array([1, 1]), boxes, np.array([0.9, 0.8], np.float32))
    own = {"analyzer": "onnx", "onnx_labels": LABELS, "onnx_input_size": SIZE}
    for family, model in (("yolox", graphs.yolox(tmp_path / "y.onnx", raw, SIZE)), ("detr", path)):
        settings = engine_settings(onnx_path=str(model), onnx_family=family, **own)
        couch = found(create_analyzer(settings).analyze(wide_photo).items, "couch")
        assert (couch.count, couch.confidence) == (1, pytest.approx(0.9))
        assert np.isfinite(couch.boxes[0]).all()


def test_a_score_that_half_precision_lifted_above_1_is_1(tmp_path: Path, yolox: Make, wide_photo: Image.Image) -> None:
    path = graphs.yolox(tmp_path / "a.onnx", rows((0, (0.5, 0.5, 0.0, 0.0), 1, 1.0005)), SIZE)
    assert found(create_analyzer(yolox(path)).analyze(wide_photo).items, "couch").confidence == 1.0


@pytest.mark.parametrize("score", [50.0, -3.0, *NOWHERE])
def test_refused_at_start_where_scores_are_none(tmp_path: Path, yolox: Make, detr: Make, score: float) -> None:
    raw = rows()
    raw[0, 4] = score
    said = "its scores must be 0 to 1; this one gives"
    assert said in refusal(yolox(graphs.yolox(tmp_path / "y.onnx", raw, SIZE))).detail
    path = graphs.detr(tmp_path / "d.onnx", np.array([1]), np.zeros((1, 4), np.float32), np.array([score], np.float32))
    assert said in refusal(detr(path)).detail


def test_scores_that_only_a_photo_shows_to_be_none_are_not_the_photos_fault(
    tmp_path: Path, yolox: Make, wide_photo: Image.Image
) -> None:
    analyzer = create_analyzer(
        yolox(graphs.brightness_yolox(tmp_path / "a.onnx", rows((0, (0.5, 0.5, 0.0, 0.0), 1, 0.9)), SIZE))
    )
    with pytest.raises(errors.Unavailable, match=r"onnx-model-failed.*its scores must be 0 to 1"):
        analyzer.analyze(wide_photo)


def test_refused_at_start_where_kinds_do_not_fit(tmp_path: Path, yolox: Make, detr: Make) -> None:
    one = np.zeros((1, 4), np.float32), np.array([0.9], np.float32)
    path = graphs.detr(tmp_path / "d.onnx", np.array([1], np.float32), *one)
    said = "its labels must be a tensor of whole numbers; this one gives float32 1x1"
    assert said in refusal(detr(path)).detail
    pieces = graphs.sequence(tmp_path / "s.onnx", SIZE)
    assert "must be a tensor of floating-point numbers; this one gives a list" in refusal(yolox(pieces)).detail


def test_refused_at_start_where_it_is_of_the_other_family(tmp_path: Path, yolox: Make, detr: Make) -> None:
    one = np.array([1], np.int64), np.zeros((1, 4), np.float32), np.array([0.9], np.float32)
    detr_path = graphs.detr(tmp_path / "detr.onnx", *one)
    assert "YOLOX has one input, this one has 2" in refusal(yolox(detr_path)).detail
    yolox_path = graphs.yolox(tmp_path / "yolox.onnx", rows(), SIZE)
    assert "has two inputs" in refusal(detr(yolox_path)).detail
    logits = graphs.detr(tmp_path / "logits.onnx", *one, names=("labels", "pred_boxes", "logits"))
    assert "no output boxes and scores" in refusal(detr(logits)).detail
    crooked = graphs.detr(tmp_path / "crooked.onnx", one[0], one[1], np.zeros(3, np.float32))
    assert "this one gives labels 1x1, boxes 1x1x4, scores 1x3" in refusal(detr(crooked)).detail


def test_refused_at_start_where_the_labels_name_no_furniture(tmp_path: Path, yolox: Make) -> None:
    path = graphs.yolox(tmp_path / "a.onnx", rows(), SIZE)
    assert "names no furniture" in refusal(yolox(path, onnx_labels="cat, dog")).detail
    assert "neither a list with commas nor a file" in refusal(yolox(path, onnx_labels="cat")).detail
    latin = tmp_path / "labels.txt"
    latin.write_bytes("canapé\nlit\n".encode("latin-1"))
    assert "no text in UTF-8" in refusal(yolox(path, onnx_labels=str(latin))).detail
