"""The prover's database and its sending account, opened together and closed together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from prover.migrations.upgrade import upgrade
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

    def close(self) -> None:
        """Lets the next process own the account at once."""
        self.manager.close()
        self.database.close()
