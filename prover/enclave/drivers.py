"""Which driver gives the documents: chosen by settings, refused where no contract verifies its platform."""

from __future__ import annotations

import time
from enum import StrEnum
from hashlib import sha384

from prover.enclave.errors import PlatformNotVerifiedError
from prover.enclave.sources import DocumentSource, NitroSource, TdxSource
from veritally.attestation.claims import Platform
from veritally.attestation.drivers.configfs_tsm import ConfigfsTsmDriver
from veritally.attestation.drivers.driver import AttestationDriver
from veritally.attestation.drivers.dstack import DstackDriver
from veritally.attestation.drivers.nsm import NsmDriver
from veritally.attestation.drivers.software import SoftwareRootDriver
from veritally.attestation.software_root import ORGANIZATION, SoftwareRoot
from veritally.chain import Chain
from veritally.deployment import Deployment

SOFTWARE_PCRS = {index: sha384(f"{ORGANIZATION}/{index}".encode()).digest() for index in range(5)}
"""Registers of the software enclave, which measure nothing."""


class DriverName(StrEnum):
    """The values of `VERITALLY_PROVER_ENCLAVE_DRIVER`."""

    SOFTWARE = "software"
    NSM = "nsm"
    DSTACK = "dstack"
    CONFIGFS_TSM = "configfs-tsm"


_PLATFORMS = {
    DriverName.SOFTWARE: Platform.DEVELOPMENT,
    DriverName.NSM: Platform.NITRO,
    DriverName.DSTACK: Platform.TDX,
    DriverName.CONFIGFS_TSM: Platform.TDX,
}


def make_source(name: DriverName, chain: Chain, deployment: Deployment) -> DocumentSource:
    """The driver, where the deployment has a contract for its platform. Asks for no document yet.

    Raises:
        SoftwareRootRefusedError: the software root is asked for on a chain that is none for development.
        PlatformNotVerifiedError: no contract verifies its documents.
        ChainUnreachableError: the node does not answer.
    """
    driver, platform = _make_driver(name, chain), _PLATFORMS[name]
    registry = chain.contract("EnclaveRegistry", deployment.enclave_registry)
    verifier = str(chain.read(registry.functions.verifierOf(int(platform))))
    if int(verifier, 16) == 0:
        raise PlatformNotVerifiedError(name, platform.label, chain.chain_id)
    if platform is Platform.TDX:
        tdx = chain.contract("TdxAttestation", verifier, "TdxCollateral", "IntelCertificates")
        return TdxSource(driver, platform, chain, tdx)
    nitro = chain.contract("NitroAttestation", verifier)
    return NitroSource(driver, platform, bytes(chain.read(nitro.functions.ROOT())))


def _make_driver(name: DriverName, chain: Chain) -> AttestationDriver:
    """The clock of a development chain may have been moved ahead, or stand still between blocks."""
    if name is DriverName.NSM:
        return NsmDriver()
    if name is DriverName.DSTACK:
        return DstackDriver()
    if name is DriverName.CONFIGFS_TSM:
        return ConfigfsTsmDriver()
    root = SoftwareRoot.of_test_mnemonic(chain.chain_id)
    return SoftwareRootDriver(root, SOFTWARE_PCRS, lambda: max(chain.time_s(), time.time()))
