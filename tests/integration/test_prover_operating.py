"""What an operator sees of a running service, and how it is steered."""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import Iterator

import httpx
import pytest
from eth_account.signers.local import LocalAccount
from operating import Operated, await_that, operated, run_command
from prover_service import BODY, environment, official_client, settled_count
from relay import KEY, Relay, relayed
from restoring import restored
from x402.http.clients import x402HttpxClient

from veritally.devnet import Devnet

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def relay(devnet: Devnet) -> Iterator[tuple[str, Relay]]:
    """A node at a URL with a key."""
    with relayed(devnet.rpc_url) as found:
        yield found


@pytest.fixture(scope="module")
def service(
    devnet: Devnet, tmp_path_factory: pytest.TempPathFactory, relay: tuple[str, Relay]
) -> Iterator[Operated]:
    """One service for all tests of the file; the last one ends it. It settles when it is told to."""
    folder = tmp_path_factory.mktemp("operated")
    settings = environment(devnet, folder, rpc_url=relay[0], batch_window_s="120", batch_max_age_s="120")
    with restored(devnet), operated(settings, folder) as running:
        yield running


async def pay(service: Operated, payer: LocalAccount, tier: str) -> httpx.Response:
    async with x402HttpxClient(official_client(payer), timeout=240) as client:
        return await client.post(f"{service.url}/v1/{tier}/models/iris/infer", json=BODY)


async def pay_and_settle(service: Operated, payer: LocalAccount) -> httpx.Response:
    """Without the command the answer would come after two minutes."""
    paid = asyncio.create_task(pay(service, payer, "signed"))
    while not service.status()["book"]["open_jobs"].get("computed"):
        assert not paid.done(), (await paid).text
        await asyncio.sleep(0.05)
    done = await asyncio.to_thread(service.command, "settle", "--now")
    assert done.returncode == 0, done.stderr
    return await paid


def figure(text: str, series: str) -> float:
    """A figure of the metrics by its name with labels, as it stands there."""
    (found,) = re.findall(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return float(found)


def test_settle_now_sends_what_waits_and_status_and_metrics_tell_what_was_earned(
    service: Operated, devnet: Devnet, payer: LocalAccount
) -> None:
    assert asyncio.run(pay_and_settle(service, payer)).status_code == 200
    standing = service.status()
    assert (standing["running"], standing["ready"], standing["problems"]) == (True, True, [])
    assert standing["book"]["jobs"] in ({"mined": 1}, {"final": 1})
    assert standing["book"]["earned_base_units"] == {devnet.usdc: "1000"}
    assert int(standing["book"]["gas_wei"]) > 0
    assert standing["chain"]["routes"] == {"signed": "active", "tee": "active", "zkml": "active"}
    assert 6 * 86_400 < standing["chain"]["enclave_valid_s"]["iris"] < 8 * 86_400
    assert int(standing["chain"]["balance_wei"]) == devnet.chain.w3.eth.get_balance(
        devnet.accounts.prover.address
    )
    await_that(lambda: "earned_base_units_last_day{" in service.metrics(), "the figures are renewed")
    text = service.metrics()
    assert figure(text, "veritally_prover_ready") == 1
    assert figure(text, f'veritally_prover_earned_base_units_last_day{{asset="{devnet.usdc}"}}') == 1000
    assert figure(text, 'veritally_prover_http_requests_total{paid="yes",status="200"}') == 1
    assert figure(text, 'veritally_prover_http_requests_total{paid="no",status="402"}') == 1
    assert figure(text, 'veritally_prover_route_active{tier="zkml"}') == 1
    page = service.command("status")
    assert page.returncode == 0
    assert page.stdout.startswith("ready")
    assert f"1000 of {devnet.usdc}" in page.stdout


def test_a_lost_node_makes_it_not_ready_and_shows_no_key_anywhere(
    service: Operated, devnet: Devnet, relay: tuple[str, Relay]
) -> None:
    assert service.ready().status_code == 200
    relay[1].lose()
    await_that(lambda: service.ready().status_code == 503, "it is not ready", timeout_s=30)
    shown = service.command("status")
    assert shown.returncode == 3
    assert "no node of chain 84532 answers: 127.0.0.1" in shown.stdout
    assert service.command("doctor").returncode == 1
    everything = [
        service.said(),
        service.metrics(),
        service.ready().text,
        service.command("status", "--json").stdout,
        *(result.stdout + result.stderr for result in (shown, service.command("doctor"))),
        service.command("config", "show").stdout,
        run_command(service.environment, "models").stderr,
    ]
    assert all(everything)
    for text in everything:
        assert KEY not in text
        assert devnet.accounts.prover.key.hex() not in text.lower()
    relay[1].find_again()
    await_that(lambda: service.ready().status_code == 200, "it is ready again", timeout_s=60)


def test_only_the_operator_may_steer_and_one_service_uses_a_folder(service: Operated) -> None:
    assert stat.S_IMODE((service.state_dir / "control.sock").stat().st_mode) == 0o600
    assert service.command("settle").returncode == 2
    second = service.command("--set", "port=0", "--set", "metrics_port=0", "serve")
    assert second.returncode == 2
    assert f"state folder {service.state_dir}: another service uses it" in second.stderr
    taken = service.command("--set", f"state_dir={service.state_dir}/other", "serve")
    assert taken.returncode == 2
    assert "VERITALLY_PROVER_PORT: cannot listen on 127.0.0.1:" in taken.stderr


def test_drain_finishes_what_runs_refuses_what_comes_and_ends(
    service: Operated, devnet: Devnet, payer: LocalAccount
) -> None:
    async def drain_while_a_proof_is_made() -> tuple[httpx.Response, httpx.Response, str]:
        paid = asyncio.create_task(pay(service, payer, "zkml"))
        while not service.status()["book"]["open_jobs"]:
            assert not paid.done(), (await paid).text
            await asyncio.sleep(0.05)
        drained = asyncio.create_task(asyncio.to_thread(service.command, "drain"))
        while True:
            refused = await pay(service, payer, "signed")
            if refused.status_code == 503:
                break
        return await paid, refused, (await drained).stdout

    settled_before = settled_count(devnet)
    paid, refused, said = asyncio.run(drain_while_a_proof_is_made())
    assert paid.status_code == 200
    assert refused.json()["error"]["code"] == "stopping"
    assert refused.headers["Retry-After"]
    assert said.rstrip().endswith("everything is settled; the service has ended")
    assert service.process.wait(10) == 0
    assert service.said().rstrip().endswith("stopped")
    assert settled_count(devnet) > settled_before
    after = service.command("status", "--json")
    assert after.returncode == 3
    assert '"the service is not running"' in after.stdout
    assert service.command("drain").returncode == 3
