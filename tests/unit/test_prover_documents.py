"""Documents that the prover takes from its driver are judged before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from attestation_vectors import NOW_S, ROOT

from prover.enclave.drivers import SOFTWARE_PCRS
from prover.enclave.errors import (
    CollateralNotCurrentError,
    DebugEnclaveError,
    DocumentUnusableError,
    EnclaveError,
    MeasurementNotAcceptedError,
    PlatformNotVerifiedError,
)
from prover.enclave.sources import NitroSource
from prover.errors import ProverError
from veritally.attestation import nitro
from veritally.attestation.claims import Platform
from veritally.attestation.drivers.software import SoftwareRootDriver
from veritally.attestation.software_root import SoftwareRoot

DRIVER = SoftwareRootDriver(ROOT, SOFTWARE_PCRS, lambda: NOW_S)
SOURCE = NitroSource(DRIVER, Platform.DEVELOPMENT, ROOT.fingerprint)
DOCUMENT = DRIVER.attest(bytes(64), b"", b"")


def test_a_good_document_gives_its_measurement() -> None:
    claims = SOURCE.verify(DOCUMENT, NOW_S)
    assert claims.measurement == nitro.measurement(Platform.DEVELOPMENT, SOFTWARE_PCRS)
    assert claims.user_data == bytes(64)


def test_a_document_may_be_younger_than_the_latest_block() -> None:
    before_its_certificates_s = NOW_S - 2 * 3_600
    assert SOURCE.verify(DOCUMENT, before_its_certificates_s).timestamp_s == NOW_S


@pytest.mark.parametrize("index", [0, 1, 2])
def test_debug_mode_is_refused(index: int) -> None:
    document = ROOT.document(SOFTWARE_PCRS | {index: bytes(48)}, NOW_S, user_data=bytes(64))
    with pytest.raises(DebugEnclaveError, match="start it without"):
        SOURCE.verify(document, NOW_S)


@pytest.mark.parametrize(
    ("document", "at_s", "problem"),
    [
        (DOCUMENT, NOW_S + 4 * 3_600, "CertificateExpired"),
        (DOCUMENT[:-1] + bytes([DOCUMENT[-1] ^ 1]), NOW_S, "DocumentSignatureInvalid"),
        (SoftwareRoot.generate(31337).document(SOFTWARE_PCRS, NOW_S), NOW_S, "WrongRoot"),
        (b"", NOW_S, "CborTruncated"),
        (b"\x04\x00\x02\x00" * 16, NOW_S, "refused"),
    ],
    ids=["too old", "changed", "other root", "nothing", "a TDX quote's head"],
)
def test_what_the_contract_would_refuse_is_not_sent(document: bytes, at_s: int, problem: str) -> None:
    with pytest.raises(DocumentUnusableError, match=f"platform development would be refused.*{problem}"):
        SOURCE.verify(document, at_s)


def test_a_document_of_aws_is_none_of_the_software_root() -> None:
    folder = Path(__file__).parents[1] / "vectors" / "attestation" / "nitro"
    real = (folder / "og_evm_2026-02-12.cose").read_bytes()
    with pytest.raises(DocumentUnusableError, match="WrongRoot"):
        SOURCE.verify(real, 1_770_918_967)
    source = NitroSource(DRIVER, Platform.NITRO, nitro.AWS_ROOT)
    assert source.verify(real, 1_770_918_967).platform is Platform.NITRO


@pytest.mark.parametrize(
    ("error", "exit_code", "fix"),
    [
        (PlatformNotVerifiedError("dstack", "tdx", 1), 2, "choose another VERITALLY_PROVER_ENCLAVE_DRIVER"),
        (DocumentUnusableError("nitro", "problem"), 1, "see that driver"),
        (CollateralNotCurrentError("UnknownMachine()"), 3, "veritally attestation submit-collateral FILE"),
        (DebugEnclaveError(), 1, "start it without"),
        (MeasurementNotAcceptedError(b"m" * 32, b"i" * 32, 1_800_000_000), 3, "2027-01-15T08:00:00"),
        (MeasurementNotAcceptedError(b"m" * 32, b"i" * 32, None), 3, "run other code"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_say_the_fix(error: EnclaveError, exit_code: int, fix: str) -> None:
    assert isinstance(error, ProverError)
    assert fix in str(error)
    assert error.exit_code == exit_code
