"""Plain x402 payments in real USDC, transfers back to payers, and what an import leaves alone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paying
import pytest
from databases import fresh_postgres
from foreign_chain import rows, run, settlements, summary
from paying import PRICE
from test_exact_spoiled import exact_payment, take_first
from test_indexer_settlement import settle_examples
from web3.contract import Contract

from indexer.chaos.node import FaultyNode, serve
from indexer.chaos.upstream import HttpUpstream
from indexer.recorded.tables import RecordedSettlementRow, RecordedSourceRow, TokenTransferRow
from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node
from veritally.tiers import Tier

STRANGER = "0x00000000000000000000000000000000000000E5"
FINAL_BEHIND = 64
OURS = {table.__tablename__ for table in (RecordedSettlementRow, RecordedSourceRow, TokenTransferRow)}


@pytest.fixture
def sqlite_url(devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    devnet.deployment.save(tmp_path / "deployment.json")
    return f"sqlite:///{tmp_path}/indexer.db"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[str]:
    """A database of each kind, without tables, in a folder with the deployment file."""
    if request.param == "sqlite":
        yield sqlite_url
        return
    with fresh_postgres(request.getfixturevalue("postgres")) as url:
        yield url


def raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])


def options(devnet: Devnet, database_url: str) -> list[str]:
    return ["--rpc-url", devnet.rpc_url, "--database-url", database_url]


def x402_options(devnet: Devnet, database_url: str, *payees: str) -> list[str]:
    chain = ["--chain-id", str(devnet.deployment.chain_id), "--asset", devnet.usdc]
    named = [part for payee in payees for part in ("--pay-to", payee)]
    return ["import", "x402", *options(devnet, database_url), *chain, *named]


def finalise(devnet: Devnet) -> None:
    call_node(devnet.chain, "anvil_mine", hex(FINAL_BEHIND))


def pay(devnet: Devnet, sender: Any, recipient: str, amount_base_units: int) -> None:
    """A plain transfer."""
    devnet.chain.send(devnet.token.functions.transfer(recipient, amount_base_units), sender)


def payments(database_url: str) -> list[tuple[Any, ...]]:
    return settlements(database_url, "form, payer, payee, amount_base_units")


def test_payments_over_both_schemes_are_told_from_plain_transfers(
    devnet: Devnet,
    database_url: str,
    upto_proxy: Contract,
    signed_upto: tuple[Any, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    payer, prover, pay_to = devnet.accounts.payers[0], devnet.accounts.prover, paying.payee(devnet).pay_to
    _, signed = exact_payment(devnet, payer)
    take_first(devnet, payer.address, signed)
    pay(devnet, payer, pay_to, 5)
    pay(devnet, payer, prover.address, 6)
    devnet.chain.send(upto_proxy.functions.settle(*signed_upto), devnet.accounts.relayer)
    finalise(devnet)
    found = summary(capsys, *x402_options(devnet, database_url, pay_to, prover.address))
    assert payments(database_url) == [
        ("exact", raw(payer.address), raw(pay_to), str(PRICE)),
        ("permit2", raw(payer.address), raw(prover.address), "640"),
    ]
    sums = [(one["payee"], one["rows"], one["amount_base_units"]) for one in found["sources"]]
    assert sums == [(pay_to, 1, str(PRICE)), (prover.address, 1, "640")]
    assert [one["claimed_inferences"] for one in found["sources"]] == [None, None]
    transferred = devnet.token.events.Transfer().get_logs(from_block=0, argument_filters={"to": pay_to})
    (row,) = settlements(database_url, "block, log_index, transaction_hash, payee")[:1]
    paid = transferred[0]
    assert row[:3] == (paid["blockNumber"], paid["logIndex"], bytes(paid["transactionHash"]))


def test_payments_of_verified_inferences_are_named(
    devnet: Devnet, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two payers in one transaction of Settlement, and one payment that somebody brought to the token."""
    pay_to = paying.payee(devnet).pay_to
    settled = [exact_payment(devnet, devnet.accounts.payers[index])[0] for index in (0, 1)]
    paying.settle(devnet, paying.group(devnet, *((one, (PRICE,)) for one in settled)))
    _, plain = exact_payment(devnet, devnet.accounts.payers[1])
    take_first(devnet, devnet.accounts.payers[1].address, plain)
    finalise(devnet)
    (before,) = summary(capsys, *x402_options(devnet, database_url, pay_to))["sources"]
    assert (before["rows"], before["also_verified"]) == (3, 0)
    assert run("sync", "--once", *options(devnet, database_url)) == 0
    (after,) = summary(capsys, "import", "show", "--database-url", database_url)["sources"]
    assert (after["rows"], after["also_verified"]) == (3, 2)
    assert run("import", "show", "--database-url", database_url) == 0
    assert "payments of inferences that are verified, too: 2" in capsys.readouterr().out


