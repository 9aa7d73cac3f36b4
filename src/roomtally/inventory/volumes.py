"""How much room a thing takes in a van: one table, so that every engine gives equal totals. Pure.

Whole litres; a cubic foot is 28.3168. The figures are from published tables of removers, from their lowest to their highest;
where none was found the estimate is ours, says no source and has no range.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

SOURCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "S1": "https://www.edgardem.com/estimer-le-volume-de-ses-meubles/",
        "S2": "https://www.movers.com/moving-guides/how-much-does-a-living-room-weigh.html",
        "S3": "http://www.docstoc.com/docs/74593617/",
        "S4": "https://www.dreamlandestate.com/choosing-right-truck-size/",
        "S5": "https://www.sydneymove.com.au/moving-tips/what-is-a-cubic-metre/",
        "S6": "https://www.truck-guy.com/the-glove-box/2575521_estimating-cubic-feet",
        "S7": "https://www.leve-meubles.fr/demenagement-comment-estimer-le-volume-de-ses-meubles-sans-se-tromper",
        "S8": "http://dontknowmoving.com/planning-a-move/estimate-moving-costs/estimating-size/",
    }
)


class Volume(msgspec.Struct, frozen=True):
    """Litres of one piece, low to high; `figures` is what the sources say, none of them where it is our estimate."""

    label: str
    low: int
    typical: int
    high: int
    label_fr: str
    label_en: str
    sources: tuple[str, ...]
    figures: str


# fmt: off
_ROWS: Final = (
    Volume("bed", 850, 1600, 2500, "lit double", "double bed", ("S1", "S3", "S4", "S5"),
           "double 50 ft³, queen 60 to 70, king 70, twin 30; with base and mattress 2.5 m³"),
    Volume("couch", 910, 1500, 2200, "canapé 3 places", "three-seat couch", ("S1", "S2", "S4", "S5", "S6"),
           "two seats 32 ft³ or 1.5 m³; three seats 41 to 60 ft³ or 1.5 to 2.2 m³"),
    Volume("armchair", 280, 500, 800, "fauteuil", "armchair", ("S1", "S2", "S3", "S6"), "10 to 15 ft³; 0.8 m³"),
    Volume("chair", 140, 200, 300, "chaise", "chair", ("S1", "S2", "S3"), "straight 5 ft³, kitchen 10 ft³; 0.3 m³"),
    Volume("dining_table", 280, 1000, 1700, "table", "table", ("S1", "S2"),
           "kitchen 25 to 60 ft³; for six 1.5 m³; low tables 10 to 15 ft³ are often taken for one"),
    Volume("coffee_table", 280, 350, 420, "table basse", "coffee table", ("S1", "S2", "S6"), "10 to 15 ft³; 0.4 m³"),
    Volume("tv", 140, 250, 570, "téléviseur", "television", ("S2", "S6"), "5, 8 or 20 ft³, packed"),
    Volume("tv_cabinet", 710, 800, 1000, "meuble TV", "TV cabinet", ("S1", "S2"), "25 ft³; 1 m³"),
    Volume("refrigerator", 990, 1200, 2000, "réfrigérateur", "refrigerator", ("S1", "S2", "S4", "S5"),
           "35, 45 or 60 ft³; 1 to 2 m³"),
    Volume("oven", 500, 600, 850, "cuisinière ou four", "cooker or oven", ("S1", "S2", "S6"),
           "25 to 30 ft³; 0.5 m³; built-in ones may stay"),
    Volume("microwave", 110, 110, 110, "micro-ondes", "microwave", ("S2",), "4 ft³"),
    Volume("toaster", 30, 30, 30, "grille-pain", "toaster", (), "goes in a box"),
    Volume("dishwasher", 570, 570, 570, "lave-vaisselle", "dishwasher", ("S2",), "20 ft³"),
    Volume("washing_machine", 600, 650, 850, "lave-linge", "washing machine", ("S4", "S6", "S8"),
           "20 to 30 ft³; 0.6 m³"),
    Volume("wardrobe", 850, 2000, 2000, "armoire 2 portes", "two-door wardrobe", ("S1", "S8"),
           "6 ft wide 30 to 40 ft³; two doors 2 m³"),
    Volume("dresser", 710, 800, 1000, "commode", "chest of drawers", ("S1", "S3", "S6"), "25 ft³, large 35 ft³; 1 m³"),
    Volume("nightstand", 140, 150, 200, "table de chevet", "nightstand", ("S1", "S6"), "5 ft³; 0.2 m³"),
    Volume("bookcase", 340, 550, 600, "bibliothèque", "bookcase", ("S2", "S3", "S4", "S6"),
           "12, 15 or 20 ft³; 0.6 m³; empty"),
    Volume("cabinet", 280, 570, 990, "buffet ou vitrine", "sideboard or display cabinet", ("S2", "S8"),
           "10, 20 or 35 ft³; sideboard about 30 ft³"),
    Volume("desk", 620, 750, 990, "bureau", "desk", ("S2", "S6"), "22 to 35 ft³"),
    Volume("filing_cabinet", 280, 280, 570, "caisson à dossiers", "filing cabinet", ("S2",), "small cabinet 10 ft³"),
    Volume("lamp", 57, 70, 85, "lampe ou lampadaire", "lamp", ("S2",), "table 2 ft³, floor 3 ft³"),
    Volume("ottoman", 140, 140, 140, "pouf", "ottoman", ("S2",), "5 ft³"),
    Volume("rug", 140, 200, 280, "tapis", "rug", ("S2",), "5 or 10 ft³, rolled"),
    Volume("mirror", 85, 100, 200, "miroir", "mirror", ("S2",), "3 or 7 ft³"),
    Volume("picture", 85, 100, 200, "tableau", "picture", ("S2",), "3 or 7 ft³"),
    Volume("clock", 140, 140, 570, "horloge", "clock", ("S2", "S3"), "5 ft³, grandfather 15 to 20 ft³"),
    Volume("piano", 2000, 2000, 2000, "piano droit", "upright piano", ("S4",), "2 m³"),
    Volume("bicycle", 570, 600, 850, "vélo", "bicycle", ("S6",), "20 to 30 ft³"),
    Volume("bench", 140, 140, 140, "banc", "bench", ("S3",), "fireside or piano bench 5 ft³"),
    Volume("crib", 400, 400, 400, "lit bébé", "cot", (), ""),
    Volume("pool_table", 1500, 1500, 1500, "billard", "pool table", (), "slate taken apart"),
    Volume("potted_plant", 100, 100, 100, "plante en pot", "potted plant", (), ""),
    Volume("laptop", 10, 10, 10, "ordinateur portable", "laptop", (), "goes in a box"),
    Volume("vase", 20, 20, 20, "vase", "vase", (), "goes in a box"),
    Volume("book", 2, 2, 2, "livre", "book", ("S7",), "15 to 20 in a box of 30 litres"),
    Volume("suitcase", 100, 100, 100, "valise", "suitcase", (), ""),
    Volume("carton_standard", 42, 60, 60, "carton standard", "standard box", ("S6", "S7"),
           "55 x 35 x 30 cm; small 1.5 ft³"),
    Volume("carton_books", 30, 30, 30, "carton à livres", "book box", ("S7",), "35 x 27 x 30 cm"),
    Volume("other", 30, 100, 300, "autre objet", "other item", (), "from a box to a small chair"),
)
# fmt: on

VOLUMES: Final[Mapping[str, Volume]] = MappingProxyType({row.label: row for row in _ROWS})
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        name.casefold(): row.label
        for row in _ROWS
        for name in (row.label, row.label.replace("_", " "), row.label_fr, row.label_en)
    }
)
FIXED: Final = frozenset({"sink", "toilet", "bathtub"})
"""They stay in the house: they tell the room and are never items."""

_OTHER: Final = VOLUMES["other"]


def find(label: str) -> Volume | None:
    return VOLUMES.get(label)


def label_of(name: str) -> str:
    """The table's label for a name that a person gave, in English or French; any other name as it is."""
    return _NAMES.get(name.casefold(), name)


def of(label: str) -> Volume:
    """The label's volume; for a name nobody has measured (a person may give any) that of `other`."""
    return VOLUMES.get(label, _OTHER)
