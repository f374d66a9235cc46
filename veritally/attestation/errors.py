"""Errors of attestation. Each message names the values and says what to do.

VeritallyError
└── AttestationError
    ├── UnusableFileError
    ├── RefusedError
    │   ├── EncodingRefusedError
    │   ├── CertificateRefusedError
    │   ├── DocumentRefusedError
    │   ├── QuoteRefusedError
    │   └── ResultRefusedError
    ├── SoftwareRootRefusedError
    ├── NoCollateralError
    ├── CollateralFileError
    ├── CollateralRefusedError
    ├── VerdictsDifferError
    ├── BindingError
    └── DriverError
        ├── DeviceMissingError
        ├── DeviceRefusedError
        └── RequestRefusedError
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from veritally.errors import VeritallyError

_LONGEST_SHOWN_BYTES = 64


class AttestationError(VeritallyError):
    """Base of everything that attestation raises on purpose."""


class UnusableFileError(AttestationError):
    """A file cannot be read, or is no attestation document of a platform that we know."""

    exit_code = 2

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"{path}: {problem}; give a Nitro document (COSE_Sign1) or a TDX quote, as raw bytes"
        )
        self.path = path


class RefusedError(AttestationError):
    """A document is not accepted. `name` is that of the contract's custom error for the same input."""

    _fix: ClassVar[str]

    def __init__(self, name: str, **values: object) -> None:
        shown = ", ".join(f"{key}={_show(value)}" for key, value in values.items())
        super().__init__(f"refused: {name}({shown}); {self._fix}")
        self.name = name
        self.values = values


class EncodingRefusedError(RefusedError):
    """The bytes are not what the platform writes."""

    _fix = "take the document from the device again and pass it on unchanged"


class CertificateRefusedError(RefusedError):
    """A certificate of the chain does not hold."""

    _fix = "verify at a time when the document was valid, against its own platform's root"


class DocumentRefusedError(RefusedError):
    """The document itself does not hold."""

    _fix = "do not trust it; take a new one from the enclave"


class QuoteRefusedError(RefusedError):
    """A TDX quote does not hold."""

    _fix = "do not trust it; take a new TDX quote (version 4) from the enclave"


class ResultRefusedError(RefusedError):
    """A result that an enclave is said to have signed does not hold."""

    _fix = "do not rely on the result; ask the gateway again, with its current key"


class SoftwareRootRefusedError(AttestationError):
    """The development root was asked for where it must not exist."""

    def __init__(self, chain_id: int) -> None:
        super().__init__(
            f"the software root is no TEE and is refused on chain {chain_id}; "
            "use a development chain, or hardware"
        )
        self.chain_id = chain_id


class NoCollateralError(AttestationError):
    """A contract shall verify a TDX quote without knowing what Intel says about the machine."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("the contract needs Intel's collateral for a TDX quote; name it with --collateral")


class CollateralFileError(AttestationError):
    """A file holds no collateral of Intel's."""

    exit_code = 2

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; give Intel's collateral as the JSON that dcap-qvl writes")
        self.path = path


class CollateralRefusedError(AttestationError):
    """A chain does not store a list of Intel's."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"{what}: the chain refuses this list: {reason}; fetch Intel's current collateral and submit that"
        )
        self.what = what
        self.reason = reason


class VerdictsDifferError(AttestationError):
    """The contract and the SDK do not judge a document in the same way."""

    def __init__(self, offchain: str, onchain: str) -> None:
        super().__init__(
            f"the verdicts differ: outside the chain {offchain}, on the chain {onchain}; "
            "rely on neither before this is explained, and report it with the document"
        )
        self.offchain = offchain
        self.onchain = onchain


class BindingError(AttestationError):
    """A field of a binding is out of its range."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"binding field {field}: {problem}")
        self.field = field


class DriverError(AttestationError):
    """No attestation document could be had from the platform."""

    exit_code = 3


class DeviceMissingError(DriverError):
    """The platform's interface is not there."""

    def __init__(self, device: str, fix: str) -> None:
        super().__init__(f"{device} is not there; {fix}")
        self.device = device


class DeviceRefusedError(DriverError):
    """The platform answered with an error, or with something that is no document."""

    def __init__(self, device: str, problem: str, fix: str) -> None:
        super().__init__(f"{device}: {problem}; {fix}")
        self.device = device


class RequestRefusedError(DriverError):
    """The platform has no room for what was asked for."""

    def __init__(self, field: str, length: int, rule: str) -> None:
        super().__init__(f"{field} of {length} bytes: {rule}")
        self.field = field


def _show(value: object) -> str:
    if not isinstance(value, bytes):
        return str(value)
    shown = f"0x{value[:_LONGEST_SHOWN_BYTES].hex()}"
    return shown if len(value) <= _LONGEST_SHOWN_BYTES else f"{shown}... ({len(value)} bytes)"
