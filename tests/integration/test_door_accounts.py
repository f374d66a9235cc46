"""Payers that are contracts: whether a payment is theirs is theirs to say (ERC-1271)."""

from __future__ import annotations

from typing import Any

import pytest
from attacking import bent, new_payer, post, signed
from eth_account.signers.local import LocalAccount
from prover_service import PRICES, RunningService, reason_of_402

from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node

SAYS_YES = "0x631626ba7e60e01b60005260206000f3"
SAYS_NOTHING = "0x60206000f3"
REVERTS = "0x60006000fd"
FOREIGN = "0x" + "ab" * 64 + "1b"


def wallet(devnet: Devnet, code: str) -> LocalAccount:
    """A payer with money, an allowance, and code at its address."""
    payer = new_payer(devnet)
    call_node(devnet.chain, "anvil_setCode", payer.address, code)
    return payer


async def test_a_contract_pays_with_what_it_says_is_its_signature(
    service: RunningService, devnet: Devnet
) -> None:
    payer = wallet(devnet, SAYS_YES)
    before = devnet.usdc_balance_base_units(payer.address)
    payload = bent(signed(service, payer, "upto"), "payload", "signature", to=FOREIGN)
    assert (await post(service, payload)).status_code == 200
    assert before - devnet.usdc_balance_base_units(payer.address) == PRICES["signed"]


@pytest.mark.parametrize("code", [SAYS_NOTHING, REVERTS])
@pytest.mark.parametrize("scheme", ["upto", "exact", "batch-settlement"])
async def test_a_contract_that_does_not_say_so_pays_nothing(
    service: RunningService, devnet: Devnet, scheme: str, code: str
) -> None:
    payload: dict[str, Any] = signed(service, wallet(devnet, code), scheme)
    reply = await post(service, payload)
    assert (reply.status_code, "signature" in reason_of_402(reply)) == (402, True)
