"""Labels of pairs of payer and prover: `self` where nothing is guessed, `suspected` where something is.

docs/labels.md says what they mean. They are made anew whenever the cube changes; settled rows never change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from sqlmodel import Session

from indexer.analytics.cube import Cube
from indexer.analytics.money_back import payout_pairs, round_trip_pairs


class Label(StrEnum):
    """What is said of a pair."""

    SELF = "self"
    """The payer pays itself."""
    SUSPECTED = "suspected"
    """It looks as if nothing was bought."""


LabelledPair: TypeAlias = tuple[int, int, float | None]
"""Payer, prover (`address.id`), confidence."""


@dataclass(frozen=True)
class Rule:
    """What gives a label. A rule that changes gets another version."""

    name: str
    label: Label
    version: str
    says: str
    """What is true of every labelled pair."""
    find: Callable[[Cube], Iterable[LabelledPair]]


def _by_sql(name: str) -> Callable[[Cube], Iterable[LabelledPair]]:
    return lambda cube: cube.select(name)


RULES = (
    Rule("same", Label.SELF, "1", "the payer is the prover", _by_sql("label_same")),
    Rule(
        "payout",
        Label.SELF,
        "1",
        "the prover withdrew more to the payer, from what payers paid to it, than that payer ever paid to it",
        payout_pairs,
    ),
    Rule(
        "owner",
        Label.SELF,
        "1",
        "the payer registered every model that the prover has served, to anybody",
        _by_sql("label_owner"),
    ),
    Rule(
        "round-trip",
        Label.SUSPECTED,
        "1",
        "half of what the payer paid, or more, came back within seven days, of ten payments or more",
        round_trip_pairs,
    ),
    Rule(
        "captive",
        Label.SUSPECTED,
        "1",
        "two payers or one make 90 % of what the prover settles, of 100 inferences in four weeks or more",
        _by_sql("label_captive"),
    ),
    Rule(
        "cohort",
        Label.SUSPECTED,
        "1",
        "of ten payers of the prover or more, 80 % begin with the same amount, 70 % within one hour, "
        "equally busy",
        _by_sql("label_cohort"),
    ),
)
"""All rules, in the order of docs/labels.md."""


def load_labels(_session: Session, cube: Cube, _deployment_id: int) -> None:
    """Fills `pair_label` anew from the other tables of the cube."""
    cube.execute("DELETE FROM pair_label")
    columns = ("payer", "prover", "label", "rule", "version", "confidence")
    for rule in RULES:
        rows = [
            (payer, prover, str(rule.label), rule.name, rule.version, confidence)
            for payer, prover, confidence in rule.find(cube)
        ]
        cube.insert("pair_label", columns, rows)
