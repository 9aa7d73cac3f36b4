"""Your own detector as an ONNX file. It finds the furniture; the room, and what your labels lack, come from the bundled
classifier.
"""
