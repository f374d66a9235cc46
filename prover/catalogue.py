"""The models that this prover serves, and at which tiers, prices and pay addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prover.errors import RequestRefusedError
from prover.onnx_model import OnnxModel
from prover.registration import RegisteredCircuit
from prover.zkml.circuit import Circuit
from prover.zkml.package import ModelPackage
from veritally.errors import UnknownTierError
from veritally.tiers import Tier


@dataclass(frozen=True)
class Offer:
    """The terms of one tier of a model."""

    price_base_units: int
    """Most that one inference costs, in base units of the asset."""
    pay_to: str
    """Pay address of (prover, tier)."""


@dataclass(frozen=True)
class ServedModel:
    """A registered model that is ready to run."""

    package: ModelPackage
    model_id: bytes
    network: OnnxModel
    circuit: Circuit
    registered: RegisteredCircuit
    """The circuit on the chain."""
    offers: Mapping[Tier, Offer]


@dataclass(frozen=True)
class Catalogue:
    """All models by name, and what they are charged in."""

    models: Mapping[str, ServedModel]
    asset: str
    decimals: int
    prover: str
    network: str
    """The chain, as x402 names it."""

    def find(self, tier_label: str, model_name: str) -> tuple[ServedModel, Tier]:
        """The model and tier of a request.

        Raises:
            RequestRefusedError: 404 when there is no such model or tier.
        """
        try:
            tier = Tier.from_label(tier_label)
        except UnknownTierError as error:
            raise RequestRefusedError(404, "unknown_tier", str(error)) from None
        model = self.models.get(model_name)
        if model is None:
            known = ", ".join(self.models)
            raise RequestRefusedError(
                404, "unknown_model", f"no model {model_name!r}; this prover has: {known}"
            )
        if tier not in model.offers:
            offered = ", ".join(offer.label for offer in model.offers)
            raise RequestRefusedError(
                404, "tier_not_offered", f"{model_name} is not offered at {tier.label}; use one of: {offered}"
            )
        return model, tier

    def to_json(self) -> dict[str, Any]:
        """What `GET /v1/models` answers."""
        return {
            "prover": self.prover,
            "network": self.network,
            "asset": {"address": self.asset, "decimals": self.decimals},
            "models": [self._model_json(model) for model in self.models.values()],
        }

    def _model_json(self, model: ServedModel) -> dict[str, Any]:
        tiers = [_offer_json(model.package.name, tier, offer) for tier, offer in model.offers.items()]
        return {**model_json(model), "tiers": tiers}


def model_json(model: ServedModel) -> dict[str, Any]:
    """What a client must know of a model."""
    package, circuit = model.package, model.circuit
    return {
        "name": package.name,
        "version": package.version,
        "description": package.description,
        "model_id": "0x" + model.model_id.hex(),
        "weights_sha256": "0x" + package.weights_hash.hex(),
        "input": {
            "shape": list(package.input_shape),
            "names": list(package.input_names),
            "range": list(package.input_range),
        },
        "labels": list(package.labels),
        "circuit": {
            "index": model.registered.index,
            "verifier": model.registered.verifier,
            "verifying_key_sha256": "0x" + circuit.vk_sha256.hex(),
            "input_words": circuit.inputs,
            "request_hash": "input-commitment" if circuit.inputs_committed else "input-words",
            "output_words": circuit.outputs,
            "input_scale": circuit.input_scale,
            "output_scale": circuit.output_scale,
            "max_error": package.max_error,
            "development_srs": circuit.development_srs,
        },
    }


def infer_path(tier: Tier, model_name: str) -> str:
    """URL path of a model at a tier."""
    return f"/v1/{tier.label}/models/{model_name}/infer"


def _offer_json(model_name: str, tier: Tier, offer: Offer) -> dict[str, Any]:
    return {
        "tier": tier.label,
        "path": infer_path(tier, model_name),
        "price": str(offer.price_base_units),
        "pay_to": offer.pay_to,
    }
