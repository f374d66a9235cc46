"""A model for tests that need no circuit."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from prover.registration import Registrar
from tests.reference.enclaves import SOFTWARE_MEASUREMENT
from veritally.devnet import Accounts, Devnet

WEIGHTS_HASH = keccak(text="weights of a model")
MODEL_ID = keccak(encode(("address", "bytes32"), (Accounts.derive().prover.address, WEIGHTS_HASH)))


def registrar(devnet: Devnet) -> Registrar:
    """Registers models of the prover."""
    return Registrar(devnet.chain, devnet.deployment, devnet.accounts.prover, print)


def register_model(devnet: Devnet) -> None:
    """Registers `MODEL_ID` for the prover, with the measurement of development enclaves."""
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    devnet.chain.send(registry.functions.register(WEIGHTS_HASH, "a model"), devnet.accounts.prover)
    registrar(devnet).ensure_measurement(MODEL_ID, SOFTWARE_MEASUREMENT)
