from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st
from indexer_chain import MODEL, PROVER, inference_log
from web3 import Web3

from indexer.abi import AbiMismatchError, EventDefinition, error_names, selector_of
from indexer.decode import EventDecoder, unpack_terms
from indexer.errors import UndecodableEventError
from indexer.events import ChannelRefunded, GroupSettled, GroupSkipped, InferenceSettled, ReceiptSkipped
from indexer.wire import Log
from veritally.abi import load_artifact
from veritally.labels import Labels
from veritally.payments import PaymentScheme
from veritally.tiers import Tier

ABI = load_artifact("Settlement").abi
DECODER = EventDecoder.of_package()
EVENTS = {entry["name"]: entry for entry in ABI if entry["type"] == "event"}

addresses = st.binary(min_size=20, max_size=20)
words = st.binary(min_size=32, max_size=32)
tiers = st.sampled_from([1, 2, 3])
LABELS = [Labels(number) for number in range(4)]
uint32 = st.integers(0, 2**32 - 1)


def log_of(name: str, values: dict[str, Any]) -> Log:
    """A log that web3 and eth_abi would read back as `values`."""
    inputs = EVENTS[name]["inputs"]
    indexed = [encode([i["type"]], [values[i["name"]]]) for i in inputs if i["indexed"]]
    plain = [i for i in inputs if not i["indexed"]]
    data = encode([i["type"] for i in plain], [values[i["name"]] for i in plain])
    signature = f"{name}({','.join(i['type'] for i in inputs)})"
    return Log(
        bytes(20), 7, b"\x07" * 32, 3, b"\x09" * 32, (Web3.keccak(text=signature), *indexed), data, False
    )


@given(
    receipt=words, payer=addresses, tier=tiers, model=words, prover=addresses, asset=addresses,
    request=words, response=words, seq=st.integers(0, 2**64 - 1), amount=st.integers(0, 2**96 - 1),
    served=st.integers(0, 2**64 - 1), floor=tiers, scheme=st.sampled_from(PaymentScheme),
    labels=st.sampled_from(LABELS),
)  # fmt: skip
def test_inference_is_decoded_as_eth_abi_encodes_it(
    receipt: bytes, payer: bytes, tier: int, model: bytes, prover: bytes, asset: bytes,
    request: bytes, response: bytes, seq: int, amount: int, served: int, floor: int, scheme: PaymentScheme,
    labels: Labels,
) -> None:  # fmt: skip
    packed = seq << 192 | amount << 96 | served << 32 | floor << 24 | scheme << 8 | int(labels)
    values = {
        "receiptHash": receipt, "payer": payer, "tier": tier, "modelId": model, "prover": prover,
        "asset": asset, "requestHash": request, "responseHash": response, "terms": packed,
    }  # fmt: skip
    event = DECODER.decode(log_of("InferenceSettled", values))
    assert isinstance(event, InferenceSettled)
    assert event.position.row_id == 7 << 20 | 3
    assert dataclasses.astuple(event)[1:] == (
        seq, receipt, payer if any(payer) else None, tier, model, prover, asset, request, response,
        amount, served, floor, scheme, labels,
    )  # fmt: skip


@given(root=words, model=words, prover=addresses, route=st.binary(min_size=4, max_size=4), tier=tiers,
       settled=uint32, skipped=uint32, labels=st.sampled_from(LABELS),
       key=words | st.just(bytes(32)))  # fmt: skip
def test_group_is_decoded_as_eth_abi_encodes_it(
    root: bytes, model: bytes, prover: bytes, route: bytes, tier: int, settled: int, skipped: int,
    labels: Labels, key: bytes,
) -> None:  # fmt: skip
    values = {
        "root": root, "modelId": model, "prover": prover, "route": route, "tier": tier,
        "settled": settled, "skipped": skipped, "labels": labels, "key": key,
    }  # fmt: skip
    event = DECODER.decode(log_of("GroupSettled", values))
    assert isinstance(event, GroupSettled)
    assert dataclasses.astuple(event)[1:] == (
        root, model, prover, route, tier, settled, skipped, labels, key if any(key) else None,
    )  # fmt: skip


@given(index=st.integers(0, 2**31 - 1), reason=st.binary(max_size=300))
def test_skips_are_decoded_as_eth_abi_encodes_them(index: int, reason: bytes) -> None:
    group = {"modelId": MODEL, "prover": PROVER, "route": b"abcd", "groupIndex": index, "reason": reason}
    skipped = DECODER.decode(log_of("GroupSkipped", group))
    assert isinstance(skipped, GroupSkipped)
    assert (skipped.group_index, skipped.reason.octets) == (index, reason)
    receipt = {"receiptHash": bytes(32), "payer": PROVER, "prover": PROVER, "reason": reason}
    event = DECODER.decode(log_of("ReceiptSkipped", receipt))
    assert isinstance(event, ReceiptSkipped)
    assert event.reason.octets == reason


