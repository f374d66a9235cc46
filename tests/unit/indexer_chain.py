"""A recorded chain behind a real HTTP server, with faults to switch on: what the indexer's unit tests read.

Events are encoded with eth_abi, so that the indexer's own decoder is checked against another one.
"""

from __future__ import annotations

import copy
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from typing import Any

from deployments import make_deployment
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from veritally.deployment import Deployment
from veritally.tiers import Tier

CHAIN_ID = 31337
FIRST_BLOCK = 3
SETTLEMENT = "0x" + "5e" * 20
REGISTRIES = {
    "VerifierRouter": "0x" + "7e" * 20,
    "ModelRegistry": "0x" + "8e" * 20,
    "EnclaveRegistry": "0x" + "9e" * 20,
}
USDC = "0x" + "a0" * 20
PROVER = "0x" + "b1" * 20
PAYER = "0x" + "c2" * 20
MODEL = b"\x11" * 32
KEY = b"\x22" * 32
ZERO = "0x" + "00" * 20
UINT96_MAX = 2**96 - 1

_SETTLED = "InferenceSettled(bytes32,address,uint8,bytes32,address,address,bytes32,bytes32,uint256)"
_GROUP = "GroupSettled(bytes32,bytes32,address,bytes4,uint8,uint32,uint32,uint8,bytes32)"
_GROUP_SKIPPED = "GroupSkipped(bytes32,address,bytes4,uint256,bytes)"
_RECEIPT_SKIPPED = "ReceiptSkipped(bytes32,address,address,bytes)"
_VIEWS = ("tally(uint8)", "amountTally(address,uint8)", "nextSeq()", "decimals()")


def word(value: int | str | bytes) -> str:
    """One topic: a number, an address, or bytes that start the word."""
    if isinstance(value, int):
        return f"0x{value:064x}"
    if isinstance(value, str):
        return "0x" + value[2:].rjust(64, "0")
    return "0x" + value.ljust(32, b"\0").hex()


def terms(seq: int, amount: int, served_at: int, floor: int, flags: int) -> int:
    """The word `terms` as the contract packs it."""
    return seq << 192 | amount << 96 | served_at << 32 | floor << 24 | flags


def inference_log(
    seq: int,
    tier: int = Tier.SIGNED,
    amount: int = 0,
    asset: str = USDC,
    floor: int = Tier.SIGNED,
    flags: int = 0,
    served_at: int = 1_764_000_000,
) -> dict[str, Any]:
    """An InferenceSettled log without its place."""
    payer = PAYER if amount else ZERO
    topics = [
        "0x" + keccak(text=_SETTLED).hex(),
        word(keccak(text=f"receipt {seq}")),
        word(payer),
        word(tier),
    ]
    types = ["bytes32", "address", "address", "bytes32", "bytes32", "uint256"]
    packed = terms(seq, amount, served_at, floor, flags)
    data = encode(types, [MODEL, PROVER, asset, keccak(text="request"), keccak(text="response"), packed])
    return {"topics": topics, "data": "0x" + data.hex()}


def group_log(tier: int, settled: int, skipped: int, labels: int, key: bytes) -> dict[str, Any]:
    """A GroupSettled log without its place."""
    topics = ["0x" + keccak(text=_GROUP).hex(), word(keccak(text="root")), word(MODEL), word(PROVER)]
    values = [b"\x01\x02\x03\x04", tier, settled, skipped, labels, key]
    types = ["bytes4", "uint8", "uint32", "uint32", "uint8", "bytes32"]
    return {"topics": topics, "data": "0x" + encode(types, values).hex()}


def group_skipped_log(index: int, reason: bytes) -> dict[str, Any]:
    """A GroupSkipped log without its place."""
    topics = ["0x" + keccak(text=_GROUP_SKIPPED).hex(), word(MODEL), word(PROVER), word(b"\x01\x02\x03\x04")]
    return {"topics": topics, "data": "0x" + encode(["uint256", "bytes"], [index, reason]).hex()}


def receipt_skipped_log(reason: bytes) -> dict[str, Any]:
    """A ReceiptSkipped log without its place."""
    topics = [
        "0x" + keccak(text=_RECEIPT_SKIPPED).hex(),
        word(keccak(text="skipped")),
        word(PAYER),
        word(PROVER),
    ]
    return {"topics": topics, "data": "0x" + encode(["bytes"], [reason]).hex()}


def registry_log() -> dict[str, Any]:
    """A RouteStopped log of the router without its place."""
    topic = "0x" + keccak(text="RouteStopped(bytes4,address,address)").hex()
    topics = [topic, word(b"\x01\x02\x03\x04"), word(PROVER), word(PAYER)]
    return {"topics": topics, "data": "0x", "address": REGISTRIES["VerifierRouter"]}


def _tier_and_flags(inference: dict[str, Any]) -> tuple[int, int]:
    return inference.get("tier", Tier.SIGNED), inference.get("flags", 0)


