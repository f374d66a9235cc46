"""What is known of foreign events, and how they are told apart, without a chain."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from eth_utils.address import is_checksum_address
from sqlalchemy import create_engine, text

from indexer.amounts import join
from indexer.commands.imports import imports
from indexer.database import Database
from indexer.errors import ConcurrentIndexerError
from indexer.recorded import known
from indexer.recorded.logs import Log, Wanted, in_parts, topic_of
from indexer.recorded.rows import Form, Found, Kind, Source, Transfer
from indexer.recorded.store import LARGEST_TRANSFER, open_source, write_found
from indexer.recorded.tables import RecordedSettlementRow, RecordedSourceRow, TokenTransferRow
from indexer.recorded.x402 import _form
from indexer.wire import Block
from veritally.x402.addresses import UPTO_PROXY_ADDRESS

ROOT = Path(__file__).parents[2]
GROUP: Any = typer.main.get_command(imports)
TOPICS = {
    known.BATCH: "c2aff8d8a10a4543baabf39bd9ff45e7fc3881d19098df350a3b7f339e911127",
    known.INDIVIDUAL: "74e71a1981c03bd0c36f3b1227f3ee2a34dca5d6fef25c4b2787e033ab60b782",
    known.BATCH_V1: "fa7c610716cb742e297d9aaa305f688a478691d7bdda909887be587592075db0",
    known.SINGLE_V1: "2dec475996b83d8f0b0b5863ea37b28d71de0e635fecf1042fd2c6e41b2bdda3",
    known.METADATA_V1: "699118b9cf4c170299a3cd2b24610f4bdd66f1492695baf29c49077ef64c056c",
    known.TRANSFER: "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
    known.AUTHORIZATION_USED: "98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5",
    known.PROXY_SETTLED: "97088ec3606cfe8cc112180570d03fcde05f9b8e1bfef8e27784eaf5dd5691b6",
    known.PROXY_SETTLED_WITH_PERMIT: "de5b89d10fc800c459329c382fabfcad0be0ed7e5328e01fae04e507b09ef5d8",
}
"""As explorers show them."""
TOKEN, PROXY = b"\xa0" * 20, bytes.fromhex(UPTO_PROXY_ADDRESS[2:])
PAYER, PAYEE, OTHER = (bytes(12) + bytes([byte]) * 20 for byte in (1, 2, 3))
ONE, TWO = b"\x01" * 32, b"\x02" * 32


def log(index: int, contract: bytes, *topics: bytes, transaction: bytes = ONE) -> Log:
    return Log(5, index, transaction, contract, topics, bytes(32))


def authorized(index: int, payer: bytes = PAYER, transaction: bytes = ONE, token: bytes = TOKEN) -> Log:
    return log(index, token, topic_of(known.AUTHORIZATION_USED), payer, bytes(32), transaction=transaction)


def proxy_settled(index: int, transaction: bytes = ONE) -> Log:
    return log(index, PROXY, topic_of(known.PROXY_SETTLED), transaction=transaction)


@pytest.mark.parametrize("signature", TOPICS)
def test_topics_are_those_that_were_published(signature: str) -> None:
    assert topic_of(signature).hex() == TOPICS[signature]


def test_known_addresses_are_written_with_checksum() -> None:
    assert len(known.OPENGRADIENT_RELAYS) == 2
    assert all(is_checksum_address(relay.address) for relay in known.OPENGRADIENT_RELAYS)


@pytest.mark.parametrize(
    ("beside", "form"),
    [
        ([authorized(6)], Form.EXACT),
        ([proxy_settled(8)], Form.PERMIT2),
        ([], None),
        ([authorized(5)], None),
        ([authorized(8)], None),
        ([authorized(6, payer=OTHER)], None),
        ([authorized(6, transaction=TWO)], None),
        ([authorized(6, token=OTHER[12:])], None),
        ([proxy_settled(6)], None),
        ([proxy_settled(8, transaction=TWO)], None),
        ([authorized(8), proxy_settled(6)], None),
    ],
)
def test_only_what_stands_right_beside_a_transfer_makes_it_a_payment(
    beside: list[Log], form: Form | None
) -> None:
    transfer = log(7, TOKEN, topic_of(known.TRANSFER), PAYER, PAYEE)
    assert _form(transfer, {one.place: one for one in beside}) == form


def test_filters_are_checked_topic_by_topic() -> None:
    wanted = Wanted((TOKEN,), ((ONE,), (), (PAYEE, OTHER)))
    assert wanted.allows(log(0, TOKEN, ONE, PAYER, PAYEE))
    assert not wanted.allows(log(0, PROXY, ONE, PAYER, PAYEE))
    assert not wanted.allows(log(0, TOKEN, TWO, PAYER, PAYEE))
    assert not wanted.allows(log(0, TOKEN, ONE, PAYER, PAYER))
    assert not wanted.allows(log(0, TOKEN, ONE, PAYER))
    assert wanted.request(1, 2).params[0]["topics"][1] is None


def test_long_lists_are_asked_for_in_parts() -> None:
    values = [bytes([number]) for number in range(7)]
    assert in_parts(values, most=3) == [tuple(values[:3]), tuple(values[3:6]), tuple(values[6:])]
    assert in_parts([]) == []


def test_absurd_transfers_do_not_break_sums(tmp_path: Path) -> None:
    """A token may announce any number; two of the largest must still add up in 64 bits."""
    database = Database(f"sqlite:///{tmp_path}/absurd.db")
    database.prepare()
    block = Block(5, ONE, TWO, 1_764_000_000)
    amounts = (2**256 - 1, 2**256 - 1, LARGEST_TRANSFER, 5)
    transfers = [
        Transfer(log(index, TOKEN), PAYER[12:], PAYEE[12:], amount) for index, amount in enumerate(amounts)
    ]
    with database.writing() as session:
        id_ = open_source(session, 1, Kind.TRANSFERS, TOKEN, b"", None)
        source = Source(id_, TOKEN, b"", 0, None)
        write_found(session, 1, [source], Found(block, block, {5: block}, transfers=transfers), 9)
    engine = create_engine(f"sqlite:///{tmp_path}/absurd.db")
    with engine.connect() as connection:
        sums = "SELECT SUM(amount_e20), SUM(amount_e10), SUM(amount_e0) FROM token_transfer"
        assert join(*connection.execute(text(sums)).one()) == 3 * LARGEST_TRANSFER + 5
    engine.dispose()


def test_two_imports_at_once_are_noticed(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/two.db")
    database.prepare()
    block = Block(0, ONE, TWO, 1_764_000_000)
    with database.writing() as session:
        id_ = open_source(session, 1, Kind.OPENGRADIENT, TOKEN, b"", None)
    stale = Source(id_, TOKEN, b"", 0, None)
    with database.writing() as session:
        write_found(session, 1, [stale], Found(block, block, {0: block}), 0)
    with (
        pytest.raises(ConcurrentIndexerError, match="the cursor left block 0"),
        database.writing() as session,
    ):
        write_found(session, 1, [stale], Found(block, block, {0: block}), 0)


def test_page_describes_every_column_and_shows_commands_that_exist() -> None:
    page = (ROOT / "docs" / "recorded.md").read_text(encoding="utf-8")
    for table in (RecordedSourceRow, RecordedSettlementRow, TokenTransferRow):
        section = page.split(f"**`{table.__tablename__}`**")[1].split("\n\n**`")[0]
        described = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)))
        assert sorted(described) == sorted(table.model_fields), table.__tablename__
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE)) >= {form.value for form in Form}
    assert all(relay.address in page for relay in known.OPENGRADIENT_RELAYS)
    options = {name: {o for p in command.params for o in p.opts} for name, command in GROUP.commands.items()}
    shown = re.findall(r"^\$ veritally-indexer import (\w+) (.+)$", page, re.MULTILINE)
    assert {name for name, _ in shown} == set(options) - {"show"}
    for name, words in shown:
        assert {word for word in words.split() if word.startswith("--")} <= options[name]
