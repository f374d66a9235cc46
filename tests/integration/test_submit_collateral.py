"""`veritally attestation submit-collateral` on a deployment, at the time of a real quote and its lists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from deploying import ACCOUNTS, SETTINGS, Node, sender_of, undone
from eth_account import Account
from tdx_judges import FOLDER, read_collateral, with_fields
from web3.exceptions import ContractCustomError

from veritally import cli_collateral
from veritally.attestation import tdx
from veritally.attestation.claims import Platform, read_claims
from veritally.attestation.standing_chain import run_standing_chain
from veritally.attestation.tdx_contracts import TdxContracts
from veritally.cli import main
from veritally.deploy import deploy_contracts
from veritally.deployment import Deployment
from veritally.devnet.anvil import call_node, set_code
from veritally.reverts import refusal_reason

QUOTE = (FOLDER / "tdx_quote.bin").read_bytes()
LISTS = FOLDER / "tdx_quote_collateral.json"
AT_S = 1_750_414_563
LATER_LISTS = FOLDER / "tdx_v5_quote_collateral.json"
"""Of another kind of machine, eight months later."""
LATER_AT_S = 1_771_500_000
TEXT = (Path(__file__).parents[2] / "docs" / "tee.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"^\$ veritally attestation submit-collateral [^\n]+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL
)
KEY = ACCOUNTS.relayer.key.hex()
PASSWORD = "correct horse battery"
KEPT = "the chain has this one or a newer one, which holds until"


@pytest.fixture(scope="module")
def deployed() -> Iterator[tuple[Node, Deployment]]:
    with run_standing_chain(AT_S) as chain:
        node = Node(str(chain.w3.provider.endpoint_uri), chain)  # type: ignore[attr-defined]
        yield node, deploy_contracts(chain, sender_of(chain, ACCOUNTS.deployer), SETTINGS)


@pytest.fixture
def node(deployed: tuple[Node, Deployment]) -> Iterator[Node]:
    with undone(deployed[0]) as node:
        yield node


@pytest.fixture
def contracts(node: Node, deployed: tuple[Node, Deployment]) -> TdxContracts:
    return TdxContracts.of_deployment(node.chain, deployed[1])


@pytest.fixture
def options(node: Node, deployed: tuple[Node, Deployment], tmp_path: Path) -> tuple[object, ...]:
    """Node, deployment file and key."""
    deployed[1].save(tmp_path / "deployment.json")
    key_file = secret(tmp_path / "payer.key", KEY)
    return ("--rpc-url", node.rpc_url, "--deployment", tmp_path / "deployment.json", "--key-file", key_file)


def secret(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def submit(*arguments: object) -> int:
    """Exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(["attestation", "submit-collateral", *map(str, arguments)])
    return int(ended.value.code or 0)


def sent(node: Node) -> int:
    return node.chain.w3.eth.get_transaction_count(ACCOUNTS.relayer.address)


def move_clock(node: Node, at_s: int) -> None:
    call_node(node.chain, "evm_setNextBlockTimestamp", at_s)
    call_node(node.chain, "evm_mine")


def refusal(contracts: TdxContracts) -> str:
    """Why the deployed contract refuses the quote."""
    with pytest.raises(ContractCustomError) as refused:
        contracts.verification(QUOTE).call()
    return refusal_reason(refused.value, contracts.attestation.abi)


def test_a_real_quote_is_verified_after_its_lists_were_submitted(
    node: Node, contracts: TdxContracts, options: tuple[object, ...]
) -> None:
    assert refusal(contracts).startswith("CrlNotCurrent(")

    assert submit(LISTS, *options) == 0

    claims, expected = (
        read_claims(contracts.verification(QUOTE).call()),
        tdx.verify(QUOTE, tdx.INTEL_ROOT, AT_S),
    )
    assert claims.platform is Platform.TDX
    assert (claims.measurement, claims.user_data) == (expected.measurement, expected.user_data)
    assert (claims.root, claims.debug, claims.timestamp_s) == (tdx.INTEL_ROOT, False, AT_S)
    assert sent(node) == 4


