"""Official x402 clients pay for tokens and for rows, over HTTP, from the offer to the chain."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from openai import AsyncOpenAI, UnprocessableEntityError
from prover_service import IRIS_INPUT, RunningService, official_client, run_service
from restoring import restored
from starlette.responses import Response
from upstreams import UpstreamServer, run_upstream, spoken, streaming, well_behaved
from x402.http.clients import x402HttpxClient
from x402.http.utils import decode_payment_required_header, decode_payment_response_header

from prover.settings import MODELS_DIRECTORY
from veritally.chat import chat_request_commitment, chat_response_commitment
from veritally.commitments import json_commitment
from veritally.devnet import Devnet

CARD = {
    "name": "chatty",
    "version": "1",
    "description": "talks",
    "upstream_model": "inner/model-7b",
    "revision": "abc",
    "provider": "this test",
    "context_tokens": 4096,
    "max_output_tokens": 64,
}
PRICES = 'request_usd = "0.0001"\ninput_usd_per_million_tokens = "1"\noutput_usd_per_million_tokens = "3"\n'
ASKED: dict[str, Any] = {
    "messages": [{"role": "user", "content": "What colour is the sky?"}],
    "max_tokens": 50,
}
COSTS = 100 + 21 + 3 * 5
ROWS = [IRIS_INPUT, [6.3, 3.3, 6.0, 2.5]]


@pytest.fixture(scope="module")
def upstream() -> Iterator[UpstreamServer]:
    with run_upstream() as played:
        yield played


@pytest.fixture(scope="module")
def service(
    devnet: Devnet, upstream: UpstreamServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """One with a language model, and with a network that takes rows."""
    folder = tmp_path_factory.mktemp("prover")
    (folder / "card.json").write_text(json.dumps(CARD), encoding="utf-8")
    file = folder / "chatty.toml"
    file.write_text(f'card = "card.json"\nurl = "{upstream.url}"\n[signed]\n{PRICES}[tee]\n{PRICES}')
    iris = shutil.copytree(MODELS_DIRECTORY / "iris", folder / "iris")
    described = json.loads((iris / "model.json").read_text(encoding="utf-8"))
    (iris / "model.json").write_text(json.dumps(described | {"max_rows": 2}), encoding="utf-8")
    with restored(devnet), run_service(devnet, folder, language_models=[file], models=[iris]) as running:
        yield running


@pytest.fixture
def payer(devnet: Devnet) -> LocalAccount:
    account: LocalAccount = Account.create()
    devnet.fund_usdc(account.address, 1_000_000)
    devnet.approve_permit2(account)
    return account


@pytest.fixture
def isolated() -> None:
    """The chain is not turned back under a running service."""


def chat_url(service: RunningService, tier: str = "signed") -> str:
    return f"{service.url}/v1/{tier}/models/chatty/chat/completions"


def model_of(service: RunningService, name: str) -> dict[str, Any]:
    models = httpx.get(f"{service.url}/v1/models").json()["models"]
    (found,) = (item for item in models if item["name"] == name)
    return dict(found)


def settled(devnet: Devnet, receipt_hash: str) -> Any:
    contract = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    logs = contract.events.InferenceSettled().get_logs(
        from_block=0, argument_filters={"receiptHash": receipt_hash}
    )
    return logs[0]["args"] if logs else None


def offered_base_units(answer: httpx.Response) -> int:
    required = decode_payment_required_header(answer.headers["PAYMENT-REQUIRED"])
    return int(required.accepts[0].amount)


@pytest.mark.parametrize("tier", ["signed", "tee"])
async def test_tokens_are_paid_for(
    service: RunningService, devnet: Devnet, payer: LocalAccount, tier: str
) -> None:
    before = devnet.usdc_balance_base_units(payer.address)
    most = offered_base_units(httpx.post(chat_url(service, tier), json=ASKED))
    async with service.paying(payer) as client:
        answer = await client.post(chat_url(service, tier), json=ASKED | {"model": "chatty"})
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert content["choices"][0]["message"]["content"] == "The sky is blue."
    receipt, model_id = content["receipt"], bytes.fromhex(model_of(service, "chatty")["model_id"][2:])
    assert receipt["request_hash"] == "0x" + chat_request_commitment(model_id, ASKED).hex()
    choice = content["choices"][0]
    committed = chat_response_commitment(choice["message"], choice["finish_reason"])
    assert receipt["response_hash"] == "0x" + committed.hex()
    assert receipt["amount"] == str(COSTS)
    assert settled(devnet, receipt["hash"])["payer"] == payer.address
    assert before - devnet.usdc_balance_base_units(payer.address) == COSTS < most
    assert decode_payment_response_header(answer.headers["PAYMENT-RESPONSE"]).amount == str(COSTS)


async def test_a_stream_is_paid_for(
    service: RunningService, devnet: Devnet, payer: LocalAccount, upstream: UpstreamServer
) -> None:
    before = devnet.usdc_balance_base_units(payer.address)
    upstream.answer = lambda _: streaming(spoken(), pause_s=0.05)
    async with (
        x402HttpxClient(official_client(payer), timeout=60) as client,
        client.stream("POST", chat_url(service), json=ASKED | {"stream": True}) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join([part async for part in answer.aiter_text()])
    events = [event.split("\n") for event in text.strip().split("\n\n")]
    assert events[-2] == ["data: [DONE]"]
    assert events[-1][0] == "event: receipt"
    receipt = json.loads(events[-1][1].removeprefix("data: "))["receipt"]
    words = [json.loads(event[0].removeprefix("data: ")) for event in events[:-2]]
    said = "".join(word["choices"][0]["delta"].get("content") or "" for word in words)
    committed = chat_response_commitment({"content": said}, "stop")
    assert receipt["response_hash"] == "0x" + committed.hex()
    assert receipt["amount"] == str(COSTS)
    for _ in range(200):
        if (event := settled(devnet, receipt["hash"])) is not None:
            break
        await asyncio.sleep(0.1)
    assert event["payer"] == payer.address
    assert before - devnet.usdc_balance_base_units(payer.address) == COSTS


async def test_an_openai_client_pays_with_its_http_client(
    service: RunningService, payer: LocalAccount, upstream: UpstreamServer
) -> None:
    upstream.answer = well_behaved
    client = AsyncOpenAI(
        base_url=f"{service.url}/v1/signed/models/chatty",
        api_key="none",
        http_client=x402HttpxClient(official_client(payer), timeout=60),
    )
    ask = partial(client.chat.completions.create, model="chatty", messages=ASKED["messages"], max_tokens=50)
    answer = await ask()
    assert answer.choices[0].message.content == "The sky is blue."
    assert answer.usage.total_tokens == 26
    assert answer.model_extra["receipt"]["amount"] == str(COSTS)
    said = [part.choices[0].delta.content or "" async for part in await ask(stream=True)]
    assert "".join(said) == "The sky is blue."
    with pytest.raises(UnprocessableEntityError, match="n must be 1"):
        await ask(n=2)
    await client.close()


async def test_what_cannot_be_metered_is_not_asked_to_be_paid(service: RunningService) -> None:
    answer = httpx.post(chat_url(service), json=ASKED | {"n": 3})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unusable_input")
    answer = httpx.post(chat_url(service, "zkml"), json=ASKED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "tier_not_offered")


async def test_an_upstream_that_fails_takes_no_payment(
    service: RunningService, devnet: Devnet, payer: LocalAccount, upstream: UpstreamServer
) -> None:
    before, good = devnet.usdc_balance_base_units(payer.address), upstream.answer
    upstream.answer = lambda _: Response(status_code=500)
    try:
        async with service.paying(payer) as client:
            answer = await client.post(chat_url(service), json=ASKED)
    finally:
        upstream.answer = good
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_failed")
    assert devnet.usdc_balance_base_units(payer.address) == before


async def test_each_row_is_paid_for(service: RunningService, devnet: Devnet, payer: LocalAccount) -> None:
    before = devnet.usdc_balance_base_units(payer.address)
    assert model_of(service, "iris")["input"]["max_rows"] == 2
    body = {"input": ROWS}
    assert offered_base_units(httpx.post(service.infer_url("signed"), json=body)) == 2_000
    assert offered_base_units(httpx.post(service.infer_url("signed"), json={"input": IRIS_INPUT})) == 1_000
    async with service.paying(payer) as client:
        answer = await client.post(service.infer_url("signed"), json=body)
    content = answer.json()
    assert content["label"] == ["setosa", "virginica"]
    model_id = model_of(service, "iris")["model_id"]
    committed = json_commitment({"input": ROWS, "model": model_id})
    assert content["receipt"]["request_hash"] == "0x" + committed.hex()
    assert settled(devnet, content["receipt"]["hash"])["payer"] == payer.address
    assert before - devnet.usdc_balance_base_units(payer.address) == 2_000
    refused = httpx.post(service.infer_url("zkml"), json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "unusable_input")
