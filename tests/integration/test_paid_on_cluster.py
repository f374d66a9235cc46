"""A paid request whose proof is made by a worker of a cluster, while another worker dies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from clusters import Cluster, provers_of, run_cluster, until
from prover_service import BODY, RunningService, run_service
from restoring import restored

from veritally.devnet import Devnet


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with run_cluster(tmp_path_factory.mktemp("cluster"), "left", "right") as running:
        yield running


@pytest.fixture(scope="module")
def service(
    devnet: Devnet, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    with (
        restored(devnet),
        run_service(devnet, tmp_path_factory.mktemp("prover"), cluster=cluster.address) as running,
    ):
        yield running


@pytest.fixture
def isolated() -> None:
    """The chain is not turned back under a running service."""


async def test_a_worker_that_dies_costs_nobody_anything(
    service: RunningService, cluster: Cluster, devnet: Devnet
) -> None:
    payer = devnet.accounts.payers[0]
    async with service.paying(payer) as client:
        paid = asyncio.create_task(client.post(service.infer_url("zkml"), json=BODY))
        await asyncio.to_thread(until, lambda: any(map(provers_of, cluster.workers.values())))
        busy = next(name for name, worker in cluster.workers.items() if provers_of(worker))
        cluster.kill(cluster.workers.pop(busy))
        answer = await paid
        again = await client.post(service.infer_url("zkml"), json=BODY)
    for reply in (answer, again):
        assert reply.status_code == 200, reply.text
        assert reply.json()["evidence"]["kind"] == "ezkl-proof"
    assert service.parts.proofs.figures().done == 2
