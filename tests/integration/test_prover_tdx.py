"""Enclave keys registered by TDX quotes, through the drivers of the prover.

The quotes are of our own PKI: DEVELOPMENT ONLY - NOT A TEE. All else is what runs with Intel's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from deploying import ACCOUNTS, SETTINGS, Node, sender_of, undone
from models import MODEL_ID, WEIGHTS_HASH
from tdx_lists import QE_IDENTITY, TCB_INFO, Signed, collateral_json
from tdx_pki import DAY_S, NOW_S, ROOT, encode
from tdx_quote import Quote

from prover.enclave.drivers import DriverName, make_source
from prover.enclave.enclave import Enclave
from prover.enclave.errors import (
    CollateralNotCurrentError,
    DebugEnclaveError,
    DocumentUnusableError,
    EnclaveError,
    PlatformNotVerifiedError,
)
from prover.enclave.sources import TdxSource
from prover.registration import Registrar
from tests.unit.attestation_devices import Configfs, dstack_agent
from veritally.abi import load_artifact
from veritally.attestation.claims import Platform
from veritally.attestation.collateral import Collateral
from veritally.attestation.collateral_submission import submit_collateral
from veritally.attestation.drivers.configfs_tsm import ConfigfsTsmDriver
from veritally.attestation.drivers.driver import AttestationDriver
from veritally.attestation.drivers.dstack import DstackDriver
from veritally.attestation.errors import DeviceMissingError
from veritally.attestation.standing_chain import run_standing_chain
from veritally.attestation.tdx_contracts import TdxContracts
from veritally.deploy import deploy_contracts
from veritally.deployment import Deployment
from veritally.devnet.anvil import call_node
from veritally.errors import TransactionFailedError

QE = Signed(QE_IDENTITY)
LISTS = collateral_json(Signed(TCB_INFO), QE)
Make = Callable[[bytes], bytes]
"""A quote over 64 bytes."""


@dataclass(frozen=True)
class Place:
    """A deployment whose registry takes quotes below our own root, and nothing else."""

    node: Node
    standard: Deployment
    """The deployment that it was made of, which takes Intel's."""
    deployment: Deployment
    contracts: TdxContracts

    def submit(self, lists: str = LISTS) -> None:
        """Stores Intel's lists."""
        collateral = Collateral.from_json(lists)
        assert (
            len(list(submit_collateral(self.node.chain, self.contracts, collateral, ACCOUNTS.relayer))) == 4
        )

    def enclave(self, driver: AttestationDriver) -> Enclave:
        source = TdxSource(driver, Platform.DEVELOPMENT, self.node.chain, self.contracts.attestation)
        return Enclave(self.node.chain, self.deployment, ACCOUNTS.prover, source, MODEL_ID)

    def accept(self, measurement: bytes) -> None:
        """Registers the model, which accepts code with this measurement."""
        registry = self.node.chain.contract("ModelRegistry", self.deployment.model_registry)
        self.node.chain.send(registry.functions.register(WEIGHTS_HASH, "a model"), ACCOUNTS.prover)
        registrar = Registrar(self.node.chain, self.deployment, ACCOUNTS.prover, print)
        registrar.ensure_measurement(MODEL_ID, measurement)

    @property
    def registry(self) -> Any:
        return self.node.chain.contract("EnclaveRegistry", self.deployment.enclave_registry)

    @property
    def sent(self) -> int:
        return self.node.chain.w3.eth.get_transaction_count(ACCOUNTS.prover.address)


@pytest.fixture(scope="module")
def built() -> Iterator[Place]:
    with run_standing_chain(NOW_S) as chain:
        node = Node(str(chain.w3.provider.endpoint_uri), chain)  # type: ignore[attr-defined]
        standard = deploy_contracts(chain, sender_of(chain, ACCOUNTS.deployer), SETTINGS)
        contracts = TdxContracts.deploy(chain, sha256(encode(ROOT)).digest(), ACCOUNTS.deployer)
        arguments = (standard.model_registry, standard.settlement, [contracts.attestation.address])
        address = chain.deploy(load_artifact("EnclaveRegistry"), *arguments, account=ACCOUNTS.deployer)
        entry = replace(standard.contracts["EnclaveRegistry"], address=address)
        deployment = replace(standard, contracts=standard.contracts | {"EnclaveRegistry": entry})
        yield Place(node, standard, deployment, contracts)


@pytest.fixture
def place(built: Place) -> Iterator[Place]:
    with undone(built.node):
        yield built


def good(data: bytes) -> bytes:
    return Quote(report_data=data).whole()


@contextmanager
def dstack(folder: Path, make: Make) -> Iterator[AttestationDriver]:
    """The driver for dstack, whose agent gives these quotes."""

    def answer(request: dict[str, str]) -> bytes:
        return json.dumps({"quote": make(bytes.fromhex(request["report_data"])).hex()}).encode()

    with dstack_agent(folder / "agent.sock", 200, answer):
        yield DstackDriver(folder / "agent.sock")


@contextmanager
def configfs(folder: Path, make: Make) -> Iterator[AttestationDriver]:
    """The driver for bare TDX, whose kernel gives these quotes."""

    class Kernel(Configfs):
        def quote(self, data: bytes) -> bytes:
            return make(data)

    yield ConfigfsTsmDriver(Kernel(folder))


