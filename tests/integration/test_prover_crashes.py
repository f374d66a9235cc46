"""A prover that is killed at any moment charges each request once or not at all."""

from __future__ import annotations

import dataclasses
import itertools
import multiprocessing
import signal
from collections import Counter
from contextlib import ExitStack
from multiprocessing.process import BaseProcess
from pathlib import Path

import paying
import pytest
from crash_child import Life, Sent, live, read_told
from databases import fresh_postgres
from paid_requests import FUNDS, computed, funded_payer, paid_order
from transacting import expire_leases

from veritally.devnet import Devnet
from veritally.transactions import Database

LONGEST_S = 120
LEAST_MOMENTS = 45
"""Of a prover that settles one request on each route."""
SOME_MOMENTS = range(3, LEAST_MOMENTS, 11)
"""A minute of them."""
POSTGRES_MOMENT = 17
OFFERS = {"upto": paying.upto, "exact": paying.exact, "channel": paying.batch}
PRICES = {"upto": paying.METERED, "exact": paying.PRICE, "channel": paying.METERED}


@pytest.fixture(scope="session")
def processes() -> multiprocessing.context.ForkServerContext:
    """Starts processes quickly: everything is imported once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["crash_child", "prover.books", "alembic.command", "psycopg"])
    return context


def new_requests(devnet: Devnet) -> tuple[Sent, ...]:
    """One request on each route, all of one new payer."""
    payer = funded_payer(devnet)
    return tuple(
        Sent(paid_order(devnet, offered(devnet), payer), computed(PRICES[kind], kind.encode()))
        for kind, offered in OFFERS.items()
    )


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
    return FUNDS - balance - (held - claimed)


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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("dies_at", SOME_MOMENTS)
def test_a_prover_that_is_killed_loses_nothing_and_charges_nobody_twice(
    devnet: Devnet, processes: multiprocessing.context.ForkServerContext, tmp_path: Path, dies_at: int
) -> None:
    url = f"sqlite:///{tmp_path}/prover.db"
    assert survive(devnet, processes, url, tmp_path / "life", dies_at)


@pytest.mark.timeout(300)
def test_the_same_holds_with_postgres(
    devnet: Devnet,
    processes: multiprocessing.context.ForkServerContext,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    with fresh_postgres(request.getfixturevalue("postgres")) as url:
        assert survive(devnet, processes, url, tmp_path / "life", POSTGRES_MOMENT)


@pytest.mark.slow
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_it_holds_at_every_moment(
    devnet: Devnet,
    processes: multiprocessing.context.ForkServerContext,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    kind: str,
) -> None:
    for dies_at in itertools.count():
        with ExitStack() as stack:
            url = f"sqlite:///{tmp_path}/{dies_at}.db"
            if kind == "postgres":
                url = stack.enter_context(fresh_postgres(request.getfixturevalue("postgres")))
            if not survive(devnet, processes, url, tmp_path / str(dies_at), dies_at):
                break
    assert dies_at >= LEAST_MOMENTS
