"""Small ONNX networks, drawn node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper


def node(operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> NodeProto:
    """One operator."""
    return helper.make_node(operator, list(inputs), [output], **attributes)


def draw(
    nodes: Sequence[NodeProto],
    given: Sequence[int],
    wanted: Sequence[int],
    weights: dict[str, Any] | None = None,
) -> bytes:
    """The ONNX file of a network from `x` to `y`."""
    graph = helper.make_graph(
        list(nodes),
        "drawn",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(given))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(wanted))],
        [numpy_helper.from_array(np.array(value), name) for name, value in (weights or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    return bytes(model.SerializeToString(deterministic=True))
