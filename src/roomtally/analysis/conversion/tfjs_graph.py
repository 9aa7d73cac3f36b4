"""TensorFlow.js graph -> ONNX, for the operations that our two detectors use. Everything stays in the order of the nodes, so
that equal input gives equal bytes.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from roomtally.analysis.conversion.tfjs_weights import Array, Node

OPSET: Final = 18
IR_VERSION: Final = 8

_FOLDED: Final[dict[str, Callable[[list[Array]], Array]]] = {
    "Cast": lambda ins: ins[0],
    "Identity": lambda ins: ins[0],
    "AddV2": lambda ins: ins[0] + ins[1],
    "Add": lambda ins: ins[0] + ins[1],
    "Mul": lambda ins: ins[0] * ins[1],
    "Sub": lambda ins: ins[0] - ins[1],
    "SparseToDense": lambda ins: _dense(ins[0], ins[1], ins[2], ins[3]),
}
_SAME_IN_ONNX: Final = {
    "Add": "Add", "AddV2": "Add", "BiasAdd": "Add", "AddN": "Sum", "Mul": "Mul", "Sub": "Sub", "Relu": "Relu", "Sigmoid": "Sigmoid",
    "Identity": "Identity",
}  # fmt: skip


def convert(
    nodes: Sequence[Node], weights: dict[str, Array], *, start: str, shape: list[int], outputs: Sequence[str]
) -> onnx.ModelProto:
    """The part of the graph between node `start`, which becomes the input `image` of `shape`, and `outputs`."""
    graph = _Graph(nodes, weights, start)
    results: list[onnx.ValueInfoProto] = []
    for output in outputs:
        graph.nodes.append(helper.make_node("Identity", [graph.variable(output)], [output]))
        results.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, None))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)
    body = helper.make_graph(graph.nodes, "tfjs", [image], results, graph.initializers)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model = onnx.shape_inference.infer_shapes(model)
    onnx.checker.check_model(model)
    return model


class _Graph:
    """Walks backwards from the outputs and emits each node once. A value is an array (constant) or an ONNX name."""

    def __init__(self, nodes: Sequence[Node], weights: dict[str, Array], start: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._by_name = {node["name"]: node for node in nodes}
        self._constants = dict(weights)
        self._start = start
        self._done: dict[str, Array | list[str]] = {}
        self._made = 0

    def variable(self, reference: str) -> str:
        """The ONNX name of a value; a constant becomes an initializer."""
        value = self._value(reference)
        return value if isinstance(value, str) else self._constant(value)

    def _value(self, reference: str) -> Array | str:
        name, _, index = reference.partition(":")
        if name == self._start:
            return "image"
        if name in self._constants:
            return self._constants[name]
        if name not in self._done:
            self._done[name] = self._emit(self._by_name[name])
        value = self._done[name]
        return value[int(index or 0)] if isinstance(value, list) else value

    def _array(self, reference: str) -> Array:
        value = self._value(reference)
        if isinstance(value, str):
            raise TypeError(f"{reference} depends on the input")
        return value

    def _new(self, kind: str) -> str:
        self._made += 1
        return f"{kind}_{self._made}"

    def _constant(self, array: Array, kind: str = "c") -> str:
        name = self._new(kind)
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _add(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        return self._add_split(kind, inputs, 1, **attributes)[0]

    def _add_split(self, kind: str, inputs: list[str], results: int, **attributes: Any) -> list[str]:
        names = [self._new(kind) for _ in range(results)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names

    def _channels_first(self, name: str) -> str:
        return self._add("Transpose", [name], perm=[0, 3, 1, 2])

    def _channels_last(self, name: str) -> str:
        return self._add("Transpose", [name], perm=[0, 2, 3, 1])

    def _emit(self, node: Node) -> Array | list[str]:
        inputs = [reference for reference in node.get("input", []) if not reference.startswith("^")]
        kind = node["op"]
        if kind in _FOLDED and inputs and all(map(self._is_constant, inputs)):
            return _FOLDED[kind]([self._array(reference) for reference in inputs])
        if kind in _SAME_IN_ONNX:
            return [self._add(_SAME_IN_ONNX[kind], [self.variable(reference) for reference in inputs])]
        if kind == "SplitV":
            return self._split(inputs)
        emitters = {
            "Conv2D": self._convolution, "DepthwiseConv2dNative": self._convolution, "FusedBatchNorm": self._batch_norm,
            "MaxPool": self._max_pool, "Relu6": self._relu6, "LeakyRelu": self._leaky_relu, "Pad": self._pad, "PadV2": self._pad,
            "ConcatV2": self._concat, "Transpose": self._transpose, "Reshape": self._reshape, "Squeeze": self._squeeze,
            "ExpandDims": self._expand, "ResizeBilinear": self._resize,
        }  # fmt: skip
        return [emitters[kind](inputs, node)]

    def _is_constant(self, reference: str) -> bool:
        name = reference.partition(":")[0]
        if name in self._constants:
            return True
        node = self._by_name.get(name)
        if name == self._start or node is None or node["op"] not in _FOLDED:
            return False
        return all(map(self._is_constant, node.get("input", [])))

    def _convolution(self, inputs: list[str], node: Node) -> str:
        weights = self._array(inputs[1]).astype(np.float32)
        groups = 1
        if node["op"] == "DepthwiseConv2dNative":
            height, width, groups, multiplier = weights.shape
            weights = weights.transpose(2, 3, 0, 1).reshape(groups * multiplier, 1, height, width)
        else:
            weights = weights.transpose(3, 2, 0, 1)
        found = self._add(
            "Conv",
            [self._channels_first(self.variable(inputs[0])), self._constant(weights, "w")],
            strides=_integers(node, "strides")[1:3],
            dilations=_integers(node, "dilations")[1:3],
            group=groups,
            auto_pad=_padding(node),
        )
        return self._channels_last(found)

    def _batch_norm(self, inputs: list[str], node: Node) -> str:
        parts = [self._array(reference).astype(np.float32) for reference in inputs[1:5]]
        image = self._channels_first(self.variable(inputs[0]))
        names = [image, *(self._constant(part) for part in parts)]
        return self._channels_last(
            self._add("BatchNormalization", names, epsilon=float(_attributes(node)["epsilon"]["f"]))
        )

    def _max_pool(self, inputs: list[str], node: Node) -> str:
        window, strides = _integers(node, "ksize")[1:3], _integers(node, "strides")[1:3]
        image = self._channels_first(self.variable(inputs[0]))
        return self._channels_last(
            self._add("MaxPool", [image], kernel_shape=window, strides=strides, auto_pad=_padding(node))
        )

    def _relu6(self, inputs: list[str], _: Node) -> str:
        image = self.variable(inputs[0])
        bounds = [self._constant(np.array(bound, np.float32)) for bound in (0, 6)]
        return self._add("Clip", [image, *bounds])

    def _leaky_relu(self, inputs: list[str], node: Node) -> str:
        return self._add("LeakyRelu", [self.variable(inputs[0])], alpha=float(_attributes(node)["alpha"]["f"]))

    def _pad(self, inputs: list[str], node: Node) -> str:
        widths = self._array(inputs[1]).astype(np.int64)
        filling = self._array(inputs[2]) if node["op"] == "PadV2" else np.array(0)
        image = self.variable(inputs[0])
        names = [self._constant(widths.T.reshape(-1)), self._constant(filling.astype(np.float32).reshape(()))]
        return self._add("Pad", [image, *names])

    def _concat(self, inputs: list[str], _: Node) -> str:
        return self._add("Concat", list(map(self.variable, inputs[:-1])), axis=int(self._array(inputs[-1])))

    def _transpose(self, inputs: list[str], _: Node) -> str:
        return self._add("Transpose", [self.variable(inputs[0])], perm=self._array(inputs[1]).tolist())

    def _reshape(self, inputs: list[str], _: Node) -> str:
        shape = self._array(inputs[1]) if self._is_constant(inputs[1]) else self._packed_shape(inputs[1])
        image = self.variable(inputs[0])
        return self._add("Reshape", [image, self._constant(np.asarray(shape).astype(np.int64))])

    def _packed_shape(self, reference: str) -> list[int]:
        """SSD's box predictors pack (batch, -1, 1, 4) with a batch size known at run time only: ours is one."""
        packed = self._by_name[reference.partition(":")[0]]
        return [int(self._array(part)) if self._is_constant(part) else 1 for part in packed.get("input", [])]

    def _squeeze(self, inputs: list[str], node: Node) -> str:
        axes = np.array(_integers(node, "squeeze_dims"), np.int64)
        return self._add("Squeeze", [self.variable(inputs[0]), self._constant(axes)])

    def _expand(self, inputs: list[str], _: Node) -> str:
        axes = np.atleast_1d(self._array(inputs[1])).astype(np.int64)
        return self._add("Unsqueeze", [self.variable(inputs[0]), self._constant(axes)])

    def _split(self, inputs: list[str]) -> list[str]:
        sizes, axis = self._array(inputs[1]).astype(np.int64), int(self._array(inputs[2]))
        return self._add_split("Split", [self.variable(inputs[0]), self._constant(sizes)], len(sizes), axis=axis)

    def _resize(self, inputs: list[str], node: Node) -> str:
        image = self._channels_first(self.variable(inputs[0]))
        image_shape = self._add("Shape", [image])
        ends = [self._constant(np.array([edge], np.int64)) for edge in (0, 2)]
        unchanged = self._add("Slice", [image_shape, *ends])
        size = self._constant(self._array(inputs[1]).astype(np.int64))
        shape = self._add("Concat", [unchanged, size], axis=0)
        resized = self._add(
            "Resize", [image, "", "", shape], mode="linear", coordinate_transformation_mode=_coordinates(node)
        )
        return self._channels_last(resized)


def _dense(indices: Array, shape: Array, values: Array, default: Array) -> Array:
    filled = np.full(shape.astype(int).tolist(), default)
    if indices.size:
        filled[tuple(indices.astype(int).reshape(-1, filled.ndim).T)] = values
    return filled


def _attributes(node: Node) -> dict[str, Any]:
    return node.get("attr", {})


def _integers(node: Node, name: str) -> list[int]:
    return [int(value) for value in _attributes(node)[name]["list"]["i"]]


def _padding(node: Node) -> str:
    """Byte strings are written as base64 text or as a list of numbers."""
    value: list[int] | str = _attributes(node)["padding"]["s"]
    text = bytes(value) if isinstance(value, list) else base64.b64decode(value)
    return {b"SAME": "SAME_UPPER", b"VALID": "VALID"}[text]


def _coordinates(node: Node) -> str:
    attributes = _attributes(node)
    if attributes.get("half_pixel_centers", {}).get("b"):
        return "half_pixel"
    return "align_corners" if attributes.get("align_corners", {}).get("b") else "asymmetric"
