"""The commands `veritally deploy` and `veritally deployment verify`, on bare nodes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from deploying import ACCOUNTS, MAINNET, SETTINGS, Node, run_node, undone
from eth_account import Account

from veritally import cli_deployment
from veritally.cli import main
from veritally.deployment import Deployment
from veritally.devnet.anvil import set_code
from veritally.plan import make_plan

KEY = ACCOUNTS.deployer.key.hex()
PASSWORD = "correct horse battery"
DOCUMENT = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text(encoding="utf-8")
DELAYS = ("--route-delay-s", "0", "--measurement-delay-s", "0")
BARE_ROLES = ("--owner", SETTINGS.owner, "--guardian", SETTINGS.guardian, *DELAYS)
ROLES = (*BARE_ROLES, "--development-root", str(SETTINGS.development_root))

MAINNET_ROLES = (*BARE_ROLES, "--route-delay-s", "259200", "--measurement-delay-s", "172800")
"""The last value of an option counts."""


@pytest.fixture(scope="module")
def bare() -> Iterator[Node]:
    with run_node(31337) as node:
        yield node


@pytest.fixture
def node(bare: Node) -> Iterator[Node]:
    with undone(bare):
        yield bare


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return secret(tmp_path / "deployer.key", KEY)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deployment.json"


def secret(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def run(*arguments: object) -> int:
    """Exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def deploy(node: Node, key_file: Path, file: Path) -> None:
    arguments = ("--rpc-url", node.rpc_url, *ROLES, "--key-file", key_file, "--output", file)
    assert run("deploy", *arguments) == 0


