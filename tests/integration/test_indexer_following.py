"""`veritally-indexer run` follows a real chain, and the other commands look on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_indexer_settlement import (
    free_receipts,
    run,
    settle,
    settle_examples,
    signed_group,
)

from tests.unit.indexer_running import Running
from veritally.devnet import Devnet
from veritally.tiers import Tier


@pytest.fixture
def options(devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options that `run`, `status`, `doctor` and `verify` share; the deployment file is in this folder."""
    monkeypatch.chdir(tmp_path)
    devnet.deployment.save(tmp_path / "deployment.json")
    return ["--rpc-url", devnet.rpc_url]


@pytest.fixture
def running(options: list[str]) -> Iterator[Running]:
    started = Running(*options)
    yield started
    started.process.kill()
    started.process.communicate()


def collected(running: Running, inferences: int) -> list[dict[str, object]]:
    """The lines of the log until so many inferences are indexed."""
    lines: list[dict[str, object]] = []
    while sum(int(str(line["inferences"])) for line in lines) < inferences:
        lines.append(running.line("indexed"))
    return lines


def test_follows_the_chain_through_a_reorganisation(
    devnet: Devnet, options: list[str], running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = devnet.chain.w3.provider
    settle_examples(devnet)
    collected(running, 5)
    assert run("status", *options) == 0
    provider.make_request("anvil_mine", ["0x4"])  # type: ignore[arg-type]
    provider.make_request("anvil_reorg", [3, []])  # type: ignore[arg-type]
    settle(devnet, signed_group(devnet, Tier.SIGNED, free_receipts(20, 21)))
    lines = collected(running, 2)
    assert sum(int(str(line["replaced_blocks"])) for line in lines) <= 3
    capsys.readouterr()
    assert run("doctor", "--json", *options) == 0
    checks = {finding["check"] for finding in json.loads(capsys.readouterr().out)}
    assert checks >= {"chain", "clock", "contracts", "state", "logs", "tables", "writable", "engine", "disk"}
    provider.make_request("anvil_mine", ["0x60"])  # type: ignore[arg-type]
    running.stop()
    assert run("sync", "--once", *options) == 0
    assert run("verify", *options) == 0
    capsys.readouterr()
    assert run("status", "--json", *options) == 0
    (found,) = json.loads(capsys.readouterr().out)["deployments"]
    assert (found["inferences"], found["lag_blocks"], found["incidents"]) == (7, 0, 0)
    assert found["verification"]["problems"] == ""
    assert found["verification"]["block"] == found["final_block"] == found["head"] - 64
