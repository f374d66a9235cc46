"""Finds tensors of an ONNX model whose values lie in another file.

An ONNX file is a protobuf message. Only the fields that lead to tensors are followed.
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES = 10
_MAX_FIELD_NUMBER = 2**29 - 1
_MAX_DEPTH = 100
_NAME, _EXTERNAL_DATA, _DATA_LOCATION = 8, 13, 14


_TENSOR = "tensor"
_MESSAGES: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: _TENSOR, 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: _TENSOR, 6: "graph", 10: _TENSOR, 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: _TENSOR, 2: _TENSOR},
}
"""Kinds of messages; for each, by field number, the messages in it that are tensors or may hold some."""


def find_external_tensors(network: bytes) -> Iterator[str]:
    """Names of the tensors whose values lie elsewhere, in the order of the file; a tensor may have none.

    Raises:
        ValueError: the bytes are no protobuf message.
    """
    yield from _search("model", memoryview(network), 0)


def _search(kind: str, content: memoryview, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        raise ValueError(f"messages are nested deeper than {_MAX_DEPTH}")
    if kind == _TENSOR:
        yield from _judge_tensor(content)
        return
    inner = _MESSAGES[kind]
    for number, value in _read_fields(content):
        if number in inner and isinstance(value, memoryview):
            yield from _search(inner[number], value, depth + 1)


def _judge_tensor(content: memoryview) -> Iterator[str]:
    """The name of the tensor, when a field says that its values lie elsewhere."""
    name, external = "", False
    for number, value in _read_fields(content):
        if number == _NAME and isinstance(value, memoryview):
            name = bytes(value).decode(errors="replace")
        external |= number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)
    if external:
        yield name


def _read_fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field: an integer, or the bytes."""
    at = 0
    while at < len(content):
        key, at = _read_varint(content, at)
        number, wire = key >> 3, key & 7
        if not 1 <= number <= _MAX_FIELD_NUMBER:
            raise ValueError(f"there is no field {number}")
        if wire == _VARINT:
            value, at = _read_varint(content, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _read_varint(content, at)
        elif wire in _FIXED_BYTES:
            size = _FIXED_BYTES[wire]
        else:
            raise ValueError(f"field {number} has the unknown wire type {wire}")
        if size > len(content) - at:
            raise ValueError(f"field {number} is cut off")
        yield number, content[at : at + size]
        at += size


def _read_varint(content: memoryview, at: int) -> tuple[int, int]:
    """An integer of at most 64 bits, and where the next byte stands."""
    value = 0
    for index, byte in enumerate(content[at : at + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + index + 1
    raise ValueError("a number is cut off or too long")
