"""Errors of the prover. Each message names the values and says what to do.

ProverError
├── SettingError
├── WrongChainError
├── AssetError
├── PriceError
├── RequestRefusedError
├── EvidenceError
├── CircuitStoppedError
├── OutputMismatchError
├── ShuttingDownError
├── PackageError
│   └── ExternalTensorError
├── InputError
│   ├── InputCountError
│   ├── InputValueError
│   ├── InputOutsideRangeError
│   └── InputRangeError
├── circuits and packages: see prover/zkml/errors.py
├── paid requests: see prover/jobs/errors.py
├── EzklError
│   ├── EzklTimeoutError
│   ├── EzklCrashedError
│   └── EzklFailedError
├── UnexpectedInstancesError
├── UnexpectedCommitmentError
├── CorruptSrsError
├── EnclaveError: see prover/enclave/errors.py
├── VerifierSourceError
├── VerifierCompileError
└── VerifierTooLargeError
"""

from __future__ import annotations

import reprlib
import signal
from collections.abc import Sequence
from pathlib import Path

from veritally.errors import CommandError


class ProverError(CommandError):
    """Base of everything that the prover raises on purpose."""


class SettingError(ProverError):
    """An environment variable cannot be used."""

    exit_code = 2

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable}: {problem}; docs/prover.md lists the settings")
        self.variable = variable


class WrongChainError(ProverError):
    """The node and the deployment file are of different chains."""

    exit_code = 2

    def __init__(self, deployed: int, connected: int) -> None:
        super().__init__(
            f"the deployment file is for chain {deployed}, the node is on chain {connected}; "
            "set VERITALLY_PROVER_RPC_URL or VERITALLY_PROVER_DEPLOYMENT"
        )


class AssetError(ProverError):
    """The token to charge cannot be used."""

    exit_code = 2

    def __init__(self, problem: str) -> None:
        super().__init__(f"asset: {problem}; set VERITALLY_PROVER_ASSET to an ERC-20 token of the chain")


class PriceError(ProverError):
    """A price cannot be charged in the asset."""

    exit_code = 2

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


class EvidenceError(ProverError):
    """A group cannot be backed at its tier."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"no evidence: {problem}; restart the service so that it registers its models again")


class CircuitStoppedError(ProverError):
    """The circuit was stopped for ever, by the model's owner or after a contradiction."""

    def __init__(self, model: str, index: int) -> None:
        super().__init__(
            f"model {model}: its circuit {index} was stopped for ever; find out why, then change the circuit "
            "in model.json, so that it gets another verifying key"
        )
        self.model = model
        self.index = index


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


class PackageError(ProverError):
    """A model package cannot be used."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"model package {path}: {problem}; compare it with prover/models/iris")
        self.path = path


class ExternalTensorError(PackageError):
    """A network has weights in other files: the weights hash does not cover them."""

    def __init__(self, path: Path, network: str, tensors: Sequence[str]) -> None:
        super().__init__(
            path,
            f"{network} keeps the values of {len(tensors)} tensors (the first: {reprlib.repr(tensors[0])}) "
            "in other files, which the weights hash does not cover; load it with the onnx package and save "
            "it again without external data",
        )
        self.tensors = tuple(tensors)


class InputError(ProverError):
    """What was sent does not fit the model; sending it again does not help."""


class InputCountError(InputError):
    """Too few or too many input values."""

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(f"the model takes {expected} input values, got {got}; send exactly {expected}")
        self.expected = expected
        self.got = got


class InputValueError(InputError):
    """An input value is not a finite number."""

    def __init__(self, index: int, value: object) -> None:
        shown = reprlib.repr(value)
        super().__init__(f"input value {index} is {shown}; send a number that is finite as float32")
        self.index = index


class InputOutsideRangeError(InputError):
    """An input value is outside the range for which the model is meant."""

    def __init__(self, index: int, value: float, lowest: float, highest: float) -> None:
        super().__init__(
            f"input value {index} is {value:g}; the model takes values from {lowest:g} to {highest:g}"
        )
        self.index = index


class InputRangeError(InputError):
    """The values are so large that the circuit has no room for what the model computes from them."""

    def __init__(self, model: str, detail: str) -> None:
        super().__init__(
            f"model {model} cannot be proved for these inputs ({detail}); send values of the usual size"
        )
        self.model = model


class EzklError(ProverError):
    """A call of ezkl gave no result."""


class EzklTimeoutError(EzklError):
    """A call of ezkl took too long and was killed."""

    def __init__(self, stage: str, timeout_s: float, fix: str) -> None:
        super().__init__(f"ezkl stage {stage!r} was killed after {timeout_s:g} s; {fix}")
        self.stage = stage
        self.timeout_s = timeout_s


class EzklCrashedError(EzklError):
    """The process of a call ended without a result."""

    def __init__(self, stage: str, exit_code: int, elapsed_s: float, last_words: str) -> None:
        end = f"died with exit code {exit_code}" if exit_code >= 0 else f"was killed by {_signal(-exit_code)}"
        super().__init__(
            f"ezkl stage {stage!r} {end} after {elapsed_s:.1f} s; free memory or prove a smaller circuit, "
            f"and try again; it last said: {last_words or 'nothing'}"
        )
        self.stage = stage
        self.child_exit_code = exit_code


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class EzklFailedError(EzklError):
    """ezkl refused a call."""

    def __init__(self, stage: str, elapsed_s: float, problem: str, last_words: str) -> None:
        super().__init__(
            f"ezkl stage {stage!r} failed after {elapsed_s:.1f} s: {problem}; check the package's network "
            f"and circuit; it last said: {last_words or 'nothing'}"
        )
        self.stage = stage
        self.problem = problem
        self.last_words = last_words


class UnexpectedInstancesError(ProverError):
    """A proof is not about the inputs that were given."""

    def __init__(self, model: str, got: int, expected: int) -> None:
        super().__init__(
            f"model {model}: the proof's {got} instances are not the given inputs, {expected} words in all; "
            "use the ezkl version that pyproject.toml pins"
        )
        self.model = model


class UnexpectedCommitmentError(ProverError):
    """A proof begins with a commitment to other inputs than those that were given."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"model {model}: the proof does not begin with the commitment to the given inputs; use the ezkl "
            "version that pyproject.toml pins"
        )
        self.model = model


class CorruptSrsError(ProverError):
    """The development SRS on disk is not the one that was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} has changed; restore it, or delete it to make a new one (models that were registered "
            "with the old one cannot be proved with the new one)"
        )
        self.path = path


class VerifierSourceError(ProverError):
    """The verifier that ezkl generated is not as expected, so that it must not be used."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"generated verifier: {problem}; use the ezkl version that pyproject.toml pins")


class VerifierCompileError(ProverError):
    """The verifier cannot be compiled."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"verifier not compiled: {problem}; {fix}")


class VerifierTooLargeError(ProverError):
    """No EVM chain accepts a contract of this size."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"the verifier has {size} bytes, the EVM allows {limit}; raise logrows in model.json "
            "until the circuit fits one block of columns"
        )
        self.size = size
        self.limit = limit
