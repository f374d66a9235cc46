"""The stand-ins of x402's contracts against what the official Python package says about the contracts."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.abi import event_abi_to_log_topic, function_abi_to_4byte_selector
from eth_utils.crypto import keccak
from x402.mechanisms.evm import constants as evm
from x402.mechanisms.evm.batch_settlement import constants as batch
from x402.mechanisms.evm.batch_settlement.abi import BATCH_SETTLEMENT_ABI
from x402.mechanisms.evm.batch_settlement.types import ChannelConfig
from x402.mechanisms.evm.batch_settlement.utils import compute_channel_id

from veritally.abi import Artifact
from veritally.devnet.parts import Parts, find_root
from veritally.devnet.standins import STANDINS
from veritally.x402 import addresses

CASES = (
    ("X402BatchSettlement", BATCH_SETTLEMENT_ABI),
    ("X402ExactPermit2Proxy", evm.X402_EXACT_PERMIT2_PROXY_ABI),
    ("X402ExactPermit2Proxy", evm.X402_EXACT_PERMIT2_PROXY_SETTLE_WITH_PERMIT_ABI),
    ("X402UptoPermit2Proxy", evm.X402_UPTO_PERMIT2_PROXY_ABI),
    ("X402UptoPermit2Proxy", evm.X402_UPTO_PERMIT2_PROXY_SETTLE_WITH_PERMIT_ABI),
)
TYPES = (
    ("X402BatchSettlement", batch.CHANNEL_CONFIG_TYPES, "ChannelConfig"),
    ("X402BatchSettlement", batch.VOUCHER_TYPES, "Voucher"),
    ("X402BatchSettlement", batch.REFUND_TYPES, "Refund"),
    ("X402BatchSettlement", batch.CLAIM_BATCH_TYPES, "ClaimBatch"),
    ("X402BatchSettlement", batch.CLAIM_BATCH_TYPES, "ClaimEntry"),
    ("X402ExactPermit2Proxy", evm.PERMIT2_WITNESS_TYPES, "Witness"),
    ("X402UptoPermit2Proxy", evm.UPTO_PERMIT2_WITNESS_TYPES, "Witness"),
)
# Pinned in tests/contracts/X402BatchSettlement.t.sol, too.
EXAMPLE_CHANNEL_ID = "0x0be21384ccc17c5100599e27d55b3a4f37e2b3cf99002be5f310c38bf273b254"


def standin(name: str) -> Artifact:
    return Parts(find_root(None)).compiled(name)


def shape(parameters: list[dict[str, Any]]) -> list[tuple[str, str, object]]:
    """Types and names, also of the fields of structs."""
    return [(p["type"], p["name"], shape(p.get("components", []))) for p in parameters]


def types_of(parameters: list[dict[str, Any]]) -> list[str]:
    return [p["type"] for p in parameters]


def type_string(types: dict[str, list[dict[str, str]]], name: str) -> str:
    fields = ",".join(f"{field['type']} {field['name']}" for field in types[name])
    used = sorted({field["type"].removesuffix("[]") for field in types[name]} & types.keys())
    return f"{name}({fields})" + "".join(type_string(types, other) for other in used)


@pytest.mark.parametrize(("name", "published"), CASES)
def test_functions_and_events_are_the_packages(name: str, published: list[Any]) -> None:
    entries: list[Any] = standin(name).abi
    functions = {function_abi_to_4byte_selector(e): e for e in entries if e["type"] == "function"}
    events = {event_abi_to_log_topic(e): e for e in entries if e["type"] == "event"}
    for entry in published:
        if entry["type"] == "event":
            ours = events[event_abi_to_log_topic(entry)]
            assert [p["indexed"] for p in ours["inputs"]] == [p["indexed"] for p in entry["inputs"]]
        else:
            ours = functions[function_abi_to_4byte_selector(entry)]
            assert ours["stateMutability"] == entry["stateMutability"], entry["name"]
            assert types_of(ours["outputs"]) == types_of(entry["outputs"]), entry["name"]
        assert shape(ours["inputs"]) == shape(entry["inputs"]), entry["name"]


@pytest.mark.parametrize(("name", "types", "struct"), TYPES)
def test_signed_types_are_the_packages(
    name: str, types: dict[str, list[dict[str, str]]], struct: str
) -> None:
    assert keccak(text=type_string(types, struct)).hex() in standin(name).bytecode


def test_channel_id_of_the_contract_test_is_the_packages() -> None:
    config = ChannelConfig(
        payer="0x" + "11" * 20,
        payer_authorizer="0x" + "22" * 20,
        receiver="0x" + "33" * 20,
        receiver_authorizer="0x" + "44" * 20,
        token="0x" + "55" * 20,
        withdraw_delay=86_400,
        salt="0x" + "66" * 32,
    )
    assert compute_channel_id(config, 84532) == EXAMPLE_CHANNEL_ID


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("base/ChannelParts.sol", batch.BATCH_SETTLEMENT_ADDRESS),
        ("base/ChannelParts.sol", batch.ERC3009_DEPOSIT_COLLECTOR_ADDRESS),
        ("base/RealParts.sol", evm.X402_UPTO_PERMIT2_PROXY_ADDRESS),
        ("X402ExactPermit2Proxy.t.sol", evm.X402_EXACT_PERMIT2_PROXY_ADDRESS),
    ],
)
def test_contract_tests_use_the_packages_address(path: str, address: str) -> None:
    source = find_root(None) / "tests" / "contracts" / path
    assert address in source.read_text(encoding="utf-8")


def test_the_development_chain_uses_the_packages_addresses() -> None:
    assert addresses.PERMIT2_ADDRESS == evm.PERMIT2_ADDRESS
    assert {standin.name: standin.address for standin in STANDINS} == {
        "X402ExactPermit2Proxy": evm.X402_EXACT_PERMIT2_PROXY_ADDRESS,
        "X402UptoPermit2Proxy": evm.X402_UPTO_PERMIT2_PROXY_ADDRESS,
        "X402BatchSettlement": batch.BATCH_SETTLEMENT_ADDRESS,
        "X402ERC3009DepositCollector": batch.ERC3009_DEPOSIT_COLLECTOR_ADDRESS,
    }
