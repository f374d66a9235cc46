"""The contracts against the reference ledger: whatever happens on the chain, the ledger has predicted it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, ClassVar

import pytest
from eth_abi.abi import encode
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.reference.builder import Builder, Call
from tests.reference.plans import GROUPS, SCHEMES, GroupPlan, RunPlan
from tests.reference.readings import RECEIPT_TYPE, inclusion_readings, state_readings
from tests.reference.statements import Event, GroupSettled, InferenceSettled
from tests.reference.world import Reading, World, address, selector
from veritally.devnet import Devnet
from veritally.payments import PaymentScheme
from veritally.tiers import SETTLED_TIERS, Tier
from veritally.x402.addresses import CHANNELS_ADDRESS, PERMIT2_ADDRESS

EXAMPLES = "VERITALLY_LEDGER_EXAMPLES"
STEPS = "VERITALLY_LEDGER_STEPS"
PAYMENT_TYPE = "(uint8,uint32,uint32,bytes)"
GROUP_TYPE = f"(bytes32,address,bytes4,address,{RECEIPT_TYPE}[],bytes,bytes,{PAYMENT_TYPE}[])"
SINK = bytes(19) + b"\x51"
"""Where drained money goes."""
CHANNEL_BASE_UNITS = 8_000
"""Deposited in the channel of each payer at first."""
VALUE_CAP = 2**128 - 1
"""The most that a model's owner can name."""
VALUE_CAPS = st.sampled_from((VALUE_CAP, 5_000, 1_000, 0, VALUE_CAP))
"""What one enclave key may back, in base units."""

settling: Callable[[Any], Any] = rule(
    plans=st.lists(GROUPS, min_size=1, max_size=4),
    replayed=st.lists(st.integers(0, 99), max_size=2),
    order=st.permutations(range(6)),
    cut=st.integers(0, 6),
    sender=st.integers(0, 3),
)


Reached = tuple[Tier, PaymentScheme] | str
"""Tier and scheme of what settled, or the reason of what did not."""


