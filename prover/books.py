"""The prover's database and its sending account, opened together and closed together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from sqlmodel import select

from prover.jobs.errors import OtherChainError
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
        """Checks that the database is about this chain and contract; a new one is from now on.

        Raises:
            OtherChainError: it is not, as when a development chain was started anew.
            ChainUnreachableError: the node does not answer.
        """
        with chain.reading():
            genesis_hash = chain.w3.eth.get_block(0)["hash"].to_0x_hex()
        with self.database.transaction() as session:
            row = session.exec(select(HomeRow)).one_or_none()
            if row is None:
                session.add(
                    HomeRow(chain_id=chain.chain_id, genesis_hash=genesis_hash, settlement=settlement)
                )
                return
            known = _shown(row.chain_id, row.genesis_hash, row.settlement)
        found = _shown(chain.chain_id, genesis_hash, settlement)
        if known != found:
            raise OtherChainError(self.database.shown_url, known, found)

    def close(self) -> None:
        """Lets the next process own the account at once."""
        self.manager.close()
        self.database.close()


def _shown(chain_id: int, genesis_hash: str, settlement: str) -> str:
    return f"chain {chain_id} that began with {genesis_hash[:18]}…, Settlement {settlement}"
