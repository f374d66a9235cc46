"""A prover that is killed at any moment charges each request once or not at all, and answers it in one way."""

from __future__ import annotations

import dataclasses
import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import paying
import pytest
from crash_child import Life, Sent, live, read_told
from eth_account import Account
from eth_account.signers.local import LocalAccount
from transacting import expire_leases
from x402_clients import pay_in_python

from prover.jobs.job import Computed, Order, Voucher
from veritally.devnet import Devnet
from veritally.payments import BatchPayment
from veritally.tiers import Tier
from veritally.transactions import Database
from veritally.x402 import PaymentOffer, PresentedPayment
from veritally.x402.deposits import channel_id

LONGEST_S = 120
MOST_MOMENTS = 200
OFFERS = {"upto": paying.upto, "exact": paying.exact, "channel": paying.batch}
PRICES = {"upto": paying.METERED, "exact": paying.PRICE, "channel": paying.METERED}


@pytest.fixture(scope="session")
def processes() -> multiprocessing.context.ForkServerContext:
    """Starts processes quickly: everything is imported once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["crash_child", "prover.books", "alembic.command", "psycopg"])
    return context


def funded_payer(devnet: Devnet) -> LocalAccount:
    account: LocalAccount = Account.create()
    devnet.fund_usdc(account.address, 10 * paying.DEPOSIT)
    devnet.approve_permit2(account)
    return account


def order_of(devnet: Devnet, offer: PaymentOffer, kind: str, payment: PresentedPayment) -> Order:
    signed = payment.payment
    voucher = None
    if isinstance(signed, BatchPayment):
        own_id = channel_id(signed.channel, devnet.chain.chain_id)
        voucher = Voucher(own_id, signed.channel, signed.max_claimable_base_units, payment.deposit)
    return Order(
        payment_key=f"{kind}:{payment.payer}",
        resource="/infer",
        body=b"{}",
        model="model",
        model_id=paying.MODEL,
        tier=Tier.SIGNED,
        asset=devnet.usdc,
        payer=payment.payer,
        payment=signed,
        max_amount_base_units=offer.amount_base_units,
        deadline_s=0,
        voucher=voucher,
    )


def new_requests(devnet: Devnet) -> tuple[Sent, ...]:
    """One request on each route, all of one new payer."""
    payer, requests = funded_payer(devnet), []
    for kind, offered in OFFERS.items():
        offer = offered(devnet)
        payment = paying.presented_by(payer, pay_in_python, offer)
        computed = Computed(PRICES[kind], bytes(32), kind.encode().rjust(32), 1_764_000_000, kind.encode())
        requests.append(Sent(order_of(devnet, offer, kind, payment), computed))
    return tuple(requests)


def run(processes: multiprocessing.context.ForkServerContext, life: Life) -> bool:
    """Runs a process; tells whether it was killed at its moment, and fails when it ended in another way."""
    process: BaseProcess = processes.Process(target=live, args=(life,))
    process.start()
    process.join(LONGEST_S)
    if process.is_alive():
        process.kill()
        pytest.fail("the process does not end")
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def settled_hashes(devnet: Devnet, from_block: int) -> Counter[bytes]:
    contract = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    events = contract.events.InferenceSettled().get_logs(from_block=from_block)
    return Counter(bytes(event.args.receiptHash) for event in events)


def paid_base_units(devnet: Devnet, requests: tuple[Sent, ...]) -> int:
    """What the payer has lost, apart from what lies in its channel."""
    payer = requests[0].order.payer
    balance = devnet.usdc_balance_base_units(payer)
    channel = next(sent.order.voucher for sent in requests if sent.order.voucher is not None)
    held, claimed = paying.channels_of(devnet).functions.channels(channel.channel_id).call()
    return 10 * paying.DEPOSIT - balance - (held - claimed)


def survive(
    devnet: Devnet,
    processes: multiprocessing.context.ForkServerContext,
    database_url: str,
    folder: Path,
    dies_at: int,
) -> bool:
    """One prover that dies at a moment, one that goes on, one that gets all requests again."""
    folder.mkdir()
    requests, from_block = new_requests(devnet), devnet.chain.block_number()
    devnet.deployment.save(folder / "deployment.json")
    key = bytes(devnet.accounts.prover.key)
    first = Life(devnet.rpc_url, database_url, key, folder, requests, (), dies_at)
    was_killed = run(processes, first)
    revive(database_url)
    second = dataclasses.replace(first, requests=(), known=requests, dies_at=None)
    assert not run(processes, second)
    told = {item["job"]: item for item in read_told(folder)}
    stored = [sent for sent in requests if sent.order.job_id.hex() in told]
    assert paid_base_units(devnet, requests) == sum(sent.computed.amount_base_units for sent in stored)
    check_once(devnet, folder, from_block, len(stored))
    revive(database_url)
    assert not run(processes, dataclasses.replace(first, dies_at=None))
    assert paid_base_units(devnet, requests) == sum(PRICES.values())
    check_once(devnet, folder, from_block, len(requests))
    return was_killed


def check_once(devnet: Devnet, folder: Path, from_block: int, count: int) -> None:
    """Each request is settled once, and was never told to be anything else."""
    told = read_told(folder)
    answers = {(item["job"], item["receipt"], item["nonce"], item["response"]) for item in told}
    assert len(answers) == len({item["job"] for item in told}) == count
    last = {item["job"]: item for item in told}
    assert {item["state"] for item in last.values()} <= {"mined", "final"}
    expected = Counter({bytes.fromhex(item["receipt"]): 1 for item in last.values()})
    assert settled_hashes(devnet, from_block) == expected


def revive(database_url: str) -> None:
    """As if the lease of the process that died were over."""
    database = Database(database_url)
    expire_leases(database)
    database.close()


def moments_of(
    devnet: Devnet, processes: multiprocessing.context.ForkServerContext, url: str, folder: Path
) -> list[str]:
    """All moments of a prover that is not killed."""
    assert not survive(devnet, processes, url, folder, MOST_MOMENTS)
    return (folder / "moments").read_text().splitlines()


@pytest.mark.timeout(180)
def test_x(devnet, processes, tmp_path):
    import time
    t = time.time()
    print(*moments_of(devnet, processes, f"sqlite:///{tmp_path}/x.db", tmp_path / "x"), sep="\n")
    print(time.time() - t)
    t = time.time()
    assert survive(devnet, processes, f"sqlite:///{tmp_path}/y.db", tmp_path / "y", 5)
    print(time.time() - t)
