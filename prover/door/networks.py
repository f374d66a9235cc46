"""Answers requests to ONNX models: one inference for each request."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from prover.catalogue import ServedModel, model_json
from prover.door.answers import Ask, charge
from prover.inference import Runner
from prover.jobs.job import Computed, Order
from prover.requests import parse_inference_body
from veritally.tiers import Tier


class NetworkHandler:
    """A model with a price for each of its tiers."""

    operation = "infer"

    def __init__(self, model: ServedModel, runner: Runner, settle_within_s: float) -> None:
        """A handler.

        Args:
            model: What is served.
            runner: Runs and proves it.
            settle_within_s: Seconds from an inference to the sending of its settlement, at most.
        """
        self._model = model
        self._runner = runner
        self._settle_within_s = settle_within_s

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._model.package.name

    @property
    def model_id(self) -> bytes:
        """The registered model."""
        return self._model.model_id

    @property
    def prices_base_units(self) -> Mapping[Tier, int]:
        """What one inference costs at each tier."""
        return {tier: offer.price_base_units for tier, offer in self._model.offers.items()}

    def longest_s(self, tier: Tier) -> float:
        """Seconds from a payment to the sending of its settlement."""
        proof_s = self._runner.proof_timeout_s if tier is Tier.ZKML else 0.0
        return proof_s + self._settle_within_s

    def ask(self, tier: Tier, body: bytes) -> Ask:
        """Reads `{"input": [number, ...]}`.

        Raises:
            RequestRefusedError: it is no such input.
        """
        parse_inference_body(body, self._model.package)
        return Ask(self.prices_base_units[tier])

    async def run(self, order: Order) -> Computed:
        """Runs the model and, at the tier ZKML, proves the run.

        Raises:
            ProverError: the proof failed, or the circuit differs from the model.
        """
        request = parse_inference_body(order.body, self._model.package)
        answer = await self._runner.run(self._model, order.tier, request)
        response = {"output": list(answer.output), "label": answer.label, "tier": order.tier.label}
        return Computed(
            amount_base_units=charge(order, self.prices_base_units[order.tier]),
            request_hash=answer.request_hash,
            response_hash=answer.response_hash,
            served_at_s=int(time.time()),
            response=json.dumps(response).encode(),
            proof=answer.proof,
        )

    def to_json(self) -> dict[str, Any]:
        """What `GET /v1/models` says of it."""
        return model_json(self._model)
