"""The names of things: COCO's 80 classes, those of them that move house, and what other models call them."""

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
