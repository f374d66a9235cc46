"""Enclave keys on a real chain: registered by documents and renewed in time."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import pytest
from enclaves_on_chain import DEBUG_PCRS, registry_of, sent
from models import MODEL_ID, register_model
from settling import enclave, free, settler, unaccepted_enclave, why

from prover.enclave.drivers import SOFTWARE_PCRS
from prover.enclave.enclave import LIFETIME_S, RENEW_BEFORE_S, Enclave
from prover.enclave.sources import NitroSource
from tests.reference.enclaves import SOFTWARE_MEASUREMENT, Enclaves, key_name
from tests.unit.attestation_devices import NitroSecureModule
from veritally.attestation.binding import KeyKind
from veritally.attestation.claims import Platform
from veritally.attestation.drivers.nsm import NsmDriver
from veritally.attestation.registration import key_id
from veritally.attestation.software_root import SoftwareRoot
from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node
from veritally.tiers import Tier


def pass_s(devnet: Devnet, seconds: int) -> None:
    call_node(devnet.chain, "evm_increaseTime", seconds)
    call_node(devnet.chain, "evm_mine")


def test_a_registered_key_backs_receipts_which_are_marked_as_development(devnet: Devnet) -> None:
    (outcome,) = settler(devnet, {MODEL_ID: enclave(devnet)}).settle([free(devnet, 1, Tier.TEE)])
    assert outcome.state.is_settled
    assert outcome.settlement is not None
    assert (outcome.settlement.development, outcome.settlement.unbound) == (True, False)


def test_the_registry_knows_the_key_by_what_the_sdk_calls_it(devnet: Devnet) -> None:
    keeper = enclave(devnet)
    keeper.ensure_registered()
    (event,) = registry_of(devnet).events.EnclaveRegistered().get_logs()
    entry = registry_of(devnet).functions.getKey(event.args.key).call()
    assert (entry.prover, entry.modelId) == (devnet.accounts.prover.address, MODEL_ID)
    assert (entry.measurement, entry.platform) == (SOFTWARE_MEASUREMENT, Platform.DEVELOPMENT)
    assert entry.development
    key = devnet.accounts.enclave
    asked = Enclaves(devnet, devnet.accounts.prover.address, MODEL_ID).request(key)
    functions = registry_of(devnet).functions
    assert functions.keyOf(1, asked.binding.public_key).call() == key_name(key)
    assert functions.keyOf(2, asked.binding.public_key).call() == key_id(
        KeyKind.P256, bytes(asked.binding.public_key)
    )
    assert functions.keyOf(3, bytes(256)).call() == key_id(KeyKind.RSA_PSS_2048, bytes(256))
    assert functions.userDataOf(asked.as_argument()).call() == asked.user_data()
    assert functions.registrationDigest(asked.as_argument()).call() == asked.digest()


def test_a_key_is_registered_once_and_renewed_before_it_expires(devnet: Devnet) -> None:
    keeper = enclave(devnet)
    keeper.ensure_registered()
    before = sent(devnet)
    pass_s(devnet, LIFETIME_S - RENEW_BEFORE_S - 60)
    keeper.ensure_registered()
    assert sent(devnet) == before
    pass_s(devnet, 120)
    (outcome,) = settler(devnet, {MODEL_ID: keeper}).settle([free(devnet, 1, Tier.TEE)])
    assert outcome.state.is_settled
    assert sent(devnet) == before + 2
    (renewed,) = registry_of(devnet).events.EnclaveRenewed().get_logs(from_block=0)
    assert renewed.args.validUntil > devnet.chain.time_s() + LIFETIME_S - 60


def test_a_chain_that_stood_still_makes_no_old_document(
    devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A development chain without transactions has no blocks, but its next one has the time of day."""
    keeper = enclave(devnet)
    half_an_hour_later_s = devnet.chain.time_s() + 1_800
    monkeypatch.setattr(time, "time", lambda: half_an_hour_later_s)
    call_node(devnet.chain, "evm_increaseTime", 1_800)  # of the next block; the latest one stays as it is
    (outcome,) = settler(devnet, {MODEL_ID: keeper}).settle([free(devnet, 1, Tier.TEE)])
    assert outcome.state.is_settled


