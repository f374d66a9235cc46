"""A prover in a process of its own, which kills itself at the transition that it is told."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from eth_account import Account
from settling import AT_ONCE, pipeline
from sqlalchemy import event, text
from sqlmodel import Session

from prover.jobs.job import Computed, Job, JobState, Order
from prover.jobs.store import DurableJobs
from veritally.chain import Chain
from veritally.deployment import Deployment
from veritally.transactions import Database
from veritally.transactions.node import Node

_LONGEST_S = 60.0
_PROGRESS = (
    "SELECT 'job', state, count(*) FROM pv_job GROUP BY state",
    "SELECT 'batch', state, count(*) FROM pv_batch GROUP BY state",
    "SELECT 'deposit', state, count(*) FROM pv_deposit GROUP BY state",
    "SELECT 'intent', state, count(*) FROM tx_intent GROUP BY state",
    "SELECT 'attempt', '', count(*) FROM tx_attempt",
)
POLICY = dataclasses.replace(AT_ONCE, voucher_max_age_s=0.0, withdrawals_every_s=60.0)


@dataclass(frozen=True)
class Sent:
    """A request, and what the model gives for it."""

    order: Order
    computed: Computed


@dataclass(frozen=True)
class Life:
    """One process."""

    rpc_url: str
    database_url: str
    prover_key: bytes
    folder: Path
    """Holds `deployment.json`; what happens is written here."""
    requests: tuple[Sent, ...]
    """What clients send to it. What an earlier process stored is gone on with in any case."""
    known: tuple[Sent, ...]
    """What the model gives for requests of earlier processes."""
    dies_at: int | None
    """Number of the moment, counted from zero; None: it ends when everything is settled."""


class Moments:
    """Counts the moments at which a process could die, and dies at one of them."""

    def __init__(self, life: Life) -> None:
        self._dies_at = life.dies_at
        self._trace = os.open(life.folder / "moments", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._count = 0
        self._turn = threading.Lock()

    def pass_one(self, what: str) -> None:
        with self._turn:
            os.write(self._trace, f"{what}\n".encode())
            if self._count == self._dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            self._count += 1


class MortalDatabase(Database):
    """Lets the process die before and after each commit that takes something further."""

    def __init__(self, url: str, moments: Moments) -> None:
        super().__init__(url)
        if url.startswith("sqlite"):  # processes die here, machines do not
            event.listen(self._engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
        self._moments = moments
        self._progress: object = None
        self._looking = threading.local()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with super().transaction() as session:
            yield session
            change = self._change(session)
            if change:
                self._moments.pass_one(f"before {change}")
        if change:
            self._moments.pass_one(f"after {change}")

    def _change(self, session: Session) -> str:
        """What the transaction takes further; empty when it is nothing."""
        session.flush()
        try:
            with session.begin_nested():
                found = [
                    tuple(row) for query in _PROGRESS for row in session.connection().execute(text(query))
                ]
        except Exception:  # there are no tables yet
            return ""
        progress, self._progress = self._progress, found
        return "" if progress is None or progress == found else str(sorted(set(found) - set(progress)))  # type: ignore[call-overload]


def live(life: Life) -> None:
    """Runs a process until everything that it knows of is settled."""
    moments = Moments(life)
    send = Node.send

    def mortal_send(node: Node, raw: bytes) -> None:
        moments.pass_one("before a send")
        send(node, raw)
        moments.pass_one("after a send")

    Node.send = mortal_send  # type: ignore[method-assign]
    devnet: Any = SimpleNamespace(
        chain=Chain.connect(life.rpc_url),
        deployment=Deployment.load(life.folder / "deployment.json"),
        accounts=SimpleNamespace(prover=Account.from_key(life.prover_key)),
    )
    database = MortalDatabase(life.database_url, moments)
    with pipeline(devnet, database, policy=POLICY) as running:
        asyncio.run(_serve(running.jobs, life))
        running.settling.drain(_LONGEST_S)


async def _serve(jobs: DurableJobs, life: Life) -> None:
    results = {sent.order.job_id: sent.computed for sent in (*life.known, *life.requests)}
    left = [job for job in jobs.unfinished() if job.state is JobState.RESERVED]
    await asyncio.gather(*(_run(jobs, job, results[job.order.job_id], life) for job in left))
    stored = [job_id for job_id in results if await jobs.find(job_id) is not None]
    for sent in life.requests:  # one after the other, so that each moment is the same in each run
        job, is_new = await jobs.reserve(sent.order)
        if is_new:
            await _run(jobs, job, sent.computed, life)
        stored.append(sent.order.job_id)
    for job_id in stored:
        job = await jobs.wait(job_id, JobState.MINED, timeout_s=_LONGEST_S)
        _note(life, job)


async def _run(jobs: DurableJobs, job: Job, computed: Computed, life: Life) -> None:
    _note(life, await jobs.computed(job.order.job_id, computed))


def _note(life: Life, job: Job) -> None:
    """Writes down what a client would be told."""
    told: dict[str, Any] = {
        "job": job.order.job_id.hex(),
        "state": job.state.value,
        "receipt": (job.receipt_hash or b"").hex(),
        "nonce": job.nonce,
        "response": job.computed.response.hex() if job.computed else None,
        "seq": job.settlement.seq if job.settlement else None,
    }
    with (life.folder / "told").open("a") as file:
        file.write(json.dumps(told) + "\n")


def read_told(folder: Path) -> Sequence[dict[str, Any]]:
    """Everything that clients were told, in the order in which they were."""
    path = folder / "told"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
