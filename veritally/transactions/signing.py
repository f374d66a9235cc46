"""Signs what an intent asks for, or what fills its nonce."""

from __future__ import annotations

from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from eth_typing import HexStr

from veritally.transactions.entries import Attempt, Entry
from veritally.transactions.fees import Fees


@dataclass(frozen=True)
class Signer:
    """An account on one chain."""

    account: LocalAccount
    chain_id: int

    @property
    def address(self) -> str:
        """The sender."""
        return self.account.address

    def sign(self, entry: Entry, fees: Fees, block: int) -> Attempt:
        """The call of an intent at its nonce, as seen at `block`."""
        call = entry.call
        return self._sign(entry.nonce, call.to, call.data, call.value_wei, entry.gas_limit, fees, block, True)

    def fill(self, entry: Entry, gas_limit: int, fees: Fees, block: int) -> Attempt:
        """A transfer of nothing to the sender itself, which uses the nonce."""
        return self._sign(entry.nonce, self.address, b"", 0, gas_limit, fees, block, False)

    def _sign(
        self,
        nonce: int,
        to: str,
        data: bytes,
        value_wei: int,
        gas_limit: int,
        fees: Fees,
        block: int,
        is_call: bool,
    ) -> Attempt:
        signed = self.account.sign_transaction(
            {
                "type": 2,
                "chainId": self.chain_id,
                "nonce": nonce,
                "to": HexStr(to),
                "data": data,
                "value": value_wei,
                "gas": gas_limit,
                "maxFeePerGas": fees.max_fee_wei,
                "maxPriorityFeePerGas": fees.tip_wei,
            }
        )
        return Attempt(
            tx_hash=signed.hash.to_0x_hex(),
            raw=bytes(signed.raw_transaction),
            nonce=nonce,
            fees=fees,
            gas_limit=gas_limit,
            value_wei=value_wei,
            is_call=is_call,
            signed_at_block=block,
        )
