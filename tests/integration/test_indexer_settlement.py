"""The indexer against the real contracts on a real chain, with web3 as the oracle."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from pathlib import Path
from typing import Any

import paying
import pytest
from eth_utils.crypto import keccak
from models import MODEL_ID, register_model
from x402_clients import pay_in_python

from indexer.cli import main
from tests.reference.enclaves import Enclaves, key_name
from veritally.devnet import Devnet
from veritally.payments import PaymentRun, SignedPayment
from veritally.receipts import ZERO_ADDRESS, GroupTerms, Receipt, SettlementDomain
from veritally.routes import ROUTE_OF
from veritally.settlement import Group
from veritally.tiers import Tier


def free_receipts(
    *nonces: int, floor: Tier = Tier.SIGNED, served_at_s: int = 1_764_000_000
) -> tuple[Receipt, ...]:
    request, response = keccak(text="request"), keccak(text="response")
    return tuple(Receipt(request, response, ZERO_ADDRESS, 0, served_at_s, nonce, floor) for nonce in nonces)


def signed_group(
    devnet: Devnet, tier: Tier, receipts: tuple[Receipt, ...], *payments: SignedPayment
) -> Group:
    """A group whose evidence is the signature of the tier's key. The first receipts are the paid ones."""
    terms = GroupTerms(MODEL_ID, devnet.accounts.prover.address, devnet.usdc)
    domain = SettlementDomain.of(devnet.deployment)
    digest = domain.group_digest(domain.receipts_root(terms, receipts), ROUTE_OF[tier])
    signer = devnet.accounts.enclave if tier == Tier.TEE else devnet.accounts.prover
    signature = bytes(signer.unsafe_sign_hash(digest).signature)
    return Group(
        terms,
        ROUTE_OF[tier],
        receipts,
        tuple(PaymentRun(index, 1, payment) for index, payment in enumerate(payments)),
        signature,
    )


def paid_group(devnet: Devnet, nonce: int, amount_base_units: int) -> Group:
    """One signed inference for which the unmodified x402 client of payer 0 signs a maximum of 2,000."""
    payment = paying.presented(devnet, pay_in_python, paying.payee(devnet).offer_upto(2_000))
    (free,) = free_receipts(nonce)
    receipt = dataclasses.replace(free, payer=payment.payer, amount_base_units=amount_base_units)
    return signed_group(devnet, Tier.SIGNED, (receipt,), payment.payment)


def settle(devnet: Devnet, *groups: Group) -> None:
    contract = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    call = contract.functions.settle([group.as_argument() for group in groups])
    devnet.chain.send(call, devnet.accounts.prover)


def register_enclave(devnet: Devnet) -> None:
    """Registers the model, and the key of the development enclave for the prover and the model."""
    register_model(devnet)
    Enclaves(devnet, devnet.accounts.prover.address, MODEL_ID).register(devnet.accounts.enclave)


def settle_examples(devnet: Devnet) -> None:
    """Three signed and two enclave inferences, one group with a bad signature, one receipt twice."""
    register_enclave(devnet)
    settle(devnet, signed_group(devnet, Tier.SIGNED, free_receipts(1, 2)))
    settle(
        devnet,
        signed_group(devnet, Tier.TEE, free_receipts(3, 4, floor=Tier.TEE)),
        dataclasses.replace(signed_group(devnet, Tier.SIGNED, free_receipts(5)), evidence=bytes(65)),
        signed_group(devnet, Tier.SIGNED, free_receipts(2, 6, served_at_s=2**64 - 1)),
    )


@pytest.fixture
def arguments(devnet: Devnet, tmp_path: Path) -> list[str]:
    """Options of `sync` for this chain; the database is `indexer.db` in the test's folder."""
    devnet.deployment.save(tmp_path / "deployment.json")
    options = ["--rpc-url", devnet.rpc_url, "--database-url", f"sqlite:///{tmp_path}/indexer.db"]
    return [*options, "--deployment", str(tmp_path / "deployment.json")]


def run(*arguments: str) -> int:
    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def rows(path: Path, statement: str) -> list[Any]:
    with sqlite3.connect(path) as database:
        return database.execute(statement).fetchall()


