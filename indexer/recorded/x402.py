"""Plain x402 payments: transfers to known payees that an x402 event stands beside, in the same transaction.

`exact` over EIP-3009: the token's AuthorizationUsed of the payer is the log right before the transfer. Over
Permit2: the proxy's Settled or SettledWithPermit, which say nothing else, is the log right after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from indexer.errors import InconsistentLogsError
from indexer.recorded import known
from indexer.recorded.logs import Log, Wanted, address_in, in_parts, topic_of, topic_of_address
from indexer.recorded.reading import LogReader, Part
from indexer.recorded.rows import Form, Found, Kind, Settlement, Source
from veritally.x402.addresses import EXACT_PROXY_ADDRESS, UPTO_PROXY_ADDRESS

_TRANSFER = topic_of(known.TRANSFER)
_AUTHORIZED = topic_of(known.AUTHORIZATION_USED)
_SETTLED = (topic_of(known.PROXY_SETTLED), topic_of(known.PROXY_SETTLED_WITH_PERMIT))
_PROXIES = tuple(bytes.fromhex(address[2:]) for address in (EXACT_PROXY_ADDRESS, UPTO_PROXY_ADDRESS))


class X402Finder:
    """Finds payments of one token to known payees."""

    kind = Kind.X402

    def __init__(self, asset: bytes) -> None:
        self._asset = asset

    def find(self, reader: LogReader, sources: Sequence[Source], from_block: int, to_block: int) -> Found:
        """What stands beside transfers to the payees is only asked for where there are any."""
        payees = tuple(topic_of_address(one.payee) for one in sources)
        part = reader.read([Wanted((self._asset,), ((_TRANSFER,), (), payees))], from_block, to_block)
        transfers = [log for log in part.logs[0] if _is_transfer(log)]
        if not transfers:
            return Found(part.first, part.last, part.blocks)
        beside = self._beside(reader, part, transfers)
        ids = {one.payee: one.id for one in sources}
        settlements: dict[int, list[Settlement]] = defaultdict(list)
        for transfer in transfers:
            payment = _payment(transfer, beside)
            if payment is not None and payment.payee is not None:
                settlements[ids[payment.payee]].append(payment)
        return Found(part.first, part.last, part.blocks, settlements)

    def _beside(self, reader: LogReader, part: Part, transfers: Sequence[Log]) -> dict[tuple[int, int], Log]:
        """The events of x402 in the blocks of the transfers, by place."""
        payers = sorted({log.topics[1] for log in transfers})
        wanted = [Wanted((self._asset,), ((_AUTHORIZED,), some)) for some in in_parts(payers)]
        wanted.append(Wanted(_PROXIES, (_SETTLED,)))
        more = reader.read(wanted, transfers[0].block, transfers[-1].block)
        for number in part.blocks.keys() & more.blocks.keys():
            if part.blocks[number].hash != more.blocks[number].hash:
                raise InconsistentLogsError(number, number, "the block's hash changed meanwhile")
        return {log.place: log for logs in more.logs for log in logs}


def _is_transfer(log: Log) -> bool:
    """Whether it has the form of ERC-20."""
    addresses = [address_in(topic) for topic in log.topics[1:]]
    return len(addresses) == 2 and None not in addresses and len(log.data) == 32


def _payment(transfer: Log, beside: Mapping[tuple[int, int], Log]) -> Settlement | None:
    form = _form(transfer, beside)
    if form is None:
        return None
    return Settlement(
        transfer,
        form,
        payer=address_in(transfer.topics[1]),
        payee=address_in(transfer.topics[2]),
        asset=transfer.contract,
        amount_base_units=int.from_bytes(transfer.data),
    )


def _form(transfer: Log, beside: Mapping[tuple[int, int], Log]) -> Form | None:
    before = beside.get((transfer.block, transfer.log_index - 1))
    after = beside.get((transfer.block, transfer.log_index + 1))
    if before and before.transaction_hash == transfer.transaction_hash:
        authorization = before.contract, before.topics[:2]
        if authorization == (transfer.contract, (_AUTHORIZED, transfer.topics[1])):
            return Form.EXACT
    if after and after.transaction_hash == transfer.transaction_hash and after.contract in _PROXIES:
        return Form.PERMIT2
    return None
