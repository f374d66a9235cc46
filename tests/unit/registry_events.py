"""Logs of the registries, encoded by the contracts' ABIs."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from indexer_chain import REGISTRIES, word

from indexer.abi import signature_of
from veritally.abi import load_artifact


def registry_event(contract: str, event: str, **values: Any) -> dict[str, Any]:
    """A log without its place, of all the event's inputs by name; tuples are given as tuples."""
    (entry,) = [e for e in load_artifact(contract).abi if e["type"] == "event" and e["name"] == event]
    indexed = [i for i in entry["inputs"] if i["indexed"]]
    others = [i for i in entry["inputs"] if not i["indexed"]]
    assert {i["name"] for i in entry["inputs"]} == set(values)
    topics = ["0x" + keccak(text=signature_of(entry)).hex(), *(word(values[i["name"]]) for i in indexed)]
    data = encode([i["type"] for i in others], [values[i["name"]] for i in others])
    return {"topics": topics, "data": "0x" + data.hex(), "address": REGISTRIES[contract]}
