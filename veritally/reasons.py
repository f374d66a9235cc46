"""Why Settlement skipped something: its reasons as text, with what the payer or the prover can do."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from veritally.abi import load_artifact
from veritally.contract_table import CONTRACTS
from veritally.reverts import describe_revert

_FOREIGN_ERRORS = (
    # Solidity
    "Error(string)",
    "Panic(uint256)",
    # OpenZeppelin
    "AddressEmptyCode(address)",
    "FailedCall()",
    "SafeERC20FailedOperation(address)",
    # Permit2
    "InvalidNonce()",
    "InvalidSigner()",
    "InvalidAmount(uint256)",
    "SignatureExpired(uint256)",
    "InvalidSignature()",
    "InvalidSignatureLength()",
    "InvalidContractSignature()",
    # x402: proxies of Permit2
    "UnauthorizedFacilitator()",
    "AmountExceedsPermitted()",
    "InvalidAmount()",
    "InvalidDestination()",
    "PaymentTooEarly()",
    "InvalidOwner()",
    "Permit2612AmountMismatch()",
    # x402: channels
    "InvalidChannel()",
    "EmptyBatch()",
    "NotAuthorizedToClaim()",
    "NotReceiverAuthorizer()",
    "ClaimExceedsCeiling()",
    "ClaimExceedsBalance()",
    "NotAuthorizedToRefund()",
    "ZeroRefund()",
    "InvalidRefundNonce()",
)
_SIGN_AGAIN = "the signature is not of the payer over this payment; sign a new one"
_HINTS = {
    "TRANSFER_FROM_FAILED": "the payer's balance or its allowance for Permit2 is too low",
    "transfer amount exceeds balance": "the payer's balance is too low",
    "account is blacklisted": "the token's issuer has blocked the payer or the pay address",
    "authorization is expired": "the payer's signature expired before it was submitted; sign a new payment",
    "authorization is not yet valid": "the payer's signature is not valid yet; sign a new payment",
    "authorization is used": "somebody else collected this payment, or its payer cancelled it",
    "invalid signature": _SIGN_AGAIN,
    "InvalidNonce": "the payer's Permit2 nonce is used or was cancelled; sign a new payment",
    "SignatureExpired": "the payer's signature expired before it was submitted; sign a new payment",
    "InvalidSigner": "the payer signed for another pay address, token, maximum, nonce or deadline",
    "InvalidSignature": _SIGN_AGAIN,
    "InvalidContractSignature": "the payer's account refuses the signature; sign a new payment",
    "PaymentTooEarly": "the payer's signature is not valid yet; sign a new payment",
    "ClaimExceedsCeiling": "the payer's voucher covers too little; it must sign a higher one",
    "ClaimExceedsBalance": "the payer's channel holds too little; it must deposit more",
    "ValueCapExceeded": "the enclave key has backed all that the model's owner lets one key back; "
    "register a new one",
    "EnclaveKeyExpired": "renew the enclave key; a prover does so by itself while it can reach its enclave",
    "EnclaveKeyRevoked": "revoked for ever; find out why, then start the prover again: it makes a new key",
    "UnknownEnclaveKey": "not a registered enclave key; register it first",
    "KeyNotAdmitted": "admit the gateway's key for its code by a new document, once a day",
    "RouteIsStopped": "this route takes no more groups; use the tier's new route",
}
_PAYMENT_FAILED = keccak(text="PaymentFailed(bytes)")[:4]


def explain_reason(reason: bytes) -> str:
    """A reason of `GroupSkipped` or `ReceiptSkipped` as text, with a hint where payer or prover can act."""
    if reason[:4] == _PAYMENT_FAILED:
        text = f"PaymentFailed({describe_revert(_payment_cause(reason), _known_errors())})"
    else:
        text = describe_revert(reason, _known_errors())
    return next((f"{text}: {hint}" for word, hint in _HINTS.items() if word in text), text)


def _payment_cause(reason: bytes) -> bytes:
    """Revert data of the payment, which the contract keeps only the beginning of."""
    try:
        return bytes(decode(("bytes",), reason[4:])[0])
    except DecodingError:
        return reason[4:]


@cache
def _known_errors() -> tuple[Any, ...]:
    """Error entries of our contracts, x402's, Permit2's and Solidity's."""
    ours = (entry for name in CONTRACTS for entry in load_artifact(name).abi if entry["type"] == "error")
    return (*ours, *(_error_entry(signature) for signature in _FOREIGN_ERRORS))


def _error_entry(signature: str) -> dict[str, Any]:
    name, types = signature.removesuffix(")").split("(")
    inputs = [{"name": "", "type": item} for item in types.split(",") if item]
    return {"type": "error", "name": name, "inputs": inputs}
