"""A cluster that speaks TLS, with certificates on both sides."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from batches import batch_of_iris
from certificates import make_certificates
from clusters import Cluster, run_cluster, until
from prover_service import cache_dir

from prover.workers.cluster import ClusterProofs
from prover.workers.errors import ClusterFilesError, ClusterUnreachableError
from prover.workers.tls import TlsFiles
from prover.zkml.circuit import prepare_circuit
from prover.zkml.prove import prove_batch

TIMEOUT_S = 60.0


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_certificates(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture(scope="module")
def cluster(certificates: TlsFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    options = ["--tls-ca-file", str(certificates.ca)]
    options += ["--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key)]
    folder = tmp_path_factory.mktemp("cluster")
    with run_cluster(folder, "left", protocol="tls", options=options) as running:
        yield running


def test_a_proof_is_made_over_tls(cluster: Cluster, certificates: TlsFiles) -> None:
    circuit = prepare_circuit(batch_of_iris(4, 13), cache_dir(), print)
    engine = ClusterProofs(cluster.address, certificates)
    until(lambda: engine.slots() == 1)
    made = engine.submit(prove_batch, circuit, [(5.1, 3.5, 1.4, 0.2)], TIMEOUT_S).result(TIMEOUT_S)
    assert len(made.runs) == 1
    engine.shutdown()


def test_nobody_without_a_certificate_gets_in(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(ClusterFilesError, match="a file is missing"):
        ClusterProofs(cluster.address)
    with pytest.raises(ClusterUnreachableError):
        ClusterProofs(cluster.address.replace("tls://", "tcp://"), connect_timeout_s=3)
    with pytest.raises(ClusterUnreachableError):
        ClusterProofs(cluster.address, make_certificates(tmp_path, "strangers"), connect_timeout_s=3)


def test_a_scheduler_of_another_ca_is_refused(
    cluster: Cluster, certificates: TlsFiles, tmp_path: Path
) -> None:
    strangers = make_certificates(tmp_path, "strangers")
    with pytest.raises(ClusterUnreachableError):
        ClusterProofs(
            cluster.address, dataclasses.replace(certificates, ca=strangers.ca), connect_timeout_s=3
        )


def test_certificates_must_be_there_and_used(certificates: TlsFiles, tmp_path: Path) -> None:
    with pytest.raises(ClusterFilesError, match="begins with tls://"):
        ClusterProofs("tcp://127.0.0.1:8786", certificates)
    missing = dataclasses.replace(certificates, key=tmp_path / "gone.pem")
    with pytest.raises(ClusterFilesError, match=r"gone.pem is not there"):
        ClusterProofs("tls://127.0.0.1:8786", missing)
