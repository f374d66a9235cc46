"""The iris model with a circuit for several inferences at once."""

from __future__ import annotations

import dataclasses

import msgspec

from prover.settings import MODELS_DIRECTORY
from prover.zkml.package import ModelPackage


def batch_of_iris(batch_size: int, logrows: int) -> ModelPackage:
    """The package, with a second circuit for `batch_size` inferences."""
    package = ModelPackage.load(MODELS_DIRECTORY / "iris")
    several = msgspec.structs.replace(package.knobs, batch_size=batch_size, logrows=logrows)
    return dataclasses.replace(package, circuits=(package.knobs, several))
