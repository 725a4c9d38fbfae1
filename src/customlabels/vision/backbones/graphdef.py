"""The constants of a frozen TensorFlow graph, by name, without TensorFlow.

Only the few fields of tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape}.proto that hold
constants are declared; protobuf skips the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from numpy.typing import NDArray

_Field = descriptor_pb2.FieldDescriptorProto
_FLOAT = 1  # DT_FLOAT of types.proto

# message -> (field, number, protobuf type, repeated, message type)
_SCHEMA: dict[str, list[tuple[str, int, int, bool, str]]] = {
    "Dim": [("size", 1, _Field.TYPE_INT64, False, "")],
    "TensorShape": [("dim", 2, _Field.TYPE_MESSAGE, True, "Dim")],
    "Tensor": [
        ("dtype", 1, _Field.TYPE_INT32, False, ""),
        ("shape", 2, _Field.TYPE_MESSAGE, False, "TensorShape"),
        ("content", 4, _Field.TYPE_BYTES, False, ""),
        ("float_val", 5, _Field.TYPE_FLOAT, True, ""),
    ],
    "AttrValue": [("tensor", 8, _Field.TYPE_MESSAGE, False, "Tensor")],
    "Attr": [("key", 1, _Field.TYPE_STRING, False, ""), ("value", 2, _Field.TYPE_MESSAGE, False, "AttrValue")],
    "Node": [
        ("name", 1, _Field.TYPE_STRING, False, ""),
        ("op", 2, _Field.TYPE_STRING, False, ""),
        ("attr", 5, _Field.TYPE_MESSAGE, True, "Attr"),
    ],
    "Graph": [("node", 1, _Field.TYPE_MESSAGE, True, "Node")],
}


def read_constants(path: Path) -> dict[str, NDArray[np.float32]]:
    """The float32 constants of a frozen graph, node name -> array in TensorFlow's layout."""
    graph = _graph_type()()
    graph.ParseFromString(path.read_bytes())
    constants = {}
    for node in graph.node:
        if node.op == "Const":
            tensor = next(attr.value.tensor for attr in node.attr if attr.key == "value")
            if tensor.dtype == _FLOAT:
                constants[node.name] = _array(tensor)
    return constants


def _array(tensor: Any) -> NDArray[np.float32]:
    shape = [dim.size for dim in tensor.shape.dim]
    if tensor.content:
        return np.frombuffer(tensor.content, dtype="<f4").reshape(shape)
    values = np.array(tensor.float_val, dtype=np.float32)
    return np.full(shape, values[0], dtype=np.float32) if values.size == 1 else values.reshape(shape)


def _graph_type() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="customlabels_graphdef.proto", package="cl", syntax="proto3")
    for message, fields in _SCHEMA.items():
        declared = file.message_type.add(name=message)
        for name, number, kind, repeated, of in fields:
            label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            declared.field.add(name=name, number=number, type=kind, label=label, type_name=f".cl.{of}" if of else None)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("cl.Graph"))
