"""Two judges of TDX quotes: the contracts on a node of their own, and dcap-qvl."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dcap_qvl
from deploying import ACCOUNTS
from eth_abi.abi import decode
from web3.contract.contract import ContractFunction

from veritally.attestation.collateral import Collateral
from veritally.attestation.errors import RefusedError
from veritally.attestation.standing_chain import run_standing_chain
from veritally.attestation.tdx_contracts import TdxContracts
from veritally.chain import Chain

FOLDER = Path(__file__).parents[1] / "vectors" / "attestation" / "tdx"
CALL_GAS = 2**24
MEASUREMENT, USER_DATA, DEBUG = 2, 3, 8
"""Where the claims have them."""
CLAIMS = "(uint8,bytes32,bytes32,bytes,bytes,bytes,uint64,uint64,bool)"


@dataclass(frozen=True)
class Judges:
    """Both, for one root and one time."""

    chain: Chain
    contracts: TdxContracts
    root: bytes
    """DER."""
    at_s: int

    def store(self, collateral: Collateral) -> bool:
        """Submits lists as long as they are accepted; whether all are."""
        return all(self.send(call) for call in self.contracts.submissions(collateral))

    def ask_contract(self, quote: bytes) -> tuple[Any, ...] | None:
        """Claims of a whole quote; None: refused."""
        try:
            call = self.contracts.verification(quote)
        except RefusedError:
            return None
        answer = self._call(call)
        if "result" not in answer:
            return None
        return tuple(decode([CLAIMS], bytes.fromhex(answer["result"][2:]))[0])

    def ask_other(self, quote: bytes, collateral: str) -> bool:
        """Whether dcap-qvl accepts it as up to date and without advisories."""
        try:
            parsed = dcap_qvl.QuoteCollateralV3.from_json(collateral)
            report = dcap_qvl.verify_with_root_ca(quote, parsed, self.root, self.at_s)
        except ValueError:
            return False
        return report.status == "UpToDate" and not report.advisory_ids

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undoes on chain what happens in the context."""
        snapshot = self._request("evm_snapshot", [])["result"]
        yield
        assert self._request("evm_revert", [snapshot])["result"] is True

    def would_store(self, call: ContractFunction) -> bool:
        """Whether a submission would be accepted."""
        return "result" in self._call(call)

    def send(self, call: ContractFunction) -> bool:
        """Whether a submission is accepted."""
        sent = call.transact({"from": ACCOUNTS.deployer.address, "gas": CALL_GAS})
        return bool(self.chain.w3.eth.wait_for_transaction_receipt(sent, poll_latency=0.005)["status"])

    def _call(self, call: ContractFunction) -> Any:
        request = {"to": call.address, "gas": hex(CALL_GAS), "data": call._encode_transaction_data()}
        answer = self._request("eth_call", [request, "latest"])
        assert "result" in answer or answer["error"]["code"] == 3, answer  # a revert, and nothing else
        return answer

    def _request(self, method: str, parameters: list[Any]) -> Any:
        return self.chain.w3.provider.make_request(method, parameters)  # type: ignore[arg-type]


@contextmanager
def run_judges(root: bytes, fingerprint: bytes, at_s: int) -> Iterator[Judges]:
    """Both judges, for the root with this DER and SHA-256."""
    with run_standing_chain(at_s) as chain:
        yield Judges(chain, TdxContracts.deploy(chain, fingerprint, ACCOUNTS.deployer), root, at_s)


def read_collateral(name: str) -> str:
    """Intel's lists for the quote of this name."""
    return (FOLDER / f"{name}_collateral.json").read_text(encoding="utf-8")


def with_fields(collateral: str, **fields: str) -> str:
    """The same lists with some parts replaced."""
    return json.dumps(json.loads(collateral) | fields)
