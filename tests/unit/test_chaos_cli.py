"""`veritally-indexer chaos`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from chaos_chain import busy_chain
from indexer_chain import CHAIN_ID, RecordedChain
from indexer_command import Run, sentence

from indexer import batches as batches_module
from indexer.chaos.catalogue import FAULTS

DOCS = Path(__file__).parents[2] / "docs" / "chaos.md"


def test_faults_are_listed(run: Run) -> None:
    code, out, _ = run("chaos", "--list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(FAULTS)
    assert "cut-logs               answers are cut after 7 logs, and nothing is said\n" in out


def test_every_fault_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert [name for name in FAULTS if f"`{name}`" not in text] == []


def test_proxy_is_served_until_it_is_stopped(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "indexer", "chaos", "--fault", "wrong-chain=5", "--fault", "cut-logs"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"(http://127\.0\.0\.1:\d+) serves wrong-chain=5, cut-logs; Ctrl-C ends it\n", line)
    assert found
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    assert httpx.post(found[1], json=request).json()["result"] == hex(CHAIN_ID + 5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


@pytest.fixture
def chain() -> RecordedChain:
    return busy_chain()


def test_check_names_what_became_of_each_fault(run: Run) -> None:
    named = ("duplicated-logs", "range-alchemy=2", "changed-sums=1")
    code, out, _ = run("chaos", "--check", *(part for name in named for part in ("--fault", name)))
    assert code == 0
    first, second, third, last = out.splitlines()
    assert first.startswith("duplicated-logs  stopped: InconsistentLogsError: ")
    assert second == "range-alchemy    equals the truth"
    assert third.startswith("changed-sums     stopped: UnrepairedError: ")
    assert last == "3 faults, 0 that changed what is stored without a word"


def test_honest_node_helps(run: Run) -> None:
    faults = ("--fault", "dropped-log", "--fault", "dropped-last")
    code, out, _ = run("chaos", "--check", "--beside-honest", *faults)
    assert code == 0
    assert out.startswith("dropped-log   equals the truth\ndropped-last  equals the truth\n2 faults, 0 ")


def test_check_fails_when_something_is_lost_without_a_word(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "require_groups", lambda *_: None)
    code, out, _ = run("chaos", "--check", "--fault", "dropped-kinds")
    assert code == 1
    assert "dropped-kinds  DIFFERS FROM THE TRUTH: " in out
    assert out.endswith("1 faults, 1 that changed what is stored without a word\n")


def test_check_says_what_needs_another_node(run: Run) -> None:
    code, out, _ = run("chaos", "--check", "--fault", "dropped-rare-log")
    assert code == 0
    fault, faults, uncovered = out.splitlines()
    assert fault.startswith("dropped-rare-log  NEEDS ANOTHER NODE: ")
    assert faults == "1 faults, 0 that changed what is stored without a word"
    assert uncovered == "1 that only another node shows, once blocks are final: see docs/verify.md"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--fault", "nothing"), "--fault: no fault is named nothing; see --list"),
        (("--fault", "html=1"), "fault html: takes no number"),
        (("--list", "--check"), "give only one of --list and --check"),
    ],
)
def test_usage_errors(run: Run, arguments: tuple[str, ...], problem: str) -> None:
    code, _, error = run("chaos", *arguments)
    assert (code, problem in sentence(error)) == (2, True)


def test_port_that_is_taken_is_named(run: Run, environment: dict[str, str]) -> None:
    port = environment["VERITALLY_INDEXER_RPC_URLS"].rsplit(":", 1)[1]
    code, _, error = run("chaos", "--port", port)
    assert (code, f"--port: {port} cannot be used" in sentence(error)) == (2, True)
