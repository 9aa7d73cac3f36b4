"""RT-DETR and D-FINE as their own export scripts write them: the network scales its boxes to the size it is told."""

from typing import Final

import numpy as np
from PIL import Image

from roomtally.analysis.bundled.geometry import Detection, Floats, Ints
from roomtally.analysis.custom.family import (
    Network,
    detection,
    floats,
    require_scores,
    run,
    shape_text,
    unfit,
    whole_numbers,
)

OUTPUTS: Final = ("labels", "boxes", "scores")


class Detr:
    """`size` is the side of the square input. No two answers of such a network mean one thing: nothing is suppressed."""

    def __init__(self, network: Network, labels: tuple[str, ...], size: int, least: float) -> None:
        self._network = network
        self._labels = labels
        self._size = size
        self._least = least
        self._image, self._target = _inputs(network)
        names = [output.name for output in network.get_outputs()]
        missing = [name for name in OUTPUTS if name not in names]
        if missing:
            raise unfit(f"it has no output {' and '.join(missing)}; its outputs are {', '.join(names)}.")
        self._order = [names.index(name) for name in OUTPUTS]

    def check(self) -> None:
        self.detect(Image.new("RGB", (self._size, self._size)))

    def detect(self, image: Image.Image) -> list[Detection]:
        labels, boxes, scores = self._run(image)
        sides = np.array([image.width, image.height] * 2)
        somewhere = np.isfinite(boxes).all(1)
        return [
            detection(self._labels[int(label)], score, box / sides)
            for label, box, score in zip(labels[somewhere], boxes[somewhere], scores[somewhere], strict=True)
            if score >= self._least and 0 <= label < len(self._labels)
        ]

    def _run(self, image: Image.Image) -> tuple[Ints, Floats, Floats]:
        """([q], [q, 4], [q]), checked; boxes in pixels of `image`."""
        square = image.resize((self._size, self._size), Image.Resampling.BILINEAR)
        pixels = np.asarray(square, np.float32).transpose(2, 0, 1) / np.float32(255)
        target = np.array([[image.width, image.height]], np.int64)
        outputs = run(self._network, {self._image: np.ascontiguousarray(pixels)[None], self._target: target})
        given = dict(zip(OUTPUTS, (outputs[place] for place in self._order), strict=True))
        labels = whole_numbers(given["labels"], "labels")
        boxes, scores = floats(given["boxes"], "boxes"), floats(given["scores"], "scores")
        if (labels.shape, boxes.shape, scores.shape) != _shapes(labels.size):
            found = ", ".join(f"{name} {shape_text(part)}" for name, part in given.items())
            raise unfit(
                f"a network of the DETR family gives labels 1xQ, boxes 1xQx4 and scores 1xQ; this one gives {found}."
            )
        require_scores(scores, "scores")
        return labels[0], boxes[0], scores[0]


def _shapes(count: int) -> tuple[tuple[int, ...], ...]:
    return (1, count), (1, count, 4), (1, count)


def _inputs(network: Network) -> tuple[str, str]:
    """The names of the picture and of the size that boxes are scaled to."""
    names: dict[str, str] = {given.type: given.name for given in network.get_inputs()}
    if set(names) != {"tensor(float)", "tensor(int64)"}:
        raise unfit(
            "a network of the DETR family has two inputs, the picture (float) and the original size (int64); this one has "
            + ", ".join(f"{given.name} {given.type}" for given in network.get_inputs())
        )
    return names["tensor(float)"], names["tensor(int64)"]
