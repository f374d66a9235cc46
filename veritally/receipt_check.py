"""Checks a prover's answer without trusting the prover: what was asked and answered is what was settled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from web3.exceptions import ContractCustomError

from veritally.chain import Chain
from veritally.commitments import (
    dequantise,
    json_commitment,
    proof_commitment,
    quantise,
    words_commitment,
)
from veritally.deployment import Deployment
from veritally.deployment_check import Check
from veritally.errors import (
    AnswerFileError,
    CommitmentUnavailableError,
    PackageMismatchError,
    ReceiptMismatchError,
    VeritallyError,
)
from veritally.plugins import load_commitment
from veritally.receipts import GroupTerms, Receipt, SettlementDomain
from veritally.settlement import find_settled
from veritally.tiers import Tier

Hashes = tuple[bytes, bytes]
"""Of request and response."""
VERIFYING_KEY: Final = "vk.key"
"""File of a circuit's folder."""
POLYCOMMIT: Final = "polycommit"


@dataclass(frozen=True)
class CommitmentFiles:
    """What it takes to commit to the inputs of a circuit. The package may come from the prover, because its
    verifying key is compared with the chain's; the SRS may not."""

    circuit: Path
    """Folder of the circuit in the package, with its verifying key and settings."""
    srs: Path


@dataclass(frozen=True)
class Answer:
    """What a prover answered to one request, and the request."""

    inputs: tuple[int | float, ...]
    """As the client wrote them: integers without a point stay integers in the commitment."""
    outputs: tuple[float, ...]
    tier: Tier
    terms: GroupTerms
    receipt: Receipt
    claimed_hash: str
    transaction: str
    circuit: int | None
    """Position of the circuit; None without a proof."""
    instances: tuple[int, ...]
    proof: bytes

    @classmethod
    def load(cls, answer: Path, request: Path) -> Answer:
        """Reads the JSON of an answer, and that of the request `{"input": [...]}`.

        Raises:
            AnswerFileError: a file cannot be read or lacks something.
        """
        inputs = _read(request).get("input")
        if not isinstance(inputs, list) or not all(map(_is_number, inputs)):
            raise AnswerFileError(request, 'has no list "input" of numbers')
        content = _read(answer)
        try:
            return cls._of(content, tuple(inputs))
        except (AttributeError, KeyError, TypeError, ValueError, VeritallyError) as error:
            raise AnswerFileError(
                answer, f"is no answer of a prover ({type(error).__name__}: {error})"
            ) from None

    @classmethod
    def _of(cls, content: dict[str, Any], inputs: tuple[int | float, ...]) -> Answer:
        stated, evidence = content["receipt"], content["evidence"]
        return cls(
            inputs=inputs,
            outputs=tuple(float(value) for value in content["output"]),
            tier=Tier.from_label(content["tier"]),
            terms=GroupTerms(_bytes(stated["model_id"]), stated["prover"], stated["asset"]),
            receipt=Receipt(
                request_hash=_bytes(stated["request_hash"]),
                response_hash=_bytes(stated["response_hash"]),
                payer=stated["payer"],
                amount_base_units=int(stated["amount"]),
                served_at_s=stated["served_at"],
                nonce=int(stated["nonce"]),
                floor=Tier.from_label(stated["floor"]),
            ),
            claimed_hash=str(stated["hash"]),
            transaction=str(content["settlement"]["transaction"]),
            circuit=_position(evidence.get("circuit")),
            instances=tuple(int(word, 16) for word in evidence.get("instances", ())),
            proof=_bytes(evidence.get("proof", "")),
        )


