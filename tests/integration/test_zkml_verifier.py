"""The compiled verifier on a chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.abi import function_signature_to_4byte_selector
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractLogicError

from prover.zkml.circuit import SOURCE, Circuit, prepare_circuit
from prover.zkml.instance_sum import replace_once
from prover.zkml.package import ModelPackage
from prover.zkml.prove import ProvenRun, prove
from prover.zkml.solidity import compile_verifier
from veritally.abi import Artifact
from veritally.chain import Chain
from veritally.commitments import FIELD_MODULUS
from veritally.devnet.accounts import Accounts
from veritally.devnet.anvil import find_anvil, run_anvil

ROOT = Path(__file__).resolve().parents[2]
SELECTOR = function_signature_to_4byte_selector("verifyProof(bytes,uint256[])")
TRANSACTION_GAS, ZERO_BYTE_GAS, BYTE_GAS = 21_000, 4, 16
WORD = 32


@pytest.fixture(scope="module")
def circuit(tmp_path_factory: pytest.TempPathFactory) -> Circuit:
    package = ModelPackage.load(ROOT / "prover" / "models" / "iris")
    return prepare_circuit(package, tmp_path_factory.mktemp("cache"), lambda _: None)


@pytest.fixture(scope="module")
def proof(circuit: Circuit) -> ProvenRun:
    return prove(circuit, (5.1, 3.5, 1.4, 0.2), timeout_s=120)


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with run_anvil(find_anvil(ROOT)) as node:
        yield Chain.connect(node.rpc_url)


@pytest.fixture(scope="module")
def verifier(chain: Chain, circuit: Circuit) -> Contract:
    artifact = Artifact("Halo2Verifier", circuit.verifier_abi, f"0x{circuit.verifier_bytecode.hex()}")
    address = chain.deploy(artifact, account=Accounts.derive().deployer)
    return chain.w3.eth.contract(address=address, abi=circuit.verifier_abi)


def accepts(verifier: Contract, proof: bytes, instances: list[int]) -> bool:
    try:
        return bool(verifier.functions.verifyProof(proof, instances).call())
    except ContractLogicError:
        return False


def accepts_calldata(verifier: Contract, arguments: bytes) -> bool:
    try:
        answer = verifier.w3.eth.call({"to": verifier.address, "data": SELECTOR + arguments})
    except ContractLogicError:
        return False
    return answer == (1).to_bytes(WORD, "big")


def gas_of_rejection(chain: Chain, verifier: Contract, proof: bytes, instances: list[int]) -> int:
    """Gas of a transaction that the verifier reverts."""
    call = verifier.functions.verifyProof(proof, instances)
    sender, gas = Accounts.derive().deployer, 3_000_000
    transaction = call.build_transaction(
        {"from": sender.address, "gas": gas, "nonce": chain.w3.eth.get_transaction_count(sender.address)}
    )
    sent = chain.w3.eth.send_raw_transaction(sender.sign_transaction(transaction).raw_transaction)
    receipt = chain.w3.eth.wait_for_transaction_receipt(sent)
    assert receipt["status"] == 0
    return int(receipt["gasUsed"])


def flip(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def test_accepts_the_proof(verifier: Contract, proof: ProvenRun) -> None:
    assert accepts(verifier, proof.proof, list(proof.instances))


def test_accepts_a_proof_of_other_inputs(verifier: Contract, circuit: Circuit) -> None:
    other = prove(circuit, (6.3, 3.3, 6.0, 2.5), timeout_s=120)
    assert accepts(verifier, other.proof, list(other.instances))


@pytest.mark.parametrize("word", [0, 20, 40, -1])
def test_rejects_a_changed_proof_word(verifier: Contract, proof: ProvenRun, word: int) -> None:
    changed = flip(proof.proof, (word * WORD + WORD - 1) % len(proof.proof))
    assert not accepts(verifier, changed, list(proof.instances))


@pytest.mark.parametrize("proof_bytes", [-WORD, WORD])
def test_rejects_a_proof_of_another_length(verifier: Contract, proof: ProvenRun, proof_bytes: int) -> None:
    changed = proof.proof[:proof_bytes] if proof_bytes < 0 else proof.proof + bytes(proof_bytes)
    assert not accepts(verifier, changed, list(proof.instances))


@pytest.mark.parametrize("index", range(7))
@pytest.mark.parametrize("offset", [1, -1, FIELD_MODULUS])
def test_rejects_a_changed_instance(verifier: Contract, proof: ProvenRun, index: int, offset: int) -> None:
    changed = list(proof.instances)
    changed[index] += offset
    assert not accepts(verifier, proof.proof, changed)


@pytest.mark.parametrize("index", range(7))
def test_word_outside_the_field_is_rejected_before_any_curve_operation(
    chain: Chain, verifier: Contract, proof: ProvenRun, index: int
) -> None:
    changed = list(proof.instances)
    false_gas = gas_of_rejection(chain, verifier, proof.proof, [*changed[:-1], changed[-1] ^ 1])
    changed[index] += FIELD_MODULUS
    assert gas_of_rejection(chain, verifier, proof.proof, changed) < false_gas / 2


@pytest.mark.parametrize("hit", ["mstore(MU_MPTR, mload(X_MPTR))", "mstore(X_MPTR, 1)"])
def test_challenge_that_hits_a_point_is_rejected_before_any_curve_operation(
    chain: Chain, circuit: Circuit, verifier: Contract, proof: ProvenRun, hit: str
) -> None:
    """Then a number to be inverted is zero. No proof is known that does it, so the source is changed."""
    source = (circuit.paths.settings.parent / SOURCE).read_text(encoding="utf-8")
    marker = "            // Compute what the openings are to be divided by\n"
    compiled = compile_verifier(replace_once(source, marker, f"            {hit}\n{marker}"))
    artifact = Artifact("Halo2Verifier", compiled.abi, f"0x{compiled.creation_bytecode.hex()}")
    address = chain.deploy(artifact, account=Accounts.derive().deployer)
    changed = chain.w3.eth.contract(address=address, abi=compiled.abi)
    instances = list(proof.instances)
    false_gas = gas_of_rejection(chain, verifier, proof.proof, [*instances[:-1], instances[-1] ^ 1])
    assert gas_of_rejection(chain, changed, proof.proof, instances) < false_gas / 2


def test_rejects_another_number_of_instances(verifier: Contract, proof: ProvenRun) -> None:
    assert not accepts(verifier, proof.proof, [*proof.instances, 0])
    assert not accepts(verifier, proof.proof, list(proof.instances[:-1]))
    assert not accepts(verifier, proof.proof, [])


def test_checks_its_arguments(verifier: Contract, proof: ProvenRun) -> None:
    canonical = encode(["bytes", "uint256[]"], [proof.proof, list(proof.instances)])
    head, tail = canonical[: 2 * WORD], canonical[2 * WORD :]
    proof_at, instances_at = (int.from_bytes(head[i : i + WORD], "big") for i in (0, WORD))
    proof_part, instances_part = canonical[proof_at:instances_at], canonical[instances_at:]

    def layout(proof_at: int, instances_at: int, rest: bytes) -> bytes:
        return proof_at.to_bytes(WORD, "big") + instances_at.to_bytes(WORD, "big") + rest

    assert accepts_calldata(verifier, canonical)
    others = (
        layout(proof_at + WORD, instances_at + WORD, bytes(WORD) + tail),
        layout(2 * WORD + len(instances_part), 2 * WORD, instances_part + proof_part),
        layout(proof_at, instances_at + WORD, proof_part + bytes(WORD) + instances_part),
        layout(proof_at, instances_at + len(instances_part), proof_part + instances_part * 2),
        layout(proof_at + len(tail), instances_at + len(tail), tail * 2),
    )
    assert not any(accepts_calldata(verifier, other) for other in others)


def test_gas_is_as_predicted(chain: Chain, circuit: Circuit, verifier: Contract, proof: ProvenRun) -> None:
    call = verifier.functions.verifyProof(proof.proof, list(proof.instances))
    receipt = chain.send(call, Accounts.derive().deployer, gas=3_000_000)
    data = Web3.to_bytes(hexstr=call._encode_transaction_data())
    calldata_gas = sum(BYTE_GAS if byte else ZERO_BYTE_GAS for byte in data)
    used = receipt["gasUsed"] - TRANSACTION_GAS - calldata_gas
    assert used == pytest.approx(circuit.predicted_verify_gas, rel=0.03)