class LedgerMachine(RuleBasedStateMachine):
    """Every rule does the same to the chain and to the ledger, then looks for a difference."""

    world: World
    reached: ClassVar[set[Reached]] = set()
    """What has settled and why something was skipped, over all runs of a test."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = self.world.reset()
        self.builder = Builder(self.world, self.ledger)
        self.history: list[Call] = []
        self.deposits = 0
        self.payers = self.world.accounts.payers

    @initialize(cap=VALUE_CAPS)
    def prepare(self, cap: int) -> None:
        for payer in range(3):
            self._deposit(payer, 0, 1, CHANNEL_BASE_UNITS)
        self._set_value_cap(cap)

    def settle(
        self, plans: list[GroupPlan], replayed: list[int], order: Sequence[int], cut: int, sender: int
    ) -> None:
        """Settles new and old groups in any order, in one transaction or two."""
        known = self.history
        self.history = known + [self.builder.build(plan) for plan in plans]
        calls = self.history[len(known) :] + [self.history[index % len(self.history)] for index in replayed]
        ordered = [calls[index] for index in order if index < len(calls)]
        for part in (ordered[:cut], ordered[cut:]):
            if part:
                self._settle(part, sender)

    # a rule three times, so that it comes up more often than each of the others
    settle_some = settling(settle)
    settle_more = settling(settle)
    settle_most = settling(settle)

    @rule(payer=st.integers(0, 2), amount=st.integers(1, 5_000))
    def mint(self, payer: int, amount: int) -> None:
        owner = self.payers[payer]
        self._send(self.world.accounts.usdc_issuer, self._usdc("mint", owner.address, amount))
        self.ledger.state.balances[self.world.token, address(owner)] += amount
        self._compare()

    @rule(payer=st.integers(0, 2), kept=st.integers(0, 2_000))
    def drain(self, payer: int, kept: int) -> None:
        owner = address(self.payers[payer])
        amount = max(0, self.ledger.state.balances[self.world.token, owner] - kept)
        self._send(self.payers[payer], self._usdc("transfer", f"0x{SINK.hex()}", amount))
        self.ledger.state.balances[self.world.token, owner] -= amount
        self.ledger.state.balances[self.world.token, SINK] += amount
        self._compare()

    @rule(payer=st.integers(0, 2), allowance=st.sampled_from((0, 1_000, 2**256 - 1)))
    def approve(self, payer: int, allowance: int) -> None:
        owner = self.payers[payer]
        self._send(owner, self._usdc("approve", PERMIT2_ADDRESS, allowance))
        self.ledger.state.permit2_allowances[self.world.token, address(owner)] = allowance
        self._compare()

    @rule(
        payer=st.integers(0, 2),
        prover=st.integers(0, 1),
        floor=st.integers(1, 3),
        amount=st.integers(1, 4_000),
    )
    def deposit(self, payer: int, prover: int, floor: int, amount: int) -> None:
        """Opens a channel or tops it up."""
        self._deposit(payer, prover, floor, amount)

    def _deposit(self, payer: int, prover: int, floor: int, amount: int) -> None:
        owner = address(self.payers[payer])
        if self.ledger.state.balances[self.world.token, owner] < amount:
            return
        channel = self.builder.channel(owner, address(self.world.provers[prover]), floor)
        self.deposits += 1
        arguments = self.world.signing.deposit(self.payers[payer], channel, amount, self.deposits)
        config = "(address,address,address,address,address,uint40,bytes32)"
        call = bytes(selector(f"deposit({config},uint128,address,bytes)"))
        data = call + encode((config, "uint128", "address", "bytes"), arguments)
        self._send(self.world.accounts.relayer, data, CHANNELS_ADDRESS)
        balance, claimed = self.ledger.state.channels.get(channel.id, (0, 0))
        self.ledger.state.channels[channel.id] = (balance + amount, claimed)
        self.ledger.state.balances[self.world.token, owner] -= amount
        self._compare()

    @precondition(lambda self: len(self.history) > 8)
    @rule(tier=st.sampled_from(SETTLED_TIERS), spare=st.booleans())
    def stop_route(self, tier: Tier, spare: bool) -> None:
        route = self.world.routes[tier][spare]
        if self.ledger.routes[route].stopped:
            return
        data = selector("stop(bytes4)") + encode(("bytes4",), (route,))
        self._send(self.world.accounts.guardian, data, self.world.devnet.deployment.router)
        self.ledger.routes[route] = replace(self.ledger.routes[route], stopped=True)
        self._compare()

    @precondition(lambda self: len(self.history) > 8)
    @rule(index=st.integers(0, 1))
    def revoke_enclave(self, index: int) -> None:
        key = address(self.world.enclaves[index])
        if self.ledger.enclaves[key].revoked:
            return
        data = selector("revoke(bytes32)") + self.world.key_names[key]
        self._send(self.world.provers[0], data, self.world.devnet.deployment.enclave_registry)
        self.ledger.enclaves[key] = replace(self.ledger.enclaves[key], revoked=True)
        self._compare()

    @rule(cap=VALUE_CAPS)
    def set_value_cap(self, cap: int) -> None:
        self._set_value_cap(cap)

    def _set_value_cap(self, cap: int) -> None:
        data = selector("setValueCap(bytes32,address,uint128)")
        data += encode(("bytes32", "address", "uint128"), (self.world.model, self.world.token, cap))
        self._send(self.world.accounts.deployer, data, self.world.devnet.deployment.model_registry)
        self.ledger.value_caps[self.world.model, self.world.token] = cap
        self._compare()

    @rule(seconds=st.sampled_from((1, 60, 299, 300, 301, 86_400, 2 * 86_400)))
    def wait(self, seconds: int) -> None:
        self.ledger.now_s += seconds

    def _settle(self, calls: list[Call], sender: int) -> None:
        submitter = (*self.world.provers, self.world.accounts.relayer, self.world.provers[0])[sender]
        data = bytes(selector(f"settle({GROUP_TYPE}[])"))
        data += encode((f"{GROUP_TYPE}[]",), ([call.argument for call in calls],))
        self._advance()
        groups = [call.group for call in calls]
        outcomes, events = self.ledger.settle(address(submitter), groups)
        receipt = self.world.send(self.ledger, submitter, self.world.settlement, data)
        assert self.world.outcomes(receipt) == outcomes
        assert self.world.events(receipt) == events
        self.reached.update(_kind(event) for event in events)
        self._compare(*inclusion_readings(self.world, self.ledger, groups, events))

    def _advance(self) -> None:
        self.ledger.now_s += 1
        self.ledger.block += 1

    def _send(self, account: Any, data: bytes, to: str | None = None) -> None:
        self._advance()
        self.world.send(self.ledger, account, to or self.world.devnet.usdc, data)

    @staticmethod
    def _usdc(function: str, *arguments: Any) -> bytes:
        return bytes(selector(f"{function}(address,uint256)") + encode(("address", "uint256"), arguments))

    def _compare(self, *more: Reading) -> None:
        readings = state_readings(self.world, self.ledger, [call.group for call in self.history])
        differences = list(self.world.differences([*readings, *more]))
        assert not differences, "\n".join(differences)


def _kind(event: Event) -> Reached:
    if isinstance(event, InferenceSettled):
        return event.tier, event.scheme
    return type(event).__name__ if isinstance(event, GroupSettled) else event.reason


def _plan(tier: Tier, scheme: PaymentScheme) -> GroupPlan:
    """A good group of one receipt."""
    run = RunPlan(scheme, payer=0, floor=1, amounts_base_units=(100,), fault="")
    return GroupPlan(
        prover=0,
        tier=tier,
        spare_route=False,
        enclave=0,
        authorized="prover",
        nonces_back=0,
        runs=(run,),
        fault="",
    )


@pytest.fixture
def world(devnet: Devnet) -> World:
    LedgerMachine.world = World(devnet)
    LedgerMachine.reached = set()
    return LedgerMachine.world


def test_each_tier_is_paid_in_each_way_as_the_ledger_says(world: World) -> None:
    kinds = list(product(SETTLED_TIERS, (PaymentScheme.NONE, *SCHEMES)))
    machine = LedgerMachine()
    machine.prepare(VALUE_CAP)
    for tier, scheme in kinds:
        machine.settle([_plan(tier, scheme)], [], (0,), 1, 0)
    machine.set_value_cap(0)
    machine.settle([_plan(Tier.TEE, PaymentScheme.UPTO)], [], (0,), 1, 0)
    assert machine.reached >= {*kinds, "ValueCapExceeded"}


def test_contracts_do_what_the_ledger_says(world: World) -> None:
    more = EXAMPLES in os.environ
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=int(os.environ.get(EXAMPLES, 25)),
            stateful_step_count=int(os.environ.get(STEPS, 20)),
            derandomize=not more,
            phases=[Phase.generate, Phase.shrink] if more else [Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    tiers = {kind[0] for kind in LedgerMachine.reached if isinstance(kind, tuple)}
    assert tiers == set(SETTLED_TIERS), "never settled: choose other numbers of examples and steps"
