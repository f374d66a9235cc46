"""One deployment as each of the endpoints shows it."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.chain import Heads, SettlementChain
from indexer.counters import next_seq_call
from indexer.decode import INDEXED_CONTRACTS, EventDecoder
from indexer.endpoints import NOT_ANSWERED, Endpoints
from indexer.errors import EndpointsDisagreeError, FinalBlockChangedError, NodeBehindError
from indexer.ranges import RangeReader
from indexer.rpc import JsonRpc
from veritally.deployment import Deployment


@dataclass(frozen=True)
class Source:
    """The deployment through one endpoint. Whatever must fit together is read through one source."""

    chain: SettlementChain
    reader: RangeReader

    @property
    def name(self) -> str:
        """Of the endpoint, without path and key."""
        return self.chain.rpc.shown_url


class Sources:
    """The deployment through all endpoints."""

    def __init__(self, endpoints: Endpoints, deployment: Deployment, most_blocks: int) -> None:
        """`most_blocks` limits a range."""
        contracts = {name: bytes.fromhex(deployment.address_of(name)[2:]) for name in INDEXED_CONTRACTS}
        self.endpoints = endpoints
        self.decoder = EventDecoder(contracts)
        self.first_block = deployment.first_block
        self.chain_id, self.settlement = deployment.chain_id, contracts["Settlement"]
        self._by_node: dict[JsonRpc, Source] = {}
        for node in endpoints.in_order():
            chain = SettlementChain(node, self.chain_id, self.settlement)
            reader = RangeReader(chain, contracts, next_seq_call(), most_blocks)
            self._by_node[node] = Source(chain, reader)
        self._checked: set[JsonRpc] = set()
        self._agreed_final = -1

    def __len__(self) -> int:
        return len(self._by_node)

    def in_order(self) -> list[Source]:
        """All of them, the one in use first."""
        return [self._by_node[node] for node in self.endpoints.in_order()]

    def others(self, source: Source) -> list[Source]:
        """Those besides this one whose endpoints did not fail just now."""
        return [self._by_node[node] for node in self.endpoints.others(source.chain.rpc)]

    def of(self, node: JsonRpc) -> Source:
        """The one through this node."""
        return self._by_node[node]

    def use(self, source: Source) -> None:
        """Goes on with this one."""
        self.endpoints.use(source.chain.rpc)

    def failed(self, source: Source) -> None:
        """Remembers that its endpoint gave no usable answer."""
        self.endpoints.failed(source.chain.rpc)

    def require_chain(self) -> None:
        """Checks that every endpoint that answers serves the deployment's chain.

        Raises:
            WrongChainError: one serves another.
            RpcUnreachableError, RpcAnswerError: of the preferred one; none answers.
        """
        first: Exception | None = None
        for source in self.in_order():
            try:
                self.require_chain_of(source)
            except NOT_ANSWERED as error:
                self.failed(source)
                first = first or error
        if first is not None and not self._checked:
            raise first

    def require_chain_of(self, source: Source) -> None:
        """Checks the chain of an endpoint, once.

        Raises:
            WrongChainError: it serves another one than the deployment's.
        """
        if source.chain.rpc not in self._checked:
            source.chain.require_chain_id()
            self._checked.add(source.chain.rpc)

    def heads(self, source: Source) -> Heads:
        """How far the chain is; a final block before the first one with events says nothing.

        Raises:
            NodeBehindError: the node lacks the deployment's first block.
            EndpointsDisagreeError: another endpoint has another block where both say that it is final.
        """
        heads = source.chain.heads()
        if heads.latest < self.first_block:
            raise NodeBehindError(source.name, self.first_block, heads.latest)
        if heads.final < self.first_block:
            return Heads(heads.latest, -1)
        if heads.final > self._agreed_final:
            for other in self.others(source):
                self._require_agreement(source, other, heads.final)
            self._agreed_final = heads.final
        return heads

    def require_changed(self, source: Source, error: FinalBlockChangedError) -> None:
        """Checks that no other endpoint still has the final block that has changed at this one.

        Raises:
            EndpointsDisagreeError: one has it.
        """
        number = error.final_block
        for other in self.others(source):
            try:
                (block,) = other.chain.blocks([number])
            except NOT_ANSWERED:
                self.failed(other)
                continue
            if block.hash == error.stored_hash:
                raise EndpointsDisagreeError(number, number, "the hash", source.name, other.name)

    def _require_agreement(self, source: Source, other: Source, final: int) -> None:
        try:
            self.require_chain_of(other)
            both_final = min(final, other.chain.heads().final)
            if both_final < self.first_block:
                return
            (theirs,) = other.chain.blocks([both_final])
        except NOT_ANSWERED:
            self.failed(other)
            return
        (ours,) = source.chain.blocks([both_final])
        if ours.hash != theirs.hash:
            raise EndpointsDisagreeError(both_final, both_final, "the hash", source.name, other.name)
