"""The names of things: COCO's 80 classes, those of them that move house, and what other models call them."""

import re
from typing import Final

COCO: Final = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic_light",
    "fire_hydrant", "stop_sign", "parking_meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
    "skis", "snowboard", "sports_ball", "kite", "baseball_bat", "baseball_glove", "skateboard", "surfboard",
    "tennis_racket", "bottle", "wine_glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich",
    "orange", "broccoli", "carrot", "hot_dog", "pizza", "donut", "cake", "chair", "couch", "potted_plant", "bed",
    "dining_table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell_phone", "microwave", "oven",
    "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy_bear", "hair_drier", "toothbrush",
)  # fmt: skip

FURNITURE: Final = frozenset({
    "armchair", "bed", "bench", "bicycle", "book", "bookcase", "cabinet", "chair", "clock", "coffee_table", "couch",
    "crib", "desk", "dining_table", "dishwasher", "dresser", "filing_cabinet", "lamp", "laptop", "microwave", "mirror",
    "nightstand", "ottoman", "oven", "piano", "picture", "pool_table", "potted_plant", "refrigerator", "rug",
    "suitcase", "toaster", "tv", "tv_cabinet", "vase", "wardrobe", "washing_machine",
})  # fmt: skip
"""What an engine may report. Each has a volume; fixtures (sink, toilet, bathtub) only tell the room."""

FIXTURES: Final = frozenset({"sink", "toilet", "bathtub"})
"""They stay in the house, but tell the room."""

OTHER: Final = "other"
"""Something that would move, but has no name here."""

_OTHER_NAMES: Final = {
    "sofa": "couch", "settee": "couch", "loveseat": "couch", "tvmonitor": "tv", "television": "tv", "tv_monitor": "tv",
    "pottedplant": "potted_plant", "houseplant": "potted_plant", "plant": "potted_plant", "diningtable": "dining_table",
    "table": "dining_table", "kitchen_table": "dining_table", "fridge": "refrigerator", "freezer": "refrigerator",
    "stove": "oven", "cooker": "oven", "microwave_oven": "microwave", "closet": "wardrobe", "armoire": "wardrobe",
    "bedside_table": "nightstand", "night_table": "nightstand", "bookshelf": "bookcase", "shelf": "bookcase",
    "cupboard": "cabinet", "sideboard": "cabinet", "chest_of_drawers": "dresser", "drawer": "dresser", "carpet": "rug",
    "tv_stand": "tv_cabinet", "painting": "picture", "picture_frame": "picture", "pouf": "ottoman", "cot": "crib",
    "bike": "bicycle", "washer": "washing_machine", "billiard_table": "pool_table", "bath": "bathtub",
    "wc": "toilet", "washbasin": "sink", "floor_lamp": "lamp", "table_lamp": "lamp", "recliner": "armchair",
}  # fmt: skip


def ours(name: str) -> str:
    """`name` as we spell it: `Dining Table` and `diningtable` are one label. An unknown name only loses its spelling."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return _OTHER_NAMES.get(plain, plain)