@pytest.mark.parametrize("driver_of", [dstack, configfs])
def test_a_key_is_registered_by_a_quote(place: Place, tmp_path: Path, driver_of: Any) -> None:
    place.submit()
    with driver_of(tmp_path, good) as driver:
        keeper = place.enclave(driver)
        measurement = keeper.measure()
        place.accept(measurement)
        address, _ = keeper.sign(bytes(32))
    assert address == keeper.address
    (event,) = place.registry.events.EnclaveRegistered().get_logs()
    entry = place.registry.functions.getKey(event.args.key).call()
    assert (entry.prover, entry.modelId) == (ACCOUNTS.prover.address, MODEL_ID)
    assert (entry.measurement, entry.platform) == (measurement, Platform.DEVELOPMENT)


def test_without_lists_the_error_says_the_command(place: Place, tmp_path: Path) -> None:
    fix = "run `veritally attestation submit-collateral FILE`"
    with configfs(tmp_path, good) as driver:
        keeper = place.enclave(driver)
        before = place.sent
        with pytest.raises(CollateralNotCurrentError, match=rf"CrlNotCurrent\(.*{fix}") as refusal:
            keeper.measure()
        assert refusal.value.exit_code == 3
        other = Signed(TCB_INFO, {"fmspc": "00906ED50000"})
        place.submit(collateral_json(other, QE))
        with pytest.raises(CollateralNotCurrentError, match=rf"UnknownMachine\(0x50806f000000, .*{fix}"):
            keeper.ensure_registered()
    assert place.sent == before


def test_lists_that_ended_are_said(place: Place, tmp_path: Path) -> None:
    ending = {"nextUpdate": "2027-01-16T08:00:00Z"}
    place.submit(collateral_json(Signed(TCB_INFO, ending), QE))
    with configfs(tmp_path, good) as driver:
        keeper = place.enclave(driver)
        place.accept(keeper.measure())
        call_node(place.node.chain, "evm_setNextBlockTimestamp", NOW_S + 2 * DAY_S)
        call_node(place.node.chain, "evm_mine")
        before = place.sent
        with pytest.raises(CollateralNotCurrentError, match=r"ListNotCurrent\("):
            keeper.sign(bytes(32))
        assert place.sent == before


BAD: dict[str, tuple[Make, type[EnclaveError], str]] = {
    "debug mode": (
        lambda data: Quote(report_data=data, td_attributes=bytes.fromhex("0100001000000000")).whole(),
        DebugEnclaveError,
        "debug mode",
    ),
    "forged": (
        lambda data: Quote(report_data=data, quote_label="somebody").whole(),
        DocumentUnusableError,
        "InvalidQuoteSignature",
    ),
    "cut": (lambda data: good(data)[:-1], DocumentUnusableError, "would be refused on the chain: refused: "),
    "another version": (
        lambda data: Quote(report_data=data, version=5).whole(),
        DocumentUnusableError,
        "UnsupportedQuoteVersion",
    ),
    "an old module": (
        lambda data: Quote(report_data=data, tcb_svn=bytes((1, 1, *range(14)))).whole(),
        DocumentUnusableError,
        "NoModuleLevel|ModuleNotUpToDate",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_the_contract_would_refuse_is_not_sent(place: Place, tmp_path: Path, case: str) -> None:
    make, error, reason = BAD[case]
    place.submit()
    with configfs(tmp_path, make) as driver:
        keeper = place.enclave(driver)
        before = place.sent
        with pytest.raises(error, match=reason):
            keeper.measure()
        with pytest.raises(error, match=reason):
            keeper.ensure_registered()
        assert place.sent == before


def test_a_quote_for_another_key_is_refused_by_the_registry(place: Place, tmp_path: Path) -> None:
    place.submit()
    with configfs(tmp_path, lambda _: good(bytes(64))) as driver:
        keeper = place.enclave(driver)
        place.accept(keeper.measure())
        with pytest.raises(TransactionFailedError, match=r"^register: WrongUserData\("):
            keeper.ensure_registered()


def test_what_intel_says_is_named_by_the_registry(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists may end between our look and the transaction."""
    monkeypatch.setattr(TdxSource, "verify", lambda *_: None)
    with configfs(tmp_path, good) as driver, pytest.raises(TransactionFailedError, match="CrlNotCurrent"):
        place.enclave(driver).ensure_registered()


@pytest.mark.parametrize(
    ("name", "fix"), [(DriverName.DSTACK, "dstack application"), (DriverName.CONFIGFS_TSM, "TDX guest")]
)
def test_a_standard_deployment_takes_intels_quotes(place: Place, name: DriverName, fix: str) -> None:
    source = make_source(name, place.node.chain, place.standard)
    assert isinstance(source, TdxSource)
    assert source.platform is Platform.TDX
    assert source.verifier.address == place.standard.address_of("TdxAttestation")
    keeper = Enclave(place.node.chain, place.standard, ACCOUNTS.prover, source, MODEL_ID)
    with pytest.raises(DeviceMissingError, match=fix):
        keeper.measure()


def test_a_registry_without_tdx_is_said(place: Place) -> None:
    with pytest.raises(PlatformNotVerifiedError, match="driver dstack gives documents of the platform tdx"):
        make_source(DriverName.DSTACK, place.node.chain, place.deployment)
