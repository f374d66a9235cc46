"""Finds out what of a batch can be settled: what a trial refuses is taken out, halved, and refused alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from prover.errors import ProverError
from prover.evidence import EvidenceMaker
from prover.jobs.job import Reason
from prover.settling.bundles import Bundle, Item, by_group
from prover.settling.preparing import PreparedGroup, prepare
from prover.settling.trial import Trier
from veritally.errors import ChainUnreachableError, VeritallyError
from veritally.settlement import ReceiptOutcome
from veritally.transactions.errors import NoEndpointError

_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


@dataclass(frozen=True)
class Ready:
    """Groups that settle whole, as far as a trial can tell."""

    groups: tuple[PreparedGroup, ...]
    gas_used: int
    calldata: bytes

    @property
    def bundles(self) -> list[Bundle]:
        """All bundles of all groups."""
        return [bundle for group in self.groups for bundle in group.bundles]


@dataclass
class Verdict:
    """What became of bundles that were tried."""

    ready: list[Ready]
    refused: list[tuple[Item, Reason]]

    def add(self, other: Verdict) -> None:
        """Takes over what another trial said."""
        self.ready += other.ready
        self.refused += other.refused


def reason_of(text: str) -> Reason:
    """A contract's error as text, with its name as the code."""
    named = _NAME.match(text)
    return Reason(_snake(named[0]) if named else "refused", text)


def reason_of_error(error: Exception) -> Reason:
    """One of our errors as a reason."""
    return Reason(_snake(type(error).__name__.removesuffix("Error")), str(error))


class Judge:
    """Tries batches until what is left of them settles."""

    def __init__(self, evidence: EvidenceMaker, trier: Trier) -> None:
        self._evidence = evidence
        self._trier = trier

    def judge(self, bundles: Sequence[Bundle]) -> Verdict:
        """What can be settled, each as one transaction, and what cannot, with its reason.

        What is neither, is to be tried again later.

        Raises:
            ChainUnreachableError, NoEndpointError: the node does not answer; nothing is known.
        """
        groups, verdict = self._prepare(bundles)
        if groups:
            verdict.add(self._try(groups))
        return verdict

    def _prepare(self, bundles: Sequence[Bundle]) -> tuple[list[PreparedGroup], Verdict]:
        """A group without evidence stops no other."""
        groups, verdict = [], Verdict([], [])
        for members in by_group(bundles):
            try:
                groups.append(prepare(members, self._evidence))
            except (ChainUnreachableError, NoEndpointError):
                raise
            except (ProverError, VeritallyError) as error:
                items = [item for bundle in members for item in bundle.items]
                verdict.refused += [(item, reason_of_error(error)) for item in items]
        return groups, verdict

    def _try(self, groups: Sequence[PreparedGroup]) -> Verdict:
        trial = self._trier.run(groups)
        if trial.problem:
            bundles = [bundle for group in groups for bundle in group.bundles]
            return self._divide(bundles, reason_of(trial.problem))
        pairs = list(zip(groups, trial.outcomes, strict=True))
        if all(outcome.seq is not None for _, outcomes in pairs for outcome in outcomes):
            return Verdict([Ready(tuple(groups), trial.gas_used, trial.calldata)], [])
        return self._sort(pairs)

    def _sort(self, pairs: Sequence[tuple[PreparedGroup, tuple[ReceiptOutcome, ...]]]) -> Verdict:
        """Judges again what was fine, and apart from it what was not."""
        fine: list[Bundle] = []
        verdict = Verdict([], [])
        for group, outcomes in pairs:
            by_hash = {outcome.receipt_hash: outcome for outcome in outcomes}
            failed: list[Bundle] = []
            for bundle in group.bundles:
                bad = [by_hash[item.receipt_hash] for item in bundle.items]
                bad = [outcome for outcome in bad if outcome.seq is None]
                if not bad:
                    fine.append(bundle)
                elif bad[0].with_group:
                    failed.append(bundle)
                else:
                    verdict.add(self._divide([bundle], reason_of(bad[0].reason)))
            if failed:
                verdict.add(self._divide(failed, reason_of(by_hash[failed[0].items[0].receipt_hash].reason)))
        verdict.add(self.judge(fine))
        return verdict

    def _divide(self, bundles: Sequence[Bundle], reason: Reason) -> Verdict:
        """Judges both halves; what is one request only is refused."""
        if len(bundles) > 1:
            middle = len(bundles) // 2
            halves = bundles[:middle], bundles[middle:]
        elif len(bundles[0].items) > 1:
            # The other half draws on the same channel: it is tried when the first one has landed.
            return self.judge([bundles[0].halves()[0]])
        else:
            return Verdict([], [(bundles[0].items[0], reason)])
        verdict = self.judge(halves[0])
        verdict.add(self.judge(halves[1]))
        return verdict


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
