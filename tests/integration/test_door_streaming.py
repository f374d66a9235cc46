"""Answers in parts: the payment is told first, the receipt last."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
import pytest
from attacking import header, new_payer, post, signed
from eth_account.signers.local import LocalAccount
from prover_service import BODY, TIMEOUT_S, RunningService, run_service
from restoring import restored
from x402.http.utils import decode_payment_response_header

from prover.app import Parts
from prover.door.answers import Answer, Ask, Handler, charge
from prover.errors import EvidenceError
from prover.jobs.job import Computed, Order
from veritally.commitments import json_commitment
from veritally.devnet import Devnet
from veritally.tiers import Tier

PRICE, METERED = 5_000, 1_234
WORDS = (b"data: one\n\n", b"data: two\n\n", b"data: three\n\n")


class Words:
    """Says three words, one by one, as the tests allow it."""

    name, operation = "iris", "infer"
    max_body_bytes = 200_000
    prices_base_units: Mapping[Tier, int] = {Tier.SIGNED: PRICE}

    def __init__(self, networks: Handler) -> None:
        self.model_id = networks.model_id
        self._networks = networks
        self.spoken = 0
        self.fails_after: int | None = None
        self.pause_s = 0.0

    def longest_s(self, tier: Tier) -> float:
        return 10.0

    def ask(self, tier: Tier, body: bytes) -> Ask:
        return Ask(PRICE, streamed=True)

    async def run(self, order: Order) -> Answer:
        return self._speak(order)

    def to_json(self) -> dict[str, Any]:
        return self._networks.to_json()

    async def _speak(self, order: Order) -> AsyncIterator[bytes | Computed]:
        for number, word in enumerate(WORDS):
            if number == self.fails_after:
                raise EvidenceError("the upstream went away")
            self.spoken += 1
            yield word
            await asyncio.sleep(self.pause_s)
        request, response = {"body": order.body.decode()}, {"text": "one two three"}
        yield Computed(
            amount_base_units=charge(order, METERED),
            request_hash=json_commitment(request),
            response_hash=json_commitment(response),
            served_at_s=int(time.time()),
            response=json.dumps(response).encode(),
        )


@pytest.fixture(scope="module")
def service(devnet: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    def speaking(parts: Parts) -> Parts:
        return dataclasses.replace(parts, handlers=[Words(parts.handlers[0])])

    with restored(devnet), run_service(devnet, tmp_path_factory.mktemp("prover"), change=speaking) as running:
        yield running


@pytest.fixture
def words(service: RunningService) -> Iterator[Words]:
    handler = service.parts.handlers[0]
    assert isinstance(handler, Words)
    yield handler
    handler.spoken, handler.fails_after, handler.pause_s = 0, None, 0.0


@pytest.fixture
def payer(devnet: Devnet) -> LocalAccount:
    return new_payer(devnet)


def last_event(text: str) -> tuple[str, dict[str, Any]]:
    """Name and content of the event that ends a stream."""
    name, data = text.strip().split("\n\n")[-1].split("\n")
    content: dict[str, Any] = json.loads(data.removeprefix("data: "))
    return name.removeprefix("event: "), content


def test_each_handler_says_how_long_its_requests_may_be(service: RunningService) -> None:
    statuses = [
        httpx.post(service.infer_url("signed"), content=b" " * length).status_code
        for length in (Words.max_body_bytes, Words.max_body_bytes + 1)
    ]
    assert statuses == [402, 413]


async def test_parts_leave_as_they_come_and_the_receipt_is_last(
    service: RunningService, devnet: Devnet, payer: LocalAccount, words: Words
) -> None:
    words.pause_s = 0.2
    payload, parts = signed(service, payer, "upto"), list[bytes]()
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_S) as http,
        http.stream("POST", service.infer_url("signed"), json=BODY, headers=header(payload)) as answer,
    ):
        told = decode_payment_response_header(answer.headers["PAYMENT-RESPONSE"])
        assert (answer.status_code, told.success, told.transaction) == (200, True, "")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store, private"
        async for part in answer.aiter_raw():
            if not parts:
                assert words.spoken < 3
            parts.append(part)
    text = b"".join(parts)
    assert text.startswith(b"".join(WORDS))
    name, content = last_event(text.decode())
    assert (name, content["receipt"]["amount"]) == ("receipt", str(METERED))
    assert content["receipt"]["payer"] == payer.address
    assert await asyncio.to_thread(service.parts.settling.drain, 30)
    found = httpx.get(f"{service.url}/v1/receipts/{content['id']}").json()
    assert found["state"] in ("mined", "final")
    assert found["receipt"] == content["receipt"]
    assert devnet.usdc_balance_base_units(payer.address) == 1_000_000 - METERED


async def test_a_copy_of_a_streamed_request_runs_nothing_and_gets_the_whole(
    service: RunningService, payer: LocalAccount, words: Words
) -> None:
    payload = signed(service, payer, "upto")
    first, copy = [await post(service, payload) for _ in range(2)]
    assert words.spoken == 3
    assert last_event(copy.text) == last_event(first.text)
    assert '{"text": "one two three"}' in copy.text


async def test_a_stream_that_breaks_says_so_and_costs_nothing(
    service: RunningService, payer: LocalAccount, words: Words
) -> None:
    words.fails_after = 2
    reply = await post(service, signed(service, payer, "upto"))
    name, content = last_event(reply.text)
    assert (reply.status_code, name, content["error"]["code"]) == (200, "error", "inference_failed")
    job = httpx.get(f"{service.url}/v1/receipts/{content['error']['id']}").json()
    assert (job["state"], job["receipt"]) == ("released", None)


async def test_a_stream_that_never_begins_is_an_error(
    service: RunningService, payer: LocalAccount, words: Words
) -> None:
    words.fails_after = 0
    payload = signed(service, payer, "upto")
    failed = await post(service, payload)
    assert (failed.status_code, failed.json()["error"]["code"]) == (500, "inference_failed")
    assert "payment-response" not in failed.headers
    words.fails_after = None
    assert (await post(service, payload)).status_code == 200


async def test_a_client_that_hangs_up_stops_nothing_that_is_paid_for(
    service: RunningService, devnet: Devnet, payer: LocalAccount, words: Words
) -> None:
    words.pause_s = 0.3
    payload = signed(service, payer, "upto")
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_S) as http,
        http.stream("POST", service.infer_url("signed"), json=BODY, headers=header(payload)) as answer,
    ):
        await anext(answer.aiter_raw())
    words.pause_s = 0.0
    again = await post(service, payload)
    assert last_event(again.text)[0] == "receipt"
    assert words.spoken == 3
