"""EfficientNet-Lite2's checkpoint -> ONNX: the network written out, batch norms folded into the convolutions."""

from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from roomtally.analysis.conversion.checkpoint import Array

SIDE: Final = 260  # pixels of the input
CLASSES: Final = 1000
EPSILON: Final = 1e-3  # of the batch norms
STAGE_STRIDES: Final = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each stage
OPSET: Final = 17
IR_VERSION: Final = 8


def convert(weights: dict[str, Array]) -> onnx.ModelProto:
    """Input `image` [n, 3, 260, 260], output `probs` [n, 1000], softmax inside."""
    network = _Network(weights)
    network.build()
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])
    probabilities = helper.make_tensor_value_info("probs", TensorProto.FLOAT, ["n", CLASSES])
    graph = helper.make_graph(network.nodes, "efflite2", [image], [probabilities], network.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


class _Network:
    def __init__(self, weights: dict[str, Array]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._weights = weights
        self._made = 0
        self._zero, self._six = (self._constant(np.array(bound, np.float32)) for bound in (0, 6))

    def build(self) -> None:
        last = self._blocks(self._convolution("image", "_conv_stem", "_bn0", stride=2))
        pooled = self._add("GlobalAveragePool", [self._convolution(last, "_conv_head", "_bn1")])
        flat = self._add("Flatten", [pooled])
        layer = [self._constant(self._weights[name]) for name in ("_fc.weight", "_fc.bias")]
        answer = self._add("Gemm", [flat, *layer], transB=1)
        self.nodes.append(helper.make_node("Identity", [self._add("Softmax", [answer], axis=1)], ["probs"]))

    def _blocks(self, value: str) -> str:
        strides, previous, number = iter(STAGE_STRIDES), -1, 0
        while f"_blocks.{number}._depthwise_conv.weight" in self._weights:
            block = f"_blocks.{number}."
            channels = self._weights[block + "_project_conv.weight"].shape[0]
            same_stage = channels == previous
            result = self._block(value, block, stride=1 if same_stage else next(strides))
            value = self._add("Add", [result, value]) if same_stage else result
            previous, number = channels, number + 1
        return value

    def _block(self, value: str, block: str, *, stride: int) -> str:
        if block + "_expand_conv.weight" in self._weights:
            value = self._convolution(value, block + "_expand_conv", block + "_bn0")
        groups = self._weights[block + "_depthwise_conv.weight"].shape[0]
        value = self._convolution(value, block + "_depthwise_conv", block + "_bn1", stride=stride, groups=groups)
        return self._convolution(value, block + "_project_conv", block + "_bn2", activate=False)

    def _convolution(
        self, value: str, kernel: str, norm: str, *, stride: int = 1, groups: int = 1, activate: bool = True
    ) -> str:
        scale = self._weights[norm + ".weight"] / np.sqrt(self._weights[norm + ".running_var"] + EPSILON)
        bias = self._weights[norm + ".bias"] - self._weights[norm + ".running_mean"] * scale
        weights = self._weights[kernel + ".weight"] * scale[:, None, None, None]
        inputs = [value, self._constant(weights), self._constant(bias)]
        value = self._add("Conv", inputs, strides=[stride] * 2, group=groups, auto_pad="SAME_UPPER")
        return self._add("Clip", [value, self._zero, self._six]) if activate else value

    def _constant(self, array: Array) -> str:
        self._made += 1
        name = f"c{self._made}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
        return name

    def _add(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        self._made += 1
        name = f"{kind}{self._made}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name
