"""Refusals of building a circuit, and of proving with it.

ProverError
├── EzklError
│   ├── EzklMemoryError
│   ├── EzklStoppedError
│   ├── ProofTooLargeError
│   ├── DamagedCircuitError
│   └── DiskFullError
├── NetworkError
│   ├── NetworkUnreadableError
│   ├── NetworkTooLargeError
│   ├── NetworkShapeError
│   ├── UnsupportedOperatorError
│   ├── NotFiniteError
│   └── NotBatchableError
├── SampleError
├── NoCircuitError
├── BatchUnavailableError
├── DevelopmentSrsError
├── BuiltPackageError
├── WrongSrsError
├── SrsFileError
│   └── CeremonySrsError
├── SrsFetchError
│   └── SrsUnreachableError
├── BatchSizeError
├── ProofsMissingError
├── UnknownModelError
└── ModelMismatchError
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prover.errors import EzklError, ProverError


class EzklMemoryError(EzklError):
    """A call of ezkl needed more memory than it may take, or than there is."""

    def __init__(self, stage: str, limit_bytes: int) -> None:
        super().__init__(
            f"ezkl stage {stage!r} needs more than {limit_bytes / 2**20:.0f} MB; free memory, or build with "
            "--prefer time, which takes the least"
        )
        self.stage = stage
        self.limit_bytes = limit_bytes


class EzklStoppedError(EzklError):
    """A call of ezkl was ended because nobody wants its result any more."""

    def __init__(self, stage: str) -> None:
        super().__init__(f"ezkl stage {stage!r} was stopped on request; ask for it again when it is wanted")
        self.stage = stage


class ProofTooLargeError(EzklError):
    """A proof can never start, because it needs more memory than all proofs together may take."""

    def __init__(self, model: str, needed_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"a proof of model {model} takes {needed_bytes / 2**20:.0f} MB, and proofs have "
            f"{limit_bytes / 2**20:.0f} MB on this machine; free memory and start again, or build with "
            "--prefer time, which takes the least"
        )
        self.needed_bytes = needed_bytes
        self.limit_bytes = limit_bytes


class DamagedCircuitError(EzklError):
    """A proof failed, and files of its circuit are not those that were made."""

    def __init__(self, model: str, files: Sequence[Path]) -> None:
        super().__init__(
            f"the circuit of model {model} was damaged on disk ({', '.join(map(str, files))}); start the "
            "program again, which makes what is damaged anew"
        )
        self.files = tuple(files)


class DiskFullError(EzklError):
    """A file of a circuit or of a proof could not be written."""

    def __init__(self, work: str) -> None:
        super().__init__(
            f"{work}: the disk is full; free some room and run the command again, it goes on where it stopped"
        )
        self.work = work


class NetworkError(ProverError):
    """An ONNX file cannot become a circuit."""


class NetworkUnreadableError(NetworkError):
    """The file is missing, or is no ONNX network."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; export the model to ONNX again")
        self.path = path


class NetworkTooLargeError(NetworkError):
    """The file is larger than any network that can be proved here."""

    def __init__(self, path: Path, size: int, limit: int) -> None:
        super().__init__(f"{path} has {size} bytes, at most {limit} can be proved; use a smaller network")
        self.size = size
        self.limit = limit


class NetworkShapeError(NetworkError):
    """The network's inputs or outputs are not of a kind that a circuit can have."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path}: {problem}; export it with one float32 input and one float32 output of fixed shapes"
        )
        self.path = path


class UnsupportedOperatorError(NetworkError):
    """ezkl knows no circuit for one of the network's operators."""

    def __init__(self, path: Path, operator: str) -> None:
        super().__init__(f"{path} uses the operator {operator}, which ezkl cannot prove; replace that layer")
        self.operator = operator


class NotFiniteError(NetworkError):
    """The network computes NaN or infinity for an input of the sample."""

    def __init__(self, path: Path, index: int) -> None:
        super().__init__(
            f"{path}: output for sample {index} is not finite; look for NaN among the weights and for "
            "divisions by zero"
        )
        self.index = index


class NotBatchableError(NetworkError):
    """There is no network for several inferences at once."""

    def __init__(self, batch_size: int, problem: str) -> None:
        super().__init__(
            f"the network cannot take {batch_size} inputs at once: {problem}; export it so that every shape "
            "follows the input's first dimension"
        )
        self.batch_size = batch_size