def test_a_key_that_expired_meanwhile_is_renewed_too(devnet: Devnet) -> None:
    keeper = enclave(devnet)
    address = keeper.sign(bytes(32))[0]
    pass_s(devnet, LIFETIME_S + 60)
    (outcome,) = settler(devnet, {MODEL_ID: keeper}).settle([free(devnet, 1, Tier.TEE)])
    assert outcome.state.is_settled
    assert keeper.address == address


def test_a_renewal_that_fails_stops_nothing_while_the_key_is_valid(
    devnet: Devnet, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = enclave(devnet)
    keeper.ensure_registered()
    before = sent(devnet)
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(keeper._source.driver, "_pcrs", DEBUG_PCRS)  # type: ignore[attr-defined]
        pass_s(devnet, LIFETIME_S - 60)
        with caplog.at_level(logging.WARNING):
            (outcome,) = settler(devnet, {MODEL_ID: keeper}).settle([free(devnet, 1, Tier.TEE)])
        assert outcome.state.is_settled
        assert "was not renewed: the enclave runs in debug mode" in caplog.text
        pass_s(devnet, 120)
        (outcome,) = settler(devnet, {MODEL_ID: keeper}).settle([free(devnet, 2, Tier.TEE)])
        assert "debug mode" in why(outcome)
    assert sent(devnet) == before + 1


def test_a_restarted_prover_has_another_key(devnet: Devnet) -> None:
    register_model(devnet)
    first, second = unaccepted_enclave(devnet), unaccepted_enclave(devnet)
    first.ensure_registered()
    second.ensure_registered()
    assert first.address != second.address
    assert len(registry_of(devnet).events.EnclaveRegistered().get_logs(from_block=0)) == 2
    for nonce, keeper in enumerate((first, second)):
        (outcome,) = settler(devnet, {MODEL_ID: keeper}).settle([free(devnet, nonce, Tier.TEE)])
        assert outcome.state.is_settled


def test_a_revoked_key_backs_nothing_and_its_reason_says_what_to_do(devnet: Devnet) -> None:
    keeper = enclave(devnet)
    keeper.ensure_registered()
    (event,) = registry_of(devnet).events.EnclaveRegistered().get_logs()
    devnet.chain.send(registry_of(devnet).functions.revoke(event.args.key), devnet.accounts.prover)
    (outcome,) = settler(devnet, {MODEL_ID: keeper}).settle([free(devnet, 1, Tier.TEE)])
    assert why(outcome).startswith("EnclaveKeyRevoked(")
    assert "start the prover again" in why(outcome)


def test_documents_of_the_nitro_secure_module_take_the_same_way(devnet: Devnet, tmp_path: Path) -> None:
    """A stand-in of the device gives documents of the software root; all else is what runs in an enclave."""
    chain, root = devnet.chain, SoftwareRoot.of_test_mnemonic(devnet.chain.chain_id)

    def answer(request: Any) -> dict[str, Any]:
        user_data = request["Attestation"]["user_data"]
        document = root.document(SOFTWARE_PCRS, chain.time_s(), user_data=user_data)
        return {"Attestation": {"document": document}}

    register_model(devnet)
    device = tmp_path / "nsm"
    device.touch()
    module = NitroSecureModule(answer)
    source = NitroSource(NsmDriver(device, module.ioctl), Platform.DEVELOPMENT, root.fingerprint)
    keeper = Enclave(chain, devnet.deployment, devnet.accounts.prover, source, MODEL_ID)
    (outcome,) = settler(devnet, {MODEL_ID: keeper}).settle([free(devnet, 1, Tier.TEE)])
    assert outcome.state.is_settled
    assert len(module.requests) == 1
