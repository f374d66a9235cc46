"""A chain whose events the reference ledger has decided, and which can be reorganised with it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from indexer_chain import REGISTRIES, RecordedChain, group_log, terms, word

from tests.reference.ledger import Ledger, State
from tests.reference.statements import (
    Enclave,
    Event,
    Group,
    GroupSettled,
    GroupSkipped,
    InferenceSettled,
    Route,
)
from veritally.labels import Labels
from veritally.tiers import Tier

Statement = Event | str
"""An event of Settlement in the words of the ledger, or the name of one of a registry."""
Rows = dict[str, list[tuple[Any, ...]]]

PROVERS = (b"\xb1" * 20, b"\xb2" * 20)
PAYERS = (b"\xc1" * 20, b"\xc2" * 20, b"\xc3" * 20)
ASSET, SETTLEMENT = b"\xa0" * 20, b"\x5e" * 20
MODELS = (b"\x11" * 32, b"\x12" * 32)
ENCLAVE = b"\xe1" * 20
ROUTES = {Tier.SIGNED: b"\1\0\0\1", Tier.TEE: b"\2\0\0\2", Tier.ZKML: b"\3\0\0\3"}
TIME_S = 1_764_000_000
SETTLED_TOPIC = (
    "0x"
    + keccak(
        text="InferenceSettled(bytes32,address,uint8,bytes32,address,address,bytes32,bytes32,uint256)"
    ).hex()
)


def pay_address(prover: bytes, floor: int) -> bytes:
    return keccak(prover + bytes([floor]))[12:]


def _ledger() -> Ledger:
    ledger = Ledger(SETTLEMENT, pay_address, now_s=TIME_S)
    ledger.routes = {route: Route(tier) for tier, route in ROUTES.items()}
    ledger.enclaves = {ENCLAVE: Enclave(MODELS[0], PROVERS[0], keccak(ENCLAVE), 2**40)}
    ledger.circuits = {MODELS[1]: Labels(0)}
    ledger.state.balances.update({(ASSET, payer): 10**30 for payer in PAYERS})
    return ledger


@dataclass(frozen=True)
class _Mined:
    statements: tuple[Statement, ...]
    before: tuple[State, dict[bytes, Route]]
    """What the ledger knew before the block."""


class LedgerChain:
    """Every block says what the ledger says."""

    def __init__(self) -> None:
        self.ledger = _ledger()
        self.chain = RecordedChain()
        self._mined = [_Mined((), self._known()) for _ in self.chain.blocks]

    @property
    def head(self) -> int:
        return len(self.chain.blocks) - 1

    def settle(self, prover: int, groups: Sequence[Group]) -> None:
        """One block with one call of `settle`."""
        before = self._known()
        _, events = self.ledger.settle(PROVERS[prover], groups)
        self._mine(before, tuple(events))

    def switch_route(self, tier: Tier) -> None:
        """Stops a route, or has it registered anew."""
        before, route = self._known(), ROUTES[tier]
        stopped = not self.ledger.routes[route].stopped
        self.ledger.routes[route] = Route(tier, stopped)
        self._mine(before, ("RouteStopped" if stopped else "RouteActivated",))

    def mine_empty(self) -> None:
        self._mine(self._known(), ())

    def finalise(self, blocks_behind: int) -> None:
        """Everything but the last blocks cannot change any more."""
        self.chain.final = max(self.chain.final, self.head - blocks_behind)

    def reorganise(self, depth: int) -> int:
        """The last blocks leave the chain, down to the final one at most; gives their number."""
        lost = min(depth, self.head - max(self.chain.final, 2))
        kept = len(self.chain.blocks) - lost
        if lost:
            state, routes = self._mined[kept].before
            self.ledger.state, self.ledger.routes = copy.deepcopy(state), dict(routes)
        self.chain.logs = [log for log in self.chain.logs if int(log["blockNumber"], 16) < kept]
        del self.chain.blocks[kept:], self.chain.counters[kept:], self._mined[kept:]
        self.chain.branch += "'"
        return lost

    def rows(self, to_block: int) -> Rows:
        """What a database must hold of the blocks up to one of them."""
        rows: Rows = {"inference": [], "group_settled": [], "group_skipped": []}
        rows |= {"receipt_skipped": [], "registry_event": []}
        for number, mined in enumerate(self._mined[: to_block + 1]):
            for index, statement in enumerate(mined.statements):
                table, row = row_of(statement)
                rows[table].append((number << 20 | index, *row))
        return rows

    def _known(self) -> tuple[State, dict[bytes, Route]]:
        return copy.deepcopy(self.ledger.state), dict(self.ledger.routes)

    def _mine(self, before: tuple[State, dict[bytes, Route]], statements: tuple[Statement, ...]) -> None:
        self.ledger.block = len(self.chain.blocks)
        self.chain.mine(*map(_log, statements))
        self._mined.append(_Mined(statements, before))


def row_of(statement: Statement) -> tuple[str, tuple[Any, ...]]:
    """Table and values of a statement, in the order of `COLUMNS`."""
    if isinstance(statement, str):
        return "registry_event", ("VerifierRouter", statement)
    if isinstance(statement, InferenceSettled):
        s = statement
        who = s.seq, s.receipt_hash, s.payer if any(s.payer) else None, s.tier, s.model_id, s.prover, s.asset
        what = s.request_hash, s.response_hash, s.amount_base_units, s.served_at_s, s.floor, s.scheme
        return "inference", (*who, *what, s.labels.development, s.labels.unbound)
    if isinstance(statement, GroupSettled):
        s = statement
        names = s.root, s.model_id, s.prover, s.route, s.tier, s.settled, s.skipped
        return "group_settled", (*names, s.labels.development, s.labels.unbound, s.key)
    if isinstance(statement, GroupSkipped):
        s = statement
        return "group_skipped", (s.model_id, s.prover, s.route, s.group_index, _reason(s.reason))
    payer = statement.payer if any(statement.payer) else None
    return "receipt_skipped", (statement.receipt_hash, payer, statement.prover, _reason(statement.reason))


_GROUP = "root", "model_id", "prover_id", "route", "tier", "settled", "skipped"
COLUMNS = {
    "inference": (
        *("seq", "receipt_hash", "payer_id", "tier", "model_id", "prover_id", "asset_id"),
        *("request_hash", "response_hash", "amount", "served_at_s", "floor", "scheme"),
        *("development", "unbound"),
    ),
    "group_settled": (*_GROUP, "development", "unbound", "key"),
    "group_skipped": ("model_id", "prover_id", "route", "group_index", "reason"),
    "receipt_skipped": ("receipt_hash", "payer_id", "prover_id", "reason"),
    "registry_event": ("contract", "event"),
}


def _reason(reason: str) -> bytes:
    return bytes(keccak(text=f"{reason}()")[:4])


def _log(statement: Statement) -> dict[str, Any]:
    if isinstance(statement, str):
        topic = "0x" + keccak(text=f"{statement}(bytes4,address,address)").hex()
        topics = [topic, word(ROUTES[Tier.SIGNED]), word(_text(PROVERS[0])), word(_text(PROVERS[1]))]
        return {"topics": topics, "data": "0x", "address": REGISTRIES["VerifierRouter"]}
    if isinstance(statement, InferenceSettled):
        return _inference_log(statement)
    if isinstance(statement, GroupSettled):
        s = statement
        counts = s.tier, s.settled, s.skipped, int(s.labels), s.key or bytes(32)
        names = [word(s.root), word(s.model_id), word(_text(s.prover))]
        settled = group_log(*counts)
        data = "0x" + s.route.ljust(32, b"\0").hex() + settled["data"][66:]
        return {"topics": [settled["topics"][0], *names], "data": data}
    if isinstance(statement, GroupSkipped):
        s = statement
        topics = [_topic("GroupSkipped(bytes32,address,bytes4,uint256,bytes)"), word(s.model_id)]
        topics += [word(_text(s.prover)), word(s.route)]
        data = encode(["uint256", "bytes"], [s.group_index, _reason(s.reason)])
        return {"topics": topics, "data": "0x" + data.hex()}
    topics = [_topic("ReceiptSkipped(bytes32,address,address,bytes)"), word(statement.receipt_hash)]
    topics += [word(_text(statement.payer)), word(_text(statement.prover))]
    return {"topics": topics, "data": "0x" + encode(["bytes"], [_reason(statement.reason)]).hex()}


def _inference_log(s: InferenceSettled) -> dict[str, Any]:
    topics = [SETTLED_TOPIC, word(s.receipt_hash), word(_text(s.payer)), word(s.tier)]
    packed = terms(s.seq, s.amount_base_units, s.served_at_s, s.floor, s.scheme << 8 | int(s.labels))
    types = ["bytes32", "address", "address", "bytes32", "bytes32", "uint256"]
    values = [s.model_id, _text(s.prover), _text(s.asset), s.request_hash, s.response_hash, packed]
    return {"topics": topics, "data": "0x" + encode(types, values).hex()}


def _topic(signature: str) -> str:
    return "0x" + keccak(text=signature).hex()


def _text(address: bytes) -> str:
    return "0x" + address.hex()