class SampleError(ProverError):
    """The sample cannot be used."""

    exit_code = 2

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f'{path}: {problem}; give {{"input_data": [[…]]}}, one list with the values of one or more inputs'
        )
        self.path = path


class NoCircuitError(ProverError):
    """No circuit that was tried is good enough, or none can be built at all."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"no circuit: {problem}; {fix}")


class BatchUnavailableError(ProverError):
    """A batch size was asked for that this model cannot have."""

    exit_code = 2

    def __init__(self, batch_size: int, problem: str) -> None:
        super().__init__(f"no circuit for {batch_size} inferences: {problem}; leave it out of --batch-sizes")
        self.batch_size = batch_size


class DevelopmentSrsError(ProverError):
    """A circuit that was set up with a development SRS is refused outside development chains."""

    exit_code = 2

    def __init__(self, model: str, chain_id: int) -> None:
        super().__init__(
            f"model {model} was set up with a development SRS, whose maker can forge proofs, and chain "
            f"{chain_id} is no development chain; build it with the SRS of the public ceremony"
        )
        self.chain_id = chain_id


class BuiltPackageError(ProverError):
    """A built model package was changed, or lacks a file."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"built model package {path}: {problem}; build it again or fetch it anew")
        self.path = path


class WrongSrsError(ProverError):
    """An SRS file is not the one with which a package was built."""

    def __init__(self, path: Path, found: str, expected: str) -> None:
        super().__init__(
            f"{path} has the sha256 {found}, the package was built with {expected}; get that file from the "
            "model's owner or from the public ceremony"
        )
        self.path = path


class SrsFileError(ProverError):
    """A file is no SRS, or not large enough."""

    exit_code = 2

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"SRS {path}: {problem}; fetch the file again, for at least the circuit's logrows")
        self.path = path


class BatchSizeError(ProverError):
    """A proof cannot cover so many inferences."""

    exit_code = 2

    def __init__(self, model: str, given: int, batch_size: int) -> None:
        super().__init__(
            f"a proof of model {model} covers 1 to {batch_size} inferences, got {given}; split them"
        )
        self.given = given
        self.batch_size = batch_size


class ProofsMissingError(ProverError):
    """Some of the proofs that were asked for could not be made."""

    def __init__(self, missing: int, wanted: int, first: ProverError, out: Path) -> None:
        super().__init__(
            f"{missing} of {wanted} proofs could not be made, the first because: {first}; {out} names their "
            "inferences and has the other proofs"
        )
        self.missing = missing
        self.wanted = wanted


class CeremonySrsError(SrsFileError):
    """A file has the secret of the public ceremony in it, but is not the ceremony's."""

    def __init__(self, path: Path, logrows: int, sha256: str) -> None:
        super().__init__(
            path,
            f"it is a damaged file of the public ceremony for 2^{logrows} rows, with the sha256 {sha256}",
        )
        self.logrows = logrows
        self.sha256 = sha256


class SrsFetchError(ProverError):
    """A file of the public ceremony cannot be had or cannot be kept."""

    def __init__(self, what: str, problem: str, fix: str) -> None:
        super().__init__(f"{what}: {problem}; {fix}")


class SrsUnreachableError(SrsFetchError):
    """The download did not start or broke off."""

    exit_code = 3

    def __init__(self, url: str, problem: str, kept_bytes: int) -> None:
        super().__init__(
            url, problem, f"run the command again when the network is there; {kept_bytes:,} bytes are kept"
        )
        self.kept_bytes = kept_bytes


class UnknownModelError(ProverError):
    """The registry does not know a model."""

    def __init__(self, model_id: bytes, chain_id: int) -> None:
        super().__init__(
            f"chain {chain_id} has no model 0x{model_id.hex()}; compare the id and the deployment file"
        )
        self.model_id = model_id


class ModelMismatchError(ProverError):
    """What the chain says of a model is not what its package says."""

    def __init__(self, model_id: bytes, differences: Sequence[str]) -> None:
        super().__init__(
            f"model 0x{model_id.hex()} is not the package's: {'; '.join(differences)}; do not rely on it"
        )
        self.differences = tuple(differences)
