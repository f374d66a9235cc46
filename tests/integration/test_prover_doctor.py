"""Each thing that a prover needs is missed when it is not there; and a new operator gets all of them."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import socket
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from operating import free_port, run_command
from prover_service import environment

from prover.config import CONFIG_FILE
from prover.settings import PREFIX
from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node
from veritally.keys import load_keystore

Break = Callable[[Devnet, Path, dict[str, str]], None]
"""Spoils one thing; gets the folder with the files, and the environment."""


@pytest.fixture
def settings(devnet: Devnet, tmp_path: Path) -> dict[str, str]:
    """Everything is well with these."""
    ports = {"port": str(free_port()), "metrics_port": str(free_port())}
    return environment(devnet, tmp_path, **ports)


def set_to(name: str, value: str) -> Break:
    return lambda _devnet, _folder, settings: settings.update({PREFIX + name: value})


def read_by_others(_devnet: Devnet, folder: Path, _settings: dict[str, str]) -> None:
    (folder / "prover.key").chmod(0o644)


def entered_by_others(_devnet: Devnet, folder: Path, settings: dict[str, str]) -> None:
    (folder / "open").mkdir(mode=0o755)
    settings[f"{PREFIX}STATE_DIR"] = str(folder / "open")


def newer_tables(_devnet: Devnet, folder: Path, _settings: dict[str, str]) -> None:
    with sqlite3.connect(folder / "prover.db") as database:
        database.execute("CREATE TABLE pv_version (version_num VARCHAR(32))")
        database.execute("INSERT INTO pv_version VALUES ('9999')")


def no_database(_devnet: Devnet, folder: Path, _settings: dict[str, str]) -> None:
    (folder / "prover.db").write_text("this is no database, and long enough to be read as one" * 10)


def no_code(devnet: Devnet, _folder: Path, _settings: dict[str, str]) -> None:
    call_node(devnet.chain, "anvil_setCode", devnet.deployment.tee_verifier, "0x")


def no_channels(devnet: Devnet, _folder: Path, _settings: dict[str, str]) -> None:
    call_node(devnet.chain, "anvil_setCode", "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003", "0x")


def stopped(devnet: Devnet, _folder: Path, _settings: dict[str, str]) -> None:
    router = devnet.chain.contract("VerifierRouter", devnet.deployment.router)
    route = bytes.fromhex(devnet.deployment.routes["zkml"].id[2:])
    devnet.chain.send(router.functions.stop(route), devnet.accounts.guardian)


def poor(devnet: Devnet, _folder: Path, _settings: dict[str, str]) -> None:
    call_node(devnet.chain, "anvil_setBalance", devnet.accounts.prover.address, hex(10**15))


def another_chain(devnet: Devnet, folder: Path, _settings: dict[str, str]) -> None:
    dataclasses.replace(devnet.deployment, chain_id=1).save(folder / "deployment.json")


def from_the_future(devnet: Devnet, _folder: Path, _settings: dict[str, str]) -> None:
    call_node(devnet.chain, "evm_increaseTime", 3_600)
    call_node(devnet.chain, "evm_mine")


def test_all_is_well_on_a_development_chain(settings: dict[str, str]) -> None:
    ended = run_command(settings, "doctor", "--json")
    checks = json.loads(ended.stdout)
    assert [check["name"] for check in checks if not check["ok"]] == []
    assert ended.returncode == 0
    assert {check["name"] for check in checks} == {
        *("settings", "key file", "state folder", "database", "disk for cache", "disk for state", "port"),
        *("metrics_port", "model", "deployment", "node", "clock", "contracts", "scheme upto", "SRS"),
        *("scheme batch-settlement", "scheme exact", "route signed", "route tee", "route zkml", "token"),
        *("balance", "registration", "fee ceiling", "profit"),
    }


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (read_by_others, "key file: .*prover.key with mode 0644 -> run `chmod 600"),
        (set_to("RAW_KEY_FILE", "/nowhere"), r"key file: /nowhere cannot be read \(No such file"),
        (entered_by_others, "state folder: .* with mode 0755 -> run `chmod 700"),
        (set_to("DATABASE_URL", "postgresql+psycopg://u:canary@127.0.0.1:9/d"), "database: .*127.0.0.1/d: "),
        (newer_tables, "database: .* has tables of version 9999, wanted .* -> use the version"),
        (no_database, "database: .* file is not a database"),
        (set_to("MODELS", '["/nowhere"]'), "models: model package /nowhere"),
        (set_to("DEPLOYMENT", "/nowhere"), "deployment: deployment file /nowhere: does not exist"),
        (set_to("RPC_URL", "http://127.0.0.1:9/canary-0123456789"), "node: 127.0.0.1:9: .* -> check the URL"),
        (set_to("FALLBACK_RPC_URLS", '["http://127.0.0.1:9"]'), "node: 127.0.0.1:9: "),
        (another_chain, "node: .* serves chain 84532 -> the deployment is on chain 1: change the URL"),
        (no_code, "contracts: missing: TeeVerifier -> use the deployment file of this chain"),
        (no_channels, "scheme batch-settlement: missing on this chain: x402's channels -> offer other"),
        (stopped, "route zkml: stopped -> "),
        (set_to("ASSET", "0x" + "11" * 20), "asset: asset: there is no token at 0x1111"),
        (set_to("PRICE_TEE_USD", "0.0000001"), "asset: price '0.0000001': finer than"),
        (set_to("SRS", "/nowhere"), "SRS: /nowhere -> run `veritally model fetch-srs`"),
        (poor, "balance: .* has 0.0010 .* -> send it "),
        (set_to("MAX_FEE_GWEI", "0.000000001"), "fee ceiling: .* -> raise VERITALLY_PROVER_MAX_FEE_GWEI"),
        (from_the_future, "clock: .* -> set the machine's clock"),
    ],
)
def test_what_is_missing_is_found_with_its_fix(
    devnet: Devnet, tmp_path: Path, settings: dict[str, str], spoil: Break, line: str
) -> None:
    spoil(devnet, tmp_path, settings)
    ended = run_command(settings, "doctor")
    assert ended.returncode == 1
    failed = [text for text in ended.stdout.splitlines() if text.startswith("FAILED")]
    assert any(re.match(f"FAILED  {line}", text) for text in failed), ended.stdout
    assert "canary" not in ended.stdout + ended.stderr


def test_a_port_that_is_taken_is_found(settings: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(settings[f"{PREFIX}METRICS_PORT"])))
        other.listen()
        ended = run_command(settings, "doctor")
    assert ended.returncode == 1
    assert "FAILED  metrics_port: metrics_port: cannot listen on 127.0.0.1" in ended.stdout


def test_init_writes_what_a_new_operator_needs(
    devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    folder = tmp_path / "new"
    node = {f"{PREFIX}RPC_URL": devnet.rpc_url}
    ended = run_command(node, "init", str(folder), "--new-key", "--non-interactive")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("chain 84532, a development chain\n")
    devnet.deployment.save(folder / "deployment.json")
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    del files["deployment.json"]
    assert files == {str(CONFIG_FILE): 0o600, "keystore.json": 0o600, "keystore.password": 0o600}
    account = load_keystore(folder / "keystore.json", folder / "keystore.password")
    assert f"the prover's account is {account.address}" in ended.stdout
    assert devnet.rpc_url not in (folder / CONFIG_FILE).read_text()
    call_node(devnet.chain, "anvil_setBalance", account.address, hex(10**18))
    checked = run_command(node, "--config", str(folder / CONFIG_FILE), "doctor")
    assert checked.returncode == 0, checked.stdout
    assert f"{folder}/state is made at the start" in checked.stdout
    again = run_command(node, "init", str(folder), "--non-interactive")
    assert again.returncode == 2
    assert "nothing is overwritten" in again.stderr
    for text in (ended.stdout, checked.stdout, (folder / CONFIG_FILE).read_text()):
        assert account.key.hex() not in text
        assert (folder / "keystore.password").read_text().strip() not in text


def test_init_asks_for_the_node_and_for_nothing_else(devnet: Devnet, tmp_path: Path) -> None:
    ended = run_command({}, "init", str(tmp_path / "asked"), typed=f"{devnet.rpc_url}\nn\n")
    assert ended.returncode == 0, ended.stderr
    assert f'rpc_url = "{devnet.rpc_url}"' in (tmp_path / "asked" / CONFIG_FILE).read_text()
    assert not (tmp_path / "asked" / "keystore.json").exists()
