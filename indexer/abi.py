"""Reads what the contract's ABI describes: event topics and data, selectors, names of custom errors.

Values are checked strictly: padding that the contract can never have written is an error, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from eth_utils.crypto import keccak

Abi: TypeAlias = Sequence[Mapping[str, Any]]
"""A contract's ABI: its entries as JSON objects."""

WORD = 32
SELECTOR = 4


class AbiMismatchError(ValueError):
    """Bytes that are no encoding of what the ABI says. Callers turn it into an error of the indexer."""


@dataclass(frozen=True)
class Parameter:
    """One input of an event."""

    name: str
    type: str
    indexed: bool


class Fields:
    """Decoded values of one event, by the ABI's names."""

    def __init__(self, values: Mapping[str, int | bytes]) -> None:
        self._values = values

    def integer(self, name: str) -> int:
        """Value of an integer, enum or bool input."""
        value = self._values[name]
        if not isinstance(value, int):
            raise AbiMismatchError(f"{name} is no integer in the ABI")
        return value

    def octets(self, name: str) -> bytes:
        """Value of an address or bytes input."""
        value = self._values[name]
        if not isinstance(value, bytes):
            raise AbiMismatchError(f"{name} is no bytes in the ABI")
        return value


@dataclass(frozen=True)
class EventDefinition:
    """One event of the ABI."""

    name: str
    inputs: tuple[Parameter, ...]
    topic: bytes
    """keccak256 of the signature: the first topic of its logs."""

    @classmethod
    def from_abi(cls, entry: Mapping[str, Any]) -> EventDefinition:
        """Definition from an ABI entry of type `event`."""
        inputs = tuple(Parameter(i["name"], i["type"], i["indexed"]) for i in entry["inputs"])
        return cls(entry["name"], inputs, keccak(text=signature_of(entry)))

    def decode(self, topics: Sequence[bytes], data: bytes) -> Fields:
        """Values of a log; `topics` are those after the first.

        Raises:
            AbiMismatchError: the log does not fit the definition.
        """
        indexed = [parameter for parameter in self.inputs if parameter.indexed]
        if len(topics) != len(indexed) or any(len(topic) != WORD for topic in topics):
            raise AbiMismatchError(f"it has {len(indexed)} indexed inputs, the log {len(topics)}")
        values = {p.name: decode_word(p.type, topic) for p, topic in zip(indexed, topics, strict=True)}
        plain = [parameter for parameter in self.inputs if not parameter.indexed]
        for position, parameter in enumerate(plain):
            word = _slice(data, position * WORD, WORD)
            is_dynamic = parameter.type == "bytes"
            values[parameter.name] = _tail(data, word) if is_dynamic else decode_word(parameter.type, word)
        if all(p.type != "bytes" for p in plain) and len(data) != len(plain) * WORD:
            raise AbiMismatchError(f"it has {len(plain)} words of data, the log {len(data)} bytes")
        return Fields(values)


def signature_of(entry: Mapping[str, Any]) -> str:
    """Canonical signature of an ABI entry without tuples, for example `tally(uint8)`."""
    return f"{entry['name']}({','.join(i['type'] for i in entry['inputs'])})"


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


def decode_word(type_: str, word: bytes) -> int | bytes:
    """Value of one 32-byte word: int for uintN and bool, bytes for address and bytesN.

    Raises:
        AbiMismatchError: the word is no encoding of the type.
    """
    if type_ == "address":
        value, padding = word[12:], word[:12]
    elif type_.startswith("bytes"):
        size = int(type_[5:])
        value, padding = word[:size], word[size:]
    elif type_ == "bool" or type_.startswith("uint"):
        return _integer(type_, word)
    else:
        raise AbiMismatchError(f"type {type_} is not supported")
    if any(padding):
        raise AbiMismatchError(f"0x{word.hex()} is no {type_}")
    return value


def _integer(type_: str, word: bytes) -> int:
    number = int.from_bytes(word)
    bits = 1 if type_ == "bool" else int(type_[4:])
    if number >> bits:
        raise AbiMismatchError(f"0x{word.hex()} is no {type_}")
    return number


def _tail(data: bytes, head: bytes) -> bytes:
    start = int.from_bytes(head)
    length = int.from_bytes(_slice(data, start, WORD))
    padded = _slice(data, start + WORD, -(-length // WORD) * WORD)
    if any(padded[length:]):
        raise AbiMismatchError("bytes are not padded with zeroes")
    return padded[:length]


def _slice(data: bytes, start: int, length: int) -> bytes:
    if start + length > len(data):
        raise AbiMismatchError(f"the data ends at byte {len(data)}, {start + length} are needed")
    return data[start : start + length]
