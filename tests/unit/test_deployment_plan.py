from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from veritally.contract_table import CONSTRUCTORS, DEVELOPMENT_CHAIN_IDS, ROUTES
from veritally.errors import DeploymentSettingsError
from veritally.plan import DeploymentSettings, make_plan
from veritally.tiers import SETTLED_TIERS

ALICE = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
BOB = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
CAROL = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
SETTINGS = DeploymentSettings(owner=ALICE, guardian=BOB, route_delay_s=0, development_root=CAROL)
DEVELOPMENT_CHAIN, MAINNET = 31337, 8453


def addresses(settings: DeploymentSettings, chain_id: int = DEVELOPMENT_CHAIN) -> dict[str, str]:
    return {name: planned.address for name, planned in make_plan(settings, chain_id).contracts.items()}


def changed(settings: DeploymentSettings) -> set[str]:
    before, after = addresses(SETTINGS), addresses(settings)
    return {name for name in CONSTRUCTORS if before[name] != after[name]}


@pytest.mark.parametrize("chain_id", sorted(DEVELOPMENT_CHAIN_IDS))
def test_all_contracts_have_one_address_on_all_development_chains(chain_id: int) -> None:
    assert addresses(SETTINGS, chain_id) == addresses(SETTINGS)
    assert set(addresses(SETTINGS)) == set(CONSTRUCTORS)
    assert len(set(addresses(SETTINGS).values())) == len(CONSTRUCTORS)


def test_other_chains_lack_what_needs_a_development_root_and_nothing_else_moves() -> None:
    plan = make_plan(SETTINGS, MAINNET)
    assert plan.left_out == {
        "EnclaveRegistry": "chain 8453 is no development chain and refuses development roots",
        "TeeVerifier": "needs EnclaveRegistry",
    }
    everywhere = addresses(SETTINGS)
    assert addresses(SETTINGS, MAINNET) == {name: everywhere[name] for name in plan.contracts}
    assert set(plan.contracts) | set(plan.left_out) == set(CONSTRUCTORS)


def test_development_chain_without_a_root_says_that_none_was_given() -> None:
    plan = make_plan(replace(SETTINGS, development_root=None), DEVELOPMENT_CHAIN)
    assert plan.left_out["EnclaveRegistry"] == "no development root was given"


@pytest.mark.parametrize(
    ("settings", "moved"),
    [
        (replace(SETTINGS, owner=CAROL), {"VerifierRouter", "Settlement"}),
        (replace(SETTINGS, guardian=CAROL), {"VerifierRouter", "Settlement"}),
        (replace(SETTINGS, route_delay_s=1), {"VerifierRouter", "Settlement"}),
        (replace(SETTINGS, development_root=ALICE), {"EnclaveRegistry", "TeeVerifier"}),
    ],
    ids=["owner", "guardian", "delay", "development root"],
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
        ("route_delay_s", -1),
        ("route_delay_s", 2**40),
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
