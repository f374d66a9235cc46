"""What `tallies` says, in each format, and how loud it is when the counters differ."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import sys

import pytest
from eth_utils.address import to_checksum_address
from indexer_chain import CHAIN_ID, SETTLEMENT, UINT96_MAX, USDC, RecordedChain
from indexer_command import OTHER_TOKEN, Run, chain_of_all_tiers, sentence

from indexer.tallies import AssetTally
from veritally.labels import Labels
from veritally.tiers import Tier


@pytest.fixture
def chain() -> RecordedChain:
    return chain_of_all_tiers()


def tamper(statement: str) -> None:
    with sqlite3.connect("veritally-indexer.db") as database:
        assert database.execute(statement).rowcount == 1


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
            "UPDATE rollup SET amount_e0 = 251 WHERE tier = 3",
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
    assert run("sync", "--once")[::2] == (0, "")
    assert run("tallies")[::2] == (0, "")


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


def test_final_leaves_out_what_may_be_undone(chain: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    code, _, err = run("tallies", "--final")
    assert code == 3
    assert "holds nothing final yet" in sentence(err)
    for final, counts, amount in ((3, [3, 0, 0], None), (4, [3, 2, 0], None), (5, [3, 2, 1], "250")):
        chain.final = final
        run("sync", "--once")
        code, out, _ = run("tallies", "--final", "--json")
        report = json.loads(out)
        assert (code, report["as_of"]["block"], report["on_chain_counters"]["status"]) == (0, final, "match")
        assert [tier["inferences"] for tier in report["tiers"]] == counts
        assert report["as_of"]["hash"] == chain.blocks[final]["hash"]
        signed, _, zkml = (tier["assets"] for tier in report["tiers"])
        assert signed[0]["amount_base_units"] == str(1_000_001 + UINT96_MAX)
        assert [asset["amount_base_units"] for asset in zkml] == ([amount] if amount else [])
    assert json.loads(run("tallies", "--json")[1])["inferences"] == 6


def test_counters_are_compared_after_a_reorganisation_without_events(chain: RecordedChain, run: Run) -> None:
    run("sync", "--once")
    chain.logs = [log for log in chain.logs if log["blockNumber"] == "0x3"]
    chain.reorganise(2)
    code, out, _ = run("sync", "--once")
    assert (code, out.splitlines()[-1]) == (0, "on-chain counters: match")
    assert "blocks 4 to 5: 0 new inferences, 0 events, 2 blocks replaced" in out
    assert json.loads(run("tallies", "--json")[1])["inferences"] == 3


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
