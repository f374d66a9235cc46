"""The node that misbehaves in front of a real chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_indexer_settlement import free_receipts, settle, signed_group

from indexer.cli import main
from veritally.devnet import Devnet
from veritally.tiers import Tier


def test_indexer_is_held_to_faults_of_a_real_chain(
    devnet: Devnet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for nonce in (1, 3, 5):
        settle(devnet, signed_group(devnet, Tier.SIGNED, free_receipts(nonce, nonce + 1)))
    devnet.deployment.save(tmp_path / "deployment.json")
    named = ("dropped-log", "duplicated-logs", "reorg=2", "disagree=2", "stale-replica=2", "range-infura=4")
    faults = [part for name in named for part in ("--fault", name)]
    options = ["--rpc-url", devnet.rpc_url, "--deployment", str(tmp_path / "deployment.json")]
    with pytest.raises(SystemExit) as end:
        main(["chaos", "--check", *faults, *options])
    found = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert end.value.code == 0
    assert found["dropped-log"].startswith("stopped: SequenceGapError: ")
    assert found["duplicated-logs"].startswith("stopped: InconsistentLogsError: ")
    assert found["reorg"] == found["stale-replica"] == found["range-infura"] == "equals the truth"
    assert found["6"] == "faults, 0 that changed what is stored without a word"
