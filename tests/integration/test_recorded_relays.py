"""Relays that claim anything, on a real chain, imported into SQLite and Postgres."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import fresh_postgres
from eth_abi.abi import encode
from foreign_chain import (
    BLOB,
    CHAIN_ID,
    FINAL_BEHIND,
    INPUT,
    OUTPUT,
    ROOT,
    TEE,
    ForeignChain,
    foreign_chain,
    rows,
    run,
    settlements,
    summary,
)

from indexer.chaos.catalogue import parse_fault
from indexer.chaos.node import FaultyNode, serve
from indexer.chaos.upstream import HttpUpstream
from indexer.commands import imports
from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.recorded import reading
from indexer.recorded.importer import Importer, Target
from indexer.recorded.opengradient import OpenGradientFinder

MILLIONS = 2_000_000
FAULTS = (
    "foreign-hash",
    "removed-logs",
    "duplicated-logs",
    "outside-log",
    "other-address",
    "extra-log",
    "null-headers",
)


@pytest.fixture
def foreign() -> Iterator[ForeignChain]:
    with foreign_chain() as chain:
        yield chain


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A database of each kind, without tables. Only the environment may hold the password of one."""
    monkeypatch.chdir(tmp_path)
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/recorded.db"
        return
    with fresh_postgres(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path}/recorded.db"


