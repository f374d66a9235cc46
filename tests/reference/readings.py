"""What the chain must answer after each step, by the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from eth_abi.abi import encode

from tests.reference.ledger import Ledger
from tests.reference.signing import receipt_argument
from tests.reference.statements import Event, Group, GroupSettled, InferenceSettled, Receipt, ReceiptSkipped
from tests.reference.world import OTHER_MODEL, Reading, World, address, reading, selector
from veritally.merkle import merkle_proof, merkle_root
from veritally.tiers import SETTLED_TIERS, Tier
from veritally.x402.addresses import CHANNELS_ADDRESS, PERMIT2_ADDRESS, UPTO_PROXY_ADDRESS

RECEIPT_TYPE = "(bytes32,bytes32,address,uint256)"
SETTLED_TIER = f"settledTier(bytes32,address,address,{RECEIPT_TYPE},bytes32[])"


def state_readings(world: World, ledger: Ledger, groups: Iterable[Group]) -> Iterator[Reading]:
    """Counters, money, stored roots, and the nonces of `groups`."""
    yield from _counters(world, ledger)
    yield from _money(world, ledger)
    for prover, nonce in {(group.prover, item.nonce) for group in groups for item in group.receipts}:
        used = int((prover, nonce) in ledger.state.spent)
        yield reading(
            f"nonce {nonce}", world.settlement, "isNonceUsed(address,uint64)", (prover, nonce), used
        )
    for key in map(address, world.enclaves):
        backed = ledger.state.backed[key, world.token]
        call, arguments = "backedAmount(bytes32,address)", (world.key_names[key], world.token)
        yield reading(f"backed by {key.hex()}", world.settlement, call, arguments, backed)
    for root, stored in ledger.state.roots.items():
        words = [int(word) for word in stored]
        yield reading(f"root {root.hex()}", world.settlement, "settledGroup(bytes32)", (root,), *words)


def inclusion_readings(
    world: World, ledger: Ledger, groups: Sequence[Group], events: Sequence[Event]
) -> Iterator[Reading]:
    """A settled receipt is proved under its group's root; a skipped one only if it settled before."""
    whole = {receipt.hash: (group, receipt) for group in groups for receipt in group.receipts}
    settled: list[bytes] = []
    for event in events:
        if isinstance(event, InferenceSettled):
            settled.append(event.receipt_hash)
        elif isinstance(event, GroupSettled):
            yield from (_inclusion(world, ledger, *whole[leaf], settled) for leaf in settled)
            settled = []
        elif isinstance(event, ReceiptSkipped):
            group, receipt = whole[event.receipt_hash]
            yield _inclusion(world, ledger, group, receipt, [item.hash for item in group.receipts])


def _counters(world: World, ledger: Ledger) -> Iterator[Reading]:
    models = (world.model, OTHER_MODEL)
    yield reading("nextSeq", world.settlement, "nextSeq()", (), ledger.state.seq)
    for tier in Tier:
        count = sum(_count(ledger, model, tier) for model in models)
        yield reading(f"tally {tier.label}", world.settlement, "tally(uint8)", (tier,), count)
        for model in models:
            count = _count(ledger, model, tier)
            yield reading("modelTally", world.settlement, "modelTally(bytes32,uint8)", (model, tier), count)
        amount = ledger.state.amounts[world.token, tier]
        yield reading(
            "amountTally", world.settlement, "amountTally(address,uint8)", (world.token, tier), amount
        )


def _count(ledger: Ledger, model: bytes, tier: Tier) -> int:
    tiers = SETTLED_TIERS if tier == Tier.NONE else (tier,)
    return sum(ledger.state.counts[model, item] for item in tiers)


def _money(world: World, ledger: Ledger) -> Iterator[Reading]:
    state, usdc = ledger.state, world.devnet.usdc
    owners = {owner: amount for (_, owner), amount in state.balances.items()}
    owners[bytes.fromhex(CHANNELS_ADDRESS[2:])] = sum(deposited for deposited, _ in state.channels.values())
    owners |= dict.fromkeys((ledger.settlement, bytes.fromhex(UPTO_PROXY_ADDRESS[2:])), 0)
    for owner, amount in owners.items():
        yield reading(f"balance {owner.hex()}", usdc, "balanceOf(address)", (owner,), amount)
    for payer in world.accounts.payers:
        allowance = state.permit2_allowances[world.token, address(payer)]
        parties = (payer.address, PERMIT2_ADDRESS)
        yield reading("allowance", usdc, "allowance(address,address)", parties, allowance)
    for (token, receiver), amount in state.claimed.items():
        yield reading("claimed", CHANNELS_ADDRESS, "receivers(address,address)", (receiver, token), amount, 0)
    for channel, amounts in state.channels.items():
        yield reading("channel", CHANNELS_ADDRESS, "channels(bytes32)", (channel,), *amounts)


def _inclusion(
    world: World, ledger: Ledger, group: Group, receipt: Receipt, leaves: Sequence[bytes]
) -> Reading:
    proof = merkle_proof(leaves, leaves.index(receipt.hash))
    names = (group.model_id, group.prover, group.asset)
    types = ("bytes32", "address", "address", RECEIPT_TYPE, "bytes32[]")
    data = selector(SETTLED_TIER) + encode(types, (*names, receipt_argument(receipt), proof))
    tier = ledger.state.roots.get(merkle_root(leaves), (Tier.NONE,))[0]
    return Reading("settledTier", world.settlement, bytes(data), int(tier).to_bytes(32, "big"))
