"""YOLOX as its own export script writes it: raw outputs, decoded here."""

from functools import lru_cache
from typing import Any, Final

import numpy as np
from PIL import Image

from roomtally.analysis.bundled.geometry import Detection, Floats, suppress
from roomtally.analysis.custom.family import Network, detection, floats, require_scores, run, shape_text, unfit

STRIDES: Final = (8, 16, 32)
PADDING_GREY: Final = 114
LARGEST: Final = 20.0  # e^20 strides; a broken size must not overflow


class Yolox:
    """`size` is the side of the square input, a multiple of 32."""

    def __init__(self, network: Network, labels: tuple[str, ...], size: int, least: float) -> None:
        self._network = network
        self._labels = labels
        self._size = size
        self._least = least
        inputs = network.get_inputs()
        if len(inputs) != 1:
            raise unfit(f"YOLOX has one input, this one has {len(inputs)}.")
        if size % STRIDES[-1]:
            raise unfit(f"ROOMTALLY_ONNX_INPUT_SIZE is {size}; YOLOX needs a multiple of {STRIDES[-1]}.")
        self._input: str = inputs[0].name

    def check(self) -> None:
        self.detect(Image.new("RGB", (self._size, self._size)))

    def detect(self, image: Image.Image) -> list[Detection]:
        scale = min(self._size / image.width, self._size / image.height)
        inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        padded = Image.new("RGB", (self._size, self._size), (PADDING_GREY,) * 3)
        padded.paste(image.resize(inner, Image.Resampling.BILINEAR))
        rows = self._run(padded)
        scores = rows[:, 4:5] * rows[:, 5:]
        row, label = np.where((scores >= self._least) & np.isfinite(rows[:, :4]).all(1, keepdims=True))
        sure, boxes = scores[row, label], self._boxes(rows, row) / np.array([*inner, *inner])
        return [detection(self._labels[int(label[i])], sure[i], boxes[i]) for i in suppress(boxes, sure, label)]

    def _run(self, image: Image.Image) -> Floats:
        """[n, 5 + labels] rows, checked."""
        blue_first = np.asarray(image, np.float32)[:, :, ::-1].transpose(2, 0, 1)
        outputs = run(self._network, {self._input: np.ascontiguousarray(blue_first)[None]})
        cells, columns = len(_grid(self._size)), 5 + len(self._labels)
        rows = floats(outputs[0], "output")
        if rows.shape != (1, cells, columns):
            raise unfit(
                f"its output is {shape_text(rows)}, but YOLOX with {len(self._labels)} labels at {self._size} pixels gives"
                f" 1x{cells}x{columns}. Check the labels and ROOMTALLY_ONNX_INPUT_SIZE."
            )
        require_scores(rows[0, :, 4:], "scores")
        return rows[0]

    def _boxes(self, rows: Floats, row: Any) -> Floats:
        """Corners in pixels of the input, of the rows that are asked for."""
        grid = _grid(self._size)[row]
        centres = (rows[row, :2] + grid[:, :2]) * grid[:, 2:]
        halves = np.exp(np.minimum(rows[row, 2:4], LARGEST)) * grid[:, 2:] / 2
        return np.concatenate([centres - halves, centres + halves], 1)


@lru_cache(maxsize=4)
def _grid(size: int) -> Floats:
    """[n, 3]: column, row and stride of each output, in the order of the network."""
    parts: list[Floats] = []
    for stride in STRIDES:
        row, column = np.mgrid[: size // stride, : size // stride]
        parts.append(np.stack([column.ravel(), row.ravel(), np.full(row.size, stride)], 1).astype(np.float32))
    return np.concatenate(parts)
