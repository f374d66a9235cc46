"""The node is lost at some moment: nobody is told what is not known, and its access key is never shown."""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from models import MODEL_ID
from prover_service import (
    IRIS_INPUT,
    PRICES,
    TIMEOUT_S,
    environment,
    run_service,
    settled_count,
    sign_payment,
)
from relay import KEY, Relay, relayed
from settling import enclave, free, new_pipeline, settler

import veritally.chain
from prover.cli import main
from prover.jobs.job import JobState
from veritally.chain import Chain
from veritally.devnet import Devnet
from veritally.tiers import Tier

BODY = {"input": IRIS_INPUT}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for receipts that never come are short."""
    monkeypatch.setattr(veritally.chain, "MINED_TIMEOUT_S", 1.0)


@pytest.fixture
def relay(devnet: Devnet) -> Iterator[tuple[str, Relay]]:
    with relayed(devnet.rpc_url) as running:
        yield running


@pytest.fixture
def nothing_shown(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Neither output nor logs show the key, whatever the level of the program's own logs."""
    caplog.set_level(logging.INFO)
    yield
    captured = capfd.readouterr()
    assert KEY not in captured.out + captured.err
    assert KEY not in caplog.text


def through(devnet: Devnet, url: str) -> Devnet:
    """The same chain, asked at `url`."""
    return dataclasses.replace(devnet, chain=Chain.connect(url))


@pytest.mark.parametrize(
    ("method", "state", "has_hash"),
    [
        ("eth_simulateV1", JobState.EVIDENCED, False),
        ("eth_sendRawTransaction", JobState.UNKNOWN, True),
        ("eth_getTransactionReceipt", JobState.SUBMITTED, True),
    ],
)
def test_while_settling_nothing_is_said_that_is_not_known(
    devnet: Devnet,
    relay: tuple[str, Relay],
    nothing_shown: None,
    method: str,
    state: JobState,
    has_hash: bool,
) -> None:
    url, node = relay
    with new_pipeline(through(devnet, url)) as running:
        node.lose_at(method)
        inference = free(devnet, 1)
        job_id = running.compute(inference.order(devnet), inference.computed)
        (outcome,) = running.await_over([job_id], timeout_s=3.0)
        assert outcome.state in (state, JobState.COMPUTED)
        assert outcome.transaction.startswith("0x") == has_hash
        node.find_again()
        (outcome,) = running.await_over([job_id], timeout_s=30.0)
    assert outcome.state.is_settled
    assert settled_count(devnet) == 1


@pytest.mark.parametrize("mishap", [Relay.swallow_answer_of, Relay.double])
def test_a_transaction_that_was_accepted_without_our_hearing_it_is_found(
    devnet: Devnet,
    relay: tuple[str, Relay],
    nothing_shown: None,
    mishap: Callable[[Relay, str], None],
) -> None:
    url, node = relay
    prover = settler(through(devnet, url))
    mishap(node, "eth_sendRawTransaction")
    (outcome,) = prover.settle([free(devnet, 1)])
    assert outcome.state.is_settled
    assert settled_count(devnet) == 1


def test_a_receipt_that_was_settled_already_may_not_be_looked_up_but_is_not_called_unsettled(
    devnet: Devnet, relay: tuple[str, Relay], nothing_shown: None
) -> None:
    url, node = relay
    assert settler(devnet).settle([free(devnet, 1)])[0].state.is_settled
    prover = settler(through(devnet, url))
    node.lose_at("eth_getLogs")
    (outcome,) = prover.settle([free(devnet, 1)], timeout_s=2.0)
    assert not outcome.state.is_over


def test_a_refusal_of_the_node_is_shown_without_its_key(
    devnet: Devnet, relay: tuple[str, Relay], nothing_shown: None
) -> None:
    url, node = relay
    prover = settler(through(devnet, url))
    node.complain_at("eth_sendRawTransaction")
    (outcome,) = prover.settle([free(devnet, 1)], timeout_s=3.0)
    assert outcome.state is JobState.UNKNOWN
    assert outcome.reason is not None
    assert "key *** has no access" in outcome.reason.message


def test_an_enclave_without_the_chains_time_backs_nothing_and_nothing_is_sent(
    devnet: Devnet, relay: tuple[str, Relay], nothing_shown: None
) -> None:
    url, node = relay
    keeper = enclave(through(devnet, url))
    keeper.ensure_registered()
    sent = node.methods.count("eth_sendRawTransaction")
    prover = settler(through(devnet, url), {MODEL_ID: keeper})
    with_enclave = free(devnet, 1, Tier.TEE)
    keeper.ensure_registered()
    (outcome,) = prover.settle(
        [with_enclave], timeout_s=3.0, before=lambda: node.lose_at("eth_getBlockByNumber")
    )
    assert outcome.state is JobState.COMPUTED
    assert node.methods.count("eth_sendRawTransaction") == sent


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "method", ["eth_chainId", "eth_getCode", "eth_call", "eth_estimateGas", "eth_sendRawTransaction"]
)
def test_serve_ends_with_one_clear_line(
    devnet: Devnet,
    relay: tuple[str, Relay],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    method: str,
) -> None:
    url, node = relay
    node.lose_at(method)
    for name, value in environment(devnet, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VERITALLY_PROVER_RPC_URL", url)
    monkeypatch.setattr(sys, "argv", ["veritally-prover", "serve"])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    *logged, line = captured.err.strip().splitlines()
    assert all("[warning" in entry for entry in logged)
    assert ended.value.code == 3
    assert line.startswith("veritally-prover: ")
    assert KEY not in captured.out + captured.err


async def test_a_running_service_says_so_and_settles_when_the_node_is_back(
    devnet: Devnet,
    relay: tuple[str, Relay],
    tmp_path: Path,
    nothing_shown: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(veritally.chain, "MINED_TIMEOUT_S", 60.0)
    url, node = relay
    payer = devnet.accounts.payers[0]
    before = devnet.usdc_balance_base_units(payer.address)
    with run_service(devnet, tmp_path, rpc_url=url, answer_timeout_s=2.0) as service:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
            tee, signed = service.infer_url("tee"), service.infer_url("signed")
            headers = [await sign_payment(http, payer, target) for target in (tee, signed)]
            node.lose_at("eth_simulateV1")
            pending = await http.post(tee, json=BODY, headers=headers[0])
            refused = await http.post(signed, json=BODY, headers=headers[1])
            health = await http.get(f"{service.url}/healthz")
            assert devnet.usdc_balance_base_units(payer.address) == before
            node.find_again()
            for _ in range(10):
                again = await http.post(tee, json=BODY, headers=headers[0])
                if again.status_code == 200:
                    break
    assert (pending.status_code, pending.json()["error"]["code"]) == (402, "settlement_pending")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "chain_unreachable")
    assert health.status_code == 503
    for answer in (pending, refused, health):
        assert "output" not in answer.text
        assert KEY not in answer.text + str(answer.headers)
    assert again.status_code == 200
    assert before - devnet.usdc_balance_base_units(payer.address) == PRICES["tee"]
