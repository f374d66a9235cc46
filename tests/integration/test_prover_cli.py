from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from prover_service import environment
from typer.testing import CliRunner

from prover.cli import app, main
from prover.settings import MODELS_DIRECTORY
from veritally.devnet import Devnet
from veritally.pay_address import pay_address_of
from veritally.tiers import SETTLED_TIERS

CACHE = "VERITALLY_PROVER_CACHE_DIR"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_health(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the service is not up; exit code {process.poll()}")


def test_models_lists_tiers_prices_and_pay_addresses_and_sends_nothing(
    devnet: Devnet, tmp_path: Path
) -> None:
    block = devnet.chain.w3.eth.block_number
    result = CliRunner().invoke(app, ["models", "--json"], env=environment(devnet, tmp_path))
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)
    assert [(row["model"], row["tier"], row["price_usd"]) for row in rows] == [
        ("iris", "signed", "0.001"),
        ("iris", "tee", "0.002"),
        ("iris", "zkml", "0.01"),
    ]
    prover = devnet.accounts.prover.address
    assert [row["pay_to"] for row in rows] == [
        pay_address_of(devnet.deployment, prover, tier) for tier in SETTLED_TIERS
    ]
    assert devnet.chain.w3.eth.block_number == block


@pytest.mark.parametrize("columns", ["40", "200"])
def test_models_as_a_table_with_whole_addresses(devnet: Devnet, tmp_path: Path, columns: str) -> None:
    result = CliRunner().invoke(app, ["models"], env=environment(devnet, tmp_path) | {"COLUMNS": columns})
    assert result.exit_code == 0
    assert "iris" in result.output
    for tier in SETTLED_TIERS:
        assert pay_address_of(devnet.deployment, devnet.accounts.prover.address, tier) in result.output


def test_serve_answers_and_stops_cleanly_on_ctrl_c_without_showing_a_key(
    devnet: Devnet, tmp_path: Path
) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", "from prover.cli import main; main()", "serve"],
        env=os.environ | environment(devnet, tmp_path, port=str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        await_health(f"http://127.0.0.1:{port}", process)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert "serving iris as " + devnet.accounts.prover.address in output
    assert output.rstrip().endswith("stopped")
    assert "Traceback" not in output
    assert devnet.accounts.prover.key.hex() not in output


def test_a_cache_that_cannot_be_written_is_named(
    devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for name, value in (environment(devnet, tmp_path) | {CACHE: str(tmp_path / "file")}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["veritally-prover", "serve"])
    with pytest.raises(SystemExit) as ended:
        main()
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert ended.value.code == 2
    assert line.startswith(f"veritally-prover: {CACHE}: {tmp_path / 'file'}")


@pytest.mark.parametrize(
    ("variables", "message", "code"),
    [
        ({"VERITALLY_PROVER_DEPLOYMENT": "/nowhere/deployment.json"}, "does not exist", 2),
        ({"VERITALLY_PROVER_RPC_URL": "http://127.0.0.1:9/secret"}, "127.0.0.1:9", 3),
        ({"VERITALLY_PROVER_RPC_URL": "127.0.0.1:9/secret"}, "http(s)://host", 3),
        ({"VERITALLY_PROVER_RPC_URL": "http://127.0.0.1:secret"}, "http(s)://host", 3),
        ({"VERITALLY_PROVER_RPC_URL": "http://secret@127.0.0.1:9?key=secret"}, "127.0.0.1:9", 3),
        ({"VERITALLY_PROVER_RAW_KEY_FILE": "/nowhere/key"}, "cannot be read", 2),
        ({"VERITALLY_PROVER_PRICE_TEE_USD": "cheap"}, "price 'cheap'", 2),
        ({"VERITALLY_PROVER_MODELS": '["/nowhere/model"]'}, "model package /nowhere/model", 1),
        ({"VERITALLY_PROVER_MODELS": json.dumps([str(MODELS_DIRECTORY / "iris")] * 2)}, "named iris, too", 1),
        ({"VERITALLY_PROVER_MODELS": "[]"}, "VERITALLY_PROVER_MODELS: ", 2),
        ({"VERITALLY_PROVER_MODELS": "prover/models/iris"}, "VERITALLY_PROVER_MODELS: ", 2),
        ({"VERITALLY_PROVER_PORT": "70000"}, "VERITALLY_PROVER_PORT: ", 2),
    ],
)
def test_wrong_settings_end_with_one_clear_line(
    devnet: Devnet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    message: str,
    code: int,
) -> None:
    for name, value in (environment(devnet, tmp_path) | variables).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["veritally-prover", "models"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("veritally-prover: ")
    assert message in line
    assert "secret" not in line
