"""Errors of the SDK. Each message names the values and says what to do.

VeritallyError
├── UnknownTierError
├── ArtifactMissingError
├── DeploymentFileError
├── DeploymentSettingsError
├── DeployerMissingError
├── WrongCodeError
├── RouteTakenError
├── UnknownBlockError
├── DeploymentMismatchError
├── KeyFileError
├── NotCanonicalError
├── InvalidReceiptError
├── InvalidMerkleInputError
├── InvalidWordError
├── ProofTooShortError
├── NoHintError
├── TransactionFailedError
├── DevnetError
├── CommandMissingError
├── CommitmentUnavailableError
├── PackageMismatchError
├── AnswerFileError
├── ReceiptMismatchError
├── ChainUnreachableError
└── TransactionPendingError
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar


class CommandError(Exception):
    """Base of what ends a command with one line and an exit code, in whichever package it is raised."""

    exit_code: ClassVar[int] = 1
    """Of a command that ends with the error: 1 failed, 2 usage, 3 not ready."""


class VeritallyError(CommandError):
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

    exit_code = 2

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"deployment file {path}: {problem}; `veritally deploy` and `veritally devnet` write one"
        )
        self.path = path


class DeploymentSettingsError(VeritallyError):
    """A setting of a deployment is out of its range."""

    exit_code = 2

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"deployment setting {field}={value!r}: {rule}")
        self.field = field


class DeployerMissingError(VeritallyError):
    """The chain lacks the contract that deploys ours."""

    def __init__(self, address: str, chain_id: int) -> None:
        super().__init__(
            f"chain {chain_id} has no CREATE2 deployer at {address}; "
            "have its presigned transaction sent first"
        )
        self.address = address


class WrongCodeError(VeritallyError):
    """Where a contract belongs stands another one."""

    def __init__(self, name: str, address: str, expected: str, found: str) -> None:
        super().__init__(
            f"{name}: the code at {address} has the hash {found}, not {expected}; "
            "this address can hold no other contract, so do not trust this node or this chain"
        )
        self.name = name


class RouteTakenError(VeritallyError):
    """A route that the deployment needs leads elsewhere, and routes are never replaced."""

    def __init__(self, route: str, wanted: str, found: str) -> None:
        super().__init__(
            f"route {route} is {found}, not {wanted}, and routes are never replaced; "
            "name a new route in veritally/routes.py"
        )
        self.route = route


class UnknownBlockError(VeritallyError):
    """The node does not know any more when a contract was created."""

    def __init__(self, name: str, block: int) -> None:
        super().__init__(
            f"{name} is there already, but the node does not know the state at block {block}, "
            "so that its block cannot be found; use an archive node"
        )
        self.name = name


class DeploymentMismatchError(VeritallyError):
    """A chain is not what the deployment file says."""

    def __init__(self, path: Path, differences: Sequence[str]) -> None:
        super().__init__(
            f"MISMATCH with {path}: {'; '.join(differences)}; "
            "do not use this deployment before this is explained"
        )
        self.differences = tuple(differences)


class KeyFileError(VeritallyError):
    """A key cannot be loaded. Never shows what the file holds."""

    exit_code = 2

    def __init__(self, path: Path | None, problem: str) -> None:
        super().__init__(f"key file {path}: {problem}" if path else f"key: {problem}")
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


class ProofTooShortError(VeritallyError):
    """A proof is too short to begin with a commitment to its inputs."""

    def __init__(self, length: int, minimum: int) -> None:
        super().__init__(f"a proof of {length} bytes holds no commitment of {minimum} bytes; take it whole")
        self.length = length
        self.minimum = minimum


class NoHintError(VeritallyError):
    """A P-384 signature for which no hint exists, because it does not verify."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"no hint for this P-384 signature: {problem}; only valid ones have hints")


class TransactionFailedError(VeritallyError):
    """A transaction was mined and reverted, or was refused before it was sent."""

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(f"{what}: {problem}")
        self.what = what


class DevnetError(VeritallyError):
    """The development chain cannot be started or prepared."""

    exit_code = 3

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"development chain: {problem}; {fix}")


class ChainUnreachableError(VeritallyError):
    """Nothing answers as an EVM node at the RPC address."""

    exit_code = 3

    def __init__(self, host: str, problem: str) -> None:
        super().__init__(
            f"no EVM node answers at {host}: {problem}; check the RPC URL and that the node runs"
        )
        self.host = host


class TransactionPendingError(VeritallyError):
    """A transaction was sent and is not mined yet. It may still be: this is not a failure."""

    exit_code = 3

    def __init__(self, what: str, tx_hash: str, waited_s: float) -> None:
        super().__init__(
            f"{what}: {tx_hash} is not mined after {waited_s:g} s; look it up again before resending"
        )
        self.what = what
        self.tx_hash = tx_hash


class CommandMissingError(VeritallyError):
    """A group of commands is not installed."""

    exit_code = 2

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(
            f"`veritally {name}` is not available: {problem}; it comes with the prover, install `veritally` "
            "with all its packages"
        )
        self.name = name


class CommitmentUnavailableError(VeritallyError):
    """The commitment to a circuit's inputs cannot be computed here."""

    exit_code = 2

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"the circuit commits to its inputs, and {problem}; install `veritally` with the prover and its "
            "ezkl, and give --package with the model's package and --srs with the circuit's SRS"
        )
        self.problem = problem


class PackageMismatchError(VeritallyError):
    """A model package is not that of the registered circuit."""

    exit_code = 2

    def __init__(self, circuit: Path, found: str, registered: str) -> None:
        super().__init__(
            f"{circuit}: the verifying key has the sha256 {found}, that of the registered circuit has "
            f"{registered}; give the package of that circuit"
        )
        self.circuit = circuit


class AnswerFileError(VeritallyError):
    """A file with a prover's answer, or with the request, cannot be used."""

    exit_code = 2

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path} {problem}; save the answer and the request as they were sent")
        self.path = path


class ReceiptMismatchError(VeritallyError):
    """An answer is not what it claims to be."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__(f"the answer is not what it claims: {'; '.join(differences)}; do not rely on it")
        self.differences = tuple(differences)
