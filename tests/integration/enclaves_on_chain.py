"""What tests of enclaves on a real chain share."""

from __future__ import annotations

from models import MODEL_ID
from web3.contract import Contract

from prover.enclave.drivers import SOFTWARE_PCRS
from prover.enclave.enclave import Enclave
from prover.enclave.sources import NitroSource
from veritally.attestation.claims import Platform
from veritally.attestation.drivers.software import SoftwareRootDriver
from veritally.attestation.software_root import SoftwareRoot
from veritally.contract_table import DEVELOPMENT_ROOT
from veritally.devnet import Devnet

DEBUG_PCRS = SOFTWARE_PCRS | {0: bytes(48)}


def registry_of(devnet: Devnet) -> Contract:
    return devnet.chain.contract("EnclaveRegistry", devnet.deployment.enclave_registry)


def sent(devnet: Devnet) -> int:
    return devnet.chain.w3.eth.get_transaction_count(devnet.accounts.prover.address)


def of_pcrs(devnet: Devnet, pcrs: dict[int, bytes], root: SoftwareRoot | None = None) -> Enclave:
    """An enclave of the software root, or of another one, that runs other code."""
    chain = devnet.chain
    driver = SoftwareRootDriver(root or SoftwareRoot.of_test_mnemonic(chain.chain_id), pcrs, chain.time_s)
    source = NitroSource(driver, Platform.DEVELOPMENT, bytes.fromhex(DEVELOPMENT_ROOT[2:]))
    return Enclave(chain, devnet.deployment, devnet.accounts.prover, source, MODEL_ID)