def test_every_form_is_recorded_with_what_it_claims(
    foreign: ForeignChain, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    payer = "0x00000000000000000000000000000000000000A1"
    blocks = [
        foreign.batch(ROOT, MILLIONS),
        foreign.individual(1_764_000_000, payer),
        foreign.call(foreign.v1, "batchSettle", INPUT, 2**256 - 1),
        foreign.call(foreign.v1, "settle", INPUT, OUTPUT),
        foreign.call(foreign.v1, "settleWithMetadata", INPUT, OUTPUT, "model", b"in", b"out"),
    ]
    foreign.mine()
    found = summary(capsys, *foreign.options(database_url))
    assert settlements(database_url, "block, form, root, claimed_batch_size, tee_id, payer") == [
        (blocks[0], "batch", ROOT, str(MILLIONS), None, None),
        (blocks[1], "individual", None, None, TEE, bytes.fromhex(payer[2:])),
        (blocks[2], "batch-v1", INPUT, str(2**256 - 1), None, None),
        (blocks[3], "single-v1", None, None, None, None),
        (blocks[4], "single-with-metadata-v1", None, None, None, None),
    ]
    hashes = settlements(database_url, "input_hash, output_hash, claimed_timestamp")
    assert hashes[1:2] + hashes[3:] == [(INPUT, OUTPUT, "1764000000"), *[(INPUT, OUTPUT, None)] * 2]
    times = [foreign.chain.w3.eth.get_block(block)["timestamp"] for block in blocks]
    assert settlements(database_url, "block_timestamp_s") == [(time,) for time in times]
    claimed = {source["contract"]: source["claimed_inferences"] for source in found["sources"]}
    assert claimed == {foreign.v1.address: str(2**256 + 1), foreign.v2.address: str(MILLIONS + 1)}
    assert {source["other_logs"] for source in found["sources"]} == {0}


def test_repeated_claims_are_flagged_whatever_the_order_of_imports(
    foreign: ForeignChain, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = foreign.call(foreign.v1, "batchSettle", ROOT, MILLIONS)
    second = foreign.batch(ROOT, MILLIONS)
    third = foreign.batch(ROOT, 20)
    foreign.individual(7)
    foreign.individual(8)
    again = foreign.individual(7)
    singles = [foreign.call(foreign.v1, "settle", INPUT, OUTPUT) for _ in range(2)]
    foreign.mine()
    newer = summary(capsys, *foreign.options(database_url, "--relay", foreign.v2.address))
    assert repeated_in(database_url) == [third, again]
    (source,) = newer["sources"]
    assert (source["rows"], source["repeated"]) == (5, 2)
    assert (source["claimed_inferences"], source["claimed_without_repeated"]) == ("2000023", "2000002")
    summary(capsys, *foreign.options(database_url, "--relay", foreign.v1.address))
    assert repeated_in(database_url) == [second, third, again]
    assert first not in repeated_in(database_url)
    assert not set(singles) & set(repeated_in(database_url))


def repeated_in(database_url: str) -> list[int]:
    return [block for block, repeated in settlements(database_url, "block, repeated") if repeated]


def test_no_tier_is_guessed_and_unknown_logs_are_counted_apart(
    foreign: ForeignChain, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mode 1 means ZK for models and TEE for language models. A log of another shape is nothing of ours."""
    foreign.call(foreign.v2, "runModelInference", "an id", 1, "a model")
    batch_topic = foreign.v2.events.BatchSettlement().topic
    honest = encode(["uint256", "bytes"], [MILLIONS, BLOB])
    offset_elsewhere = honest[:63] + b"\x60" + honest[64:]
    for data in (b"", bytes(96), honest[:-1], honest[:-32], honest + bytes(32), offset_elsewhere):
        foreign.call(foreign.v2, "emitAnything", batch_topic, ROOT, data)
    individual_topic = foreign.v2.events.IndividualSettlement().topic
    foreign.call(foreign.v2, "emitAnything", individual_topic, TEE, bytes(224))
    foreign.call(foreign.v2, "emitAnything", batch_topic, ROOT, encode(["uint256", "bytes"], [1, b""]))
    foreign.mine()
    found = summary(capsys, *foreign.options(sqlite_url, "--relay", foreign.v2.address))
    (source,) = found["sources"]
    assert (source["rows"], source["claimed_inferences"], source["other_logs"]) == (1, "1", 8)
    columns = [
        name for (name,) in rows(sqlite_url, "SELECT name FROM pragma_table_info('recorded_settlement')")
    ]
    assert columns
    assert not [name for name in columns if "tier" in name or "mode" in name]


def test_only_final_blocks_are_imported(
    foreign: ForeignChain, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    final = foreign.batch(ROOT, 1)
    foreign.mine()
    lost = foreign.batch(TEE, 2)
    assert run(*foreign.options(database_url)) == 0
    assert settlements(database_url, "block") == [(final,)]
    foreign.reorganise(1)
    kept = foreign.batch(INPUT, 3)
    foreign.mine()
    assert run(*foreign.options(database_url)) == 0
    assert settlements(database_url, "block, root") == [(final, ROOT), (kept, INPUT)]
    assert lost <= kept


def test_final_block_that_changed_is_refused(
    foreign: ForeignChain, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign.batch(ROOT, 1)
    foreign.mine()
    assert run(*foreign.options(sqlite_url)) == 0
    before = settlements(sqlite_url)
    foreign.reorganise(4)
    foreign.batch(TEE, 1)
    foreign.mine(8)
    capsys.readouterr()
    assert run(*foreign.options(sqlite_url)) == 1
    assert "was final and imported with hash 0x" in capsys.readouterr().err
    assert settlements(sqlite_url) == before


def test_interrupted_import_goes_on_where_it_was(foreign: ForeignChain, database_url: str) -> None:
    for size in range(6):
        foreign.batch(ROOT if size % 2 else TEE, size)
    foreign.call(foreign.v1, "batchSettle", ROOT, 9)
    foreign.mine()
    targets = [Target(bytes.fromhex(relay.address[2:])) for relay in (foreign.v1, foreign.v2)]
    database = Database(database_url)
    database.prepare()

    def importer(most_blocks: int) -> Importer:
        nodes = Endpoints.of_urls([foreign.rpc_url])
        return Importer(nodes, database, CHAIN_ID, OpenGradientFinder(), most_blocks)

    for most_blocks, some, ranges in ((2, targets, 3), (1, targets[1:], 1)):
        polls = iter([False] * ranges + [True])
        assert importer(most_blocks).run(some, should_stop=polls.__next__) == ranges
    assert rows(database_url, "SELECT next_block FROM recorded_source ORDER BY 1") == [(6,), (7,)]
    assert foreign.head() - FINAL_BEHIND == 9
    assert importer(2).run(targets) == 3  # block 6 of one of them, then 7 to 8 and 9 of both
    assert importer(2).run(targets) == 0
    found = settlements(database_url, "block, log_index, form, repeated, claimed_batch_size")
    assert [row[3:] for row in found] == [
        (False, "0"),
        (False, "1"),
        *[(True, str(size)) for size in (2, 3, 4, 5, 9)],
    ]


def test_ranges_are_halved_when_a_node_refuses_them(foreign: ForeignChain, sqlite_url: str) -> None:
    for size in range(10):
        foreign.batch(ROOT, size)
    foreign.mine(30)
    kind, number = parse_fault("range-infura=3")
    node = FaultyNode(HttpUpstream(foreign.rpc_url), [kind.fault(number, 1)])
    with serve(node) as url:
        options = foreign.options(sqlite_url)
        options[options.index(foreign.rpc_url)] = url
        assert run(*options) == 0
    assert [size for (size,) in settlements(sqlite_url, "claimed_batch_size")] == list(map(str, range(10)))


def test_answer_that_looks_cut_is_asked_for_in_halves(
    foreign: ForeignChain, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes that cut answers cut them at a round number, which is 4 here."""
    monkeypatch.setattr(reading, "_LIMIT_UNIT", 4)
    for size in range(10):
        foreign.batch(ROOT, size)
    foreign.mine()
    kind, number = parse_fault("cut-logs=4")
    node = FaultyNode(HttpUpstream(foreign.rpc_url), [kind.fault(number, 1)])
    with serve(node) as url:
        options = foreign.options(sqlite_url)
        options[options.index(foreign.rpc_url)] = url
        assert run(*options) == 0
    assert len(settlements(sqlite_url)) == 10


def test_range_that_is_no_child_of_the_last_one_is_refused(
    foreign: ForeignChain, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign.mine(8)
    kind, number = parse_fault("wrong-parent")
    node = FaultyNode(HttpUpstream(foreign.rpc_url), [kind.fault(number, 1)])
    with serve(node) as url:
        options = foreign.options(sqlite_url, "--blocks-per-request", "1")
        options[options.index(foreign.rpc_url)] = url
        assert run(*options) == 1
    assert "was final and imported with hash 0x" in capsys.readouterr().err


@pytest.mark.parametrize("fault", FAULTS)
def test_answers_that_do_not_fit_together_are_not_stored(
    foreign: ForeignChain, sqlite_url: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for size in range(6):
        foreign.batch(ROOT, size)
    foreign.mine()
    kind, number = parse_fault(fault)
    node = FaultyNode(HttpUpstream(foreign.rpc_url), [kind.fault(number, 1)])
    with serve(node) as url:
        options = foreign.options(sqlite_url)
        options[options.index(foreign.rpc_url)] = url
        assert run(*options) in (1, 3)
    assert "Traceback" not in capsys.readouterr().err
    assert settlements(sqlite_url) == []


def test_long_import_says_how_far_it_is(
    foreign: ForeignChain,
    sqlite_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imports, "_TOLD_EVERY_S", 0.0)
    foreign.mine(20)
    assert run(*foreign.options(sqlite_url, "--blocks-per-request", "10")) == 0
    said = capsys.readouterr().err
    assert said.count("importing") == 2
    assert f"last_block={foreign.head() - FINAL_BEHIND}" in said


def test_second_node_steps_in(foreign: ForeignChain, sqlite_url: str) -> None:
    foreign.batch(ROOT, 1)
    foreign.mine()
    kind, number = parse_fault("http-403")
    node = FaultyNode(HttpUpstream(foreign.rpc_url), [kind.fault(number, 1)])
    with serve(node) as url:
        options = foreign.options(sqlite_url)
        options[options.index("--rpc-url") : options.index("--rpc-url")] = ["--rpc-url", url]
        assert run(*options) == 0
    assert len(settlements(sqlite_url)) == 1


def test_every_form_of_the_summary_says_that_nobody_verified_it(
    foreign: ForeignChain, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign.batch(ROOT, MILLIONS)
    foreign.batch(ROOT, MILLIONS)
    foreign.call(foreign.v2, "runModelInference", "an id", 1, "a model")
    foreign.mine()
    options = foreign.options(sqlite_url)
    assert run(*options) == 0
    table = capsys.readouterr().out
    assert "4000000 inferences" in table
    assert f"{foreign.v2.address}: claimed without repetitions: 2000000 inferences" in table
    assert f"{foreign.v2.address}: logs of no known form, not counted: 1" in table
    assert "recorded, unverified" in table
    assert "completeness cannot be proved" in table
    shown = ["import", "show", "--database-url", sqlite_url]
    found = summary(capsys, *shown)
    assert (found["status"], found["completeness"]) == ("recorded, unverified", "cannot be proved")
    assert run(*shown, "--csv") == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(line["status"], line["completeness"]) for line in lines] == [
        ("recorded, unverified", "cannot be proved")
    ] * 2
    assert [line["claimed_inferences"] for line in lines] == ["0", "4000000"]


def test_usage_is_refused_in_one_sentence(
    foreign: ForeignChain, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*arguments: str) -> str:
        assert run(*arguments) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    wrong = foreign.options(sqlite_url)
    wrong[wrong.index(str(CHAIN_ID))] = "10744"
    assert f"--chain-id: is 10744, but {foreign.rpc_url} serves chain {CHAIN_ID}" in refused(*wrong)
    where = ["--rpc-url", foreign.rpc_url, "--database-url", sqlite_url]
    unknown = ["import", "opengradient", *where, "--chain-id", "1"]
    assert "--relay: is missing: no relay is known on chain 1" in refused(*unknown)
    assert "--relay: 0x12 is no address" in refused(*foreign.options(sqlite_url, "--relay", "0x12"))
    assert "give only one of" in refused(*foreign.options(sqlite_url, "--json", "--csv"))
    foreign.mine()
    assert run(*foreign.options(sqlite_url, "--from-block", "2")) == 0
    capsys.readouterr()
    assert "begins at block 2; leave the option out" in refused(
        *foreign.options(sqlite_url, "--from-block", "0")
    )
    assert run(*foreign.options(sqlite_url)) == 0


def test_known_relays_are_followed_when_none_is_named(
    foreign: ForeignChain, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The code of our relay stands at the published addresses."""
    code = foreign.chain.w3.eth.get_code(foreign.v2.address).to_0x_hex()
    published = (
        "0xAa3bB22c5Ef24fe3837134A25A4D801308E2516d",
        "0xf1dc0d5Dcf2A01924faC78185B9227CF3EC839A5",
    )
    for address in published:
        foreign.chain.w3.provider.make_request("anvil_setCode", [address, code])
        relay = foreign.chain.w3.eth.contract(address=address, abi=foreign.v2.abi)
        foreign.call(relay, "batchSettle", ROOT, 20, BLOB)
    foreign.mine()
    where = ["--rpc-url", foreign.rpc_url, "--database-url", sqlite_url, "--chain-id", str(CHAIN_ID)]
    found = summary(capsys, "import", "opengradient", *where)
    claimed = [(one["contract"], one["claimed_without_repeated"]) for one in found["sources"]]
    assert claimed == [(published[0], "20"), (published[1], "0")]
