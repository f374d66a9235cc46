"""The development chain is what x402 clients and our contracts expect, and it always goes away."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.logs import DISCARD

from veritally.attestation.claims import Platform
from veritally.attestation.software_root import SoftwareRoot
from veritally.chain import Chain
from veritally.contract_table import CONSTRUCTORS
from veritally.deployment import Deployment
from veritally.devnet import Devnet, start_devnet
from veritally.devnet.anvil import find_anvil, run_anvil
from veritally.devnet.network import MULTICALL3_ADDRESS
from veritally.devnet.parts import Parts, find_root
from veritally.devnet.standins import STANDINS
from veritally.errors import ChainUnreachableError, DevnetError, TransactionFailedError
from veritally.routes import ROUTE_OF
from veritally.tiers import SETTLED_TIERS, Tier
from veritally.x402.addresses import CHANNELS_ADDRESS, PERMIT2_ADDRESS

ROOT = find_root(None)
ANVIL = find_anvil(ROOT)
BASE_SEPOLIA_USDC = Web3.to_checksum_address("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
DOMAINS: dict[ChecksumAddress, str] = {
    BASE_SEPOLIA_USDC: "71f17a3b2ff373b803d70a5a07c046c1a2bc8e89c09ef722fcb047abe94c9818",
    PERMIT2_ADDRESS: "010f27a92fb9a32622f44f001dc4d15706a85b33499cfc2ce9033113ab26592c",
}
CHARGED_BASE_UNITS = 640
"""What the fixture `signed_upto` charges."""
START_AND_WAIT = """
from veritally.devnet.anvil import find_anvil, run_anvil
from veritally.devnet.parts import find_root
with run_anvil(find_anvil(find_root(None))) as node:
    print(node.rpc_url, flush=True)
    input()
"""


def selector(signature: str) -> HexBytes:
    return HexBytes(keccak(text=signature)[:4])


def answers(rpc_url: str) -> bool:
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    try:
        return httpx.post(rpc_url, json=body, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def is_gone(rpc_url: str) -> bool:
    """Whether nothing answers any more within five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not answers(rpc_url):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("address", DOMAINS)
def test_signing_domains_are_those_of_base_sepolia(devnet: Devnet, address: ChecksumAddress) -> None:
    separator = devnet.chain.w3.eth.call({"to": address, "data": selector("DOMAIN_SEPARATOR()")})

    assert separator.hex() == DOMAINS[address]


def test_public_contracts_have_their_code(devnet: Devnet, upto_proxy: Contract) -> None:
    eth, parts = devnet.chain.w3.eth, Parts(ROOT)

    for address, name in ((PERMIT2_ADDRESS, "permit2"), (MULTICALL3_ADDRESS, "multicall3")):
        assert eth.get_code(address).to_0x_hex() == parts.fetched_runtime(name)
    chain_id = eth.call({"to": MULTICALL3_ADDRESS, "data": selector("getChainId()")})
    assert int.from_bytes(chain_id) == 84532
    assert upto_proxy.address == "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002"
    assert upto_proxy.functions.PERMIT2().call() == PERMIT2_ADDRESS


def test_standins_remember_their_own_addresses(devnet: Devnet) -> None:
    eth, parts = devnet.chain.w3.eth, Parts(ROOT)
    contracts = {s.name: eth.contract(address=s.address, abi=parts.compiled(s.name).abi) for s in STANDINS}

    for name in ("X402ExactPermit2Proxy", "X402UptoPermit2Proxy"):
        assert contracts[name].functions.PERMIT2().call() == PERMIT2_ADDRESS
    domain = contracts["X402BatchSettlement"].functions.eip712Domain().call()
    assert domain[1:5] == ["x402 Batch Settlement", "1", 84532, CHANNELS_ADDRESS]
    assert contracts["X402ERC3009DepositCollector"].functions.SETTLEMENT().call() == CHANNELS_ADDRESS
    assert bytes.fromhex(CHANNELS_ADDRESS[2:]) in eth.get_code(CHANNELS_ADDRESS)


def test_deployment_names_contracts_from_its_first_block_on(devnet: Devnet) -> None:
    eth, deployment = devnet.chain.w3.eth, devnet.deployment
    addresses = [Web3.to_checksum_address(contract.address) for contract in deployment.contracts.values()]
    addresses.append(Web3.to_checksum_address(deployment.pay_address_implementation))

    assert deployment.chain_id == 84532
    assert len(set(addresses)) == len(CONSTRUCTORS) + 1
    assert all(eth.get_code(address) for address in addresses)
    assert not any(eth.get_code(address, deployment.first_block - 1) for address in addresses)
    assert any(eth.get_code(address, deployment.first_block) for address in addresses)


@pytest.mark.parametrize("tier", SETTLED_TIERS)
def test_every_route_is_open(devnet: Devnet, tier: Tier) -> None:
    router = devnet.chain.contract("VerifierRouter", devnet.deployment.router)
    expected = {
        Tier.SIGNED: (devnet.deployment.signed_verifier, Tier.SIGNED, 200_000),
        Tier.TEE: (devnet.deployment.tee_verifier, Tier.TEE, 400_000),
        Tier.ZKML: (devnet.deployment.zkml_verifier, Tier.ZKML, 3_400_000),
    }

    route = selector(f"veritally.{tier.label}.v1")
    assert route == ROUTE_OF[tier]
    assert tuple(router.functions.resolve(route, 3).call()) == expected[tier]


def test_roles_belong_to_their_accounts(devnet: Devnet) -> None:
    router = devnet.chain.contract("VerifierRouter", devnet.deployment.router).functions
    holders = [router.owner().call(), router.guardian().call()]

    roles = (devnet.accounts.deployer, devnet.accounts.guardian)
    assert holders == [account.address for account in roles]


