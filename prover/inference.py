"""Runs a model for one request and commits to what went in and what came out."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from prover.catalogue import ServedModel
from prover.door.answers import charge
from prover.errors import RequestRefusedError
from prover.jobs.job import Computed, Order
from prover.requests import InferenceInput, parse_inference_body, require_single
from prover.zkml.circuit import Circuit
from prover.zkml.prove import ProvenBatch, require_close
from veritally.commitments import json_commitment, words_commitment
from veritally.settlement import ZkProof
from veritally.tiers import Tier


@dataclass(frozen=True)
class ModelAnswer:
    """The result of one request."""

    output: list[Any]
    """Numbers, or a list of them for each row."""
    label: str | list[str]
    """Class with the highest output; one for each row where the request has rows."""
    request_hash: bytes
    response_hash: bytes
    proof: ZkProof | None
    """For the tier ZKML only."""


class Proofs(Protocol):
    """Makes proofs, each once."""

    def prove(
        self, job_id: bytes, circuit: Circuit, batch: Sequence[Sequence[float]], deadline_s: int = 0
    ) -> Future[ProvenBatch]:
        """As `ProofDesk.prove`."""
        ...


class Runner:
    """Runs models without blocking the event loop; proofs are made by the desk."""

    def __init__(self, models: Mapping[str, ServedModel], proofs: Proofs) -> None:
        """A runner of these models, by name."""
        self._models = models
        self._proofs = proofs

    async def run(self, order: Order) -> Computed:
        """What an order gives. After a crash it may be run again: a proof that was made is not made twice.

        Raises:
            RequestRefusedError: the model is no longer served, or its package has changed.
            ProverError: as for `infer`.
        """
        model = self._models.get(order.model)
        if model is None or model.model_id != order.model_id:
            raise RequestRefusedError(404, "unknown_model", f"{order.model} is no longer served as it was")
        request = parse_inference_body(order.body, model.package)
        answer = await self.infer(model, order.tier, request, order.job_id, order.deadline_s)
        content = {"output": answer.output, "label": answer.label, "tier": order.tier.label}
        return Computed(
            amount_base_units=charge(order, amount_base_units(model, order.tier, request)),
            request_hash=answer.request_hash,
            response_hash=answer.response_hash,
            served_at_s=int(time.time()),
            response=json.dumps(content).encode(),
            proof=answer.proof,
        )

    async def infer(
        self, model: ServedModel, tier: Tier, request: InferenceInput, job_id: bytes, deadline_s: int = 0
    ) -> ModelAnswer:
        """Runs `model` and, at the tier ZKML, proves the run.

        Args:
            model: What to run.
            tier: How it is backed.
            request: Its input.
            job_id: 32 bytes; the same id with the same input gives the same proof.
            deadline_s: Unix time after which nobody wants the proof; 0 for none.

        Raises:
            RequestRefusedError: several rows at the tier ZKML.
            InputError: the values do not fit the model or its circuit.
            OutputMismatchError: the circuit's output is not the model's.
            ProverError: the proof failed, came too late, or the prover is stopping.
        """
        require_single(request, tier)
        outputs = await asyncio.to_thread(lambda: [model.network.run(row) for row in request.rows])
        if tier is Tier.ZKML:
            return await self._prove(model, request, outputs[0], job_id, deadline_s)
        output, labels = [list(row) for row in outputs], [_label(model, row) for row in outputs]
        shown = output if request.is_batch else output[0]
        committed = {"input": request.committed, "model": "0x" + model.model_id.hex()}
        return ModelAnswer(
            output=shown,
            label=labels if request.is_batch else labels[0],
            request_hash=json_commitment(committed),
            response_hash=json_commitment({"output": shown}),
            proof=None,
        )

    async def _prove(
        self,
        model: ServedModel,
        request: InferenceInput,
        computed: tuple[float, ...],
        job_id: bytes,
        deadline_s: int,
    ) -> ModelAnswer:
        future = self._proofs.prove(job_id, model.circuit, request.rows, deadline_s)
        made = await asyncio.wrap_future(future)
        (proved,) = made.runs
        require_close(model.package.name, proved.outputs, computed, model.package.max_error)
        return ModelAnswer(
            output=list(proved.outputs),
            label=_label(model, proved.outputs),
            request_hash=proved.request_hash,
            response_hash=words_commitment(proved.output_words),
            proof=ZkProof(made.proof, made.instances),
        )


def amount_base_units(model: ServedModel, tier: Tier, request: InferenceInput) -> int:
    """What a request costs: the price of one inference for each of its rows."""
    return model.offers[tier].price_base_units * len(request.rows)


def _label(model: ServedModel, output: tuple[float, ...]) -> str:
    return model.package.labels[max(range(len(output)), key=output.__getitem__)]
