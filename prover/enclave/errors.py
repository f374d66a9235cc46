"""Errors of enclaves. Each message names the values and says what to do.

ProverError
└── EnclaveError
    ├── PlatformNotVerifiedError
    ├── DocumentUnusableError
    ├── CollateralNotCurrentError
    ├── DebugEnclaveError
    └── MeasurementNotAcceptedError
"""

from __future__ import annotations

from datetime import UTC, datetime

from prover.errors import ProverError


class EnclaveError(ProverError):
    """Base of everything that enclaves raise on purpose."""


class PlatformNotVerifiedError(EnclaveError):
    """No contract of the deployment verifies documents of the driver's platform."""

    exit_code = 2

    def __init__(self, driver: str, platform: str, chain_id: int) -> None:
        super().__init__(
            f"the driver {driver} gives documents of the platform {platform}, which no contract of the "
            f"deployment on chain {chain_id} verifies; choose another VERITALLY_PROVER_ENCLAVE_DRIVER, "
            "or leave it unset"
        )
        self.platform = platform


class DocumentUnusableError(EnclaveError):
    """The platform's document is not one that the contract would take."""

    def __init__(self, platform: str, problem: str) -> None:
        super().__init__(
            f"the document of the platform {platform} would be refused on the chain: {problem}; see that "
            "driver, deployment and the machine's clock fit together"
        )
        self.platform = platform


class CollateralNotCurrentError(EnclaveError):
    """The chain does not know what Intel says of the machine now."""

    exit_code = 3

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the chain has no current list of Intel's for this machine: {reason}; fetch Intel's collateral "
            "for it, run `veritally attestation submit-collateral FILE`, and start again"
        )
        self.reason = reason


class DebugEnclaveError(EnclaveError):
    """The enclave runs in debug mode."""

    def __init__(self) -> None:
        super().__init__(
            "the enclave runs in debug mode, so that its operator can read the key; start it without"
        )


class MeasurementNotAcceptedError(EnclaveError):
    """The model does not accept the enclave's code, or not yet."""

    exit_code = 3

    def __init__(self, measurement: bytes, model: bytes, accepted_from_s: int | None) -> None:
        if accepted_from_s is None:
            state = "was removed from it for ever; run other code"
        else:
            at = datetime.fromtimestamp(accepted_from_s, UTC).isoformat()
            state = f"counts from unix time {accepted_from_s} ({at}) on; start again then"
        super().__init__(
            f"model 0x{model.hex()}: the enclave's measurement 0x{measurement.hex()} {state}, or leave "
            "VERITALLY_PROVER_ENCLAVE_DRIVER unset to serve the other tiers"
        )
        self.measurement = measurement
        self.accepted_from_s = accepted_from_s
