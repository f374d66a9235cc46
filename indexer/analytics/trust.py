"""What is verified (M16), sold to oneself (M17), looks made up (M18), and became doubtful (M19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.labels import RULES, Label
from indexer.analytics.metric import Metric

if TYPE_CHECKING:
    from indexer.analytics.cube import Cube
    from indexer.analytics.metric import Scope

_CLASSES = {1: "self", 2: "suspected", 3: "too few payers to judge", 4: "not labelled"}


def _verified_recorded(cube: Cube, scope: Scope) -> Answer:
    found = cube.select("verified_recorded", scope.parameters)
    counts = [verified if claimed is None else claimed for *_, verified, claimed, _ in found]
    total = sum(count for count in counts if count is not None)
    shares = [count / total if count is not None and total else None for count in counts]
    rows = tuple((*row[:5], share) for row, share in zip(found, shares, strict=True))
    return Answer(_RECORDED_COLUMNS, rows)


def _self_dealing(cube: Cube, scope: Scope) -> Answer:
    return _labelled(cube, scope, Label.SELF)


def _suspected(cube: Cube, scope: Scope) -> Answer:
    return _labelled(cube, scope, Label.SUSPECTED)


def _labelled(cube: Cube, scope: Scope, label: Label) -> Answer:
    found = cube.select("labelled", {**_window(scope), "label": str(label)})
    rows = [(*row[:6], row[5] / row[6]) for row in found]
    return Answer(_LABEL_COLUMNS, tuple(rows))


def _row_classes(cube: Cube, scope: Scope) -> Answer:
    found = {class_: row for class_, *row in cube.select("row_classes", _window(scope))}
    total = sum(row[2] for row in found.values())
    rows = []
    for class_, name in _CLASSES.items():
        payers, provers, n, strong = found.get(class_, (0, 0, 0, 0))
        rows.append((name, payers, provers, n, n / total if total else None, strong))
    return Answer(_CLASS_COLUMNS, tuple(rows))


def _labelled_pairs(cube: Cube, _scope: Scope) -> Answer:
    return Answer(_PAIR_COLUMNS, tuple(cube.select("labelled_pairs")))


def _tainted(cube: Cube, scope: Scope) -> Answer:
    rows = []
    for week, tier, as_settled, tainted, today, total in cube.select("tainted", scope.parameters):
        shares = (as_settled / total, today / total) if total else (None, None)
        rows.append((week, tier, as_settled, shares[0], today, shares[1], tainted))
    return Answer(_TAINTED_COLUMNS, tuple(rows))


def _doubts(cube: Cube, _scope: Scope) -> Answer:
    return Answer(_DOUBT_COLUMNS, tuple(cube.select("doubts")))


def _window(scope: Scope) -> dict[str, int]:
    return {name: scope.parameters[name] for name in ("w1_first", "w1_end")}


_RECORDED_COLUMNS = (
    Column("status", Kind.TEXT, "verified: the contract checked the evidence; recorded: nobody did, here"),
    Column("source", Kind.TEXT, "counted tier, or the kind of the other contract's event"),
    Column("events", Kind.COUNT, "events that say so"),
    Column("verified_inferences", Kind.COUNT, "whose evidence the contract checked; recorded ones have none"),
    Column(
        "claimed_inferences",
        Kind.COUNT,
        "as many as those events claim; none of what is verified, and none of plain payments",
    ),
    Column("share", Kind.SHARE, "of all inferences, claimed ones among them; none without any"),
)
_LABEL_COLUMNS = (
    Column("rule", Kind.TEXT, "which rule labels the pairs"),
    Column("version", Kind.TEXT, "version of the rule"),
    Column("tier", Kind.TIER, "counted tier"),
    Column("payers", Kind.COUNT, "payers of labelled pairs"),
    Column("provers", Kind.COUNT, "provers of labelled pairs"),
    Column("inferences", Kind.COUNT, "their paid inferences; one that two rules meet is in both rows"),
    Column("share", Kind.SHARE, "of all paid inferences of the tier"),
)
_CLASS_COLUMNS = (
    Column("class", Kind.TEXT, "each paid inference is in one class"),
    Column("payers", Kind.COUNT, "payers of pairs of the class"),
    Column("provers", Kind.COUNT, "provers of pairs of the class"),
    Column("inferences", Kind.COUNT, "paid inferences"),
    Column("share", Kind.SHARE, "of all paid inferences; none without any"),
    Column("strong", Kind.COUNT, "those that are counted as tee or zkml"),
)
_PAIR_COLUMNS = (
    Column("payer", Kind.ADDRESS, "payer"),
    Column("prover", Kind.ADDRESS, "prover"),
    Column("label", Kind.TEXT, "self or suspected"),
    Column("rule", Kind.TEXT, "which rule labels the pair"),
    Column("version", Kind.TEXT, "version of the rule"),
    Column(
        "confidence", Kind.NUMBER, "from 0.7 on: how clearly the rule is met; none where nothing is guessed"
    ),
    Column("inferences", Kind.COUNT, "all paid inferences of the pair; they are what the label rests on"),
    Column("first_week", Kind.WEEK, "week of the first of them"),
    Column("last_week", Kind.WEEK, "week of the last of them"),
)
_TAINTED_COLUMNS = (
    Column("week", Kind.WEEK, "Monday on which the week begins"),
    Column("tier", Kind.TIER, "counted tier"),
    Column("as_settled", Kind.COUNT, "paid inferences, as they were settled; never changes"),
    Column("share", Kind.SHARE, "as_settled / paid inferences of the week"),
    Column("as_known_today", Kind.COUNT, "the same when doubtful ones count as signed; may change"),
    Column("share_today", Kind.SHARE, "as_known_today / paid inferences of the week"),
    Column("tainted", Kind.COUNT, "doubtful ones among those that were settled at the tier"),
)
_DOUBT_COLUMNS = (
    Column("cause", Kind.TEXT, "EnclaveCompromised or ContradictionShown"),
    Column("subject", Kind.TEXT, "the enclave key, or the route of a contradiction, in 0x hex"),
    Column("since", Kind.TIME, "settlements from then on are doubtful; none when all are"),
    Column("first_declared", Kind.TIME, "when that was said first"),
    Column("last_declared", Kind.TIME, "when it was said last; the series as known today moved then"),
    Column("inferences", Kind.COUNT, "settled inferences of all weeks that it makes doubtful"),
    Column("model", Kind.ID, "the model that contradicts itself; none otherwise"),
)


def _rules_of(label: Label) -> str:
    rules = [rule for rule in RULES if rule.label is label]
    return "; ".join(f"{rule.name} (version {rule.version}): {rule.says}" for rule in rules)


METRICS = (
    Metric(
        id="M16",
        name="verified-recorded",
        title="Verified and recorded",
        question="How much of what is shown did our contract verify?",
        formula=(
            "Inferences whose evidence the contract checked / all inferences, those among them that other "
            "contracts claim in imported events. These are recorded, and enter no other number. A plain "
            "x402 payment claims none."
        ),
        columns=_RECORDED_COLUMNS,
        compute=_verified_recorded,
        sql=("verified_recorded",),
    ),
    Metric(
        id="M17",
        name="self-dealing",
        title="Self-dealing",
        question="How much do provers buy from themselves?",
        formula=(
            "Paid inferences of pairs that are labelled self, by rule and counted tier. "
            f"{_rules_of(Label.SELF)}. "
            "Nothing is guessed: see docs/labels.md for what the contracts do not say."
        ),
        columns=_LABEL_COLUMNS,
        compute=_self_dealing,
        sql=("labelled",),
    ),
    Metric(
        id="M18",
        name="suspected",
        title="Suspected trade",
        question="How much looks as if nothing was bought?",
        formula=(
            "Paid inferences of pairs that are labelled suspected, by rule and counted tier. "
            f"{_rules_of(Label.SUSPECTED)}. Payers with 20 provers and 500 inferences are never suspected."
        ),
        columns=_LABEL_COLUMNS,
        compute=_suspected,
        sql=("labelled",),
    ),
    Metric(
        id="M18",
        name="row-classes",
        title="Labelled and not",
        question="How much is labelled, and how much cannot be judged?",
        formula=(
            "Each paid inference in one class by its pair: self, else suspected, else too few payers to "
            "judge when its prover had fewer than ten payers up to the end of the window, else not labelled."
        ),
        columns=_CLASS_COLUMNS,
        compute=_row_classes,
        sql=("row_classes",),
    ),
    Metric(
        id="M18",
        name="labelled-pairs",
        title="Labelled pairs",
        question="Who is labelled, and why?",
        formula="All pairs of payer and prover with a label, over all full weeks; a row for each rule.",
        columns=_PAIR_COLUMNS,
        compute=_labelled_pairs,
        sql=("labelled_pairs",),
    ),
    Metric(
        id="M19",
        name="tainted",
        title="As settled, and as known today",
        question="How much of what was counted is doubtful by now?",
        formula=(
            "An inference is doubtful when its enclave key was called compromised since its block's time or "
            "earlier, or when its model was shown to contradict itself on its route. As known today it "
            "counts as signed: the prover's consent still stands behind it."
        ),
        columns=_TAINTED_COLUMNS,
        compute=_tainted,
        sql=("tainted",),
    ),
    Metric(
        id="M19",
        name="doubts",
        title="What became doubtful",
        question="What was called compromised or shown to be broken, and when?",
        formula="Each key, and each route with its model, that final events call doubtful; the latest first.",
        columns=_DOUBT_COLUMNS,
        compute=_doubts,
        sql=("doubts",),
    ),
)
