"""What keeps an enclave key from being registered, on a real chain."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from deploying import ACCOUNTS, MAINNET, MAINNET_SETTINGS, SETTINGS, Node, run_node
from enclaves_on_chain import DEBUG_PCRS, of_pcrs, registry_of, sent
from models import MODEL_ID, register_model, registrar
from prover_service import service_settings
from relay import relayed
from settling import free, settler, unaccepted_enclave, why

from prover.config import load_settings
from prover.connection import connect
from prover.enclave.drivers import SOFTWARE_PCRS, DriverName, make_source
from prover.enclave.enclave import Enclave
from prover.enclave.errors import (
    DebugEnclaveError,
    DocumentUnusableError,
    MeasurementNotAcceptedError,
    PlatformNotVerifiedError,
)
from prover.enclave.sources import NitroSource
from prover.errors import SettingError
from tests.reference.enclaves import SOFTWARE_MEASUREMENT, Enclaves
from tests.unit.attestation_devices import NitroSecureModule
from veritally.attestation.claims import Platform
from veritally.attestation.drivers.nsm import NsmDriver
from veritally.attestation.errors import DeviceMissingError, SoftwareRootRefusedError
from veritally.attestation.software_root import SoftwareRoot
from veritally.chain import Chain
from veritally.contract_table import DEVELOPMENT_ROOT
from veritally.deploy import deploy_contracts
from veritally.deployment import Deployment
from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node, set_code
from veritally.errors import ChainUnreachableError, TransactionFailedError
from veritally.tiers import Tier

BLOCK_HASHES = "0x0000F90827F1C53a10cb7A02335B175320002935"


@pytest.fixture(scope="module")
def attested() -> Iterator[tuple[Node, Deployment]]:
    """A development chain whose deployment is pinned to AWS."""
    with run_node(31337) as node:
        settings = dataclasses.replace(SETTINGS, development_root=None)
        yield node, deploy_contracts(node.chain, node.sender, settings)


def test_an_expired_challenge_is_refused(devnet: Devnet) -> None:
    """On a chain that tells the hashes of 256 blocks, as without the history contract of EIP-2935."""
    set_code(devnet.chain, BLOCK_HASHES, "0x")
    register_model(devnet)
    enclaves = Enclaves(devnet, devnet.accounts.prover.address, MODEL_ID)
    key = devnet.accounts.enclave
    old = enclaves.request(key)
    call_node(devnet.chain, "anvil_mine", 300)
    with pytest.raises(TransactionFailedError, match=rf"ChallengeUnknown\({old.challenge_block}, "):
        enclaves.register(key, old)
    enclaves.register(key)


def test_a_document_of_debug_mode_is_refused_before_anything_is_sent(devnet: Devnet) -> None:
    register_model(devnet)
    before = sent(devnet)
    with pytest.raises(DebugEnclaveError, match="debug mode"):
        of_pcrs(devnet, DEBUG_PCRS).measure()
    with pytest.raises(DebugEnclaveError, match="debug mode"):
        of_pcrs(devnet, DEBUG_PCRS).ensure_registered()
    assert sent(devnet) == before


def test_the_contract_refuses_debug_mode_as_well(devnet: Devnet, monkeypatch: pytest.MonkeyPatch) -> None:
    register_model(devnet)
    monkeypatch.setattr(NitroSource, "verify", lambda *_: None)
    with pytest.raises(TransactionFailedError, match=r"^register: DebugEnclave\(\)$"):
        of_pcrs(devnet, DEBUG_PCRS).ensure_registered()


def test_a_document_of_another_root_is_refused_by_both(
    devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_model(devnet)
    other = of_pcrs(devnet, SOFTWARE_PCRS, SoftwareRoot.generate(devnet.chain.chain_id))
    with pytest.raises(DocumentUnusableError, match="WrongRoot"):
        other.ensure_registered()
    monkeypatch.setattr(NitroSource, "verify", lambda *_: None)
    with pytest.raises(TransactionFailedError, match=r"^register: WrongRoot\("):
        other.ensure_registered()


def test_code_that_the_model_does_not_accept_is_refused(devnet: Devnet) -> None:
    register_model(devnet)
    with pytest.raises(TransactionFailedError, match=r"^register: MeasurementNotAccepted\("):
        of_pcrs(devnet, SOFTWARE_PCRS | {0: b"\x01" * 48}).ensure_registered()


def test_a_removed_measurement_is_not_accepted_again(devnet: Devnet) -> None:
    register_model(devnet)
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    removal = registry.functions.removeMeasurement(MODEL_ID, SOFTWARE_MEASUREMENT)
    devnet.chain.send(removal, devnet.accounts.prover)
    with pytest.raises(MeasurementNotAcceptedError, match="removed from it for ever"):
        registrar(devnet).ensure_measurement(MODEL_ID, SOFTWARE_MEASUREMENT)


def test_a_measurement_that_counts_later_is_accepted_and_said(devnet: Devnet) -> None:
    """Outside development chains a model's owner waits for two days."""
    register_model(devnet)
    measurement = b"\x07" * 32
    with pytest.MonkeyPatch.context() as early:
        early.setattr(Chain, "time_s", lambda _: 0)
        with pytest.raises(MeasurementNotAcceptedError, match="start again then") as refusal:
            registrar(devnet).ensure_measurement(MODEL_ID, measurement)
    assert refusal.value.exit_code == 3
    assert refusal.value.accepted_from_s == devnet.chain.time_s()
    before = sent(devnet)
    registrar(devnet).ensure_measurement(MODEL_ID, measurement)
    assert sent(devnet) == before


