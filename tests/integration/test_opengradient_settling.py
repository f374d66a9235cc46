"""Responses in OpenGradient's format, from the gateway to the indexer: paid, settled, counted apart."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import paying
import pytest
from eth_utils.crypto import keccak
from paying import METERED
from web3.contract import Contract
from web3.exceptions import ContractCustomError
from web3.logs import DISCARD
from x402_clients import pay_in_python

from indexer.cli import main
from veritally.abi import load_artifact
from veritally.attestation.claims import Platform
from veritally.attestation.errors import ResultRefusedError
from veritally.attestation.nitro_hints import make_nitro_hints
from veritally.attestation.opengradient import Result, admit, canonical_request, verify_response
from veritally.attestation.opengradient_evidence import OPENGRADIENT_ROUTE, OpenGradientEvidence
from veritally.attestation.software_gateway import SoftwareGateway
from veritally.devnet import Devnet
from veritally.payments import PaymentRun
from veritally.receipts import ZERO_ADDRESS, GroupTerms, Receipt, SettlementDomain
from veritally.reverts import refusal_reason
from veritally.settlement import Group, decode_outcomes
from veritally.tiers import Tier

REQUEST = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}], "temperature": 0.0}
WEIGHTS_HASH = bytes(keccak(text="what the gateway passes on to"))
ROUTE_GAS = (200_000, 60_000)


@dataclass(frozen=True)
class Unbound:
    """A deployment with the verifier behind its route, and a gateway whose key it has admitted."""

    devnet: Devnet
    gateway: SoftwareGateway
    verifier: Contract
    terms: GroupTerms
    measurement: bytes

    @property
    def now_s(self) -> int:
        """The chain's time."""
        return int(self.devnet.chain.w3.eth.get_block("latest")["timestamp"])

    def answer(self, number: int) -> Result:
        """A response of the gateway to the same question, as a client reads it."""
        content = f"Answer {number}"
        response = self.gateway.respond(REQUEST, content, self.now_s - number)
        return verify_response(
            json.loads(json.dumps(response)),
            request=canonical_request(REQUEST),
            content=content.encode(),
            modulus=self.gateway.modulus,
        )

    def evidence(self, *results: Result, payer: str = ZERO_ADDRESS, amount: int = 0) -> OpenGradientEvidence:
        """Evidence of a group with these results; `amount` in base units is paid for each."""
        receipts = tuple(
            Receipt(one.request_hash, one.response_hash, payer, amount, one.served_at_s, nonce, Tier.TEE)
            for nonce, one in enumerate(results, start=1)
        )
        signatures = tuple(one.signature for one in results)
        return OpenGradientEvidence(self.measurement, self.gateway.modulus, receipts, signatures)

    def group(self, evidence: OpenGradientEvidence, *payments: PaymentRun) -> Group:
        """The group of the evidence's receipts."""
        return Group(self.terms, OPENGRADIENT_ROUTE, evidence.receipts, payments, evidence.encode())

    def verdict(self, evidence: OpenGradientEvidence) -> str | None:
        """Name of the error with which the contract refuses the evidence; None when it accepts."""
        domain = SettlementDomain.of(self.devnet.deployment)
        receipts = evidence.receipts or self.evidence(self.answer(0)).receipts
        digest = domain.group_digest(domain.receipts_root(self.terms, receipts), OPENGRADIENT_ROUTE)
        claim = (self.terms.model_id, self.terms.prover, self.terms.asset, digest, [])
        try:
            self.verifier.functions.verify(claim, evidence.encode()).call()
        except ContractCustomError as error:
            return refusal_reason(error, self.verifier.abi).partition("(")[0]
        return None


def deploy(devnet: Devnet, gateway: SoftwareGateway) -> Contract:
    """The verifier, for documents of the gateway's root."""
    deployer, where = devnet.accounts.deployer, devnet.deployment
    libraries = [devnet.chain.deploy(load_artifact(name), account=deployer) for name in ("Sha384", "P384")]
    pinned = (*libraries, gateway.root.fingerprint, int(Platform.DEVELOPMENT), deployer.address)
    attestation = devnet.chain.deploy(load_artifact("NitroAttestation"), *pinned, account=deployer)
    needed = (where.settlement, where.model_registry, attestation)
    address = devnet.chain.deploy(load_artifact("OpenGradientVerifier"), *needed, account=deployer)
    return devnet.chain.contract("OpenGradientVerifier", address)


def register_model(devnet: Devnet, measurement: bytes) -> bytes:
    """A model of the prover, which accepts the gateway's code."""
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    owner = devnet.accounts.prover
    devnet.chain.send(registry.functions.register(WEIGHTS_HASH, "a gateway"), owner)
    model_id = bytes(registry.functions.modelIdOf(owner.address, WEIGHTS_HASH).call())
    devnet.chain.send(registry.functions.acceptMeasurement(model_id, measurement), owner)
    return model_id


