"""`veritally-indexer run`: follows, waits, says what it does, and stops when it is told to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from indexer_chain import RecordedChain, group_log, inference_log, registry_log, serve
from indexer_command import Run, chain_of_all_tiers, sentence
from indexer_running import BUSY_S, Start

from indexer import follow as follow_module
from indexer.nodes import ONE_NODE
from veritally.tiers import Tier

DATABASE = Path("veritally-indexer.db")


@pytest.fixture
def chain() -> RecordedChain:
    return chain_of_all_tiers()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def inferences() -> int:
    """Number of stored ones; 0 while there is no table yet."""
    with closing(sqlite3.connect(f"file:{DATABASE}?mode=rwc", uri=True, timeout=10)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM inference").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def sample(metrics: str, name: str) -> float:
    (found,) = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", metrics, re.MULTILINE)
    return float(found)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_follows_waits_and_stops_on_a_signal(chain: RecordedChain, start: Start, number: int) -> None:
    running = start()
    first = running.line("indexed")
    assert (first["from_block"], first["to_block"], first["inferences"], first["events"]) == (3, 5, 6, 9)
    assert (first["chain_id"], first["level"]) == (31337, "info")
    chain.raw_answer = (200, b"<html>")
    assert "no JSON-RPC batch: <html>" in running.line("waiting")["reason"]
    time.sleep(0.2)
    chain.raw_answer = None
    chain.mine()
    chain.settle({"tier": Tier.ZKML})
    later = running.line("indexed")
    assert (later["to_block"], later["inferences"]) == (7, 1)
    seconds, rest = running.stop(number)
    assert seconds < follow_module.GRACE_S + BUSY_S
    assert json.loads(rest)["event"] == "stopped"


def test_warns_while_there_is_one_node(chain: RecordedChain, start: Start) -> None:
    alone = start()
    found = alone.line("unconfirmed")
    assert (found["level"], found["reason"]) == ("warning", ONE_NODE)
    assert "on chain 31337" in found["deployment"]
    alone.line("indexed")
    alone.stop()
    with serve(chain) as one, serve(chain) as other:
        both = start("--rpc-url", one, "--rpc-url", other, "--database-url", "sqlite:///other.db")
        assert both.process.stderr is not None
        assert "unconfirmed" not in both.process.stderr.readline() + both.stop()[1]


def test_waits_for_a_node_that_is_not_there_yet(chain: RecordedChain, start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    running = start("--rpc-url", f"http://127.0.0.1:{port}")
    assert f"no answer from the RPC http://127.0.0.1:{port}" in running.line("waiting")["reason"]
    seconds, rest = running.stop()
    assert seconds < follow_module.GRACE_S + BUSY_S
    assert json.loads(rest)["event"] == "stopped"


def test_stops_soon_although_a_node_does_not_answer(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        running = start("--rpc-url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        silent.accept()
        seconds, _ = running.stop()
    assert follow_module.GRACE_S - 0.5 < seconds < follow_module.GRACE_S + BUSY_S


def test_stops_soon_during_a_long_backfill(chain: RecordedChain, start: Start) -> None:
    for _ in range(3_000):
        chain.settle({}, {})
    chain.final = len(chain.blocks) - 10
    running = start("--blocks-per-request", "1")
    while inferences() < 6:
        time.sleep(0.05)
    seconds, rest = running.stop()
    assert seconds < follow_module.GRACE_S + BUSY_S
    stored = inferences()
    assert 6 <= stored < 6_006
    said = [json.loads(line) for line in rest.splitlines()]
    assert [line["inferences"] for line in said if line["event"] == "indexed"] == [stored]


def test_second_signal_ends_at_once(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        running = start("--rpc-url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        silent.accept()
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=BUSY_S) == -signal.SIGTERM


def test_metrics_and_probes(chain: RecordedChain, start: Start) -> None:
    running = start("--metrics-port", "0", "--max-lag-s", "0.5")
    url = running.line("metrics")["url"].removesuffix("/metrics")
    running.line("indexed")
    assert get(f"{url}/readyz")[0] == get(f"{url}/healthz")[0] == 200
    assert get(f"{url}/")[0] == 404
    metrics = get(f"{url}/metrics")[1]
    assert f'indexer_lag_blocks{{chain_id="31337",settlement="{chain.deployment.settlement}"}} 0.0' in metrics
    assert sample(metrics, "indexer_events_total") == 9
    assert sample(metrics, "indexer_block") == 5
    assert sample(metrics, "indexer_lag_seconds") == sample(metrics, "indexer_tally_mismatch") == 0
    chain.reorganise(2)
    running.line("indexed")
    chain.raw_answer = (503, b"busy")
    running.line("waiting")
    time.sleep(0.6)
    code, body = get(f"{url}/readyz")
    (deployment,) = json.loads(body)["deployments"]
    assert (code, json.loads(body)["ready"], deployment["lag_blocks"]) == (503, False, 0)
    assert deployment["lag_s"] > 0.5
    assert "HTTP status 503" in deployment["waiting"]
    metrics = get(f"{url}/metrics")[1]
    assert sample(metrics, "indexer_reorgs_total") == 1
    assert sample(metrics, "indexer_lag_seconds") > 0.5
    assert sample(metrics, "indexer_rpc_errors_total") >= 3
    assert get(f"{url}/healthz")[0] == 200


def test_chain_that_does_not_hang_together_is_waited_for(chain: RecordedChain, start: Start) -> None:
    running = start()
    running.line("indexed")
    chain.mine()
    good = chain.blocks[-1]
    chain.blocks[-1] = good | {"parentHash": "0x" + "99" * 32}
    assert "the chain was reorganised" in running.line("waiting")["reason"]
    chain.blocks[-1] = good
    chain.settle({})
    assert running.line("indexed")["inferences"] == 1
    running.stop()


def test_metrics_port_that_is_taken(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = run("run", "--metrics-port", port)
    assert code == 2
    assert f"--metrics-port {port}: cannot be opened on 127.0.0.1" in sentence(err)


def test_counters_that_differ_end_it(chain: RecordedChain, start: Start) -> None:
    chain.counters[-1][int(Tier.TEE)] = 9
    running = start()
    ended = running.line("ended")
    assert "tee: 2 indexed, 9 on chain" in ended["reason"]
    assert running.process.wait(timeout=10) == ended["exit_code"] == 1


def test_several_deployments_in_one_process(chain: RecordedChain, start: Start) -> None:
    other = RecordedChain(chain_id=10)
    other.settle({"tier": Tier.ZKML, "amount": 3})
    other.deployment.save(Path("other.json"))
    with serve(other) as url:
        running = start(
            *("--deployment", "deployment.json", "--deployment", "other.json"),
            *("--rpc-url", url, "--rpc-url", os.environ["VERITALLY_INDEXER_RPC_URLS"]),
        )
        for chain_id in (31337, 10):
            assert running.line("indexed")["chain_id"] == chain_id
        other.raw_answer = (200, b"<html>")
        assert running.line("waiting")["chain_id"] == 10
        chain.mine(registry_log())
        assert running.line("indexed")["chain_id"] == 31337
        running.stop()


def test_chain_without_a_node_among_several(chain: RecordedChain, run: Run) -> None:
    RecordedChain(chain_id=10).deployment.save(Path("other.json"))
    code, _, err = run("run", "--deployment", "deployment.json", "--deployment", "other.json")
    assert code == 3
    assert "none of the nodes serves chain 10; add one with --rpc-url" in sentence(err)


def test_goes_on_with_the_next_node(start: Start) -> None:
    whole = RecordedChain()
    whole.mine(inference_log(0), group_log(Tier.SIGNED, 1, 0, 0, bytes(32)))
    with serve(whole) as url:
        running = start("--rpc-url", "http://127.0.0.1:1", "--rpc-url", url)
        assert running.line("indexed")["inferences"] == 1
        whole.mine(inference_log(1), group_log(Tier.SIGNED, 1, 0, 0, bytes(32)))
        assert running.line("indexed")["inferences"] == 1
        running.stop()
