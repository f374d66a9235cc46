"""Reads what the contracts' ABIs describe: events, selectors, names of custom errors.

An event's values are decoded for many logs at once, by column. Values are checked strictly: padding that the
contract can never have written is an error, never ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from indexer.wire import LogGroup, Octets

Abi: TypeAlias = Sequence[Mapping[str, Any]]
"""A contract's ABI: its entries as JSON objects."""
Column: TypeAlias = NDArray[np.uint64] | Octets | list[bytes]
"""Values of one input: integers up to 64 bits, bytes of one length, or of any (`bytes` and `string`)."""

WORD = 32
SELECTOR = 4
_DYNAMIC = ("bytes", "string")


class AbiMismatchError(ValueError):
    """Bytes that are no encoding of what the ABI says. Callers turn it into an error of the indexer."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row = row
        """Position of the first log that is wrong."""


def require_all(fits: Any, column: NDArray[Any], problem: str) -> None:
    """Checks that a column fits everywhere; `problem` is a format for the first value that does not.

    Raises:
        AbiMismatchError: it does not.
    """
    if not fits.all():
        row = int(np.flatnonzero(~fits)[0])
        value = column[row].tobytes().hex() if column.ndim > 1 else column[row]
        raise AbiMismatchError(row, problem.format(value))


@dataclass(frozen=True)
class Field:
    """One value of an event, in a word of its own. A dynamic one's word says where its bytes are."""

    name: str
    type: str

    def decode(self, words: Octets) -> Column:
        """Values from their words: integers up to 64 bits, else bytes; a larger integer keeps its whole word.

        Raises:
            AbiMismatchError: a word is no encoding of the type.
        """
        start, end = self._bounds()
        if words[:, :start].any() or words[:, end:].any():
            outside = words[:, :start].any(axis=1) | words[:, end:].any(axis=1)
            require_all(~outside, words, f"0x{{}} is no {self.type}")
        if self.type == "bool":
            require_all(words[:, -1] < 2, words, "0x{} is no bool")
        if start >= WORD - 8:
            return np.ascontiguousarray(words[:, -8:]).view(">u8").ravel().astype(np.uint64)
        return words if self.type.startswith("uint") else words[:, start:end]

    def _bounds(self) -> tuple[int, int]:
        """First byte of a word that may be set, and the one behind the last."""
        if self.type == "address":
            return 12, WORD
        if self.type in _DYNAMIC:
            return WORD - 4, WORD  # where its bytes start
        if self.type == "bool":
            return WORD - 1, WORD
        if self.type.startswith("uint"):
            return WORD - int(self.type[4:]) // 8, WORD
        if self.type.startswith("bytes"):
            return 0, int(self.type[5:])
        raise NotImplementedError(f"type {self.type} of an event")


@dataclass(frozen=True)
class EventDefinition:
    """One event of the ABI. Static structs count as their members."""

    name: str
    topics: tuple[Field, ...]
    """The indexed inputs."""
    head: tuple[Field, ...]
    """The others, in the order of their words."""
    topic: bytes
    """keccak256 of the signature: the first topic of its logs."""

    @classmethod
    def from_abi(cls, entry: Mapping[str, Any]) -> EventDefinition:
        """Definition from an ABI entry of type `event`."""
        topics = [i for i in entry["inputs"] if i["indexed"]]
        head = [i for i in entry["inputs"] if not i["indexed"]]
        return cls(
            entry["name"], tuple(_fields(topics)), tuple(_fields(head)), keccak(text=signature_of(entry))
        )

    def decode(self, group: LogGroup) -> dict[str, Column]:
        """Values of logs of this event, by input.

        Raises:
            AbiMismatchError: a log does not fit the definition.
        """
        indexed = group.topics.shape[1] - 1
        if indexed != len(self.topics):
            raise AbiMismatchError(0, f"it has {len(self.topics)} indexed inputs, the log {indexed}")
        self._require_length(group.data)
        values = {field.name: field.decode(group.topics[:, 1 + i]) for i, field in enumerate(self.topics)}
        for i, field in enumerate(self.head):
            column = field.decode(group.data[:, i * WORD : (i + 1) * WORD])
            is_dynamic = field.type in _DYNAMIC
            values[field.name] = _tails(group.data, column) if is_dynamic else column
        return values

    def _require_length(self, data: Octets) -> None:
        needed, length = len(self.head) * WORD, data.shape[1]
        if length < needed:
            raise AbiMismatchError(0, f"the data ends at byte {length}, {needed} are needed")
        if length > needed and not any(field.type in _DYNAMIC for field in self.head):
            raise AbiMismatchError(0, f"it has {len(self.head)} words of data, the log {length} bytes")


def signature_of(entry: Mapping[str, Any]) -> str:
    """Canonical signature of an ABI entry, for example `tally(uint8)`."""
    return f"{entry['name']}({','.join(map(_type_of, entry['inputs']))})"


def selector_of(abi: Abi, function: str) -> bytes:
    """Selector of the ABI's only function of this name."""
    (entry,) = [e for e in abi if e["type"] == "function" and e["name"] == function]
    return keccak(text=signature_of(entry))[:SELECTOR]


def error_names(abis: Sequence[Abi]) -> dict[bytes, str]:
    """Names of all custom errors by selector, with Solidity's own two."""
    solidity = {"Error(string)": "Error", "Panic(uint256)": "Panic"}
    names = {keccak(text=signature)[:SELECTOR]: name for signature, name in solidity.items()}
    for entry in (e for abi in abis for e in abi if e["type"] == "error"):
        names[keccak(text=signature_of(entry))[:SELECTOR]] = entry["name"]
    return names


def _type_of(parameter: Mapping[str, Any]) -> str:
    if not parameter["type"].startswith("tuple"):
        return str(parameter["type"])
    members = ",".join(map(_type_of, parameter["components"]))
    return f"({members}){parameter['type'].removeprefix('tuple')}"


def _fields(inputs: Sequence[Mapping[str, Any]]) -> Iterator[Field]:
    for parameter in inputs:
        if parameter["type"] == "tuple":
            yield from (
                Field(f"{parameter['name']}.{f.name}", f.type) for f in _fields(parameter["components"])
            )
        else:
            yield Field(parameter["name"], parameter["type"])


def _tails(data: Octets, starts: Column) -> list[bytes]:
    rows = enumerate(zip(data, starts, strict=True))
    return [_tail(row, octets.tobytes(), int(start)) for row, (octets, start) in rows]


def _tail(row: int, data: bytes, start: int) -> bytes:
    length = int.from_bytes(_slice(row, data, start, WORD))
    padded = _slice(row, data, start + WORD, -(-length // WORD) * WORD)
    if any(padded[length:]):
        raise AbiMismatchError(row, "bytes are not padded with zeroes")
    return padded[:length]


def _slice(row: int, data: bytes, start: int, length: int) -> bytes:
    if start + length > len(data):
        raise AbiMismatchError(row, f"the data ends at byte {len(data)}, {start + length} are needed")
    return data[start : start + length]
