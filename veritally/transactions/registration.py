"""The first time that a key is used: with which nonce it begins."""

from __future__ import annotations

from collections import Counter

from veritally.transactions.database import Database
from veritally.transactions.errors import DatabaseError, EndpointError, NoEndpointError
from veritally.transactions.lease import Key
from veritally.transactions.nodes import Nodes
from veritally.transactions.tables import AccountRow


def register(database: Database, key: Key, nodes: Nodes) -> None:
    """Stores the nonces of a key that is new; does nothing when it is known.

    Raises:
        NoEndpointError: nodes do not answer or do not agree.
    """
    if _is_known(database, key):
        return
    first_nonce, next_nonce = _nonces(key, nodes)
    row = AccountRow(chain_id=key.chain_id, sender=key.sender, first_nonce=first_nonce, next_nonce=next_nonce)
    try:
        with database.transaction() as session:
            session.add(row)
    except DatabaseError:
        if not _is_known(database, key):  # as when another process was first
            raise


def _is_known(database: Database, key: Key) -> bool:
    with database.reading() as session:
        return session.get(AccountRow, (key.chain_id, key.sender)) is not None


def _nonces(key: Key, nodes: Nodes) -> tuple[int, int]:
    """How many transactions of the sender are in blocks, and how many with those that wait."""
    said: Counter[tuple[int, int]] = Counter()
    for view in nodes.views():
        try:
            mined = view.node.transaction_count(key.sender, "latest")
            pending = view.node.transaction_count(key.sender, "pending")
        except EndpointError as error:
            nodes.failed(view.node, error)
            continue
        said[mined, max(mined, pending)] += 1
    for nonces, votes in said.most_common(1):
        if votes >= nodes.agreeing:
            return nonces
    problem = f"{nodes.agreeing} nodes must agree on the nonce of {key.sender}, and said {dict(said)}"
    raise NoEndpointError(key.chain_id, [problem, *nodes.problems.values()])
