"""How the build makes the model files: fetch the pinned packages, check, convert, check. Never shipped, never imported at run
time; needs numpy and onnx only. The packages above hold nothing but a docstring, so that a build without the product's
dependencies can import this.
"""