def test_deployed_file_is_verified(
    node: Node, key_file: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(node, key_file, file)
    shown = capsys.readouterr().out
    assert f"Settlement {Deployment.load(file).settlement} created in block" in shown
    assert f"written to {file}" in shown

    assert run("deployment", "verify", "--rpc-url", node.rpc_url, file) == 0
    table = capsys.readouterr().out
    assert "MISMATCH" not in table
    assert "signing domain" in table


def test_dry_run_needs_no_key_and_sends_nothing(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("deploy", "--rpc-url", node.rpc_url, *ROLES, "--dry-run") == 0

    shown = capsys.readouterr().out.splitlines()
    plan = make_plan(SETTINGS, 31337)
    assert shown == [f"{name} {item.address} would be created" for name, item in plan.items()]
    assert node.sent == 0


def test_mismatch_ends_with_1_and_says_what_differs(
    node: Node, key_file: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(node, key_file, file)
    set_code(node.chain, Deployment.load(file).signed_verifier, "0x")
    capsys.readouterr()

    assert run("deployment", "verify", "--rpc-url", node.rpc_url, file) == 1

    shown = capsys.readouterr()
    assert "MISMATCH  SignedVerifier" in shown.out
    assert f"veritally: MISMATCH with {file}: SignedVerifier: code is 0xc5d2460186f7233c" in shown.err


def test_json_holds_every_check(
    node: Node, key_file: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(node, key_file, file)
    content = json.loads(file.read_text(encoding="utf-8")) | {"guardian": SETTINGS.owner}
    file.write_text(json.dumps(content), encoding="utf-8")
    capsys.readouterr()

    assert run("deployment", "verify", "--json", "--rpc-url", node.rpc_url, file) == 1

    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert [check for check in report["checks"] if not check["ok"]] == [
        {
            "subject": "VerifierRouter",
            "what": "guardian",
            "expected": SETTINGS.owner,
            "found": SETTINGS.guardian,
            "ok": False,
        }
    ]


def test_unreachable_node_ends_with_3_and_its_key_is_not_shown(
    node: Node, key_file: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(node, key_file, file)
    rpc_url = "http://127.0.0.1:1/v3/access-key"

    assert run("deployment", "verify", "--rpc-url", rpc_url, file) == 3
    assert run("deploy", "--rpc-url", rpc_url, *ROLES, "--key-file", key_file) == 3

    shown = capsys.readouterr()
    assert "no EVM node answers at 127.0.0.1:1" in shown.err
    assert "access-key" not in shown.out + shown.err


def test_file_of_the_package_is_the_default(
    node: Node,
    key_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli_deployment, "DEPLOYMENTS_FOLDER", tmp_path)
    assert run("deployment", "verify", "--rpc-url", node.rpc_url) == 2
    assert f"deployment file {tmp_path / '31337.json'}: does not exist" in capsys.readouterr().err

    assert run("deploy", "--rpc-url", node.rpc_url, *ROLES, "--key-file", key_file) == 0

    assert run("deployment", "verify", "--rpc-url", node.rpc_url) == 0


def test_keystore_deploys_where_raw_keys_are_refused(
    key_file: Path, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encrypted = Account.encrypt(ACCOUNTS.deployer.key, PASSWORD, kdf="pbkdf2", iterations=2)
    keystore = secret(tmp_path / "keystore.json", json.dumps(encrypted))
    password = secret(tmp_path / "password", PASSWORD)
    with run_node(MAINNET) as mainnet:
        common = ("deploy", "--rpc-url", mainnet.rpc_url, *MAINNET_ROLES, "--output", file)
        assert run(*common, "--key-file", key_file) == 2
        assert "raw keys are refused on chain 8453" in capsys.readouterr().err
        assert mainnet.sent == 0

        assert run(*common, "--keystore", keystore, "--password-file", password) == 0
        assert run("deployment", "verify", "--rpc-url", mainnet.rpc_url, file) == 0
    shown = capsys.readouterr()
    assert "route tee added" in shown.out
    assert KEY not in shown.out + shown.err
    assert PASSWORD not in shown.out + shown.err


def test_other_owner_is_told_what_to_send(
    node: Node, key_file: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roles = (
        "--owner",
        ACCOUNTS.relayer.address,
        "--guardian",
        SETTINGS.guardian,
        "--route-delay-s",
        "9",
        "--measurement-delay-s",
        "0",
    )
    common = ("deploy", "--rpc-url", node.rpc_url, *roles, "--key-file", key_file, "--output", file)
    assert run(*common) == 0
    shown = capsys.readouterr().out
    router = Deployment.load(file).router
    told = f"route zkml is missing: {ACCOUNTS.relayer.address} must send to {router} the calldata 0x"
    assert told in shown


@pytest.mark.parametrize(
    "named",
    [(), ("--keystore", "k"), ("--password-file", "p"), ("--key-file", "k", "--keystore", "k")],
    ids=["no key", "no password", "password only", "two keys"],
)
def test_unclear_key_is_usage(node: Node, named: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("deploy", "--rpc-url", node.rpc_url, *ROLES, *named) == 2
    assert "--keystore" in capsys.readouterr().err


def test_development_root_is_refused_on_other_chains(capsys: pytest.CaptureFixture[str]) -> None:
    with run_node(MAINNET) as mainnet:
        assert run("deploy", "--rpc-url", mainnet.rpc_url, *ROLES, "--dry-run") == 2
    assert "leave it out: chain 8453 is no development chain" in capsys.readouterr().err


def test_bad_setting_is_usage(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    roles = ("--owner", SETTINGS.owner.lower(), "--guardian", SETTINGS.guardian, *DELAYS)
    assert run("deploy", "--rpc-url", node.rpc_url, *roles, "--dry-run") == 2
    assert "setting owner=" in capsys.readouterr().err


def test_file_that_cannot_be_written_is_usage_and_loses_nothing(
    node: Node, key_file: Path, tmp_path: Path, file: Path
) -> None:
    arguments = ("--rpc-url", node.rpc_url, *ROLES, "--key-file", key_file)
    assert run("deploy", *arguments, "--output", tmp_path) == 2
    sent = node.sent

    assert run("deploy", *arguments, "--output", file) == 0

    assert node.sent == sent


def test_key_is_in_no_output_and_no_log(
    node: Node,
    key_file: Path,
    file: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    deploy(node, key_file, file)
    set_code(node.chain, Deployment.load(file).settlement, "0xfe")
    assert run("deploy", "--rpc-url", node.rpc_url, *ROLES, "--key-file", key_file, "--output", file) == 1

    shown = capfd.readouterr()
    everything = shown.out + shown.err + caplog.text + file.read_text(encoding="utf-8")
    assert "WrongCode" in everything or "has the hash" in everything
    assert KEY not in everything.lower()


@pytest.mark.parametrize("name", ["deploy", "deployment verify"])
def test_command_is_documented_and_has_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*name.split(), "--help") == 0
    assert f"Example: veritally {name}" in capsys.readouterr().out
    assert f"### `veritally {name}`" in DOCUMENT
