"""Notices payers who ask for the money of their channels back, while it is still there."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import decode
from eth_utils.crypto import keccak
from requests.exceptions import RequestException
from sqlmodel import Session, col, select
from web3.types import RPCEndpoint

from prover.jobs.tables import ChannelRow, JobRow
from prover.jobs.writer import Unit, Writer
from prover.settling import ledger
from veritally.chain import Chain
from veritally.errors import ChainUnreachableError
from veritally.x402.addresses import CHANNELS_ADDRESS

_SELECTOR = keccak(text="pendingWithdrawals(bytes32)")[:4]
_MOST_AT_ONCE = 100


class Watch:
    """Asks x402's channels about those that have something to pay."""

    def __init__(self, writer: Writer, chain: Chain) -> None:
        self._writer = writer
        self._chain = chain

    def look(self) -> bool:
        """Stores what has changed; tells whether a payer wants back what is to be claimed.

        Raises:
            ChainUnreachableError: the node does not answer.
        """
        with self._writer.database.reading() as session:
            known = _channels_to_claim(session)
        ids, requested = list(known), dict.fromkeys(known, 0)
        for first in range(0, len(ids), _MOST_AT_ONCE):
            requested |= self._ask(ids[first : first + _MOST_AT_ONCE])
        changed = {key: at_s or None for key, at_s in requested.items() if known[key] != (at_s or None)}
        if changed:
            self._writer.run(lambda unit: _note(unit, changed))
        return any(requested.values())

    def _ask(self, ids: list[bytes]) -> dict[bytes, int]:
        """When withdrawals were started, 0 when there is none; one request to the node."""
        method = RPCEndpoint("eth_call")
        calls = [
            (method, [{"to": CHANNELS_ADDRESS, "data": "0x" + (_SELECTOR + key).hex()}, "latest"])
            for key in ids
        ]
        try:
            provider: Any = self._chain.w3.provider
            answers = provider.make_batch_request(calls)
            found = [decode(("uint128", "uint40"), bytes.fromhex(item["result"][2:])) for item in answers]
            return {key: int(at_s) for key, (_, at_s) in zip(ids, found, strict=True)}
        except (RequestException, ValueError, KeyError, TypeError) as error:
            problem = type(error).__name__
        raise ChainUnreachableError(getattr(self._chain.w3.provider, "host", "node"), problem)


def _channels_to_claim(session: Session) -> dict[bytes, int | None]:
    """Channels with requests that are not settled, and what is stored of withdrawals."""
    needed = select(JobRow.channel_id).where(col(JobRow.state).in_([state.value for state in ledger.WAITING]))
    rows = session.exec(select(ChannelRow).where(col(ChannelRow.id).in_(needed)))
    return {row.id: row.withdraw_requested_at_s for row in rows}


def _note(unit: Unit, changed: dict[bytes, int | None]) -> None:
    for key, requested_at_s in changed.items():
        unit.session.get_one(ChannelRow, key).withdraw_requested_at_s = requested_at_s
