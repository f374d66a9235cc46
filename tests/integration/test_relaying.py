"""A group that somebody else submits with the prover's leave, signed by the SDK."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from eth_typing import Hash32
from paying import METERED, group, presented, upto
from x402_clients import pay_in_python

from veritally.devnet import Devnet
from veritally.payments import payments_hash
from veritally.receipts import SettlementDomain
from veritally.settlement import Group, decode_outcomes


def authorized(devnet: Devnet, item: Group) -> Group:
    """The group with the prover's leave for everything in it."""
    domain = SettlementDomain.of(devnet.deployment)
    root = domain.receipts_root(item.terms, item.receipts)
    digest = domain.authorization_digest(root, item.route, payments_hash(item.payments))
    signature = devnet.accounts.prover.unsafe_sign_hash(Hash32(digest)).signature
    return dataclasses.replace(item, authorization=bytes(signature))


def relay(devnet: Devnet, item: Group) -> tuple[bool, str]:
    """Whether the relayer's transaction settled the group's one receipt, and why not."""
    contract = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    mined = devnet.chain.send(contract.functions.settle([item.as_argument()]), devnet.accounts.relayer)
    ((outcome,),) = decode_outcomes(SettlementDomain.of(devnet.deployment), [item], mined["logs"])
    return outcome.seq is not None, outcome.reason


def with_other_payment(devnet: Devnet, item: Group) -> Group:
    other = group(devnet, (presented(devnet, pay_in_python, upto(devnet)), (METERED,)))
    return dataclasses.replace(item, payments=other.payments)


def test_anybody_submits_what_the_prover_allowed(devnet: Devnet) -> None:
    paid = group(devnet, (presented(devnet, pay_in_python, upto(devnet)), (METERED,)))
    assert relay(devnet, authorized(devnet, paid)) == (True, "")


@pytest.mark.parametrize(
    "change",
    [
        lambda devnet, item: dataclasses.replace(item, authorization=b""),
        lambda devnet, item: dataclasses.replace(item, authorization=item.evidence),
        with_other_payment,
    ],
    ids=["no leave", "evidence", "another payment"],
)
def test_nothing_else_is_allowed(devnet: Devnet, change: Callable[[Devnet, Group], Group]) -> None:
    paid = group(devnet, (presented(devnet, pay_in_python, upto(devnet)), (METERED,)))
    settled, reason = relay(devnet, change(devnet, authorized(devnet, paid)))
    assert not settled
    assert reason.startswith("NotAuthorized(")
