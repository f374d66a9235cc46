"""Which node serves which chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.chain import read_chain_id
from indexer.endpoints import Endpoints
from indexer.errors import NoNodeError, NotReadyError
from indexer.rpc import JsonRpc
from veritally.deployment import Deployment

ONE_NODE = (
    "only one node: events without a number that it leaves out are not noticed; "
    "add another one with --rpc-url, see docs/verify.md"
)
"""What is said when nothing can be compared."""


@dataclass(frozen=True)
class Nodes:
    """RPC URLs by the chain that they serve."""

    urls: dict[int, list[str]]
    problems: list[str]
    """One sentence for each URL that gave no answer."""

    def of(self, chain_id: int) -> list[str]:
        """The URLs that serve a chain.

        Raises:
            NoNodeError: there is none.
        """
        if chain_id not in self.urls:
            raise NoNodeError(chain_id, self.problems)
        return self.urls[chain_id]


def connect(rpc_urls: Sequence[str]) -> Endpoints:
    """The nodes of one chain: one is read through, the others step in and give second opinions.

    Raises:
        SettingsError: a URL is unusable, or comes twice.
    """
    return Endpoints.of_urls(rpc_urls)


def nodes_of(chain_ids: Iterable[int], rpc_urls: Sequence[str]) -> Nodes:
    """The nodes of each chain: all of them when there is one chain, else those that say so when asked."""
    wanted = set(chain_ids)
    if len(wanted) == 1:
        return Nodes({wanted.pop(): list(rpc_urls)}, [])
    found = Nodes({}, [])
    for url in rpc_urls:
        rpc = JsonRpc(url)
        try:
            found.urls.setdefault(read_chain_id(rpc), []).append(url)
        except NotReadyError as error:
            found.problems.append(str(error))
        finally:
            rpc.close()
    return found


def connect_all(files: Sequence[Path], rpc_urls: Sequence[str]) -> list[tuple[Deployment, Endpoints]]:
    """The deployments of the files, each with the nodes of its chain.

    Raises:
        NoNodeError: none of the nodes serves the chain of a deployment.
    """
    deployments = [Deployment.load(file) for file in files]
    nodes = nodes_of((deployed.chain_id for deployed in deployments), rpc_urls)
    return [(deployed, connect(nodes.of(deployed.chain_id))) for deployed in deployments]
