"""The iris model as a circuit for several inferences at once."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import msgspec

from prover.settings import MODELS_DIRECTORY
from prover.zkml.package import ModelPackage

ONE = bytes.fromhex("0a020801")
"""A dimension of size 1 in an ONNX file: only the batch has it, in the shapes of the input and the output."""


def batch_of_iris(folder: Path, batch_size: int, logrows: int) -> ModelPackage:
    """The package, with a network in `folder` that takes `batch_size` inputs."""
    package = ModelPackage.load(MODELS_DIRECTORY / "iris")
    assert package.network.count(ONE) == 2
    network = package.network.replace(ONE, ONE[:-1] + bytes([batch_size]))
    onnx = folder / f"iris-{batch_size}.onnx"
    onnx.write_bytes(network)
    return dataclasses.replace(
        package,
        onnx=onnx,
        network=network,
        weights_hash=hashlib.sha256(network).digest(),
        knobs=msgspec.structs.replace(package.knobs, batch_size=batch_size, logrows=logrows),
    )
