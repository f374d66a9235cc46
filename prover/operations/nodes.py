"""Asks the nodes how things stand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from prover.operations.standing import ChainStanding
from veritally.chain import Chain
from veritally.deployment import Deployment
from veritally.route_setup import route_entry, status_word
from veritally.routes import ROUTE_OF
from veritally.tiers import Tier
from veritally.transactions.errors import EndpointError, NoEndpointError
from veritally.transactions.lease import Key
from veritally.transactions.node import Node

TIMEOUT_S = 5.0

ValidUntil = Callable[[], Mapping[str, int]]
"""By model: unix time at which the enclave's key expires."""


def no_enclaves() -> Mapping[str, int]:
    """For a prover without the tier TEE."""
    return {}


class ChainWatch:
    """The nodes of one chain, and what matters of it to one prover."""

    def __init__(
        self,
        key: Key,
        rpc_urls: Sequence[str],
        deployment: Deployment,
        tiers: Iterable[Tier],
        valid_until: ValidUntil = no_enclaves,
    ) -> None:
        """`tiers` are those that are offered."""
        self._key = key
        self._urls = tuple(rpc_urls)
        self._nodes = [Node(url, TIMEOUT_S) for url in rpc_urls]
        self._deployment = deployment
        self._tiers = tuple(tiers)
        self._valid_until = valid_until

    def read(self) -> ChainStanding:
        """How the chain stands, by the first node that answers. The others are only tried.

        Raises:
            NoEndpointError: none of them answers for the right chain.
            ChainUnreachableError: it stops answering meanwhile.
        """
        problems = {node.host: self._problem(node) for node in self._nodes}
        answering = next((node for node in self._nodes if problems[node.host] is None), None)
        if answering is None:
            raise NoEndpointError(self._key.chain_id, [f"{host}: {said}" for host, said in problems.items()])
        try:
            return self._read(answering, problems)
        except EndpointError as error:
            raise NoEndpointError(self._key.chain_id, [str(error)]) from None

    def _read(self, node: Node, problems: Mapping[str, str | None]) -> ChainStanding:
        chain = Chain.connect(self._urls[self._nodes.index(node)])
        head, head_time_s, now_s = node.head(), chain.time_s(), time.time()
        return ChainStanding(
            problems=problems,
            head_number=head.number,
            head_age_s=max(0.0, now_s - head_time_s),
            balance_wei=node.balance_wei(self._key.sender),
            chain_nonce=node.transaction_count(self._key.sender, head.number),
            base_fee_wei=head.base_fee_wei,
            routes=self._routes(chain),
            enclave_valid_s={model: until_s - now_s for model, until_s in self._valid_until().items()},
        )

    def _routes(self, chain: Chain) -> dict[str, str]:
        router = chain.contract("VerifierRouter", self._deployment.router)
        with chain.reading():
            return {tier.label: status_word(route_entry(router, ROUTE_OF[tier])) for tier in self._tiers}

    def _problem(self, node: Node) -> str | None:
        try:
            served = node.chain_id()
        except EndpointError as error:
            return str(error).removeprefix(f"{node.host}: ")
        return None if served == self._key.chain_id else f"serves chain {served}"