@dataclass
class RecordedChain:
    """Blocks with logs, and what Settlement's views answer after each. Faults are plain attributes."""

    chain_id: int = CHAIN_ID
    blocks: list[dict[str, Any]] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)
    counters: list[Counter[Any]] = field(default_factory=list)
    decimals: dict[str, str | None] = field(default_factory=lambda: {USDC: word(6)})
    requests: list[tuple[str, list[Any]]] = field(default_factory=list)
    alter_logs: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda logs: logs
    missing_block: int | None = None
    final: int = 0
    """Number of the finalised block."""
    stale_head: int | None = None
    """What the node says is the latest block, though it knows later ones."""
    most_blocks: int | None = None
    """What the node refuses to look through at once."""
    forgets_states: bool = False
    """Whether views can be asked only after the latest block."""
    codeless: str = ""
    """Address without code."""
    raw_answer: tuple[int, bytes] | None = None
    """HTTP status and body that every request gets."""
    branch: str = ""

    def __post_init__(self) -> None:
        self.deployed_on = self.chain_id
        for _ in range(FIRST_BLOCK):
            self.mine()

    @property
    def deployment(self) -> Deployment:
        """The deployment file's content."""
        return make_deployment(self.deployed_on, FIRST_BLOCK, Settlement=SETTLEMENT, **REGISTRIES)

    def mine(self, *logs: dict[str, Any]) -> None:
        """Adds a block with these logs."""
        number = len(self.blocks)
        parent = self.blocks[-1]["hash"] if self.blocks else word(0)
        block = {
            "number": hex(number),
            "hash": "0x" + keccak(text=f"block {number} {self.branch} {parent}").hex(),
            "parentHash": parent,
            "timestamp": hex(1_764_000_000 + 2 * number),
        }
        self.blocks.append(block)
        for index, log in enumerate(logs):
            place = {
                "blockNumber": hex(number),
                "blockHash": block["hash"],
                "logIndex": hex(index),
                "transactionHash": "0x" + keccak(text=f"transaction {number}").hex(),
                "removed": False,
            }
            self.logs.append({"address": SETTLEMENT} | log | place)
        self.counters.append(self._count(logs))

    def settle(self, *inferences: dict[str, Any]) -> None:
        """Adds a block in which the next inferences settle; each is keywords of `inference_log`.

        Neighbours of one tier and with the same flags are a group.
        """
        seq, logs = self.counters[-1]["seq"], []
        for (tier, flags), group in groupby(inferences, _tier_and_flags):
            settled = [inference_log(seq + i, **keywords) for i, keywords in enumerate(group)]
            logs += [*settled, group_log(tier, len(settled), 0, flags & 3, KEY)]
            seq += len(settled)
        self.mine(*logs)

    def reorganise(self, depth: int) -> None:
        """Replaces the last blocks by others with the same logs, at once: requests may be on their way."""
        kept = len(self.blocks) - depth
        other = copy.copy(self)
        other.branch += "'"
        other.blocks, other.counters = self.blocks[:kept], self.counters[:kept]
        other.logs = [log for log in self.logs if int(log["blockNumber"], 16) < kept]
        for number in range(kept, len(self.blocks)):
            other.mine(*(log for log in self.logs if int(log["blockNumber"], 16) == number))
        self.blocks, self.counters, self.logs = other.blocks, other.counters, other.logs
        self.branch = other.branch

    def answer(self, method: str, params: list[Any]) -> Any:
        """The result of one request."""
        self.requests.append((method, params))
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "eth_getCode":
            return "0x" if params[0].lower() == self.codeless else "0x60"
        if method == "eth_blockNumber":
            return hex(len(self.blocks) - 1 if self.stale_head is None else self.stale_head)
        if method == "eth_getBlockByNumber":
            number = self.final if params[0] == "finalized" else int(params[0], 16)
            return None if number >= len(self.blocks) or number == self.missing_block else self.blocks[number]
        if method == "eth_getLogs":
            first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
            if "topics" not in params[0]:
                assert params[0]["address"] == [SETTLEMENT, *REGISTRIES.values()]
            if self.most_blocks is not None and last - first >= self.most_blocks:
                raise ValueError(f"query exceeds max block range {self.most_blocks}")
            return self.alter_logs([log for log in self.logs if first <= int(log["blockNumber"], 16) <= last])
        return self._view(*params)

    def _view(self, call: dict[str, str], block: str) -> str:
        data = bytes.fromhex(call["data"][2:])
        view = {keccak(text=signature)[:4]: signature for signature in _VIEWS}[data[:4]]
        if view == "decimals()":
            if (answer := self.decimals.get(call["to"])) is None:
                raise ValueError("execution reverted")
            return answer
        assert call["to"] == SETTLEMENT
        if self.forgets_states and int(block, 16) < len(self.blocks) - 1:
            raise ValueError("missing trie node")
        counters = self.counters[int(block, 16)]
        if view == "nextSeq()":
            return word(counters["seq"])
        if view == "tally(uint8)":
            return word(counters[data[35]])
        return word(counters["0x" + data[16:36].hex(), data[67]])

    def _count(self, logs: tuple[dict[str, Any], ...]) -> Counter[Any]:
        counters = Counter(self.counters[-1]) if self.counters else Counter()
        for log in logs:
            if log["topics"][0] == "0x" + keccak(text=_SETTLED).hex():
                tier, data = int(log["topics"][3], 16), bytes.fromhex(log["data"][2:])
                counters["seq"] += 1
                counters[tier] += 1
                asset, amount = "0x" + data[76:96].hex(), int.from_bytes(data[160:192]) >> 96 & UINT96_MAX
                counters[asset, tier] += amount
        return counters


@contextmanager
def serve(chain: RecordedChain) -> Iterator[str]:
    """The chain's JSON-RPC on a free port of this machine, as URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, body = chain.raw_answer or (200, json.dumps([reply(entry) for entry in asked]).encode())
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    def reply(entry: dict[str, Any]) -> dict[str, Any]:
        try:
            return {
                "jsonrpc": "2.0",
                "id": entry["id"],
                "result": chain.answer(entry["method"], entry["params"]),
            }
        except ValueError as error:
            return {"jsonrpc": "2.0", "id": entry["id"], "error": {"code": 3, "message": str(error)}}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
