"""Tries a `settle` call on a node, without a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode
from eth_typing import HexStr
from hexbytes import HexBytes
from web3.types import RPCEndpoint

from prover.settling.preparing import PreparedGroup
from veritally.chain import TRANSACTION_GAS_CAP, Chain
from veritally.errors import ChainUnreachableError
from veritally.labels import Labels
from veritally.reasons import explain_reason
from veritally.receipts import SettlementDomain
from veritally.settlement import ReceiptOutcome, decode_outcomes

_METHOD_NOT_FOUND = -32601
_SIMULATE = RPCEndpoint("eth_simulateV1")
_RESULTS = "(uint32,uint32,bytes)[]"
_UNNAMED = "SkippedReceipt: a receipt of the group is skipped, and the node does not tell which and why"


@dataclass(frozen=True)
class Trial:
    """What a transaction would do now."""

    outcomes: tuple[tuple[ReceiptOutcome, ...], ...]
    """Of the receipts of each group; empty when it would revert."""
    gas_used: int
    calldata: bytes
    """What the transaction says."""
    problem: str = ""
    """Why it would revert; empty when it would not."""


class Trier:
    """Tries calls of the prover's account."""

    def __init__(self, chain: Chain, domain: SettlementDomain, prover: str) -> None:
        self._chain = chain
        self._domain = domain
        self._prover = prover
        self._contract = chain.contract("Settlement", domain.settlement)
        self._simulates = True

    def _calldata(self, groups: Sequence[PreparedGroup]) -> bytes:
        arguments = [[item.group.as_argument() for item in groups]]
        return bytes(HexBytes(self._contract.encode_abi("settle", arguments)))

    def run(self, groups: Sequence[PreparedGroup]) -> Trial:
        """Tries the groups on the latest block.

        Raises:
            ChainUnreachableError: the node does not answer, or not in the form of its method.
        """
        data = self._calldata(groups)
        call = {
            "from": self._prover,
            "to": self._domain.settlement,
            "input": "0x" + data.hex(),
            "gas": hex(TRANSACTION_GAS_CAP),
        }
        found = self._simulate(call) if self._simulates else None
        return self._call(call, groups, data) if found is None else self._read(found, groups, data)

    def _simulate(self, call: dict[str, str]) -> dict[str, Any] | None:
        """The outcome with its logs; None when the node has no such method."""
        blocks = {"blockStateCalls": [{"calls": [call]}], "validation": False}
        answer = self._chain.w3.provider.make_request(_SIMULATE, [blocks, "latest"])
        error = answer.get("error")
        if isinstance(error, dict) and error.get("code") == _METHOD_NOT_FOUND:
            self._simulates = False
            return None
        try:
            found: dict[str, Any] = answer["result"][0]["calls"][0]
        except (KeyError, IndexError, TypeError):
            raise self._nonsense(error) from None
        return found

    def _read(self, found: dict[str, Any], groups: Sequence[PreparedGroup], data: bytes) -> Trial:
        gas_used = int(found["gasUsed"], 16)
        if found["status"] != "0x1":
            problem = explain_reason(bytes(HexBytes(found.get("returnData") or "0x")))
            return Trial((), gas_used, data, problem)
        logs = [
            {
                "address": log["address"],
                "topics": [HexBytes(topic) for topic in log["topics"]],
                "data": HexBytes(log["data"]),
            }
            for log in found["logs"]
        ]
        outcomes = decode_outcomes(self._domain, [item.group for item in groups], logs)
        return Trial(outcomes, gas_used, data)

    def _call(self, call: dict[str, str], groups: Sequence[PreparedGroup], data: bytes) -> Trial:
        """For nodes that show no logs: they tell only how many receipts of a group are skipped."""
        answer = self._chain.w3.provider.make_request(RPCEndpoint("eth_call"), [call, "latest"])
        error = answer.get("error")
        if isinstance(error, dict):
            reason = error.get("data")
            if isinstance(reason, str) and reason.startswith("0x"):
                return Trial((), 0, data, explain_reason(bytes(HexBytes(HexStr(reason)))))
            raise self._nonsense(error)
        gas = self._chain.w3.provider.make_request(RPCEndpoint("eth_estimateGas"), [call, "latest"])
        if "result" not in gas:
            raise self._nonsense(gas.get("error"))
        (results,) = decode((_RESULTS,), bytes(HexBytes(answer["result"])))
        outcomes = tuple(
            tuple(_told(item.receipt_hash, *result) for item in group.items)
            for group, result in zip(groups, results, strict=True)
        )
        return Trial(outcomes, int(gas["result"], 16), data)

    def _nonsense(self, error: object) -> ChainUnreachableError:
        problem = error.get("message") if isinstance(error, dict) else None
        host = getattr(self._chain.w3.provider, "host", "node")
        return ChainUnreachableError(host, str(problem or "no usable answer to a trial"))


def _told(receipt_hash: bytes, _settled: int, skipped: int, reason: bytes) -> ReceiptOutcome:
    if reason:
        return ReceiptOutcome(receipt_hash, None, Labels(0), explain_reason(reason), with_group=True)
    if skipped:
        return ReceiptOutcome(receipt_hash, None, Labels(0), _UNNAMED, with_group=True)
    return ReceiptOutcome(receipt_hash, 0, Labels(0), "")
