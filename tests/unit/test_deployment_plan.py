from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi.abi import decode

from veritally.attestation import tdx
from veritally.attestation.claims import Platform
from veritally.attestation.software_root import SoftwareRoot
from veritally.contract_table import (
    AWS_NITRO_ROOT,
    CONSTRUCTORS,
    DEVELOPMENT_CHAIN_IDS,
    DEVELOPMENT_ROOT,
    INTEL_SGX_ROOT,
    ROUTES,
)
from veritally.errors import DeploymentSettingsError
from veritally.plan import DeploymentSettings, make_plan
from veritally.tiers import SETTLED_TIERS

ALICE = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
BOB = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
CAROL = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
SETTINGS = DeploymentSettings(
    owner=ALICE, guardian=BOB, route_delay_s=0, measurement_delay_s=0, development_root=DEVELOPMENT_ROOT
)
WITHOUT_SETTINGS = {
    *("PayAddressFactory", "SignedVerifier", "Sha384", "P384"),
    *("IntelCertificates", "TdxCollateral", "TdxAttestation"),
}
ATTESTED = {"NitroAttestation", "EnclaveRegistry", "TeeVerifier"}
MOVED_BY_THE_ROUTER = set(CONSTRUCTORS) - WITHOUT_SETTINGS - {"NitroAttestation"}
DEVELOPMENT_CHAIN, MAINNET = 31337, 8453


def addresses(settings: DeploymentSettings, chain_id: int = DEVELOPMENT_CHAIN) -> dict[str, str]:
    return {name: planned.address for name, planned in make_plan(settings, chain_id).items()}


def changed(settings: DeploymentSettings) -> set[str]:
    before, after = addresses(SETTINGS), addresses(settings)
    return {name for name in CONSTRUCTORS if before[name] != after[name]}


@pytest.mark.parametrize("chain_id", sorted(DEVELOPMENT_CHAIN_IDS))
def test_all_contracts_have_one_address_on_all_development_chains(chain_id: int) -> None:
    assert addresses(SETTINGS, chain_id) == addresses(SETTINGS)
    assert set(addresses(SETTINGS)) == set(CONSTRUCTORS)
    assert len(set(addresses(SETTINGS).values())) == len(CONSTRUCTORS)


def attestation(settings: DeploymentSettings, chain_id: int) -> tuple[str, int]:
    """Root and platform that the planned contract is pinned to."""
    arguments = make_plan(settings, chain_id)["NitroAttestation"].constructor_arguments
    _, _, root, platform, owner = decode(("address", "address", "bytes32", "uint8", "address"), arguments)
    assert owner == settings.owner.lower()
    return f"0x{root.hex()}", platform


@pytest.mark.parametrize("chain_id", [DEVELOPMENT_CHAIN, MAINNET])
def test_without_a_development_root_documents_are_those_of_aws(chain_id: int) -> None:
    settings = replace(SETTINGS, development_root=None)
    assert attestation(settings, chain_id) == (AWS_NITRO_ROOT, Platform.NITRO)
    assert addresses(settings, chain_id) == addresses(settings)
    assert set(addresses(settings, chain_id)) == set(CONSTRUCTORS)


def test_with_a_development_root_documents_are_marked_as_development() -> None:
    assert attestation(SETTINGS, DEVELOPMENT_CHAIN) == (DEVELOPMENT_ROOT, Platform.DEVELOPMENT)


def test_other_chains_refuse_a_development_root() -> None:
    with pytest.raises(DeploymentSettingsError, match="leave it out: chain 8453 is no development chain"):
        make_plan(SETTINGS, MAINNET)


@pytest.mark.parametrize(
    ("settings", "chain_id"),
    [(SETTINGS, DEVELOPMENT_CHAIN), (replace(SETTINGS, development_root=None), MAINNET)],
)
def test_quotes_are_those_of_intel_on_every_chain(settings: DeploymentSettings, chain_id: int) -> None:
    plan = make_plan(settings, chain_id)
    pinned = decode(("bytes32", "uint8"), plan["IntelCertificates"].constructor_arguments)
    assert pinned == (tdx.INTEL_ROOT, Platform.TDX)
    assert f"0x{tdx.INTEL_ROOT.hex()}" == INTEL_SGX_ROOT


def test_the_registry_takes_documents_of_both_verifiers() -> None:
    plan = make_plan(SETTINGS, DEVELOPMENT_CHAIN)
    arguments = plan["EnclaveRegistry"].constructor_arguments
    *_, verifiers = decode(("address", "address", "address[]"), arguments)
    expected = (plan["NitroAttestation"].address, plan["TdxAttestation"].address)
    assert verifiers == tuple(address.lower() for address in expected)


@pytest.mark.parametrize("chain_id", sorted(DEVELOPMENT_CHAIN_IDS))
def test_the_public_development_root_is_that_of_the_test_mnemonic(chain_id: int) -> None:
    assert f"0x{SoftwareRoot.of_test_mnemonic(chain_id).fingerprint.hex()}" == DEVELOPMENT_ROOT


@pytest.mark.parametrize(
    ("settings", "moved"),
    [
        (replace(SETTINGS, owner=CAROL), MOVED_BY_THE_ROUTER | ATTESTED),
        (replace(SETTINGS, guardian=CAROL), MOVED_BY_THE_ROUTER),
        (replace(SETTINGS, route_delay_s=1), MOVED_BY_THE_ROUTER),
        (replace(SETTINGS, measurement_delay_s=1), MOVED_BY_THE_ROUTER - {"VerifierRouter", "Settlement"}),
        (replace(SETTINGS, development_root="0x" + "11" * 32), ATTESTED),
    ],
    ids=["owner", "guardian", "route delay", "measurement delay", "development root"],
)
def test_a_setting_moves_only_what_depends_on_it(settings: DeploymentSettings, moved: set[str]) -> None:
    assert changed(settings) == moved


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("owner", ALICE.lower()),
        ("owner", ALICE[:-1]),
        ("owner", ""),
        ("guardian", "0x" + "00" * 20),
        ("development_root", "bob"),
        ("development_root", DEVELOPMENT_ROOT.upper()),
        ("development_root", DEVELOPMENT_ROOT[:-1]),
        ("development_root", DEVELOPMENT_ROOT + "0"),
        ("route_delay_s", -1),
        ("route_delay_s", 2**40),
        ("measurement_delay_s", -1),
        ("measurement_delay_s", 2**40),
    ],
)
def test_bad_setting_is_named(field: str, value: object) -> None:
    with pytest.raises(
        DeploymentSettingsError, match=f"^deployment setting {field}={re.escape(repr(value))}: give"
    ):
        replace(SETTINGS, **{field: value})  # type: ignore[arg-type]


def test_longest_delay_is_accepted() -> None:
    assert len(addresses(replace(SETTINGS, route_delay_s=2**40 - 1))) == len(CONSTRUCTORS)


def test_every_tier_has_a_route_to_a_contract_of_the_table() -> None:
    assert tuple(ROUTES) == SETTLED_TIERS
    assert {terms.verifier for terms in ROUTES.values()} <= set(CONSTRUCTORS)


def test_development_chains_are_those_of_the_contracts() -> None:
    source = Path(__file__).parents[2] / "contracts" / "libraries" / "DevelopmentChains.sol"
    found = re.findall(r"block\.chainid == (\d+)", source.read_text(encoding="utf-8"))
    assert {int(chain_id) for chain_id in found} == DEVELOPMENT_CHAIN_IDS
