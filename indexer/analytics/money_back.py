"""Rules on money that came back: from a prover, or from what payers paid to it, to one of its payers."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from indexer.amounts import join
from indexer.analytics.cube import Cube

ROUND_TRIP_S = 7 * 86_400
"""What comes back later is not taken for the same money."""
LEAST_ROUND_TRIP_PAYMENTS = 10
ROUND_TRIP_SHARE = Fraction(1, 2)


@dataclass(frozen=True)
class Movement:
    """Tokens that went from one to the other."""

    time_s: int
    """Unix time in seconds."""
    amount_base_units: int


class PairAsset(NamedTuple):
    """A payer, a prover and a token, by `address.id`."""

    payer: int
    prover: int
    asset: int


Pairs: TypeAlias = list[tuple[int, int, float | None]]


def returned_base_units(payments: Iterable[Movement], returns: Iterable[Movement]) -> int:
    """How much of the payments came back within seven days of them. Both in the order of time.

    Each unit is counted once; the oldest payments are taken to come back first.
    """
    waiting = deque(payments)
    left = waiting[0].amount_base_units if waiting else 0
    found = 0
    for back in returns:
        rest = back.amount_base_units
        while waiting and waiting[0].time_s <= back.time_s:
            if waiting[0].time_s + ROUND_TRIP_S >= back.time_s:
                taken = min(left, rest)
                found, left, rest = found + taken, left - taken, rest - taken
                if left:
                    break
            waiting.popleft()
            left = waiting[0].amount_base_units if waiting else 0
    return found


def round_trip_pairs(cube: Cube) -> Pairs:
    """Pairs of which half the money came back in any token; confidence from 0.8 (half) to 0.95 (all)."""
    spared = {payer for (payer,) in cube.select("spared")}
    back = _movements_back(cube)
    found: dict[tuple[int, int], Fraction] = {}
    for pair, (payments, count) in _payments(cube).items():
        paid = sum(payment.amount_base_units for payment in payments)
        if pair.payer in spared or count < LEAST_ROUND_TRIP_PAYMENTS or not paid:
            continue
        share = Fraction(returned_base_units(payments, [move for move, _ in back[pair]]), paid)
        if share >= ROUND_TRIP_SHARE:
            found[pair[:2]] = max(share, found.get(pair[:2], share))
    return [(*pair, float(Fraction(13, 20) + share * 3 / 10)) for pair, share in sorted(found.items())]


def payout_pairs(cube: Cube) -> Pairs:
    """Pairs of which the payer got more out of the pay addresses, in any token, than it ever paid."""
    payments = _payments(cube)
    found = set()
    for pair, moves in _movements_back(cube).items():
        paid = sum(payment.amount_base_units for payment in payments[pair][0]) if pair in payments else 0
        withdrawn = sum(move.amount_base_units for move, from_pay_address in moves if from_pay_address)
        if pair.payer != pair.prover and withdrawn > paid:
            found.add(pair[:2])
    return [(*pair, None) for pair in sorted(found)]


def _payments(cube: Cube) -> dict[PairAsset, tuple[list[Movement], int]]:
    """Payments of each pair in each token, and the number of inferences that they paid."""
    found: dict[PairAsset, tuple[list[Movement], int]] = {}
    for payer, prover, asset, time_s, count, *limbs in cube.select("payment"):
        moves, before = found.get(PairAsset(payer, prover, asset), ([], 0))
        moves.append(Movement(time_s, join(*limbs)))
        found[PairAsset(payer, prover, asset)] = moves, before + count
    return found


def _movements_back(cube: Cube) -> dict[PairAsset, list[tuple[Movement, bool]]]:
    """What went back, and whether it came out of a pay address."""
    found: dict[PairAsset, list[tuple[Movement, bool]]] = defaultdict(list)
    for payer, prover, asset, time_s, from_pay_address, *limbs in cube.select("transfer_back"):
        move = Movement(time_s, join(*limbs)), bool(from_pay_address)
        found[PairAsset(payer, prover, asset)].append(move)
    return found