def check_answer(
    chain: Chain,
    deployment: Deployment,
    answer: Answer,
    model_id: bytes,
    files: CommitmentFiles | None = None,
) -> list[Check]:
    """Every comparison of an answer with what can be recomputed, and with the chain.

    At the tier ZKML the words of the input are computed with the scales of the registered circuit, and the
    output from the proof's instances. That the proof is valid is what Settlement says by its event.

    Args:
        chain: Where the receipt settled.
        deployment: Our contracts there.
        answer: What the prover answered, and the request.
        model_id: The model that the client asked for.
        files: For a circuit that commits to its inputs, what the commitment is computed with.

    Raises:
        ChainUnreachableError: the node does not answer, or has no such transaction.
        CommitmentUnavailableError: its inputs are committed, and files or programs for that are missing.
        PackageMismatchError: the files are those of another circuit.
        ReceiptMismatchError: there is no such circuit.
    """
    receipt = answer.receipt
    receipt_hash = SettlementDomain.of(deployment).receipt_hash(answer.terms, receipt)
    if answer.tier is Tier.ZKML:
        checks, hashes = _check_proof(chain, deployment, answer, files)
    else:
        checks, hashes = [], _json_hashes(answer)
    checks += [
        Check("receipt", "model", _hex(model_id), _hex(answer.terms.model_id)),
        Check("receipt", "request hash", _hex(hashes[0]), _hex(receipt.request_hash)),
        Check("receipt", "response hash", _hex(hashes[1]), _hex(receipt.response_hash)),
        Check("receipt", "hash", _hex(receipt_hash), answer.claimed_hash),
    ]
    settled = find_settled(chain, deployment.settlement, answer.transaction, receipt_hash)
    if settled is None:
        return [*checks, Check("settlement", "tier", answer.tier.label, "not settled")]
    labels = ", ".join(str(label.name).lower() for label in settled.labels) or "none"
    return [
        *checks,
        Check("settlement", "tier", answer.tier.label, settled.tier.label),
        Check("settlement", "labels", labels, labels),
    ]


def _json_hashes(answer: Answer) -> Hashes:
    request = {"input": list(answer.inputs), "model": _hex(answer.terms.model_id)}
    return json_commitment(request), json_commitment({"output": list(answer.outputs)})


def _check_proof(
    chain: Chain, deployment: Deployment, answer: Answer, files: CommitmentFiles | None
) -> tuple[list[Check], Hashes]:
    registry = chain.contract("ModelRegistry", deployment.model_registry)
    try:
        circuit = chain.read(registry.functions.getCircuit(answer.terms.model_id, answer.circuit or 0))
    except ContractCustomError:
        problem = f"model {_hex(answer.terms.model_id)} has no circuit {answer.circuit}"
        raise ReceiptMismatchError([problem]) from None
    input_words = quantise(answer.inputs, circuit.inputScale)
    stated = 0 if circuit.inputsCommitted else circuit.inputs
    output_words = answer.instances[stated:]
    outputs = dequantise(output_words, circuit.outputScale)
    if circuit.inputsCommitted:
        commitment = _commit(files, bytes(circuit.verifyingKeyHash), input_words)
        request_hash = proof_commitment(commitment)
        inputs = Check("proof", "input commitment", _hex(commitment), _hex(answer.proof[: len(commitment)]))
    else:
        request_hash = words_commitment(input_words)
        inputs = Check("proof", "input words", _hex(request_hash), _words(answer.instances[:stated]))
    checks = [
        Check("proof", "number of outputs", str(circuit.outputs), str(len(output_words))),
        inputs,
        Check("proof", "output", str(list(outputs)), str(list(answer.outputs))),
    ]
    return checks, (request_hash, words_commitment(output_words))


def _commit(files: CommitmentFiles | None, registered_key: bytes, words: Sequence[int]) -> bytes:
    """The commitment to the words, with the verifying key that the chain names."""
    if files is None:
        raise CommitmentUnavailableError("neither its package nor its SRS is given")
    try:
        found = hashlib.sha256((files.circuit / VERIFYING_KEY).read_bytes()).digest()
    except OSError as error:
        problem = f"{files.circuit / VERIFYING_KEY} cannot be read ({error.strerror})"
        raise CommitmentUnavailableError(problem) from None
    if found != registered_key:
        raise PackageMismatchError(files.circuit, _hex(found), _hex(registered_key))
    return load_commitment(POLYCOMMIT)(files.circuit, files.srs, words)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _position(value: object) -> int | None:
    """Of a circuit; it is a uint32."""
    if value is not None and (type(value) is not int or not 0 <= value < 2**32):
        raise ValueError(f"{value!r} is no position of a circuit")
    return value


def _words(words: Sequence[int]) -> str:
    return _hex(words_commitment(words))


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AnswerFileError(path, f"cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise AnswerFileError(path, f"is no JSON ({error})") from None
    if not isinstance(content, dict):
        raise AnswerFileError(path, "is no JSON object")
    return content