def test_documents_are_those_of_the_public_software_root_and_of_intel(devnet: Devnet) -> None:
    enclaves = devnet.chain.contract("EnclaveRegistry", devnet.deployment.enclave_registry).functions
    attestation = devnet.deployment.address_of("NitroAttestation")
    verifiers = {platform: enclaves.verifierOf(platform).call() for platform in Platform}

    assert verifiers.pop(Platform.DEVELOPMENT) == attestation
    assert verifiers.pop(Platform.TDX) == devnet.deployment.address_of("TdxAttestation")
    assert {int(verifier, 16) for verifier in verifiers.values()} == {0}
    root = devnet.chain.contract("NitroAttestation", attestation).functions.ROOT().call()
    assert root == SoftwareRoot.of_test_mnemonic(84532).fingerprint


def test_unmodified_x402_client_pays_through_the_proxy(
    devnet: Devnet, upto_proxy: Contract, signed_upto: tuple[Any, ...]
) -> None:
    payer, prover = devnet.accounts.payers[0].address, devnet.accounts.prover.address
    before = devnet.usdc_balance_base_units(payer)
    settle = upto_proxy.functions.settle(*signed_upto)

    receipt = devnet.chain.send(settle, devnet.accounts.relayer)

    assert len(upto_proxy.events.Settled().process_receipt(receipt, errors=DISCARD)) == 1
    assert devnet.usdc_balance_base_units(prover) == CHARGED_BASE_UNITS
    assert before - devnet.usdc_balance_base_units(payer) == CHARGED_BASE_UNITS


@pytest.mark.parametrize("gas", [None, 300_000], ids=["refused by the estimate", "mined and reverted"])
def test_failed_transaction_names_its_reason(
    devnet: Devnet, upto_proxy: Contract, signed_upto: tuple[Any, ...], gas: int | None
) -> None:
    settle = upto_proxy.functions.settle(*signed_upto)

    with pytest.raises(TransactionFailedError, match=r"^settle: UnauthorizedFacilitator\(\)$"):
        devnet.chain.send(settle, devnet.accounts.prover, gas=gas)


def test_reason_shows_the_values_of_the_error(devnet: Devnet) -> None:
    router = devnet.chain.contract("VerifierRouter", devnet.deployment.router)
    route = ROUTE_OF[Tier.TEE]
    add = router.functions.add(route, devnet.deployment.tee_verifier, 1, 0, False)

    with pytest.raises(TransactionFailedError, match=rf"^add: RouteTaken\(0x{route.hex()}\)$"):
        devnet.chain.send(add, devnet.accounts.deployer)


def test_payer_without_ether_can_be_prepared(devnet: Devnet) -> None:
    newcomer = devnet.chain.w3.eth.account.create()

    devnet.fund_usdc(newcomer.address, 5)
    devnet.approve_permit2(newcomer)

    assert devnet.usdc_balance_base_units(newcomer.address) == 5
    assert devnet.token.functions.allowance(newcomer.address, PERMIT2_ADDRESS).call() == 2**256 - 1


@pytest.mark.parametrize("run", [1, 2])
def test_each_test_starts_from_the_first_state(devnet: Devnet, run: int) -> None:
    stranger = "0x00000000000000000000000000000000000000A1"
    assert devnet.usdc_balance_base_units(stranger) == 0
    devnet.fund_usdc(stranger, 1)


def test_unreachable_node_is_named_without_the_key_in_its_url() -> None:
    with pytest.raises(ChainUnreachableError, match=r"no EVM node answers at 127\.0\.0\.1:1:") as caught:
        Chain.connect("http://user:secret@127.0.0.1:1/v3/secret")
    assert "secret" not in str(caught.value)


def test_missing_part_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DevnetError, match="make setup"):
        Parts(tmp_path).fetched_runtime("permit2")


def test_launcher_script_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    launcher = tmp_path / "anvil"
    launcher.write_text("#!/usr/bin/env node\n")
    monkeypatch.setenv("VERITALLY_ANVIL", str(launcher))

    with pytest.raises(DevnetError, match="is a script"):
        find_anvil(ROOT)


def test_node_is_gone_after_the_context() -> None:
    with run_anvil(ANVIL) as node:
        assert answers(node.rpc_url)
    assert not answers(node.rpc_url)


def test_node_is_gone_after_its_parent_was_killed() -> None:
    command = [sys.executable, "-c", START_AND_WAIT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        rpc_url = parent.stdout.readline().strip()
        assert answers(rpc_url)
        parent.kill()
    assert is_gone(rpc_url)


def test_chains_run_side_by_side(devnet: Devnet) -> None:
    with start_devnet() as other:
        assert other.rpc_url != devnet.rpc_url
        other.fund_usdc(devnet.accounts.guardian.address, 1)
        assert devnet.usdc_balance_base_units(devnet.accounts.guardian.address) == 0


def test_taken_port_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(DevnetError, match="Address already in use"),
            run_anvil(ANVIL, port),
        ):
            pass


def test_command_runs_until_interrupted(tmp_path: Path) -> None:
    output = tmp_path / "deployment.json"
    command = [str(Path(sys.executable).with_name("veritally")), "devnet", "--output", str(output)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = "".join(iter(process.stdout.readline, "Running until Ctrl-C.\n"))
        deployment = Deployment.load(output)
        rpc_url = re.search(r"http://\S+", shown)
        assert rpc_url is not None
        settlement = Web3.to_checksum_address(deployment.settlement)
        assert Chain.connect(rpc_url[0]).w3.eth.get_code(settlement)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    assert not answers(rpc_url[0])
    assert "index 8" in shown
