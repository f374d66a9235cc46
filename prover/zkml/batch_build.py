"""The circuits of a model for several inferences in one proof."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prover.errors import EzklFailedError, VerifierTooLargeError
from prover.zkml.batch import fill, in_slots, open_batched
from prover.zkml.cache import Progress
from prover.zkml.circuit import prepare_circuit
from prover.zkml.errors import BatchUnavailableError, NotBatchableError, SrsFileError
from prover.zkml.frontier import Option, Preference, choose_unbuilt
from prover.zkml.network import Network
from prover.zkml.package import ModelPackage
from prover.zkml.search import Sample, compute
from prover.zkml.sizing import Candidate, Precision, fewest_rows
from prover.zkml.srs import open_srs

MAX_LOGROWS_UNASKED: Final = 18
"""Larger circuits, which take minutes and gigabytes, are built only when they are asked for."""


@dataclass(frozen=True)
class Tried:
    """The chosen circuit for one inference, as it was tried."""

    network: Network
    precision: Precision
    sample: Sample
    words: tuple[tuple[str, ...], ...]
    """The output words that it computes for each input of the sample."""


@dataclass(frozen=True)
class BatchBuilder:
    """Builds circuits that agree with the one for a single inference to the last bit."""

    package: ModelPackage
    """With the circuit for one inference."""
    tried: Tried
    preference: Preference
    srs: Path | None
    """SRS file; None for a development SRS."""
    required: bool
    """Whether it is an error when there is no circuit."""
    cache_dir: Path
    progress: Progress

    def build(self, batch_size: int) -> Option | None:
        """The circuit for `batch_size` inferences; None when there is none.

        Raises:
            BatchUnavailableError: there is none, and it is required.
            EzklError: ezkl crashes or takes too long.
        """
        try:
            candidate = self._search(batch_size)
            logrows = candidate.knobs.logrows
            opened = open_srs(self.srs, logrows) if self.srs else None
            both = dataclasses.replace(self.package, circuits=(self.package.knobs, candidate.knobs))
            circuit = prepare_circuit(both, self.cache_dir, self.progress, opened, batch_size)
        except (NotBatchableError, BatchUnavailableError, VerifierTooLargeError, SrsFileError) as error:
            if isinstance(error, BatchUnavailableError) and self.required:
                raise
            if self.required:
                raise BatchUnavailableError(batch_size, str(error)) from None
            self.progress(f"batch size {batch_size} is left out: {error}")
            return None
        return Option(candidate, circuit)

    def _search(self, batch_size: int) -> Candidate:
        single = self.tried.network
        sample = fill(self.tried.sample, batch_size, (self.package.filling,) * single.input_size)
        with tempfile.TemporaryDirectory(prefix="veritally-batch-") as folder:
            network = open_batched(single, batch_size, Path(folder), sample, single.run(sample))
            found = list(fewest_rows(network, self.tried.precision, "public", batch_size))
            if not found:
                raise BatchUnavailableError(batch_size, "it needs more rows than there can be")
            candidate = choose_unbuilt(found, self.preference)
            if candidate.knobs.logrows > MAX_LOGROWS_UNASKED and not self.required:
                problem = f"it has 2^{candidate.knobs.logrows} rows, which are built only when asked for"
                raise BatchUnavailableError(batch_size, problem)
            _require_same_words(network, candidate, self.tried, sample)
        self.progress(f"batch size {batch_size}: {candidate.rows:,} rows, the same outputs to the last bit")
        return candidate


def _require_same_words(network: Network, candidate: Candidate, tried: Tried, sample: Sample) -> None:
    """Every constraint holds, and each slot gives the words that the circuit for one inference gives."""
    batch_size = candidate.knobs.batch_size
    try:
        made = compute(network, candidate.knobs, in_slots(sample, batch_size), constraints=True)
    except EzklFailedError as error:
        raise BatchUnavailableError(batch_size, f"the sample does not satisfy it ({error})") from None
    outputs = tried.network.output_size
    slots = [
        words[slot * outputs : (slot + 1) * outputs] for words in made.words for slot in range(batch_size)
    ]
    for index, words in enumerate(tried.words):
        if slots[index] != words:
            raise BatchUnavailableError(batch_size, f"its outputs for sample {index} differ in the last bits")
