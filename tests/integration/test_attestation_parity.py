"""The SDK and the contract give any document the same verdict, under the same name."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha384
from typing import Any

import cbor2
import pytest
from deploying import ACCOUNTS, Node, run_node
from eth_utils.crypto import keccak
from web3.contract import Contract

from veritally.attestation import nitro
from veritally.attestation.certificates import NITRO_PROFILE, parse_certificate
from veritally.attestation.claims import Platform
from veritally.attestation.cose import read_sign1
from veritally.attestation.errors import RefusedError
from veritally.attestation.nitro_hints import make_nitro_hints
from veritally.attestation.p384 import make_hint
from veritally.attestation.software_root import SoftwareRoot
from veritally.devnet.parts import Parts, find_root

SAMPLES = 300
HINTED = 60
CALL_GAS = 25_000_000
ROOT = SoftwareRoot.of_test_mnemonic(31337)
PCRS = {index: bytes([index + 1]) * 48 for index in (0, 1, 2, 4, 8)}
ACCEPTED = "accepted"


@dataclass(frozen=True)
class Judge:
    """The contract, pinned to the software root, with the certificates of `document` in its cache."""

    contract: Contract
    names: dict[str, str]
    at_s: int
    document: bytes

    def ask(self, document: bytes, given: list[bytes]) -> str:
        """Verdict of the contract."""
        call = {"to": self.contract.address, "gas": hex(CALL_GAS), "data": self._encode(document, given)}
        answer: Any = self.contract.w3.provider.make_request("eth_call", [call, "latest"])  # type: ignore[arg-type]
        if "result" in answer:
            return ACCEPTED
        return self.names[answer["error"]["data"][2:10]]

    def _encode(self, document: bytes, given: list[bytes]) -> str:
        return str(self.contract.encode_abi("verify", [document, given]))


def of_sdk(document: bytes, at_s: int) -> str:
    try:
        nitro.verify(document, ROOT.fingerprint, at_s)
    except RefusedError as error:
        return error.name
    return ACCEPTED


def deploy(node: Node, name: str, *arguments: object) -> Contract:
    compiled = Parts(find_root(None)).compiled(name)
    w3 = node.chain.w3
    factory = w3.eth.contract(abi=compiled.abi, bytecode=compiled.bytecode)
    sent = factory.constructor(*arguments).transact({"from": ACCOUNTS.deployer.address})
    address = w3.eth.wait_for_transaction_receipt(sent)["contractAddress"]
    return w3.eth.contract(address=address, abi=compiled.abi)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with run_node(31337) as node:
        libraries = (deploy(node, "Sha384").address, deploy(node, "P384").address)
        owner = ACCOUNTS.deployer.address
        contract = deploy(
            node, "NitroAttestation", *libraries, ROOT.fingerprint, int(Platform.DEVELOPMENT), owner
        )
        now_s = node.chain.w3.eth.get_block("latest")["timestamp"]
        document = ROOT.document(PCRS, now_s, user_data=bytes(64), nonce=b"nonce")
        verify = contract.functions.verify(document, make_nitro_hints(document))
        sent = verify.transact({"from": owner, "gas": CALL_GAS})
        assert node.chain.w3.eth.wait_for_transaction_receipt(sent)["status"] == 1
        at_s = node.chain.w3.eth.get_block("latest")["timestamp"]
        names = {}
        for entry in contract.abi:
            if entry["type"] == "error":
                types = ",".join(one["type"] for one in entry["inputs"])
                names[keccak(text=f"{entry['name']}({types})")[:4].hex()] = entry["name"]
        yield Judge(contract, names, at_s, document)


def changes(content: bytes, chance: random.Random) -> Iterator[bytes]:
    """Random small changes: a byte, a cut, an insertion, and bytes that mean something in CBOR and DER."""
    meaningful = b"\x00\x01\x02\x03\x06\x30\x5f\x9f\xbf\xff\xf6\xf7\x81\x82\x80\x1c\x18"
    while True:
        at = chance.randrange(len(content))
        value = chance.choice((chance.randbytes(1), bytes([chance.choice(meaningful)])))
        yield chance.choice(
            (
                content[:at] + value + content[at + 1 :],
                content[:at] + value + content[at:],
                content[:at] + content[at + 1 :],
                content[:at],
            )
        )


def test_a_good_document_has_the_same_claims(judge: Judge) -> None:
    mine = nitro.verify(judge.document, ROOT.fingerprint, judge.at_s)
    call = judge.contract.functions.verify(judge.document, make_nitro_hints(judge.document))
    theirs = call.call({"gas": CALL_GAS})
    assert theirs == tuple(vars(mine).values())


@pytest.mark.parametrize("seed", range(3))
def test_changed_documents(judge: Judge, seed: int) -> None:
    given = make_nitro_hints(judge.document)
    seen: Counter[str] = Counter()
    for _, document in zip(range(SAMPLES), changes(judge.document, random.Random(seed)), strict=False):
        verdict = of_sdk(document, judge.at_s)
        assert judge.ask(document, given) == verdict, document.hex()
        seen[verdict] += 1
    assert len(seen) >= 6


def test_hints_that_are_made_for_changed_documents(judge: Judge) -> None:
    """Whoever has only the changed document learns the same verdict from the contract."""
    values = cbor2.loads(read_sign1(judge.document).payload)
    chance = random.Random(0)
    leaves = changes(values["certificate"], chance)
    seen: Counter[str] = Counter()
    for _, changed, leaf in zip(range(HINTED), changes(judge.document, chance), leaves, strict=False):
        for document in (changed, ROOT.seal(cbor2.dumps(values | {"certificate": leaf}))):
            verdict = of_sdk(document, judge.at_s)
            assert judge.ask(document, make_nitro_hints(document)) == verdict, document.hex()
            seen[verdict] += 1
    assert len(seen) >= 8


@pytest.mark.parametrize("seed", range(3))
def test_changed_certificates(judge: Judge, seed: int) -> None:
    """The maps around them are right, so that mistakes of DER and X.509 come up."""
    given = make_nitro_hints(judge.document)
    values = cbor2.loads(read_sign1(judge.document).payload)
    chance = random.Random(seed)
    seen: Counter[str] = Counter()
    for _, leaf in zip(range(SAMPLES), changes(values["certificate"], chance), strict=False):
        document = ROOT.seal(cbor2.dumps(values | {"certificate": leaf}))
        verdict = of_sdk(document, judge.at_s)
        assert judge.ask(document, given) == verdict, document.hex()
        seen[verdict] += 1
    assert len(seen) >= 8


@pytest.mark.parametrize("seed", range(3))
def test_changed_payloads_that_are_signed_again(judge: Judge, seed: int) -> None:
    """The certificates are left alone, so that mistakes of the map itself come up."""
    payload = read_sign1(judge.document).payload
    certificates = make_nitro_hints(judge.document)[:-1]
    start = payload.index(b"certificate")
    tail = payload.index(b"public_key")
    seen: Counter[str] = Counter()
    chance = random.Random(seed)
    for head, rest in zip(changes(payload[:start], chance), changes(payload[tail:], chance), strict=False):
        changed = chance.choice((head + payload[start:], payload[:tail] + rest))
        document = ROOT.seal(changed)
        verdict = of_sdk(document, judge.at_s)
        envelope = read_sign1(document)
        r, s = (int.from_bytes(half) for half in (envelope.signature[:48], envelope.signature[48:]))
        signer = parse_certificate(nitro.parse(judge.document).certificates[-1], NITRO_PROFILE)
        hint = make_hint(sha384(envelope.signed_bytes).digest(), r, s, signer.public_key)
        assert judge.ask(document, [*certificates, hint]) == verdict, document.hex()
        seen[verdict] += 1
        if seen.total() == SAMPLES:
            break
    assert ACCEPTED in seen
    assert len(seen) >= 5
