"""The events of OpenGradient's relays: what somebody claims. No tier is among it, and none is guessed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence

from indexer.recorded import known
from indexer.recorded.logs import Log, Wanted, address_in, topic_of
from indexer.recorded.reading import LogReader
from indexer.recorded.rows import Form, Found, Kind, Settlement, Source


class OpenGradientFinder:
    """Finds settlements that relays announce."""

    kind = Kind.OPENGRADIENT

    def find(self, reader: LogReader, sources: Sequence[Source], from_block: int, to_block: int) -> Found:
        """All logs of the relays are read: those that no known form explains are counted."""
        part = reader.read([Wanted(tuple(one.contract for one in sources))], from_block, to_block)
        ids = {one.contract: one.id for one in sources}
        settlements: dict[int, list[Settlement]] = defaultdict(list)
        other_logs: dict[int, int] = defaultdict(int)
        for log in part.logs[0]:
            settlement = read_settlement(log)
            if settlement is None:
                other_logs[ids[log.contract]] += 1
            else:
                settlements[ids[log.contract]].append(settlement)
        return Found(part.first, part.last, part.blocks, settlements, other_logs=other_logs)


def read_settlement(log: Log) -> Settlement | None:
    """What a log of a relay claims; None when it has none of the known forms to the last word."""
    reader = _READERS.get(log.topics[0]) if log.topics else None
    return None if reader is None else reader(log)


def _batch(log: Log) -> Settlement | None:
    return _batch_of(log, Form.BATCH, log.head(2, dynamic=(1,)))


def _batch_v1(log: Log) -> Settlement | None:
    return _batch_of(log, Form.BATCH_V1, log.head(1))


def _batch_of(log: Log, form: Form, words: list[bytes] | None) -> Settlement | None:
    if words is None or len(log.topics) != 2:
        return None
    root = log.topics[1]
    return Settlement(log, form, _claim(b"root", root), root=root, batch_size=int.from_bytes(words[0]))


def _individual(log: Log) -> Settlement | None:
    words = log.head(5, dynamic=(3, 4))
    payer = address_in(log.topics[2]) if len(log.topics) == 3 else None
    if words is None or payer is None:
        return None
    tee_id, (input_hash, output_hash, timestamp) = log.topics[1], words[:3]
    return Settlement(
        log,
        Form.INDIVIDUAL,
        _claim(b"individual", tee_id, input_hash, output_hash, timestamp),
        tee_id=tee_id,
        input_hash=input_hash,
        output_hash=output_hash,
        timestamp=int.from_bytes(timestamp),
        payer=payer,
    )


def _single_v1(log: Log) -> Settlement | None:
    return _hashes_of(log, Form.SINGLE_V1, log.head(0))


def _metadata_v1(log: Log) -> Settlement | None:
    return _hashes_of(log, Form.METADATA_V1, log.head(3, dynamic=(0, 1, 2)))


def _hashes_of(log: Log, form: Form, words: list[bytes] | None) -> Settlement | None:
    """Without a time, an honest second inference looks the same: nothing tells a repetition."""
    if words is None or len(log.topics) != 3:
        return None
    return Settlement(log, form, input_hash=log.topics[1], output_hash=log.topics[2])


def _claim(kind: bytes, *parts: bytes) -> bytes:
    return hashlib.sha256(kind + b"".join(parts)).digest()


_READERS: dict[bytes, Callable[[Log], Settlement | None]] = {
    topic_of(known.BATCH): _batch,
    topic_of(known.BATCH_V1): _batch_v1,
    topic_of(known.INDIVIDUAL): _individual,
    topic_of(known.SINGLE_V1): _single_v1,
    topic_of(known.METADATA_V1): _metadata_v1,
}