def test_a_driver_whose_platform_nobody_verifies_is_refused(devnet: Devnet, tmp_path: Path) -> None:
    with pytest.raises(PlatformNotVerifiedError, match="driver nsm gives documents of the platform nitro"):
        connect(service_settings(devnet, tmp_path, enclave_driver="nsm"))


def test_the_software_root_is_refused_by_a_deployment_of_aws(attested: tuple[Node, Deployment]) -> None:
    node, deployment = attested
    with pytest.raises(PlatformNotVerifiedError, match="platform development"):
        make_source(DriverName.SOFTWARE, node.chain, deployment)


def test_the_software_root_is_refused_on_other_chains(attested: tuple[Node, Deployment]) -> None:
    with run_node(MAINNET) as mainnet:
        deployment = deploy_contracts(mainnet.chain, mainnet.sender, MAINNET_SETTINGS)
        with pytest.raises(SoftwareRootRefusedError, match="refused on chain 8453"):
            make_source(DriverName.SOFTWARE, mainnet.chain, deployment)


def test_outside_an_enclave_the_device_is_missing(attested: tuple[Node, Deployment]) -> None:
    node, deployment = attested
    source = make_source(DriverName.NSM, node.chain, deployment)
    assert source.platform is Platform.NITRO
    keeper = Enclave(node.chain, deployment, ACCOUNTS.prover, source, MODEL_ID)
    with pytest.raises(DeviceMissingError, match="run this in a Nitro enclave"):
        keeper.measure()


@pytest.mark.parametrize("answer", [{"Error": "InvalidOperation"}, {}], ids=["error", "nothing"])
def test_a_device_that_gives_no_document_leaves_no_key(
    devnet: Devnet, tmp_path: Path, answer: dict[str, str]
) -> None:
    register_model(devnet)
    device = tmp_path / "nsm"
    device.touch()
    driver = NsmDriver(device, NitroSecureModule(answer).ioctl)
    source = NitroSource(driver, Platform.DEVELOPMENT, bytes.fromhex(DEVELOPMENT_ROOT[2:]))
    keeper = Enclave(devnet.chain, devnet.deployment, devnet.accounts.prover, source, MODEL_ID)
    before = sent(devnet)
    (outcome,) = settler(devnet, {MODEL_ID: keeper}).settle([free(devnet, 1, Tier.TEE)])
    assert "restart the enclave" in why(outcome)
    assert sent(devnet) == before


def test_without_a_driver_the_tier_tee_is_not_offered(devnet: Devnet, tmp_path: Path) -> None:
    settings = service_settings(devnet, tmp_path, enclave_driver=None)
    assert list(connect(settings).pay_to) == [Tier.SIGNED, Tier.ZKML]
    assert list(connect(service_settings(devnet, tmp_path)).pay_to) == [Tier.SIGNED, Tier.TEE, Tier.ZKML]


def test_an_unknown_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITALLY_PROVER_ENCLAVE_DRIVER", "sgx")
    with pytest.raises(SettingError, match="ENCLAVE_DRIVER: Input should be 'software', 'nsm'"):
        load_settings()


@pytest.mark.parametrize("method", ["eth_getBlockByNumber", "eth_blockNumber", "eth_estimateGas"])
def test_a_node_that_is_lost_while_registering_leaves_no_key(devnet: Devnet, method: str) -> None:
    register_model(devnet)
    with relayed(devnet.rpc_url) as (url, node):
        keeper = unaccepted_enclave(dataclasses.replace(devnet, chain=Chain.connect(url)))
        node.lose_at(method)
        with pytest.raises((ChainUnreachableError, TransactionFailedError)):
            keeper.sign(bytes(32))
    assert registry_of(devnet).events.EnclaveRegistered().get_logs(from_block=0) == []
