"""What is in a photo.

`decode` makes a picture of bytes, an `Analyzer` (see `model`) says which room it is and what stands in it, `thumbnail` and
`metadata` make what may be shown again. `engines.create_analyzer` chooses between the bundled models, a person's own ONNX
file and a vision endpoint. Volumes lie outside (`inventory.volumes`), so that every engine gives equal totals.
"""
