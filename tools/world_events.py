"""Events of our contracts and of tokens as logs, by the contracts' own ABIs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from replay_chain import deployment, word

from indexer.abi import signature_of
from veritally.abi import load_artifact

TRANSFER = bytes(keccak(text="Transfer(address,address,uint256)")).hex()
"""Topic of a token's transfers."""


@dataclass(frozen=True)
class Event:
    """One log without its place; hex without prefix."""

    address: str
    topics: tuple[str, ...]
    data: str


Placed = tuple[int, Event]
"""A block and what is emitted in it."""


def event(contract: str, name: str, **values: Any) -> Event:
    """An event of one of our contracts, by the ABI's names; addresses are bytes."""
    entry = _entry(contract, "event", name)
    assert values.keys() == {one["name"] for one in entry["inputs"]}
    topics = [keccak(text=signature_of(entry)).hex()]
    topics += [
        encode([one["type"]], [values[one["name"]]]).hex() for one in entry["inputs"] if one["indexed"]
    ]
    head = [one for one in entry["inputs"] if not one["indexed"]]
    data = encode([_type(one) for one in head], [values[one["name"]] for one in head])
    return Event(deployment().address_of(contract)[2:].lower(), tuple(topics), data.hex())


def transfer(token: bytes, sender: bytes, receiver: bytes, amount_base_units: int) -> Event:
    """What a token emits for a transfer."""
    return Event(token.hex(), (TRANSFER, word(sender), word(receiver)), f"{amount_base_units:064x}")


def reason(contract: str, error: str, *values: Any) -> bytes:
    """What a call reverts with."""
    entry = _entry(contract, "error", error)
    return bytes(keccak(text=signature_of(entry))[:4] + encode([_type(i) for i in entry["inputs"]], values))


def _entry(contract: str, kind: str, name: str) -> Mapping[str, Any]:
    abi: Sequence[Mapping[str, Any]] = load_artifact(contract).abi
    (entry,) = [one for one in abi if one["type"] == kind and one["name"] == name]
    return entry


def _type(one: Mapping[str, Any]) -> str:
    if one["type"] != "tuple":
        return str(one["type"])
    return f"({','.join(map(_type, one['components']))})"
