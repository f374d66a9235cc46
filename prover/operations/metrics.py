"""The figures for Prometheus: how things stand, and the requests that were answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prover.operations.standing import BookStanding, ChainStanding, Standing

PREFIX = "veritally_prover_"
_WEI_PER_ETHER = 1e18
_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_PAID = frozenset({b"payment-signature", b"x-payment"})

Labelled = dict[Any, float]
"""By the values of the labels."""


class Metrics:
    """All figures of one service."""

    def __init__(self, latest: Callable[[], Standing]) -> None:
        """`latest` says how things stand."""
        self._registry = CollectorRegistry()
        self._registry.register(_Standings(latest))
        ProcessCollector(namespace=PREFIX.rstrip("_"), registry=self._registry)
        self.requests = Counter(
            f"{PREFIX}http_requests",
            "Answers by HTTP status and whether the request carried a payment.",
            ("status", "paid"),
            registry=self._registry,
        )
        self.seconds = Histogram(
            f"{PREFIX}http_request_seconds",
            "Seconds from a request to the end of its answer.",
            ("paid",),
            buckets=_BUCKETS_S,
            registry=self._registry,
        )

    def text(self) -> bytes:
        """In the format of Prometheus."""
        return generate_latest(self._registry)

    def names(self) -> set[str]:
        """Of all series, as queries use them."""
        return {sample.name for metric in self._registry.collect() for sample in metric.samples}


class RequestMetrics:
    """ASGI middleware: counts and times what is answered. Paths are left out, since anybody makes them up."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began_s = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        paid = "yes" if any(name in _PAID for name, _ in scope["headers"]) else "no"
        try:
            await self._app(scope, receive, watched)
        finally:
            self._metrics.requests.labels(str(status), paid).inc()
            self._metrics.seconds.labels(paid).observe(time.perf_counter() - began_s)


class _Standings(Collector):
    def __init__(self, latest: Callable[[], Standing]) -> None:
        self._latest = latest

    def collect(self) -> Iterator[Metric]:
        standing = self._latest()
        yield _gauge("ready", "1 while paid requests are taken and can be settled.", standing.is_ready)
        yield _gauge("draining", "1 while no new requests are taken.", standing.draining)
        yield _gauge("standing_age_seconds", "Age of these figures.", time.time() - standing.at_s)
        if standing.book:
            yield from _book(standing.book)
        if standing.chain:
            yield from _chain(standing.chain)
        if standing.book and standing.chain and standing.book.next_nonce is not None:
            gap = standing.book.next_nonce - standing.chain.chain_nonce
            yield _gauge("nonces_ahead", "Transactions that are stored and in no block.", gap)


def _book(book: BookStanding) -> Iterator[Metric]:
    yield _labelled("jobs", "Paid requests by state.", ("state",), _one(book.jobs))
    by_tier = {
        (state, tier): float(count)
        for state, tiers in book.open_jobs.items()
        for tier, count in tiers.items()
    }
    yield _labelled("open_jobs", "Paid requests that are not over.", ("state", "tier"), by_tier)
    yield _labelled(
        "oldest_job_seconds", "Age of the oldest request of a state.", ("state",), _one(book.oldest_s)
    )
    yield _labelled(
        "not_settled_jobs", "Requests that were skipped or released.", ("code",), _one(book.reasons)
    )
    yield _labelled("proofs", "Proofs by state.", ("state",), _one(book.proofs))
    yield _labelled("transactions", "Transactions by state.", ("state",), _one(book.transactions))
    yield _gauge("transactions_in_flight", "Transactions that are signed and in no block.", book.in_flight)
    yield _gauge(
        "oldest_unconfirmed_seconds",
        "Age of the oldest transaction in no block.",
        book.oldest_unconfirmed_s,
    )
    yield _gauge("sender_paused", "1 while no transactions are sent.", book.paused is not None)
    yield _labelled(
        "earned_base_units_last_day",
        "Settled in the last day, in base units.",
        ("asset",),
        _one(book.earned_base_units),
    )
    yield _gauge("gas_ether_last_day", "Cost of the last day's transactions.", book.gas_wei / _WEI_PER_ETHER)


def _chain(chain: ChainStanding) -> Iterator[Metric]:
    up = {host: problem is None for host, problem in chain.problems.items()}
    yield _labelled("node_up", "1 while a node answers for the right chain.", ("host",), _one(up))
    yield _gauge("head_block", "Latest block.", chain.head_number)
    yield _gauge("head_age_seconds", "Seconds since the time of the latest block.", chain.head_age_s)
    yield _gauge("balance_ether", "Balance of the prover's account.", chain.balance_wei / _WEI_PER_ETHER)
    yield _gauge("base_fee_wei", "Base fee of the latest block.", chain.base_fee_wei)
    active = {tier: status == "active" for tier, status in chain.routes.items()}
    yield _labelled("route_active", "1 while the route of a tier verifies.", ("tier",), _one(active))
    yield _labelled(
        "enclave_key_valid_seconds",
        "Seconds until the enclave key of a model expires.",
        ("model",),
        _one(chain.enclave_valid_s),
    )


def _one(values: Mapping[str, Any]) -> Labelled:
    return {(name,): float(value) for name, value in values.items()}


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, text, value=float(value))


def _labelled(name: str, text: str, labels: tuple[str, ...], values: Labelled) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