@pytest.fixture
def unbound(devnet: Devnet) -> Unbound:
    gateway = SoftwareGateway.start(devnet.deployment.chain_id)
    verifier = deploy(devnet, gateway)
    now_s = int(devnet.chain.w3.eth.get_block("latest")["timestamp"])
    document = gateway.document(now_s)
    shown = (gateway.modulus, document, make_nitro_hints(document))
    mined = devnet.chain.send(verifier.functions.admit(*shown), devnet.accounts.relayer)
    (event,) = verifier.events.KeyAdmitted().process_receipt(mined, errors=DISCARD)

    block_s = int(devnet.chain.w3.eth.get_block(mined["blockNumber"])["timestamp"])
    expected = admit(gateway.modulus, document, gateway.root.fingerprint, block_s)
    assert dict(event["args"]) == {
        "teeId": expected.tee_id,
        "measurement": expected.measurement,
        "tlsCertificateHash": expected.tls_certificate_hash,
        "validUntil": expected.valid_until_s,
        "development": True,
    }
    router = devnet.chain.contract("VerifierRouter", devnet.deployment.router)
    added = router.functions.add(OPENGRADIENT_ROUTE, verifier.address, *ROUTE_GAS, False)
    devnet.chain.send(added, devnet.accounts.deployer)
    devnet.chain.send(router.functions.activate(OPENGRADIENT_ROUTE), devnet.accounts.relayer)
    model_id = register_model(devnet, expected.measurement)
    terms = GroupTerms(model_id, devnet.accounts.prover.address, devnet.usdc)
    return Unbound(devnet, gateway, verifier, terms, expected.measurement)


def test_a_paid_response_settles_and_is_counted_apart(
    unbound: Unbound, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    devnet = unbound.devnet
    offer = paying.payee(devnet, Tier.TEE).offer_upto(paying.PRICE)
    payment = paying.presented(devnet, pay_in_python, offer)
    evidence = unbound.evidence(unbound.answer(0), payer=payment.payer, amount=METERED)
    evidence.verify()
    group = unbound.group(evidence, PaymentRun(0, 1, payment.payment))
    mined = paying.settle(devnet, group)

    ((outcome,),) = decode_outcomes(SettlementDomain.of(devnet.deployment), [group], mined["logs"])
    assert (outcome.seq, outcome.reason) == (0, "")
    assert (outcome.labels.unbound, outcome.labels.development) == (True, True)
    settlement = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    pay_to = settlement.functions.payAddressOf(unbound.terms.prover, int(Tier.TEE)).call()
    assert devnet.usdc_balance_base_units(pay_to) == METERED

    tee = tallies(devnet, tmp_path, capsys)["tee"]
    (asset,) = tee["assets"]
    assert (tee["inferences"], tee["unbound_inferences"], asset["unbound"]) == (1, 1, True)
    assert int(asset["amount_base_units"]) == METERED


def tallies(devnet: Devnet, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the indexer reports, by tier."""
    devnet.deployment.save(folder / "deployment.json")
    options = ["--rpc-url", devnet.rpc_url, "--database-url", f"sqlite:///{folder}/indexer.db"]
    for command in (
        ("sync", "--once", *options, "--deployment", str(folder / "deployment.json")),
        ("tallies", "--json", *options),
    ):
        capsys.readouterr()
        with suppress(SystemExit):
            main(command)
    return {tier["tier"]: tier for tier in json.loads(capsys.readouterr().out)["tiers"]}


def test_contract_and_sdk_judge_evidence_alike(unbound: Unbound) -> None:
    good = unbound.evidence(*(unbound.answer(number) for number in range(3)))
    first, second, third = good.receipts
    signatures = good.signatures
    other = SoftwareGateway.start(unbound.devnet.deployment.chain_id)
    cases = {
        "right": good,
        "another request": replace(good, receipts=(first, replace(second, request_hash=bytes(32)), third)),
        "another response": replace(good, receipts=(first, second, replace(third, response_hash=bytes(32)))),
        "another time": replace(good, receipts=(replace(first, served_at_s=1), second, third)),
        "another nonce": replace(good, receipts=(replace(first, nonce=2**64 - 1), second, third)),
        "swapped": replace(good, signatures=(signatures[1], signatures[0], signatures[2])),
        "one missing": replace(good, signatures=signatures[:2]),
        "one too many": replace(good, signatures=(*signatures, signatures[0])),
        "none": replace(good, receipts=(), signatures=()),
        "repeated": replace(good, receipts=(first, replace(first, nonce=9), third)),
        "zeros": replace(good, signatures=(bytes(256), *signatures[1:])),
        "a byte longer": replace(good, signatures=(signatures[0] + b"\x00", *signatures[1:])),
        "a byte shorter": replace(good, signatures=(signatures[0][1:], *signatures[1:])),
        "above the modulus": replace(good, signatures=(b"\xff" * 256, *signatures[1:])),
        "an even modulus": replace(good, modulus=other.modulus[:-1] + b"\x02"),
        "a longer modulus": replace(good, modulus=other.modulus * 2),
    }
    assert {name: unbound.verdict(case) for name, case in cases.items()} == {
        name: ours(case) for name, case in cases.items()
    }
    assert [unbound.verdict(cases[name]) for name in ("right", "another nonce")] == [None, None]
    assert unbound.verdict(replace(good, modulus=other.modulus)) == "KeyNotAdmitted"


def ours(evidence: OpenGradientEvidence) -> str | None:
    try:
        evidence.verify()
    except ResultRefusedError as error:
        return error.name
    return None


def test_each_part_of_a_signature_counts(unbound: Unbound) -> None:
    good = unbound.evidence(unbound.answer(0))
    for bit in range(0, 2048, 113):
        flipped = bytearray(good.signatures[0])
        flipped[bit // 8] ^= 1 << bit % 8
        changed = replace(good, signatures=(bytes(flipped),))
        assert unbound.verdict(changed) == ours(changed) == "ResultNotSigned", bit