@pytest.mark.parametrize(
    ("signature", "name"),
    [
        ("AlreadySettled(address,uint64)", "AlreadySettled"),
        ("UnknownRoute(bytes4)", "UnknownRoute"),
        ("EnclaveKeyRevoked(bytes32,uint256)", "EnclaveKeyRevoked"),
        ("InvalidProof(uint256)", "InvalidProof"),
        ("Panic(uint256)", "Panic"),
        ("NobodyDeclaresThis()", None),
    ],
)
def test_reason_is_named_after_the_contracts_errors(signature: str, name: str | None) -> None:
    assert DECODER.reason(Web3.keccak(text=signature)[:4] + bytes(32)).name == name


def test_empty_reason_has_no_name() -> None:
    assert DECODER.reason(b"").name is None


def test_topics_and_selectors_are_those_of_web3() -> None:
    contract = Web3().eth.contract(abi=ABI)
    for entry in EVENTS.values():
        assert EventDefinition.from_abi(entry).topic == bytes.fromhex(
            contract.events[entry["name"]]().topic[2:]
        )
    assert selector_of(ABI, "tally").hex() == contract.functions.tally(1).selector[2:]
    assert error_names([ABI])[Web3.keccak(text="EmptyGroup()")[:4]] == "EmptyGroup"


def decode_altered(**changes: Any) -> None:
    good = inference_log(0)
    topics = tuple(bytes.fromhex(topic[2:]) for topic in good["topics"])
    log = Log(bytes(20), 7, bytes(32), 3, bytes(32), topics, bytes.fromhex(good["data"][2:]), False)
    DECODER.decode(dataclasses.replace(log, **changes))


def test_unknown_topic_is_named() -> None:
    with pytest.raises(UndecodableEventError, match=f"block 7, log 3: unknown event topic 0x{'ab' * 32}"):
        decode_altered(topics=(b"\xab" * 32,))
    with pytest.raises(UndecodableEventError, match="unknown event topic none"):
        decode_altered(topics=())


def altered_log(**keywords: Any) -> dict[str, Any]:
    log = inference_log(0, **keywords)
    return {
        "topics": tuple(bytes.fromhex(topic[2:]) for topic in log["topics"]),
        "data": bytes.fromhex(log["data"][2:]),
    }


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"data": bytes(191)}, "ends at byte 191, 192 are needed"),
        ({"data": altered_log()["data"] + bytes(32)}, "6 words of data, the log 224 bytes"),
        ({"topics": altered_log()["topics"][:3]}, "3 indexed inputs, the log 2"),
        ({"data": altered_log()["data"][:32] + b"\x01" * 32 + altered_log()["data"][64:]}, "no address"),
        (altered_log(tier=0), "0 is no tier"),
        (altered_log(tier=4), "4 is no tier"),
        (altered_log(tier=256), "is no uint8"),
        (altered_log(floor=0), "0 is no tier"),
        (altered_log(floor=9), "9 is no tier"),
        (altered_log(flags=4), "labels 0x04"),
        (altered_log(flags=0x80), "labels 0x80"),
        (altered_log(flags=0x010000), "flags 0x010000"),
    ],
)
def test_log_that_the_contract_cannot_have_emitted_is_refused(changes: dict[str, Any], problem: str) -> None:
    decode_altered()
    with pytest.raises(UndecodableEventError, match=problem):
        decode_altered(**changes)


def test_bytes_must_be_padded_with_zeroes() -> None:
    values = {"modelId": MODEL, "prover": PROVER, "route": b"abcd", "groupIndex": 0, "reason": b"abc"}
    log = log_of("GroupSkipped", values)
    with pytest.raises(UndecodableEventError, match="padded"):
        DECODER.decode(dataclasses.replace(log, data=log.data[:-1] + b"\x01"))
    with pytest.raises(UndecodableEventError, match="group index"):
        DECODER.decode(log_of("GroupSkipped", values | {"groupIndex": 2**31}))


def test_terms_put_each_field_in_its_bits() -> None:
    packed = unpack_terms(1 << 192 | 2 << 96 | 3 << 32 | 2 << 24 | 4 << 8 | 3)
    assert dataclasses.astuple(packed) == (
        1,
        2,
        3,
        Tier.TEE,
        PaymentScheme.EXACT,
        Labels.DEVELOPMENT | Labels.UNBOUND,
    )
    for unknown in (1 << 23, 1 << 7, 1 << 2, 5 << 8):
        with pytest.raises(AbiMismatchError):
            unpack_terms(1 << 24 | unknown)


def test_labels_of_a_group_that_nobody_knows_are_refused() -> None:
    values = {
        "root": bytes(32), "modelId": MODEL, "prover": PROVER, "route": b"abcd", "tier": 2,
        "settled": 1, "skipped": 0, "labels": 4, "key": bytes(32),
    }  # fmt: skip
    with pytest.raises(UndecodableEventError, match="labels 0x04"):
        DECODER.decode(log_of("GroupSettled", values))


def test_a_channel_refund() -> None:
    payer, prover, token = b"\x01" * 20, b"\x02" * 20, b"\x03" * 20
    values = {"payer": payer, "prover": prover, "token": token, "amount": 2**128 - 1}
    event = DECODER.decode(log_of("ChannelRefunded", values))
    assert isinstance(event, ChannelRefunded)
    assert dataclasses.astuple(event)[1:] == (payer, prover, token, 2**128 - 1)
