from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address
from indexer_chain import CHAIN_ID, SETTLEMENT, UINT96_MAX, USDC, RecordedChain, serve

from indexer import rpc as rpc_module
from indexer.cli import app, main
from indexer.tallies import AssetTally
from veritally.labels import Labels
from veritally.tiers import Tier

OTHER_TOKEN = "0x" + "0d" * 20
DOCS = Path(__file__).parents[2] / "docs" / "indexer.md"


@pytest.fixture
def chain() -> RecordedChain:
    """Three paid and signed, two enclave (development), one zk proof paid in a token without decimals."""
    chain = RecordedChain()
    chain.settle({"amount": 1_000_000}, {"amount": 1}, {"amount": UINT96_MAX})
    chain.settle({"tier": Tier.TEE, "flags": 1}, {"tier": Tier.TEE, "flags": 1})
    chain.settle({"tier": Tier.ZKML, "amount": 250, "asset": OTHER_TOKEN})
    return chain


@pytest.fixture(autouse=True)
def environment(
    chain: RecordedChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Settings by environment, in an empty folder."""
    for name in [name for name in os.environ if name.startswith("VERITALLY_")]:
        monkeypatch.delenv(name)
    chain.deployment.save(tmp_path / "deployment.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rpc_module, "_PAUSE_S", 0.0)
    with serve(chain) as url:
        monkeypatch.setenv("VERITALLY_INDEXER_RPC_URL", url)
        yield {"VERITALLY_INDEXER_RPC_URL": url}


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process: exit code, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            main(arguments)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def sentence(error: str) -> str:
    """The one line on stderr."""
    assert error.startswith("veritally-indexer: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error
    return error


def tamper(statement: str) -> None:
    with sqlite3.connect("veritally-indexer.db") as database:
        assert database.execute(statement).rowcount == 1


def test_sync_says_what_it_did_and_compares(run: Run) -> None:
    code, out, err = run("sync", "--once")
    assert (code, err) == (0, "")
    assert out == "blocks 3 to 5: 6 new inferences, 6 events\non-chain counters: match\n"
    code, out, _ = run("sync", "--once")
    assert (code, out) == (0, "no new blocks after block 5\non-chain counters: match\n")


def test_table(run: Run) -> None:
    run("sync", "--once")
    code, out, err = run("tallies")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    lines = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    usdc, other = to_checksum_address(USDC), to_checksum_address(OTHER_TOKEN)
    assert ["tier", "inferences", "share", "verified by"] in lines
    assert ["signed", "3", "50.00 %", "prover's signature"] in lines
    assert ["tee [DEVELOPMENT]", "2", "33.33 %", "attested enclave key"] in lines
    assert ["zkml", "1", "16.67 %", "zk proof (ezkl)"] in lines
    total = 1_000_001 + UINT96_MAX
    assert ["signed", usdc, str(total), f"{total // 10**6}.{total % 10**6:06d}"] in lines
    assert ["zkml", other, "250", "decimals unknown"] in lines
    assert "DEVELOPMENT: the evidence rests on a development root or SRS and proves nothing" in out
    assert f"as of block 5 (2025-11-24T16:00:10Z), chain {CHAIN_ID}, settlement " in out
    assert out.endswith("on-chain counters: match\n")


def test_json(run: Run) -> None:
    run("sync", "--once")
    code, out, _ = run("tallies", "--json")
    report = json.loads(out)
    assert code == 0
    assert report["inferences"] == 6
    assert report["settlement"].lower() == SETTLEMENT
    assert report["as_of"]["block"] == 5
    signed, tee, zkml = report["tiers"]
    assert [tier["tier"] for tier in report["tiers"]] == ["signed", "tee", "zkml"]
    assert signed["assets"] == [
        {
            "asset": to_checksum_address(USDC),
            "decimals": 6,
            "development": False,
            "unbound": False,
            "inferences": 3,
            "amount_base_units": "79228162514264337593544950336",
            "amount": "79228162514264337593544.950336",
        }
    ]
    assert (tee["inferences"], tee["development_inferences"], tee["share_percent"]) == (2, 2, "33.33")
    assert zkml["assets"][0]["amount"] is None
    assert report["on_chain_counters"]["status"] == "match"
    assert {"tier": "tee", "indexed": 2, "on_chain": 2} in report["on_chain_counters"]["tiers"]


def test_csv_says_the_same_as_json(run: Run) -> None:
    run("sync", "--once")
    rows = list(csv.DictReader(io.StringIO(run("tallies", "--csv")[1])))
    report = json.loads(run("tallies", "--json")[1])
    assert sum(int(row["inferences"]) for row in rows) == report["inferences"]
    expected = [
        (
            tier["tier"],
            asset["asset"],
            str(asset["development"]).lower(),
            str(asset["unbound"]).lower(),
            str(asset["inferences"]),
            asset["amount_base_units"],
            asset["amount"] or "",
        )
        for tier in report["tiers"]
        for asset in tier["assets"]
    ]
    columns = ("tier", "asset", "development", "unbound", "inferences", "amount_base_units", "amount")
    assert [tuple(row[column] for column in columns) for row in rows] == expected
    assert {row["on_chain_counters"] for row in rows} == {"match"}


def test_unbound_results_stand_apart(chain: RecordedChain, run: Run) -> None:
    chain.settle(
        {"tier": Tier.TEE, "flags": 2, "amount": 7}, {"tier": Tier.TEE}, {"tier": Tier.TEE, "flags": 3}
    )
    assert run("sync", "--once")[0] == 0
    code, out, _ = run("tallies")
    lines = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    assert code == 0
    assert [line[:2] for line in lines if line[0].startswith("tee") and line[1].isdigit()] == [
        ["tee", "1"],
        ["tee [DEVELOPMENT]", "2"],
        ["tee [UNBOUND]", "1"],
        ["tee [DEVELOPMENT] [UNBOUND]", "1"],
    ]
    assert ["tee [UNBOUND]", to_checksum_address(USDC), "7", "0.000007"] in lines
    assert "UNBOUND: the evidence names no chain, prover or payer; it may have been made for others" in out
    tee = json.loads(run("tallies", "--json")[1])["tiers"][1]
    assert (tee["inferences"], tee["development_inferences"], tee["unbound_inferences"]) == (5, 3, 2)
    marks = [(row["development"], row["unbound"], row["inferences"]) for row in tee["assets"]]
    assert marks == [(False, False, 1), (False, True, 1), (True, False, 2), (True, True, 1)]


def test_tiers_without_inferences_are_shown(chain: RecordedChain, run: Run) -> None:
    chain.__init__()  # type: ignore[misc]
    chain.mine()
    assert run("sync", "--once")[:2] == (
        0,
        "blocks 3 to 3: 0 new inferences, 0 events\non-chain counters: match\n",
    )
    code, out, _ = run("tallies", "--json")
    assert code == 0
    assert [tier["share_percent"] for tier in json.loads(out)["tiers"]] == [None] * 3
    assert [row["tier"] for row in csv.DictReader(io.StringIO(run("tallies", "--csv")[1]))] == [
        "signed",
        "tee",
        "zkml",
    ]
    assert re.search(r"tee +0 +- +attested", run("tallies")[1])


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        ("UPDATE rollup SET inferences = 7 WHERE tier = 2", "tee: 7 indexed, 2 on chain"),
        ("DELETE FROM rollup WHERE tier = 3", "zkml: 0 indexed, 1 on chain"),
        (
            "UPDATE rollup SET amount_base_units = '251' WHERE tier = 3",
            f"zkml amount of {OTHER_TOKEN}: 251 indexed, 250 on chain",
        ),
    ],
)
def test_mismatch_is_loud(run: Run, statement: str, difference: str) -> None:
    run("sync", "--once")
    tamper(statement)
    for option in ("--table", "--json", "--csv"):
        code, out, err = run("tallies", option)
        assert code == 1
        assert "mismatch" in out.lower()
        assert (
            f"MISMATCH with the on-chain counters at block 5: {difference}; delete the database"
            in sentence(err)
        )
    assert run("sync", "--once")[0] == 1


def test_offline_says_that_it_did_not_compare(chain: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    tamper("UPDATE rollup SET inferences = 7 WHERE tier = 2")
    chain.requests.clear()
    code, out, _ = run("tallies", "--offline")
    assert (code, out.splitlines()[-1]) == (0, "on-chain counters: not compared")
    assert (
        json.loads(run("tallies", "--offline", "--json")[1])["on_chain_counters"]["status"] == "not compared"
    )
    assert "not compared" in run("tallies", "--offline", "--csv")[1]
    assert chain.requests == []


def test_counters_are_read_at_the_indexed_block(chain: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    chain.settle({}, {}, {})
    chain.requests.clear()
    assert run("tallies")[0] == 0
    assert {params[1] for method, params in chain.requests if method == "eth_call"} == {"0x5"}


def test_tallies_of_a_reorganised_chain(chain: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    chain.reorganise(1)
    code, out, err = run("tallies")
    assert (code, out) == (1, "")
    assert "block 5 was indexed with hash" in sentence(err)


def test_output_of_a_program_is_plain_text(run: Run, environment: dict[str, str]) -> None:
    run("sync", "--once")
    variables = (
        os.environ | environment | {"PYTHONIOENCODING": "ascii", "COLUMNS": "40", "TERM": "xterm-256color"}
    )
    done = subprocess.run(
        [sys.executable, "-m", "indexer", "tallies"],
        env=variables,
        check=True,
        capture_output=True,
        timeout=60,
    )
    out = done.stdout.decode("ascii")
    assert "\x1b" not in out
    assert f"signed   {to_checksum_address(USDC)}" in out


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
        (["sync", "--once", "--poll-interval-s", "0"], 2, "--poll-interval-s: Input should be greater"),
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
    assert not Path("veritally-indexer.db").exists() or arguments[0] == "sync"


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


def test_follower_waits_for_blocks_and_stops_on_a_signal(
    chain: RecordedChain, environment: dict[str, str]
) -> None:
    command = [sys.executable, "-u", "-m", "indexer", "sync", "--poll-interval-s", "0.02"]
    follower = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert follower.stdout is not None
    assert follower.stderr is not None
    assert follower.stdout.readline() == "blocks 3 to 5: 6 new inferences, 6 events\n"
    assert follower.stdout.readline() == "on-chain counters: match\n"
    chain.raw_answer = (200, b"<html>")
    assert "waiting: " in sentence(follower.stderr.readline())
    time.sleep(0.2)
    chain.raw_answer = None
    chain.mine()
    chain.settle({"tier": Tier.ZKML})
    assert re.match(r"blocks [67] to 7: 1 new inferences, 1 events", follower.stdout.readline())
    assert follower.stdout.readline() == "on-chain counters: match\n"
    follower.send_signal(signal.SIGTERM)
    out, err = follower.communicate(timeout=10)
    assert (follower.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(
    ("decimals", "base_units", "amount"),
    [
        (6, 0, "0.000000"),
        (6, 1, "0.000001"),
        (6, 1_234_567, "1.234567"),
        (0, 5, "5"),
        (18, 10**18, f"1.{'0' * 18}"),
        (36, 1, f"0.{'0' * 35}1"),
        (37, 1, None),
        (None, 1, None),
    ],
)
def test_amount_in_whole_tokens_is_exact(decimals: int | None, base_units: int, amount: str | None) -> None:
    assert AssetTally(bytes(20), decimals, Labels(0), 1, base_units).amount == amount


def test_every_command_and_option_is_documented(run: Run) -> None:
    text = DOCS.read_text(encoding="utf-8")
    for command in app.registered_commands:
        assert command.callback is not None
        assert f"veritally-indexer {command.callback.__name__}" in text
        for option in re.findall(r"--[a-z-]+", run(command.callback.__name__, "--help")[1]):
            assert option == "--help" or option in text
