"""What an import stores of a range, and what it makes of a node that changes its mind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from indexer.database import Database
from indexer.errors import InconsistentLogsError
from indexer.recorded import known
from indexer.recorded.logs import Log, Wanted, topic_of
from indexer.recorded.reading import LogReader, Part
from indexer.recorded.rows import Form, Found, Kind, Settlement, Source
from indexer.recorded.store import open_source, write_found
from indexer.recorded.x402 import X402Finder
from indexer.wire import Block

TOKEN, PAYEE, ONE, TWO = b"\xa0" * 20, b"\x02" * 20, b"\x01" * 32, b"\x02" * 32


def block(number: int, hash_: bytes = ONE) -> Block:
    return Block(number, hash_, TWO, 1_764_000_000)


def batch(number: int, log_index: int, claim: bytes = ONE) -> Settlement:
    return Settlement(Log(number, log_index, ONE, TOKEN, (), b""), Form.BATCH, claim, batch_size=1)


def test_repetitions_within_a_block_are_flagged_but_the_first(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/repeated.db")
    database.prepare()
    found = [batch(5, 9), batch(5, 2), batch(5, 4, TWO), batch(5, 3), batch(4, 7, TWO)]
    with database.writing() as session:
        id_ = open_source(session, 1, Kind.OPENGRADIENT, TOKEN, b"", None)
        blocks = {4: block(4), 5: block(5)}
        write_found(
            session, 1, [Source(id_, TOKEN, b"", 0, None)], Found(block(0), block(5), blocks, {id_: found}), 9
        )
    engine = create_engine(f"sqlite:///{tmp_path}/repeated.db")
    with engine.connect() as connection:
        statement = "SELECT block, log_index FROM recorded_settlement WHERE repeated ORDER BY 1, 2"
        assert [tuple(row) for row in connection.execute(text(statement))] == [(5, 3), (5, 4), (5, 9)]
    engine.dispose()


class FickleReader(LogReader):
    """Answers the second time from another branch."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, wanted: Sequence[Wanted], from_block: int, to_block: int) -> Part:
        self.asked += 1
        shown = block(5, ONE if self.asked == 1 else TWO)
        payee = bytes(12) + PAYEE
        transfer = Log(5, 7, ONE, TOKEN, (topic_of(known.TRANSFER), payee, payee), bytes(32))
        return Part(shown, shown, {5: shown}, ((transfer,), *[()] * (len(wanted) - 1)))


def test_block_that_changes_between_two_questions_is_noticed() -> None:
    reader = FickleReader()
    with pytest.raises(InconsistentLogsError, match="the block's hash changed meanwhile"):
        X402Finder(TOKEN).find(reader, [Source(1, TOKEN, PAYEE, 5, None)], 5, 5)
    assert reader.asked == 2
