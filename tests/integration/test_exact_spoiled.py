"""An `exact` payment that was collected by somebody else, or cancelled, gives no credit."""

from __future__ import annotations

from typing import Any

import paying
from eth_abi.abi import encode
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32
from eth_utils.crypto import keccak
from paying import PRICE, exact
from x402_clients import answer_402, pay_in_python

from veritally.devnet import Devnet
from veritally.devnet.usdc import DOMAIN_SEPARATOR
from veritally.payments import ExactPayment
from veritally.receipts import SettlementDomain, eip712_digest
from veritally.settlement import decode_outcomes
from veritally.x402 import PresentedPayment, read_payment

USED = "FiatTokenV2: authorization is used or canceled"
CANCEL_TYPE = "CancelAuthorization(address authorizer,bytes32 nonce)"


def exact_payment(devnet: Devnet, payer: LocalAccount) -> tuple[PresentedPayment, ExactPayment]:
    offer = exact(devnet)
    presented = read_payment(pay_in_python(payer, answer_402(offer)), offer)
    assert isinstance(presented.payment, ExactPayment)
    return presented, presented.payment


def take_first(devnet: Devnet, payer: str, signed: ExactPayment) -> None:
    """The relayer brings the payer's signature to the token, before Settlement does."""
    transfer = devnet.token.get_function_by_signature(
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"
    )
    window = (signed.valid_after_s, signed.valid_before_s, signed.nonce, signed.signature)
    devnet.chain.send(transfer(payer, paying.payee(devnet).pay_to, PRICE, *window), devnet.accounts.relayer)


def cancel(devnet: Devnet, payer: LocalAccount, signed: ExactPayment) -> None:
    """The payer takes its authorisation back."""
    words = encode(("bytes32", "address", "bytes32"), (keccak(text=CANCEL_TYPE), payer.address, signed.nonce))
    digest = eip712_digest(DOMAIN_SEPARATOR, keccak(words))
    signature = bytes(payer.unsafe_sign_hash(Hash32(digest)).signature)
    revoke = devnet.token.get_function_by_signature("cancelAuthorization(address,bytes32,bytes)")
    devnet.chain.send(revoke(payer.address, signed.nonce, signature), devnet.accounts.relayer)


def settle_beside_an_honest_one(devnet: Devnet, spoiled: PresentedPayment) -> list[Any]:
    """Outcomes of the spoiled payment and of another payer's in the same group."""
    honest, _ = exact_payment(devnet, devnet.accounts.payers[1])
    charged = paying.group(devnet, (spoiled, (PRICE,)), (honest, (PRICE,)))
    mined = paying.settle(devnet, charged)
    (outcomes,) = decode_outcomes(SettlementDomain.of(devnet.deployment), [charged], mined["logs"])
    return list(outcomes)


def assert_no_credit(devnet: Devnet, spoiled: PresentedPayment, signed: ExactPayment) -> None:
    """The token says "used"; Settlement counts the honest inference alone and frees the other's nonce."""
    assert devnet.token.functions.authorizationState(spoiled.payer, signed.nonce).call() is True
    skipped, settled = settle_beside_an_honest_one(devnet, spoiled)
    assert skipped.seq is None
    assert USED in skipped.reason
    assert settled.seq == 0
    call = devnet.chain.contract("Settlement", devnet.deployment.settlement).functions
    assert call.nextSeq().call() == 1
    assert not call.isNonceUsed(devnet.accounts.prover.address, 1).call()


def test_a_payment_that_somebody_else_brought_to_the_token_gives_no_credit(devnet: Devnet) -> None:
    spoiled, signed = exact_payment(devnet, devnet.accounts.payers[0])
    take_first(devnet, spoiled.payer, signed)

    assert_no_credit(devnet, spoiled, signed)

    assert devnet.usdc_balance_base_units(paying.payee(devnet).pay_to) == 2 * PRICE


def test_a_payment_that_its_payer_cancelled_gives_no_credit(devnet: Devnet) -> None:
    payer = devnet.accounts.payers[0]
    spoiled, signed = exact_payment(devnet, payer)
    cancel(devnet, payer, signed)

    assert_no_credit(devnet, spoiled, signed)

    assert devnet.usdc_balance_base_units(paying.payee(devnet).pay_to) == PRICE
