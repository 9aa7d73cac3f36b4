"""Tiny ONNX graphs that answer like a detector of a family: constants, plus nothing of the picture, so that it is used."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def yolox(path: Path, rows: NDArray[np.float32], size: int | str) -> Path:
    """Answers `rows` [n, 5 + labels], raw, whatever it is shown."""
    return _yolox(path, [*_nothing_of("images"), helper.make_node("Add", ["rows", "nothing"], ["output"])], rows, size)


def brightness_yolox(path: Path, rows: NDArray[np.float32], size: int) -> Path:
    """Answers `rows` times the brightest value of the picture, 0..255: on a black one all is well."""
    nodes = [*_nothing_of("images"), helper.make_node("Mul", ["rows", "brightest"], ["output"])]
    return _yolox(path, nodes, rows, size)


def _yolox(path: Path, nodes: list[onnx.NodeProto], rows: NDArray[np.float32], size: int | str) -> Path:
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, size, size])
    answer = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    return _save(path, nodes, [image], [answer], {"rows": rows[None]})


def sequence(path: Path, size: int) -> Path:
    """Answers with a sequence of tensors, as exporters that leave the batch in pieces do."""
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, size, size])
    answer = helper.make_tensor_sequence_value_info("output", TensorProto.FLOAT, None)
    nodes = [helper.make_node("SequenceConstruct", ["images"], ["output"])]
    return _save(path, nodes, [image], [answer], {})


def detr(
    path: Path,
    labels: NDArray[np.int64] | NDArray[np.float32],
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    names: tuple[str, str, str] = ("labels", "boxes", "scores"),
) -> Path:
    """Answers `labels` [q] and `scores` [q]; `boxes` [q, 4] are fractions, scaled to the size that it is told."""
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 64, 64])
    target = helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, ["n", 2])
    nodes = [
        *_nothing_of("images"),
        helper.make_node("Cast", ["orig_target_sizes"], ["size"], to=TensorProto.FLOAT),
        helper.make_node("Concat", ["size", "size"], ["sides"], axis=1),
        helper.make_node("Mul", ["fractions", "sides"], [names[1]]),
        helper.make_node("Identity", ["numbers"], [names[0]]),
        helper.make_node("Add", ["sure", "nothing"], [names[2]]),
    ]
    kinds = (helper.np_dtype_to_tensor_dtype(labels.dtype), TensorProto.FLOAT, TensorProto.FLOAT)
    answers = [helper.make_tensor_value_info(name, kind, None) for name, kind in zip(names, kinds, strict=True)]
    constants = {"numbers": labels[None], "fractions": boxes[None], "sure": scores[None]}
    return _save(path, nodes, [image, target], answers, constants)


def _nothing_of(image: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("ReduceMax", [image], ["brightest"], keepdims=0),
        helper.make_node("Mul", ["brightest", "zero"], ["nothing"]),
    ]


def _save(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: Mapping[str, NDArray[np.generic]],
) -> Path:
    tensors = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    tensors.append(numpy_helper.from_array(np.array(0, np.float32), "zero"))
    graph = helper.make_graph(nodes, "detector", inputs, outputs, tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path
