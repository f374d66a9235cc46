"""Runs a model for one request and commits to what went in and what came out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from prover.catalogue import ServedModel
from prover.errors import ShuttingDownError
from prover.requests import InferenceInput
from prover.zkml.proof_pool import ProofFuture, ProofJob, ProofPool
from prover.zkml.prove import ProvenBatch, require_close
from veritally.commitments import json_commitment, words_commitment
from veritally.settlement import ZkProof
from veritally.tiers import Tier


@dataclass(frozen=True)
class ModelAnswer:
    """The result of one inference."""

    output: tuple[float, ...]
    label: str
    """Class with the highest output."""
    request_hash: bytes
    response_hash: bytes
    proof: ZkProof | None
    """For the tier ZKML only."""


class Runner:
    """Runs models without blocking the event loop; proofs are made by the pool."""

    def __init__(self, *, proof_timeout_s: float, pool: ProofPool) -> None:
        self.proof_timeout_s = proof_timeout_s
        self._pool = pool

    async def run(self, model: ServedModel, tier: Tier, request: InferenceInput) -> ModelAnswer:
        """Runs `model` and, at the tier ZKML, proves the run.

        Raises:
            InputError: the values do not fit the model or its circuit.
            EzklError: the proof took too long or failed.
            OutputMismatchError: the circuit's output is not the model's.
            ShuttingDownError: the pool was closed before the proof was made.
        """
        output = await asyncio.to_thread(model.network.run, request.values)
        if tier is Tier.ZKML:
            return await self._prove(model, request, output)
        committed = {"input": list(request.committed), "model": "0x" + model.model_id.hex()}
        return ModelAnswer(
            output=output,
            label=_label(model, output),
            request_hash=json_commitment(committed),
            response_hash=json_commitment({"output": list(output)}),
            proof=None,
        )

    async def _prove(
        self, model: ServedModel, request: InferenceInput, computed: tuple[float, ...]
    ) -> ModelAnswer:
        job = ProofJob(model.circuit, (request.values,), self.proof_timeout_s)
        made = await self._await(self._pool.submit(job))
        (proved,) = made.runs
        require_close(model.package.name, proved.outputs, computed, model.package.max_error)
        return ModelAnswer(
            output=proved.outputs,
            label=_label(model, proved.outputs),
            request_hash=proved.request_hash,
            response_hash=words_commitment(proved.output_words),
            proof=ZkProof(made.proof, made.instances),
        )

    async def _await(self, future: ProofFuture) -> ProvenBatch:
        """The proof. It is given up when the task that waits for it is cancelled."""
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if self._pool.closed:
                raise ShuttingDownError from None
            raise


def _label(model: ServedModel, output: tuple[float, ...]) -> str:
    return model.package.labels[max(range(len(output)), key=output.__getitem__)]
