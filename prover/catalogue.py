"""The models that this prover serves, and at which tiers, prices and pay addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prover.onnx_model import OnnxModel
from prover.registration import RegisteredCircuit
from prover.zkml.circuit import Circuit
from prover.zkml.package import ModelPackage
from veritally.tiers import Tier


@dataclass(frozen=True)
class Offer:
    """The terms of one tier of a model."""

    price_base_units: int
    """What one inference costs, in base units of the asset; a request with several rows costs it for each."""
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
            "max_rows": package.max_rows,
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