def test_events_of_the_contract_are_tallied(
    devnet: Devnet, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle_examples(devnet)
    assert run("sync", "--once", *arguments) == 0
    assert capsys.readouterr().out.endswith("\non-chain counters: match\n")
    assert run("tallies", "--json", *arguments[:4]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(t["tier"], t["inferences"], t["development_inferences"]) for t in report["tiers"]] == [
        ("signed", 3, 0),
        ("tee", 2, 2),
        ("zkml", 0, 0),
    ]
    path = tmp_path / "indexer.db"
    assert rows(path, "SELECT reason_name, group_index FROM group_skipped") == [("NotSignedByProver", 1)]
    assert rows(path, "SELECT reason_name FROM receipt_skipped") == [("AlreadySettled",)]
    key = key_name(devnet.accounts.enclave)
    settled = rows(path, "SELECT settled, skipped, key FROM group_settled ORDER BY id")
    assert settled == [(2, 0, None), (2, 0, key), (1, 1, None)]
    assert rows(path, "SELECT decimals FROM asset") == [(6,)]


def test_payments_are_summed(
    devnet: Devnet, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(devnet, paid_group(devnet, 1, 640), signed_group(devnet, Tier.SIGNED, free_receipts(2)))
    settle(devnet, paid_group(devnet, 3, 2_000))
    assert run("sync", "--once", *arguments) == 0
    capsys.readouterr()
    assert run("tallies", "--json", *arguments[:4]) == 0
    (usdc,) = json.loads(capsys.readouterr().out)["tiers"][0]["assets"]
    assert (usdc["asset"], usdc["inferences"]) == (devnet.usdc, 3)
    assert (usdc["amount_base_units"], usdc["amount"]) == ("2640", "0.002640")
    payers = rows(
        tmp_path / "indexer.db",
        "SELECT value, amount_e0 FROM inference"
        " LEFT JOIN address ON address.id = payer_id ORDER BY inference.id",
    )
    payer = bytes.fromhex(devnet.accounts.payers[0].address[2:])
    assert payers == [(payer, 640), (None, 0), (payer, 2_000)]


def test_rows_are_what_web3_reads(devnet: Devnet, arguments: list[str], tmp_path: Path) -> None:
    settle_examples(devnet)
    assert run("sync", "--once", *arguments) == 0
    contract = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    expected = [
        (
            log["blockNumber"] << 20 | log["logIndex"],
            bytes(log["transactionHash"]),
            log["args"]["receiptHash"],
            log["args"]["tier"],
            log["args"]["terms"] >> 192,
            log["args"]["terms"] >> 32 & 2**64 - 1,
            log["args"]["requestHash"],
            devnet.chain.w3.eth.get_block(log["blockNumber"])["timestamp"],
        )
        for log in contract.events.InferenceSettled().get_logs(from_block=0)
    ]
    found = rows(
        tmp_path / "indexer.db",
        "SELECT inference.id, transaction_hash, receipt_hash, tier, seq, served_at_s, request_hash,"
        " timestamp_s FROM inference JOIN block ON block.id = inference.id >> 20 ORDER BY inference.id",
    )
    assert [(*row[:5], row[5] % 2**64, *row[6:]) for row in found] == expected
    assert len(expected) == 5


def test_reorganisation_of_a_real_chain_is_followed(
    devnet: Devnet, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(devnet, signed_group(devnet, Tier.SIGNED, free_receipts(1)))
    settle(devnet, signed_group(devnet, Tier.SIGNED, free_receipts(2)))
    assert run("sync", "--once", *arguments) == 0
    before = rows(tmp_path / "indexer.db", "SELECT hash FROM block ORDER BY id DESC LIMIT 2")
    devnet.chain.w3.provider.make_request("anvil_reorg", [2, []])
    settle(devnet, signed_group(devnet, Tier.SIGNED, free_receipts(3)))
    assert run("sync", "--once", *arguments) == 0
    assert ", 2 blocks replaced\non-chain counters: match\n" in capsys.readouterr().out
    after = rows(tmp_path / "indexer.db", "SELECT hash FROM block")
    assert not set(before) & set(after)
    fresh = [*arguments[:3], f"sqlite:///{tmp_path}/fresh.db", *arguments[4:]]
    assert run("sync", "--once", *fresh) == 0
    for table in ("inference", "group_settled", "block", "rollup", "rollup_hour", "deployment"):
        statement = f"SELECT * FROM {table} ORDER BY 1, 2"
        assert rows(tmp_path / "indexer.db", statement) == rows(tmp_path / "fresh.db", statement)


def test_changes_of_the_registries_are_recorded(devnet: Devnet, arguments: list[str], tmp_path: Path) -> None:
    """The enclave's key that backs a group is found among the registry's events."""
    settle_examples(devnet)
    assert run("sync", "--once", *arguments) == 0
    path = tmp_path / "indexer.db"
    events = {name for (name,) in rows(path, "SELECT DISTINCT event FROM registry_event")}
    assert events >= {"RouteAdded", "RouteActivated", "ModelRegistered", "EnclaveRegistered"}
    (found,) = rows(
        path,
        "SELECT registry_event.arguments FROM group_settled"
        " JOIN registry_event ON subject = key AND event = 'EnclaveRegistered'",
    )
    said = json.loads(found[0])
    assert said["key"] == f"0x{key_name(devnet.accounts.enclave).hex()}"
    assert (said["prover"], said["development"]) == (devnet.accounts.prover.address.lower(), True)


def test_follows_new_blocks(devnet: Devnet, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    settle(devnet, signed_group(devnet, Tier.SIGNED, free_receipts(1, 2)))
    assert run("sync", "--once", *arguments) == 0
    settle(devnet, signed_group(devnet, Tier.SIGNED, free_receipts(3)))
    assert run("sync", "--once", *arguments) == 0
    assert " 1 new inferences, 2 events\n" in capsys.readouterr().out
    assert run("sync", "--once", *arguments) == 0
    assert "no new blocks after block" in capsys.readouterr().out
