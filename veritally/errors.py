"""Errors of the SDK. Each message names the values and says what to do.

VeritallyError
├── UnknownTierError
├── ArtifactMissingError
├── DeploymentFileError
├── NotCanonicalError
├── InvalidReceiptError
├── InvalidMerkleInputError
├── InvalidWordError
├── TransactionFailedError
├── DevnetError
├── ChainUnreachableError
└── TransactionPendingError
"""

from __future__ import annotations

from collections.abc import Sequence


class VeritallyError(Exception):
    """Base of everything that the SDK raises on purpose."""


class UnknownTierError(VeritallyError):
    """A tier name that is none of ours."""

    def __init__(self, label: str, known: Sequence[str]) -> None:
        super().__init__(f"unknown tier {label!r}; use one of: {', '.join(known)}")
        self.label = label


class ArtifactMissingError(VeritallyError):
    """A contract's ABI file is not in the package."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no ABI of contract {name!r} in veritally/abi; run `make abi` in the repository")
        self.name = name


class DeploymentFileError(VeritallyError):
    """A deployment file cannot be used."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"deployment file {path}: {problem}; `veritally devnet` and `scripts/deploy.py` write one"
        )
        self.path = path


class NotCanonicalError(VeritallyError):
    """A value has no canonical JSON form (NaN, infinity, or a type that JSON does not have)."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"no canonical JSON form: {problem}; send finite numbers, strings, lists and objects"
        )


class InvalidReceiptError(VeritallyError):
    """A receipt field is out of its range."""

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"receipt field {field}={value!r}: {rule}")
        self.field = field


class InvalidMerkleInputError(VeritallyError):
    """A Merkle tree cannot be built over these leaves."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Merkle tree: {problem}; give one 32-byte receipt hash per receipt")


class InvalidWordError(VeritallyError):
    """A number cannot be a word of a zero-knowledge proof."""

    def __init__(self, value: object, problem: str) -> None:
        super().__init__(f"proof word {value!r}: {problem}")
        self.value = value


class TransactionFailedError(VeritallyError):
    """A transaction was mined and reverted, or was refused before it was sent."""

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(f"{what}: {problem}")
        self.what = what


class DevnetError(VeritallyError):
    """The development chain cannot be started or prepared."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"development chain: {problem}; {fix}")


class ChainUnreachableError(VeritallyError):
    """Nothing answers as an EVM node at the RPC address."""

    def __init__(self, host: str, problem: str) -> None:
        super().__init__(
            f"no EVM node answers at {host}: {problem}; check the RPC URL and that the node runs"
        )
        self.host = host


class TransactionPendingError(VeritallyError):
    """A transaction was sent and is not mined yet. It may still be: this is not a failure."""

    def __init__(self, what: str, tx_hash: str, waited_s: float) -> None:
        super().__init__(
            f"{what}: {tx_hash} is not mined after {waited_s:g} s; look it up again before resending"
        )
        self.what = what
        self.tx_hash = tx_hash
