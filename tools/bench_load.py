"""Official x402 clients that pay at the same time, and what they saw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
from eth_account.signers.local import LocalAccount
from x402 import x402Client
from x402.http import x402HTTPClient
from x402.http.clients import x402HttpxClient
from x402.http.utils import decode_payment_response_header
from x402.mechanisms.evm.batch_settlement.client import BatchSettlementEvmScheme
from x402.mechanisms.evm.exact import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme

BODY = {"input": [5.1, 3.5, 1.4, 0.2]}
TIMEOUT_S = 300.0
_SCHEMES: dict[str, Any] = {
    "upto": UptoEvmScheme,
    "exact": ExactEvmScheme,
    "batch-settlement": BatchSettlementEvmScheme,
}

Pay = Callable[[], Awaitable[httpx.Response]]
"""Sends one request and pays for it."""


class LoadError(Exception):
    """A service did not take the payments; the message says what it answered."""


@dataclass(frozen=True)
class Sample:
    """One paid request."""

    ended_s: float
    """On the clock of the measurement."""
    seconds: float
    """From sending to the answer; of one that was given up, as long as it had waited."""
    transaction: str
    """That settled it; empty when it is settled later, or was given up."""
    answered: bool


@dataclass(frozen=True)
class Load:
    """What the clients saw in a window of time."""

    window_s: float
    samples: Sequence[Sample]

    @property
    def answered(self) -> list[Sample]:
        """Those that were answered in the window."""
        return [sample for sample in self.samples if sample.answered and 0 <= sample.ended_s <= self.window_s]

    @property
    def per_second(self) -> float:
        """Paid requests that were answered in a second."""
        return len(self.answered) / self.window_s

    def percentile_s(self, percent: int) -> float:
        """Seconds within which so many of the requests were answered that ended in the window or later."""
        seconds = sorted(sample.seconds for sample in self.samples if sample.ended_s >= 0)
        return seconds[min(len(seconds) - 1, len(seconds) * percent // 100)]


def official_client(account: LocalAccount, scheme: str) -> x402Client:
    """The official client, which knows one scheme, so that it chooses that one."""
    client = x402Client()
    client.register("eip155:*", _SCHEMES[scheme](EthAccountSigner(account)))
    return client


async def closed_loop(pays: Sequence[Pay], ramp_s: float, window_s: float) -> Load:
    """Each client pays again as soon as it has its answer. What happens in the first `ramp_s` is left out."""
    begin_s = time.perf_counter() + ramp_s
    samples: list[Sample] = []

    async def client(pay: Pay) -> None:
        while time.perf_counter() < begin_s + window_s:
            samples.append(await _sample(pay, begin_s, begin_s + 2 * window_s))

    await asyncio.gather(*(client(pay) for pay in pays))
    return Load(window_s, samples)


async def paced(pays: Sequence[Pay], interval_s: float, rounds: int) -> Load:
    """Each client pays once in an interval, spread evenly over it; the first round is left out."""
    begin_s = time.perf_counter() + interval_s
    samples: list[Sample] = []

    async def client(pay: Pay, offset_s: float) -> None:
        for number in range(rounds + 1):
            due_s = begin_s + (number - 1) * interval_s + offset_s
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
            sample = await _sample(pay, begin_s, due_s + TIMEOUT_S)
            if number:
                samples.append(sample)

    offsets = (interval_s * index / len(pays) for index in range(len(pays)))
    await asyncio.gather(*(client(pay, offset) for pay, offset in zip(pays, offsets, strict=True)))
    return Load(rounds * interval_s, samples)


async def signing_clients(
    stack: AsyncExitStack, accounts: Sequence[LocalAccount], url: str, scheme: str
) -> list[Pay]:
    """Clients that ask, sign and send, as an application does: two HTTP requests for each payment."""

    def payer(http: httpx.AsyncClient) -> Pay:
        return lambda: http.post(url, json=BODY)

    return [
        payer(
            await stack.enter_async_context(
                x402HttpxClient(official_client(account, scheme), timeout=TIMEOUT_S)
            )
        )
        for account in accounts
    ]


async def signed_before(
    stack: AsyncExitStack, accounts: Sequence[LocalAccount], url: str, scheme: str, count: int
) -> list[Pay]:
    """Clients that send what they signed before: `count` payments each, of one HTTP request."""
    http = await stack.enter_async_context(
        httpx.AsyncClient(timeout=TIMEOUT_S, limits=httpx.Limits(max_connections=None))
    )
    asked = await http.post(url, json=BODY)

    async def payer(account: LocalAccount) -> Pay:
        client = x402HTTPClient(official_client(account, scheme))
        required = client.get_payment_required_response(asked.headers.get, None)
        signer = official_client(account, scheme)
        headers = [
            client.encode_payment_signature_header(await signer.create_payment_payload(required))
            for _ in range(count)
        ]
        return lambda: http.post(url, json=BODY, headers=headers.pop())

    return [await payer(account) for account in accounts]


async def _sample(pay: Pay, begin_s: float, give_up_s: float) -> Sample:
    sent_s = time.perf_counter()
    try:
        response = await asyncio.wait_for(pay(), max(0.0, give_up_s - sent_s))
    except (TimeoutError, httpx.TransportError):
        now_s = time.perf_counter()
        return Sample(now_s - begin_s, now_s - sent_s, "", False)
    ended_s = time.perf_counter()
    if response.status_code != httpx.codes.OK:
        raise LoadError(f"{response.status_code}: {response.text[:300]} {dict(response.headers)}")
    settled = decode_payment_response_header(response.headers["PAYMENT-RESPONSE"])
    return Sample(ended_s - begin_s, ended_s - sent_s, settled.transaction, True)
