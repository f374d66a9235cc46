"""A chain whose transactions all go through the transaction manager: one key has one sequence of nonces."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, cast

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress, HexStr
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.types import TxParams, TxReceipt

from veritally import chain as chains
from veritally.abi import Artifact
from veritally.chain import Chain
from veritally.errors import TransactionFailedError, TransactionPendingError
from veritally.plan import CREATE2_DEPLOYER
from veritally.transactions import Call, Intent, Outcome, TransactionManager

_NO_SALT = bytes(32)


@dataclass(frozen=True)
class ManagedChain(Chain):
    """Sends for the manager's account only: nothing takes a nonce that the manager has given away."""

    manager: TransactionManager = field(kw_only=True)

    @classmethod
    def over(cls, chain: Chain, manager: TransactionManager) -> ManagedChain:
        """The same chain."""
        return cls(chain.w3, chain.chain_id, manager=manager)

    def deploy(self, artifact: Artifact, *args: Any, account: LocalAccount) -> ChecksumAddress:
        """Deploys a contract through the CREATE2 deployer, unless the same one is there already.

        Raises:
            TransactionFailedError: the constructor reverts or the node refuses the transaction.
            TransactionPendingError: it is not mined in time.
        """
        made = self.w3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode).constructor(*args)
        code = bytes(HexBytes(made.data_in_transaction))
        digest = keccak(b"\xff" + bytes(HexBytes(CREATE2_DEPLOYER)) + _NO_SALT + keccak(code))
        address = to_checksum_address(digest[12:])
        with self.reading():
            is_there = bool(self.w3.eth.get_code(address))
        if not is_there:
            self.send_data(f"deploying {artifact.name}", CREATE2_DEPLOYER, _NO_SALT + code, account)
        return address

    def _submit(self, params: TxParams, what: str, account: LocalAccount) -> TxReceipt:
        if account.address != self.manager.key.sender:
            raise ValueError(f"{account.address} is not the account of the transaction manager")
        key = f"{what[:100]}:{secrets.token_hex(12)}"
        call = Call(
            to=to_checksum_address(cast(str, params["to"])),
            data=bytes(HexBytes(params.get("data", b""))),
            value_wei=int(params.get("value", 0)),
            gas_limit=int(params["gas"]),
        )
        self.manager.submit(Intent(key, call))
        status = self.manager.wait(key, timeout_s=chains.MINED_TIMEOUT_S)
        if status.landing is None or status.outcome is Outcome.CANCELLED:
            tx_hash = status.hashes[-1] if status.hashes else ""
            raise TransactionPendingError(what, tx_hash, chains.MINED_TIMEOUT_S)
        if status.outcome is Outcome.REVERTED:
            self._replay(params, status.landing.block_number - 1)
            raise TransactionFailedError(what, "reverted in its block, but not when replayed before it")
        with self.reading():
            return self.w3.eth.get_transaction_receipt(HexStr(status.landing.tx_hash))
