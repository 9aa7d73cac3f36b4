"""The default engine: two small detectors whose views are fused, and a classifier for the room and for what COCO lacks."""