def test_payments_of_a_verified_block_are_verified_by_their_transaction_only(
    devnet: Devnet, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    presented, _ = exact_payment(devnet, devnet.accounts.payers[0])
    paying.settle(devnet, paying.group(devnet, (presented, (PRICE,))))
    finalise(devnet)
    assert run("sync", "--once", *options(devnet, sqlite_url)) == 0
    assert run(*x402_options(devnet, sqlite_url, paying.payee(devnet).pay_to)) == 0
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE recorded_settlement SET transaction_hash = ?", [bytes(32)])
    (found,) = summary(capsys, "import", "show", "--database-url", sqlite_url)["sources"]
    assert (found["rows"], found["also_verified"]) == (1, 0)


def test_log_that_was_not_asked_for_is_refused(
    devnet: Devnet, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The node looks at addresses only, and shows all events of the token."""
    _, signed = exact_payment(devnet, devnet.accounts.payers[0])
    take_first(devnet, devnet.accounts.payers[0].address, signed)
    finalise(devnet)
    upstream = HttpUpstream(devnet.rpc_url)

    def without_topics(requests: list[Any]) -> list[Any]:
        for request in requests:
            if request["method"] == "eth_getLogs":
                del request["params"][0]["topics"]
        return upstream(requests)

    with serve(FaultyNode(without_topics)) as url:
        command = x402_options(devnet, sqlite_url, paying.payee(devnet).pay_to)
        command[command.index(devnet.rpc_url)] = url
        assert run(*command) == 1
    assert "was not asked for" in capsys.readouterr().err
    assert payments(sqlite_url) == []


def test_transfers_back_to_payers_are_imported(
    devnet: Devnet, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prover, (payer, other) = devnet.accounts.prover, devnet.accounts.payers[:2]
    presented, _ = exact_payment(devnet, payer)
    paying.settle(devnet, paying.group(devnet, (presented, (PRICE,))))
    pay_address = deployed_pay_address(devnet)
    back = pay_address.functions.withdraw(devnet.usdc, payer.address, PRICE - 10)
    devnet.chain.send(back, prover)
    devnet.fund_usdc(prover.address, 100)
    for recipient, amount in ((payer, 7), (payer, 0), (other, 8)):
        pay(devnet, prover, recipient.address, amount)
    pay(devnet, prover, STRANGER, 9)
    pay(devnet, payer, prover.address, 11)
    finalise(devnet)
    assert run("sync", "--once", *options(devnet, database_url)) == 0
    pay(devnet, prover, payer.address, 12)
    finalise(devnet)
    command = ["import", "transfers", *options(devnet, database_url)]
    (found,) = summary(capsys, *command)["sources"]
    assert transfers(database_url) == [
        (raw(pay_address.address), raw(payer.address), PRICE - 10),
        (raw(prover.address), raw(payer.address), 7),
    ]
    assert (found["source"], found["rows"]) == ("transfers", 2)
    assert found["contract"] == devnet.deployment.settlement
    assert run("sync", "--once", *options(devnet, database_url)) == 0
    assert run(*command) == 0
    assert transfers(database_url)[2:] == [(raw(prover.address), raw(payer.address), 12)]


def deployed_pay_address(devnet: Devnet) -> Contract:
    prover, deployed = devnet.accounts.prover, devnet.deployment
    factory = devnet.chain.contract("PayAddressFactory", deployed.pay_address_factory)
    devnet.chain.send(factory.functions.deploy(prover.address, Tier.SIGNED), prover)
    return devnet.chain.contract("PayAddress", paying.payee(devnet).pay_to)


def transfers(database_url: str) -> list[tuple[Any, ...]]:
    statement = "SELECT sender, recipient, amount_e0 FROM token_transfer ORDER BY block, log_index"
    return rows(database_url, statement)


def test_transfers_need_an_indexed_deployment(
    devnet: Devnet, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["import", "transfers", *options(devnet, sqlite_url)]
    assert run(*command) == 3
    assert "run `veritally-indexer sync --once` first" in capsys.readouterr().err


def test_nothing_verified_changes_by_an_import(
    devnet: Devnet, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables, tallies, roll-ups and the digest are the same before and after."""
    settle_examples(devnet)
    payer, pay_to = devnet.accounts.payers[0], paying.payee(devnet).pay_to
    presented, _ = exact_payment(devnet, payer)
    paying.settle(devnet, paying.group(devnet, (presented, (PRICE,)), first_nonce=100))
    _, plain = exact_payment(devnet, payer)
    take_first(devnet, payer.address, plain)
    devnet.fund_usdc(devnet.accounts.prover.address, 100)
    pay(devnet, devnet.accounts.prover, payer.address, 7)
    finalise(devnet)
    assert run("sync", "--once", *options(devnet, sqlite_url)) == 0
    before = verified(devnet, sqlite_url, capsys)
    assert run(*x402_options(devnet, sqlite_url, pay_to)) == 0
    assert run("import", "transfers", *options(devnet, sqlite_url)) == 0
    chain = ["--chain-id", str(devnet.deployment.chain_id)]
    relay = ["import", "opengradient", *options(devnet, sqlite_url), *chain]
    assert run(*relay, "--relay", devnet.deployment.settlement) == 0
    recorded = {name: rows(sqlite_url, f"SELECT COUNT(*) FROM {name}") for name in OURS}
    assert recorded == {"recorded_source": [(3,)], "recorded_settlement": [(2,)], "token_transfer": [(1,)]}
    assert verified(devnet, sqlite_url, capsys) == before


def verified(devnet: Devnet, database_url: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """All that speaks of verified inferences."""
    names = [name for (name,) in rows(database_url, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    kept = {name for name in names if name not in OURS}
    assert {"inference", "rollup", "rollup_hour", "address"} <= kept
    found: dict[str, Any] = {
        name: sorted(rows(database_url, f"SELECT * FROM {name}"), key=repr) for name in kept
    }
    del found["verification"]
    for command in (["tallies", "--json"], ["verify", "--json"]):
        capsys.readouterr()
        assert run(*command, *options(devnet, database_url)) == 0
        found[command[0]] = json.loads(capsys.readouterr().out)
    assert found["verify"]["digest"]
    return found
