"""One EVM chain: contracts, deployments and transactions that are signed here."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from eth_account.datastructures import SignedTransaction
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.exceptions import (
    ContractLogicError,
    TransactionNotFound,
    Web3Exception,
    Web3RPCError,
)
from web3.types import TxParams, TxReceipt, Wei

from veritally.abi import Artifact, abi_with_errors
from veritally.errors import ChainUnreachableError, TransactionFailedError, TransactionPendingError
from veritally.node import NodeProvider
from veritally.reverts import refusal_reason
from veritally.rpc_url import host_of

TRANSACTION_GAS_CAP = 2**24
"""Most gas that a transaction may ask for, by EIP-7825."""
MINED_TIMEOUT_S = 120.0
FIRST_POLL_S = 0.01
LONGEST_POLL_S = 1.0


@dataclass(frozen=True)
class Chain:
    """A reachable chain. Holds no keys: every transaction is signed locally with the account it is given."""

    w3: Web3
    chain_id: int

    @classmethod
    def connect(cls, rpc_url: str) -> Chain:
        """Connects over HTTP and asks for the chain id.

        Raises:
            ChainUnreachableError: nothing answers as an EVM node. Names the host only: RPC paths hold keys.
        """
        w3 = Web3(NodeProvider(rpc_url))
        try:
            return cls(w3=w3, chain_id=w3.eth.chain_id)
        except (Web3Exception, ValueError) as error:
            raise ChainUnreachableError(host_of(rpc_url), type(error).__name__) from None

    def time_s(self) -> int:
        """Unix time of the latest block, in seconds.

        Raises:
            ChainUnreachableError: the node does not answer.
        """
        with self.reading():
            return int(self.w3.eth.get_block("latest")["timestamp"])

    def block_number(self) -> int:
        """Number of the latest block.

        Raises:
            ChainUnreachableError: the node does not answer.
        """
        with self.reading():
            return int(self.w3.eth.block_number)

    def genesis_hash(self) -> str:
        """Hash of the first block, 0x hex: which chain it is among those with its id.

        Raises:
            ChainUnreachableError: the node does not answer.
        """
        with self.reading():
            return self.w3.eth.get_block(0)["hash"].to_0x_hex()

    def contract(self, name: str, address: str, *callees: str) -> Contract:
        """Our contract `name` at `address`, with the errors of the contracts that it calls.

        Raises:
            ArtifactMissingError: none of our contracts has this name.
        """
        return self.w3.eth.contract(
            address=Web3.to_checksum_address(address),
            abi=abi_with_errors(name, *callees),
            decode_tuples=True,
        )

    def read(self, function: ContractFunction) -> Any:
        """What a function of a contract returns, called without a transaction.

        Raises:
            ChainUnreachableError: the node does not answer, or there is no such function.
        """
        with self.reading():
            return function.call()

    def deploy(self, artifact: Artifact, *args: Any, account: LocalAccount) -> ChecksumAddress:
        """Deploys a contract, waits until it is mined and returns its address.

        Raises:
            TransactionFailedError: the constructor reverts or the node refuses the transaction.
            TransactionPendingError: it is not mined within `MINED_TIMEOUT_S`.
        """
        constructor = self.w3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode).constructor(*args)
        receipt = self._transact(constructor, f"deploying {artifact.name}", artifact.abi, account, None)
        return cast(ChecksumAddress, receipt["contractAddress"])

    def send(self, function: ContractFunction, account: LocalAccount, gas: int | None = None) -> TxReceipt:
        """Sends a contract call, waits until it is mined and returns its receipt.

        Without `gas` the call is estimated first, so that one that reverts costs nothing.

        Raises:
            TransactionFailedError: the call reverts (with the decoded reason) or the node refuses it.
            TransactionPendingError: it is not mined within `MINED_TIMEOUT_S`.
        """
        return self._transact(function, function.fn_name, function.contract_abi, account, gas)

    def send_data(self, what: str, to: str, data: bytes, account: LocalAccount) -> TxReceipt:
        """Sends calldata, waits until it is mined and returns its receipt.

        Args:
            what: Names the transaction in errors.
            to: Checksummed address.
            data: The calldata.
            account: Pays for and signs the transaction.

        Raises:
            TransactionFailedError: it reverts or the node refuses it.
            TransactionPendingError: it is not mined within `MINED_TIMEOUT_S`.
        """
        with self.explained(what):
            params = self._blank(account) | {"to": Web3.to_checksum_address(to), "data": HexBytes(data)}
            params["gas"] = with_reserve(self.w3.eth.estimate_gas(params))
            tip_wei = self.w3.eth.max_priority_fee
            base_wei = self.w3.eth.get_block("latest")["baseFeePerGas"]
            fees: TxParams = {
                "maxPriorityFeePerGas": tip_wei,
                "maxFeePerGas": Wei(2 * base_wei + tip_wei),
                "value": Wei(0),
            }
            return self._submit(params | fees, what, account)

    @contextmanager
    def explained(self, what: str, abi: Sequence[Any] = ()) -> Iterator[None]:
        """Turns what web3 raises in the context into our errors.

        Raises:
            TransactionFailedError: `what` reverts, with the reason decoded by `abi`, or the node refuses it.
        """
        try:
            yield
        except (ContractLogicError, Web3RPCError) as error:
            raise TransactionFailedError(what, refusal_reason(error, abi)) from None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turns a node that refuses to answer, or answers nonsense, into our error; leaves reverts alone.

        Raises:
            ChainUnreachableError: it does so in the context.
        """
        try:
            yield
        except ContractLogicError:
            raise
        except Web3Exception as error:
            host = cast(NodeProvider, self.w3.provider).host
            raise ChainUnreachableError(host, type(error).__name__) from None

    def _transact(
        self,
        call: ContractFunction | ContractConstructor,
        what: str,
        abi: Sequence[Any],
        account: LocalAccount,
        gas: int | None,
    ) -> TxReceipt:
        with self.explained(what, abi):
            return self._submit(self._params(call, account, gas), what, account)

    def _submit(self, params: TxParams, what: str, account: LocalAccount) -> TxReceipt:
        signed = account.sign_transaction(cast(dict[str, Any], params))
        self._hand_over(signed)
        receipt = self._await_receipt(signed.hash, what)
        if receipt["status"] == 0:
            self._replay(params, receipt["blockNumber"] - 1)
            raise TransactionFailedError(what, "reverted in its block, but not when replayed before it")
        return receipt

    def _hand_over(self, signed: SignedTransaction) -> None:
        """Sends it. No answer is no failure, and neither is a refusal of what the node has already."""
        try:
            self.w3.eth.send_raw_transaction(signed.raw_transaction)
        except ChainUnreachableError:
            return  # it may have arrived
        except Web3RPCError:
            if not self._has_transaction(signed.hash):
                raise

    def _has_transaction(self, tx_hash: HexBytes) -> bool:
        with self.reading():
            try:
                self.w3.eth.get_transaction(tx_hash)
            except TransactionNotFound:
                return False
        return True

    def _replay(self, params: TxParams, block: int) -> None:
        """Runs a mined transaction as a call, so that its revert data can be seen."""
        call = {key: params[key] for key in ("from", "to", "data", "value", "gas") if key in params}
        self.w3.eth.call(cast(TxParams, call), block)

    def _params(
        self, call: ContractFunction | ContractConstructor, account: LocalAccount, gas: int | None
    ) -> TxParams:
        """The unsigned transaction."""
        params = self._blank(account)
        if gas is not None:
            params["gas"] = gas
        built = call.build_transaction(params)
        if gas is None:
            built["gas"] = with_reserve(built["gas"])
        return built

    def _blank(self, account: LocalAccount) -> TxParams:
        nonce = self.w3.eth.get_transaction_count(account.address, "pending")
        return {"from": account.address, "nonce": nonce, "chainId": self.chain_id}

    def _await_receipt(self, tx_hash: HexBytes, what: str) -> TxReceipt:
        """Polls quickly at first (development chains mine at once), then ever more slowly."""
        deadline = time.monotonic() + MINED_TIMEOUT_S
        pause_s = FIRST_POLL_S
        while time.monotonic() < deadline:
            try:
                return self.w3.eth.get_transaction_receipt(tx_hash)
            except (Web3RPCError, ChainUnreachableError):  # not mined yet, or the node is busy
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_POLL_S)
        raise TransactionPendingError(what, tx_hash.to_0x_hex(), MINED_TIMEOUT_S)


def with_reserve(estimated_gas: int) -> int:
    """An estimate and a fifth more, up to the cap: nested calls need more than they burn."""
    return min(estimated_gas * 6 // 5, TRANSACTION_GAS_CAP)
