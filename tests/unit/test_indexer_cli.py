"""How the indexer's commands work, fail and are documented."""

from __future__ import annotations

from pathlib import Path

import pytest
from indexer_chain import SETTLEMENT, RecordedChain
from indexer_command import Run, chain_of_all_tiers, sentence


@pytest.fixture
def chain() -> RecordedChain:
    return chain_of_all_tiers()


def test_sync_says_what_it_did_and_compares(run: Run) -> None:
    code, out, err = run("sync", "--once")
    assert (code, err) == (0, "")
    assert out == "blocks 3 to 5: 6 new inferences, 9 events\non-chain counters: match\n"
    code, out, _ = run("sync", "--once")
    assert (code, out) == (0, "no new blocks after block 5\non-chain counters: match\n")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["tallies"], 3, "holds nothing yet; run `veritally-indexer sync --once` first"),
        (["tallies", "--json", "--csv"], 2, "only one of --table, --json and --csv"),
        (["sync", "--once", "--deployment", "none.json"], 2, "deployment file none.json: does not exist"),
        (
            ["sync", "--once", "--rpc-url", "http://127.0.0.1:1"],
            3,
            "no answer from the RPC http://127.0.0.1:1 ",
        ),
        (["sync", "--once", "--rpc-url", "127.0.0.1:1"], 2, "RPC URL: is not of the form"),
        (["sync", "--once", "--blocks-per-request", "0"], 2, "--blocks-per-request: Input should be greater"),
        (["run", "--poll-interval-s", "0"], 2, "--poll-interval-s: Input should be greater"),
        (["sync"], 2, "sync does not follow the head: give --once, or use `veritally-indexer run`"),
        (
            ["sync", "--once", "--database-url", "sqlite:////none/of/this.db"],
            3,
            "unable to open database file",
        ),
        (
            ["tallies", "--database-url", "postgresql://u:s3cret@h/d"],
            2,
            "holds a password; set VERITALLY_INDEXER_DAT",
        ),
    ],
)
def test_errors_are_one_sentence(run: Run, arguments: list[str], code: int, message: str) -> None:
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert message in sentence(err)
    assert "s3cret" not in err
    assert not Path("veritally-indexer.db").exists() or arguments[0] != "tallies"


def test_database_without_a_finished_range(chain: RecordedChain, run: Run) -> None:
    del chain.blocks[2:]
    code, _, err = run("sync", "--once")
    assert code == 3
    assert "lacks block 3 (its head: 1)" in sentence(err)
    code, _, err = run("tallies")
    assert code == 3
    assert "holds nothing yet" in sentence(err)


def test_unusable_option_is_a_usage_error(run: Run) -> None:
    assert run("tallies", "--xml")[0] == 2
    assert run("sync", "--once", "--blocks-per-request", "many")[0] == 2


def test_unusable_variable_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITALLY_INDEXER_BLOCKS_PER_REQUEST", "many")
    code, _, err = run("sync", "--once")
    assert code == 2
    assert "VERITALLY_INDEXER_BLOCKS_PER_REQUEST: " in sentence(err)


def test_password_of_the_database_is_not_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITALLY_INDEXER_DATABASE_URL", "postgresql+psycopg://user:s3cret@127.0.0.1:1/db")
    code, _, err = run("sync", "--once")
    assert code in (2, 3)
    assert "s3cret" not in sentence(err)


def test_wrong_chain(chain: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    chain.chain_id = 1
    for command in (["sync", "--once"], ["tallies"]):
        code, _, err = run(*command)
        assert code == 2
        assert "serves chain 1, but the deployment is on chain 31337" in sentence(err)


def test_html_instead_of_json(chain: RecordedChain, run: Run) -> None:
    chain.raw_answer = (403, b"<html>\n<body>login</body></html>")
    code, _, err = run("sync", "--once")
    assert code == 3
    assert (
        "HTTP status 403 and no JSON-RPC batch: <html> <body>login</body></html>; check --rpc-url"
        in sentence(err)
    )


def test_address_without_contract(chain: RecordedChain, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    chain.logs = []
    monkeypatch.setattr(RecordedChain, "_view", lambda *_: "0x")
    code, _, err = run("sync", "--once")
    assert code == 1
    assert f"no Settlement contract answers at {SETTLEMENT}" in sentence(err)
