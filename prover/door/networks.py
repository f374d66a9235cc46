"""Answers requests to ONNX models: one inference for each request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from prover.catalogue import ServedModel, model_json
from prover.door.answers import Ask
from prover.inference import Runner, amount_base_units
from prover.jobs.job import Computed, Order
from prover.requests import MAX_BODY_BYTES, parse_inference_body, require_single
from veritally.tiers import Tier

_MOST_BYTES_OF_A_NUMBER: Final = 32
_MOST_BODY_BYTES: Final = 16 * 2**20


class NetworkHandler:
    """A model with a price for each of its tiers."""

    operation = "infer"

    def __init__(
        self, model: ServedModel, runner: Runner, proof_timeout_s: float, settle_within_s: float
    ) -> None:
        """A handler.

        Args:
            model: What is served.
            runner: Runs and proves it.
            proof_timeout_s: Seconds of one proof, at most.
            settle_within_s: Seconds from an inference to the sending of its settlement, at most.
        """
        self._model = model
        self._runner = runner
        self._proof_timeout_s = proof_timeout_s
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

    @property
    def max_body_bytes(self) -> int:
        """Numbers as people write them, for as many rows as the model takes."""
        package = self._model.package
        wanted = _MOST_BYTES_OF_A_NUMBER * package.input_size * package.max_rows
        return min(max(MAX_BODY_BYTES, wanted), _MOST_BODY_BYTES)

    def longest_s(self, tier: Tier) -> float:
        """Seconds from a payment to the sending of its settlement."""
        proof_s = self._proof_timeout_s if tier is Tier.ZKML else 0.0
        return proof_s + self._settle_within_s

    def ask(self, tier: Tier, body: bytes) -> Ask:
        """Reads `{"input": [number, ...]}`, or a list of such rows.

        Raises:
            RequestRefusedError: it is no such input.
        """
        request = parse_inference_body(body, self._model.package)
        require_single(request, tier)
        return Ask(amount_base_units(self._model, tier, request))

    async def run(self, order: Order) -> Computed:
        """Runs the model and, at the tier ZKML, proves the run.

        Raises:
            ProverError: the proof failed, or the circuit differs from the model.
        """
        return await self._runner.run(order)

    def to_json(self) -> dict[str, Any]:
        """What `GET /v1/models` says of it."""
        return model_json(self._model)
