"""Evidence for a group of OpenGradient's results, in the form of `IOpenGradientVerifier.sol`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from veritally.attestation.errors import ResultRefusedError
from veritally.attestation.opengradient import Result, spki, verify_result
from veritally.receipts import Receipt

OPENGRADIENT_ROUTE = keccak(text="veritally.tee-unbound.v1")[:4]
"""Route of the verifier in the `VerifierRouter`. No deployment opens it by itself."""

_STRUCT = "(bytes32,bytes,(bytes32,bytes32,address,uint256)[],bytes[])"


@dataclass(frozen=True)
class OpenGradientEvidence:
    """One key's results, with the receipts that they back."""

    measurement: bytes
    """The measurement with which the key was admitted, 32 bytes."""
    modulus: bytes
    """Of the key, 256 bytes."""
    receipts: tuple[Receipt, ...]
    """The group's, in order."""
    signatures: tuple[bytes, ...]
    """One for each receipt."""

    @property
    def results(self) -> tuple[Result, ...]:
        """What is signed."""
        pairs = zip(self.receipts, self.signatures, strict=True)
        return tuple(
            Result(receipt.request_hash, receipt.response_hash, receipt.served_at_s, signature)
            for receipt, signature in pairs
        )

    def encode(self) -> bytes:
        """The evidence, as the contract reads it."""
        receipts = [(one.request_hash, one.response_hash, one.payer, one.terms) for one in self.receipts]
        return encode((_STRUCT,), ((self.measurement, self.modulus, receipts, self.signatures),))

    def verify(self) -> None:
        """Requires what the contract requires of the evidence by itself; key and group are its own to judge.

        Raises:
            ResultRefusedError: it does not hold; `name` is that of the contract's error.
        """
        if not self.receipts:
            raise ResultRefusedError("NoReceipts")
        counts = len(self.receipts), len(self.signatures)
        if counts[0] != counts[1]:
            raise ResultRefusedError("SignatureCountMismatch", expected=counts[0], actual=counts[1])
        spki(self.modulus)
        _require_distinct(self.receipts)
        for index, result in enumerate(self.results):
            try:
                verify_result(self.modulus, result)
            except ResultRefusedError as error:
                raise ResultRefusedError(error.name, index=index) from None


def _require_distinct(receipts: Sequence[Receipt]) -> None:
    seen: set[tuple[bytes, int]] = set()
    for index, receipt in enumerate(receipts):
        mark = receipt.request_hash, receipt.served_at_s
        if mark in seen:
            raise ResultRefusedError("ResultRepeated", index=index)
        seen.add(mark)
