"""Reads from the database how things stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from prover.jobs.job import JobState
from prover.jobs.tables import JobRow
from prover.operations.standing import BookStanding
from prover.workers.tables import ProofJobRow
from veritally.tiers import Tier
from veritally.transactions import Database, State
from veritally.transactions.lease import Key
from veritally.transactions.tables import AccountRow, IntentRow

DAY_S = 86_400
_OPEN = tuple(state.value for state in JobState if not state.is_over)
_SETTLED = tuple(state.value for state in JobState if state.is_settled)
_NOT_DONE = (JobState.SKIPPED.value, JobState.RELEASED.value)
_UNCONFIRMED = tuple(state.value for state in State if not state.reaches(State.MINED))


def read_books(database: Database, key: Key) -> BookStanding:
    """How the requests and the transactions of `key` stand.

    Raises:
        DatabaseError: the database does not answer, or has no tables.
    """
    with database.reading() as session:
        now_s = database.now_s(session)
        account = session.get(AccountRow, (key.chain_id, key.sender))
        open_jobs, oldest_s = _open_jobs(session, now_s)
        oldest = session.execute(
            _transactions(key, func.min(IntentRow.created_at_s)).where(col(IntentRow.state).in_(_UNCONFIRMED))
        ).scalar()
        return BookStanding(
            jobs=_counts(session, select(col(JobRow.state), func.count()).group_by(col(JobRow.state))),
            open_jobs=open_jobs,
            oldest_s=oldest_s,
            reasons=_reasons(session),
            proofs=_counts(
                session, select(col(ProofJobRow.state), func.count()).group_by(col(ProofJobRow.state))
            ),
            transactions=_counts(
                session,
                _transactions(key, col(IntentRow.state), func.count()).group_by(col(IntentRow.state)),
            ),
            oldest_unconfirmed_s=now_s - oldest if oldest is not None else 0.0,
            next_nonce=account.next_nonce if account else None,
            paused=account.paused if account else None,
            earned_base_units=_earned(session, now_s - DAY_S),
            gas_wei=_gas(session, key, now_s - DAY_S),
        )


def _open_jobs(session: Session, now_s: float) -> tuple[dict[str, dict[str, int]], dict[str, float]]:
    columns = (col(JobRow.state), col(JobRow.tier), func.count(), func.min(JobRow.created_at_s))
    found = session.execute(
        select(*columns).where(col(JobRow.state).in_(_OPEN)).group_by(col(JobRow.state), col(JobRow.tier))
    )
    counts: dict[str, dict[str, int]] = {}
    oldest_s: dict[str, float] = {}
    for state, tier, count, created_at_s in found:
        counts.setdefault(state, {})[Tier(tier).label] = count
        oldest_s[state] = max(oldest_s.get(state, 0.0), now_s - created_at_s)
    return counts, oldest_s


def _reasons(session: Session) -> dict[str, int]:
    columns = (col(JobRow.reason_code), func.count())
    of_state = col(JobRow.state).in_(_NOT_DONE)
    return _counts(session, select(*columns).where(of_state).group_by(col(JobRow.reason_code)))


def _earned(session: Session, since_s: float) -> Mapping[str, int]:
    """Added up here: amounts are text, which is exact, and few are different."""
    columns = (col(JobRow.asset), col(JobRow.amount), func.count())
    found = session.execute(
        select(*columns)
        .where(col(JobRow.state).in_(_SETTLED), col(JobRow.created_at_s) >= since_s)
        .group_by(col(JobRow.asset), col(JobRow.amount))
    )
    return _summed((asset, (amount or 0) * count) for asset, amount, count in found)


def _gas(session: Session, key: Key, since_s: float) -> int:
    columns = (col(IntentRow.landed_gas_used), col(IntentRow.landed_gas_price_wei))
    found: Iterable[tuple[int | None, int]] = session.execute(
        _transactions(key, *columns).where(col(IntentRow.created_at_s) >= since_s)
    )
    return sum(gas * price_wei for gas, price_wei in found if gas is not None)


def _transactions(key: Key, *columns: Any) -> Select[Any]:
    return select(*columns).where(
        col(IntentRow.chain_id) == key.chain_id, col(IntentRow.sender) == key.sender
    )


def _counts(session: Session, query: Any) -> dict[str, int]:
    """Of a query for names and numbers."""
    rows: Iterable[tuple[str, int]] = session.execute(query)
    return {str(name): count for name, count in rows}


def _summed(amounts: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    total: dict[str, int] = {}
    for name, amount in amounts:
        total[name] = total.get(name, 0) + amount
    return total