@pytest.mark.usefixtures("node")
def test_the_documented_output_is_real(
    options: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for example in EXAMPLES:
        assert submit(LISTS, *options) == 0
        assert capsys.readouterr().out == example
    assert len(EXAMPLES) == 2


def test_only_what_is_newer_is_sent(
    node: Node, contracts: TdxContracts, options: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(LISTS, *options) == 0
    capsys.readouterr()
    assert submit(LISTS, *options) == 0
    assert capsys.readouterr().out.count(KEPT) == 4
    assert sent(node) == 4

    move_clock(node, LATER_AT_S)
    assert submit(LATER_LISTS, *options) == 0
    assert re.findall(f"^(.*?) +{KEPT}", capsys.readouterr().out, re.MULTILINE) == ["root's revocations"]
    assert sent(node) == 7
    assert contracts.collateral.functions.tcbInfo(bytes.fromhex("90c06f000000"), bytes(2)).call()[2] == 18
    assert refusal(contracts).startswith("ListNotCurrent(")  # of the quote's machine


def test_lists_that_ended_are_refused(
    node: Node, options: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    move_clock(node, LATER_AT_S)
    assert submit(LISTS, *options) == 1
    shown = capsys.readouterr().err
    assert "veritally: authority's revocations: the chain refuses this list: CrlExpired(" in shown
    assert "fetch Intel's current collateral" in shown


def test_a_forged_list_is_refused_and_those_before_it_are_stored(
    node: Node, options: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = tmp_path / "forged.json"
    forged.write_text(with_fields(read_collateral("tdx_quote"), tcb_info_signature="11" * 64))
    assert submit(forged, *options) == 1
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 2
    assert "levels of the machine: the chain refuses this list: ListSignatureInvalid()" in shown.err
    assert sent(node) == 2

    assert submit(LISTS, *options) == 0
    assert capsys.readouterr().out.count(KEPT) == 2
    assert sent(node) == 4


def test_errors_of_the_certificates_are_named(
    node: Node, options: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They come from another contract than the one that is called."""
    lists = json.loads(read_collateral("tdx_quote"))
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(lists | {"tcb_info_issuer_chain": lists["pck_crl_issuer_chain"]}))
    assert submit(changed, *options) == 1
    assert "the chain refuses this list: WrongRole(" in capsys.readouterr().err
    assert sent(node) == 2


LISTS_TEXT = read_collateral("tdx_quote")
END = "-----END CERTIFICATE-----\n"
ONE_CERTIFICATE = json.loads(LISTS_TEXT)["pck_crl_issuer_chain"].partition(END)[0] + END
UNUSABLE = {
    "nothing": "",
    "other JSON": "[]",
    "a field is missing": "{}",
    "no kind of machine": with_fields(LISTS_TEXT, tcb_info="{}"),
    "another kind of kind": with_fields(LISTS_TEXT, tcb_info='{"fmspc":"00","pceId":"0000"}'),
    "one certificate": with_fields(LISTS_TEXT, pck_crl_issuer_chain=ONE_CERTIFICATE),
    "no certificates": with_fields(LISTS_TEXT, pck_crl_issuer_chain=""),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_file_is_usage(
    node: Node, options: tuple[object, ...], tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "collateral.json"
    file.write_text(UNUSABLE[case])
    assert submit(file, *options) == 2
    assert f"veritally: {file}: is not in this form (" in capsys.readouterr().err
    assert sent(node) == 0


@pytest.mark.usefixtures("node")
def test_a_file_that_cannot_be_read_is_usage(
    options: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(tmp_path / "none.json", *options) == 2
    assert "none.json: cannot be read (No such file" in capsys.readouterr().err
    binary = tmp_path / "binary.json"
    binary.write_bytes(QUOTE)
    assert submit(binary, *options) == 2
    assert "is not text; give Intel's collateral as the JSON" in capsys.readouterr().err


def test_another_chain_than_the_files_is_refused(
    node: Node,
    deployed: tuple[Node, Deployment],
    options: tuple[object, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    replace(deployed[1], chain_id=8453).save(Path(str(options[3])))
    assert submit(LISTS, *options) == 1
    assert "chain: chain id is 84532, not 8453" in capsys.readouterr().err
    deployed[1].save(Path(str(options[3])))
    set_code(node.chain, deployed[1].address_of("TdxCollateral"), "0x")
    assert submit(LISTS, *options) == 1
    assert "TdxCollateral: code is 0xc5d2460186f7233c" in capsys.readouterr().err
    assert sent(node) == 0


def test_the_package_has_the_file_by_default(
    node: Node,
    deployed: tuple[Node, Deployment],
    options: tuple[object, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli_collateral, "DEPLOYMENTS_FOLDER", tmp_path)
    without_file = (*options[:2], *options[4:])
    assert submit(LISTS, *without_file) == 2
    assert f"deployment file {tmp_path / '84532.json'}: does not exist" in capsys.readouterr().err
    deployed[1].save(tmp_path / "84532.json")
    assert submit(LISTS, *without_file) == 0
    assert sent(node) == 4


def test_keys_come_from_files_and_are_not_shown(
    node: Node, options: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encrypted = Account.encrypt(ACCOUNTS.relayer.key, PASSWORD, kdf="pbkdf2", iterations=2)
    keystore = secret(tmp_path / "keystore.json", json.dumps(encrypted))
    password = secret(tmp_path / "password", PASSWORD)
    assert submit(LISTS, *options[:4]) == 2
    assert submit(LISTS, *options[:4], "--keystore", keystore) == 2
    assert sent(node) == 0
    assert submit(LISTS, *options[:4], "--keystore", keystore, "--password-file", password) == 0
    assert sent(node) == 4
    shown = capsys.readouterr()
    assert "--keystore" in shown.err
    assert KEY not in shown.out + shown.err
    assert PASSWORD not in shown.out + shown.err


@pytest.mark.usefixtures("node")
def test_an_unreachable_node_ends_with_3_and_its_key_is_not_shown(
    options: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(LISTS, "--rpc-url", "http://127.0.0.1:1/v3/access-key", *options[2:]) == 3
    shown = capsys.readouterr()
    assert "no EVM node answers at 127.0.0.1:1" in shown.err
    assert "access-key" not in shown.out + shown.err


def test_an_account_without_ether_is_told_so(
    node: Node, options: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    call_node(node.chain, "anvil_setBalance", ACCOUNTS.relayer.address, "0x0")
    assert submit(LISTS, *options) == 1
    assert "veritally: submitCrl: " in capsys.readouterr().err
