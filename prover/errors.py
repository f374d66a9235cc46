"""Errors of the prover. Each message names the values and says what to do.

ProverError
├── KeyFileError
├── PriceError
├── RequestRefusedError
├── CircuitMismatchError
├── OutputMismatchError
└── ShuttingDownError
"""

from __future__ import annotations

from pathlib import Path


class ProverError(Exception):
    """Base of everything that the prover raises on purpose."""


class KeyFileError(ProverError):
    """A key cannot be loaded. Never shows what the file holds."""

    def __init__(self, path: Path | None, problem: str) -> None:
        super().__init__(f"key file {path}: {problem}" if path else f"prover key: {problem}")
        self.path = path


class PriceError(ProverError):
    """A price cannot be charged in the asset."""

    def __init__(self, price: str, problem: str) -> None:
        super().__init__(f"price {price!r}: {problem}")
        self.price = price


class RequestRefusedError(ProverError):
    """A request cannot be served; nothing was charged.

    `status` is the HTTP status, `code` a stable name for programs.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class CircuitMismatchError(ProverError):
    """The circuit in the cache is not the one that is registered for the model."""

    def __init__(self, model: str, local: bytes, registered: bytes) -> None:
        super().__init__(
            f"model {model}: the verifying key in the cache has hash 0x{local.hex()}, the registered one "
            f"0x{registered.hex()}; use the cache directory that registered it, or another prover key"
        )
        self.model = model


class OutputMismatchError(ProverError):
    """The circuit's output is further from the model's than the package allows; the result is withheld."""

    def __init__(self, model: str, difference: float, tolerance: float) -> None:
        super().__init__(
            f"model {model}: the circuit differs from the model by {difference:g}, more than {tolerance:g}; "
            "raise the circuit's scales and register the model again"
        )
        self.difference = difference


class ShuttingDownError(ProverError):
    """The service is stopping and takes no more work."""

    def __init__(self) -> None:
        super().__init__("the prover is stopping; send the request again later, this payment was not used")
