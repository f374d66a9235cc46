"""The prover's database and its sending account, opened together and closed together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from sqlmodel import select

from prover.jobs.errors import OtherHomeError
from prover.jobs.tables import HomeRow
from prover.migrations.upgrade import upgrade
from veritally.chain import Chain
from veritally.transactions import Database, Policy, TransactionManager
from veritally.transactions.errors import KeyInUseError

LEASE_S = 15.0
"""So long after a crash nobody else may send for the account."""
_RETRY_S = 0.5


@dataclass(frozen=True)
class Books:
    """What outlives the process."""

    database: Database
    manager: TransactionManager
    """Owns the account that settles."""

    @classmethod
    def open(
        cls,
        database: Database,
        account: LocalAccount,
        chain_id: int,
        rpc_urls: Sequence[str],
        progress: Callable[[str], None],
        policy: Policy | None = None,
    ) -> Books:
        """Brings the tables up to date and becomes the account's owner; waits until a crashed one is none.

        Raises:
            DatabaseError: the database cannot be opened or written.
            KeyInUseError: another process owns the account, and goes on doing so.
            NoEndpointError: the account is new, and the node does not tell its nonce.
        """
        upgrade(database)
        policy = policy or Policy(lease_s=LEASE_S)
        deadline, told = time.monotonic() + policy.lease_s + _RETRY_S, False
        while True:
            try:
                return cls(database, TransactionManager.open(database, account, chain_id, rpc_urls, policy))
            except KeyInUseError as error:
                if time.monotonic() >= deadline:
                    raise
                if not told:
                    progress(f"waiting: {error}")
                    told = True
                time.sleep(_RETRY_S)

    def require_home(self, chain: Chain, settlement: str) -> None:
        """Checks that the database is about this chain, contract and prover; a new one is from now on.

        Raises:
            OtherHomeError: it is not, as when a development chain was started anew, or with another key.
            ChainUnreachableError: the node does not answer.
        """
        home = HomeRow(
            chain_id=chain.chain_id,
            genesis_hash=chain.genesis_hash(),
            settlement=settlement,
            prover=self.manager.key.sender,
        )
        with self.database.transaction() as session:
            row = session.exec(select(HomeRow)).one_or_none()
            if row is None:
                session.add(home)
                return
            known = _shown(row)
        if known != _shown(home):
            raise OtherHomeError(self.database.shown_url, known, _shown(home))

    def close(self) -> None:
        """Lets the next process own the account at once."""
        self.manager.close()
        self.database.close()


def _shown(home: HomeRow) -> str:
    chain = f"chain {home.chain_id} that began with {home.genesis_hash[:18]}…"
    return f"{chain}, Settlement {home.settlement}, prover {home.prover}"
