"""Furniture that COCO has no class for, from the classifier's tiles, and what is nearly always there with a bed."""

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from roomtally.analysis.bundled.geometry import Floats
from roomtally.analysis.model import Found


class _Extra(NamedTuple):
    label: str
    classes: tuple[int, ...]  # ImageNet
    least: float  # probability in the tile that shows it best
    room: str | None = None  # only there


_EXTRAS: Final = (
    _Extra("bookcase", (453,), 0.15),
    _Extra("dresser", (493,), 0.05, "bedroom"),
    _Extra("desk", (526,), 0.40),
    _Extra("wardrobe", (894,), 0.35),
    _Extra("lamp", (846,), 0.10),
    _Extra("dishwasher", (534,), 0.15),
    _Extra("filing_cabinet", (553,), 0.35),
    _Extra("washing_machine", (897,), 0.35),
    _Extra("pool_table", (736,), 0.35),
    _Extra("piano", (579, 881), 0.35),
    _Extra("crib", (520,), 0.35),
)
_COMPANIONS: Final = ("nightstand", "lamp")
COMPANION_CONFIDENCE: Final = 0.7  # of 19 bedrooms with a bed 15 had a nightstand


def seen(probabilities: Floats, room: str) -> Iterator[Found]:
    """`probabilities`: [tiles, 1000]. One of each label, without a box: a tile is no place."""
    for label, classes, least, only_in in _EXTRAS:
        sure = float(probabilities[:, classes].max())
        if sure >= least and only_in in {None, room}:
            yield Found(label=label, count=1, confidence=sure)


def companions(room: str, labels: Collection[str]) -> Iterator[Found]:
    """Proposals: where a bed stands in a bedroom, so do these."""
    if room == "bedroom" and "bed" in labels:
        for label in _COMPANIONS:
            if label not in labels:
                yield Found(label=label, count=1, confidence=COMPANION_CONFIDENCE, proposed=True)
