"""What may be submitted, and what callers are told."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from web3 import Web3

from veritally.abi import load_artifact
from veritally.chain import TRANSACTION_GAS_CAP
from veritally.transactions import Call, Intent, IntentStatus, Landing, Outcome, Policy, State
from veritally.transactions.errors import InvalidIntentError, SettingError
from veritally.transactions.intents import LONGEST_DATA_BYTES, LONGEST_KEY

TO = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
LANDING = Landing("0x01", 7, "0x02", succeeded=True, is_call=True, gas_used=21_000, gas_price_wei=5)
STATUS = IntentStatus("one", State.MINED, 0, ("0x01",), cancelled=False, landing=LANDING, problem=None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("to", TO.lower()),
        ("to", "0x00"),
        ("data", bytes(LONGEST_DATA_BYTES + 1)),
        ("value_wei", -1),
        ("value_wei", 2**256),
        ("gas_limit", 20_999),
        ("gas_limit", TRANSACTION_GAS_CAP + 1),
    ],
)
def test_what_no_node_would_take_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidIntentError, match=field):
        Intent("key", dataclasses.replace(Call(TO), **{field: value})).check()


@pytest.mark.parametrize(
    ("data", "least_gas"), [(b"", 21_000), (b"\0", 21_010), (b"\1", 21_040), (b"\1\0\0", 21_060)]
)
def test_the_least_gas_limit_is_the_floor_of_the_calldata(data: bytes, least_gas: int) -> None:
    Intent("key", Call(TO, data, gas_limit=least_gas)).check()
    with pytest.raises(InvalidIntentError, match="gas_limit"):
        Intent("key", Call(TO, data, gas_limit=least_gas - 1)).check()


@pytest.mark.parametrize("call", [Call(TO), Call(TO, bytes(LONGEST_DATA_BYTES), 2**256 - 1)])
@pytest.mark.parametrize("key", ["k", "k" * LONGEST_KEY])
def test_the_limits_themselves_are_taken(key: str, call: Call) -> None:
    Intent(key, call).check()


@pytest.mark.parametrize("key", ["", "k" * (LONGEST_KEY + 1)])
def test_keys_have_a_length(key: str) -> None:
    with pytest.raises(InvalidIntentError, match="key"):
        Intent(key, Call(TO)).check()


def test_a_call_of_a_contract_is_what_web3_would_send() -> None:
    contract = Web3().eth.contract(address=Web3.to_checksum_address(TO), abi=load_artifact("Settlement").abi)
    function = contract.functions.isNonceUsed(TO, 7)
    filled = {"gas": 1, "nonce": 0, "gasPrice": 1, "chainId": 1, "value": 0}
    built = function.build_transaction(filled)
    call = Call.of(function, gas_limit=50_000)
    assert (call.to, f"0x{call.data.hex()}") == (built["to"], built["data"])
    assert (call.gas_limit, call.value_wei) == (50_000, 0)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.EXECUTED),
        ({"state": State.FINAL}, Outcome.EXECUTED),
        ({"landing": dataclasses.replace(LANDING, succeeded=False)}, Outcome.REVERTED),
        ({"landing": dataclasses.replace(LANDING, is_call=False)}, Outcome.CANCELLED),
        ({"state": State.FINAL, "landing": None}, Outcome.CANCELLED),
        ({"state": State.BROADCAST, "landing": None}, None),
        ({"state": State.UNKNOWN, "landing": None}, None),
    ],
)
def test_the_outcome_is_told_only_once_something_has_landed(
    changes: dict[str, Any], outcome: Outcome | None
) -> None:
    status = dataclasses.replace(STATUS, **changes)
    assert status.outcome == outcome
    assert status.as_json()["outcome"] == (outcome and outcome.value)


def test_a_status_as_json() -> None:
    assert STATUS.as_json() == {
        "key": "one",
        "state": "mined",
        "nonce": 0,
        "hashes": ["0x01"],
        "cancelled": False,
        "landing": {
            "tx_hash": "0x01",
            "block_number": 7,
            "block_hash": "0x02",
            "succeeded": True,
            "is_call": True,
            "gas_used": 21_000,
            "gas_price_wei": 5,
        },
        "problem": None,
        "outcome": "executed",
    }


def test_states_are_ordered_by_what_they_promise() -> None:
    for state in State:
        assert state.reaches(State.MINED) == (state in (State.MINED, State.FINAL))
        assert state.reaches(State.FINAL) == (state == State.FINAL)


@pytest.mark.parametrize(
    "values", [{"confirmations": 0}, {"max_in_flight": 0}, {"lease_s": 0.0}, {"timeout_s": 0.0}]
)
def test_a_policy_that_could_do_nothing_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        Policy(**values)
