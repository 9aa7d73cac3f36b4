"""How good an engine is on photos whose contents are known.

Truth: a `truth.json` beside the photos, `{"classes_scored": [...], "photos": {name: {"room_type", "coco": {label: count},
"tolerated": {...}, "other": {...}}}}`. Per photo and scored class the true positives are min(predicted, true); `tolerated`
pieces count neither for nor against. Fixtures are left out: they do not move.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
from PIL import Image

from roomtally import errors
from roomtally.analysis import decode, labels
from roomtally.analysis.model import Analysis, Analyzer

TRUTH_FILE = "truth.json"

Litres = Callable[[str], int]


class PhotoTruth(msgspec.Struct, frozen=True):
    """`coco` are the counts that are scored, `other` is furniture beyond them, which has a volume all the same."""

    room_type: str
    coco: dict[str, int]
    tolerated: dict[str, int] = {}
    other: dict[str, int] = {}
    room_types: list[str] = []
    """Other names of the room that are right too."""


class Truth(msgspec.Struct, frozen=True):
    photos: dict[str, PhotoTruth]
    classes_scored: list[str] = []
    """What is scored; empty: each class that is named in any photo's `coco`."""


class PhotoScore(msgspec.Struct, frozen=True):
    """One photo. Volumes in litres: of what was found, and of what there is; `seconds` for decoding and analysis."""

    name: str
    hits: int
    extra: int
    missed: int
    room: str
    room_right: bool
    litres_found: int
    litres_true: int
    seconds: float


class Score(msgspec.Struct, frozen=True):
    photos: tuple[PhotoScore, ...]

    def _sum(self, field: str) -> int:
        return sum(getattr(photo, field) for photo in self.photos)

    @property
    def precision(self) -> float:
        return _ratio(self._sum("hits"), self._sum("hits") + self._sum("extra"))

    @property
    def recall(self) -> float:
        return _ratio(self._sum("hits"), self._sum("hits") + self._sum("missed"))

    @property
    def f1(self) -> float:
        return _ratio(2 * self._sum("hits"), 2 * self._sum("hits") + self._sum("extra") + self._sum("missed"))

    @property
    def rooms_right(self) -> int:
        return self._sum("room_right")

    @property
    def volume_error(self) -> float:
        """Of all photos together, signed: -0.2 where a fifth of the volume was not found."""
        return self.volume_error_with(0)

    def volume_error_with(self, litres: int) -> float:
        """The same with `litres` more than was found."""
        return _ratio(self._sum("litres_found") + litres - self._sum("litres_true"), self._sum("litres_true"))

    @property
    def volume_error_per_photo(self) -> float:
        """Mean of the absolute errors, in litres."""
        return _ratio(sum(abs(photo.litres_found - photo.litres_true) for photo in self.photos), len(self.photos))

    @property
    def milliseconds(self) -> float:
        """A photo, mean."""
        return 1000 * _ratio(sum(photo.seconds for photo in self.photos), len(self.photos))


def read_truth(folder: Path) -> Truth:
    """Raises errors.Invalid where it says nothing, or what cannot be."""
    truth = msgspec.json.decode((folder / TRUTH_FILE).read_bytes(), type=Truth)
    if not truth.photos:
        raise _unfit("names no photo")
    for name, photo in truth.photos.items():
        for label, count in (*photo.coco.items(), *photo.tolerated.items(), *photo.other.items()):
            if count < 0:
                raise _unfit(f"says of {name} that there are {count} of {label!r}; a count is 0 or more")
    return truth


def _unfit(why: str) -> errors.Invalid:
    return errors.Invalid("truth-unfit", f"{TRUTH_FILE} {why}.")


def evaluate(analyzer: Analyzer, folder: Path, litres: Litres) -> Score:
    """Every photo that the truth names; `litres` gives the volume of one piece of a label.

    Raises errors.Invalid with the name of a photo that cannot be read.
    """
    truth = read_truth(folder)
    scored = frozenset(truth.classes_scored or (label for photo in truth.photos.values() for label in photo.coco))
    return Score(
        photos=tuple(
            _score(analyzer, folder / name, photo, scored - labels.FIXTURES, litres)
            for name, photo in truth.photos.items()
        )
    )


def _score(analyzer: Analyzer, path: Path, truth: PhotoTruth, scored: Iterable[str], litres: Litres) -> PhotoScore:
    data = path.read_bytes()
    start = time.perf_counter()
    analysis = analyzer.analyze(_picture(path.name, data))
    seconds = time.perf_counter() - start
    hits, extra, missed = compare(_counts(analysis), truth, scored)
    return PhotoScore(
        name=path.name,
        hits=hits,
        extra=extra,
        missed=missed,
        room=analysis.room_type,
        room_right=analysis.room_type in {truth.room_type, *truth.room_types},
        litres_found=_volume(_counts(analysis), litres),
        litres_true=_volume(Counter(truth.coco) + Counter(truth.other), litres),
        seconds=seconds,
    )


def _picture(name: str, data: bytes) -> Image.Image:
    try:
        return decode.decode(data).image
    except errors.Invalid as error:
        error.detail = f"{name}: {error.detail}"
        raise


def compare(found: Mapping[str, int], truth: PhotoTruth, scored: Iterable[str]) -> tuple[int, int, int]:
    """(hits, extra, missed) over the scored labels of one photo."""
    hits = extra = missed = 0
    for label in scored:
        predicted, true = found.get(label, 0), truth.coco.get(label, 0)
        hits += min(predicted, true)
        missed += max(true - predicted, 0)
        extra += max(predicted - true - truth.tolerated.get(label, 0), 0)
    return hits, extra, missed


def _counts(analysis: Analysis) -> Counter[str]:
    return Counter({item.label: item.count for item in analysis.items})


def _volume(counts: Mapping[str, int], litres: Litres) -> int:
    return sum(count * litres(label) for label, count in counts.items() if label not in labels.FIXTURES)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
